"""Imports: everybody sees how far one is and what it refused; it is carried out for real, cancelled and taken back."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ringbook.console import words
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form
from ringbook.console.frame import HOME, file, go, page, visit_of
from ringbook.console.import_form import MODES
from ringbook.console.show import show_to
from ringbook.core.access import Records
from ringbook.core.imports import UNDO_DAYS
from ringbook.domain.imports import OPEN, Import
from ringbook.domain.page import LARGEST_ID
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.web.dialect import Call
from ringbook.web.stream import started

_A_PAGE = 50
_SAID = {"saved": "The settings are saved.", "gone": "The saved settings are gone."}


class ListQuery(msgspec.Struct, frozen=True):
    after: str = ""
    said: str = ""


class JobQuery(msgspec.Struct, frozen=True):
    said: str = ""


class ProfileForm(Form, frozen=True):
    name: str = ""


async def imports(records: Records, call: Call[ListQuery, None]) -> Response:
    below = words.position(call.query.after, int)[0] if call.query.after else LARGEST_ID
    found = await records.imports.all(below, _A_PAGE)
    return page(
        call.request,
        "imports.html",
        imports=found,
        lists={one.id: one.name for one in await records.lists.all()},
        profiles=await records.import_profiles.all(),
        modes=MODES,
        next=words.cursor(found[-1].id) if len(found) == _A_PAGE else "",
        some_open=any(one.state in OPEN for one in found),
        said=_SAID.get(call.query.said, ""),
    )


async def job(records: Records, call: Call[JobQuery, None]) -> Response:
    found = await records.imports.get(words.id_of(call.path["id"]))
    return await _job(records, call.request, found, said=_SAID.get(call.query.said, ""))


async def for_real(records: Records, call: Call[None, Form]) -> Response:
    """Import the file of a dry run, which is still there."""
    import_id = words.id_of(call.path["id"])
    try:
        begun = await records.rehearsals.for_real(import_id)
    except Conflict as told:
        return await _job(records, call.request, await records.imports.get(import_id), told.message)
    return go(f"{HOME}/imports/{begun.id}")


async def cancel(records: Records, call: Call[None, Form]) -> Response:
    job = await records.imports.cancel(words.id_of(call.path["id"]))
    return go(f"{HOME}/imports/{job.id}")


async def undo(records: Records, call: Call[None, Form]) -> Response:
    import_id = words.id_of(call.path["id"])
    try:
        await records.imports.undo(import_id)
    except Conflict as told:
        return await _job(records, call.request, await records.imports.get(import_id), told.message)
    return go(f"{HOME}/imports/{import_id}")


async def report(records: Records, call: Call[None, None]) -> Response:
    import_id = words.id_of(call.path["id"])
    return file(await started(records.imports.report(import_id)), "text/csv", f"refused-{import_id}.csv")


async def save_profile(records: Records, call: Call[None, ProfileForm]) -> Response:
    """Keep how an import was read under a name; what had the name before is replaced."""
    records.require("write")
    found = await records.imports.get(words.id_of(call.path["id"]))
    try:
        await records.import_profiles.put(call.body.name.strip(), found.settings_for_real)
    except (Invalid, Conflict) as told:
        return await _job(records, call.request, found, told.message, 400)
    return go(f"{HOME}/imports/{found.id}?said=saved")


async def drop_profile(records: Records, call: Call[None, ProfileForm]) -> Response:
    with suppress(Missing):  # somebody was faster
        await records.import_profiles.drop(call.body.name)
    return go(f"{HOME}/imports?said=gone")


async def _job(
    records: Records, request: Request, found: Import, fault: str = "", status: int = 409, said: str = ""
) -> Response:
    return page(
        request,
        "import.html",
        status if fault else 200,
        job=found,
        share=found.share,
        lists={one.id: one.name for one in await records.lists.all()},
        open=OPEN,
        undo_until=undo_until(found, show_to(visit_of(request)).now),
        has_file=found.is_rehearsed and await records.rehearsals.has_file(found.id),
        columns=(found.form.places if found.form else None) or {},
        modes=MODES,
        fault=fault,
        said=said,
    )


def undo_until(job: Import, now: datetime) -> datetime | None:
    """Until when an import that ended can be taken back; None where it cannot, or has written nothing."""
    counts = job.counts
    wrote = not job.settings.dry_run and counts.added + counts.updated + counts.removed > 0
    if job.state not in ("done", "cancelled", "failed") or not wrote or job.finished_at is None:
        return None
    until = job.finished_at + timedelta(days=UNDO_DAYS)
    return until if until > now else None


OPERATIONS = (
    looks("/imports", imports, "Imports", ListQuery),
    looks("/imports/{id}", job, "How far an import is", JobQuery),
    looks("/imports/{id}/report", report, "What an import refused"),
    sends("/imports/{id}/for-real", for_real, "Import the file of a dry run"),
    sends("/imports/{id}/cancel", cancel, "End an import"),
    sends("/imports/{id}/undo", undo, "Take an import back"),
    sends("/imports/{id}/profile", save_profile, "Save an import's settings under a name", ProfileForm),
    sends("/imports/profiles/drop", drop_profile, "Forget saved settings", ProfileForm),
)

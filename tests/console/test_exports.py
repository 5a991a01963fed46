"""Exports as somebody takes them from the pages."""

from __future__ import annotations

from codecs import BOM_UTF8

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.exports import ExportFormat, ExportOf
from tests.console.conftest import Visitor, sign_in
from tests.core.cast import LEADS, SPRING, agent_leg, attempt, lead, number, save


async def furnish(records: Records) -> int:
    """Something of every kind; the list's id."""
    await save(records, first_name="Jürgen", last_name="Groß", phone1=number(1))
    await records.lists.add(LEADS, lead(1, number(1), first="Jürgen"))
    await attempt(records, list=LEADS, key={"id": "1"}, phone=number(1), call_id="try-1")
    await agent_leg(records, "call-1", ani=number(1))
    return next(one.id for one in await records.lists.all() if one.name == LEADS)


async def whole(records: Records, of: ExportOf, ref: int | None, form: ExportFormat) -> bytes:
    return b"".join([piece async for piece in records.exports.pieces(of, ref, form=form)])


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_each_kind_is_the_file_that_the_core_makes(admin: Visitor, records: Records, form: ExportFormat) -> None:
    list_id = await furnish(records)
    kinds: list[tuple[ExportOf, int | None]] = [
        ("contacts", None),
        ("list", list_id),
        ("campaign", SPRING),
        ("interactions", None),
        ("changes", None),
    ]
    for of, ref in kinds:
        said = {"of": of, "format": form} | ({} if ref is None else {"id": str(ref)})
        answer = await admin.get("/exports/file", **said)
        assert answer.status_code == 200, answer.text
        assert answer.content == await whole(records, of, ref, form), of
        assert answer.headers["content-disposition"].startswith(f"attachment; filename*=UTF-8''{of}-")
        assert answer.headers["content-disposition"].endswith(f".{form}")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_contacts_are_vcards_too_and_csv_has_a_mark_for_excel(admin: Visitor, records: Records) -> None:
    list_id = await furnish(records)
    cards = await admin.get("/exports/file", of="contacts", format="vcard")
    assert cards.headers["content-type"].startswith("text/vcard")
    assert cards.headers["content-disposition"].endswith(".vcf")
    assert cards.text.startswith("BEGIN:VCARD")
    marked = await admin.get("/exports/file", of="contacts", format="excel")
    assert marked.content == BOM_UTF8 + await whole(records, "contacts", None, "csv")
    assert marked.headers["content-disposition"].endswith(".csv")
    semicolons = await admin.get("/exports/file", of="contacts", format="excel-semicolon")
    assert semicolons.content.startswith(BOM_UTF8 + b"ringbook_id;customer_id;")
    refused = await admin.get("/exports/file", of="list", id=list_id, format="vcard")
    assert refused.status_code == 400
    assert "Only contacts can be vCards." in refused.text


async def test_calls_and_changes_are_those_of_the_last_days(admin: Visitor, records: Records) -> None:
    await furnish(records)
    for days in (0, 1, 36_500, 10**9):
        assert "call-1" in (await admin.get("/exports/file", of="interactions", days=days)).text
    assert (await admin.get("/exports/file", of="interactions", days="x")).status_code == 400


async def test_pages_lead_to_their_files(admin: Visitor, records: Records) -> None:
    list_id = await furnish(records)
    found = {
        "/contacts": "of=contacts&format=vcard",
        f"/lists/{list_id}": f"of=list&id={list_id}&format=excel",
        f"/campaigns/{SPRING}": f"of=campaign&id={SPRING}&format=csv",
    }
    every = await admin.read("/exports")
    for path, query in found.items():
        assert f"/console/exports/file?{query}" in await admin.read(path), path
        assert f"/console/exports/file?{query}" in every


async def test_what_is_not_there_and_what_is_another_tenants_looks_alike(
    admin: Visitor, records: Records, other: Records
) -> None:
    theirs = next(one.id for one in await other.lists.all() if one.name == LEADS)
    foreign = await admin.get("/exports/file", of="list", id=theirs)
    missing = await admin.get("/exports/file", of="list", id=999_999_999)
    assert foreign.status_code == missing.status_code == 404
    assert (await admin.get("/exports/file", of="list")).status_code == 400
    assert (await admin.get("/exports/file", of="everything")).status_code == 400
    await save(other, first_name="Eve", phone1=number(2))
    assert "Eve" not in (await admin.get("/exports/file", of="contacts")).text


async def test_who_may_not_write_takes_nothing_whole(
    admin: Visitor, agent: Visitor, records: Records, core: Core
) -> None:
    list_id = await furnish(records)
    for path in ("/exports", "/exports/file?of=contacts", f"/exports/file?of=list&id={list_id}"):
        assert (await agent.get(path)).status_code == 403, path
    for path in ("/contacts", f"/lists/{list_id}", f"/campaigns/{SPRING}"):
        assert "/console/exports" not in await agent.read(path), path
    await admin.done("/users", {"login": "sue", "password": "a-long-password", "role": "supervisor"})
    supervisor = await sign_in(admin.client, core, records, "sue")
    assert (await supervisor.get("/exports/file", of="contacts")).status_code == 200

"""Campaigns: how far each is, what comes next, who has claimed what; started, stopped, and bound to lists."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, get_args

import msgspec
from starlette.responses import Response

from ringbook.console import charts, words
from ringbook.console.charts import Hour, Part
from ringbook.console.door import looks, sends
from ringbook.console.forms import Form
from ringbook.console.frame import HOME, go, page, visit_of
from ringbook.console.show import Show, show_to
from ringbook.core.access import Records
from ringbook.core.campaigns import LARGEST_ID
from ringbook.core.progress import Progress
from ringbook.domain.campaign import Campaign, CampaignType, ListedRecord, Standing
from ringbook.domain.problems import Conflict, Invalid, Missing
from ringbook.web.dialect import Call

_HOURS = 24
_SPANS = {24: "24 hours", 72: "3 days", 168: "7 days"}
_A_PAGE = 50
_PATIENCE = 0.06
"""Seconds that a page waits for counts. What takes longer goes on, and is there when the page is loaded again."""
STANDINGS: Mapping[str, tuple[str, int]] = {
    "completed": ("Completed", 2),
    "claimed": ("With an agent", 1),
    "ready": ("Ready to call", 3),
    "waiting": ("Waiting for their time", 0),
    "held": ("May not be called now", 0),
    "barred": ("Barred", 4),
}
_WHY_NOT = {
    "running": "It is running already.",
    "empty": "It has no records yet: bind a list, or load some.",
    "hours": "It calls at other hours of the day.",
    "predictives": "Too many predictive campaigns are running.",
}


class CampaignQuery(msgspec.Struct, frozen=True):
    which: str = ""
    after: int = 0
    hours: int = _HOURS
    said: str = ""


class ListQuery(msgspec.Struct, frozen=True):
    said: str = ""


class NewCampaign(Form, frozen=True):
    name: str = ""
    type: CampaignType = "preview"
    lists: list[int] = msgspec.field(default_factory=list)


class Change(Form, frozen=True):
    state: Literal["start", "stop"] = "stop"


class Binding(Form, frozen=True):
    list: int = 0


async def campaigns(records: Records, call: Call[ListQuery, None]) -> Response:
    found = await records.campaigns.all()
    counted = await _counted(records, [campaign.id for campaign in found])
    return page(
        call.request,
        "campaigns.html",
        campaigns=[(c, counted.get(c.id), _bar(counted[c.id]) if c.id in counted else "") for c in found],
        standings=STANDINGS,
        said={"gone": "The campaign is gone."}.get(call.query.said, ""),
    )


async def show_new(records: Records, call: Call[Any, None]) -> Response:
    return await _new(records, call, NewCampaign())


async def create(records: Records, call: Call[None, NewCampaign]) -> Response:
    form = call.body
    try:
        made = await records.campaigns.create(form.name.strip(), kind=form.type, lists_to_run=form.lists)
    except (Invalid, Conflict) as told:
        return await _new(records, call, form, told.message)
    return go(f"{HOME}/campaigns/{made.id}?said=made")


async def campaign(records: Records, call: Call[CampaignQuery, None]) -> Response:
    return await _page(records, call, call.query)


async def change(records: Records, call: Call[None, Change]) -> Response:
    """Start or stop calling."""
    campaign_id = _id(call.path["id"])
    if call.body.state == "stop":
        await records.campaigns.update(campaign_id, state="stopped")
        return go(f"{HOME}/campaigns/{campaign_id}?said=stopped")
    try:
        await records.campaigns.start(campaign_id, zone=visit_of(call.request).zone)
    except Conflict as told:
        why = _WHY_NOT.get(str(told.facts.get("why")), told.message)
        return await _page(records, call, CampaignQuery(), why)
    return go(f"{HOME}/campaigns/{campaign_id}?said=started")


async def bind(records: Records, call: Call[None, Binding]) -> Response:
    campaign_id = _id(call.path["id"])
    await records.campaigns.bind(campaign_id, call.body.list)
    return go(f"{HOME}/campaigns/{campaign_id}?said=bound")


async def unbind(records: Records, call: Call[None, Binding]) -> Response:
    campaign_id = _id(call.path["id"])
    await records.campaigns.unbind(campaign_id, call.body.list)
    return go(f"{HOME}/campaigns/{campaign_id}?said=unbound")


async def drop(records: Records, call: Call[None, Form]) -> Response:
    await records.campaigns.drop(_id(call.path["id"]))
    return go(f"{HOME}/campaigns?said=gone")


_SAID = {
    "started": "The campaign is running.",
    "stopped": "The campaign is stopped.",
    "bound": "The campaign runs over the list too.",
    "unbound": "The campaign runs over the list no more. Its records stay.",
    "made": "The campaign is there. It is stopped.",
}


async def _page(records: Records, call: Call[Any, Any], asked: CampaignQuery, fault: str = "") -> Response:
    found = await records.campaigns.get(_id(call.path["id"]))
    which: Standing | None = asked.which if asked.which in get_args(Standing) else None  # type: ignore[assignment]
    span = asked.hours if asked.hours in _SPANS else _HOURS
    counted = await _counted(records, [found.id], span)
    listed = await records.watching.records(found.id, which=which, after=asked.after, limit=_A_PAGE)
    bound = await records.campaigns.lists_of(found.id)
    others = [one for one in await records.lists.all() if one.id not in {each.id for each in bound}]
    progress = counted.get(found.id)
    show = show_to(visit_of(call.request))
    return page(
        call.request,
        "campaign.html",
        409 if fault else 200,
        campaign=found,
        progress=progress,
        bar=_bar(progress) if progress else "",
        standings=STANDINGS,
        hours=_hours(progress, span) if progress else [],
        chart=_chart(progress, span, show) if progress else "",
        span=span,
        spans=_SPANS,
        which=which or "",
        listed=[(one, name_of_record(one), numbers_of(one)) for one in listed.records],
        next=listed.after,
        asked=asked,
        lists=bound,
        others=[one for one in others if one.campaign_id is None],
        settings=settings_of(found),
        fault=fault,
        said=_SAID.get(asked.said, ""),
        outcomes=sorted(progress.outcomes.items(), key=lambda item: -item[1]) if progress else [],
    )


async def _new(records: Records, call: Call[Any, Any], given: NewCampaign, fault: str = "") -> Response:
    lists = [one for one in await records.lists.all() if one.campaign_id is None]
    return page(call.request, "campaign_new.html", 400 if fault else 200, lists=lists, given=given, fault=fault)


async def _counted(records: Records, ids: Sequence[int], hours: int = _HOURS) -> dict[int, Progress]:
    """The progress of those campaigns that are counted by now."""
    counting = {asyncio.create_task(_progress(records, id_, hours)): id_ for id_ in ids}
    if not counting:
        return {}
    done, _ = await asyncio.wait(counting, timeout=_PATIENCE)
    return {counting[task]: result for task in done if (result := task.result()) is not None}


async def _progress(records: Records, campaign_id: int, hours: int) -> Progress | None:
    try:
        return await records.watching.progress(campaign_id, hours)
    except Missing:  # it has just gone
        return None


def _bar(progress: Progress) -> str:
    parts = [Part(name, progress.standings.get(key, 0), colour) for key, (name, colour) in STANDINGS.items()]
    said = ", ".join(f"{part.name}: {Show.count(part.records)}" for part in parts if part.records)
    return charts.bar(parts, said or "No records")


def _hours(progress: Progress, span: int) -> Sequence[Hour]:
    first = progress.as_of.replace(minute=0, second=0, microsecond=0) - timedelta(hours=span - 1)
    return charts.hours([Hour(one.hour, one.attempts, one.answered) for one in progress.attempts], first, span)


def _chart(progress: Progress, span: int, show: Show) -> str:
    found = _hours(progress, span)
    attempts, answered = sum(h.attempts for h in found), sum(h.answered for h in found)
    label = f"Attempts an hour over the last {_SPANS[span]}: {attempts}, of which {answered} were answered"
    name = show.clock if span == _HOURS else show.day
    return charts.chart(found, label, [name(hour.at) for hour in found])


def name_of_record(one: ListedRecord) -> str:
    """What a list record is called: its person's name, else its key, else its position."""
    names = (one.value("", "first_name"), one.value("", "last_name"))
    name = " ".join(text for text in names if text) or one.value("", "company")
    return name or one.record.key_text.replace("\x1f", " · ") or f"Record {one.record.position}"


def numbers_of(one: ListedRecord) -> list[str]:
    return [text for field in one.layout.phones if (text := one.record.fields.get(field.name))]


def settings_of(campaign: Campaign) -> list[tuple[str, str]]:
    """The settings that are plain, as its owner's API has them."""
    return [
        (words_of(key), str(value))
        for key, value in campaign.settings.items()
        if isinstance(value, str | int | float) and str(value)
    ]


def words_of(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _id(text: str) -> int:
    campaign_id = words.id_of(text)
    if campaign_id > LARGEST_ID:
        raise Missing
    return campaign_id


OPERATIONS = (
    looks("/campaigns", campaigns, "Campaigns", ListQuery),
    looks("/campaigns/new", show_new, "A new campaign"),
    sends("/campaigns/new", create, "Make a campaign", NewCampaign),
    looks("/campaigns/{id}", campaign, "How far a campaign is", CampaignQuery),
    sends("/campaigns/{id}", change, "Start or stop a campaign", Change),
    sends("/campaigns/{id}/bind", bind, "Run over a list", Binding),
    sends("/campaigns/{id}/unbind", unbind, "Run over a list no more", Binding),
    sends("/campaigns/{id}/delete", drop, "Delete a campaign"),
)

"""reports_manager.php, the campaign family: counts of results, and attempts one by one.

A report without rows answers 404 `Validate dates entered`, as recorded answers do (D-W3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.wolkvox import dates, results, wire
from ringbook.dialects.wolkvox.asked import campaign_of
from ringbook.dialects.wolkvox.envelope import Code, Row, success
from ringbook.dialects.wolkvox.errors import Parameters, bad_dates
from ringbook.dialects.wolkvox.percent import percent
from ringbook.domain.attempt import Outcome
from ringbook.domain.campaign import CalledRecord, Campaign
from ringbook.web.dialect import Call

_RECALL = "recall"
_OPTS = tuple(f"opt{n}" for n in range(1, 13))
_UNCONNECTED = tuple(outcome for outcome in results.OUTCOMES if outcome != "answered")
_SECONDS = 60


class ReportQuery(msgspec.Struct, frozen=True):
    campaign_id: str = ""
    date_ini: str = ""
    date_end: str = ""


class Asked(NamedTuple):
    """What a report is about."""

    campaigns: dict[int, Campaign]
    start: datetime
    end: datetime

    @property
    def ids(self) -> Sequence[int]:
        return list(self.campaigns)


async def campaign_1(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Records by their final machine result."""
    asked = await _asked(records, call)
    counts: Counter[str] = Counter()
    for one in await records.reports.results(asked.ids, asked.start, asked.end):
        counts[_RECALL if one.recall else results.reported(one.result)] += one.records
    return _listed(call, _shares("result", counts))


async def campaign_2(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Records by activity code."""
    asked = await _asked(records, call)
    counts = Counter(dict(await records.reports.dispositions(asked.ids, asked.start, asked.end)))
    return _listed(call, _shares("cod_act", counts))


async def campaign_3(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Predictive campaigns attempt by attempt, with the number that was called."""
    asked = _of_type(await _asked(records, call), preview=False)
    called = await records.reports.attempts(asked.ids, asked.start, asked.end)
    return _listed(call, [_phone_by_phone(one) for one in called])


async def campaign_4(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Attempts by result."""
    asked = await _asked(records, call)
    counts: Counter[str] = Counter()
    for outcome, attempts in await records.reports.outcomes(asked.ids, asked.start, asked.end):
        counts[results.reported(cast("Outcome", outcome))] += attempts
    return _listed(call, _shares("result", counts))


async def campaign_5(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Preview campaigns: a row for each record that was called, followed by one for each of its calls."""
    asked = _of_type(await _asked(records, call), preview=True)
    called = await records.reports.attempts(asked.ids, asked.start, asked.end)
    by_record: dict[int | None, list[CalledRecord]] = {}
    for one in called:
        by_record.setdefault(one.attempt.campaign_record_id, []).append(one)
    rows: list[Row] = []
    for of_record in by_record.values():
        rows.append(_preview(of_record[-1], "preview", of_record[-1]))
        rows += [_preview(one, "call", of_record[-1]) for one in of_record]
    return _listed(call, rows)


async def campaign_10(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Records that were called, by machine code."""
    asked = await _asked(records, call)
    counts: Counter[str] = Counter()
    for one in await records.reports.results(asked.ids, asked.start, asked.end):
        if one.result != "clean":
            counts[results.turbo(one.result)] += one.records
    rows = [{"machinecode": code, "cantidad": str(count)} for code, count in sorted(counts.items())]
    return _listed(call, rows, "str")


async def cdr_1(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Calls that somebody answered."""
    asked = await _asked(records, call)
    called = await records.reports.attempts(asked.ids, asked.start, asked.end, ("answered",))
    agents, codes, skills = [await records.reports.declared(kind) for kind in ("agents", "activity_codes", "skills")]
    return _listed(call, [_connected(one, asked, agents, codes, skills) for one in called])


async def cdr_5(records: Records, call: Call[ReportQuery, None]) -> Response:
    """Calls that nobody answered."""
    asked = await _asked(records, call)
    called = await records.reports.attempts(asked.ids, asked.start, asked.end, _UNCONNECTED)
    agents = await records.reports.declared("agents")
    return _listed(call, [_unconnected(one, asked, agents) for one in called])


async def cdr_6(records: Records, call: Call[ReportQuery, None]) -> Response:
    """All calls, by result."""
    asked = await _asked(records, call)
    counts: Counter[str] = Counter()
    for outcome, attempts in await records.reports.outcomes(asked.ids, asked.start, asked.end):
        counts[results.unconnected(cast("Outcome", outcome))] += attempts
    return _listed(call, [{"result": result, "count": str(count)} for result, count in sorted(counts.items())])


async def _asked(records: Records, call: Call[ReportQuery, None]) -> Asked:
    query = call.query
    named = query.campaign_id.strip()
    if not (named and query.date_ini.strip() and query.date_end.strip()):
        raise Parameters
    found = await records.campaigns.all() if named.lower() == "all" else [await campaign_of(records, named)]
    return Asked({one.id: one for one in found}, *dates.span(query.date_ini, query.date_end))


def _of_type(asked: Asked, preview: bool) -> Asked:
    fits = {id_: one for id_, one in asked.campaigns.items() if (one.type == "preview") == preview}
    return asked._replace(campaigns=fits)


def _listed(call: Call[ReportQuery, None], rows: Sequence[Row], documented: Code = "int") -> Response:
    if not rows:
        raise bad_dates()
    return success(call.request, 200, f"{len(rows)} records were found", rows, documented=documented)


def _shares(name: str, counts: Counter[str]) -> Sequence[Row]:
    whole = counts.total()
    return [
        {name: key, "records": str(count), "percent": percent(count, whole)} for key, count in sorted(counts.items())
    ]


def _phone_by_phone(one: CalledRecord) -> Row:
    attempt = one.attempt
    return {
        "campaign_id": str(attempt.campaign_id),
        **wire.known(one, ("customer_name", "customer_last_name", "id_type", "customer_id")),
        "date": dates.printed(attempt.started_at),
        "telephone": attempt.phone,
        "result": results.reported(attempt.outcome),
        **wire.known(one, _OPTS),
        "conn_id": attempt.call_id,
    }


def _preview(one: CalledRecord, kind: str, last: CalledRecord) -> Row:
    attempt = one.attempt
    return {
        "type_of_row": kind,
        "campaign_id": str(attempt.campaign_id),
        **wire.known(one, ("customer_name", "customer_last_name")),
        "result": results.shown(last.attempt.outcome),
        "last_code_act": last.attempt.disposition,
        "comments_customer_reg": one.notes or "",
        **wire.known(one, ("customer_id",)),
        "agent_id": attempt.agent,
        "conn_id": attempt.call_id,
        "telephone": attempt.phone,
        "hang_up": "",
        "type_interaction": "out_pre",
        "call_result": results.shown(attempt.outcome),
        "date": dates.printed(attempt.started_at),
        "time": dates.duration(attempt.talk_seconds),
        "cod_act": attempt.disposition,
        "comments": attempt.notes,
    }


def _connected(
    one: CalledRecord,
    asked: Asked,
    agents: wire.Names,
    codes: wire.Names,
    skills: wire.Names,
) -> Row:
    attempt, campaign = one.attempt, asked.campaigns[one.attempt.campaign_id]
    seconds, skill = attempt.talk_seconds or 0, str(campaign.settings.get("skill", ""))
    second = one.second_disposition or ""
    return {
        "agent_name": agents.get(attempt.agent, attempt.agent),
        "date": dates.printed(attempt.started_at),
        "destiny": "",
        "telephone": attempt.phone,
        "cost": "",
        "time_seg": str(seconds),
        "time_min": str(-(-seconds // _SECONDS)),
        "cod_act": attempt.disposition,
        "description_cod_act": codes.get(attempt.disposition, ""),
        "cod_act_2": second,
        "description_cod_act_2": codes.get(second, ""),
        "type_interaction": _interaction(campaign),
        **wire.known(one, ("customer_id",)),
        "hang_up": "",
        "campaign_id": str(campaign.id),
        "conn_id": attempt.call_id,
        "skill_id": skill,
        "skill_name": skills.get(skill, ""),
        "agent_id": attempt.agent,
        "comment": attempt.notes,
    }


def _unconnected(one: CalledRecord, asked: Asked, agents: wire.Names) -> Row:
    attempt, campaign = one.attempt, asked.campaigns[one.attempt.campaign_id]
    return {
        "agent_name": agents.get(attempt.agent, attempt.agent),
        "date": dates.printed(attempt.started_at),
        "destiny": "",
        "telephone": attempt.phone,
        "ring_time": str(attempt.ring_seconds or 0),
        "result": results.unconnected(attempt.outcome),
        "type_interaction": _interaction(campaign),
        **wire.known(one, ("customer_id",)),
        "campaign_id": str(campaign.id),
        "agent_id": attempt.agent,
        "conn_id": attempt.call_id,
    }


def _interaction(campaign: Campaign) -> str:
    return "out_pre" if campaign.type == "preview" else "outbound_ma"

"""campaign.php, what is done with records that are loaded: note, recall, renew, filter, remove, export."""

from __future__ import annotations

from typing import Literal

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.wolkvox import dates, results, wire
from ringbook.dialects.wolkvox.asked import campaign_of, check_declared, doomed_campaign, kind_of
from ringbook.dialects.wolkvox.envelope import MOST_ROWS, printed, success
from ringbook.dialects.wolkvox.errors import LONGEST_ECHO, Parameters, SaidSo, nothing_found
from ringbook.domain.campaign import Campaign, Chosen, ListedRecord, Recall, Result
from ringbook.domain.record_filter import RESULT, Comparison, Condition, RecordFilter
from ringbook.web.dialect import Call

_MOST_CUSTOMERS = 10_000
_MOST_CONDITIONS = 100
_CODES: dict[str, Literal["disposition", "second_disposition"]] = {
    "cod_rslt1": "disposition",
    "cod_rslt2": "second_disposition",
}
_MACHINE = "Cod_Machine"
_COMPARISONS: dict[str, Comparison] = {
    "<": "<",
    ">": ">",
    ">=": ">=",
    "<=": "<=",
    "!=": "!=",
    "=": "=",
    "is": "is",
    "like": "like",
}
_NOT_FILTERED = {"recall_date", "recall_telephone", "agent_id"}
NOTHING_DELETED = "0 records has been deleted, please validate the data"


class ResultQuery(wire.Query, frozen=True):
    result: str = ""


class DetailQuery(wire.Query, frozen=True):
    date_ini: str = ""
    date_end: str = ""
    detail: str = "default"


class CodifyBody(wire.Body, frozen=True):
    cod_act: wire.Value = None
    cod_act_2: wire.Value = None
    comment: wire.Value = None
    customer_id: wire.Value = None


class RecallBody(wire.Body, frozen=True):
    recall_date: wire.Value = None
    recall_telephone: wire.Value = None
    customer_id: wire.Value = None


class CustomersBody(wire.Body, frozen=True):
    """One id, or several separated by commas."""

    customer_id: wire.Value = None


class RenewBody(wire.Body, frozen=True):
    field: wire.Value = None
    value: wire.Value = None


class FilterPart(wire.Body, frozen=True):
    field: wire.Value = None
    operator: wire.Value = None
    value: wire.Value = None


class FilterBody(wire.Body, frozen=True):
    filter_active: wire.Value = None
    connector: wire.Value = "and"
    filters: tuple[FilterPart, ...] = ()


async def clear_campaign(records: Records, call: Call[ResultQuery, None]) -> Response:
    """All records, or those with a result. The campaign and its settings stay."""
    named = call.query.result.strip()
    campaign = await doomed_campaign(records, call.query.campaign_id, call.query.type_campaign)
    gone = await records.dialling.remove(campaign.id, Chosen(results=results.meant(named) if named else None))
    if not gone:
        raise SaidSo(NOTHING_DELETED)
    return success(call.request, 202, f"All records has been deleted of campaign_id {campaign.id} successfully")


async def remove_record(records: Records, call: Call[ResultQuery, CustomersBody]) -> Response:
    asked = _required(call.body.customer_id)
    customers = tuple(dict.fromkeys(one.strip() for one in asked.split(",") if one.strip()))
    if not customers or len(customers) > _MOST_CUSTOMERS:
        raise Parameters
    named = call.query.result.strip()
    campaign = await doomed_campaign(records, call.query.campaign_id, call.query.type_campaign)
    chosen = Chosen(customers=customers, results=results.meant(named) if named else None)
    if not await records.dialling.remove(campaign.id, chosen):
        raise SaidSo(NOTHING_DELETED)
    return success(call.request, 202, f"customer_id {asked} has been deleted successfully")


async def codify(records: Records, call: Call[wire.Query, CodifyBody]) -> Response:
    """Note an activity code: the record is not called any more, its result stays (D-W24)."""
    kind_of(call.query.type_campaign)
    customer, code = _required(call.body.customer_id), _required(call.body.cod_act)
    second, comment = call.body.cod_act_2, call.body.comment
    campaign = await campaign_of(records, call.query.campaign_id)
    for named in (code, wire.text(second)):
        await check_declared(records, "activity_codes", named)
    done = await records.dialling.code(
        campaign.id,
        Chosen(customers=(customer,)),
        code,
        None if second is None else wire.text(second),
        None if comment is None else wire.text(comment),
    )
    if not done:
        raise _no_customer(customer)
    return success(call.request, 202, f"customer_id {customer} has been coded")


async def recall(records: Records, call: Call[wire.Query, RecallBody]) -> Response:
    """Have a record called at a moment and on a number, in a predictive campaign."""
    kind_of(call.query.type_campaign)
    asked = call.body
    customer, date, phone = map(_required, (asked.customer_id, asked.recall_date, asked.recall_telephone))
    at = dates.moment(date)
    if at is None:
        raise Parameters
    campaign = await _predictive(records, call.query.campaign_id)
    if not await records.dialling.arrange(campaign.id, Chosen(customers=(customer,)), at, Recall(phone)):
        raise _no_customer(customer)
    msg = f"customer_id {customer} has been updated and will be call back on {date} to phone {phone}"
    return success(call.request, 202, msg)


async def recall_records(records: Records, call: Call[wire.Query, RenewBody]) -> Response:
    """Make records clean that have a machine code or an activity code, in a predictive campaign."""
    field, value = _required(call.body.field), _required(call.body.value)
    if field == _MACHINE:
        normal = results.normalised(value)
        chosen = Chosen(results=results.meant(value))
    elif field in _CODES:
        normal = value.strip()
        chosen = msgspec.convert({_CODES[field]: normal}, Chosen)
    else:
        raise Parameters
    campaign = await _predictive(records, call.query.campaign_id)
    renewed = await records.dialling.renew(campaign.id, chosen)
    msg = f"{renewed} record(s) have been marked for recall"
    if not renewed:
        raise SaidSo(f"{msg}, please validate the data")
    row = {
        "campaign_id": str(campaign.id),
        "field": field,
        "value": value,
        "normalized_value": normal,
        "affected_records": str(renewed),
    }
    return success(call.request, 200, f"{msg} successfully", [row], documented="str")


async def campaign_filter(records: Records, call: Call[wire.Query, FilterBody]) -> Response:
    """Have the campaign call only records that meet conditions, or all of them again."""
    kind_of(call.query.type_campaign)
    asked = call.body
    active, connector = wire.yes(wire.text(asked.filter_active)), wire.text(asked.connector).strip().lower() or "and"
    if active is None or connector not in ("and", "or") or len(asked.filters) > _MOST_CONDITIONS:
        raise Parameters
    conditions = tuple(_condition(one) for one in asked.filters)
    if active and not conditions:
        raise Parameters
    campaign = await campaign_of(records, call.query.campaign_id)
    filter_ = msgspec.convert({"connector": connector, "conditions": conditions}, RecordFilter)
    done = await records.dialling.filter(campaign.id, filter_ if active else None)
    told = [" ".join(wire.text(part) for part in (one.field, one.operator, one.value)) for one in asked.filters]
    data = {
        "total_records": str(done.records),
        "pending_records": str(done.pending),
        "applied_filter": f" {connector.upper()} ".join(told) if active else "",
    }
    return success(call.request, 200, "Campaign filter successfully updated", data, documented="empty")


async def detail(records: Records, call: Call[DetailQuery, None]) -> Response:
    """Records that were called or coded in a range; without `all`, only those with the id of a call (D-W25)."""
    kind_of(call.query.type_campaign)
    wanted = call.query.detail.strip().lower() or "default"
    if not call.query.date_ini.strip() or not call.query.date_end.strip() or wanted not in ("default", "all"):
        raise Parameters
    campaign = await campaign_of(records, call.query.campaign_id)
    start, end = dates.span(call.query.date_ini, call.query.date_end)
    rows: list[dict[str, str]] = []
    async for part in records.reports.every_record(campaign.id):
        for record in part:
            at = wire.handled_at(record)
            managed = at is not None and start <= at < end
            if managed and (wanted == "all" or (record.last is not None and record.last.call_id)):
                rows.append(wire.detailed(record))
    if not rows:
        raise nothing_found()
    del rows[MOST_ROWS:]
    return success(call.request, 200, f"{len(rows)} records were found", rows, documented="str")


async def campaign_15(records: Records, call: Call[wire.Query, None]) -> Response:
    """Every record, called or not, under Spanish names and in an envelope of its own."""
    campaign = await campaign_of(records, call.query.campaign_id)
    codes = await records.reports.declared("activity_codes")
    found: list[ListedRecord] = []
    async for part in records.reports.every_record(campaign.id):
        found += part
        if len(found) >= MOST_ROWS:
            del found[MOST_ROWS:]
            break
    if not found:
        raise nothing_found()
    called = await records.reports.numbers_called([one.state.id for one in found if one.state])
    rows = [wire.exported(one, codes, called.get(one.state.id, ()) if one.state else ()) for one in found]
    told = {"code": "200", "total_records": str(len(rows)), "campaign_id": str(campaign.id), "records": rows}
    return printed(call.request, told, 200)


def _condition(part: FilterPart) -> Condition:
    column, comparison, value = map(wire.text, (part.field, part.operator, part.value))
    column, comparison = column.strip(), comparison.strip().lower()
    if comparison not in _COMPARISONS or (column != RESULT and column not in wire.ATTRIBUTES):
        raise Parameters
    if column in _NOT_FILTERED:
        raise Parameters
    if column == RESULT:
        meant: tuple[Result, ...] = results.meant(value)
        return Condition(RESULT, _COMPARISONS[comparison], meant[0] if meant else value)
    return Condition(column, _COMPARISONS[comparison], value, wire.ATTRIBUTES[column])


def _required(value: wire.Value) -> str:
    text = wire.text(value).strip()
    if not text:
        raise Parameters
    return text


async def _predictive(records: Records, asked: str) -> Campaign:
    """The campaign, which the vendor has this operation for only where it is no preview campaign."""
    campaign = await campaign_of(records, asked)
    if campaign.type == "preview":
        raise SaidSo(f"Campaign_id {campaign.id} is not a predictive campaign.")
    return campaign


def _no_customer(customer: str) -> SaidSo:
    return SaidSo(f"customer_id {customer[:LONGEST_ECHO]} does not exist in the campaign, please validate the data")

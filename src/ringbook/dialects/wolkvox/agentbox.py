"""agentbox.php: recalls that an agent arranges, changes and gives up. These requests are not counted (contract 2.20).

Ringbook has no agents that log in, so whether one is logged in is not asked.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from starlette.responses import Response

from ringbook.core.access import Records
from ringbook.dialects.wolkvox import dates, wire
from ringbook.dialects.wolkvox.asked import campaign_of, check_declared
from ringbook.dialects.wolkvox.envelope import success
from ringbook.dialects.wolkvox.errors import Parameters, SaidSo
from ringbook.domain.campaign import Campaign, Chosen, Recall
from ringbook.web.dialect import Call

_STYLES = ("auto", "manual")
_DONE = "Recall has been successful"
_NOT_DONE = "The recall has not been successful, please validate the data"


class NoQuery(msgspec.Struct, frozen=True):
    pass


class RecallBody(wire.Body, frozen=True):
    agent_id: wire.Value = None
    id_camp: wire.Value = None
    id_customer: wire.Value = None
    telefono: wire.Value = None
    rellamada: wire.Value = None
    recall_style: wire.Value = None
    name_recall: wire.Value = None


class EditBody(wire.Body, frozen=True):
    """The same, where the vendor has two English names."""

    agent_id: wire.Value = None
    id_camp: wire.Value = None
    id_customer: wire.Value = None
    telephone: wire.Value = None
    recall: wire.Value = None
    recall_style: wire.Value = None


async def recall(records: Records, call: Call[NoQuery, RecallBody]) -> Response:
    asked = call.body
    promised, at = _promise(asked, asked.telefono, asked.rellamada)
    campaign, customer = await _meant(records, asked)
    return await _arrange(records, call, campaign, customer, at, promised, wire.text(asked.name_recall).strip())


async def edit_recall(records: Records, call: Call[NoQuery, EditBody]) -> Response:
    """Another moment or number for a recall that there is."""
    promised, at = _promise(call.body, call.body.telephone, call.body.recall)
    campaign, customer = await _meant(records, call.body)
    if not await _promised(records, campaign, customer):
        raise SaidSo(_NOT_DONE)
    return await _arrange(records, call, campaign, customer, at, promised)


async def delete_recall(records: Records, call: Call[NoQuery, EditBody]) -> Response:
    """Promise nothing any more. The record stays in its campaign, its date zeros."""
    campaign, customer = await _meant(records, call.body)
    promised = await _promised(records, campaign, customer)
    if not promised:
        raise SaidSo(_NOT_DONE)
    await records.dialling.give_up_recalls(promised)
    return success(call.request, 200, _DONE, documented="str")


async def _arrange(
    records: Records,
    call: Call[NoQuery, RecallBody] | Call[NoQuery, EditBody],
    campaign: Campaign,
    customer: str,
    at: datetime,
    promised: Recall,
    name: str = "",
) -> Response:
    if not await records.dialling.arrange(campaign.id, Chosen(customers=(customer,)), at, promised, name):
        raise SaidSo(_NOT_DONE)
    return success(call.request, 200, _DONE, documented="str")


def _promise(asked: RecallBody | EditBody, telephone: wire.Value, date: wire.Value) -> tuple[Recall, datetime]:
    """What is promised for when; Parameters if that cannot be read."""
    phone, at = wire.text(telephone).strip(), dates.moment(wire.text(date))
    style = wire.text(asked.recall_style).strip().lower() or "auto"
    if not phone or at is None or style not in _STYLES:
        raise Parameters
    return Recall(phone, style, wire.text(asked.agent_id).strip()), at


async def _meant(records: Records, asked: RecallBody | EditBody) -> tuple[Campaign, str]:
    """The campaign and the customer; who asks must be an agent, where the operation has said who its agents are."""
    agent, customer = wire.text(asked.agent_id).strip(), wire.text(asked.id_customer).strip()
    if not agent or not customer or not wire.text(asked.id_camp).strip():
        raise Parameters
    await check_declared(records, "agents", agent)
    campaign = await campaign_of(records, wire.text(asked.id_camp))
    if campaign.type == "preview":
        raise SaidSo(_NOT_DONE)
    return campaign, customer


async def _promised(records: Records, campaign: Campaign, customer: str) -> list[int]:
    """The customer's records in the campaign to whom a call is promised."""
    found = await records.campaign_records.find(customer_id=customer, campaign=campaign.id)
    return [one.state.id for one in found if one.state is not None and one.state.recall is not None]

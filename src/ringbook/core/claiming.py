"""Claims: a campaign's next records, each for one caller alone, until it is called, given back, or the lease lapses."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID, uuid4

import msgspec

from ringbook.core.barring import Callee, bars
from ringbook.core.campaigns import find_campaign
from ringbook.core.context import Context
from ringbook.core.linking import in_turn
from ringbook.core.may_call import rules_of, zones_of_postcodes
from ringbook.domain.campaign import Campaign, ListedRecord, within_hours
from ringbook.domain.may_call import CallingRules, HeldBy, Hold, OpeningHours, judge
from ringbook.domain.phone import MatchKey, Phone
from ringbook.domain.problems import Invalid, Missing
from ringbook.domain.retry import TriedPhone
from ringbook.domain.zones import zone, zones_of, zones_of_number
from ringbook.store import callees, campaign_records, claimed_numbers, dialling, holds
from ringbook.store import claiming as stored
from ringbook.store import may_call as told
from ringbook.store.callees import Facts
from ringbook.store.claimed_numbers import Wanted
from ringbook.store.claiming import Candidate, Leased

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_A_CLAIM = 500
LONGEST_LEASE = 24 * 3600

_LONG_LOOK = 1000
"""Records that one transaction looks at, where the last has found nobody to call: some forty milliseconds."""
_PLACES = 300
"""Random places of a campaign that are looked at, where all at its front are barred."""
_JUDGED = 100
"""Records of one look that are judged by more than their hours, unless more are wanted."""
_PATIENCE = 1.0
"""Seconds for which one claim passes records by; the next goes on from there."""
_LONGEST_HOLD: Mapping[HeldBy, timedelta] = {
    "hours": timedelta(days=1),
    "tries": timedelta(days=1),
    "do_not_call": timedelta(hours=1),
    "no_number": timedelta(hours=1),
    "in_call": timedelta(minutes=1),
}
"""After which a record is looked at again whatever was found: lists and numbers change without telling claims."""
_NEVER = datetime.max.replace(tzinfo=UTC)
_UNTRIED = TriedPhone()
_PROMISED = 0
"""The slot of a number that a call was promised on and that is none of the record's own."""

Why = Literal["claimed", "disabled", "stopped", "hours", "waiting", "done"]
"""What a claim has come to. Without records: what would have to change; `waiting` is for `next_at`, or (None) for
whoever was promised what is left."""


class ClaimedRecord(msgspec.Struct, frozen=True):
    """A record to call on `phone`: its number in this slot, or in slot 0 another that a call was promised on."""

    listed: ListedRecord
    slot: int
    phone: str


class Claim(msgspec.Struct, frozen=True):
    """The records that one caller has until `claimed_until`, by a token; without any, `next_at` says when to ask."""

    why: Why
    agent: str
    token: UUID | None = None
    claimed_until: datetime | None = None
    records: Sequence[ClaimedRecord] = ()
    next_at: datetime | None = None


class _Call(NamedTuple):
    """A claimed record's number."""

    record_id: int
    slot: int
    phone: Phone


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a caller wants, and the token that he would have it by."""

    agent: str
    lease: timedelta
    most: int
    token: UUID = field(default_factory=uuid4)


class Claims:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def claim(self, ref: int | str, agent: str, *, lease_seconds: int, most: int) -> Claim:
        """The campaign's next records, at most so many, held for this agent alone for so long.

        Records that may not be called now are passed by, and remembered. Each look is a transaction of its own, so
        that nobody waits for a claim that has many to pass by; the first that finds somebody to call is the last, so
        that nothing is held for a caller who is not told of it. Where all at the front are barred, every other look
        is at random places: who may be called is found before all who may not are looked at.
        """
        self._context.require("write")
        if not 1 <= most <= MOST_A_CLAIM:
            raise Invalid(f"A claim has 1 to {MOST_A_CLAIM} records.", field="max")
        asked = _Asked(agent, _lease(lease_seconds), most)
        began, at_front, look_at = time.monotonic(), True, most
        while True:
            async with self._context.database.transaction() as tx:
                campaign = await find_campaign(tx, self._tenant_id, ref)
                now = await dialling.now(tx, self._tenant_id)
                why = self._refusal(campaign, now)
                if why is not None:
                    return Claim(why, agent)
                look = stored.candidates if at_front else stored.scattered
                found = await look(tx, self._tenant_id, campaign.id, now, agent, look_at if at_front else _PLACES)
                calls = await self._take(tx, campaign, asked, found, now)
                if calls:
                    return await self._claimed(tx, campaign, asked, calls, now)
                seen_all = at_front and len(found) < min(look_at, max(_JUDGED, most) + 1)
                if seen_all or time.monotonic() - began > _PATIENCE:
                    return await self._waiting(tx, campaign, agent, now)
            at_front, look_at = not at_front, max(_LONG_LOOK, most)

    async def renew(
        self, ref: int | str, token: UUID, lease_seconds: int, records: Sequence[int] | None = None
    ) -> Sequence[Leased]:
        """Hold these records of a claim (None: all) for so long from now; those that it still has.

        Missing where the claim has none any more: they were called, given back, or their lease lapsed.
        """
        self._context.require("write")
        lease = _lease(lease_seconds)
        async with self._context.database.transaction() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            now = await dialling.now(tx, self._tenant_id)
            held = await stored.renew(tx, self._tenant_id, campaign.id, token, records, now + lease, now)
            if not held:
                raise Missing("There is no such claim.", of="claim")
            return sorted(held)

    async def release(self, ref: int | str, token: UUID, records: Sequence[int] | None = None) -> Sequence[int]:
        """Give these records of a claim (None: all) back, to be called in their turn; which it had."""
        self._context.require("write")
        async with self._context.database.transaction() as tx:
            campaign = await find_campaign(tx, self._tenant_id, ref)
            given_back = await stored.release(tx, self._tenant_id, campaign.id, token, records)
            if not given_back:
                raise Missing("There is no such claim.", of="claim")
            return given_back

    def _refusal(self, campaign: Campaign, now: datetime) -> Why | None:
        """Why the campaign calls nobody at all just now, if so."""
        if not campaign.enabled:
            return "disabled"
        if campaign.state != "running":
            return "stopped"
        wall = now.astimezone(zone(self._context.tenant.time_zone)).time()
        return None if within_hours(campaign.settings, wall) else "hours"

    async def _take(
        self, tx: Tx, campaign: Campaign, asked: _Asked, found: Sequence[Candidate], now: datetime
    ) -> Mapping[int, _Call]:
        """Take those of these records that may be called, as many as are wanted; pass by those that may not."""
        if not found:
            return {}
        rules = await rules_of(tx, self._tenant_id, campaign)
        opening = OpeningHours(rules, now)
        closed = {one.id: _closed_until(one, opening) for one in found}
        held = {id_: Hold("hours", until) for id_, until in closed.items() if until is not None}
        perhaps = [one for one in found if one.id not in held][: max(_JUDGED, asked.most)]
        calls: dict[int, _Call] = {}
        numbers: set[MatchKey] = set()
        for id_, choice in (await self._choices(tx, campaign, perhaps, rules, opening, now)).items():
            if not isinstance(choice, _Call):
                held[id_] = choice
            elif choice.phone.match_key in numbers:
                held[id_] = Hold("in_call", now + asked.lease)
            elif len(calls) < asked.most:
                calls[id_] = choice
                numbers.add(choice.phone.match_key)
        if calls:
            await self._take_numbers(tx, asked, calls, held, now)
        if held:
            longest = {by: now + span for by, span in _LONGEST_HOLD.items()}
            until_then = {id_: Hold(by, min(end, longest[by])) for id_, (by, end) in held.items()}
            await holds.pass_by(tx, self._tenant_id, until_then)
        return calls

    async def _take_numbers(
        self, tx: Tx, asked: _Asked, calls: dict[int, _Call], held: dict[int, Hold], now: datetime
    ) -> None:
        """Take these records with their numbers; what has a number that somebody else calls is held instead."""
        until = now + asked.lease
        wanted = [Wanted(id_, call.phone.match_key) for id_, call in calls.items()]
        called = await claimed_numbers.take(tx, self._tenant_id, asked.token, wanted, now, until)
        for id_, key in wanted:
            if key in called:
                held[id_] = Hold("in_call", called[key])
                del calls[id_]
        await stored.take(tx, self._tenant_id, list(calls), asked.agent, asked.token, until)

    async def _choices(
        self,
        tx: Tx,
        campaign: Campaign,
        found: Sequence[Candidate],
        rules: CallingRules,
        opening: OpeningHours,
        now: datetime,
    ) -> Mapping[int, _Call | Hold]:
        """For each record the number to call, or why there is none, and until when."""
        if not found:
            return {}
        tenant = self._context.tenant
        facts = await callees.facts(tx, tenant.id, [one.record_id for one in found])
        known = {one.id: self._with_promised(one, facts[one.record_id]) for one in found}
        postcodes = {of.postcode for of in known.values() if of.postcode}
        places = await zones_of_postcodes(tx, tenant.id, postcodes)
        barred = await bars(tx, self._context, campaign.id, {id_: _callee(of) for id_, of in known.items()})
        full: Mapping[str, datetime] = {}
        if rules.tries is not None:
            keys = {phone.match_key for of in known.values() for phone in of.phones.values()}
            full = await told.full_since(tx, tenant.id, list(keys), rules.tries, now)
        choices: dict[int, _Call | Hold] = {}
        async for one in in_turn(found):
            of = known[one.id]
            places_of = [places[of.postcode]] if of.postcode and of.postcode in places else []
            waiting: list[Hold] = []
            for slot, phone in self._in_order(one, of.phones):
                zones = zones_of(phone.match_key, places_of, tenant.time_zone)
                said = judge(rules, opening, zones, barred.get(one.id, ()), full.get(phone.match_key))
                if said.reason is None:
                    choices[one.id] = _Call(one.record_id, slot, phone)
                    break
                waiting.append(Hold(said.reason, said.next_allowed_at or now + _LONGEST_HOLD[said.reason]))
            else:
                choices[one.id] = min(waiting, key=lambda hold: hold.until, default=Hold("no_number", _NEVER))
        return choices

    def _with_promised(self, candidate: Candidate, of: Facts) -> Facts:
        """The facts, with the number that a call was promised on if the record has it not."""
        if candidate.recall is None or not candidate.recall.phone:
            return of
        promised = self._context.phone(candidate.recall.phone)
        if not promised.digits or any(phone.match_key == promised.match_key for phone in of.phones.values()):
            return of
        return of._replace(phones={**of.phones, _PROMISED: promised})

    def _in_order(self, candidate: Candidate, phones: Mapping[int, Phone]) -> Sequence[tuple[int, Phone]]:
        """The numbers to try, in their order: the one on which a call was promised, else those not used up."""
        numbers = [(slot, phone) for slot, phone in sorted(phones.items()) if phone.digits]
        if candidate.recall is not None and candidate.recall.phone:
            promised = self._context.phone(candidate.recall.phone).match_key
            asked = [(slot, phone) for slot, phone in numbers if phone.match_key == promised]
            if asked:
                return asked
        return [n for n in numbers if not candidate.phone_tries.get(str(n[0]), _UNTRIED).used_up] or numbers

    async def _claimed(
        self, tx: Tx, campaign: Campaign, asked: _Asked, calls: Mapping[int, _Call], now: datetime
    ) -> Claim:
        by_record = {call.record_id: call for call in calls.values()}
        listed = await campaign_records.of_records(tx, self._tenant_id, list(by_record), campaign.id)
        seats = {one.record.id: one for one in listed}
        records = [ClaimedRecord(seats[id_], call.slot, call.phone.raw) for id_, call in by_record.items()]
        return Claim("claimed", asked.agent, asked.token, now + asked.lease, records)

    async def _waiting(self, tx: Tx, campaign: Campaign, agent: str, now: datetime) -> Claim:
        """No records: whether there will be any, and when to come again."""
        due = await stored.next_due(tx, self._tenant_id, campaign.id, agent)
        if not due.open:
            return Claim("done", agent)
        at = now if due.now else due.at
        return Claim("waiting", agent, next_at=None if at is None else max(at, now))

    @property
    def _tenant_id(self) -> int:
        return self._context.tenant.id


def _closed_until(one: Candidate, opening: OpeningHours) -> datetime | None:
    """When the first of a record's numbers may open, where none can be open now whatever else is known of it."""
    if one.recall is not None and one.recall.phone:
        return None  # that number may be another
    ends = [opening.closed_until(zones_of_number(key)) for key in one.numbers]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def _callee(of: Facts) -> Callee:
    return Callee(list(of.phones.values()), [of.postcode] if of.postcode else (), of.ids, of.key_text)


def _lease(seconds: int) -> timedelta:
    if not 1 <= seconds <= LONGEST_LEASE:
        raise Invalid(f"A lease is 1 to {LONGEST_LEASE} seconds.", field="lease_seconds")
    return timedelta(seconds=seconds)

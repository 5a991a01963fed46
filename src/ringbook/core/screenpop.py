"""The screen pop: whom a ringing call is about, by the tenant's mapping of call variables (contracts/cim.md 4.3).

It is evaluated for who asks, and published for the agent's screen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ringbook.core.barring import Callee, bars
from ringbook.core.context import Context
from ringbook.domain.caller import Callback, LastCall
from ringbook.domain.contact import Contact
from ringbook.domain.event import POP
from ringbook.domain.mapping import PHONE, Condition, readable, with_built_in
from ringbook.domain.object_id import parse_object_id
from ringbook.domain.schema import CUSTOMER_ID, Schema, searchable_text
from ringbook.store import contacts as stored
from ringbook.store import events, lists, screenpop
from ringbook.store import schema as stored_schema

if TYPE_CHECKING:
    from ringbook.store.database import Tx

MOST_CANDIDATES = 20
_MOST_A_CONDITION = 200

_UNIQUE, _NUMBER, _OTHER = 3, 2, 1
_ID = 10


class Matched(msgspec.Struct, frozen=True):
    """One reason why a contact is a candidate: the call variable, the attribute it was compared with, the value."""

    variable: str
    key: str
    value: str


class Candidate(msgspec.Struct, frozen=True):
    """Whom a call may be about. `do_not_call` is whether a list bars the person, or one of their numbers."""

    contact: Contact
    score: int
    matched_by: list[Matched]
    last_call: LastCall | None = None
    callbacks: list[Callback] = []
    do_not_call: bool = False


Outcome = Literal["found", "nobody", "not_carried", "not_comparable"]
"""What a condition came to: the call does not carry its variable, or no such value can be in its attribute."""


class Tried(msgspec.Struct, frozen=True):
    """What one condition came to. `found`: how many contacts meet it, of a common value's the newest 200."""

    variable: str
    key: str
    value: str | None
    outcome: Outcome
    found: int = 0


class ScreenPop(msgspec.Struct, frozen=True):
    """`create` is a prefilled contact for the "create new" button, given when nobody matched.

    `together`: the candidates meet all conditions that count; else each meets one or more of them. `tried` is empty
    where an id in a variable decided.
    """

    match: Literal["one", "many", "none"]
    candidates: list[Candidate]
    create: dict[str, Any] | None
    more: bool = False
    together: bool = True
    tried: list[Tried] = []


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A ringing call, as whoever saw it first tells of it. `agent` is whose screen is meant."""

    ani: str = ""
    dnis: str = ""
    variables: Mapping[str, str] = {}
    agent: str = ""
    call_id: str = ""


class Named(msgspec.Struct, frozen=True):
    """A candidate as a pop tells of it; the rest is asked for by id."""

    id: int
    name: str


class Popped(msgspec.Struct, frozen=True):
    """What is published of a pop. At most 20 candidates are named; `more` says that there are others."""

    ani: str
    dnis: str
    variables: Mapping[str, str]
    agent: str
    call_id: str
    match: str
    candidates: list[Named]
    more: bool
    create: dict[str, Any] | None


class _Criterion(msgspec.Struct, frozen=True):
    reason: Matched
    weight: int
    attribute_id: int | None
    folded: str


class ScreenPops:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def pop(self, call: Call) -> ScreenPop:
        """Evaluate, and tell who listens: an event of type `pop`, which names the agent if the call does."""
        popped = await self.evaluate(call.ani, call.dnis, call.variables)
        told = Popped(
            **msgspec.structs.asdict(call),
            match=popped.match,
            candidates=[Named(c.contact.id, _name(c.contact)) for c in popped.candidates],
            more=popped.more,
            create=popped.create,
        )
        async with self._context.database.transaction() as tx:
            await events.publish(
                tx,
                self._context.author,
                POP,
                told,
                agent=call.agent,
                contact_ids=[named.id for named in told.candidates],
                match_key=self._context.phone(call.ani).match_key if call.ani.strip() else "",
            )
        return popped

    async def evaluate(self, ani: str, dnis: str, variables: Mapping[str, str]) -> ScreenPop:
        """The contacts a call means: all conditions together first, else each alone, the most specific first."""
        self._context.require("read")
        carried = readable(variables, ani, dnis)
        async with self._context.database.reading() as tx:
            schema = await stored_schema.schema(tx, self._context.tenant.id)
            conditions = with_built_in(await stored_schema.conditions(tx, self._context.tenant.id))
            by_id = await self._by_id(tx, carried)
            if by_id is not None:
                return ScreenPop("one", await self._known(tx, [by_id]), None)
            criteria = self._criteria(schema, conditions, carried)
            found = await self._meeting(tx, criteria)
            together = {contact_id: met for contact_id, met in found.items() if len(met) == len(criteria)}
            candidates = await self._candidates(tx, together or found)
            shown = await self._known(tx, candidates[:MOST_CANDIDATES])
        tried = _tried(conditions, carried, criteria, found)
        match: Literal["one", "many", "none"] = "none" if not candidates else "one" if len(candidates) == 1 else "many"
        create = _prefilled(schema, conditions, carried) if match == "none" else None
        more = len(candidates) > MOST_CANDIDATES
        return ScreenPop(match, shown, create, more, bool(together or not found), tried)

    async def _by_id(self, tx: Tx, carried: Mapping[str, str]) -> Candidate | None:
        """A variable that holds an id wins outright: a contact's own, or, in one called id_..., a foreign system's."""
        for variable, value in carried.items():
            contact = await self._with_id(tx, variable, value.strip())
            if contact is not None:
                return Candidate(contact, _ID, [Matched(variable, "id", value)])
        return None

    async def _with_id(self, tx: Tx, variable: str, value: str) -> Contact | None:
        tenant_id = self._context.tenant.id
        object_id = parse_object_id(value)
        if object_id is not None:
            found = await stored.several(tx, tenant_id, [object_id.id])
            return next((c for c in found if c.created_second == object_id.second), None)
        if not variable.startswith("id_"):
            return None
        contact_id = await lists.contact_of_external_id(tx, tenant_id, value)
        found = await stored.several(tx, tenant_id, [contact_id]) if contact_id else []
        return found[0] if found else None

    def _criteria(
        self, schema: Schema, conditions: Iterable[Condition], carried: Mapping[str, str]
    ) -> Sequence[_Criterion]:
        criteria: dict[Matched, _Criterion] = {}
        for condition in conditions:
            value = carried.get(condition.variable)
            if value is None:
                continue
            criterion = self._criterion(schema, Matched(condition.variable, condition.key, value))
            if criterion is not None:
                criteria[criterion.reason] = criterion
        return list(criteria.values())

    def _criterion(self, schema: Schema, reason: Matched) -> _Criterion | None:
        attribute = schema.by_key.get(reason.key)
        if reason.key == PHONE or (attribute is not None and attribute.type == "Phone"):
            return _Criterion(reason, _NUMBER, None, self._context.phone(reason.value).match_key)
        folded = None if attribute is None else searchable_text(attribute, reason.value)
        if attribute is None or folded is None:
            return None
        return _Criterion(reason, _UNIQUE if attribute.unique else _OTHER, attribute.id, folded)

    async def _meeting(self, tx: Tx, criteria: Sequence[_Criterion]) -> dict[int, list[_Criterion]]:
        """By contact, the criteria it meets."""
        if not criteria:
            return {}
        tenant_id = self._context.tenant.id
        entries = [(n, c.attribute_id, c.folded) for n, c in enumerate(criteria) if c.attribute_id is not None]
        numbers = [(n, c.folded) for n, c in enumerate(criteria) if c.attribute_id is None]
        hits = set(await stored.matching(tx, tenant_id, entries, numbers, _MOST_A_CONDITION))
        common = {n for n, times in Counter(n for n, _ in hits).items() if times == _MOST_A_CONDITION}
        if common:
            # Of a common value's contacts only the newest were read: does it hold for those the other values found?
            others = sorted({contact_id for n, contact_id in hits if n not in common})
            hits.update(
                await stored.matching(
                    tx,
                    tenant_id,
                    [entry for entry in entries if entry[0] in common],
                    [number for number in numbers if number[0] in common],
                    len(others),
                    others,
                )
            )
        met: dict[int, list[_Criterion]] = {}
        for n, contact_id in sorted(hits):
            met.setdefault(contact_id, []).append(criteria[n])
        return met

    async def _candidates(self, tx: Tx, found: Mapping[int, Sequence[_Criterion]]) -> list[Candidate]:
        contacts = await stored.several(tx, self._context.tenant.id, list(found))
        candidates = [
            Candidate(c, max(m.weight for m in found[c.id]), [m.reason for m in found[c.id]]) for c in contacts
        ]
        # Contacts come most recently written first, and sorting is stable: the order is always the same.
        return sorted(candidates, key=lambda c: (c.score, len(c.matched_by)), reverse=True)

    async def _known(self, tx: Tx, candidates: Sequence[Candidate]) -> list[Candidate]:
        """These with what an agent should know at once."""
        if not candidates:
            return []
        standings = await screenpop.standings(tx, self._context.tenant.id, [c.contact.id for c in candidates])
        barred = await bars(tx, self._context, None, {c.contact.id: self._callee(c.contact) for c in candidates})
        return [
            msgspec.structs.replace(
                c,
                last_call=standings[c.contact.id].last_call,
                callbacks=standings[c.contact.id].callbacks,
                do_not_call=c.contact.id in barred,
            )
            for c in candidates
        ]

    def _callee(self, contact: Contact) -> Callee:
        postcode, customer = (str(contact.attributes.get(key) or "") for key in ("postal_code", CUSTOMER_ID))
        numbers = [self._context.phone(phone.raw) for phone in contact.phones if phone.raw.strip()]
        return Callee(numbers, [postcode] if postcode else (), [customer] if customer else ())


def _name(contact: Contact) -> str:
    """A person's name, else a company's; empty where neither is known."""
    first, last, company = (str(contact.attributes.get(key) or "") for key in ("first_name", "last_name", "company"))
    return " ".join(part for part in (first.strip(), last.strip()) if part) or company


def _tried(
    conditions: Iterable[Condition],
    carried: Mapping[str, str],
    criteria: Sequence[_Criterion],
    found: Mapping[int, Sequence[_Criterion]],
) -> list[Tried]:
    times = Counter(criterion.reason for met in found.values() for criterion in met)
    compared = {criterion.reason for criterion in criteria}
    tried: dict[tuple[str, str], Tried] = {}
    for condition in conditions:
        value = carried.get(condition.variable)
        reason = Matched(condition.variable, condition.key, value or "")
        outcome: Outcome = "not_carried" if value is None else "not_comparable"
        if reason in compared:
            outcome = "found" if times[reason] else "nobody"
        tried[condition.variable, condition.key] = Tried(
            condition.variable, condition.key, value, outcome, times[reason]
        )
    return list(tried.values())


def _prefilled(schema: Schema, conditions: Iterable[Condition], carried: Mapping[str, str]) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for condition in conditions:
        key = "phone1" if condition.key == PHONE else condition.key
        value = carried.get(condition.variable)
        if value is not None and key in schema.by_key:
            filled.setdefault(key, value)
    return {"attributes": filled}

"""Who is on a do-not-call list: the one place that says so, for a number that is asked about and for every claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
import phonenumbers

from ringbook.core.context import Context
from ringbook.core.linking import in_turn
from ringbook.core.suppression import suppressed_key
from ringbook.domain.do_not_call import DncType
from ringbook.domain.may_call import Bar
from ringbook.domain.phone import MatchKey, Phone, match_keys_of
from ringbook.domain.text import search_key
from ringbook.domain.zones import prefixes_of
from ringbook.store import may_call as stored
from ringbook.store.may_call import Asked

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_LONGEST_AREA_CODE = 7
_BY: Mapping[DncType, Literal["number", "area_code", "postcode", "key"]] = {
    "INTERNAL": "number",
    "AREA_CODES": "area_code",
    "GEOGRAPHIC_POSTAL": "postcode",
    "EXCLUSION": "key",
}


@dataclass(frozen=True, slots=True)
class Callee:
    """What lists may have of whoever would be called: any of their numbers, their postcodes, what their record is known
    by. `key_text` is the record's key as it is stored.
    """

    numbers: Sequence[Phone]
    postcodes: Sequence[str] = ()
    keys: Sequence[str] = ()
    key_text: str = ""


async def bars(
    tx: Tx, context: Context, campaign_id: int | None, callees: Mapping[int, Callee]
) -> Mapping[int, Sequence[Bar]]:
    """What bars each of these from the campaign (None: from any); nothing for who may be called.

    One number on a list bars the person, also from being called on another.
    """
    types = await stored.dnc_types(tx, context.tenant.id)
    found: dict[int, list[Bar]] = defaultdict(list)
    if not types:
        return found
    asked: list[Asked] = []
    async for who, callee in in_turn(callees.items()):
        asked += [Asked(who, type_, key) for type_, key in _asked(callee, context, types)]
    for barred in await stored.barring(tx, context.tenant.id, campaign_id, asked):
        found[barred.who].append(Bar(barred.list, _BY[barred.type], barred.until))
    return found


def _asked(callee: Callee, context: Context, types: Collection[str]) -> Iterator[tuple[DncType, str]]:
    """What may be on lists of these types."""
    region = context.tenant.region
    if "INTERNAL" in types:
        for phone in callee.numbers:
            for number in match_keys_of(phone, region):
                yield "INTERNAL", number
                if suppressed := suppressed_key(context, number):
                    yield "INTERNAL", suppressed
    if "AREA_CODES" in types:
        for phone in callee.numbers:
            for code in _area_codes(phone.match_key, region):
                yield "AREA_CODES", code
    if "GEOGRAPHIC_POSTAL" in types:
        for postcode in callee.postcodes:
            yield "GEOGRAPHIC_POSTAL", search_key(postcode)
            for prefix in prefixes_of(postcode):
                yield "GEOGRAPHIC_POSTAL", search_key(prefix)
    if "EXCLUSION" in types:
        for key in (*callee.keys, *_own_key(callee.key_text)):
            yield "EXCLUSION", search_key(key)


def _own_key(key_text: str) -> Iterable[str]:
    """What a record's key fields say, in their order."""
    try:
        return [" ".join(msgspec.json.decode(key_text, type=list[str]))]
    except msgspec.DecodeError:
        return ()  # there is none, or it is too long to be stored whole


def _area_codes(key: MatchKey, region: str) -> Iterable[str]:
    """How a number may begin on a list of area codes: as in its own country, with the 0 before it or without, and
    from abroad.
    """
    if not key.startswith("+"):
        return
    calling_code = str(phonenumbers.country_code_for_region(region))
    digits = key[1:]
    for n in range(2, _LONGEST_AREA_CODE + 4):
        yield f"+{digits[:n]}"
    if digits.startswith(calling_code):
        national = digits.removeprefix(calling_code)
        for n in range(2, _LONGEST_AREA_CODE + 1):
            yield national[:n]
            yield f"0{national[:n]}"

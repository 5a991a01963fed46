"""What contacts become as one, and what is left of them when that is undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ringbook.domain.contact import Contact
from ringbook.domain.merging import as_of_now, combine, undone
from ringbook.domain.phone import Phone, normalise
from ringbook.domain.schema import Attribute, AttributeType, Schema

KINDS: dict[str, AttributeType] = {"city": "Text", "company": "Text", "phone1": "Phone", "phone2": "Phone"}
SCHEMA = Schema(Attribute(id=n, key=key, label=key, type=kind) for n, (key, kind) in enumerate(KINDS.items(), 1))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBERS = [f"330-555-01{n:02}" for n in range(6)]

_KNOWN = st.permutations(list(KINDS)).flatmap(
    lambda keys: st.tuples(
        *(
            st.none() | (st.sampled_from(NUMBERS) if key.startswith("phone") else st.sampled_from(["", "a", "b", "c"]))
            for key in keys
        )
    ).map(lambda values: {k: v for k, v in zip(keys, values, strict=True) if v is not None})
)


def reading(raw: str) -> Phone:
    return normalise(raw, "US")


def contact(id_: int, attributes: dict[str, Any]) -> Contact:
    return Contact(id_, 0, attributes, 0, NOON, NOON)


def keys_of(attributes: dict[str, Any]) -> set[str]:
    return {reading(attributes[key]).match_key for key in ("phone1", "phone2") if attributes.get(key)}


@settings(deadline=None)
@given(_KNOWN, _KNOWN, st.dictionaries(st.sampled_from(list(KINDS)), st.sampled_from([1, 2])))
def test_no_number_and_no_choice_is_lost_and_undoing_restores_to_the_letter(
    kept: dict[str, Any], merged: dict[str, Any], chosen: dict[str, int]
) -> None:
    one = combine(SCHEMA, contact(1, kept), contact(2, merged), chosen, reading)
    placeless = {reading(number.raw).match_key for number in one.numbers if number.key is None}
    assert keys_of(one.attributes) | placeless == keys_of(kept) | keys_of(merged)
    for key, owner in chosen.items():
        if key in kept or key in merged:
            assert one.attributes.get(key) == (kept if owner == 1 else merged).get(key)
    for value in one.fields:
        assert value.value == (kept if value.contact == 1 else merged).get(value.key)
    again = undone(one.attributes, kept, one.attributes)
    assert (again, list(again)) == (kept, list(kept))


@settings(deadline=None)
@given(_KNOWN, _KNOWN, _KNOWN)
def test_what_was_written_since_stays(kept: dict[str, Any], merged: dict[str, Any], written: dict[str, Any]) -> None:
    one = combine(SCHEMA, contact(1, kept), contact(2, merged), {}, reading).attributes
    now = one | written
    left = undone(now, kept, one)
    for key in KINDS:
        assert left.get(key) == (kept.get(key) if now.get(key) == one.get(key) else now.get(key))


def test_attributes_of_an_earlier_time_come_back_under_their_present_keys_and_types() -> None:
    schema = Schema(
        [
            Attribute(id=1, key="town", label="Town", type="Text", aliases=("city",)),
            Attribute(id=2, key="size", label="Size", type="Number"),
            Attribute(id=3, key="vip", label="VIP", type="Bool"),
        ]
    )
    then = {"city": "Akron", "size": "big", "vip": "true", "loose": 1}
    assert as_of_now(schema, then) == {"town": "Akron", "vip": "true", "loose": 1}

"""Who owns a field: what a list record may write to the contact it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

Link = Literal["created", "customer_id", "phone", "hand"]
"""How a record found its contact: made from it, by customer id, by a number, or by a person's hand."""


def writable(
    link: Link,
    said: Mapping[str, Any],
    known: Mapping[str, Any],
    phone_keys: Collection[str],
    has_number: Callable[[str], bool],
) -> dict[str, Any]:
    """Of what a record says, what its contact takes over from it.

    A contact that the record created, or was found by customer id, follows the record; one that was merely found by a
    number gets empty attributes filled. Phones are numbers to be found by, and a record's are that anyway: they fill
    empty attributes with numbers that the contact lacks, and are overwritten only by the record that created it.
    """
    taken: dict[str, Any] = {}
    for key, value in said.items():
        empty = known.get(key) in (None, "")
        if key in phone_keys and link != "created":
            take = empty and not has_number(value)
        else:
            take = empty or link in ("created", "customer_id")
        if take:
            taken[key] = value
    return taken

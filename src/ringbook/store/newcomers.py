"""Contacts that are new and plain, written as columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import compress

from ringbook.domain.criteria import NAME_WORD
from ringbook.domain.linking import ATTRIBUTES
from ringbook.domain.plain_rows import Numbers, PlainRows, decoded
from ringbook.domain.schema import NAME_KEYS, Schema
from ringbook.store.contacts import search_entries
from ringbook.store.copying import Texts, escaped

_NULL = r"\N"


def texts_of(
    schema: Schema,
    tenant_id: int,
    now: datetime,
    rows: PlainRows,
    ids: Sequence[int],
    first_turn: int,
    import_id: int | None,
) -> Iterator[Texts]:
    """The tables' rows for these contacts, in the order of the indexes they go into.

    `first_turn` is what the places count from: of several written now, the one with the later turn is the more recent.
    """
    named = list(map(str, ids))
    yield _contacts(tenant_id, now, rows, named, first_turn, import_id)
    for attribute, folded in rows.entries:
        yield _search(tenant_id, attribute.id, folded, named)
    words = list(_words(schema, rows, named))
    yield _search(tenant_id, NAME_WORD, [word for word, _ in words], [id_ for _, id_ in words])
    if rows.numbers:
        yield _phones(tenant_id, rows.numbers, named)


def _contacts(
    tenant_id: int, now: datetime, rows: PlainRows, ids: Sequence[str], first_turn: int, import_id: int | None
) -> Texts:
    written = _moments(now, [first_turn + place for place in rows.places])
    before = (tenant_id, int(now.timestamp()), 0, now.isoformat(), _NULL if import_id is None else import_id)
    return Texts(
        "contact",
        ("tenant_id", "created_second", "version", "created_at", "import_id", "id", "updated_at", "attributes"),
        "".join(f"{value}\t" for value in before),
        list(map("\t".join, zip(ids, written, escaped(rows.documents), strict=True))),
    )


def _moments(now: datetime, steps: Sequence[int]) -> list[str]:
    """Now and so many microseconds, rising, as PostgreSQL reads it; for a fraction of what isoformat() takes."""
    micros = [now.microsecond + step for step in steps]
    seconds = range(micros[0] // 1_000_000, micros[-1] // 1_000_000 + 1) if micros else ()
    begins = {second: f"{now + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}" for second in seconds}
    return [f"{begins[micro // 1_000_000]}.{micro % 1_000_000:06d}+00" for micro in micros]


def _search(tenant_id: int, attribute_id: int, folded: Sequence[str | None], ids: Sequence[str]) -> Texts:
    if None in folded:
        there = [text is not None for text in folded]
        folded, ids = list(compress(folded, there)), list(compress(ids, there))
    entries = zip(escaped([text for text in folded if text]), ids, strict=True)
    columns = ("tenant_id", "attribute_id", "folded", "contact_id")
    return Texts("contact_search", columns, f"{tenant_id}\t{attribute_id}\t", sorted(map("\t".join, entries)))


def _words(schema: Schema, rows: PlainRows, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The words that are entries of their own, and whose they are. A name that is one word has none."""
    names = [entries for entries in rows.entries if entries.attribute.key in NAME_KEYS]
    several = {
        at
        for name in names
        if not "".join(filter(None, name.folded)).isalnum()
        for at, folded in enumerate(name.folded)
        if folded and not folded.isalnum()
    }
    for at in several:
        for attribute_id, word in search_entries(schema, decoded(rows.documents[at])):
            if attribute_id == NAME_WORD:
                yield word, ids[at]


def _phones(tenant_id: int, numbers: Sequence[Numbers], ids: Sequence[str]) -> Texts:
    lines: list[str] = []
    for column in numbers:
        raws, e164s, digits, match_keys = column.read
        keys = escaped([key or "" for key in match_keys])
        source = f"{ATTRIBUTES}\t{column.attribute}"
        lines += [
            f"{key}\t{id_}\t{source}\t{raw}\t{e164 or _NULL}\t{digit}"
            for key, id_, raw, e164, digit in zip(keys, ids, escaped(raws), e164s, digits, strict=True)
            if key
        ]
    columns = ("tenant_id", "match_key", "contact_id", "source_id", "source", "raw", "e164", "digits")
    return Texts("contact_phone", columns, f"{tenant_id}\t", sorted(lines))

"""A person taken out of every table: the rows that are theirs go or lose what tells of them, and so do copies.

A new table with a tenant's data belongs into one of these statements, or into `UNTOUCHED` with the reason why not: a
test asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import msgspec

from ringbook.domain.erasure import Traces
from ringbook.domain.page import fits
from ringbook.domain.phone import MatchKey
from ringbook.store import claimed_numbers
from ringbook.store.json_text import json_text

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_SLICE = 20_000
"""Entries of the journal that are looked through at a time."""

_PENDING = "('uploading', 'waiting', 'running')"
"""The states of an import that is still to bring contacts."""

UNTOUCHED: Mapping[str, str] = {
    "app_user": "who works here, not who calls",
    "attribute": "names of attributes",
    "calling_list": "names of lists and fields",
    "calling_rules": "hours and numbers of tries",
    "campaign": "names and settings",
    "campaign_list": "which lists a campaign runs over",
    "console_session": "who works here, not who calls",
    "credential": "hashes of keys",
    "daily_ration": "counts of requests",
    "daily_ration_use": "counts of requests",
    "declared": "agents, skills and codes",
    "dnc_binding": "which campaigns a list bars",
    "dnc_list": "names of lists",
    "event_batch": "places in the order of events",
    "event_ticket": "hashes of tickets",
    "former_secret": "hashes of keys",
    "import_job": "how an import went, and the name of its file",
    "import_named": "ids of list records",
    "import_profile": "how columns are read",
    "import_range": "ids of rows",
    "loose_key": "names of keys",
    "mapping": "names of call variables",
    "postcode": "time zones of postcodes",
    "sign_in_link": "who works here, not who calls",
    "template": "names of templates",
    "webhook": "who is told",
}
"""The tables that have nothing of a person, and why."""


REACHED = frozenset(
    {
        "attempt",
        "call_alias",
        "campaign_record",
        "change",
        "claimed_number",
        "contact",
        "contact_merge",
        "contact_phone",
        "contact_search",
        "data_set",
        "dnc_entry",
        "hidden_value",
        "identity_key",
        "import_block",
        "interaction",
        "kept_answer",
        "leg",
        "list_record",
        "list_record_phone",
    }
)
"""The tables whose rows are a person's own."""


class Link(NamedTuple):
    """A list record of the person, and the list that it is in."""

    id: int
    list_id: int


@dataclass(frozen=True, slots=True)
class Person:
    """All rows that are about the person: the contact, those that became part of it, and what is tied to them."""

    contacts: Sequence[int]
    values: Sequence[Mapping[str, Any]]
    """Their attributes, now and at any time."""
    raws: Sequence[str]
    """Their numbers from any source, as they were written."""


async def person(tx: Tx, tenant_id: int, contact_id: int) -> Person | None:
    """The contact, also a deleted one, with all that became part of it; None if there is nothing of it.

    Indexes: contact_pkey, contact_merge_kept, contact_phone_contact, change_of.
    """
    if not fits(contact_id):
        return None
    ids = [
        row["id"]
        for row in await tx.fetch(
            """
            WITH RECURSIVE part AS (
                    SELECT id FROM contact WHERE tenant_id = $1 AND id = $2
                     UNION
                    SELECT m.merged_id
                      FROM part p
                      JOIN contact_merge m
                        ON m.tenant_id = $1
                       AND m.kept_id = p.id
                       AND m.undone_at IS NULL
                 )
            SELECT id FROM part ORDER BY id
            """,
            tenant_id,
            contact_id,
        )
    ]
    if not ids:
        return None
    told = await tx.fetch(
        """
        SELECT attributes AS known FROM contact WHERE tenant_id = $1 AND id = ANY ($2::bigint[])
         UNION ALL
        SELECT v.known
          FROM change c
         CROSS JOIN LATERAL (VALUES (c.before), (c.after)) AS v (known)
         WHERE c.tenant_id = $1
           AND c.entity = 'contact'
           AND c.entity_id = ANY ($2::bigint[])
           AND json_typeof(v.known) = 'object'
        """,
        tenant_id,
        ids,
    )
    raws = await tx.fetch(
        """
        SELECT raw FROM contact_phone WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[])
         UNION
        SELECT p.raw
          FROM list_record r
          JOIN list_record_phone p
            ON p.tenant_id = $1
           AND p.record_id = r.id
         WHERE r.tenant_id = $1
           AND r.contact_id = ANY ($2::bigint[])
        """,
        tenant_id,
        ids,
    )
    values = [msgspec.json.decode(row["known"], type=dict[str, Any]) for row in told]
    return Person(ids, values, [row["raw"] for row in raws])


async def pending_import(tx: Tx, tenant_id: int) -> int | None:
    """The oldest import that is still to bring contacts. Index: import_job_open."""
    found: int | None = await tx.fetchval(
        f"SELECT id FROM import_job WHERE tenant_id = $1 AND state IN {_PENDING} ORDER BY id LIMIT 1", tenant_id
    )
    return found


async def drop_files(tx: Tx, tenant_id: int) -> None:
    """Remove the files of imports that were given up: whoever is in one. Index: import_block_pkey."""
    await tx.execute(
        f"""
        DELETE FROM import_block b
         USING import_job j
         WHERE b.tenant_id = $1
           AND j.tenant_id = $1
           AND j.id = b.import_id
           AND j.state NOT IN {_PENDING}
        """,
        tenant_id,
    )


async def now(tx: Tx, tenant_id: int) -> datetime:
    """The tenant's time."""
    moment: datetime = await tx.fetchval("SELECT ringbook_now($1)", tenant_id)
    return moment


async def partners(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> list[int]:
    """Other contacts that one of these was part of for a while, or had as a part."""
    rows = await tx.fetch(
        """
        SELECT kept_id AS id
          FROM contact_merge
         WHERE tenant_id = $1
           AND merged_id = ANY ($2::bigint[])
         UNION
        SELECT merged_id
          FROM contact_merge
         WHERE tenant_id = $1
           AND kept_id = ANY ($2::bigint[])
        """,
        tenant_id,
        list(contact_ids),
    )
    return [row["id"] for row in rows if row["id"] not in set(contact_ids)]


async def shared(tx: Tx, tenant_id: int, keys: Collection[str], contact_ids: Sequence[int]) -> set[str]:
    """Those of the numbers that another contact has, too. Index: contact_phone_pkey."""
    rows = await tx.fetch(
        """
        SELECT k.key
          FROM unnest($2::text[]) AS k (key)
         CROSS JOIN LATERAL (
                SELECT 1
                  FROM contact_phone p
                 WHERE p.tenant_id = $1
                   AND p.match_key = k.key
                   AND p.contact_id <> ALL ($3::bigint[])
                 LIMIT 1
               ) p
        """,
        tenant_id,
        list(keys),
        list(contact_ids),
    )
    return {row["key"] for row in rows}


async def records(tx: Tx, tenant_id: int, contact_ids: Sequence[int], keys: Collection[str]) -> list[Link]:
    """The list records of these contacts, and those of nobody that have one of the numbers.

    Indexes: list_record_contact, list_record_phone_match.
    """
    rows = await tx.fetch(
        """
        SELECT id, list_id FROM list_record WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[])
         UNION
        SELECT r.id, r.list_id
          FROM list_record_phone p
          JOIN list_record r
            ON r.tenant_id = $1
           AND r.id = p.record_id
           AND r.contact_id IS NULL
         WHERE p.tenant_id = $1
           AND p.match_key = ANY ($3::text[])
         ORDER BY 1
        """,
        tenant_id,
        list(contact_ids),
        list(keys),
    )
    return [Link(row["id"], row["list_id"]) for row in rows]


async def campaign_records(tx: Tx, tenant_id: int, record_ids: Sequence[int]) -> list[int]:
    """What campaigns have of these list records. Index: campaign_record_record."""
    rows = await tx.fetch(
        "SELECT id FROM campaign_record WHERE tenant_id = $1 AND record_id = ANY ($2::bigint[])",
        tenant_id,
        list(record_ids),
    )
    return [row["id"] for row in rows]


async def forget_attempts(
    tx: Tx, tenant_id: int, contact_ids: Sequence[int], campaign_record_ids: Sequence[int], keys: Collection[str]
) -> int:
    """Leave of the person's attempts what a campaign counts: when, by whom, and with what outcome; how many.

    Indexes: attempt_contact, attempt_record, attempt_number.
    """
    status = await tx.execute(
        """
        UPDATE attempt
           SET contact_id = NULL,
               phone = '',
               match_key = 't:',
               disposition = '',
               notes = '',
               call_id = ''
         WHERE tenant_id = $1
           AND id = ANY (
                   SELECT id FROM attempt WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[])
                    UNION
                   SELECT id FROM attempt WHERE tenant_id = $1 AND campaign_record_id = ANY ($3::bigint[])
                    UNION
                   SELECT id
                     FROM attempt
                    WHERE tenant_id = $1
                      AND match_key = ANY ($4::text[])
                      AND contact_id IS NULL
               )
        """,
        tenant_id,
        list(contact_ids),
        list(campaign_record_ids),
        list(keys),
    )
    return _count(status)


async def forget_calls(tx: Tx, tenant_id: int, contact_ids: Sequence[int], keys: Collection[str]) -> list[int]:
    """Leave of the person's calls, and of nobody's from the numbers, that there were some; which.

    Indexes: interaction_contact, interaction_unlinked, leg's unique key, call_alias_interaction.
    """
    rows = await tx.fetch(
        """
        SELECT id
          FROM interaction
         WHERE tenant_id = $1
           AND id = ANY (
                   SELECT id FROM interaction WHERE tenant_id = $1 AND contact_id = ANY ($2::bigint[])
                    UNION
                   SELECT id
                     FROM interaction
                    WHERE tenant_id = $1
                      AND match_key = ANY ($3::text[])
                      AND contact_id IS NULL
               )
         ORDER BY id
           FOR UPDATE
        """,
        tenant_id,
        list(contact_ids),
        list(keys),
    )
    ids = [row["id"] for row in rows]
    for statement in _FORGET_CALLS:
        await tx.execute(statement, tenant_id, ids)
    return ids


_FORGET_CALLS = (
    """
    UPDATE interaction
       SET call_id = 'erased-' || id,
           ani = '',
           match_key = 't:',
           contact_id = NULL,
           link = 'hand'
     WHERE tenant_id = $1
       AND id = ANY ($2::bigint[])
    """,
    """
    UPDATE leg
       SET identity = 'erased-' || id,
           call_id = '',
           ivr_trail = '',
           disposition = '',
           wrap_up = '',
           wrap_ups = '[]',
           notes = '',
           submitted = '{}'
     WHERE tenant_id = $1
       AND interaction_id = ANY ($2::bigint[])
    """,
    "DELETE FROM call_alias WHERE tenant_id = $1 AND interaction_id = ANY ($2::bigint[])",
)


async def drop_data_sets(tx: Tx, tenant_id: int, keys: Collection[str]) -> list[int]:
    """Remove the data sets of these numbers; their ids. Index: data_set_match."""
    rows = await tx.fetch(
        "DELETE FROM data_set WHERE tenant_id = $1 AND match_key = ANY ($2::text[]) RETURNING id", tenant_id, list(keys)
    )
    return [row["id"] for row in rows]


async def drop_contacts(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> None:
    """Remove the contacts and whatever they were found by.

    Indexes: contact_phone_contact, contact_merge_kept, contact_merge_merged, contact_pkey.
    """
    for table, column in (
        ("contact_phone", "contact_id"),
        ("contact_search", "contact_id"),
        ("hidden_value", "contact_id"),
        ("contact_merge", "kept_id"),
        ("contact_merge", "merged_id"),
        ("contact", "id"),
    ):
        await tx.execute(
            f"DELETE FROM {table} WHERE tenant_id = $1 AND {column} = ANY ($2::bigint[])", tenant_id, list(contact_ids)
        )


async def drop_keys(tx: Tx, tenant_id: int, keys: Collection[str]) -> None:
    """Remove the places where writers of the person meet, and the hold on numbers that are being called."""
    await tx.execute("DELETE FROM identity_key WHERE tenant_id = $1 AND key = ANY ($2::text[])", tenant_id, list(keys))
    await claimed_numbers.forget(tx, tenant_id, keys)


async def suppress(tx: Tx, tenant_id: int, list_id: int, hashed: Mapping[MatchKey, str]) -> int:
    """Take numbers (by match key) off all do-not-call lists, and bar what stands for each; how many entries went.

    What was barred in both directions stays barred in both. Index: dnc_entry_key.
    """
    gone = await tx.fetch(
        "DELETE FROM dnc_entry WHERE tenant_id = $1 AND key = ANY ($2::text[]) RETURNING key, kind",
        tenant_id,
        list(hashed),
    )
    both = {row["key"] for row in gone if row["kind"]}
    await tx.execute(
        """
        INSERT INTO dnc_entry (tenant_id, list_id, key, raw, added_at, kind)
        SELECT $1, $2, k.key, '', ringbook_now($1), k.kind
          FROM unnest($3::text[], $4::text[]) AS k (key, kind)
         ORDER BY k.key
        ON CONFLICT (tenant_id, list_id, key) DO NOTHING
        """,
        tenant_id,
        list_id,
        list(hashed.values()),
        ["both" if key in both else "" for key in hashed],
    )
    return len(gone)


# ---- Copies: the journal, events, and what else repeats what was said


async def blank_journal(tx: Tx, tenant_id: int, entity: str, ids: Collection[int]) -> int:
    """Leave of these entities' changes who made them and when; how many. Index: change_of."""
    status = await tx.execute(
        """
        UPDATE change
           SET before = NULL,
               after = NULL
         WHERE tenant_id = $1
           AND entity = $2
           AND entity_id = ANY ($3::bigint[])
           AND (before IS NOT NULL OR after IS NOT NULL)
        """,
        tenant_id,
        entity,
        list(ids),
    )
    return _count(status)


class Told(NamedTuple):
    """An entry of the journal: `gone` says that its list record is not there any more."""

    id: int
    entity: str
    before: Any
    after: Any
    gone: bool


# $2 has the digits of numbers' ends with anything between them, which is fast to ask and seldom met by chance; $3 has
# the ends, and $4 addresses in lower case.
_MENTIONS = """
   (({text} LIKE ANY ($2::text[]) AND translate({text}, E' \\t\\u00a0-()./+_~*#,', '') LIKE ANY ($3::text[]))
 OR (cardinality($4::text[]) > 0 AND {text} ILIKE ANY ($4::text[])))
"""


def _patterns(traces: Traces) -> tuple[list[str], list[str], list[str]]:
    """What finds all texts with a trace, and some others."""
    tails, emails = traces.tails, traces.folded_emails
    return [f"%{'%'.join(tail)}%" for tail in tails], [f"%{tail}%" for tail in tails], [f"%{one}%" for one in emails]


async def mentions(tx: Tx, tenant_id: int, traces: Traces, after: int) -> tuple[list[Told], int | None]:
    """The entries of the next part of the journal that may mention the person, and where the part after it begins.

    There is no index for it: the journal is read from its first entry to its last. Index: change_pkey.
    """
    last: int | None = await tx.fetchval(
        """
        SELECT max(id)
          FROM (SELECT id FROM change WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS part
        """,
        tenant_id,
        after,
        _SLICE,
    )
    if last is None:
        return [], None
    rows = await tx.fetch(
        f"""
        SELECT c.id, c.entity, c.before, c.after,
               c.entity = 'list_record'
               AND NOT EXISTS (SELECT FROM list_record r WHERE r.tenant_id = $1 AND r.id = c.entity_id) AS gone
          FROM change c
         CROSS JOIN LATERAL (SELECT concat(c.before::text, ' | ', c.after::text)) AS said (text)
         WHERE c.tenant_id = $1
           AND c.id > $5
           AND c.id <= $6
           AND {_MENTIONS.format(text="said.text")}
        """,
        tenant_id,
        *_patterns(traces),
        after,
        last,
    )
    return [_told(row) for row in rows], last


async def of_contacts(tx: Tx, tenant_id: int, contact_ids: Sequence[int]) -> list[Told]:
    """All changes of these contacts. Index: change_of."""
    rows = await tx.fetch(
        """
        SELECT id, entity, before, after, false AS gone
          FROM change
         WHERE tenant_id = $1
           AND entity = 'contact'
           AND entity_id = ANY ($2::bigint[])
        """,
        tenant_id,
        list(contact_ids),
    )
    return [_told(row) for row in rows]


async def put_journal(tx: Tx, tenant_id: int, changes: Iterable[tuple[int, Any, Any]]) -> None:
    """Write before and after of entries anew."""
    await tx.executemany(
        "UPDATE change SET before = $3::json, after = $4::json WHERE tenant_id = $1 AND id = $2",
        [(tenant_id, id_, _json(before), _json(after)) for id_, before, after in changes],
    )


COPIES: Mapping[str, str] = {
    "event": "concat(data::text, ' ', match_key)",
    "exchange": "concat(target, ' ', asked, ' ', answered)",
    "import_refusal": "content::text",
    "import_removed": "content::text",
    "saved_filter": "query",
    "webhook_delivery": "concat(subject, ' ', error)",
}
"""Tables whose rows repeat what was said, and the text that does."""


async def drop_copies(tx: Tx, tenant_id: int, traces: Traces, contact_ids: Sequence[int]) -> int:
    """Remove rows that repeat what was said of the person: events, exchanges, rows of imports; how many."""
    status = await tx.execute(
        "DELETE FROM event WHERE tenant_id = $1 AND contact_ids && $2::bigint[]", tenant_id, list(contact_ids)
    )
    gone = _count(status)
    for table, text in COPIES.items():
        rows = await tx.fetch(
            f"""
            SELECT {table}.ctid, said.text
              FROM {table}
             CROSS JOIN LATERAL (SELECT {text}) AS said (text)
             WHERE tenant_id = $1
               AND {_MENTIONS.format(text="said.text")}
               FOR UPDATE OF {table}
            """,
            tenant_id,
            *_patterns(traces),
        )
        places = [row["ctid"] for row in rows if traces.are_in(row["text"])]
        if places:
            await tx.execute(f"DELETE FROM {table} WHERE ctid = ANY ($1::tid[])", places)
        gone += len(places)
    return gone


def _told(row: asyncpg.Record) -> Told:
    return Told(row["id"], row["entity"], _value(row["before"]), _value(row["after"]), row["gone"])


def _value(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def _json(value: Any) -> str | None:
    return None if value is None else json_text(value)


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])

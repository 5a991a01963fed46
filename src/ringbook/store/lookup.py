"""The statement behind a ringing phone: everything about a number in one round trip, over indexes alone."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from ringbook.domain.caller import (
    MOST,
    Caller,
    FoundCampaignRecord,
    FoundContact,
    FoundDataSet,
    FoundInteraction,
    FoundLeg,
    FoundPhone,
    How,
    MatchedBy,
    Named,
)
from ringbook.domain.campaign import status_of
from ringbook.domain.phone import Phone
from ringbook.store.lanes import HotStatement, Rows

_CONTACT, _PHONE, _DATA_SET, _CAMPAIGN_RECORD, _INTERACTION = range(1, 6)

# One row a fact; `kind` says which, and the other columns are shared between kinds. 21 of a kind tell "more than 20".
#
# Of a person's list records, the newest thousand are looked at: one in a daily list of three years ago is not open.
#
# Every step is a LATERAL with a LIMIT, which PostgreSQL neither reorders nor turns around: the plan is the text, index
# after index, also on the first day, when the tables are small and their statistics say nothing.
#
# The expiry of data sets is what live_data_set says, with the time read once instead of for each row.
#
# Indexes: contact_phone_pkey, contact_pkey, contact_phone_contact, data_set_match, list_record_contact,
# list_record_phone_match, campaign_record_record, interaction_contact, interaction_unlinked, leg's unique key.
BY_NUMBER = HotStatement(
    "by number",
    """
WITH asked AS MATERIALIZED (
    SELECT key, n::int AS n
      FROM unnest($2::text[]) WITH ORDINALITY AS a (key, n)
), person AS MATERIALIZED (
    SELECT a.n, c.id, c.attributes, c.updated_at
      FROM asked a
     CROSS JOIN LATERAL (
            SELECT DISTINCT p.contact_id
              FROM contact_phone p
             WHERE p.tenant_id = $1
               AND p.match_key = a.key
             ORDER BY p.contact_id DESC
             LIMIT 21
           ) p
     CROSS JOIN LATERAL (
            SELECT c.id, c.attributes::text AS attributes, c.updated_at
              FROM live_contact c
             WHERE c.tenant_id = $1
               AND c.id = p.contact_id
             LIMIT 1
           ) c
), listed AS (
    SELECT p.n, r.id
      FROM person p
     CROSS JOIN LATERAL (
            SELECT r.id
              FROM list_record r
             WHERE r.tenant_id = $1
               AND r.contact_id = p.id
             ORDER BY r.id DESC
             LIMIT 1000
           ) r
     UNION ALL
    SELECT a.n, r.id
      FROM asked a
     CROSS JOIN LATERAL (
            SELECT f.record_id
              FROM list_record_phone f
             WHERE f.tenant_id = $1
               AND f.match_key = a.key
             ORDER BY f.record_id DESC
             LIMIT 1000
           ) f
     CROSS JOIN LATERAL (
            SELECT r.id
              FROM list_record r
             WHERE r.tenant_id = $1
               AND r.id = f.record_id
               AND r.contact_id IS NULL
             LIMIT 1
           ) r
), called AS (
    SELECT p.n, i.id, i.call_id, i.started_at
      FROM person p
     CROSS JOIN LATERAL (
            SELECT i.id, i.call_id, i.started_at
              FROM interaction i
             WHERE i.tenant_id = $1
               AND i.contact_id = p.id
             ORDER BY i.started_at DESC, i.id DESC
             LIMIT 21
           ) i
     UNION ALL
    SELECT a.n, i.id, i.call_id, i.started_at
      FROM asked a
     CROSS JOIN LATERAL (
            SELECT i.id, i.call_id, i.started_at
              FROM interaction i
             WHERE i.tenant_id = $1
               AND i.match_key = a.key
               AND i.contact_id IS NULL
             ORDER BY i.started_at DESC, i.id DESC
             LIMIT 21
           ) i
)
SELECT n, 1 AS kind, id, 0::bigint AS of, attributes AS t1, NULL AS t2, NULL AS t3, NULL AS t4, NULL AS t5, NULL AS t6,
       NULL AS t7, NULL AS t8, NULL AS t9, updated_at AS at, NULL::timestamptz AS at2, NULL::int AS i
  FROM person
 UNION ALL
SELECT p.n, 2, 0, p.id, f.raw, f.e164, f.source, f.match_key, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM person p
 CROSS JOIN LATERAL (
        SELECT f.raw, f.e164, f.source, f.match_key
          FROM contact_phone f
         WHERE f.tenant_id = $1
           AND f.contact_id = p.id
         LIMIT 100
       ) f
 UNION ALL
SELECT a.n, 3, d.id, 0, t.name, d.number, d.data_values, NULL, NULL, NULL, NULL, NULL, NULL, d.expires_at, NULL, d.ecbt
  FROM asked a
 CROSS JOIN LATERAL (
        SELECT d.id, d.template_id, d.number, d.data_values::text AS data_values, d.expires_at, d.ecbt
          FROM data_set d
         WHERE d.tenant_id = $1
           AND d.match_key = a.key
           AND d.expires_at > (SELECT ringbook_now($1))
         LIMIT 21
       ) d
 CROSS JOIN LATERAL (
        SELECT t.name
          FROM template t
         WHERE t.tenant_id = $1
           AND t.id = d.template_id
         LIMIT 1
       ) t
 UNION ALL
SELECT r.n, 4, c.id, c.campaign_id, k.name, l.name, c.list_id::text, NULL, NULL, NULL, NULL, NULL, NULL, c.next_try_at,
       c.changed_at, c.tries
  FROM listed r
 CROSS JOIN LATERAL (
        SELECT c.id, c.campaign_id, c.list_id, c.next_try_at, c.changed_at, c.tries
          FROM live_campaign_record c
         WHERE c.tenant_id = $1
           AND c.record_id = r.id
           AND c.completed_at IS NULL
         LIMIT 21
       ) c
 CROSS JOIN LATERAL (
        SELECT k.name
          FROM campaign k
         WHERE k.tenant_id = $1
           AND k.id = c.campaign_id
         LIMIT 1
       ) k
 CROSS JOIN LATERAL (
        SELECT l.name
          FROM calling_list l
         WHERE l.tenant_id = $1
           AND l.id = c.list_id
         LIMIT 1
       ) l
 UNION ALL
SELECT i.n, 5, i.id, COALESCE(g.id, 0), i.call_id, g.actor, g.direction, g.agent, g.team, g.queue, g.ivr_trail,
       g.disposition || E'\\x1f' || g.wrap_up, g.outcome, i.started_at, g.started_at, g.duration_seconds
  FROM called i
  LEFT JOIN LATERAL (
        SELECT g.*
          FROM leg g
         WHERE g.tenant_id = $1
           AND g.interaction_id = i.id
           AND NOT g.supervision
         LIMIT 100
       ) g
    ON true
""",
)


def caller_of(phone: Phone, rows: Rows) -> Caller:
    """The answer that the statement's rows for one number make."""
    caller = Caller(number=phone.e164 or phone.raw)
    if not rows:
        return caller
    kinds: dict[int, Rows] = {}
    for row in rows:
        kinds.setdefault(row[1], []).append(row)
    if _CONTACT in kinds:
        caller.contacts = _contacts(phone, kinds[_CONTACT], kinds.get(_PHONE, []))
    if _DATA_SET in kinds:
        found = sorted(kinds[_DATA_SET], key=itemgetter("at"))
        caller.data_sets = [FoundDataSet(r["t1"], r["t2"], _raw(r["t3"]), r["at"], r["i"]) for r in found]
    if _CAMPAIGN_RECORD in kinds:
        caller.campaign_records = _campaign_records(kinds[_CAMPAIGN_RECORD])
    if _INTERACTION in kinds:
        caller.interactions = _interactions(kinds[_INTERACTION])
    for items in (caller.contacts, caller.data_sets, caller.campaign_records, caller.interactions):
        if len(items) > MOST:
            caller.more = True
            del items[MOST:]
    return caller


def _contacts(phone: Phone, contacts: Rows, phones: Rows) -> list[FoundContact]:
    of: dict[int, Rows] = {}
    for row in phones:
        of.setdefault(row[3], []).append(row)
    if len(contacts) > 1:
        contacts = sorted(contacts, key=itemgetter("at", "id"), reverse=True)
    return [
        FoundContact(
            id=row[2],
            attributes=_raw(row[4]),
            phones=[FoundPhone(f[4], f[5], f[6]) for f in of.get(row[2], ())],
            matched_by=[
                MatchedBy(f[4], f[6], _how(phone, f[5])) for f in of.get(row[2], ()) if f[7] == phone.match_key
            ],
        )
        for row in contacts
    ]


def _how(asked: Phone, stored_e164: str | None) -> How:
    if asked.e164 is not None and stored_e164 == asked.e164:
        return "same number"
    return "same digits" if asked.match_key.startswith(("d:", "t:")) else "numbering-plan twin"


def _campaign_records(rows: Rows) -> list[FoundCampaignRecord]:
    # A record with two of the asked numbers comes twice.
    latest = {row["id"]: row for row in sorted(rows, key=itemgetter("at2", "id"))}
    return [
        FoundCampaignRecord(
            id=row["id"],
            campaign=Named(row["of"], row["t1"]),
            list=Named(int(row["t3"]), row["t2"]),
            status=status_of(row["i"], completed=False),
            tries=row["i"],
            next_try_at=row["at"],
        )
        for row in reversed(latest.values())
    ]


def _interactions(rows: Rows) -> list[FoundInteraction]:
    found: dict[int, tuple[FoundInteraction, list[tuple[Any, ...]]]] = {}
    for row in rows:
        entry = found.setdefault(row["id"], (FoundInteraction(row["t1"], row["at"], []), []))
        if row["of"]:
            entry[1].append((row["at2"] or row["at"], row["of"], _leg(row)))
    for interaction, legs in found.values():
        interaction.legs.extend(leg for *_, leg in sorted(legs, key=itemgetter(0, 1)))
    return sorted((interaction for interaction, _ in found.values()), key=attrgetter("started_at"), reverse=True)


def _leg(row: Any) -> FoundLeg:
    disposition, _, wrap_up = row["t8"].partition("\x1f")
    return FoundLeg(
        actor=row["t2"],
        direction=row["t3"],
        agent=row["t4"],
        team=row["t5"],
        queue=row["t6"],
        started_at=row["at2"],
        duration_seconds=row["i"],
        ivr_trail=row["t7"],
        disposition=disposition,
        outcome=row["t9"],
        wrap_up=wrap_up,
    )


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


HOT: Sequence[HotStatement] = (BY_NUMBER,)

"""The statements behind a telephone system's question: who is this, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from ringbook.domain.caller_name import NO_ROUTING, NamedCaller, Routing
from ringbook.store.do_not_call import MOST_LISTS
from ringbook.store.lanes import HotStatement, Rows

_YES = frozenset({"1", "true", "yes"})

# Who has a number, by scope (tenant), as names alone: 21 tell "more than 20".
# Indexes: contact_phone_pkey, contact_pkey.
NAMES = HotStatement(
    "caller names",
    """
SELECT q.n::int AS n, c.id, c.created_second, c.first_name, c.last_name, c.company, c.vip, c.updated_at
  FROM unnest($2::text[]) WITH ORDINALITY AS q (key, n)
 CROSS JOIN LATERAL (
        SELECT DISTINCT p.contact_id
          FROM contact_phone p
         WHERE p.tenant_id = $1
           AND p.match_key = q.key
         ORDER BY p.contact_id DESC
         LIMIT 21
       ) p
 CROSS JOIN LATERAL (
        SELECT c.id, c.created_second, c.attributes ->> 'first_name' AS first_name,
               c.attributes ->> 'last_name' AS last_name, c.attributes ->> 'company' AS company,
               c.attributes ->> 'vip' AS vip, c.updated_at
          FROM live_contact c
         WHERE c.tenant_id = $1
           AND c.id = p.contact_id
         LIMIT 1
       ) c
""",
)

# What a dial plan decides by, by scope (tenant, contact) and the number's match keys, joined by E'\x1f'.
# The last twenty calls are looked at.
# Indexes: interaction_contact, leg's unique key, dnc_entry_key.
ROUTING = HotStatement(
    "routing",
    f"""
SELECT q.n::int AS n, COALESCE(a.agent, '') AS agent,
       EXISTS (SELECT 1
                 FROM unnest(string_to_array(q.key, E'\\x1f')) AS m (match_key)
                CROSS JOIN LATERAL (
                       SELECT e.list_id
                         FROM live_dnc_entry e
                        WHERE e.tenant_id = $1
                          AND e.key = m.match_key
                          AND e.kind <> 'inbound'
                        LIMIT {MOST_LISTS}
                      ) e
                WHERE NOT EXISTS (SELECT 1
                                    FROM dnc_binding b
                                   WHERE b.tenant_id = $1
                                     AND b.list_id = e.list_id)) AS barred
  FROM unnest($3::text[]) WITH ORDINALITY AS q (key, n)
  LEFT JOIN LATERAL (
        SELECT g.agent
          FROM (SELECT i.id, i.started_at
                  FROM interaction i
                 WHERE i.tenant_id = $1
                   AND i.contact_id = $2::bigint
                 ORDER BY i.started_at DESC, i.id DESC
                 LIMIT 20) i
         CROSS JOIN LATERAL (
                SELECT g.id, g.agent, g.started_at
                  FROM leg g
                 WHERE g.tenant_id = $1
                   AND g.interaction_id = i.id
                   AND g.agent <> ''
                   AND NOT g.supervision
                 LIMIT 100
               ) g
         ORDER BY i.started_at DESC, i.id DESC, g.started_at DESC NULLS LAST, g.id DESC
         LIMIT 1
       ) a
    ON true
""",
)

HOT: Sequence[HotStatement] = (NAMES, ROUTING)


def callers_of(rows: Rows) -> list[NamedCaller]:
    """Those who have the number: who has a name before who has none, the most recently written first."""
    if len(rows) > 1:
        rows = sorted(rows, key=itemgetter("updated_at", "id"), reverse=True)
    callers = [
        NamedCaller(row[1], row[2], row[3] or "", row[4] or "", row[5] or "", (row[6] or "").casefold() in _YES)
        for row in rows
    ]
    return sorted(callers, key=lambda caller: not caller.name)


def routing_of(rows: Rows) -> Routing:
    return Routing(rows[0][1], rows[0][2]) if rows else NO_ROUTING

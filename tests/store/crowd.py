"""Some thousand rows in every table that a hot statement reads: enough that a scan is never the cheaper way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringbook.domain.access import Tenant

if TYPE_CHECKING:
    from ringbook.store.database import Tx

ROWS = 2500
STRANGERS = 1
"""Other tenants with as many rows each."""

# $1 is a tenant; `n` runs from 1 to ROWS, and ids are far from those of the sequence.
_FILL = """
CREATE TEMPORARY TABLE crowd AS
    SELECT t AS tenant_id, 1000000000000 + t * 100000 + n AS id, n, '+1330' || lpad((n % 1500)::text, 7, '0') AS key
      FROM unnest($1::bigint[]) AS t, generate_series(1, $2::int) AS n
"""
_TABLES = (
    """
    INSERT INTO contact (tenant_id, id, created_second, attributes, created_at, updated_at)
    SELECT tenant_id, id, 1700000000 + n, '{}', now(), now() FROM crowd
    """,
    """
    INSERT INTO contact_phone (tenant_id, match_key, contact_id, source_id, source, raw, digits)
    SELECT tenant_id, key, id, 0, 'phone1', key, key FROM crowd
    """,
    """
    INSERT INTO contact_search (tenant_id, attribute_id, folded, contact_id)
    SELECT tenant_id, n % 5, 'value ' || n, id FROM crowd
    """,
    """
    INSERT INTO data_set (tenant_id, template_id, number, match_key, ani, data_values, submitted_at, expires_at)
    SELECT tenant_id, n % 3, key || n, key, key, '{}', now(), now() + interval '1 day' FROM crowd
    """,
    """
    INSERT INTO list_record (tenant_id, id, list_id, position, fields, key_text, key_submitted, unique_keys,
                             customer_id, external_id, contact_id, link, created_at, updated_at)
    SELECT tenant_id, id, n % 4, n, '{}', 'key ' || n, 'sent ' || n, n % 2 = 0, 'c' || n, 'x' || n,
           CASE WHEN n % 10 > 0 THEN id END, 'created', now(), now()
      FROM crowd
    """,
    """
    INSERT INTO list_record_phone (tenant_id, record_id, slot, field, match_key, raw, digits)
    SELECT tenant_id, id, 1, 'Phone', key, key, key FROM crowd
    """,
    """
    INSERT INTO campaign_record (tenant_id, id, campaign_id, list_id, record_id, created_at, changed_at,
                                 last_attempt_at, completed_at, told_at)
    SELECT tenant_id, id + 50000, n % 5, n % 4, id, now(), now(), CASE WHEN n % 2 = 0 THEN now() END,
           CASE WHEN n % 3 = 0 THEN now() END, CASE WHEN n % 6 IN (0, 2, 3, 4) THEN now() END
      FROM crowd
    """,
    """
    INSERT INTO interaction (tenant_id, id, call_id, ani, match_key, contact_id, link, started_at, created_at)
    SELECT tenant_id, id, 'call ' || n, key, key, CASE WHEN n % 3 > 0 THEN id END, 'phone', now(), now() FROM crowd
    """,
    """
    INSERT INTO leg (tenant_id, id, created_second, interaction_id, identity, actor, direction, created_at, updated_at)
    SELECT tenant_id, id, 1700000000, id, 'leg', 'AGENT', 'INBOUND', now(), now() FROM crowd
    """,
    """
    INSERT INTO attempt (tenant_id, id, campaign_id, campaign_record_id, record_id, phone, match_key, started_at,
                         outcome, disposition, final, agent, call_id, notes, created_at, contact_id)
    SELECT tenant_id, id, n % 5, id + 50000, id, key, key, now(), 'busy', '', false, '', '', '', now(),
           CASE WHEN n % 10 > 0 THEN id END
      FROM crowd
    """,
    """
    INSERT INTO change (tenant_id, id, at, actor, dialect, entity, entity_id, xact)
    SELECT tenant_id, id, now(), 'crowd', 'native', CASE n % 2 WHEN 0 THEN 'contact' ELSE 'list_record' END, id - n % 7,
           n::text::xid8
      FROM crowd
    """,
    """
    INSERT INTO event (tenant_id, id, at, actor, dialect, type, agent, contact_ids, match_key, data, xact)
    SELECT tenant_id, id + 50000, now(), 'crowd', 'native', 'pop', '', '{}', key, '{}', n::text::xid8 FROM crowd
    """,
    """
    INSERT INTO event_batch (tenant_id, number, since, until, above, highest, cluster, at)
    SELECT tenant_id, n, format('%s:%s:', n, n)::pg_snapshot, format('%s:%s:', n + 1, n + 1)::pg_snapshot, 0, id,
           (SELECT system_identifier FROM pg_control_system()), now()
      FROM crowd
    """,
    """
    INSERT INTO webhook (tenant_id, id, url, types, agent, secret, enabled, batch, event_id, created_at)
    SELECT $1, 1000000000001, '', '{}', '', '', true, 1, 1, now()
    """,
    """
    INSERT INTO webhook_delivery (tenant_id, webhook_id, batch, event_id, subject, type, state, next_try_at)
    SELECT $1, 1000000000001, n, id, 'contact ' || n, 'pop', CASE n % 10 WHEN 0 THEN 'waiting' WHEN 1 THEN 'dead'
           ELSE 'delivered' END, now()
      FROM crowd
     WHERE tenant_id = $1
    """,
    """
    INSERT INTO contact_merge (tenant_id, id, kept_id, merged_id, evidence, merged_at)
    SELECT tenant_id, id, id - n % 3, id, '{}', now() FROM crowd
    """,
    """
    INSERT INTO hidden_value (tenant_id, attribute_id, contact_id, value)
    SELECT tenant_id, n % 5, id, '1' FROM crowd
    """,
    """
    INSERT INTO dnc_entry (tenant_id, list_id, key, raw, added_at)
    SELECT tenant_id, n % 3, key || n, key, now() FROM crowd
    """,
    """
    INSERT INTO identity_key (tenant_id, key) SELECT tenant_id, key || n FROM crowd
    """,
    """
    INSERT INTO app_user (tenant_id, id, login, role, created_at)
    SELECT $1, id, 'login ' || id, 'agent', now() FROM crowd
    """,
    """
    INSERT INTO credential (digest, dialect, tenant_id, name, created_at)
    SELECT sha256(('crowd ' || id)::bytea), 'native', $1, 'crowd ' || id, now() FROM crowd
    """,
)
LARGE = (
    "contact",
    "contact_phone",
    "contact_search",
    "contact_merge",
    "hidden_value",
    "data_set",
    "list_record",
    "list_record_phone",
    "campaign_record",
    "interaction",
    "leg",
    "attempt",
    "change",
    "event",
    "event_batch",
    "webhook_delivery",
    "dnc_entry",
    "identity_key",
    "app_user",
    "credential",
)
"""The tables that no hot statement may scan."""


async def gather_crowd(tx: Tx, tenant: Tenant) -> None:
    """Fill the tables for this tenant and some strangers, and let PostgreSQL count."""
    tenants = [tenant.id, *(10_000_000 + tenant.id * 10 + n for n in range(STRANGERS))]
    await tx.execute(_FILL, tenants, ROWS)
    for statement in _TABLES:
        await tx.execute(statement, *([tenant.id] if "$1" in statement else []))
    await tx.execute("DROP TABLE crowd")
    await tx.execute(f"ANALYZE {', '.join(LARGE)}")

"""Keys as they are stored: hashes of their secrets, what they may, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from ringbook.domain.access import Credential, Tenant
from ringbook.domain.dataset import Template
from ringbook.domain.page import fits
from ringbook.domain.problems import Conflict, Missing
from ringbook.store.directory import tenant_of
from ringbook.store.lanes import HotStatement, Rows

if TYPE_CHECKING:
    from ringbook.store.database import Tx

_CREDENTIAL = "id, tenant_id, dialect, name, scopes, created_at, template_id, per_second, expires_at"


# Who may come in, by scope (dialect) and digest: on the lanes, so that no crowd of writers keeps callers at the door.
# Indexes: credential_pkey, former_secret_pkey.
BY_DIGEST = HotStatement(
    "credential",
    f"""
    SELECT a.n::int, c.id, c.tenant_id, c.dialect, c.name, c.scopes, c.created_at, c.template_id, c.per_second,
           c.expires_at, t.guid, t.slug, t.name AS tenant_name, t.region, t.time_zone, t.switches,
           t.jtel_clients_id, t.wolkvox_licences, t.cim, t.cim_anonymous_networks, m.guid AS template_guid,
           m.name AS template_name, m.retention_seconds, m.data_keys
      FROM unnest($2::text[]) WITH ORDINALITY AS a (digest, n)
     CROSS JOIN LATERAL (
            SELECT {_CREDENTIAL}
              FROM live_credential
             WHERE digest = decode(a.digest, 'hex')
               AND dialect = $1
             UNION ALL
            SELECT {_CREDENTIAL}
              FROM live_former_secret
             WHERE digest = decode(a.digest, 'hex')
               AND dialect = $1
           ) c
      JOIN tenant t
        ON t.id = c.tenant_id
      LEFT JOIN template m
        ON m.tenant_id = c.tenant_id
       AND m.id = c.template_id
    """,
)

HOT: Sequence[HotStatement] = (BY_DIGEST,)


def admission_of(rows: Rows) -> tuple[Credential, Tenant, Template | None] | None:
    """The live credential, its tenant and, if it is bound to one, its template; None where there is none."""
    if not rows:
        return None
    row = rows[0]
    tenant = tenant_of({**row, "id": row["tenant_id"], "name": row["tenant_name"]})
    template = None
    if row["template_guid"] is not None:
        template = Template(
            row["template_id"],
            row["template_guid"],
            row["template_name"],
            row["retention_seconds"],
            tuple(row["data_keys"]),
        )
    return _credential(row), tenant, template


async def live(tx: Tx, tenant_id: int) -> list[Credential]:
    rows = await tx.fetch(f"SELECT {_CREDENTIAL} FROM live_credential WHERE tenant_id = $1 ORDER BY id", tenant_id)
    return [_credential(row) for row in rows]


async def add(
    tx: Tx,
    tenant_id: int,
    digest: bytes,
    *,
    dialect: str,
    name: str,
    scopes: Sequence[str] = (),
    template_id: int | None = None,
    per_second: int | None = None,
    expires_at: datetime | None = None,
) -> Credential:
    """A new key; Conflict if a key of the dialect has its name, or any tenant's has or had its secret."""
    # A revoked credential's row keeps its digest, so that its secret never comes to life again by chance.
    row = await tx.fetchrow(
        f"""
        INSERT INTO credential (digest, dialect, tenant_id, name, scopes, template_id, per_second, created_at,
                                expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, ringbook_now($3), $8)
        RETURNING {_CREDENTIAL}
        """,
        digest,
        dialect,
        tenant_id,
        name,
        list(scopes),
        template_id,
        per_second,
        expires_at,
    )
    assert row is not None
    # Asked afterwards: who gives a key another secret right now was waited for, and is seen.
    if await tx.fetchval(
        "SELECT EXISTS (SELECT FROM former_secret WHERE digest = $1 AND dialect = $2)", digest, dialect
    ):
        raise Conflict("This secret is in use by another key.")
    return _credential(row)


async def get(tx: Tx, tenant_id: int, credential_id: int, *, for_update: bool = False) -> Credential:
    """The live key of this id. Index: credential_id_key."""
    lock = "FOR UPDATE" if for_update else ""
    row = None
    if fits(credential_id):
        row = await tx.fetchrow(
            f"SELECT {_CREDENTIAL} FROM live_credential WHERE id = $2 AND tenant_id = $1 {lock}",
            tenant_id,
            credential_id,
        )
    if row is None:
        raise Missing
    return _credential(row)


async def page(tx: Tx, tenant_id: int, after: int, limit: int) -> list[Credential]:
    """Live keys with ids above `after`, in the order they were made. Index: credential_of."""
    rows = await tx.fetch(
        f"SELECT {_CREDENTIAL} FROM live_credential WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        tenant_id,
        after,
        limit,
    )
    return [_credential(row) for row in rows]


async def replace_secret(tx: Tx, credential: Credential, digest: bytes, seconds: float) -> datetime:
    """Give a key another secret; when the one before it ends, which goes on opening for so many seconds.

    The caller holds the key. Conflict if any tenant's key has or had the new secret.
    """
    ends_at: datetime = await tx.fetchval(
        """
        INSERT INTO former_secret (digest, dialect, tenant_id, credential_id, ends_at)
        SELECT digest, dialect, tenant_id, id, ringbook_now(tenant_id) + make_interval(secs => $2)
          FROM credential
         WHERE id = $1
        RETURNING ends_at
        """,
        credential.id,
        seconds,
    )
    await tx.execute("UPDATE credential SET digest = $2 WHERE id = $1", credential.id, digest)
    return ends_at


async def revoke(tx: Tx, tenant_id: int, credential_id: int) -> Credential:
    if not fits(credential_id):
        raise Missing
    row = await tx.fetchrow(
        f"""
        UPDATE credential
           SET revoked_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND id = $2
           AND revoked_at IS NULL
        RETURNING {_CREDENTIAL}
        """,
        tenant_id,
        credential_id,
    )
    if row is None:
        raise Missing
    return _credential(row)


async def put_grants(
    tx: Tx, tenant_id: int, credential_id: int, scopes: Sequence[str], per_second: int | None
) -> Credential:
    """The credential with these scopes and this limit."""
    row = await tx.fetchrow(
        f"""
        UPDATE credential
           SET scopes = $3,
               per_second = $4
         WHERE tenant_id = $1
           AND id = $2
        RETURNING {_CREDENTIAL}
        """,
        tenant_id,
        credential_id,
        list(scopes),
        per_second,
    )
    if row is None:
        raise Missing
    return _credential(row)


async def has_secret(tx: Tx, credential_id: int, digest: bytes, dialect: str) -> bool:
    """Whether this is a secret of the credential. Indexes: credential_pkey, former_secret_pkey."""
    found: int | None = await tx.fetchval(
        """
        SELECT id FROM live_credential WHERE digest = $1 AND dialect = $2
         UNION ALL
        SELECT id FROM live_former_secret WHERE digest = $1 AND dialect = $2
        """,
        digest,
        dialect,
    )
    return found == credential_id


async def make_way(tx: Tx, tenant_id: int, digest: bytes, dialect: str, name: str) -> None:
    """Let the owner of an ended credential set its secret again, and use the name of one that has expired."""
    await tx.execute(
        """
        UPDATE credential
           SET revoked_at = expires_at
         WHERE tenant_id = $1
           AND dialect = $3
           AND (digest = $2 OR name = $4)
           AND revoked_at IS NULL
           AND expires_at <= ringbook_now($1)
        """,
        tenant_id,
        digest,
        dialect,
        name,
    )
    await tx.execute(
        "DELETE FROM credential WHERE tenant_id = $1 AND digest = $2 AND dialect = $3 AND revoked_at IS NOT NULL",
        tenant_id,
        digest,
        dialect,
    )
    await tx.execute(
        """
        DELETE FROM former_secret f
         WHERE f.tenant_id = $1
           AND f.digest = $2
           AND f.dialect = $3
           AND NOT EXISTS (SELECT FROM live_former_secret s WHERE s.digest = f.digest AND s.dialect = f.dialect)
        """,
        tenant_id,
        digest,
        dialect,
    )


def _credential(row: asyncpg.Record) -> Credential:
    return Credential(
        id=row["id"],
        tenant_id=row["tenant_id"],
        dialect=row["dialect"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        created_at=row["created_at"],
        template_id=row["template_id"],
        per_second=row["per_second"],
        expires_at=row["expires_at"],
    )

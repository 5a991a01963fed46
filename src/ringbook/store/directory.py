"""Tenants and their users, global and small, and read through caches. Their keys are in credentials.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from ringbook.domain.access import Tenant, User
from ringbook.domain.problems import Missing
from ringbook.store.json_text import json_text
from ringbook.store.lanes import HotStatement, Rows

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a workspace file says of a tenant."""

    slug: str
    name: str
    region: str
    time_zone: str
    jtel_clients_id: int | None = None
    wolkvox_licences: int | None = None
    cim: bool = False
    cim_anonymous_networks: tuple[str, ...] = ()
    switches: dict[str, Any] = {}


_TENANT = (
    "id, guid, slug, name, region, time_zone, switches, jtel_clients_id, wolkvox_licences, cim, cim_anonymous_networks"
)


async def put_tenant(tx: Tx, settings: TenantSettings) -> tuple[Tenant, TenantSettings | None]:
    """Create or update the tenant of this slug; the tenant, and its settings before (None: it is new)."""
    before = await settings_of(tx, settings.slug)
    row = await tx.fetchrow(
        f"""
        INSERT INTO tenant (slug, name, region, time_zone, jtel_clients_id, wolkvox_licences, cim,
                            cim_anonymous_networks, switches)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json)
        ON CONFLICT (slug) DO UPDATE
           SET name = excluded.name,
               region = excluded.region,
               time_zone = excluded.time_zone,
               jtel_clients_id = excluded.jtel_clients_id,
               wolkvox_licences = excluded.wolkvox_licences,
               cim = excluded.cim,
               cim_anonymous_networks = excluded.cim_anonymous_networks,
               switches = excluded.switches
        RETURNING {_TENANT}
        """,
        settings.slug,
        settings.name,
        settings.region,
        settings.time_zone,
        settings.jtel_clients_id,
        settings.wolkvox_licences,
        settings.cim,
        settings.cim_anonymous_networks,
        json_text(settings.switches),
    )
    assert row is not None
    return tenant_of(row), before


async def settings_of(tx: Tx, slug: str) -> TenantSettings | None:
    row = await tx.fetchrow(
        """
        SELECT slug, name, region, time_zone, jtel_clients_id, wolkvox_licences, cim, cim_anonymous_networks, switches
          FROM tenant
         WHERE slug = $1
        """,
        slug,
    )
    if row is None:
        return None
    facts = dict(row) | {
        "cim_anonymous_networks": tuple(row["cim_anonymous_networks"]),
        "switches": msgspec.json.decode(row["switches"]),
    }
    return TenantSettings(**facts)


async def tenant(tx: Tx, tenant_id: int) -> Tenant:
    row = await tx.fetchrow(f"SELECT {_TENANT} FROM tenant WHERE id = $1", tenant_id)
    if row is None:
        raise Missing
    return tenant_of(row)


async def tenant_by_slug(tx: Tx, slug: str) -> Tenant | None:
    row = await tx.fetchrow(f"SELECT {_TENANT} FROM tenant WHERE slug = $1", slug)
    return None if row is None else tenant_of(row)


async def tenants(tx: Tx) -> list[Tenant]:
    return [tenant_of(row) for row in await tx.fetch(f"SELECT {_TENANT} FROM tenant ORDER BY slug")]


async def slugs_among(tx: Tx, slugs: Sequence[str]) -> set[str]:
    """Those of these slugs that a tenant has. Index: tenant_slug_key."""
    rows = await tx.fetch("SELECT slug FROM tenant WHERE slug = ANY ($1::text[])", slugs)
    return {row["slug"] for row in rows}


async def only_slug(tx: Tx) -> str | None:
    """The slug of the only tenant; None if there are others, or none. Index: tenant_slug_key."""
    rows = await tx.fetch("SELECT slug FROM tenant ORDER BY slug LIMIT 2")
    return rows[0]["slug"] if len(rows) == 1 else None


async def shift_clock(tx: Tx, tenant_id: int, seconds: float) -> None:
    """Set how far this tenant's clock is ahead of the server's."""
    await tx.execute("UPDATE tenant SET clock_offset = make_interval(secs => $2) WHERE id = $1", tenant_id, seconds)


_USER_OF = """
    SELECT a.n::int, u.id AS user_id, u.login, u.role, u.privileges, u.api_secret_hash, u.digest_realm, u.digest_ha1,
           t.id, t.guid, t.slug, t.name, t.region, t.time_zone, t.switches, t.jtel_clients_id, t.wolkvox_licences,
           t.cim, t.cim_anonymous_networks, ringbook_now(t.id) AS now
      FROM unnest($2::text[]) WITH ORDINALITY AS a (key, n)
      JOIN tenant t
        ON {tenant}
      JOIN app_user u
        ON u.tenant_id = t.id
       AND {user}
     WHERE u.disabled_at IS NULL
"""

# The users of a tenant by slug and login. Indexes: tenant_slug_key, app_user_tenant_id_login_key.
BY_LOGIN = HotStatement("user by login", _USER_OF.format(tenant="t.slug = $1", user="u.login = a.key"))

# The users of a tenant by its id and theirs. Indexes: tenant_pkey, app_user_pkey.
BY_USER_ID = HotStatement("user by id", _USER_OF.format(tenant="t.id = $1", user="u.id = a.key::bigint"))

# The tenant that answers CIM's root paths, for an address of one of its anonymous networks. Index: tenant_cim.
BY_NEIGHBOUR = HotStatement(
    "tenant by neighbour",
    f"""
    SELECT a.n::int, t.*
      FROM unnest($1::text[]) WITH ORDINALITY AS a (address, n)
     CROSS JOIN LATERAL (SELECT {_TENANT} FROM tenant WHERE cim LIMIT 1) AS t
     WHERE EXISTS (
            SELECT 1
              FROM unnest(t.cim_anonymous_networks) AS w (network)
             WHERE a.address::inet <<= w.network::inet
           )
    """,
)

HOT: Sequence[HotStatement] = (BY_LOGIN, BY_USER_ID, BY_NEIGHBOUR)


class Login(msgspec.Struct, frozen=True):
    """A user with what proves that somebody is that user, the tenant, and the moment of looking."""

    user: User
    tenant: Tenant
    api_secret_hash: str | None
    digest_ha1: bytes | None
    now: datetime


def login_of(rows: Rows) -> Login | None:
    """The user that BY_LOGIN or BY_USER_ID has found. An HA1 of another realm than the tenant's slug is none."""
    if not rows:
        return None
    row = rows[0]
    return Login(
        User(row["user_id"], row["login"], row["role"], tuple(row["privileges"])),
        tenant_of(row),
        row["api_secret_hash"],
        row["digest_ha1"] if row["digest_realm"] == row["slug"] else None,
        row["now"],
    )


def neighbour_of(rows: Rows) -> Tenant | None:
    """The tenant that BY_NEIGHBOUR has found."""
    return tenant_of(rows[0]) if rows else None


async def put_user(
    tx: Tx,
    tenant_id: int,
    *,
    login: str,
    role: str,
    privileges: Sequence[str],
    password_hash: str | None,
    api_secret_hash: str | None,
    digest_realm: str | None,
    digest_ha1: bytes | None,
    may_digest: bool,
) -> User:
    """Create a user or change one; hashes that are None stay as they are.

    A user who was disabled begins anew, and one who may not use Digest keeps none of it.
    """
    row = await tx.fetchrow(
        """
        INSERT INTO app_user (tenant_id, login, role, privileges, password_hash, api_secret_hash, digest_realm,
                              digest_ha1, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, ringbook_now($1))
        ON CONFLICT (tenant_id, login) DO UPDATE
           SET role = excluded.role,
               privileges = excluded.privileges,
               password_hash = COALESCE(excluded.password_hash,
                                        CASE WHEN app_user.disabled_at IS NULL THEN app_user.password_hash END),
               api_secret_hash = COALESCE(excluded.api_secret_hash,
                                          CASE WHEN app_user.disabled_at IS NULL THEN app_user.api_secret_hash END),
               digest_realm = COALESCE(excluded.digest_realm,
                                       CASE WHEN app_user.disabled_at IS NULL AND $9 THEN app_user.digest_realm END),
               digest_ha1 = COALESCE(excluded.digest_ha1,
                                     CASE WHEN app_user.disabled_at IS NULL AND $9 THEN app_user.digest_ha1 END),
               disabled_at = NULL
        RETURNING id, login, role, privileges
        """,
        tenant_id,
        login,
        role,
        list(privileges),
        password_hash,
        api_secret_hash,
        digest_realm,
        digest_ha1,
        may_digest,
    )
    assert row is not None
    return User(row["id"], row["login"], row["role"], tuple(row["privileges"]))


async def users(tx: Tx, tenant_id: int) -> list[User]:
    rows = await tx.fetch(
        """
        SELECT id, login, role, privileges
          FROM app_user
         WHERE tenant_id = $1
           AND disabled_at IS NULL
         ORDER BY login
        """,
        tenant_id,
    )
    return [User(row["id"], row["login"], row["role"], tuple(row["privileges"])) for row in rows]


async def disable_user(tx: Tx, tenant_id: int, login: str) -> User | None:
    """Shut a user out; the user, None if there was none."""
    row = await tx.fetchrow(
        """
        UPDATE app_user
           SET disabled_at = ringbook_now($1)
         WHERE tenant_id = $1
           AND login = $2
           AND disabled_at IS NULL
        RETURNING id, login, role, privileges
        """,
        tenant_id,
        login,
    )
    return None if row is None else User(row["id"], row["login"], row["role"], tuple(row["privileges"]))


async def declare(tx: Tx, tenant_id: int, kind: str, entries: Sequence[tuple[str, str]]) -> None:
    """Have these among the tenant's skills, agents or activity codes: (id, name)."""
    await tx.executemany(
        """
        INSERT INTO declared (tenant_id, kind, id, name)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, kind, id) DO UPDATE
           SET name = excluded.name
        """,
        [(tenant_id, kind, id_, name) for id_, name in entries],
    )


async def withdraw(tx: Tx, tenant_id: int, kind: str, id_: str) -> None:
    """Take a skill, agent or activity code away."""
    await tx.execute("DELETE FROM declared WHERE tenant_id = $1 AND kind = $2 AND id = $3", tenant_id, kind, id_)


async def declared(tx: Tx, tenant_id: int, kind: str) -> dict[str, str]:
    rows = await tx.fetch("SELECT id, name FROM declared WHERE tenant_id = $1 AND kind = $2", tenant_id, kind)
    return {row["id"]: row["name"] for row in rows}


def tenant_of(row: asyncpg.Record | Mapping[str, Any]) -> Tenant:
    """The tenant of a row that has all its columns."""
    return Tenant(
        row["id"],
        row["guid"],
        row["slug"],
        row["name"],
        row["region"],
        row["time_zone"],
        msgspec.json.decode(row["switches"]),
        row["jtel_clients_id"],
        row["wolkvox_licences"],
        row["cim"],
        tuple(row["cim_anonymous_networks"]),
    )

"""Who is signed in to the console: sessions, links that sign in once, and how often signing in has failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ringbook.store.directory import Login, login_of

if TYPE_CHECKING:
    from ringbook.store.database import Tx


class SignedIn(NamedTuple):
    """A live session: whose it is, the zone in which the user reads times, and when it was noted as used."""

    login: Login
    time_zone: str | None
    seen_at: datetime
    ends_at: datetime


class Known(NamedTuple):
    """A user as signing in needs one."""

    tenant_id: int
    user_id: int
    password_hash: str | None


class UserRow(msgspec.Struct, frozen=True):
    """A user as who administers users sees one."""

    id: int
    login: str
    role: str
    privileges: tuple[str, ...]
    has_password: bool
    has_api_secret: bool
    created_at: datetime
    seen_at: datetime | None


async def find(tx: Tx, digest: bytes) -> SignedIn | None:
    """The live session with this digest. Indexes: console_session_pkey, app_user_pkey, tenant_pkey."""
    rows = await tx.fetch(
        """
        SELECT u.id AS user_id, u.login, u.role, u.privileges, u.api_secret_hash, u.digest_realm, u.digest_ha1,
               u.time_zone AS own_zone, t.id, t.guid, t.slug, t.name, t.region, t.time_zone, t.switches,
               t.jtel_clients_id, t.wolkvox_licences, t.cim, t.cim_anonymous_networks, ringbook_now(t.id) AS now,
               s.seen_at, s.ends_at
          FROM live_console_session s
          JOIN tenant t
            ON t.id = s.tenant_id
          JOIN app_user u
            ON u.tenant_id = s.tenant_id
           AND u.id = s.user_id
         WHERE s.digest = $1
           AND u.disabled_at IS NULL
        """,
        digest,
    )
    login = login_of(rows)
    return None if login is None else SignedIn(login, rows[0]["own_zone"], rows[0]["seen_at"], rows[0]["ends_at"])


async def begin(tx: Tx, tenant_id: int, user_id: int, digest: bytes, seconds: float) -> None:
    """A session of this user, for so long at most."""
    await tx.execute(
        """
        INSERT INTO console_session (digest, tenant_id, user_id, created_at, seen_at, ends_at)
        VALUES ($1, $2, $3, ringbook_now($2), ringbook_now($2), ringbook_now($2) + make_interval(secs => $4))
        """,
        digest,
        tenant_id,
        user_id,
        seconds,
    )


async def note_use(tx: Tx, digest: bytes) -> None:
    await tx.execute("UPDATE console_session SET seen_at = ringbook_now(tenant_id) WHERE digest = $1", digest)


async def end(tx: Tx, digest: bytes) -> None:
    await tx.execute("DELETE FROM console_session WHERE digest = $1", digest)


async def end_all(tx: Tx, tenant_id: int, user_id: int, but: bytes = b"") -> None:
    """End the sessions and links of a user, all but one. Index: console_session_user."""
    await tx.execute(
        "DELETE FROM console_session WHERE tenant_id = $1 AND user_id = $2 AND digest <> $3", tenant_id, user_id, but
    )
    await tx.execute("DELETE FROM sign_in_link WHERE tenant_id = $1 AND user_id = $2", tenant_id, user_id)


async def known(tx: Tx, slug: str, login: str) -> Known | None:
    """The user of this login. Indexes: tenant_slug_key, app_user_tenant_id_login_key."""
    row = await tx.fetchrow(
        """
        SELECT u.tenant_id, u.id, u.password_hash
          FROM tenant t
          JOIN app_user u
            ON u.tenant_id = t.id
         WHERE t.slug = $1
           AND u.login = $2
           AND u.disabled_at IS NULL
        """,
        slug,
        login,
    )
    return None if row is None else Known(*row)


async def make_link(tx: Tx, tenant_id: int, user_id: int, digest: bytes, seconds: float) -> None:
    await tx.execute(
        """
        INSERT INTO sign_in_link (digest, tenant_id, user_id, ends_at)
        VALUES ($1, $2, $3, ringbook_now($2) + make_interval(secs => $4))
        """,
        digest,
        tenant_id,
        user_id,
        seconds,
    )


async def use_link(tx: Tx, digest: bytes) -> Known | None:
    """Whose link it was; None for one that was used, has expired or never was."""
    row = await tx.fetchrow(
        """
        DELETE FROM sign_in_link l
         USING app_user u
         WHERE l.digest = $1
           AND u.tenant_id = l.tenant_id
           AND u.id = l.user_id
        RETURNING u.tenant_id, u.id, u.password_hash,
                  l.ends_at > ringbook_now(l.tenant_id) AND u.disabled_at IS NULL AS lives
        """,
        digest,
    )
    return Known(row["tenant_id"], row["id"], row["password_hash"]) if row is not None and row["lives"] else None


async def take_tries(tx: Tx, keys: Sequence[bytes], seconds: float) -> list[int]:
    """Count a try for each key; how many each has had in its last so many seconds, this one among them.

    Keys are locked in their order, so that two who try at once wait for one another and not in a circle.
    """
    return [
        await tx.fetchval(
            """
            INSERT INTO sign_in_failure (key, began_at, failures)
            VALUES ($1, ringbook_now(0), 1)
            ON CONFLICT (key) DO UPDATE
               SET failures = CASE WHEN sign_in_failure.began_at > ringbook_now(0) - make_interval(secs => $2)
                                   THEN sign_in_failure.failures + 1
                                   ELSE 1 END,
                   began_at = CASE WHEN sign_in_failure.began_at > ringbook_now(0) - make_interval(secs => $2)
                                   THEN sign_in_failure.began_at
                                   ELSE excluded.began_at END
            RETURNING failures
            """,
            key,
            seconds,
        )
        for key in keys
    ]


async def forgive(tx: Tx, keys: Sequence[bytes]) -> None:
    """Take back the tries of who has signed in."""
    await tx.execute("UPDATE sign_in_failure SET failures = greatest(failures - 1, 0) WHERE key = ANY ($1)", keys)


async def sweep(tx: Tx, seconds: float) -> None:
    """Remove sessions and links that have ended, and tries older than this. The tables are small."""
    await tx.execute("DELETE FROM console_session s WHERE s.ends_at <= ringbook_now(s.tenant_id)")
    await tx.execute("DELETE FROM sign_in_link l WHERE l.ends_at <= ringbook_now(l.tenant_id)")
    await tx.execute(
        "DELETE FROM sign_in_failure WHERE began_at <= ringbook_now(0) - make_interval(secs => $1)", seconds
    )


async def users(tx: Tx, tenant_id: int) -> list[UserRow]:
    """The users by login. Index: app_user_tenant_id_login_key."""
    rows = await tx.fetch(
        """
        SELECT u.id, u.login, u.role, u.privileges, u.password_hash IS NOT NULL AS has_password,
               u.api_secret_hash IS NOT NULL AS has_api_secret, u.created_at,
               (SELECT max(s.seen_at) FROM console_session s WHERE s.tenant_id = u.tenant_id AND s.user_id = u.id)
               AS seen_at
          FROM app_user u
         WHERE u.tenant_id = $1
           AND u.disabled_at IS NULL
         ORDER BY u.login
        """,
        tenant_id,
    )
    return [
        UserRow(
            row["id"],
            row["login"],
            row["role"],
            tuple(row["privileges"]),
            row["has_password"],
            row["has_api_secret"],
            row["created_at"],
            row["seen_at"],
        )
        for row in rows
    ]


async def password_hash(tx: Tx, tenant_id: int, user_id: int) -> str | None:
    hashed: str | None = await tx.fetchval(
        "SELECT password_hash FROM app_user WHERE tenant_id = $1 AND id = $2", tenant_id, user_id
    )
    return hashed


async def put_zone(tx: Tx, tenant_id: int, user_id: int, time_zone: str | None) -> None:
    await tx.execute(
        "UPDATE app_user SET time_zone = $3 WHERE tenant_id = $1 AND id = $2", tenant_id, user_id, time_zone
    )


async def filters(tx: Tx, tenant_id: int, user_id: int) -> list[tuple[str, str]]:
    """The user's saved filters by name: (name, query). Index: saved_filter_pkey."""
    rows = await tx.fetch(
        "SELECT name, query FROM saved_filter WHERE tenant_id = $1 AND user_id = $2 ORDER BY name", tenant_id, user_id
    )
    return [(row["name"], row["query"]) for row in rows]


async def put_filter(tx: Tx, tenant_id: int, user_id: int, name: str, query: str) -> None:
    await tx.execute(
        """
        INSERT INTO saved_filter (tenant_id, user_id, name, query)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, user_id, name) DO UPDATE
           SET query = excluded.query
        """,
        tenant_id,
        user_id,
        name,
        query,
    )


async def drop_filter(tx: Tx, tenant_id: int, user_id: int, name: str) -> None:
    await tx.execute(
        "DELETE FROM saved_filter WHERE tenant_id = $1 AND user_id = $2 AND name = $3", tenant_id, user_id, name
    )

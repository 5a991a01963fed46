"""Who may listen: secrets that still open, and tickets that let somebody in once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringbook.store.database import Tx


async def still_good(tx: Tx, secrets: Collection[tuple[str, bytes]]) -> set[tuple[str, bytes]]:
    """Those of these secrets, by dialect and digest, that still open; a session's dialect is the console.

    Indexes: credential_pkey, former_secret_pkey, console_session_pkey, app_user_pkey.
    """
    rows = await tx.fetch(
        """
        SELECT q.dialect, q.digest
          FROM unnest($1::text[], $2::bytea[]) AS q (dialect, digest)
         WHERE EXISTS (SELECT FROM live_credential c WHERE c.digest = q.digest AND c.dialect = q.dialect)
            OR EXISTS (SELECT FROM live_former_secret f WHERE f.digest = q.digest AND f.dialect = q.dialect)
            OR (q.dialect = 'console'
                AND EXISTS (SELECT
                              FROM live_console_session s
                              JOIN app_user u
                                ON u.tenant_id = s.tenant_id
                               AND u.id = s.user_id
                             WHERE s.digest = q.digest
                               AND u.disabled_at IS NULL))
        """,
        [dialect for dialect, _ in secrets],
        [digest for _, digest in secrets],
    )
    return {(row["dialect"], row["digest"]) for row in rows}


async def add_ticket(tx: Tx, tenant_id: int, ticket: bytes, dialect: str, secret: bytes, seconds: int) -> None:
    """A ticket in the name of who came with a secret, as good as that one; only digests are kept."""
    await tx.execute(
        """
        INSERT INTO event_ticket (digest, tenant_id, credential_digest, dialect, expires_at)
        VALUES ($2, $1, $3, $4, ringbook_now($1) + make_interval(secs => $5))
        """,
        tenant_id,
        ticket,
        secret,
        dialect,
        seconds,
    )


async def use_ticket(tx: Tx, digest: bytes) -> tuple[str, bytes] | None:
    """The dialect and digest of the credential behind a ticket, which is used up; None if there is none, or no more."""
    row = await tx.fetchrow(
        """
        DELETE FROM event_ticket
         WHERE digest = $1
        RETURNING dialect, credential_digest, expires_at > ringbook_now(tenant_id) AS is_good
        """,
        digest,
    )
    return (row["dialect"], row["credential_digest"]) if row is not None and row["is_good"] else None

"""Requests that a client may send again: carried out once, and answered twice alike.

What is done and what is answered are one transaction, so after a crash both are there or neither is. Nobody is left
waiting for a request that has died: its claim dies with its transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ringbook.core.context import Context
from ringbook.domain.problems import Conflict, Entangled, Invalid
from ringbook.store import idempotency as stored

if TYPE_CHECKING:
    from ringbook.core.access import Records
    from ringbook.store.database import Tx

MOST_KEPT = 1024 * 1024
"""Bytes of an answer that is kept; of a longer one it is known that it was given."""
LONGEST_KEY = 255
_TRIES = 3
"""How often a transaction that had to give way is tried: one that holds much, as a batch does, meets others easily."""
_GIVES_WAY = 0.05
"""Seconds for the other one to be done, lest both stand in each other's way again."""


class Done(NamedTuple):
    """The answer, and whether it was given before."""

    answer: bytes
    again: bool


class Idempotency:
    """`within` makes Records whose use cases are all part of a transaction."""

    def __init__(self, context: Context, holder: str, within: Callable[[Tx], Records]) -> None:
        self._context = context
        self._holder = holder
        self._within = within

    async def once(self, key: str, request: bytes, act: Callable[[Records], Awaitable[bytes]]) -> Done:
        """What `act` answers; for a day, who asks with the same key is told the same and `act` is left alone.

        `request` says what is asked, in few bytes: Invalid where the key was used for something else. InFlight while
        it is carried out. Conflict where it was carried out and the answer is not told again: it was too long, a
        person in it was erased, or the key file is another one. What raises has done nothing, and is not kept. `act`
        is called again where the database had to take its transaction back for another one's sake.
        """
        for _ in range(_TRIES - 1):
            with suppress(Entangled):
                return await self._try(key, request, act)
            await asyncio.sleep(_GIVES_WAY)
        return await self._try(key, request, act)

    async def _try(self, key: str, request: bytes, act: Callable[[Records], Awaitable[bytes]]) -> Done:
        tenant_id, hashed = self._context.tenant.id, hashlib.sha256(key.encode()).digest()
        async with self._context.database.transaction() as tx:
            kept = await stored.claim(tx, tenant_id, self._holder, hashed, request)
            if kept is not None:
                return Done(self._opened(kept, request), again=True)
            answer = await act(self._within(tx))
            await stored.keep(tx, tenant_id, self._holder, hashed, self._sealed(answer))
            return Done(answer, again=False)

    def _sealed(self, answer: bytes) -> bytes | None:
        """The answer as it is stored: encrypted, since it may tell a secret, and of persons. None: not at all."""
        passwords = self._context.passwords
        return None if passwords is None or len(answer) > MOST_KEPT else passwords.sealed(answer)

    def _opened(self, kept: stored.Kept, request: bytes) -> bytes:
        if kept.request != request:
            raise Invalid("This key was used for another request.", field="Idempotency-Key")
        passwords = self._context.passwords
        answer = None if passwords is None or kept.answer is None else passwords.opened(kept.answer)
        if answer is None:
            raise Conflict("This request was carried out. Its answer is not told again.")
        return answer

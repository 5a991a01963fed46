"""For whom a use case runs: the tenant, who asks through which dialect, and what they may."""

from __future__ import annotations

from dataclasses import dataclass

from ringbook.core.passwords import Passwords
from ringbook.domain.access import Scope, Tenant
from ringbook.domain.phone import Phone, normalise
from ringbook.domain.problems import Forbidden, Invalid
from ringbook.store.database import Database
from ringbook.store.journal import Author

LONGEST_NUMBER = 100


@dataclass(frozen=True, slots=True)
class Context:
    database: Database
    tenant: Tenant
    author: Author
    scopes: frozenset[str]
    passwords: Passwords | None = None
    """What is encrypted with; None where there is no key file."""

    def require(self, scope: Scope) -> None:
        """Forbidden unless this credential has the scope."""
        if scope not in self.scopes:
            # Keys have no scope for people alone: whoever writes them has write.
            told = "write" if scope == "contact" else scope
            raise Forbidden(f"This needs the scope {told}.", scope=scope)

    def phone(self, raw: str) -> Phone:
        """The tenant's reading of a number."""
        return normalise(raw, self.tenant.region)

    def asked_phone(self, raw: str, field: str = "phone") -> Phone:
        """The reading of a number that a request is about: Invalid when it is empty or absurdly long."""
        if not raw.strip():
            raise Invalid("A phone number is required.", field=field)
        if len(raw) > LONGEST_NUMBER:
            raise Invalid(f"A phone number has {LONGEST_NUMBER} characters at most.", field=field)
        return self.phone(raw)

"""What a dialect promises, for the rules that hold for all of them: where its credential is, how a problem looks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

import httpx


class Headers(httpx.Auth):
    """A credential that is the same headers in every request."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for name, value in self._headers.items():
            request.headers.setdefault(name, value)
        yield request


def bearer(secret: str) -> Headers:
    return Headers({"authorization": f"Bearer {secret}"})


def _nowhere(slug: str) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Promises:
    """`credential` is that of the tenant with this slug; `problem` asserts that an answer is one.

    `refuses_unknown_fields` is False where the vendor ignores what it does not know. `place` are the path parameters
    that say which tenant is meant, and `folder` is where a path that is below all of the dialect's may be added (its
    first prefix, unless given). `refused_with` are the statuses of a request without a good credential: 401, and
    another where the vendor tells a wrong one from none. `missing` is an id of the right form that nobody has;
    `malformed_id` is the status of one that has not, where the vendor tells the two apart. `arrays` is True where an
    operation that takes an array does not take a single object of it. `never_refuses` is True where whatever cannot be
    answered is a 200 that tells nothing: `problem` asserts that an answer is that one. `not_ids` are paths whose
    parameter names no record: a person's name, a position. `may_be_empty` are paths whose body may be left out.
    """

    credential: Callable[[str], httpx.Auth]
    problem: Callable[[httpx.Response], None]
    refuses_unknown_fields: bool = False
    place: Callable[[str], Mapping[str, str]] = _nowhere
    folder: str = ""
    refused_with: frozenset[int] = field(default_factory=lambda: frozenset({401}))
    missing: str = str(2**63 - 1)
    malformed_id: int = 404
    not_ids: frozenset[str] = frozenset()
    may_be_empty: frozenset[str] = frozenset()
    arrays: bool = False
    never_refuses: bool = False

    def refused(self, answer: httpx.Response) -> None:
        """Assert that the answer grants nothing, in the dialect's words."""
        if self.never_refuses:
            assert answer.status_code == 200
        else:
            assert 400 <= answer.status_code < 500
        self.problem(answer)

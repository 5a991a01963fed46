"""What can go wrong, by meaning. No status codes and no vendor's words: a dialect finds those.

A problem is raised where it is noticed and turned into an answer once, by the dialect the request came through.
Whatever is not a Problem is a bug: it is logged whole and shown to nobody.
"""

from __future__ import annotations

from typing import Any, Self


class Problem(Exception):
    """Something the caller should be told.

    The first line of a kind's docstring is what they are told where nothing better is known.
    """

    def __init__(self, message: str = "", **facts: Any) -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.message)
        self.facts = facts

    def to_keep(self) -> Self:
        """The problem without the frames that it came through: of many that are kept, each would hold a whole batch."""
        self.__traceback__ = self.__context__ = None
        return self


class Malformed(Problem):
    """The request could not be read."""


class Invalid(Problem):
    """The request was read, and one of its values does not fit. `field` names it."""

    def __init__(self, message: str, field: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.field = field


class Unauthenticated(Problem):
    """A valid credential is required."""


class Forbidden(Problem):
    """This credential may not do that."""


class Missing(Problem):
    """There is no such record.

    A foreign, an expired and a deleted one are missing too. It never carries the id that was asked for, so that all
    four are answered byte for byte alike.
    """


class MergedAway(Missing):
    """This contact is part of another one now. The fact `merged_into` is that one's id."""


class NoSuchOperation(Problem):
    """There is no such operation."""


class WrongVerb(Problem):
    """This method is not allowed here."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"Allowed here: {', '.join(allowed)}.")
        self.allowed = allowed


class NotBuilt(Problem):
    """The vendor has this operation and Ringbook does not, yet."""


class Conflict(Problem):
    """The request contradicts what is stored."""


class Stale(Conflict):
    """The record has changed since it was read."""


class InFlight(Conflict):
    """The same request is being carried out. Try again shortly."""


class TooLarge(Problem):
    """The request is larger than this operation accepts."""


class TooMany(Problem):
    """A limit is reached."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(Problem):
    """The database does not answer. Try again shortly."""


class Busy(Unavailable):
    """Somebody else is changing this right now. Try again shortly."""


class Entangled(Busy):
    """Somebody else is changing this right now. Try again shortly.

    Two transactions waited for each other, and this one gave way: at once it may well succeed.
    """

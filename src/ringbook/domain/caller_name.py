"""What a telephone system may know of who calls: a name to show, and little else."""

from __future__ import annotations

from typing import NamedTuple


class NamedCaller(NamedTuple):
    """Somebody who has the number that calls."""

    id: int
    created_second: int
    first_name: str
    last_name: str
    company: str
    vip: bool

    @property
    def name(self) -> str:
        """A person's name, else a company's; empty where neither is known."""
        return " ".join(part for part in (self.first_name.strip(), self.last_name.strip()) if part) or self.company


class Routing(NamedTuple):
    """What a dial plan decides by: who served the caller last ("" for nobody), and whether the number is barred."""

    last_agent: str
    barred: bool


NO_ROUTING = Routing("", barred=False)

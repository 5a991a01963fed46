"""Which call variable finds which attribute (contracts/cim.md 4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

ANI = "ani"
DNIS = "dnis"
PHONE = "phone"
"""The virtual key: any attribute of type Phone."""
LONGEST_VARIABLE = 200
"""Characters of one text of a condition: four of them are one index entry."""
MOST_CONDITIONS = 200

_ALIASES = {
    "ani": ANI,
    "cli": ANI,
    "fromaddress": ANI,
    "callerid": ANI,
    "dnis": DNIS,
    "dialednumber": DNIS,
    "toaddress": "toaddress",
}
_TECHNICAL = re.compile(
    r"callvariable(10|[1-9])|user\.[^\s\[\]]+(\[\d+\])?|ba[a-z]+|ani|cli|dnis|fromaddress|callerid|toaddress|dialednumber"
)
_CALL_VARIABLE_KINDS = frozenset({"", "call variable", "callvariable", "pv", "peripheral variable"})


class Condition(msgspec.Struct, frozen=True):
    """One mapping condition; its four texts are stored and echoed as they came."""

    id: int
    call_var: str
    call_variable: str
    key: str
    var_number: str
    created_second: int = 0
    enabled: bool = True

    @property
    def variable(self) -> str:
        """The one call variable that this condition reads, in lower case."""
        return effective_variable(self.call_var, self.call_variable, self.var_number)


BUILT_IN = Condition(1, "ANI", "ANI", PHONE, "")
"""The condition that takes part unless a mapping for ANI replaces it. No record was made in its second, 1970."""


def with_built_in(conditions: Sequence[Condition]) -> Sequence[Condition]:
    """All conditions that take part."""
    return conditions if any(condition.variable == ANI for condition in conditions) else [BUILT_IN, *conditions]


def canonical(name: str) -> str:
    """A variable's name without case, a trailing `.value`, and the vendors' several words for ANI and DNIS."""
    folded = name.strip().casefold().removesuffix(".value")
    return _ALIASES.get(folded, folded)


def effective_variable(call_var: str, call_variable: str, var_number: str) -> str:
    """The variable that the three texts of a condition mean together (rules 1 to 5)."""
    names = (canonical(call_variable), canonical(call_var))
    for name in names:
        if _TECHNICAL.fullmatch(name):
            return name
    number = var_number.strip()
    if number.isascii() and number.isdecimal() and 1 <= int(number[:3]) <= 10 and _CALL_VARIABLE_KINDS & set(names):
        return f"callvariable{int(number)}"
    if "ecc" in names:
        other = names[1] if names[0] == "ecc" else names[0]
        return other if other.startswith("user.") else f"user.{other}"
    return names[0] or names[1]


def readable(variables: Mapping[str, str], ani: str, dnis: str) -> dict[str, str]:
    """What a call carries, by canonical name. Empty values never count: an unset variable must pop nobody."""
    told = [*variables.items(), (ANI, ani), (DNIS, dnis)]
    return {canonical(name): value for name, value in told if value.strip()}

"""Which call variable a mapping condition reads (contracts/cim.md 4.1)."""

from __future__ import annotations

import pytest

from ringbook.domain.mapping import canonical, effective_variable, readable


@pytest.mark.parametrize(
    ("call_var", "call_variable", "number", "variable"),
    [
        # 1. The first complete technical name, callVariable before callVar.
        ("Call Variable", "callVariable3", "3", "callvariable3"),
        ("callVariable4", "callVariable3", "", "callvariable3"),
        ("callVariable4", "Customer", "9", "callvariable4"),
        ("", " CALLVARIABLE10 ", "", "callvariable10"),
        ("ECC", "user.acme.vip", "", "user.acme.vip"),
        ("", "user.orders[2]", "", "user.orders[2]"),
        ("", "BACampaign", "", "bacampaign"),
        ("", "toAddress", "", "toaddress"),
        # 2. A number, with nothing else said or the kind's name.
        ("Call Variable", "", "3", "callvariable3"),
        ("", "", "10", "callvariable10"),
        ("Peripheral Variable", "Account", "7", "callvariable7"),
        ("PV", "pv", "07", "callvariable7"),
        ("Customer", "callVariable", "2", "callvariable2"),
        # ... but not beyond ten, and not beside another name.
        ("", "Account", "11", "account"),
        ("Something", "Account", "3", "account"),
        ("", "Account", "0", "account"),
        # 3. ECC names the kind.
        ("ECC", "acme.vip", "", "user.acme.vip"),
        ("acme.vip", "ecc", "3", "user.acme.vip"),
        # 4. Literally.
        ("Label", "Account", "", "account"),
        ("Label", "", "", "label"),
        ("callVariable11", "", "", "callvariable11"),
        # 5. One variable by several names.
        ("ANI", "", "", "ani"),
        ("", "CLI", "", "ani"),
        ("", "fromAddress", "", "ani"),
        ("", "callerId", "", "ani"),
        ("", "dialedNumber", "", "dnis"),
        ("", "DNIS", "5", "dnis"),
        ("", "callVariable3.value", "", "callvariable3"),
    ],
)
def test_the_effective_variable(call_var: str, call_variable: str, number: str, variable: str) -> None:
    assert effective_variable(call_var, call_variable, number) == variable


def test_a_variable_has_no_case_and_no_value_suffix() -> None:
    assert canonical(" User.Acme.VIP.value ") == "user.acme.vip"


@pytest.mark.parametrize(
    ("variables", "ani", "carried"),
    [
        ({"callVariable1": "x"}, "", {"callvariable1": "x"}),
        ({"callVariable1": " "}, " ", {}),
        ({"ANI": "330-555-0101"}, "330-555-0102", {"ani": "330-555-0102"}),
        ({"ANI": "330-555-0101"}, "", {"ani": "330-555-0101"}),
        ({"ANI": "330-555-0101", "callerId": ""}, "", {"ani": "330-555-0101"}),
        ({"callVariable1": "x", "callVariable1.value": ""}, "", {"callvariable1": "x"}),
    ],
)
def test_an_empty_variable_never_counts(variables: dict[str, str], ani: str, carried: dict[str, str]) -> None:
    assert readable(variables, ani, "") == carried

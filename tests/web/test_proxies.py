"""Networks of proxies, as an operator writes them. tests/dialects/cim/test_credentials.py has who is let in behind."""

from __future__ import annotations

import pytest

from ringbook.domain.problems import Invalid
from ringbook.web.proxies import networks


def test_networks_are_addresses_and_networks_with_blanks_around_them() -> None:
    assert [str(network) for network in networks(["10.0.0.0/8", " 192.0.2.7 ", "", "::1"])] == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "::1/128",
    ]


@pytest.mark.parametrize("text", ["proxy.example.com", "10.0.0.0/33", "10.0.0.1/8"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid, match=text.partition("/")[0]) as told:
        networks([text])
    assert told.value.field == "trusted_proxies"

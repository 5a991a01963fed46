"""What a person reads of what was found."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from ringbook.cli.telling import tell_caller
from ringbook.domain.caller import Caller, FoundDataSet


def test_a_data_key_without_a_value_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    values = msgspec.Raw(b'{"AccNum": null, "Tier": "gold"}')
    left = FoundDataSet("Inbound IVR context", "3305550147", values, datetime(2026, 3, 2, 17, tzinfo=UTC), None)
    tell_caller(Caller("+13305550147", data_sets=[left]), "UTC")
    assert capsys.readouterr().out.splitlines()[-2:] == ["  AccNum:", "  Tier: gold"]

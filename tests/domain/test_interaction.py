"""What makes two reports the same leg, and which way a call went."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ringbook.domain.interaction import (
    Direction,
    LegDraft,
    direction_of,
    is_supervision,
    leg_identity,
    moment_of,
    seconds_of,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_leg_without_a_call_id_has_its_roots() -> None:
    assert leg_identity("c1", LegDraft(actor="AGENT")) == leg_identity("c1", LegDraft(actor="AGENT", call_id="c1"))


@pytest.mark.parametrize(
    "other",
    [
        LegDraft(actor="IVR", agent="kim"),
        LegDraft(actor="AGENT", agent="lee"),
        LegDraft(actor="AGENT", agent="kim", call_id="c2"),
    ],
)
def test_another_agent_kind_or_call_is_another_leg(other: LegDraft) -> None:
    assert leg_identity("c1", LegDraft(actor="AGENT", agent="kim")) != leg_identity("c1", other)


def test_an_agents_name_has_no_case() -> None:
    assert leg_identity("c1", LegDraft(actor="AGENT", agent="Kim")) == leg_identity(
        "c1", LegDraft(actor="AGENT", agent="kIM")
    )


@pytest.mark.parametrize(
    ("texts", "direction"),
    [
        (("INBOUND",), "INBOUND"),
        ((" acd_in ",), "INBOUND"),
        (("OTHER_IN", "OUT"), "INBOUND"),
        (("IVR", "AUTO_OUT"), "OUTBOUND"),
        (("TRANSFER", "CONFERENCE"), "UNKNOWN"),
        ((), "UNKNOWN"),
    ],
)
def test_the_first_text_that_says_so_is_the_direction(texts: tuple[str, ...], direction: Direction) -> None:
    assert direction_of(*texts) == direction


def test_a_start_tells_legs_apart_by_its_moment_or_else_by_its_text() -> None:
    berlin = LegDraft(actor="AGENT", started_at=NOON.astimezone(BERLIN))
    assert berlin.start_mark == LegDraft(actor="AGENT", started_at=NOON).start_mark != ""
    assert LegDraft(actor="AGENT", start_text="noon").start_mark == "noon"
    assert LegDraft(actor="AGENT").start_mark == ""


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T12:00:00Z",
        " 2026-03-02T13:00:00+01:00 ",
        "2026-03-02T13:00:00",
        "2026-03-02 13:00:00",
        "2026-03-02 13:00",
        "1772452800",
        "1772452800000",
    ],
)
def test_a_moment_is_read_in_any_of_its_forms(text: str) -> None:
    assert moment_of(text, BERLIN) == NOON


def test_milliseconds_count() -> None:
    assert moment_of("1772452800123", UTC) == NOON.replace(microsecond=123_000)


@pytest.mark.parametrize(
    "text",
    ["", "noon", "string", "13:00", "20261302", "0", "99", "9" * 15, "9" * 400, "٣", "0001-01-01T00:00:00+14:00"],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert moment_of(text, BERLIN) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("214", 214),
        (" 0 ", 0),
        ("00:03:34", 214),
        ("100:00:00", 360_000),
        ("PT3M34S", 214),
        ("pt214.5s", 214),
        ("P1DT1S", 86_401),
        ("2147483647", 2147483647),
    ],
)
def test_a_duration_is_read_in_any_of_its_forms(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "string", "3:34", "00:99:00", "-1", "1.5", "P", "PT", "2147483648", "9" * 30, "٣"]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert seconds_of(text) is None


@pytest.mark.parametrize("text", ["CONSULT", " barge-in ", "Silent Monitor", "BARGE_IN_CONSULT", "SILENT_MONITOR"])
def test_who_listens_in_or_is_consulted_supervises(text: str) -> None:
    assert is_supervision("AGENT", text)


@pytest.mark.parametrize("text", ["", "TRANSFER", "CONFERENCE", "string", "CONSULTANT"])
def test_whoever_else_speaks_does_not(text: str) -> None:
    assert not is_supervision(text)

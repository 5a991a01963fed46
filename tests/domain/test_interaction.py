"""What makes two reports the same leg, and which way a call went."""

from __future__ import annotations

import pytest

from ringbook.domain.interaction import Direction, LegDraft, direction_of, leg_identity


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

"""A telephone rings with the caller's name: sipp calls through Kamailio, which asks a Ringbook that really runs.

The configuration is examples/pbx/kamailio, as it stands there.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.demo_call import INSTALL, Exchange, Ringing, missing_programs

from tests.cli.running import Running

pytestmark = pytest.mark.skipif(
    bool(missing_programs()), reason=f"{' and '.join(missing_programs())} not installed: {INSTALL}"
)

KEY = "demo-callerid-key"
AT_ONCE = 3.0
"""Seconds, on a machine that is busy with other tests. A caller's telephone repeats an INVITE after half a second."""


@pytest.fixture(scope="module")
def demos() -> Iterator[list[Running]]:
    """The demo's contact centre; the last is the one that runs."""
    folder = Path(tempfile.mkdtemp(prefix="rb-"))
    started = [Running(folder, command="demo")]
    yield started
    if started[-1].process.poll() is None:
        started[-1].end()
    shutil.rmtree(folder)


@pytest.fixture
def ringbook(demos: list[Running]) -> Running:
    """The demo, which runs, also after a test that stopped it."""
    if demos[-1].process.poll() is not None:
        demos.append(Running(demos[-1].data.parent, command="demo"))
    return demos[-1]


@pytest.fixture
def exchange(ringbook: Running, tmp_path: Path) -> Iterator[Exchange]:
    with Exchange(tmp_path, ringbook.url, KEY) as exchange:
        yield exchange


def test_a_customer_rings_with_the_name_in_any_spelling_and_a_stranger_with_the_number_alone(
    exchange: Exchange,
) -> None:
    assert _named(exchange, "03023125047") == ("Ilse Brandt", "03023125047")
    assert _named(exchange, "+491713920047") == ("Ilse Brandt", "+491713920047")
    assert _named(exchange, "00493023125012") == ("Mehmet Yilmaz", "00493023125012")
    stranger = exchange.call("03023125099")
    assert _shown(stranger) == ("", "03023125099")
    assert stranger.seconds < AT_ONCE


def test_who_hides_the_number_comes_through_unasked(exchange: Exchange) -> None:
    assert _shown(exchange.call("anonymous")) == ("", "anonymous")


def test_a_wrong_key_lets_the_call_through_without_a_name(ringbook: Running, tmp_path: Path) -> None:
    with Exchange(tmp_path, ringbook.url, "wrong") as exchange:
        ringing = exchange.call("03023125047")
    assert _shown(ringing) == ("", "03023125047")
    assert ringing.seconds < AT_ONCE


def test_a_ringbook_that_hangs_delays_one_call_by_a_second_and_the_next_not_at_all(
    ringbook: Running, exchange: Exchange
) -> None:
    os.killpg(ringbook.process.pid, signal.SIGSTOP)
    try:
        first, second = exchange.call("03023125047"), exchange.call("03023125047")
    finally:
        os.killpg(ringbook.process.pid, signal.SIGCONT)
    assert (first.name, second.name) == ("", "")
    assert first.seconds < 1 + AT_ONCE
    assert second.seconds < min(AT_ONCE, first.seconds)


def test_a_ringbook_that_is_stopped_lets_the_call_through_at_once(ringbook: Running, exchange: Exchange) -> None:
    assert _named(exchange, "03023125047") == ("Ilse Brandt", "03023125047")
    assert ringbook.end() == 0
    ringing = exchange.call("03023125047")
    assert _shown(ringing) == ("", "03023125047")
    assert ringing.seconds < AT_ONCE


def _named(exchange: Exchange, number: str) -> tuple[str, str]:
    """How a call is shown for which there is a name; a busy machine may be late with it, and then it rings without."""
    for _ in range(3):
        ringing = exchange.call(number)
        if ringing.name:
            break
        time.sleep(6)  # in which Kamailio may have decided not to ask
    return _shown(ringing)


def _shown(ringing: Ringing) -> tuple[str, str]:
    return ringing.name, ringing.number

"""Every capture of every dialect, replayed against the router with a tenant of its own, and held to the documents.

The tenant is made from the capture's own .toml, or from the workspace.toml beside the captures, in which {slug} stands
for the tenant's slug and {number} for its ClientsID; a vendor without one gets the workspace of the other tests.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import httpx
import pytest

from ringbook.core.access import Core
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from ringbook.dialects import ALL
from tests.conftest import MINDFUL_TOKEN, NATIVE_KEY, clients_id_of, workspace_of
from tests.dialects.captures import read, replay
from tests.dialects.documents import DIALECTS, assert_described
from tests.dialects.promises import PROMISES

_HERE = Path(__file__).parent
CAPTURES = sorted(_HERE.glob("*/captures/*.http"))

_numbers = itertools.count(1)


def test_every_dialect_has_captures() -> None:
    assert {capture.parent.parent.name for capture in CAPTURES} == {dialect.name for dialect in ALL}


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
async def test_a_capture_is_answered_as_it_says(
    capture: Path, core: Core, passwords: Passwords, router: httpx.AsyncClient
) -> None:
    slug = f"capture-{next(_numbers)}"
    own = next(
        (toml for toml in (capture.with_suffix(".toml"), capture.parent / "workspace.toml") if toml.exists()), None
    )
    text = own.read_text().replace("{slug}", slug) if own else workspace_of(slug)
    text = text.replace("{number}", str(clients_id_of(slug)))
    await apply(core, passwords, read_workspace(text))
    known = {
        "slug": slug,
        "number": str(clients_id_of(slug)),
        "key": NATIVE_KEY.format(slug=slug),
        "token": MINDFUL_TOKEN.format(slug=slug),
        "second token": f"second-{MINDFUL_TOKEN.format(slug=slug)}",
    }
    credential = PROMISES[capture.parent.parent.name].credential(slug)
    for exchange in read(capture):
        answer = await replay(router, exchange, known, credential)
        assert_described(DIALECTS[capture.parent.parent.name], answer)

"""Rules for every page: it answers, is small, escapes what it shows, and asks nobody else."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from ringbook.console.frame import _assets
from ringbook.core.access import Records
from tests.console.conftest import Visitor
from tests.console.pages import PAGES, furnish

FIRST_LOAD = 150_000


class Outline(HTMLParser):
    """What a page has: its headings, ids, references and forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.posts = self.tokens = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        if told.get("id"):
            self.ids.append(str(told["id"]))
        self.references += [str(told[name]) for name in ("href", "src", "action") if told.get(name)]
        self.posts += tag == "form" and told.get("method") == "post" and told.get("action") != "/console/theme"
        self.tokens += told.get("name") == "form_token"


async def test_every_page_answers_with_one_heading_and_asks_nobody_else(admin: Visitor, records: Records) -> None:
    named = await furnish(records)
    for path in PAGES:
        answer = await admin.get(path.format(**named))
        assert answer.status_code == (404 if path == "/no-such-page" else 200), (path, answer.text)
        page = Outline(answer.text)
        assert page.headings.count("h1") == 1, path
        assert len(page.ids) == len(set(page.ids)), (path, sorted(page.ids))
        assert page.tokens == page.posts, path
        for reference in page.references:
            assert re.match(r"(/(?!/)|#|\?|tel:|mailto:)", reference), (path, reference)
        assert "<Engines>" not in answer.text
        assert "<asked>" not in answer.text


async def test_the_first_load_is_small(admin: Visitor, records: Records) -> None:
    await furnish(records)
    assets = sum(len(asset.plain) for asset in _assets().values())
    for path in ("", "/contacts", "/campaigns/7224", "/schema", "/account"):
        assert len((await admin.get(path)).content) + assets < FIRST_LOAD, path


async def test_what_pages_are_made_of_is_kept_by_browsers(admin: Visitor) -> None:
    page = await admin.read("")
    sheet = re.search(r'href="(/console/assets/\w+/console\.css)"', page)
    assert sheet is not None
    answer = await admin.client.get(sheet[1])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert "--ink" in answer.text
    assert (await admin.client.get("/console/assets/0/../frame.py")).status_code == 404
    assert (await admin.client.get("/console/assets/0/frame.py")).status_code == 404


async def test_the_theme_can_be_changed_without_script(admin: Visitor) -> None:
    assert 'data-theme="auto"' in await admin.read("")
    for theme in ("light", "dark", "auto"):
        answer = await admin.client.post("/console/theme")
        assert answer.status_code == 303
        assert f'data-theme="{theme}"' in await admin.read("")


async def test_a_bug_shows_its_id_and_not_its_cause(admin: Visitor, records: Records) -> None:
    page = await admin.get("/campaigns/7224", hours="x")
    assert page.status_code == 400
    assert "Traceback" not in page.text

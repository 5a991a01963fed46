"""Each page's main job in a real browser, and axe-core's rules on every page, light and dark, wide and narrow."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import closing
from importlib import resources
from socket import socket

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from ringbook.app import build_front
from ringbook.background.events import Gatherer
from ringbook.core.access import Core, Records
from ringbook.core.screenpop import Call
from ringbook.domain.imports import ImportSettings
from ringbook.web.exchanges import Exchanges
from ringbook.web.limits import SharedLimits
from ringbook.web.log import RequestLog
from ringbook.web.metrics import Metrics
from ringbook.web.worker import Worker
from tests.console.pages import PAGES, furnish
from tests.core.cast import LEADS, SPRING, lead, number, only, save, with_number

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
NARROW: ViewportSize = {"width": 390, "height": 800}
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
ALIKE = ("?q=a", "?sort", "?name", "/dnc", "/datasets?number=330", "/journal?", "?dialect", "/{predefined}", "?which")
DIFFERENT = [path for path in PAGES if not any(part in path for part in ALIKE) or path == "/dnc/list?name=internal"]
"""Pages that are not made of what another one has, too."""
TELLING = ("?q={number}", "/campaigns/7224", "/schema?ani={number}", "/contacts/{contact}/merge?other={other}", "/keys")
"""Pages that have all there is of colours and shapes."""

expect.set_options(timeout=15_000)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="session")
async def url(core: Core, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The console over HTTP, in this process and over this run's database."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    run = tmp_path_factory.mktemp("run")
    worker = Worker(core, SharedLimits(run, workers=1), RequestLog(None), Metrics(run), Exchanges(core))
    server = Server(build_front(worker), port=port, interface=Interfaces.ASGINL, log_enabled=False, websockets=False)
    serving = asyncio.create_task(server.serve())
    yield f"http://127.0.0.1:{port}"
    server.stop()  # type: ignore[no-untyped-call]
    await serving


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser, url: str, core: Core, records: Records) -> AsyncIterator[Page]:
    """An administrator's browser. It fails the test if a script complains, or anybody but this server is asked."""
    context = await chromium.new_context(base_url=url, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(url) else None)
    link = await core.sessions.make_link(records.tenant.slug, "kim.lee")
    await opened.goto(f"/console/link?link={link}")
    yield opened
    await context.close()
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []


@pytest.mark.parametrize("part", range(4))
async def test_no_page_breaks_a_rule_of_accessibility(page: Page, records: Records, part: int) -> None:
    named = await furnish(records)
    for path in DIFFERENT[part::4]:
        await page.goto("/console" + path.format(**named))
        await refuse_violations(page, path)
        assert not await page.evaluate(SIDEWAYS), path


async def test_nor_in_the_dark_and_on_a_phone(page: Page, records: Records) -> None:
    named = await furnish(records)
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size(NARROW)
    for path in PAGES:
        await page.goto("/console" + path.format(**named))
        assert not await page.evaluate(SIDEWAYS), path
        if path in TELLING:
            await refuse_violations(page, path)


async def test_nor_does_signing_in(page: Page) -> None:
    await page.context.clear_cookies()
    await page.goto("/console")
    await refuse_violations(page, "signing in")


async def refuse_violations(page: Page, where: str) -> None:
    await page.evaluate(AXE)
    found = await page.evaluate("axe.run({resultTypes: ['violations']}).then((told) => told.violations)")
    told = [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in found for node in one["nodes"][:3]]
    assert told == [], where


async def test_signing_in_leads_to_the_page_that_was_wanted_and_out_again(page: Page, records: Records) -> None:
    await page.context.clear_cookies()
    await page.goto("/console/contacts")
    await page.get_by_label("Login").fill("kim.lee")
    account = page.get_by_label("Account", exact=True)
    if await account.count():
        await account.fill(records.tenant.slug)
    await page.get_by_label("Password").fill("not-the-password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await page.get_by_label("Password").fill(f"password-of-{records.tenant.slug}")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Contacts")
    await page.get_by_text("Your account").locator("..").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile("/console/sign-in"))


async def test_a_caller_is_found_by_keyboard_alone_in_any_spelling(page: Page, records: Records) -> None:
    await save(records, first_name="Ada", last_name="Byron", phone1=number(1))
    await page.goto("/console/journal")
    await page.keyboard.press("/")
    await page.keyboard.type("1 330 555 0101")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ada Byron")
    await expect(page.get_by_text("same number")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#content")).to_be_focused()


async def test_a_contact_is_edited_with_the_schemas_types(page: Page, records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    await page.goto(f"/console/contacts/{contact.id}/edit")
    await page.get_by_label("Email").fill("nonsense")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Email").fill("ada@example.com")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_have_text("Saved.")
    assert (await records.contacts.get(contact.id)).attributes["email"] == "ada@example.com"


async def test_what_takes_something_away_asks_first(page: Page, records: Records) -> None:
    contact = await save(records, first_name="Ada", phone1=number(1))
    await page.goto(f"/console/contacts/{contact.id}/edit")
    page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
    await page.get_by_role("button", name="Delete").click()
    assert await records.contacts.get(contact.id)
    page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("status")).to_contain_text("gone")


async def test_a_campaign_is_watched_and_stopped(page: Page, records: Records) -> None:
    await records.lists.add(LEADS, lead(1, number(1), first="Ada"))
    await page.goto("/console/campaigns")
    await page.get_by_role("link", name="Spring").click()
    await expect(page.get_by_role("img", name="Ready to call: 1")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("button", name="Start")).to_be_visible()
    assert (await records.campaigns.get(SPRING)).state == "stopped"


async def test_the_theme_is_kept(page: Page) -> None:
    light, dark = "rgb(244, 245, 247)", "rgb(17, 21, 26)"
    await page.emulate_media(color_scheme="light")
    await page.goto("/console")
    await expect(page.locator("body")).to_have_css("background-color", light)
    await page.get_by_role("button", name="Light or dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("body")).to_have_css("background-color", dark)
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("body")).to_have_css("background-color", dark)
    await page.get_by_role("button", name="Light or dark").click()
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("body")).to_have_css("background-color", light)
    await page.context.clear_cookies(name="ringbook_theme")
    await page.reload()
    await expect(page.locator("body")).to_have_css("background-color", dark)


async def test_a_chosen_file_is_previewed_and_imported(page: Page, records: Records) -> None:
    await page.goto("/console/imports/new")
    content = b"Given name,phone1\nUdo,330-555-0160\n"
    await page.locator("#file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": content})
    goes_to = page.get_by_label("Where Given name goes")
    await goes_to.select_option("last_name")
    await page.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("people.csv")
    await records.imports.work()
    await expect(page.get_by_text("Done")).to_be_visible()
    assert only(await with_number(records, "330-555-0160")).attributes["last_name"] == "Udo"


async def test_a_dry_run_becomes_an_import_by_a_button_and_shows_itself_when_it_is_done(
    page: Page, records: Records
) -> None:
    await page.goto("/console/imports/new")
    content = f"Given name,phone1\nUdo,{number(60)}\n".encode()
    await page.locator("#file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": content})
    await page.get_by_label("Where Given name goes").select_option("last_name")
    await page.get_by_label("Save the settings as").fill("Monthly")
    await page.get_by_role("button", name="Dry run").click()
    await expect(page.get_by_text("It waits for its turn")).to_be_visible()
    await page.get_by_role("button", name="Cancel").focus()
    await page.evaluate("document.getElementById('job').dataset.old = 'yes'")
    await expect(page.locator("#job[data-old]")).to_have_count(0)
    await expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    await records.imports.work()
    await page.get_by_role("button", name="Import for real").click()
    await expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()
    await records.imports.work()
    await expect(page.get_by_role("button", name="Undo the import")).to_be_visible()
    assert only(await with_number(records, number(60))).attributes["last_name"] == "Udo"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.wait_for_timeout(1500)
    assert asked == []
    page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.get_by_role("button", name="Undo the import").click()
    await expect(page.get_by_role("progressbar", name="How much of the undo is behind")).to_be_visible()
    await records.imports.work()
    await expect(page.get_by_text("1 deleted, 0 left alone")).to_be_visible()


async def test_saved_settings_are_used_and_let_go(page: Page, records: Records) -> None:
    asked = await records.imports.settings(ImportSettings(mapping={"Given name": "last_name"}, dates="dd.MM.yyyy"))
    await records.import_profiles.put("Monthly", asked)
    await page.goto("/console/imports/new")
    await page.get_by_label("Saved settings").select_option("Monthly")
    await page.get_by_role("button", name="Use").click()
    await expect(page.get_by_label("Dates look like")).to_have_value("dd.MM.yyyy")
    content = b"Given name,phone1\nUdo,330-555-0160\n"
    await page.locator("#file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": content})
    await expect(page.get_by_label("Where Given name goes")).to_have_value("last_name")
    await refuse_violations(page, "a preview")
    await page.goto("/console/imports")
    page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.get_by_role("button", name="Delete Monthly").click()
    await expect(page.get_by_role("status")).to_contain_text("gone")
    assert await records.import_profiles.all() == []


@pytest.mark.parametrize("size", [None, NARROW], ids=["wide", "narrow"])
async def test_an_export_is_taken_from_the_page_that_shows_it(
    page: Page, records: Records, size: ViewportSize | None
) -> None:
    await save(records, first_name="Ada", phone1=number(1))
    if size:
        await page.set_viewport_size(size)
    await page.goto("/console/contacts")
    await page.get_by_text("Export", exact=True).last.click()
    await refuse_violations(page, "an open menu")
    assert not await page.evaluate(SIDEWAYS)
    async with page.expect_download() as taken:
        await page.get_by_role("link", name="vCard").click()
    download = await taken.value
    assert download.suggested_filename.endswith(".vcf")
    assert "Ada" in (await download.path()).read_text("utf-8")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Contacts")


async def test_a_pop_appears_as_it_happens_and_an_agents_own_opens_the_person(
    page: Page, core: Core, records: Records
) -> None:
    contact = await save(records, first_name="Ada", last_name="Byron", phone1=number(1))
    working = [asyncio.create_task(work) for work in (Gatherer(core.database).run(), core.hub.run())]
    try:
        await page.goto("/console/live")
        await expect(page.locator("#live-state")).to_have_text("listening")
        await records.screenpops.pop(Call(ani=number(1), agent="sam.poe"))
        await expect(page.locator("li", has_text="for sam.poe").get_by_role("link", name="Ada Byron")).to_be_visible()
        await page.get_by_label("Open my own pops").check()
        await records.screenpops.pop(Call(ani=number(1), agent="kim.lee"))
        await expect(page).to_have_url(re.compile(f"/console/contacts/{contact.id}$"))
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await page.goto("about:blank")


async def test_who_would_pop_is_tried(page: Page, records: Records) -> None:
    await save(records, first_name="Ada", customer_number="C-7", phone1=number(1))
    await page.goto("/console/schema")
    await page.get_by_label("Call variable", exact=False).last.fill("callVariable1")
    await page.get_by_label("Finds by").select_option("customer_number")
    await page.get_by_role("button", name="Map it").click()
    await page.get_by_label("Call variables").fill("callVariable1 = C-7")
    await page.get_by_role("button", name="Pop").click()
    await expect(page.get_by_text("One person pops")).to_be_visible()


async def test_an_exchange_is_there_when_somebody_looks(page: Page, url: str, records: Records) -> None:
    secret = (await records.keys.create("crm", "native")).secret
    async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {secret}"}) as client:
        answer = await client.get("/v1/lookup", params={"phone": number(1)})
    await page.goto(f"/console/exchanges?id={answer.headers['x-request-id']}")
    await expect(page.get_by_text("GET /v1/lookup").first).to_be_visible()
    await expect(page.get_by_text('"contacts": []')).to_be_visible()

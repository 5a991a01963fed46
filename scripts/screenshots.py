"""Every page of the console as a picture, in light and dark, wide and narrow: to be looked at before a release.

It starts a demo of its own, signs in by its link, and writes into a folder; `--readme` writes the two pictures of the
README as well. It needs Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parent.parent
WIDE, NARROW = (1360, 850), (390, 800)
PATIENCE = 60.0
NATIVE = {"authorization": "Bearer demo-native-key"}

PAGES = {
    "sign-in": "/console/sign-in",
    "lookup": "/console",
    "lookup-person": "/console?q=030 23125-047",
    "lookup-several": "/console?q=schn",
    "lookup-nobody": "/console?q=Nobody at all",
    "live": "/console/live",
    "contacts": "/console/contacts",
    "contacts-sorted": "/console/contacts?name=s&sort=last_name",
    "contact-edit": "/console/contacts/{ilse}/edit",
    "contact-history": "/console/contacts/{ilse}/history",
    "contact-merge": "/console/contacts/{ilse}/merge?other={other}",
    "contact-new": "/console/contacts/new",
    "campaigns": "/console/campaigns",
    "campaign": "/console/campaigns/101?hours=72",
    "lists": "/console/lists",
    "list": "/console/lists/{list}",
    "imports": "/console/imports",
    "import-new": "/console/imports/new",
    "import-new-saved": "/console/imports/new?profile=Winter",
    "import": "/console/imports/{import}",
    "import-tried": "/console/imports/{tried}",
    "exports": "/console/exports",
    "data-sets": "/console/datasets?number=030 23125-047",
    "templates": "/console/datasets/templates",
    "dnc": "/console/dnc?number=030 23125-098",
    "dnc-list": "/console/dnc/list?name=Do not call",
    "schema": "/console/schema?ani=030 23125-070&variables=callVariable3=M-2014-0023",
    "keys": "/console/keys",
    "users": "/console/users",
    "account": "/console/account",
    "api": "/console/api?dialect=wolkvox",
    "exchanges": "/console/exchanges",
    "journal": "/console/journal",
    "missing": "/console/contacts/1",
}
README = {"console-lookup": "/console?q=030 23125-047", "console-campaign": "/console/campaigns/101?hours=72"}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, nargs="?", default=ROOT / "build" / "screenshots")
    asked.add_argument("--only", default="", help="pages whose names have this in them")
    asked.add_argument("--readme", action="store_true", help="write docs/console-*.png too")
    given = asked.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is needed: apt-get install chromium.")
    given.folder.mkdir(parents=True, exist_ok=True)
    with demo() as (url, link):
        asyncio.run(picture(browser, url, link, given.folder, given.only, readme=given.readme))
    print(f"The pictures are in {given.folder}.")


@contextlib.contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A demo in a folder of its own: its URL and the link that signs in."""
    with tempfile.TemporaryDirectory(prefix="rb-") as folder, (Path(folder) / "err").open("wb") as err:
        out = Path(folder) / "out"
        with out.open("wb") as said:
            process = subprocess.Popen(
                [Path(sys.executable).with_name("ringbook"), "demo", "--port", "0", "--data", f"{folder}/data"],
                stdout=said,
                stderr=err,
                env={name: value for name, value in os.environ.items() if not name.startswith("RINGBOOK_")},
            )
        try:
            deadline = time.monotonic() + PATIENCE
            while (link := re.search(r"^(http\S+)/console/link\?link=\S+$", out.read_text(), re.M)) is None:
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"The demo does not start: {(Path(folder) / 'err').read_text()[-2000:]}")
                time.sleep(0.1)
            yield link[1], link[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


async def picture(program: str, url: str, link: str, folder: Path, only: str, *, readme: bool) -> None:
    names = seed(url)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        state = await signed_in(browser, link)
        for theme in ("light", "dark"):
            for width, size in (("wide", WIDE), ("narrow", NARROW)):
                context = await browser.new_context(
                    color_scheme=theme,
                    viewport={"width": size[0], "height": size[1]},
                    storage_state=state,
                    reduced_motion="reduce",
                )
                page = await context.new_page()
                for name, path in PAGES.items():
                    if only in name:
                        await page.goto(url + path.format(**names))
                        await page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
                await context.close()
        if readme:
            context = await browser.new_context(viewport={"width": 1100, "height": 660}, storage_state=state)
            page = await context.new_page()
            for name, path in README.items():
                await page.goto(url + path)
                await page.evaluate("document.activeElement.blur()")
                await page.screenshot(path=ROOT / "docs" / f"{name}.png")
        await browser.close()


async def signed_in(browser: Browser, link: str) -> Path:
    """The cookies of somebody who has used the link."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(link)
    state = Path(tempfile.mkdtemp(prefix="rb-")) / "state.json"
    await context.storage_state(path=state)
    await context.close()
    return state


def seed(url: str) -> dict[str, str]:
    """Something to be seen: an import, exchanges, a contact with a history; the ids that paths are made with."""
    with httpx.Client(base_url=url, headers=NATIVE, timeout=30) as client:
        ilse = client.get("/v1/lookup", params={"phone": "030 23125-047"}).json()["contacts"][0]["id"]
        other = client.get("/v1/lookup", params={"phone": "030 23125-048"}).json()["contacts"][0]["id"]
        client.patch(f"/v1/contacts/{ilse}", json={"attributes": {"tariff": "Strom Natur", "monthly_payment": 91}})
        client.get("/v1/lookup", params={"phone": "no number"})
        client.post("/v1/screenpop", json={"ani": "030 23125-012"})
        rows = "customer_id,first_name,last_name,phone1,email\nK-30001,Eva,Roth,030 23125-071,eva@mail.example.com\n"
        rows += "K-30002,Udo,Lenz,030 23125-072,not an address\n"
        made = client.post("/v1/imports", params={"name": "winter.csv"}, content=rows).json()["id"]
        asked = {"name": "spring.csv", "dry_run": "true"}
        tried = client.post("/v1/imports", params=asked, content=rows.replace("K-3", "K-4")).json()["id"]
        client.put("/v1/import-profiles/Winter", json={"mapping": {"first_name": "first_name"}})
        deadline = time.monotonic() + PATIENCE
        while client.get(f"/v1/imports/{tried}").json()["state"] != "done" and time.monotonic() < deadline:
            time.sleep(0.2)
        lists = client.get("/v1/lists").json()["items"]
        meters = next(one["id"] for one in lists if one["name"] == "meters.csv")
    return {"ilse": str(ilse), "other": str(other), "list": str(meters), "import": str(made), "tried": str(tried)}


if __name__ == "__main__":
    main()

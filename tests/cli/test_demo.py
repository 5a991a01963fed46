"""The demo's files, and that loading them twice is as good as once."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import phonenumbers
import pytest

from ringbook.cli.demo import load_demo, sample_calls
from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords

FILES = Path(str(resources.files("ringbook") / "demo"))
RESERVED = re.compile(r"\+4930231250\d\d|\+491713920\d\d\d|\+1212555014\d")
"""Numbers kept free for fiction: Berlin 23125-000 to -999, mobiles 0171 39200-00 to -99, North America's 555-01xx."""


@pytest.fixture(scope="module")
async def demo(core: Core, passwords: Passwords) -> Records:
    await load_demo(core, passwords)
    return await core.authenticate("native", "demo-native-key")


async def test_a_second_start_adds_nothing_but_the_data_set(demo: Records, core: Core, passwords: Passwords) -> None:
    before = await demo.lookup.by_number("030 23125-047")
    journal = (await demo.journal.changes(limit=1))[0].id
    await demo.contacts.update(before.contacts[0].id, {"tariff": "Strom Flex"})
    await load_demo(core, passwords)
    after = await demo.lookup.by_number("030 23125-047")
    assert after.interactions == before.interactions
    assert after.campaign_records == before.campaign_records
    assert b"Strom Flex" in bytes(after.contacts[0].attributes)
    assert [d.number for d in after.data_sets] == [d.number for d in before.data_sets]
    assert after.data_sets[0].expires_at > before.data_sets[0].expires_at
    since = [change for change in await demo.journal.changes(limit=50) if change.id > journal]
    assert {change.entity for change in since} <= {"contact", "data_set", "dnc_list"}


async def test_campaigns_and_the_do_not_call_list_are_as_the_file_says(demo: Records) -> None:
    campaigns = {c.name: (c.id, c.state) for c in await demo.campaigns.all()}
    assert campaigns == {"Meter replacement": (101, "running"), "Payment reminder": (102, "stopped")}
    assert await demo.campaigns.barred_by(101, "+49 30 23125098") == "Do not call"
    assert len(await demo.lists.records("meters.csv")) == 10


async def test_every_dialect_has_a_key(demo: Records) -> None:
    assert {key.dialect for key in await demo.keys.all()} == {
        *("native", "mindful", "wolkvox", "jtel", "cim", "callerid")
    }
    assert [user.login for user in await demo.keys.users()] == ["dana.keller"]


def test_every_number_is_reserved_for_fiction_and_every_address_is_an_example() -> None:
    numbers = list(_numbers())
    assert len(numbers) > 50
    for raw in numbers:
        number = phonenumbers.format_number(phonenumbers.parse(raw, "DE"), phonenumbers.PhoneNumberFormat.E164)
        assert RESERVED.fullmatch(number), raw
    for name in ("contacts.csv", "meters.csv", "reminders.csv"):
        for domain in re.findall(r"@([\w.-]+)", (FILES / name).read_text("utf-8")):
            assert re.search(r"(^|\.)example\.(com|net|org)$", domain)


def test_the_files_belong_to_the_package() -> None:
    assert FILES.is_dir()
    assert FILES.resolve() == (Path(__file__).parents[2] / "examples" / "demo").resolve()


def test_sample_calls_are_encoded_for_the_host_they_are_served_on() -> None:
    calls = [line for line in sample_calls("http://[::1]:8081") if line.startswith("curl ")]
    for call in calls:
        url = call.split("'")[-2]
        assert url.startswith("http://[::1]:8081/")
        assert not set(urlsplit(url).query) & set(" +")


def _numbers() -> Iterator[str]:
    for file in FILES.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as opened:
            for row in csv.DictReader(opened):
                columns = ("phone1", "phone2", "Phone", "Mobile", "Number", "number")
                yield from (row[column] for column in columns if row.get(column))
    for file in FILES.glob("*.jsonl"):
        yield from re.findall(r'"(?:ani|phone|number)": "([^"]+)"', file.read_text("utf-8"))
    for line in sample_calls(""):
        yield from re.findall(r'"(?:ani|customer_contact_number)": "([^"]+)"', line)

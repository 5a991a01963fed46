"""Workspace files: applying one again changes nothing, and every step says what really became of a thing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import Applied, apply, prune, pruning
from ringbook.core.workspace_file import read_workspace
from ringbook.domain.problems import Conflict, Invalid, Unauthenticated
from tests.core.cast import number, only

FILE = """
[tenant]
slug = "SLUG"
name = "Acme"
region = "US"
time_zone = "America/New_York"
wolkvox_licences = 5
cim_anonymous_networks = ["127.0.0.0/8", "::1/128"]

[[keys]]
name = "crm"
for = "native"
secret = "crm-of-SLUG"
scopes = ["write"]
per_second = 10

[[keys]]
name = "pbx"
for = "callerid"

[[users]]
login = "kim.lee"
role = "admin"
privileges = ["manage_lists"]

[[attributes]]
key = "customer_number"
label = "Customer number"
type = "string"
unique = true

[[mappings]]
callVariable = "callVariable3"
key = "customer_number"

[[templates]]
name = "Inbound"
retention_hours = 0.5
data_keys = ["AccNum"]

[[lists]]
name = "leads.csv"
fields = [{ name = "id", key = true }, { name = "Phone", type = "PHONE" }]

[[campaigns]]
name = "Spring"
lists = ["leads.csv"]
calling = { hours = [{ days = ["mon", "tue"], from = "09:00", until = "17:00" }], holidays = [2026-12-25] }
retry = { most_tries = 8, busy = { after_minutes = 10, tries = 3 } }

[calling]
hours = [{ from = "08:00", until = "21:00" }]
tries = { most = 3, hours = 24 }

[[postcodes]]
postcode = "SW1"
time_zone = "Europe/London"

[[dnc_lists]]
name = "internal"

[[skills]]
id = 1
name = "Sales"

[wolkvox]
strict = true
"""

_slugs = (f"workspace-{n}" for n in itertools.count(1))


class File:
    """A workspace file that is edited and applied."""

    def __init__(self, core: Core, passwords: Passwords) -> None:
        self.core = core
        self.passwords = passwords
        self.slug = next(_slugs)
        self.text = FILE.replace("SLUG", self.slug)

    def edit(self, old: str, new: str) -> None:
        old, new = old.replace("SLUG", self.slug), new.replace("SLUG", self.slug)
        assert self.text.count(old) == 1, old
        self.text = self.text.replace(old, new)

    async def apply(self, *, force: bool = False) -> Applied:
        return await apply(self.core, self.passwords, read_workspace(self.text), force=force)

    async def changed(self, *, force: bool = False) -> list[tuple[str, str, str]]:
        """What applying did, but for what it left unchanged."""
        steps = (await self.apply(force=force)).steps
        return [(step.action, step.kind, step.name) for step in steps if step.action != "unchanged"]

    async def surplus(self) -> list[tuple[str, str]]:
        return [(step.kind, step.name) for step in await pruning(self.core, read_workspace(self.text))]

    async def prune(self) -> None:
        workspace = read_workspace(self.text)
        await prune(self.core, workspace, await pruning(self.core, workspace))

    async def records(self) -> Records:
        return await Core(self.core.database).authenticate("native", f"crm-of-{self.slug}")


@pytest.fixture
def file(core: Core, passwords: Passwords) -> Iterator[File]:
    yield File(core, passwords)


@pytest.fixture
async def applied(file: File) -> File:
    await file.apply()
    return file


# ---- Applying


async def test_the_first_time_everything_is_created_and_generated_secrets_are_told(file: File) -> None:
    steps = (await file.apply()).steps
    assert {step.action for step in steps} == {"created"}
    assert {step.kind for step in steps} == {
        "tenant", "attribute", "mapping", "template", "key", "user", "list", "campaign", "dnc_list", "skills",
        "calling", "postcodes",
    }  # fmt: skip
    assert {step.name for step in steps if step.secret} == {"pbx", "Inbound"}


async def test_the_second_time_nothing_changes(applied: File) -> None:
    assert await applied.changed() == []
    assert await applied.surplus() == []


@pytest.mark.parametrize(
    ("old", "new", "kind", "name"),
    [
        ('name = "Acme"', 'name = "Acme Inc"', "tenant", "SLUG"),
        ("wolkvox_licences = 5", "", "tenant", "SLUG"),
        ("strict = true", "strict = false", "tenant", "SLUG"),
        ('label = "Customer number"', 'label = "Number"', "attribute", "customer_number"),
        ("unique = true", "unique = false", "attribute", "customer_number"),
        ("retention_hours = 0.5", "retention_hours = 0.25", "template", "Inbound"),
        ('["AccNum"]', '["AccNum", "Name"]', "template", "Inbound"),
        ('scopes = ["write"]', 'scopes = ["admin"]', "key", "crm"),
        ("per_second = 10", "", "key", "crm"),
        ('role = "admin"', 'role = "agent"', "user", "kim.lee"),
        ('type = "PHONE" }]', 'type = "PHONE" }, { name = "note" }]', "list", "leads.csv"),
        ('lists = ["leads.csv"]', 'lists = ["leads.csv"]\nenabled = false', "campaign", "Spring"),
        ('name = "internal"', 'name = "internal"\ntype = "AREA_CODES"', "dnc_list", "internal"),
        ('name = "Sales"', 'name = "Sales and more"', "skills", "1"),
        ('"tue"], from', '"wed"], from', "campaign", "Spring"),
        ("most_tries = 8", "most_tries = 9", "campaign", "Spring"),
        ("most = 3", "most = 4", "calling", "SLUG"),
        ("Europe/London", "Europe/Dublin", "postcodes", "SLUG"),
    ],
)
async def test_one_changed_thing_is_updated_once(applied: File, old: str, new: str, kind: str, name: str) -> None:
    applied.edit(old, new)
    assert await applied.changed() == [("updated", kind, name.replace("SLUG", applied.slug))]
    assert await applied.changed() == []


async def test_a_list_that_a_campaign_is_given_updates_the_campaign(applied: File) -> None:
    applied.edit('lists = ["leads.csv"]', 'lists = ["leads.csv", "more.csv"]')
    applied.text += '[[lists]]\nname = "more.csv"\nfields = [{ name = "Phone", type = "PHONE", key = true }]\n'
    assert await applied.changed() == [("created", "list", "more.csv"), ("updated", "campaign", "Spring")]


async def test_what_a_file_no_longer_names_stays(applied: File) -> None:
    applied.edit('[[skills]]\nid = 1\nname = "Sales"\n', '[[skills]]\nid = 2\nname = "Service"\n')
    assert await applied.changed() == [("created", "skills", "2")]
    assert await applied.surplus() == [("skills", "1")]


async def test_a_changed_key_may_what_the_file_says_at_once(applied: File) -> None:
    applied.edit('scopes = ["write"]', 'scopes = ["read"]')
    await applied.apply()
    credential = (await applied.records()).credential
    assert credential is not None
    assert credential.scopes == {"read"}


# ---- What counts only at creation


async def test_an_operators_change_survives_an_apply_and_not_a_forced_one(applied: File) -> None:
    applied.edit('name = "Spring"', 'name = "Spring"\nstate = "stopped"')
    records = await applied.records()
    await records.campaigns.update("Spring", state="running")
    assert await applied.changed() == []
    assert (await records.campaigns.get("Spring")).state == "running"
    assert ("updated", "campaign", "Spring") in await applied.changed(force=True)
    assert (await records.campaigns.get("Spring")).state == "stopped"


async def test_a_changed_secret_counts_with_force_alone(applied: File) -> None:
    applied.edit("crm-of-SLUG", "another-crm-of-SLUG")
    assert await applied.changed() == []
    assert await applied.records()
    assert ("updated", "key", "crm") in await applied.changed(force=True)
    with pytest.raises(Unauthenticated):
        await applied.records()


async def test_a_changed_token_counts_with_force_alone(applied: File) -> None:
    applied.edit('data_keys = ["AccNum"]', 'data_keys = ["AccNum"]\ntoken = "token-of-SLUG"')
    assert await applied.changed() == []
    with pytest.raises(Unauthenticated):
        await applied.core.authenticate("mindful", f"token-of-{applied.slug}")
    assert ("updated", "template", "Inbound") in await applied.changed(force=True)
    assert (await applied.core.authenticate("mindful", f"token-of-{applied.slug}")).template


async def test_force_tells_only_what_it_changed(applied: File) -> None:
    """A password cannot be compared with its hash's origin: forcing writes it anew."""
    applied.edit('role = "admin"', 'role = "admin"\npassword = "digest-and-console"')
    applied.edit('data_keys = ["AccNum"]', 'data_keys = ["AccNum"]\ntoken = "token-of-SLUG"')
    await applied.apply(force=True)
    assert await applied.changed(force=True) == [("updated", "user", "kim.lee")]


# ---- Refusals


@pytest.mark.parametrize("line", ["jtel_clients_id = 4242", "cim = true"])
async def test_what_another_tenant_has_is_refused(core: Core, passwords: Passwords, line: str) -> None:
    first, second = File(core, passwords), File(core, passwords)
    async with core.database.transaction() as tx:
        await tx.execute("UPDATE tenant SET cim = false")  # another test's tenant may have it
    for file in (first, second):
        file.edit("wolkvox_licences = 5", line)
    await first.apply()
    with pytest.raises(Conflict, match="Another tenant"):
        await second.apply()
    assert await second.surplus() == []
    first.edit(line, "")
    await first.apply()
    await second.apply()
    second.edit(line, "")
    await second.apply()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "Acme"', 'name = "Acme"\nnmae = "typo"'),
        ('[[keys]]\nname = "crm"', '[[kyes]]\nname = "crm"'),
        ('slug = "SLUG"', 'slug = "Not a slug"'),
        ('slug = "SLUG"', 'slug = "-SLUG"'),
        ('region = "US"', 'region = "XX"'),
        ("America/New_York", "Mars/Olympus"),
        ("127.0.0.0/8", "127.0.0.0/33"),
        ('for = "callerid"', 'for = "carrier-pigeon"'),
        ('name = "pbx"\nfor = "callerid"', 'name = "crm"\nfor = "native"'),
        ('role = "admin"', 'role = "king"'),
        ('type = "PHONE"', 'type = "TELEPHONE"'),
        ("retention_hours = 0.5", 'retention_hours = "half"'),
        ("id = 1", "id = "),
        ('name = "internal"', 'name = "internal"\n[[dnc_lists]]\nname = "internal"'),
        ("unique = true", 'unique = true\n[[attributes]]\nkey = "customer_number"'),
        ('name = "Spring"', 'name = "Spring"\nid = 7\n[[campaigns]]\nname = "Autumn"\nid = 7'),
    ],
)
async def test_a_file_that_is_wrong_is_refused_before_anything_happens(file: File, old: str, new: str) -> None:
    file.edit(old, new)
    with pytest.raises(Invalid):
        await file.apply()
    with pytest.raises(Unauthenticated):
        await file.records()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('type = "string"', 'type = "blob"', "unknown type blob"),
        ('key = "customer_number"\nlabel', 'key = "no such"\nlabel', "A key has letters"),
        ('lists = ["leads.csv"]', 'lists = ["laeds.csv"]', "Spring runs over laeds.csv"),
        ("retention_hours = 0.5", "retention_hours = 49", "at most 48"),
        ('"callVariable3"\nkey = "customer_number"', '"callVariable3"\nkey = "none"', "no such attribute"),
    ],
)
async def test_a_name_that_means_nothing_is_refused_by_its_name(file: File, old: str, new: str, message: str) -> None:
    file.edit(old, new)
    with pytest.raises(Invalid, match=message):
        await file.apply()


async def test_an_id_does_not_change(applied: File) -> None:
    applied.edit('name = "Spring"', 'name = "Spring"\nid = 99')
    with pytest.raises(Conflict, match="an id does not change"):
        await applied.apply()


# ---- Pruning


async def test_pruning_deletes_what_its_plan_names_and_nothing_else(applied: File) -> None:
    records = await applied.records()
    await records.lists.add("leads.csv", {"id": "1", "Phone": number(1)})
    applied.text = applied.text[: applied.text.index("[[users]]")]
    applied.edit('[[keys]]\nname = "pbx"\nfor = "callerid"\n', "")
    plan = await applied.surplus()
    assert sorted(plan) == [
        ("attribute", "customer_number"),
        ("campaign", "Spring"),
        ("dnc_list", "internal"),
        ("key", "pbx"),
        ("list", "leads.csv"),
        ("mapping", "callVariable3 → customer_number"),
        ("skills", "1"),
        ("template", "Inbound"),
        ("user", "kim.lee"),
    ]
    assert await records.lists.all()
    await applied.prune()
    assert await applied.surplus() == []
    assert await applied.changed() == [("updated", "tenant", applied.slug)]  # the switches went with the text
    assert len(await records.contacts.page()) == 1
    assert only(await applied.core.for_tenant(records.tenant, "tests").keys.all()).name == "crm"


async def test_pruning_a_tenant_that_is_not_there_does_nothing(file: File) -> None:
    assert await file.surplus() == []
    await file.prune()

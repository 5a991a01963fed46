"""Every page that there is to look at, for rules that hold for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from msgspec import structs

from ringbook.core.access import Records
from ringbook.domain.imports import ImportSettings
from tests.core.cast import LEADS, agent_leg, attempt, lead, number, save

PAGES = (
    "",
    "?q={number}",
    "?q=a",
    "?q=nobody-at-all",
    "?q={stranger}",
    "/live",
    "/contacts",
    "/contacts?name=ada&sort=last_name",
    "/contacts?sort=city&down=1",
    "/contacts?name=nobody",
    "/contacts/new",
    "/contacts/{contact}",
    "/contacts/{contact}/edit",
    "/contacts/{contact}/history",
    "/contacts/{contact}/merge",
    "/contacts/{contact}/merge?other={other}",
    "/campaigns",
    "/campaigns/new",
    "/campaigns/7224",
    "/campaigns/7224?which=completed&hours=168",
    "/lists",
    "/lists/new",
    "/lists/{list}",
    "/imports",
    "/imports/new",
    "/imports/new?profile=Monthly",
    "/imports/{import}",
    "/imports/{tried}",
    "/exports",
    "/datasets",
    "/datasets?number={number}",
    "/datasets?number=330-555-0199",
    "/datasets/templates",
    "/dnc",
    "/dnc?number={number}",
    "/dnc/list?name=internal",
    "/schema",
    "/schema?ani={number}",
    "/schema/{attribute}",
    "/schema/{predefined}",
    "/keys",
    "/users",
    "/users/{user}",
    "/account",
    "/api",
    "/api?dialect=wolkvox",
    "/exchanges",
    "/journal",
    "/journal?entity=contact",
    "/no-such-page",
)


async def furnish(records: Records) -> Mapping[str, object]:
    """Something for every page to show, and what paths are made with."""
    ada = await save(records, customer_id="A-1", first_name="Ada", last_name="Byron", phone1=number(1), city="London")
    eve = await save(records, first_name="Eva", last_name="Byron", phone1=number(2), email="eva@example.com")
    await records.contacts.update(ada.id, {"company": "Analytical <Engines>"})
    await records.lists.add(LEADS, lead(1, number(1), first="Ada", last="Byron"))
    await records.lists.add(LEADS, lead(2, number(3), first="Kim", last="Poe"))
    await attempt(records, list=LEADS, key={"id": "1"}, phone=number(1), call_id="try-1", agent="kim.lee")
    await agent_leg(records, "call-1", ani=number(1), wrap_up="Billing", notes="She <asked> for the bill.")
    await agent_leg(records, "call-2", ani=number(9))
    await records.datasets.submit("Inbound IVR context", number(1), {"AccNum": "A-1", "LastName": "Byron"})
    await records.dnc_lists.create("internal", "INTERNAL")
    await records.do_not_call.add("internal", [number(8)])
    schema = await records.schema.attributes()

    asked = await records.imports.settings(ImportSettings())
    await records.import_profiles.put("Monthly", structs.replace(asked, dates="dd.MM.yyyy", decimal=","))
    tried = await records.imports.upload("people.csv", structs.replace(asked, dry_run=True), _people())
    await records.imports.work()
    job = await records.imports.upload("people.csv", asked, _people())
    return {
        "number": number(1),
        "stranger": number(9),
        "contact": ada.id,
        "other": eve.id,
        "list": next(one.id for one in await records.lists.all() if one.name == LEADS),
        "import": job.id,
        "tried": tried.id,
        "attribute": schema.by_key["customer_number"].id,
        "predefined": schema.by_key["city"].id,
        "user": next(user.id for user in await records.keys.users() if user.login == "sam.poe"),
    }


async def _people() -> AsyncIterator[bytes]:
    yield b"first_name,phone1\nUdo,330-555-0150\n"

"""Each dialect as something that writes one person and reads them again, in its own words.

`write` sends the vendor's own call; `reads` are the calls that could ask for the person who was written, whoever wrote
them. Both over HTTP, with the dialect's own credential.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from ringbook.core.access import Records
from ringbook.domain.layout import Field
from tests.conftest import clients_id_of
from tests.dialects.promises import PROMISES

CAMPAIGN, CAMPAIGN_ID, LIST = "Spring", 7224, "everything.csv"

LAYOUT = (
    Field("Id", key=True),
    Field("Account", type="ACCOUNT"),
    Field("First name", type="FIRST_NAME"),
    Field("Last name", type="LAST_NAME"),
    Field("Phone", type="PHONE", required=True),
    Field("Second phone", type="PHONE"),
    Field("Employer", type="COMPANY"),
    Field("Email"),
    Field("Address"),
    Field("City"),
    Field("Region", type="STATE"),
    Field("Country"),
    Field("Zip", type="ZIP_CODE"),
    Field("Plan"),
)
"""A list of another system, in the field types that Bright Pattern has."""


class World:
    """A tenant whose campaign runs over a list, and a client for each dialect."""

    def __init__(self, router: httpx.AsyncClient, records: Records) -> None:
        self._router = router
        self.records = records
        self.slug = records.tenant.slug

    async def prepare(self) -> None:
        await self.records.lists.create(LIST, LAYOUT)
        await self.records.campaigns.bind(CAMPAIGN, LIST)

    async def send(self, dialect: str, method: str, path: str, json: Any = None) -> Any:
        """The JSON of a success; None where it has no body or says that there is nobody."""
        answer = await self._router.request(
            method, f"http://ringbook.example{path}", json=json, auth=PROMISES[dialect].credential(self.slug)
        )
        if answer.status_code == 404:
            return None
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def campaign_record_id(self, number: str) -> int:
        """What jtel calls the contact's ID."""
        told = await self.send("native", "GET", f"/v1/lookup?phone={quote(number, safe='')}")
        found: int = told["campaign_records"][0]["id"]
        return found


@dataclass(frozen=True)
class Mouth:
    """`fields` are what it can say of a person, by its own name; all values are unlike one another."""

    name: str
    dialect: str
    fields: Mapping[str, str]
    write: Callable[[World, Mapping[str, str]], Awaitable[Any]]


NUMBER, SECOND = "330-555-0147", "330-555-0199"

# ---- Writing


async def _native_contact(world: World, fields: Mapping[str, str]) -> None:
    await world.send("native", "POST", "/v1/contacts", {"attributes": fields})


async def _native_record(world: World, fields: Mapping[str, str]) -> None:
    await world.send("native", "POST", f"/v1/lists/{LIST}/records", {"fields": fields})


async def _cim(world: World, fields: Mapping[str, str]) -> None:
    await world.send("cim", "POST", "/saveContact", fields)


async def _brightpattern(world: World, fields: Mapping[str, str]) -> None:
    await world.send("brightpattern", "POST", f"/admin/ws/t/{world.slug}/callinglist/add/{LIST}", fields)


async def _wolkvox(world: World, fields: Mapping[str, str]) -> None:
    path = (
        f"/api/v2/campaign.php?api=add_record&type_campaign=predictive&campaign_id={CAMPAIGN_ID}&campaign_status=stop"
    )
    await world.send("wolkvox", "POST", path, [fields])


async def _jtel(world: World, fields: Mapping[str, str]) -> None:
    path = f"/rest/v1.0/{clients_id_of(world.slug)}/dialler/contacts/import?overwriteDuplicates=true"
    await world.send("jtel", "POST", path, {"DiallerCampaignsID": CAMPAIGN_ID} | dict(fields))


_LISTED = {
    "Id": "K-1",
    "Account": "C-900",
    "First name": "Ada",
    "Last name": "Bell",
    "Phone": NUMBER,
    "Second phone": SECOND,
    "Employer": "Example Works",
    "Email": "ada@example.com",
    "Address": "1 Main St",
    "City": "Akron",
    "Region": "Ohio",
    "Country": "USA",
    "Zip": "44301",
    "Plan": "gold",
}
_ATTRIBUTES = {
    "customer_id": "C-900",
    "first_name": "Ada",
    "last_name": "Bell",
    "phone1": NUMBER,
    "phone2": SECOND,
    "email": "ada@example.com",
    "company": "Example Works",
    "address": "1 Main St",
    "city": "Akron",
    "state": "Ohio",
    "country": "USA",
    "postal_code": "44301",
    "customer_number": "N-77",
}
_WOLKVOX = {
    "customer_name": "Ada",
    "customer_last_name": "Bell",
    "id_type": "passport",
    "customer_id": "C-900",
    "age": "42",
    "gender": "female",
    "country": "USA",
    "state": "Ohio",
    "city": "Akron",
    "zone": "north",
    "address": "1 Main St",
    "opt1": "gold",
    "opt12": "twelfth",
    "tel1": NUMBER,
    "tel2": SECOND,
    "email": "ada@example.com",
}
_JTEL = {
    "UserData": "crm-7",
    "Client": "Example Client",
    "Service": "Renewals",
    "ReferenceNumber": "R-1",
    "Name": "Bell",
    "FirstName": "Ada",
    "Salutation": "Ms",
    "Title": "Dr",
    "Company": "Example Works",
    "Address": "1 Main St",
    "PostalCode": "44301",
    "City": "Akron",
    "Country": "USA",
    "Region": "Ohio",
    "PhoneNumber1": NUMBER,
    "PhoneNumber2": SECOND,
    "Email": "ada@example.com",
    "ExternalSystemLink": "https://crm.example.com/7",
    "Model": "sedan",
    "Tag": "spring",
}

MOUTHS: tuple[Mouth, ...] = (
    Mouth("native contact", "native", _ATTRIBUTES, _native_contact),
    Mouth("native record", "native", _LISTED, _native_record),
    Mouth("CIM", "cim", _ATTRIBUTES, _cim),
    Mouth("Bright Pattern", "brightpattern", _LISTED, _brightpattern),
    Mouth("wolkvox", "wolkvox", _WOLKVOX, _wolkvox),
    Mouth("jtel", "jtel", _JTEL, _jtel),
)


# ---- Reading


@dataclass(frozen=True)
class Told:
    """What one operation says of the person: `people` are all whom it found."""

    dialect: str
    operation: str
    people: list[Mapping[str, Any]]


async def reads(world: World, mouth: Mouth, spelling: str) -> AsyncIterator[Told]:
    """Every operation that could ask for the person whom this mouth wrote; by number in this spelling."""
    number = quote(spelling, safe="")
    told = await world.send("native", "GET", f"/v1/lookup?phone={number}")
    yield Told("native", "GET /v1/lookup", told["contacts"])
    found = await world.send("native", "POST", "/v1/contacts/search", {"criteria": {"phone": spelling}})
    yield Told("native", "POST /v1/contacts/search", found["items"])
    yield Told("native", "GET /v1/contacts", (await world.send("native", "GET", "/v1/contacts"))["items"])
    found = await world.send("cim", "POST", "/contacts/getContactsBySearchTerms", {"phone": spelling})
    yield Told("cim", "POST /contacts/getContactsBySearchTerms", found)
    by_name = await world.send("cim", "GET", "/contacts/getContactByName/ada%20be")
    yield Told("cim", "GET /contacts/getContactByName/{name}", by_name)
    yield Told("cim", "GET /getContactList", await world.send("cim", "GET", "/getContactList"))
    one = await world.send("cim", "GET", f"/contacts/{found[0]['_id']}") if found else None
    yield Told("cim", "GET /contacts/{contact_id}", [one] if one else [])
    if mouth.name in ("native contact", "CIM"):
        return  # a contact is in no list
    own = mouth.name in ("wolkvox", "jtel")
    name, key = (CAMPAIGN, {"customer_id": "C-900"}) if own else (LIST, {"Id": "K-1"})
    listed = await world.send("native", "GET", f"/v1/lists/{name}/records")
    yield Told("native record", "GET /v1/lists/{id}/records", [record["fields"] for record in listed["items"]])
    base = f"/admin/ws/t/{world.slug}/callinglist"
    everything = await world.send(
        "brightpattern", "POST", f"{base}/getAll/{name}/{CAMPAIGN}", {"fromIndex": 0, "maxSize": 1000}
    )
    yield Told("brightpattern", "POST callinglist/getAll", [row["entry"] for row in everything])
    if mouth.name != "jtel":  # whose records have no key that Bright Pattern could ask for
        told = await world.send("brightpattern", "POST", f"{base}/get/{name}/{CAMPAIGN}", key)
        yield Told("brightpattern", "POST callinglist/get/{list_name}/{campaign_name}", [told["entry"]] if told else [])
    questions = {"customer_phone": number, "campaign_id": str(CAMPAIGN_ID)}
    questions |= {} if mouth.name == "jtel" else {"customer_id": "C-900"}
    for asked, value in questions.items():
        told = await world.send("wolkvox", "GET", f"/api/v2/campaign.php?api=find_record&{asked}={value}")
        yield Told("wolkvox", f"GET find_record by {asked}", told["data"] if told else [])
    base = f"/rest/v1.0/{clients_id_of(world.slug)}/dialler/contacts"
    yield Told("jtel", "GET dialler/contacts", (await world.send("jtel", "GET", base))["records"])
    told = await world.send("jtel", "GET", f"{base}/{await world.campaign_record_id(spelling)}")
    yield Told("jtel", "GET dialler/contacts/{id}", told["records"] if told else [])
    if mouth.name == "jtel":
        told = await world.send("jtel", "GET", f"{base}/contact?userData=crm-7")
        yield Told("jtel", "GET dialler/contacts/contact", told["records"])

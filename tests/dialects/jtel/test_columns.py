"""What jtel's columns say of a record that was dialled, imported by somebody else, or changed elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from ringbook.dialects.jtel import wire
from ringbook.domain.calling_list import OWN_LAYOUT
from tests.conftest import make_tenant, workspace_of
from tests.core.cast import LEADS, NOON, SPRING, attempt, lead, number, only
from tests.dialects.jtel.conftest import Jtel, Switched

SPRING_OWN = "Spring"
FIRST, SECOND = "13305550101", "13305550102"


async def called(jtel: Jtel, records: Records, contact: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """The contact after an attempt."""
    await attempt(records, record_id=contact["ID"], **facts)
    return only(await jtel.found(f"/contacts/{contact['ID']}"))


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: after[name] for name in after if after[name] != before[name]}


def test_every_column_of_the_import_is_a_column_of_the_contact_and_has_a_field() -> None:
    assert set(wire.SAID) <= set(wire.COLUMNS)
    for column in wire.SAID:
        assert OWN_LAYOUT[column] is not None, column
        assert column in {field.name for field in msgspec.structs.fields(wire.ImportBody)}


def test_a_column_of_an_attribute_is_that_attributes_field_in_an_own_list() -> None:
    phones = [field.name for field in OWN_LAYOUT.phones]
    for column, attribute in wire.ATTRIBUTES.items():
        field = OWN_LAYOUT[column]
        assert field is not None
        if attribute.startswith("phone"):
            assert phones[int(attribute.removeprefix("phone")) - 1] == field.name
        else:
            assert field.attribute == attribute


async def test_a_contact_that_was_never_called_has_no_tries_and_nothing_set(jtel: Jtel) -> None:
    contact = await jtel.imported()
    assert list(contact) == list(wire.COLUMNS)
    given = {"ID", "DiallerCampaignsID", "DiallerCampaignsName", "dtImported", "Name", "PhoneNumber1"}
    rest = {name: value for name, value in contact.items() if name not in given}
    assert {name: value for name, value in rest.items() if value is not None} == {
        f"nTriesPhoneNumber{n}": 0 for n in range(1, 7)
    }


async def test_tries_and_causes_are_the_phones_own(jtel: Jtel, records: Records) -> None:
    contact = await jtel.imported(PhoneNumber2=SECOND)
    once = await called(jtel, records, contact, phone=SECOND, outcome="busy", cause=17)
    assert changed(contact, once) == {
        "nTriesPhoneNumber2": 1,
        "nPhoneNumber2LastCause": 17,
        "bPhoneNumber2Invalid": False,
        "bLastResultMailbox": False,
    }
    twice = await called(jtel, records, contact, phone=SECOND, outcome="machine", cause=16)
    assert changed(once, twice) == {
        "nTriesPhoneNumber2": 2,
        "nPhoneNumber2LastCause": 16,
        "bLastResultMailbox": True,
    }
    thrice = await called(jtel, records, contact, phone=FIRST, outcome="failed", cause=1)
    assert changed(twice, thrice) == {
        "nTriesPhoneNumber1": 1,
        "nPhoneNumber1LastCause": 1,
        "bPhoneNumber1Invalid": True,
        "bLastResultMailbox": False,
    }


@pytest.mark.parametrize(("outcome", "cause"), [("failed", None), ("congestion", 34), ("unavailable", 20)])
async def test_an_attempt_that_says_nothing_of_the_number_leaves_it_unknown(
    jtel: Jtel, records: Records, outcome: str, cause: int | None
) -> None:
    contact = await jtel.imported()
    assert (await called(jtel, records, contact, outcome=outcome, cause=cause))["bPhoneNumber1Invalid"] is None


async def test_a_result_that_is_not_final_shows_when_it_goes_on_and_one_that_is_does_not(
    jtel: Jtel, records: Records
) -> None:
    contact = await jtel.imported()
    later = datetime(2035, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
    delayed = await called(jtel, records, contact, outcome="answered", disposition="call back", next_try_at=later)
    assert delayed["ResultCodesExportKey"] == "call back"
    assert delayed["dtNextTry"] == delayed["FollowUpDateTime"] == "2035-07-01T08:30:15.123", "in New York"
    done = await called(jtel, records, contact, outcome="answered", disposition="sold", final=True)
    assert (done["ResultCodesExportKey"], done["dtNextTry"], done["FollowUpDateTime"]) == ("sold", None, None)


async def test_what_was_imported_of_a_result_stands_until_there_is_one(jtel: Jtel, records: Records) -> None:
    contact = await jtel.imported(ResultCodesExportKey="old", FollowUpDateTime="2034-01-01 10:00:00")
    assert (contact["ResultCodesExportKey"], contact["FollowUpDateTime"]) == ("old", "2034-01-01 10:00:00")
    once = await called(jtel, records, contact, outcome="busy")
    assert (once["ResultCodesExportKey"], once["FollowUpDateTime"]) == ("old", "2034-01-01 10:00:00")
    assert (await called(jtel, records, contact, outcome="busy", disposition="new"))["ResultCodesExportKey"] == "new"


async def test_end_reasons_are_numbers_or_what_the_workspace_says_they_are(switched: Switched) -> None:
    records, jtel = await switched("end_reasons = { sold = 3 }")
    contact = await jtel.imported(PhoneNumber2=SECOND)
    told = await called(jtel, records, contact, phone=FIRST, outcome="answered", disposition="sold")
    assert (told["LastAcdAgentEndReasonsID"], told["PhoneNumber1LastAcdAgentEndReasonsID"]) == (3, 3)
    told = await called(jtel, records, contact, phone=SECOND, outcome="answered", disposition="12")
    assert (told["LastAcdAgentEndReasonsID"], told["PhoneNumber2LastAcdAgentEndReasonsID"]) == (12, 12)
    assert told["PhoneNumber1LastAcdAgentEndReasonsID"] == 3
    told = await called(jtel, records, contact, phone=SECOND, outcome="answered", disposition="something else")
    assert (told["LastAcdAgentEndReasonsID"], told["PhoneNumber2LastAcdAgentEndReasonsID"]) == (None, None)


async def test_the_day_of_import_is_told_in_the_tenants_time(jtel: Jtel) -> None:
    told = (await jtel.imported())["dtImported"]
    there = datetime.fromisoformat(told)
    assert there.tzinfo is None
    assert len(told) == len("2020-08-09T02:33:50.347")
    behind = datetime.now(UTC).replace(tzinfo=None) - there
    assert timedelta(hours=3, minutes=55) < behind < timedelta(hours=5, minutes=5)


async def test_a_record_of_a_shared_list_is_a_contact_in_each_of_its_campaigns(jtel: Jtel, records: Records) -> None:
    await records.campaigns.create("Summer", campaign_id=7300, lists_to_run=[LEADS])
    await records.lists.add(LEADS, lead(1, number(1), first="Ilse", last="Bell", phone2=number(2)))
    spring, summer = await jtel.found("/contacts")
    assert (spring["DiallerCampaignsID"], summer["DiallerCampaignsID"]) == (SPRING, 7300)
    assert (spring["DiallerCampaignsName"], summer["DiallerCampaignsName"]) == ("Spring", "Summer")
    assert spring["ID"] != summer["ID"]
    for contact in (spring, summer):
        assert (contact["Name"], contact["FirstName"]) == ("Bell", "Ilse")
        assert (contact["PhoneNumber1"], contact["PhoneNumber2"]) == ("3305550101", "3305550102")
        assert contact["UserData"] is None
    tried = await called(jtel, records, spring, phone=number(2), outcome="busy", cause=17)
    assert changed(spring, tried)["nTriesPhoneNumber2"] == 1
    assert only(await jtel.found("/contacts", diallerCampaignsID="7300")) == summer


async def test_deleting_a_contact_of_a_shared_list_leaves_the_record_to_the_list(jtel: Jtel, records: Records) -> None:
    await records.lists.add(LEADS, lead(1))
    contact = only(await jtel.found("/contacts"))
    assert (await jtel.ask("DELETE", f"/contacts/contact/{contact['ID']}")).status_code == 200
    assert await jtel.found("/contacts") == []
    assert len(await records.lists.records(LEADS)) == 1
    await records.lists.update(LEADS, lead(1, last="Moor"))
    assert await jtel.found("/contacts") == [], "writing it does not bring it back"


async def test_what_another_vendor_loads_is_seen_at_once_under_jtels_names(jtel: Jtel, records: Records) -> None:
    wolkvox = {"customer_name": "Ilse", "customer_last_name": "Bell", "customer_id": "900", "tel2": "+13305550102"}
    await records.lists.add(SPRING_OWN, wolkvox | {"state": "Ohio", "opt1": "a"})
    contact = only(await jtel.found("/contacts"))
    assert (contact["FirstName"], contact["Name"], contact["Region"]) == ("Ilse", "Bell", "Ohio")
    assert (contact["PhoneNumber1"], contact["PhoneNumber2"]) == (None, "13305550102")


async def test_numbers_are_found_in_any_spelling_though_jtel_shows_them_as_they_came(
    jtel: Jtel, records: Records
) -> None:
    contact = await jtel.imported(PhoneNumber1="13305550107", PhoneNumber2="493023125010", UserData="kd-1")
    assert (contact["PhoneNumber1"], contact["PhoneNumber2"]) == ("13305550107", "493023125010")
    for spelling in ("330-555-0107", "+49 30 23125-010"):
        assert only((await records.lookup.by_number(spelling)).campaign_records).id == contact["ID"]


@pytest.mark.parametrize(
    "spelling", ["+41 44 123 45 67", "+41441234567", "0041 44 1234567", "0041-44/1234567", "tel:+41-44-123-4567"]
)
async def test_a_number_from_abroad_without_its_plus_is_found_and_nobody_else(
    router: httpx.AsyncClient, core: Core, passwords: Passwords, spelling: str
) -> None:
    records = await make_tenant(core, passwords, region="DE")
    jtel = Jtel(router, records)
    contact = await jtel.imported(PhoneNumber1="41441234567", UserData="kd-1")
    assert contact["PhoneNumber1"] == "41441234567"
    assert only((await records.lookup.by_number(spelling)).campaign_records).id == contact["ID"]
    assert [one.state and one.state.id for one in await records.campaign_records.find(phone="41441234567")] == [
        contact["ID"]
    ]
    assert (await records.lookup.by_number("04144 1234567")).campaign_records == []
    assert (await records.lookup.by_number("04144 1234567")).contacts == []


async def test_numbers_without_their_plus_get_it_back_once(
    router: httpx.AsyncClient, core: Core, passwords: Passwords
) -> None:
    records = await make_tenant(core, passwords, region="DE")
    jtel = Jtel(router, records)
    columns: dict[str, Any] = {
        "PhoneNumber1": "41441234567",
        "PhoneNumber2": "030 23125-010",
        "FaxNumber": "41441234568",
    }
    contact = await jtel.imported(**columns, UserData="kd-1")
    person = only((await records.lookup.by_number("+41441234567")).contacts)
    assert {name: contact[name] for name in columns} == columns
    for phone in ("41441234567", "+41441234567"):
        again = await jtel.imported(PhoneNumber1=phone, UserData="kd-1", overwrite=True)
        assert again == contact
    stored = only(await records.lists.records(SPRING_OWN)).fields
    assert (stored["tel1"], stored["tel2"]) == ("+41441234567", "030 23125-010")
    assert only((await records.lookup.by_number("+41441234567")).contacts) == person


async def test_in_north_america_ten_digits_are_a_national_number(jtel: Jtel, records: Records) -> None:
    contact = await jtel.imported(PhoneNumber1="3305550147", PhoneNumber2="13305550148")
    assert (contact["PhoneNumber1"], contact["PhoneNumber2"]) == ("3305550147", "13305550148")
    stored = only(await records.lists.records(SPRING_OWN)).fields
    assert (stored["tel1"], stored["tel2"]) == ("3305550147", "13305550148")
    assert only((await records.lookup.by_number("+1 330 555 0147")).campaign_records).id == contact["ID"]


FOLLOW_UP_DAYS = [
    "2034-01-01T10:00:00",
    "2034-01-01T10:00:00.347",
    "2034-01-01T10:00:00.900977Z",
    "2034-01-01 10:00:00",
    "",
]


@pytest.mark.parametrize("text", FOLLOW_UP_DAYS)
async def test_a_follow_up_has_a_time_in_one_of_jtels_forms_and_keeps_it(jtel: Jtel, text: str) -> None:
    assert (await jtel.imported(FollowUpDateTime=text))["FollowUpDateTime"] == text


@pytest.mark.parametrize(
    "text", ["garbage", "2034-01-01", "2034-02-30T10:00:00", "2034-01-01T25:00:00", "01.01.2034 10:00", "2034-01-01T10"]
)
async def test_a_follow_up_at_no_time_is_refused(jtel: Jtel, text: str) -> None:
    body = {"DiallerCampaignsID": SPRING, "Name": "Bell", "PhoneNumber1": FIRST, "FollowUpDateTime": text}
    answer = await jtel.ask("POST", "/contacts/import", json=body)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert "FollowUpDateTime" in answer.json()["error"]
    assert await jtel.found("/contacts") == []


async def test_user_data_makes_nobody_the_same_person(jtel: Jtel, records: Records) -> None:
    for phone in ("13305550103", "13305550104"):
        await jtel.imported(UserData="kd-1", PhoneNumber1=phone)
    people = {only((await records.lookup.by_number(n)).contacts).id for n in ("13305550103", "13305550104")}
    assert len(people) == 2


async def test_blanks_around_user_data_make_no_other_one(jtel: Jtel) -> None:
    contact = await jtel.imported(UserData=" kd-1 ")
    assert contact["UserData"] == "kd-1"
    assert await jtel.imported(UserData="kd-1 ", overwrite=True) == contact
    assert await jtel.found("/contacts/contact", userData=" kd-1") == [contact]


async def test_an_account_without_a_clients_id_has_no_base_url(
    core: Core, passwords: Passwords, router: httpx.AsyncClient
) -> None:
    slug = "jtel-nowhere"
    text = re.sub("jtel_clients_id = .*\n", "", workspace_of(slug))
    await apply(core, passwords, read_workspace(text))
    headers = {"authorization": f"Bearer jtel-key-of-{slug}"}
    for place in ("None", "null", "0", "-1"):
        answer = await router.get(f"/rest/v1.0/{place}/dialler/contacts", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (401, 401)


async def test_an_amount_is_a_number_and_what_is_none_is_not_shown(jtel: Jtel, records: Records) -> None:
    contact = await jtel.imported(Amount=12.5, RandomSortOrder=7)
    assert (contact["Amount"], contact["RandomSortOrder"]) == (12.5, 7)
    await records.lists.add(SPRING_OWN, {"Name": "Zorn", "Amount": "a lot", "RandomSortOrder": "9.5"})
    strange = (await jtel.found("/contacts"))[1]
    assert (strange["Amount"], strange["RandomSortOrder"]) == (None, None)


@pytest.mark.parametrize(
    ("amount", "kept"),
    [(1e-05, "0.00001"), (-2.5e-07, "-0.00000025"), (123456789012345.6, "123456789012345.6"), (12.0, "12.0")],
)
async def test_an_amount_of_any_size_is_kept_in_plain_decimal(
    jtel: Jtel, records: Records, amount: float, kept: str
) -> None:
    contact = await jtel.imported(Amount=amount)
    assert contact["Amount"] == amount
    assert only(await records.lists.records(SPRING_OWN)).fields["Amount"] == kept


async def test_an_amount_that_came_with_an_exponent_is_read(jtel: Jtel, records: Records) -> None:
    for n, text in enumerate(("1e-05", "2.5E+3", "1e999")):
        await records.lists.add(SPRING_OWN, {"Name": f"Zorn {n}", "Amount": text})
    assert [contact["Amount"] for contact in await jtel.found("/contacts")] == [1e-05, 2500.0, None]


async def test_a_contact_can_be_sent_back_as_it_was_read(jtel: Jtel, records: Records) -> None:
    contact = await jtel.imported(UserData="kd-1", City="Berlin", Amount=12.5)
    tried = await called(jtel, records, contact, outcome="busy", cause=17, started_at=NOON)
    answer = await jtel.ask("POST", "/contacts/import?overwriteDuplicates=true", json=tried | {"City": "Bonn"})
    assert answer.status_code == 200, answer.text
    assert only(answer.json()["records"]) == tried | {"City": "Bonn"}


async def test_dialling_can_begin_anew(jtel: Jtel, records: Records) -> None:
    contact = await jtel.imported(UserData="kd-1")
    tried = await called(jtel, records, contact, outcome="answered", disposition="sold", final=True)
    kept = await jtel.imported(UserData="kd-1", overwrite=True)
    assert kept == tried
    assert await jtel.imported(UserData="kd-1", overwrite=True, ResetContact=True) == contact


async def test_an_expired_key_and_another_tenants_contact_tell_nothing(
    jtel: Jtel, router: httpx.AsyncClient, core: Core, passwords: Passwords
) -> None:
    other = await make_tenant(core, passwords)
    foreign = await Jtel(router, other).imported(UserData="kd-1")
    missing = await jtel.ask("GET", "/contacts/1")
    for method, path in (
        ("GET", f"/contacts/{foreign['ID']}"),
        ("GET", f"/contacts/contact/{foreign['ID']}"),
        ("DELETE", f"/contacts/contact/{foreign['ID']}"),
        ("DELETE", "/contacts/contact?userData=kd-1"),
    ):
        answer = await jtel.ask(method, path)
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert await jtel.found("/contacts/contact", userData="kd-1") == []


@pytest.mark.parametrize(
    ("table", "status"),
    [
        ("unknown_user_data_is_missing = true", 404),
        ("unknown_user_data_is_missing = false", 200),
        ('unknown_user_data_is_missing = "perhaps"', 409),
        ("no_such_switch = 1", 409),
    ],
)
async def test_whose_user_data_nobody_has_can_be_missing(switched: Switched, table: str, status: int) -> None:
    _, jtel = await switched(table)
    answer = await jtel.ask("GET", "/contacts/contact?userData=kd-1")
    assert answer.status_code == status, answer.text

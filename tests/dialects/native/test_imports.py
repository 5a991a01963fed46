"""Imports through the API: a file is sent, a worker takes it, and what became of every row can be asked for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.domain.imports import ImportSettings
from tests.core.cast import LEADS, everybody, number, only

CSV = f"customer_id,first_name,email\n1,Ann,ann@example.com\n2,Bo,nobody\n3,{'x' * 20},\n"


async def send(native: httpx.AsyncClient, content: str = CSV, **query: Any) -> dict[str, Any]:
    answer = await native.post("/v1/imports", params=query, content=content.encode())
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


async def test_a_file_is_sent_and_becomes_contacts(native: httpx.AsyncClient, records: Records) -> None:
    sent = await send(native, name="people.csv")
    assert (sent["state"], sent["file_name"], sent["size"]) == ("waiting", "people.csv", len(CSV))
    assert await records.imports.work()
    done = (await native.get(f"/v1/imports/{sent['id']}")).json()
    assert (done["state"], done["percent"], done["seconds_left"]) == ("done", 100.0, None)
    counts = {"rows": 3, "added": 2, "updated": 0, "unchanged": 0, "refused": 1}
    assert done["counts"] | counts == done["counts"]
    assert done["columns"] == {"customer_id": "customer_id", "first_name": "first_name", "email": "email"}
    assert len(await everybody(records)) == 2
    assert only((await native.get("/v1/imports")).json()["items"])["id"] == sent["id"]


async def test_a_form_is_a_file_too(native: httpx.AsyncClient, records: Records) -> None:
    answer = await native.post("/v1/imports", files={"upload": ("people.csv", CSV.encode(), "text/csv")})
    assert answer.json()["file_name"] == "people.csv"
    await records.imports.work()
    assert (await native.get(f"/v1/imports/{answer.json()['id']}")).json()["counts"]["added"] == 2


async def test_a_form_without_a_file_is_refused_and_leaves_nothing(native: httpx.AsyncClient) -> None:
    answer = await native.post("/v1/imports", files={"mode": (None, b"add")})
    assert answer.status_code == 400
    assert (await native.get("/v1/imports")).json()["items"] == []


async def test_the_report_can_be_mended_and_sent_again(native: httpx.AsyncClient, records: Records) -> None:
    sent = await send(native)
    await records.imports.work()
    report = await native.get(f"/v1/imports/{sent['id']}/report")
    assert report.headers["content-type"] == "text/csv"
    assert report.text.splitlines() == [
        "customer_id,first_name,email,import_row,import_column,import_reason",
        "2,Bo,nobody,3,email,email must be an e-mail address.",
    ]
    again = await send(native, report.text.replace("nobody", "bo@example.com"))
    await records.imports.work()
    counts = (await native.get(f"/v1/imports/{again['id']}")).json()["counts"]
    assert (counts["rows"], counts["added"]) == (1, 1)


async def test_an_import_is_cancelled_before_it_begins(native: httpx.AsyncClient, records: Records) -> None:
    sent = await send(native)
    assert (await native.post(f"/v1/imports/{sent['id']}/cancel")).json()["state"] == "cancelled"
    assert not await records.imports.work()
    assert await everybody(records) == []


async def test_an_import_is_undone(native: httpx.AsyncClient, records: Records) -> None:
    sent = await send(native)
    assert (await native.post(f"/v1/imports/{sent['id']}/undo")).status_code == 409
    await records.imports.work()
    assert (await native.post(f"/v1/imports/{sent['id']}/undo")).json()["state"] == "undoing"
    await records.imports.work()
    undone = (await native.get(f"/v1/imports/{sent['id']}")).json()
    assert (undone["state"], undone["undone"]["deleted"]) == ("undone", 2)
    assert await everybody(records) == []


async def test_a_dry_run_changes_nothing(native: httpx.AsyncClient, records: Records) -> None:
    sent = await send(native, dry_run="true")
    await records.imports.work()
    done = (await native.get(f"/v1/imports/{sent['id']}")).json()
    assert (done["state"], done["counts"]["added"], done["counts"]["refused"]) == ("done", 2, 1)
    assert await everybody(records) == []


async def test_a_list_is_filled(native: httpx.AsyncClient, records: Records) -> None:
    await send(native, f"id;Phone;Comment\n7;{number(7)};x\n", list=LEADS)
    await records.imports.work()
    assert only(await records.lists.records(LEADS)).fields["id"] == "7"


async def test_a_preview_says_what_would_go_where(native: httpx.AsyncClient) -> None:
    content = "Vorname;Nachname;Telefon;Lieblingsfarbe\nJörg;Groß;030 23125-001;blau\n".encode("cp1252")
    told = (await native.post("/v1/imports/preview", content=content)).json()
    assert (told["format"], told["encoding"], told["delimiter"], told["header"]) == ("csv", "cp1252", ";", True)
    assert told["mapping"] == {
        "Vorname": "first_name",
        "Nachname": "last_name",
        "Telefon": "phone1",
        "Lieblingsfarbe": None,
    }
    assert told["rows"][0]["Vorname"] == "Jörg"


async def test_a_profile_keeps_how_a_file_is_read(native: httpx.AsyncClient, records: Records) -> None:
    body = {"mapping": {"Nr": "customer_id", "Wer": "last_name"}, "delimiter": "|"}
    assert (await native.put("/v1/import-profiles/crm", json=body)).status_code == 200
    await send(native, "Nr|Wer\n5|Poe\n", profile="crm")
    await records.imports.work()
    assert only(await everybody(records)).attributes == {"customer_id": "5", "last_name": "Poe"}
    assert only((await native.get("/v1/import-profiles")).json()["items"])["name"] == "crm"
    assert (await native.delete("/v1/import-profiles/crm")).status_code == 200
    assert (await native.get("/v1/import-profiles")).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"list": "no such list"}, 404),
        ({"mode": "replace"}, 422),
        ({"key": "shoe_size"}, 422),
        ({"mapping": "[]"}, 422),
        ({"profile": "none"}, 404),
    ],
)
async def test_what_cannot_be_is_told_before_anything_is_kept(
    native: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    answer = await native.post("/v1/imports", params=query, content=CSV)
    assert answer.status_code == status, answer.text
    assert (await native.get("/v1/imports")).json()["items"] == []


async def test_another_tenants_import_is_missing(native: httpx.AsyncClient, other: Records) -> None:
    async def content() -> Any:
        yield b"customer_id\n1\n"

    job = await other.imports.upload("x.csv", await other.imports.settings(ImportSettings()), content())
    for verb, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/undo"), ("GET", "/report")):
        assert (await native.request(verb, f"/v1/imports/{job.id}{path}")).status_code == 404

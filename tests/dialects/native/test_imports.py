"""Imports through the API: a file is sent, a worker takes it, and what became of every row can be asked for."""

from __future__ import annotations

import codecs
from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.domain.imports import ImportSettings
from ringbook.domain.schema import Attribute
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


async def test_a_report_for_excel_has_a_mark_and_can_be_sent_again(native: httpx.AsyncClient, records: Records) -> None:
    sent = await send(native, "customer_id,last_name,email\n1,Müßig,nobody\n")
    await records.imports.work()
    report = (await native.get(f"/v1/imports/{sent['id']}/report", params={"bom": "true"})).content
    assert report.startswith(codecs.BOM_UTF8)
    await send(native, report.decode().replace("nobody", "a@example.com"))
    await records.imports.work()
    assert only(await everybody(records)).attributes["last_name"] == "Müßig"


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


async def test_a_german_file_is_read_by_what_is_said_of_it(native: httpx.AsyncClient, records: Records) -> None:
    await records.schema.put(Attribute(0, "born", "born", "Date"), "Date")
    await records.schema.put(Attribute(0, "owes", "owes", "Number"), "Number")
    content = "customer_id;born;owes\n1;31.12.2026;1.234,56\n"
    await send(native, content, dates="dd.MM.yyyy", decimal=",", dry_run="true")
    body = {"dates": "dd.MM.yyyy", "decimal": ","}
    saved = await native.put("/v1/import-profiles/german", json=body)
    assert saved.json()["settings"] == saved.json()["settings"] | body
    job = await send(native, content, profile="german")
    assert job["settings"] == job["settings"] | body
    while await records.imports.work():
        pass
    said = {"customer_id": "1", "born": "2026-12-31", "owes": 1234.56}
    assert only(await everybody(records)).attributes == said


async def test_nothing_is_no_file(native: httpx.AsyncClient) -> None:
    answer = await native.post("/v1/imports", content=b"")
    assert (answer.status_code, answer.json()["detail"]) == (422, "The file has no rows.")
    answer = await native.post("/v1/imports/preview", content=b"customer_id\n")
    assert (answer.status_code, answer.json()["detail"]) == (422, "The file has no rows: its only line is its header.")
    assert (await native.get("/v1/imports")).json()["items"] == []


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_an_export_for_excel_has_a_mark_and_comes_back_unchanged(
    native: httpx.AsyncClient, records: Records, verb: str
) -> None:
    await records.contacts.save({"customer_id": "1", "last_name": "Müßig"})
    asked: dict[str, Any] = {"params": {"bom": "true"}} if verb == "GET" else {"json": {"bom": True}}
    exported = (await native.request(verb, "/v1/exports", **asked)).content
    assert exported == codecs.BOM_UTF8 + (await native.get("/v1/exports")).content
    job = (await native.post("/v1/imports", content=exported)).json()
    await records.imports.work()
    counts = (await native.get(f"/v1/imports/{job['id']}")).json()["counts"]
    assert (counts["rows"], counts["unchanged"]) == (1, 1)
    assert (await native.get("/v1/exports", params={"bom": "true", "format": "jsonl"})).status_code == 422


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_an_export_has_the_delimiter_that_was_asked_for_and_comes_back_unchanged(
    native: httpx.AsyncClient, records: Records, delimiter: str
) -> None:
    await records.contacts.save({"customer_id": "1", "last_name": "Doe; Jane, née\tRoe", "city": "Bern"})
    exported = (await native.get("/v1/exports", params={"delimiter": delimiter})).text
    assert exported.startswith(f"ringbook_id{delimiter}customer_id{delimiter}")
    job = (await native.post("/v1/imports", content=exported.encode())).json()
    await records.imports.work()
    counts = (await native.get(f"/v1/imports/{job['id']}")).json()["counts"]
    assert (counts["rows"], counts["unchanged"]) == (1, 1)


@pytest.mark.parametrize("asked", [{"delimiter": "|"}, {"delimiter": ";", "format": "jsonl"}])
async def test_other_delimiters_are_refused(native: httpx.AsyncClient, asked: dict[str, str]) -> None:
    assert (await native.get("/v1/exports", params=asked)).status_code == 422


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
        ({"dates": "dd.mm.yyyy"}, 422),
        ({"decimal": ";"}, 422),
        ({"decimal": ",", "list": LEADS}, 422),
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

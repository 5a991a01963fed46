"""What needs no key: the OpenAPI documents, the page to try them, health and metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ringbook.core.access import Records
from ringbook.dialects import ALL
from ringbook.web.dialect import Dialect, NotYet, OpenOperation
from tests.conftest import MINDFUL_TOKEN, NATIVE_KEY
from tests.dialects.native.conftest import Saved

_KINDS = {"null", "boolean", "integer", "number", "string", "array", "object"}

every_dialect = pytest.mark.parametrize("dialect", ALL, ids=lambda d: d.name)


def _within(document: Any) -> Iterator[dict[str, Any]]:
    """All objects of a document."""
    if isinstance(document, dict):
        yield document
        for inner in document.values():
            yield from _within(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from _within(inner)


async def _document(router: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await router.get("/v1/openapi.json", params={"dialect": name})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@every_dialect
async def test_a_document_describes_every_operation_of_its_table(dialect: Dialect, router: httpx.AsyncClient) -> None:
    document = await _document(router, dialect.name)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"]
    assert document["info"]["version"]
    described = {(method.upper(), path) for path, verbs in document["paths"].items() for method in verbs}
    assert described == {(o.method, o.path) for o in dialect.operations}
    for operation in dialect.operations:
        told = document["paths"][operation.path][operation.method.lower()]
        assert told["summary"]
        assert told["responses"]
        if isinstance(operation, NotYet):
            assert set(told["responses"]) == {"501"}
            assert told["security"] == []
        elif isinstance(operation, OpenOperation):
            assert told["security"] == []
        else:
            schemes = [name for alternative in told["security"] for name in alternative]
            assert schemes
            assert set(schemes) <= set(document["components"]["securitySchemes"])
            assert ("requestBody" in told) == (operation.body is not None or bool(operation.described.files))


@every_dialect
async def test_a_document_is_well_formed(dialect: Dialect, router: httpx.AsyncClient) -> None:
    document = await _document(router, dialect.name)
    for path, verbs in document["paths"].items():
        assert path.startswith("/")
        for told in verbs.values():
            in_path = [p["name"] for p in told["parameters"] if p["in"] == "path"]
            assert in_path == re.findall(r"\{(\w+)\}", path)
            assert all(p["required"] is True for p in told["parameters"] if p["in"] == "path")
            names = [(p["in"], p["name"]) for p in told["parameters"]]
            assert len(set(names)) == len(names)
            assert all(isinstance(p["schema"], dict) for p in told["parameters"])
            assert all(re.fullmatch(r"\d{3}|default", status) for status in told["responses"])
            assert all(response["description"] for response in told["responses"].values())


@every_dialect
async def test_every_reference_of_a_document_leads_somewhere(dialect: Dialect, router: httpx.AsyncClient) -> None:
    document = await _document(router, dialect.name)
    references = {value["$ref"] for value in _within(document) if "$ref" in value}
    schemas = document["components"]["schemas"]
    assert references <= {f"#/components/schemas/{name}" for name in schemas}
    for schema in _within(schemas):
        kinds = schema.get("type", [])
        if isinstance(kinds, str | list):  # otherwise it is a property that is called type
            assert set([kinds] if isinstance(kinds, str) else kinds) <= _KINDS


async def test_the_native_document_is_the_default_and_an_unknown_one_is_missing(router: httpx.AsyncClient) -> None:
    assert (await router.get("/v1/openapi.json")).json() == await _document(router, "native")
    for name in ("none", "", "../native"):
        answer = await router.get("/v1/openapi.json", params={"dialect": name})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    for query in ("dialekt=native", "dialect=%00", "dialect=%FF", "&".join(f"p{n}=1" for n in range(101))):
        answer = await router.get(f"/v1/openapi.json?{query}")
        assert 400 <= answer.status_code < 500


async def test_the_page_runs_nothing_from_elsewhere(router: httpx.AsyncClient) -> None:
    page = await router.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert "://" not in page.text
    assert "<script>" not in page.text
    files = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)
    assert len(files) == 3
    for file in files:
        answer = await router.get(file)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))
        assert answer.content
    for dialect in ALL:
        assert f"/docs?dialect={dialect.name}" in page.text


@pytest.mark.parametrize(
    "file",
    ["index.html", "docs.html", "..%2Fdescribe.py", "%2e%2e/wire.py", "swagger-ui.js", "%00", "docs.js%00", "x" * 5000],
)
async def test_no_other_file_is_served(file: str, router: httpx.AsyncClient) -> None:
    answer = await router.get(f"http://ringbook.example/docs/{file}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_it_is_alive_and_ready(router: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await router.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def _counted(exposition: str, operation: str, status: int) -> float:
    name = f'ringbook_requests_total{{dialect="native",operation="{operation}",status="{status}"}} '
    return sum(float(line.removeprefix(name)) for line in exposition.splitlines() if line.startswith(name))


async def test_the_metrics_count_and_tell_no_secret(
    router: httpx.AsyncClient, native: httpx.AsyncClient, save: Saved, records: Records
) -> None:
    before = (await router.get("/metrics")).text
    contact = await save(first_name="Ilse", phone1="330-555-0147")
    for _ in range(3):
        await native.get("/v1/lookup", params={"phone": "330-555-0147"})
    await native.get("/v1/contacts/1")
    await router.get("/no/such/path/330-555-0147")
    after = (await router.get("/metrics")).text
    assert _counted(after, "GET /v1/lookup", 200) == _counted(before, "GET /v1/lookup", 200) + 3
    assert _counted(after, "GET /v1/contacts/{id}", 404) == _counted(before, "GET /v1/contacts/{id}", 404) + 1
    assert _counted(after, "none", 404) == _counted(before, "none", 404) + 1
    slug = records.tenant.slug
    for secret in (
        NATIVE_KEY.format(slug=slug),
        MINDFUL_TOKEN.format(slug=slug),
        slug,
        "330-555",
        "5550147",
        f"/contacts/{contact['id']}",
    ):
        assert secret not in after

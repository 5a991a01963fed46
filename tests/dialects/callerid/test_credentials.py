"""Where the key may be, what it opens, and how often."""

from __future__ import annotations

import asyncio
import base64
import time

import httpx
import pytest
from structlog.testing import capture_logs

from ringbook.core.access import Records
from tests.core.cast import number, save
from tests.dialects.callerid.conftest import Pbx

URL = f"http://ringbook.example/callerid?number={number(1)}"


@pytest.fixture
async def known(records: Records) -> None:
    await save(records, first_name="Ilse", phone1=number(1))


def _basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.usefixtures("known")
async def test_a_key_comes_as_bearer_as_basics_password_or_in_the_url(router: httpx.AsyncClient, pbx: Pbx) -> None:
    for headers in ({"authorization": f"Bearer {pbx.key}"}, _basic("pbx", pbx.key), _basic("", pbx.key)):
        assert (await router.get(URL, headers=headers)).text == "Ilse"
    assert (await router.get(f"{URL}&key={pbx.key}")).text == "Ilse"
    assert (await router.get(f"{URL}&key={pbx.key}", headers=_basic("some", "proxy"))).text == "Ilse"


@pytest.mark.usefixtures("known")
async def test_what_is_no_key_names_nobody(router: httpx.AsyncClient, pbx: Pbx, records: Records) -> None:
    native = f"native-key-of-{records.tenant.slug}"
    for headers in (
        {},
        _basic(pbx.key, ""),
        _basic("pbx", "wrong"),
        _basic("pbx", native),
        {"authorization": f"Bearer {native}"},
        {"authorization": "Basic %%%"},
        {"authorization": "Basic /////w=="},
        {"authorization": f"Digest {pbx.key}"},
        {"authorization": f"Basic {'A' * 100_000}"},
    ):
        answer = await router.get(URL, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
    for key in ("wrong", native, "x" * 5000, "%00"):
        answer = await router.get(f"{URL}&key={key}")
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.usefixtures("known")
async def test_a_key_opens_nothing_else(router: httpx.AsyncClient, pbx: Pbx) -> None:
    for path in (f"/v1/lookup?phone={number(1)}", "/v1/contacts", "/getContactList"):
        answer = await router.get(f"http://ringbook.example{path}", headers={"authorization": f"Bearer {pbx.key}"})
        assert answer.status_code == 401


@pytest.mark.usefixtures("known")
async def test_a_key_past_its_limit_names_nobody_for_the_rest_of_the_second(
    router: httpx.AsyncClient, records: Records
) -> None:
    made = await records.keys.create("door", "callerid", per_second=3)
    await asyncio.sleep(1.01 - time.time() % 1)  # the limit counts by the second
    assert [(await router.get(f"{URL}&key={made.secret}")).text for _ in range(5)] == ["Ilse"] * 3 + [""] * 2
    await asyncio.sleep(1.01 - time.time() % 1)
    assert (await router.get(f"{URL}&key={made.secret}")).text == "Ilse"


async def test_a_key_without_a_limit_gets_one_and_keeps_it(records: Records) -> None:
    assert (await records.keys.create("door", "callerid")).credential.per_second == 50
    assert (await records.keys.create("gate", "callerid", per_second=5)).credential.per_second == 5
    assert (await records.keys.create("door", "jtel")).credential.per_second is None
    assert await records.keys.put_grants("door", "callerid") is False
    assert await records.keys.put_grants("gate", "callerid") is True


async def test_the_log_says_why_there_was_no_name(router: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        await router.get(f"{URL}&key=wrong")
    assert [(line["event"], line["why"]) for line in logged] == [("no caller name", "Unauthenticated")]

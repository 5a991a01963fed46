"""Signing in and out: who gets in, how long a session lives, and what other people's pages cannot do."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import httpx
import pytest

from ringbook.console import console
from ringbook.core.access import Core, Records
from ringbook.core.sessions import LINK_SECONDS, LONGEST_SECONDS
from ringbook.dialects import ALL
from ringbook.web.dialect import OpenOperation, Operation
from ringbook.web.session import COOKIE
from tests.console.conftest import Visitor, sign_in
from tests.core.cast import move_clock

SIGN_IN = "/console/sign-in"


def browser(router: httpx.AsyncClient) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=router._transport, base_url=router.base_url)


def credentials(records: Records, password: str | None = None, login: str = "kim.lee") -> dict[str, str]:
    slug = records.tenant.slug
    return {"slug": slug, "login": login, "password": password or f"password-of-{slug}"}


async def test_a_password_lets_in_and_leads_to_the_page_that_was_wanted(
    router: httpx.AsyncClient, records: Records
) -> None:
    client = browser(router)
    wanted = await client.get("/console/contacts?name=ada")
    assert wanted.status_code == 303
    assert wanted.headers["location"] == f"{SIGN_IN}?next=%2Fconsole%2Fcontacts%3Fname%3Dada"
    answer = await client.post(SIGN_IN, data=credentials(records) | {"next": "/console/contacts?name=ada"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/contacts?name=ada")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax", f"Max-Age={LONGEST_SECONDS}"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert (await client.get("/console")).status_code == 200


async def test_the_tenant_may_stand_before_the_login(router: httpx.AsyncClient, records: Records) -> None:
    form = credentials(records) | {"slug": "", "login": f"{records.tenant.slug}/kim.lee"}
    assert (await browser(router).post(SIGN_IN, data=form)).status_code == 303


async def test_over_tls_the_cookie_is_for_tls_alone(router: httpx.AsyncClient, records: Records) -> None:
    client = httpx.AsyncClient(transport=router._transport, base_url="https://ringbook.example")
    answer = await client.post(SIGN_IN, data=credentials(records))
    assert "Secure" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    "next_", ["https://elsewhere.example/console", "//elsewhere.example", "/v1/keys", "/console/\\x"]
)
async def test_signing_in_leads_to_no_other_place(router: httpx.AsyncClient, records: Records, next_: str) -> None:
    answer = await browser(router).post(SIGN_IN, data=credentials(records) | {"next": next_})
    assert answer.headers["location"] == "/console"


async def test_a_wrong_password_and_a_wrong_login_look_alike(router: httpx.AsyncClient, records: Records) -> None:
    client = browser(router)
    wrong = await client.post(SIGN_IN, data=credentials(records, "not-the-password"))
    nobody = await client.post(SIGN_IN, data=credentials(records, login="no.body"))
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.text.replace("kim.lee", "") == nobody.text.replace("no.body", "")
    assert COOKIE not in client.cookies


async def test_who_fails_too_often_waits_whatever_is_typed_then(
    router: httpx.AsyncClient, core: Core, records: Records
) -> None:
    client = browser(router)
    failed = [(await client.post(SIGN_IN, data=credentials(records, f"wrong-{n}"))).status_code for n in range(10)]
    assert set(failed) == {401}
    throttled = await client.post(SIGN_IN, data=credentials(records))
    assert throttled.status_code == 429
    assert int(throttled.headers["retry-after"]) > 0
    assert "Wait" in throttled.text
    # Not everybody: another login from there gets in.
    assert (await client.post(SIGN_IN, data=credentials(records, login="sam.poe"))).status_code == 303


async def test_who_signs_in_is_not_counted(router: httpx.AsyncClient, records: Records) -> None:
    for _ in range(12):
        assert (await browser(router).post(SIGN_IN, data=credentials(records))).status_code == 303


async def test_a_link_signs_in_once(router: httpx.AsyncClient, core: Core, records: Records) -> None:
    link = await core.sessions.make_link(records.tenant.slug, "kim.lee")
    first = await browser(router).get("/console/link", params={"link": link})
    second = await browser(router).get("/console/link", params={"link": link})
    assert (first.status_code, second.status_code) == (303, 401)
    assert "used already" in second.text
    assert COOKIE not in second.cookies


async def test_of_two_who_use_a_link_at_once_one_gets_in(
    router: httpx.AsyncClient, core: Core, records: Records
) -> None:
    link = await core.sessions.make_link(records.tenant.slug, "kim.lee")
    answers = await asyncio.gather(*(browser(router).get("/console/link", params={"link": link}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 401, 401, 401, 401]


async def test_a_link_expires(router: httpx.AsyncClient, core: Core, records: Records) -> None:
    link = await core.sessions.make_link(records.tenant.slug, "kim.lee")
    await move_clock(core, records, timedelta(seconds=LINK_SECONDS + 1))
    assert (await browser(router).get("/console/link", params={"link": link})).status_code == 401


async def test_signing_out_ends_the_session_and_not_the_cookie_alone(
    router: httpx.AsyncClient, core: Core, records: Records
) -> None:
    visitor = await sign_in(router, core, records, "kim.lee")
    stolen = visitor.client.cookies[COOKIE]
    assert await visitor.done("/sign-out") == SIGN_IN
    thief = browser(router)
    thief.cookies.set(COOKIE, stolen)
    assert (await thief.get("/console")).status_code == 303


@pytest.mark.parametrize("later", [timedelta(hours=2, minutes=1), timedelta(hours=12, minutes=1)])
async def test_a_session_ends_unused_and_at_the_end_of_a_shift(
    admin: Visitor, core: Core, records: Records, later: timedelta
) -> None:
    assert (await admin.get("")).status_code == 200
    await move_clock(core, records, later)
    core.sessions.forget()
    assert (await admin.get("")).status_code == 303


async def test_a_session_that_is_used_goes_on(admin: Visitor, core: Core, records: Records) -> None:
    for hours in range(1, 12):
        await move_clock(core, records, timedelta(hours=hours))
        core.sessions.forget()
        assert (await admin.get("")).status_code == 200
    await move_clock(core, records, timedelta(hours=12, minutes=1))
    core.sessions.forget()
    assert (await admin.get("")).status_code == 303


async def test_who_is_disabled_is_out_within_a_second(
    router: httpx.AsyncClient, core: Core, records: Records, agent: Visitor
) -> None:
    assert (await agent.get("")).status_code == 200
    await records.keys.disable_user("sam.poe")
    await asyncio.sleep(0.6)
    assert (await agent.get("")).status_code == 303


async def test_no_form_does_its_work_without_the_token_of_its_user(admin: Visitor, agent: Visitor) -> None:
    """Every operation that changes something, whatever its form: the table is the specification."""
    await agent.read("/account")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', (await agent.get("/account")).text)
    assert token is not None
    sending = [o for o in console(ALL).operations if isinstance(o, Operation) and o.method == "POST"]
    assert len(sending) > 20
    for operation in sending:
        path = operation.path.removeprefix("/console").replace("{id}", "1")
        for wrong in ("", "0" * 32, token[1]):
            answer = await admin.client.post(f"/console{path}", data={"form_token": wrong})
            assert answer.status_code in (400, 403), operation.path
            if answer.status_code == 400:  # a form that lacks a field it needs; with it, it is refused
                assert "another session" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://ringbook.example"},
    ],
)
async def test_another_sites_page_can_send_nothing(
    admin: Visitor, router: httpx.AsyncClient, records: Records, headers: dict[str, str]
) -> None:
    await admin.done("/account/zone", {"time_zone": ""})
    form = {"form_token": admin.token, "time_zone": "Asia/Tokyo"}
    refused = await admin.client.post("/console/account/zone", data=form, headers=headers)
    assert refused.status_code == 403
    assert (await browser(router).post(SIGN_IN, data=credentials(records), headers=headers)).status_code == 403
    own = {"origin": "http://ringbook.example", "sec-fetch-site": "same-origin"}
    assert (await admin.client.post("/console/account/zone", data=form, headers=own)).status_code == 303


async def test_what_is_stored_of_a_session_is_a_hash(admin: Visitor, core: Core, records: Records) -> None:
    secret = admin.client.cookies[COOKIE]
    async with core.database.reading() as tx:
        rows = await tx.fetch("SELECT encode(digest, 'hex') AS digest FROM console_session")
    assert rows
    assert not any(secret.removeprefix("rb_") in row["digest"] for row in rows)


async def test_every_page_is_safe_from_other_peoples_content_and_frames(
    admin: Visitor, router: httpx.AsyncClient
) -> None:
    for answer in (await admin.get(""), await browser(router).get(SIGN_IN), await admin.get("/no-such-page")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script>" not in answer.text
        assert not re.search(r"\s(style|on\w+)=", answer.text)


async def test_every_page_without_a_session_asks_to_sign_in(router: httpx.AsyncClient) -> None:
    for operation in console(ALL).operations:
        if isinstance(operation, OpenOperation):
            continue
        path = operation.path.replace("{id}", "1")
        answer = await browser(router).request(operation.method, path)
        assert answer.status_code == (303 if operation.method == "GET" else 401), operation.path
    assert (await browser(router).get("/console/no-such-page")).status_code == 303

"""Tokens of v2: who gets one, for which tenant, and when it ends."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.users import Peer
from ringbook.domain.problems import TooMany, Unauthenticated
from ringbook.store import directory
from tests.core.cast import move_clock
from tests.dialects.brightpattern.signing_in import API_SECRET, LOGIN, TOKEN_PATH, form

HOUR = timedelta(hours=1)


class Desk:
    """Where tokens are asked for and tried."""

    def __init__(self, router: httpx.AsyncClient, slug: str) -> None:
        self._router = router
        self.slug = slug

    async def ask(self, host: str = "ringbook.example", **fields: str) -> httpx.Response:
        asked = {name: value for name, value in (form(self.slug) | fields).items() if value}
        return await self._router.post(f"http://{host}{TOKEN_PATH}", data=asked)

    async def token(self) -> str:
        told = await self.ask()
        assert told.status_code == 200
        return str(told.json()["access_token"])

    async def use(self, token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        url = "http://ringbook.example/configapi/v2/campaign/getAll"
        return (await self._router.get(url, headers=headers)).status_code


@pytest.fixture
def desk(router: httpx.AsyncClient, records: Records) -> Desk:
    return Desk(router, records.tenant.slug)


async def test_a_token_is_64_digits_that_show_no_id(desk: Desk, records: Records) -> None:
    token = await desk.token()
    assert re.fullmatch("[0-9A-F]{64}", token)
    assert f"{records.tenant.id:08X}" != token[:8]
    assert await desk.use(token) == 200


async def test_the_domain_or_the_slug_says_which_tenant_is_meant(desk: Desk, other: Records) -> None:
    slug = desk.slug
    for scope in (slug, f"{slug}.brightpattern.example", f"{slug.upper()}.brightpattern.example:8443"):
        assert (await desk.ask(scope=scope)).json()["scope"] == scope
        assert (await desk.ask(scope="", tenant=scope)).status_code == 200
    assert (await desk.ask(scope=other.tenant.slug)).status_code == 401
    assert (await desk.ask(scope="nobodys.brightpattern.example")).status_code == 401


async def test_without_a_scope_the_host_says_it(desk: Desk) -> None:
    assert (await desk.ask(host=f"{desk.slug}.example", scope="")).status_code == 200
    assert (await desk.ask(host=f"{desk.slug}.example:8443", scope="")).status_code == 200
    assert (await desk.ask(host="10.0.0.1", scope="")).status_code == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_secret": "x" * 10_000},
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_id": "sam.poe"},
        {"client_id": "x" * 1000},
    ],
)
async def test_whatever_is_wrong_with_the_credentials_is_told_alike(desk: Desk, fields: dict[str, str]) -> None:
    answer = await desk.ask(**fields)
    assert answer.status_code == 401
    assert answer.content == b'{"error":"unauthorized","error_description":"Session is not authenticated"}'


@pytest.mark.parametrize("grant", ["", "password", "refresh_token"])
async def test_another_grant_is_refused(desk: Desk, grant: str) -> None:
    assert (await desk.ask(grant_type=grant)).status_code == 400


@pytest.mark.parametrize("content", [b"%ff", b"a=%00", b"x" * 20_000, b"&".join([b"a=1"] * 101)])
async def test_what_is_no_form_is_refused(router: httpx.AsyncClient, content: bytes) -> None:
    answer = await router.post(f"http://ringbook.example{TOKEN_PATH}", content=content)
    assert answer.status_code in (400, 413)


async def test_a_token_ends_after_an_hour(core: Core, desk: Desk, records: Records) -> None:
    token = await desk.token()
    await move_clock(core, records, HOUR - timedelta(seconds=10))
    assert await desk.use(token) == 200
    await move_clock(core, records, HOUR)
    await asyncio.sleep(0.6)
    assert await desk.use(token) == 401


async def test_a_token_ends_with_its_user(desk: Desk, records: Records) -> None:
    token = await desk.token()
    assert await desk.use(token) == 200
    await records.keys.disable_user(LOGIN)
    await asyncio.sleep(0.6)
    assert await desk.use(token) == 401
    assert (await desk.ask()).status_code == 401


async def test_a_token_ends_with_its_secret(desk: Desk, records: Records, passwords: Passwords) -> None:
    token = await desk.token()
    await records.keys.put_user(passwords, LOGIN, "admin", ["manage_lists"], None, "another secret")
    assert await desk.use(token) == 401
    assert (await desk.ask()).status_code == 401
    assert (await desk.ask(client_secret="another secret")).status_code == 200


async def test_a_token_with_a_changed_digit_is_none(desk: Desk) -> None:
    token = await desk.token()
    for at in range(0, 64, 3):
        assert await desk.use(token[:at] + ("0" if token[at] != "0" else "1") + token[at + 1 :]) == 401
    assert await desk.use(token[:-2]) == 401
    assert await desk.use(token + "00") == 401


async def test_many_ask_at_once(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask() for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}


async def test_the_secret_of_another_tenant_is_wrong(desk: Desk, other: Records) -> None:
    secret = API_SECRET.format(slug=other.tenant.slug)
    assert (await desk.ask(client_secret=secret)).status_code == 401


async def test_one_login_and_one_address_have_a_share_of_the_queue(core: Core, records: Records) -> None:
    """Who floods the desk is told so, and nobody else."""
    users, slug = core.users, records.tenant.slug
    flooder = Peer("192.0.2.1")

    async def ask(login: str, secret: str, peer: Peer) -> str:
        try:
            return await users.token(slug, login, secret, peer)
        except (TooMany, Unauthenticated) as problem:
            return type(problem).__name__

    flood = [ask(f"nobody {n}", "x", flooder) for n in range(40)]
    guesses = [ask(LOGIN, f"guess {n}", Peer(f"192.0.2.{10 + n}")) for n in range(40)]
    others = [ask(f"other {n}", "x", Peer("192.0.2.99")) for n in range(5)]
    proxied = [ask(f"proxied {n}", "x", Peer("192.0.2.1", forwards=True)) for n in range(20)]
    told = await asyncio.gather(*flood, *guesses, *others, *proxied)
    assert (told[:40].count("TooMany"), told[40:80].count("TooMany")) == (24, 24)
    assert told[80:] == ["Unauthenticated"] * 25
    assert len(await ask(LOGIN, API_SECRET.format(slug=slug), flooder)) == 64


async def test_a_secret_that_was_proven_lately_does_not_wait(
    core: Core, records: Records, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug, secret = records.tenant.slug, API_SECRET.format(slug=records.tenant.slug)
    await core.users.token(slug, LOGIN, secret)
    verified: list[str] = []
    verify = Passwords.verify

    def counted(self: Passwords, hashed: str, password: str) -> bool:
        verified.append(password)
        return verify(self, hashed, password)

    monkeypatch.setattr(Passwords, "verify", counted)
    assert len(await core.users.token(slug, LOGIN, secret)) == 64
    assert verified == []
    with pytest.raises(Unauthenticated):
        await core.users.token(slug, LOGIN, "wrong")
    await records.keys.put_user(passwords, LOGIN, "admin", ["manage_lists"], None, "another secret")
    with pytest.raises(Unauthenticated):
        await core.users.token(slug, LOGIN, secret)
    assert verified == ["wrong", secret]


async def test_not_every_tenant_is_read_to_find_one(
    core: Core, desk: Desk, records: Records, other: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(directory, "tenants", never)
    assert (await desk.ask()).status_code == 200
    assert await core.users.tenant_of(("nobodys", "a\0b", other.tenant.slug, desk.slug)) == other.tenant.slug
    assert await core.users.only_tenant() is None

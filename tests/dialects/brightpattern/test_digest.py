"""Signing in to 3.x: who is let in, who is told what, and what is not let in twice."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from hashlib import md5

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.domain.problems import Unauthenticated
from ringbook.web import guesses
from ringbook.web.guesses import MOST_WRONG
from tests.dialects.brightpattern.signing_in import LOGIN, NO_PRIVILEGE, PASSWORD, digest

CAMPAIGNS = "/admin/ws/t/{slug}/campaign/getAll"
REFUSED = b'{"error":"unauthorized","error_description":"Session is not authenticated"}'


def signed(slug: str, nonce: str, count: int, path: str, login: str = LOGIN, password: str = PASSWORD) -> str:
    """An Authorization header, made by hand."""
    ha1 = md5(f"{login}:{slug}:{password.format(slug=slug)}".encode()).hexdigest()
    ha2 = md5(f"GET:{path}".encode()).hexdigest()
    response = md5(f"{ha1}:{nonce}:{count:08x}:c:auth:{ha2}".encode()).hexdigest()
    return (
        f'Digest username="{login}", realm="{slug}", nonce="{nonce}", uri="{path}", response="{response}", '
        f'qop=auth, nc={count:08x}, cnonce="c"'
    )


class Wire:
    """Requests for a tenant's campaigns, with headers made by hand."""

    def __init__(self, router: httpx.AsyncClient, slug: str) -> None:
        self._router = router
        self.slug = slug
        self.path = CAMPAIGNS.format(slug=slug)

    async def ask(self, header: str = "", path: str = "") -> httpx.Response:
        headers = {"authorization": header} if header else {}
        return await self._router.get(f"http://ringbook.example{path or self.path}", headers=headers)

    async def nonce(self) -> str:
        return nonce_of(await self.ask())

    async def count(self, nonce: str, count: int) -> int:
        return (await self.ask(signed(self.slug, nonce, count, self.path))).status_code


def nonce_of(answer: httpx.Response) -> str:
    found = re.search('nonce="([^"]+)"', answer.headers["www-authenticate"])
    assert found is not None
    return found[1]


@pytest.fixture
def wire(router: httpx.AsyncClient, records: Records) -> Wire:
    return Wire(router, records.tenant.slug)


async def test_a_user_with_the_privilege_is_let_in(old: httpx.AsyncClient) -> None:
    assert (await old.get("/campaign/getAll")).status_code == 200


async def test_a_replayed_request_is_refused_and_told_that_it_is_stale(wire: Wire) -> None:
    nonce = await wire.nonce()
    assert await wire.count(nonce, 1) == 200
    again = await wire.ask(signed(wire.slug, nonce, 1, wire.path))
    assert again.status_code == 401
    assert again.content == REFUSED
    assert again.headers["www-authenticate"].endswith(", algorithm=MD5, stale=true")
    assert await wire.count(nonce_of(again), 1) == 200


async def test_a_nonce_serves_many_requests_in_any_order(wire: Wire) -> None:
    nonce = await wire.nonce()
    counts = [7, 3, 1, 2, 40, 39, 6, 5, 4]
    assert await asyncio.gather(*(wire.count(nonce, n) for n in counts)) == [200] * len(counts)
    assert await asyncio.gather(*(wire.count(nonce, n) for n in counts)) == [401] * len(counts)


async def test_what_is_told_of_an_unknown_tenant_user_and_password_is_the_same(wire: Wire, records: Records) -> None:
    nobody = "nobodys-tenant"
    there, nowhere = CAMPAIGNS.format(slug=records.tenant.slug), CAMPAIGNS.format(slug=nobody)
    answers = [
        await wire.ask(),
        await wire.ask(signed(wire.slug, await wire.nonce(), 1, there, password="wrong")),
        await wire.ask(signed(wire.slug, await wire.nonce(), 1, there, login="nobody")),
        await wire.ask("Basic a2ltLmxlZTp4"),
        await wire.ask("Bearer x"),
        await wire.ask(signed(wire.slug, await wire.nonce(), 1, there, login="x" * 1000)),
        await wire.ask(signed(wire.slug, await wire.nonce(), 1, there, login="a\x01b")),
    ]
    unknown = await wire.ask(path=nowhere)
    nonce = nonce_of(unknown)
    answers += [unknown, await wire.ask(signed(nobody, nonce, 1, nowhere), path=nowhere)]
    assert len({_without_nonce(answer).replace(nobody, wire.slug) for answer in answers}) == 1
    assert answers[0].status_code == 401
    assert answers[0].content == REFUSED


def _without_nonce(answer: httpx.Response) -> str:
    kept = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "www-authenticate")}
    challenge = answer.headers["www-authenticate"].replace(nonce_of(answer), "")
    return f"{answer.status_code} {kept} {challenge} {answer.text}"


async def test_a_password_opens_no_other_tenant(wire: Wire, other: Records) -> None:
    path = CAMPAIGNS.format(slug=other.tenant.slug)
    nonce = nonce_of(await wire.ask(path=path))
    for realm in (wire.slug, other.tenant.slug):
        header = signed(realm, nonce, 1, path, password=f"password-of-{wire.slug}")
        assert (await wire.ask(header, path=path)).status_code == 401


async def test_a_nonce_of_one_tenant_is_stale_for_another(wire: Wire, other: Records) -> None:
    path = CAMPAIGNS.format(slug=other.tenant.slug)
    refused = await wire.ask(signed(other.tenant.slug, await wire.nonce(), 1, path), path=path)
    assert refused.headers["www-authenticate"].endswith("stale=true")


async def test_a_request_for_one_path_opens_no_other(wire: Wire) -> None:
    header = signed(wire.slug, await wire.nonce(), 1, f"{wire.path}x")
    assert (await wire.ask(header)).status_code == 401


async def test_a_user_without_the_privilege_is_forbidden(wire: Wire) -> None:
    header = signed(wire.slug, await wire.nonce(), 1, wire.path, login=NO_PRIVILEGE)
    answer = await wire.ask(header)
    assert answer.status_code == 403
    assert "User authenticated but does not have sufficient privileges" in answer.text
    made_up = signed(wire.slug, "made-up", 1, wire.path, login=NO_PRIVILEGE)
    assert (await wire.ask(made_up)).status_code == 401


async def test_a_disabled_user_is_out_within_a_second(wire: Wire, records: Records) -> None:
    nonce = await wire.nonce()
    assert await wire.count(nonce, 1) == 200
    await records.keys.disable_user(LOGIN)
    await asyncio.sleep(0.6)
    assert await wire.count(nonce, 2) == 401


async def test_a_new_password_counts_at_once_and_the_old_one_no_more(
    wire: Wire, records: Records, passwords: Passwords
) -> None:
    assert await wire.count(await wire.nonce(), 1) == 200
    await records.keys.put_user(passwords, LOGIN, "admin", ["manage_lists"], "another password", None)
    nonce = await wire.nonce()
    new = signed(wire.slug, nonce, 1, wire.path, password="another password")
    assert (await wire.ask(new)).status_code == 200
    await asyncio.sleep(0.6)
    assert await wire.count(nonce, 2) == 401


async def test_a_privilege_that_is_taken_away_is_gone_within_a_second(
    wire: Wire, records: Records, passwords: Passwords
) -> None:
    nonce = await wire.nonce()
    assert await wire.count(nonce, 1) == 200
    await records.keys.put_user(passwords, LOGIN, "admin", [], None, None)
    await asyncio.sleep(0.6)
    assert await wire.count(nonce, 2) == 403


async def test_the_challenge_comes_before_body_and_type_are_looked_at(router: httpx.AsyncClient, wire: Wire) -> None:
    path = f"http://ringbook.example/admin/ws/t/{wire.slug}/callinglist/add/leads.csv"
    bodies: Sequence[bytes] = (b"", b"{", b"x" * 2_000_000)
    for body in bodies:
        answer = await router.post(path, content=body, headers={"content-type": "text/plain"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith(f'Digest realm="{wire.slug}", qop="auth", nonce="')


async def test_sixteen_clients_of_one_user_work_side_by_side(router: httpx.AsyncClient, records: Records) -> None:
    slug = records.tenant.slug

    async def one(n: int) -> list[int]:
        client = httpx.AsyncClient(transport=router._transport, auth=digest(slug))
        url = f"http://ringbook.example/admin/ws/t/{slug}/callinglist"
        done = [await client.post(f"{url}/add/leads.csv", json={"id": f"{n}-{m}", "Phone": "1"}) for m in range(3)]
        asked = [await client.post(f"{url}/get/leads.csv/Spring", json={"id": f"{n}-{m}"}) for m in range(3)]
        return [answer.status_code for answer in (*done, *asked)]

    assert await asyncio.gather(*(one(n) for n in range(16))) == [[204] * 3 + [200] * 3] * 16


async def test_passwords_cannot_be_guessed_and_who_has_signed_in_goes_on(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_for_all = int(time.monotonic()) + 100
    monkeypatch.setattr(guesses, "_WRONG", guesses._WRONG._replace(period=one_for_all))
    proven, unproven = await wire.nonce(), await wire.nonce()
    assert await wire.count(proven, 1) == 200
    wrong = [
        await wire.ask(signed(wire.slug, unproven, n, wire.path, password=f"guess {n}"))
        for n in range(1, MOST_WRONG + 2)
    ]
    assert [answer.status_code for answer in wrong] == [401] * MOST_WRONG + [429]
    assert 0 < int(wrong[-1].headers["retry-after"]) <= 60
    assert wrong[-1].json()["error"] == "too_many_requests"
    assert await wire.count(unproven, 1) == 429, "the right one too, as any other guess"
    assert await wire.count(proven, 2) == 200
    other = signed(wire.slug, unproven, 1, wire.path, login=NO_PRIVILEGE)
    assert (await wire.ask(other)).status_code == 403, "another login is another matter"


async def test_a_core_without_the_key_file_lets_no_user_in(core: Core, records: Records) -> None:
    keyless = Core(core.database)
    with pytest.raises(Unauthenticated):
        await keyless.users.by_digest(records.tenant.slug, LOGIN, lambda ha1: True)
    with pytest.raises(Unauthenticated):
        await keyless.users.token(records.tenant.slug, LOGIN, f"api-secret-of-{records.tenant.slug}")


async def test_the_realm_of_an_unknown_place_is_quoted_once(wire: Wire) -> None:
    refused = await wire.ask(path="/admin/ws/t/no%20body%22/campaign/getAll")
    assert refused.headers["www-authenticate"].startswith('Digest realm="no%20body%22", ')


async def test_nobody_costs_as_much_as_somebody(
    wire: Wire, core: Core, records: Records, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []
    open_ha1 = Passwords.opened_ha1

    def counted(self: Passwords, encrypted: bytes) -> str | None:
        opened.append(encrypted)
        return open_ha1(self, encrypted)

    monkeypatch.setattr(Passwords, "opened_ha1", counted)
    assert await wire.count(await wire.nonce(), 1) == 200
    for slug, login in ((wire.slug, LOGIN), (wire.slug, "nobody"), ("nobodys-tenant", LOGIN)):
        before = len(opened)
        path = CAMPAIGNS.format(slug=slug)
        refused = await wire.ask(signed(slug, "n", 1, path, login=login, password="wrong"), path=path)
        assert refused.status_code == 401
        assert len(opened) == before + 1
    assert len({len(encrypted) for encrypted in opened}) == 1

"""Who is let in (contracts/cim.md 0.2): who has a key, and neighbours that nobody stands in front of."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.core.workspace import apply
from ringbook.core.workspace_file import read_workspace
from ringbook.web.proxies import behind, networks
from tests.conftest import workspace_of
from tests.core.cast import everybody, history, only
from tests.dialects.cim.promises import CIM_KEY

ClientOf = Callable[..., httpx.AsyncClient]


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
async def neighbourly(core: Core, records: Records, passwords: Passwords) -> AsyncIterator[Records]:
    """A tenant that answers CIM's paths to its networks, and is called cim.example.com too."""
    text = workspace_of(records.tenant.slug).replace(
        'region = "US"\n',
        'region = "US"\ncim = true\ncim_anonymous_networks = ["192.0.2.0/24", "::1/128"]\n',
    )
    async with core.database.transaction() as tx:
        await tx.execute("UPDATE tenant SET cim = false")  # another test's tenant may have it
    core._admitted.clear()
    await apply(core, passwords, read_workspace(f'{text}\n[cim]\nhosts = ["CIM.example.com"]\n'))
    yield records
    core._admitted.clear()


@pytest.fixture
def client_of(router: httpx.AsyncClient) -> ClientOf:
    """Makes a client at an address, without a credential, of the server at this URL; behind trusted proxies or not."""

    def make(address: str, url: str = "http://192.0.2.7:8080", trusted: str = "") -> httpx.AsyncClient:
        app = router._transport.app  # type: ignore[attr-defined]
        if trusted:
            app = behind(app, networks([trusted]))
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(address, 4711)), base_url=url)

    return make


# ---- Keys


async def test_a_key_is_taken_wherever_clients_have_it(router: httpx.AsyncClient, records: Records) -> None:
    key = CIM_KEY.format(slug=records.tenant.slug)
    for headers in (
        {"authorization": f"Bearer {key}"},
        {"authorization": f"bearer   {key}"},
        {"x-api-key": key},
        basic("anybody", key),
        basic("", key),
    ):
        assert (await router.get("/getSchema", headers=headers)).status_code == 200, headers


async def test_what_is_no_key_is_refused_alike(router: httpx.AsyncClient, records: Records) -> None:
    key = CIM_KEY.format(slug=records.tenant.slug)
    bad: list[dict[str, str]] = [
        {},
        {"x-api-key": ""},
        {"x-api-key": "wrong"},
        {"x-api-key": "x" * 2000},
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic /w=="},
        {"authorization": "Basic " + base64.b64encode(key.encode()).decode()},
        {"authorization": key},
        {"authorization": "Bearer wrong", "x-api-key": key},
        basic(key, ""),
        basic(key, "wrong"),
    ]
    answers = [await router.get("/getSchema", headers=headers) for headers in bad]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


# ---- Neighbours


async def test_a_neighbour_is_let_in_by_any_name_of_this_server(neighbourly: Records, client_of: ClientOf) -> None:
    for address, url in (
        ("192.0.2.10", "http://192.0.2.7:8080"),
        ("::ffff:192.0.2.10", "http://192.0.2.7"),
        ("192.0.2.10", "http://[2001:db8::1]:8080"),
        ("::1", "http://localhost:8080"),
        ("::1", "http://LOCALHOST"),
        ("192.0.2.10", "http://cim.example.com"),
        ("192.0.2.10", f"http://{socket.gethostname()}:8080"),
    ):
        answer = await client_of(address, url).get("/getContactList", headers={"origin": url.lower()})
        assert answer.status_code == 200, (address, url)


async def test_a_neighbour_may_do_everything_and_is_in_the_journal(neighbourly: Records, client_of: ClientOf) -> None:
    client = client_of("::ffff:192.0.2.10")
    assert (await client.post("/saveContact", json={"first_name": "Ada"})).status_code == 200
    assert (await client.post("/saveSchema", json={"key": "it", "type": "Text"})).status_code == 200
    contact = only(await everybody(neighbourly))
    assert only(await history(neighbourly, "contact", contact.id)).by == "neighbour 192.0.2.10"


async def test_whose_request_it_may_not_be_is_refused(neighbourly: Records, client_of: ClientOf) -> None:
    bad: list[dict[str, str]] = [
        {"x-forwarded-for": "192.0.2.10"},
        {"x-forwarded-host": "localhost"},
        {"x-forwarded-anything": ""},
        {"forwarded": "for=192.0.2.10"},
        {"x-real-ip": "192.0.2.10"},
        {"via": "1.1 proxy"},
        {"x-client-ip": "192.0.2.10"},
        {"true-client-ip": "192.0.2.10"},
        {"cf-connecting-ip": "192.0.2.10"},
        {"fastly-client-ip": "192.0.2.10"},
        {"x-cluster-client-ip": "192.0.2.10"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://192.0.2.7:8081"},
        {"origin": "https://192.0.2.7:8080"},
        {"origin": "http://192.0.2.7"},
        {"host": "evil.example"},
        {"host": "192.0.2.7.evil.example"},
        {"host": "localhost.evil.example"},
        {"host": ""},
        {"host": "a@192.0.2.7"},
        {"host": "192.0.2.7:8080:1"},
        {"authorization": "Bearer wrong"},
        {"x-api-key": "wrong"},
    ]
    client = client_of("192.0.2.10")
    assert (await client.get("/getSchema")).status_code == 200
    for headers in bad:
        assert (await client.get("/getSchema", headers=headers)).status_code == 401, headers


async def test_an_address_has_so_many_requests_a_second_and_each_its_own(
    core: Core, neighbourly: Records, passwords: Passwords, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = workspace_of(neighbourly.tenant.slug).replace(
        'region = "US"\n', 'region = "US"\ncim = true\ncim_anonymous_networks = ["192.0.2.0/24"]\n'
    )
    await apply(core, passwords, read_workspace(f"{text}\n[cim]\nanonymous_per_second = 3\n"))
    core._admitted.clear()
    monkeypatch.setattr("ringbook.web.limits.time.time", lambda: 1_000_000.0)
    busy = client_of("192.0.2.77")
    assert [(await busy.get("/getSchema")).status_code for _ in range(5)] == [200] * 3 + [429] * 2
    assert (await client_of("192.0.2.78").get("/getSchema")).status_code == 200
    key = CIM_KEY.format(slug=neighbourly.tenant.slug)
    assert (await busy.get("/getSchema", headers={"x-api-key": key})).status_code == 200, "a key has its own limit"
    monkeypatch.setattr("ringbook.web.limits.time.time", lambda: 1_000_001.0)
    assert (await busy.get("/getSchema")).status_code == 200


async def test_a_stranger_is_refused(neighbourly: Records, client_of: ClientOf) -> None:
    for address in ("198.51.100.7", "2001:db8::7", "127.0.0.1", "testclient", "::ffff:198.51.100.7"):
        assert (await client_of(address).get("/getSchema")).status_code == 401, address


async def test_a_neighbour_is_one_of_cim_alone_and_for_its_tenant_alone(
    neighbourly: Records, client_of: ClientOf, core: Core
) -> None:
    client = client_of("192.0.2.10")
    assert (await client.get("/getSchema")).status_code == 200
    for path in ("/v1/contacts", "/api/v2/campaign.php?api=list"):
        assert (await client.get(path)).status_code == 401
    async with core.database.transaction() as tx:
        await tx.execute("UPDATE tenant SET cim = false WHERE id = $1", neighbourly.tenant.id)
    core._admitted.clear()
    assert (await client.get("/getSchema")).status_code == 401


async def test_a_key_decides_its_tenant_also_for_a_neighbour(
    neighbourly: Records, other: Records, client_of: ClientOf
) -> None:
    key = CIM_KEY.format(slug=other.tenant.slug)
    answer = await client_of("192.0.2.10").post("/saveContact", json={"city": "Akron"}, headers={"x-api-key": key})
    assert answer.status_code == 200
    assert await everybody(neighbourly) == []
    assert len(await everybody(other)) == 1


# ---- Behind a proxy of one's own


async def test_a_trusted_proxy_says_whose_a_request_is(neighbourly: Records, client_of: ClientOf) -> None:
    told: list[tuple[dict[str, str], int]] = [
        ({"x-forwarded-for": "192.0.2.10"}, 200),
        ({"x-forwarded-for": "198.51.100.1, 192.0.2.10"}, 200),
        ({"x-forwarded-for": "192.0.2.10, 203.0.113.9"}, 200),
        ({"x-forwarded-for": "192.0.2.10:4711"}, 200),
        ({"forwarded": 'for="[::1]:4711";proto=http, for=203.0.113.8'}, 200),
        ({"x-forwarded-for": "192.0.2.10", "forwarded": "for=192.0.2.10", "x-real-ip": "192.0.2.10"}, 200),
        ({"x-forwarded-for": "192.0.2.10", "forwarded": "for=198.51.100.1"}, 401),
        ({"x-forwarded-for": "192.0.2.10, 198.51.100.1"}, 401),
        ({"x-forwarded-for": "192.0.2.10, unknown"}, 401),
        ({"x-forwarded-for": "203.0.113.9"}, 401),
        ({}, 401),
    ]
    client = client_of("203.0.113.9", trusted="203.0.113.0/24")
    for headers, status in told:
        assert (await client.get("/getSchema", headers=headers)).status_code == status, headers


async def test_a_proxy_that_nobody_trusts_says_nothing(neighbourly: Records, client_of: ClientOf) -> None:
    client = client_of("192.0.2.10", trusted="203.0.113.0/24")
    assert (await client.get("/getSchema")).status_code == 200
    assert (await client.get("/getSchema", headers={"x-forwarded-for": "192.0.2.11"})).status_code == 401


async def test_an_origin_is_compared_with_the_scheme_that_the_proxy_was_asked_with(
    neighbourly: Records, client_of: ClientOf
) -> None:
    client = client_of("203.0.113.9", trusted="203.0.113.9")
    headers = {"x-forwarded-for": "192.0.2.10", "x-forwarded-proto": "https", "origin": "https://192.0.2.7:8080"}
    assert (await client.get("/getSchema", headers=headers)).status_code == 200

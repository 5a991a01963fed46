"""The rules that hold for every dialect and each of its operations, read from the route tables.

A dialect that is added later is held to them by being in ringbook.dialects.ALL.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import Response
from structlog.testing import capture_logs

from ringbook.core.access import Core, Records
from ringbook.core.passwords import Passwords
from ringbook.dialects import ALL
from ringbook.domain import problems
from ringbook.domain.problems import Problem
from ringbook.web.dialect import Call, Dialect, NotYet, OpenOperation, Operation
from tests.conftest import make_tenant
from tests.dialects.conftest import rows_of
from tests.dialects.promises import PROMISES
from tests.dialects.samples import Sample, samples

SLUG = "every-dialect"
"""The tenant of these tests: a path may have to name it."""

SAMPLES = [
    sample
    for dialect in ALL
    if dialect.name in PROMISES
    for promised in [PROMISES[dialect.name]]
    for sample in samples(dialect, promised.place(SLUG), arrays=promised.arrays)
]
WITH_BODY = [sample for sample in SAMPLES if sample.operation.body is not None]
WITH_QUERY = [sample for sample in SAMPLES if sample.query_names]
WITH_PATH = [sample for sample in SAMPLES if sample.has_path_parameters]
WITH_ID = [s for s in WITH_PATH if s.operation.path not in PROMISES[s.dialect.name].not_ids]
NOT_YET = [(dialect, o) for dialect in ALL for o in dialect.operations if isinstance(o, NotYet)]

RouterOf = Callable[[Sequence[Dialect]], httpx.AsyncClient]


def name_of(value: Any) -> str | None:
    if isinstance(value, Sample):
        return f"{value.dialect.name} {value.operation.method} {value.operation.path}"
    if isinstance(value, Dialect):
        return value.name
    if isinstance(value, Operation | OpenOperation | NotYet):
        return f"{value.method} {value.path}"
    return None


every_dialect = pytest.mark.parametrize("dialect", ALL, ids=name_of)
every_operation = pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
with_body = pytest.mark.parametrize("sample", WITH_BODY, ids=name_of)
with_query = pytest.mark.parametrize("sample", WITH_QUERY, ids=name_of)
with_path = pytest.mark.parametrize("sample", WITH_PATH, ids=name_of)
with_id = pytest.mark.parametrize("sample", WITH_ID, ids=name_of)


@pytest.fixture(scope="module")
async def records(core: Core, passwords: Passwords) -> Records:
    """One tenant for all of these tests: what they send is mostly refused, and `unharmed` sees that it is."""
    return await make_tenant(core, passwords, slug=SLUG)


@pytest.fixture
async def unharmed(core: Core, records: Records) -> AsyncIterator[Records]:
    """The tenant, which has as many rows after the test as before it."""
    before = await rows_of(core, records.tenant.id)
    yield records
    assert await rows_of(core, records.tenant.id) == before


class Client:
    """Sends one operation's request with its dialect's credential; no answer may be a 5xx."""

    def __init__(self, router: httpx.AsyncClient, records: Records) -> None:
        self._router = router
        self._slug = records.tenant.slug

    async def send(
        self,
        sample: Sample,
        url: str | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        answer = await self._router.request(
            sample.operation.method,
            f"http://ringbook.example{url or sample.url}",
            content=sample.content if content is None else content,
            headers=headers or {},
            auth=PROMISES[sample.dialect.name].credential(self._slug),
        )
        # 501 is what the vendor has and Ringbook does not, yet.
        assert answer.status_code < 500 or answer.status_code == 501, (url, content, answer.text)
        if answer.status_code >= 400:
            PROMISES[sample.dialect.name].problem(answer)
        return answer

    async def refused(self, sample: Sample, **request: Any) -> httpx.Response:
        answer = await self.send(sample, **request)
        if PROMISES[sample.dialect.name].never_refuses:
            PROMISES[sample.dialect.name].refused(answer)
            return answer
        assert 400 <= answer.status_code < 500, (request, answer.status_code, answer.text)
        assert answer.status_code not in (401, 403), "what is wrong is not the credential"
        return answer


@pytest.fixture
def client(router: httpx.AsyncClient, unharmed: Records) -> Client:
    """For requests that must all be refused and leave nothing behind."""
    return Client(router, unharmed)


@pytest.fixture
def free_client(router: httpx.AsyncClient, records: Records) -> Client:
    """For requests of which some may be good."""
    return Client(router, records)


def test_every_dialect_has_promises() -> None:
    assert set(PROMISES) == {dialect.name for dialect in ALL}, "tests/dialects/promises.py says how its problems look"


# ---- Routes


@every_dialect
async def test_an_unknown_path_is_refused_in_the_dialects_words(dialect: Dialect, router: httpx.AsyncClient) -> None:
    for prefix in dialect.prefixes:
        for rest in (
            "/no-such-thing",
            "/no/such/thing",
            "/%00",
            "/%C3%28",
            "/%ED%A0%80",
            "/..%2f..%2fetc",
            "/" + "x" * 5000,
        ):
            answer = await router.get(f"http://ringbook.example{prefix.rstrip('/')}{rest}")
            PROMISES[dialect.name].refused(answer)


@every_operation
async def test_a_wrong_verb_is_refused(sample: Sample, free_client: Client, router: httpx.AsyncClient) -> None:
    there = {o.method for o in sample.dialect.operations if o.path == sample.operation.path}
    for verb in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"} - there:
        answer = await router.request(verb, f"http://ringbook.example{sample.path}")
        if verb == "HEAD":  # whose answer has no body
            assert answer.status_code >= 400 or PROMISES[sample.dialect.name].never_refuses
        else:
            PROMISES[sample.dialect.name].refused(answer)
        if sample.dialect.name == "native":
            assert answer.status_code == 405
            assert set(answer.headers["allow"].split(", ")) == there


@every_operation
async def test_doubled_slashes_mean_one(sample: Sample, free_client: Client) -> None:
    single = await free_client.send(sample)
    doubled = await free_client.send(sample, url="//" + sample.url[1:].replace("/", "//"))
    assert doubled.status_code in (single.status_code, 200, 404, 409)
    assert (
        doubled.headers["content-type"] == single.headers["content-type"] or single.status_code != doubled.status_code
    )


@pytest.mark.parametrize(("dialect", "operation"), NOT_YET, ids=name_of)
async def test_what_is_not_there_yet_says_so(dialect: Dialect, operation: NotYet, router: httpx.AsyncClient) -> None:
    path = re.sub(r"\{\w+\}", "1", operation.path)
    answer = await router.request(operation.method, f"http://ringbook.example{path}")
    assert answer.status_code >= 400
    assert answer.status_code not in (401, 403, 404, 500)
    PROMISES[dialect.name].problem(answer)


async def test_every_answer_has_a_request_id_of_its_own(router: httpx.AsyncClient, records: Records) -> None:
    ids = set()
    sent = 0
    for sample in SAMPLES:
        for credential in (None, PROMISES[sample.dialect.name].credential(records.tenant.slug)):
            for method, path in (
                (sample.operation.method, sample.url),
                ("BREW", sample.path),
                ("GET", sample.path + "/no"),
            ):
                answer = await router.request(
                    method, f"http://ringbook.example{path}", auth=credential, content=sample.content
                )
                ids.add(answer.headers["x-request-id"])
                sent += 1
    assert len(ids) == sent


# ---- Credentials


@every_operation
async def test_without_a_good_credential_nothing_is_told(
    sample: Sample, router: httpx.AsyncClient, unharmed: Records
) -> None:
    slug = unharmed.tenant.slug
    promised = PROMISES[sample.dialect.name]
    others = [p.credential(slug) for name, p in PROMISES.items() if name != sample.dialect.name]
    bad: list[Any] = [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer \xff\xfe".encode("latin-1")},
        {"authorization": "Bearer " + "x" * 100_000},
        {"authorization": "Basic bmF0aXZlOmtleQ=="},
        {"authorization": "Negotiate"},
    ]
    told = set()
    for headers, credential in [*((headers, None) for headers in bad), *(({}, other) for other in others)]:
        answer = await router.request(
            sample.operation.method,
            f"http://ringbook.example{sample.url}",
            headers=headers,
            auth=credential,
            content=sample.content,
        )
        assert answer.status_code in promised.refused_with, (headers, credential)
        promised.problem(answer)
        told.add((answer.status_code, answer.content))
    assert len(told) <= len(promised.refused_with), "the answer does not tell what is wrong with a credential"


# ---- Bodies


@with_body
async def test_a_body_that_is_not_json_is_refused(sample: Sample, client: Client) -> None:
    good = sample.content or b""
    nothing = () if sample.operation.path in PROMISES[sample.dialect.name].may_be_empty else (b"",)
    for content in (
        *nothing,
        b" ",
        b"{",
        b"[",
        b'"',
        b"nul",
        b"{]",
        b"<xml/>",
        b"a=b&c=d",
        good[:-1],
        good + b"x",
        good + good,
        b"\xef\xbb\xbf" + good,
        good.decode().encode("utf-16"),
        b'{"a":NaN}',
        b"\x00",
        b"\xff\xfe",
    ):
        await client.refused(sample, content=content)


@with_body
async def test_a_deeply_nested_body_is_refused(sample: Sample, client: Client) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        for depth in (100, 900, 950, 980, 1000, 100_000):
            nested = opening * depth + b"1" + closing * depth
            for content in (nested, opening * depth, *sample.with_value(nested)):
                await client.refused(sample, content=content)


@with_body
async def test_a_value_of_the_wrong_type_is_refused(sample: Sample, free_client: Client) -> None:
    for what, content, fits in sample.mistyped():
        answer = await free_client.send(sample, content=content)
        assert fits or 400 <= answer.status_code < 500, (what, answer.text)


@with_body
async def test_text_that_no_field_may_hold_is_refused(sample: Sample, client: Client) -> None:
    controls = (*range(9), 11, 12, *range(14, 32), 127)
    for text in (
        *(f"a\\u{code:04x}b".encode() for code in controls),
        *(f"a\\u{code:04X}b".encode() for code in (11, 31)),
        b"\\b",
        b"\\f",
        b"\\\\\\u0000",
        b"\\ud800",
        b"\\udfff",
        b"\\ud83d x",
        b"\x7f",
        b"\x00",
        b"\x1f",
        b"\xff",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
    ):
        for content in sample.with_text(text):
            await client.refused(sample, content=content)


@with_body
async def test_a_number_of_200_digits_breaks_nothing(sample: Sample, free_client: Client) -> None:
    for number in (b"9" * 200, b"-" + b"9" * 200, b"9" * 5000, b"1e400", b"-1e400", b"1" * 20, b"9223372036854775808"):
        for content in (*sample.with_value(number), *sample.with_value(b'"' + number + b'"')):
            await free_client.send(sample, content=content)


@with_body
async def test_a_field_that_is_not_known(sample: Sample, free_client: Client) -> None:
    body = {**sample.body, "no_such_field": 1}
    answer = await free_client.send(sample, content=sample.encoded(body))
    if PROMISES[sample.dialect.name].refuses_unknown_fields:
        assert answer.status_code == 422
        assert answer.json()["field"] == "no_such_field"
    else:
        assert answer.status_code == (await free_client.send(sample)).status_code


@with_body
async def test_a_body_over_the_limit_is_refused(sample: Sample, client: Client) -> None:
    limit = sample.operation.limits.body
    for declared in (str(limit + 1), "9" * 30, "9" * 5000):
        await client.refused(sample, headers={"content-length": declared})

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(limit // 65536 + 1):
            yield b" " * 65536

    await client.refused(sample, content=chunks())


@with_body
async def test_a_compressed_body_is_refused(sample: Sample, client: Client) -> None:
    for encoding in ("gzip", "br", "deflate, gzip", "x"):
        await client.refused(sample, headers={"content-encoding": encoding})


# ---- Queries and paths


@every_operation
async def test_a_query_that_is_not_known(sample: Sample, free_client: Client) -> None:
    answer = await free_client.send(sample, url=sample.url_with({**sample.query, "no_such_parameter": "1"}))
    if PROMISES[sample.dialect.name].refuses_unknown_fields:
        assert answer.status_code == 422
        assert answer.json()["field"] == "no_such_parameter"
    else:
        assert answer.status_code == (await free_client.send(sample)).status_code


@with_query
async def test_a_query_that_no_field_may_hold_is_refused(sample: Sample, client: Client) -> None:
    rest = sample.query
    for name in sample.query_names:
        others = "&".join(f"{other}={value}" for other, value in rest.items() if other != name)
        for value in ("%00", "1%00", "%07", "%0B", "%1F", "%7F", "%FF", "%C3%28", "%ED%A0%80"):
            await client.refused(sample, url=sample.url_asking(f"{others}&{name}={value}"))
        await client.refused(sample, url=sample.url_asking(f"{others}&{name}%00=1"))
    await client.refused(sample, url=sample.url_with({f"p{n}": "1" for n in range(101)}))


@with_query
async def test_a_query_of_any_value_breaks_nothing(sample: Sample, free_client: Client) -> None:
    for name in sample.query_names:
        for value in (
            "",
            "%20",
            "%",
            "%zz",
            "+",
            "-1",
            "0",
            "1e9",
            "0x1F",
            "NaN",
            "null",
            "true",
            "%0A",
            "9" * 19,
            "9" * 200,
            "-" + "9" * 200,
            "9" * 5000,
            "x" * 60_000,
            "%F0%9F%98%80",
            "%D9%A3%D9%A3%D9%A0",
            "';DROP TABLE contact;--",
            "a&" + name + "=b",
        ):
            query = {other: value for other, value in sample.query.items() if other != name}
            others = "&".join(f"{other}={given}" for other, given in query.items())
            await free_client.send(sample, url=sample.url_asking(f"{others}&{name}={value}"))


@with_id
async def test_an_id_that_cannot_be_one_is_a_missing_record(sample: Sample, client: Client) -> None:
    promised = PROMISES[sample.dialect.name]
    missing = await client.refused(sample, url=sample.url.replace(sample.path, sample.path_with(promised.missing)))
    for value in (
        "0",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "0x10",
        "abc",
        "9223372036854775809",  # 2**63 is a name that a test of numbers may have given
        "18446744073709551617",
        "9" * 190,
        "9" * 5000,
        "64f1b2c3d4e5f60718293a4b",
        "%D9%A3",
        "%C2%B2",
        "%20",
        "1%20",
        "1%2C2",
        "undefined",
        "..%5C",
        "1%2F2",
    ):
        answer = await client.refused(sample, url=sample.url.replace(sample.path, sample.path_with(value)))
        if promised.malformed_id == 404:
            assert (answer.status_code, answer.content) == (missing.status_code, missing.content), value
        else:
            assert answer.status_code in (promised.malformed_id, missing.status_code), value


@with_path
async def test_a_path_that_no_record_can_have_is_refused(sample: Sample, client: Client) -> None:
    for value in ("%00", "1%00", "%1F", "%7F", "%FF", "%ED%A0%80", "", "1/2", "..", "%2e%2e", "x" * 30_000):
        path = sample.path_with(value)
        if value == ".." and any(o.path == sample.operation.path.rsplit("/", 2)[0] for o in sample.dialect.operations):
            continue  # the client resolves it, and asks for what is there
        if value == ".." and not f"{path.rsplit('/', 2)[0]}/".startswith(tuple(sample.dialect.prefixes)):
            continue  # the client resolves it, and asks another dialect
        if value == "%2e%2e" and sample.operation.path in PROMISES[sample.dialect.name].not_ids:
            continue  # a text like any other
        await client.refused(sample, url=path)


# ---- Fuzz

_TEXT = st.text(max_size=20) | st.sampled_from(["", "330-555-0147", "+1 330 555 0147", "7224", "Spring", "null"])
_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
    | st.datetimes().map(lambda d: d.isoformat() + "Z")
)
_JSON = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3), max_leaves=8
)


@st.composite
def _requests(draw: st.DrawFn, dialect: Dialect) -> tuple[Sample, str, bytes | None]:
    sample = draw(st.sampled_from([sample for sample in SAMPLES if sample.dialect is dialect]))
    path = (
        sample.path_with(draw(st.sampled_from(["1", "7224", "0", "x"]))) if sample.has_path_parameters else sample.path
    )
    names = st.sampled_from([*sample.query_names, "phone"])
    query = draw(st.dictionaries(names, _TEXT | st.integers().map(str), max_size=3))
    url = str(httpx.URL(path, params={**sample.query, **query}))
    if sample.operation.body is None:
        return sample, url, None
    body = dict(sample.body)
    for name in draw(st.lists(st.sampled_from(sorted(body)), max_size=3)):
        if draw(st.booleans()):
            body[name] = draw(_JSON)
        else:
            body.pop(name, None)
    return sample, url, sample.encoded(_storable(body))


def _storable(value: Any) -> Any:
    """The value without what JSON cannot carry."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return float(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value


@every_dialect
async def test_no_request_is_answered_with_a_failure(dialect: Dialect, free_client: Client) -> None:
    drawn: list[tuple[Sample, str, bytes | None]] = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(_requests(dialect))
    def collect(request: tuple[Sample, str, bytes | None]) -> None:
        drawn.append(request)

    collect()
    for sample, url, content in drawn:
        await free_client.send(sample, url=url, content=content)


# ---- Bugs and problems


def _every_problem() -> Iterator[Problem]:
    for kind in (k for k in vars(problems).values() if isinstance(k, type) and issubclass(k, Problem)):
        match kind:
            case problems.WrongVerb:
                yield problems.WrongVerb(("GET",))
            case problems.TooMany:
                yield problems.TooMany("Enough.", 7)
            case _:
                yield kind("Said to the caller.")


def _with(dialect: Dialect, raised: Exception) -> tuple[Dialect, str]:
    """The dialect with an operation that raises this, and the operation's path."""

    async def fail(records: Records, call: Call[None, None]) -> Response:
        raise raised

    folder = PROMISES[dialect.name].folder or dialect.prefixes[0]
    path = folder.rstrip("/") + "/fails"
    operation: Operation[None, None] = Operation("GET", path, fail, "Fails")
    place = PROMISES[dialect.name].place(SLUG)
    return dataclasses.replace(dialect, operations=(*dialect.operations, operation)), path.format(**place)


@every_dialect
async def test_a_bug_is_logged_whole_and_told_to_nobody(
    dialect: Dialect, router_of: RouterOf, records: Records
) -> None:
    broken, path = _with(dialect, ZeroDivisionError("the secret cause"))
    with capture_logs() as logged:
        answer = await router_of([broken]).get(path, auth=PROMISES[dialect.name].credential(records.tenant.slug))
    assert answer.status_code == (200 if PROMISES[dialect.name].never_refuses else 500)
    PROMISES[dialect.name].problem(answer)
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    (line,) = [entry for entry in logged if entry["event"] == "bug"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["exc_info"]


@every_dialect
async def test_every_problem_has_words(dialect: Dialect, router_of: RouterOf, records: Records) -> None:
    for problem in _every_problem():
        broken, path = _with(dialect, problem)
        answer = await router_of([broken]).get(path, auth=PROMISES[dialect.name].credential(records.tenant.slug))
        PROMISES[dialect.name].problem(answer)
        if PROMISES[dialect.name].never_refuses:
            assert answer.status_code == 200
            continue
        assert answer.status_code >= 400
        assert (answer.status_code == 500) == (type(problem) is Problem), problem

"""Digest headers: what is well-formed, what it is about, and what proves it."""

from __future__ import annotations

from hashlib import md5

import pytest
from starlette.requests import Request

from ringbook.web.digest import Claim, challenge, claim_of

PATH = "/admin/ws/t/acme/callinglist/get/List%201.csv/Camp"
HEADER = (
    'Digest username="kim.lee", realm="acme", nonce="n", uri="{uri}", response="{response}", algorithm=MD5, qop=auth, '
    'nc=00000001, cnonce="c"'
)


def request(header: str | bytes, path: str = PATH, method: str = "POST") -> Request:
    raw = header if isinstance(header, bytes) else header.encode()
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
    return Request(scope | {"headers": [(b"authorization", raw)]})


def signed(uri: str = PATH, method: str = "POST") -> str:
    ha1, ha2 = (md5(text.encode()).hexdigest() for text in ("kim.lee:acme:secret", f"{method}:{uri}"))
    response = md5(f"{ha1}:n:00000001:c:auth:{ha2}".encode()).hexdigest()
    return HEADER.format(uri=uri, response=response)


def claim(header: str | bytes, path: str = PATH, method: str = "POST") -> Claim | None:
    return claim_of(request(header, path, method))


HA1 = md5(b"kim.lee:acme:secret").hexdigest()


def test_who_knows_the_password_proves_it() -> None:
    made = claim(signed())
    assert made is not None
    assert (made.login, made.realm, made.nonce, made.count) == ("kim.lee", "acme", "n", 1)
    assert made.is_proven_by(HA1)
    assert not made.is_proven_by(md5(b"kim.lee:acme:wrong").hexdigest())


def test_the_verb_is_signed() -> None:
    made = claim(signed(method="GET"))
    assert made is not None
    assert not made.is_proven_by(HA1)


@pytest.mark.parametrize(
    "uri",
    [
        PATH,
        PATH.replace("%20", " "),
        f"{PATH}?x=1",
        f"http://ringbook.example{PATH}",
        PATH.replace("/", "//"),
    ],
)
def test_the_path_is_meant_in_any_spelling(uri: str) -> None:
    made = claim(signed(uri))
    assert made is not None
    assert made.is_proven_by(HA1)


@pytest.mark.parametrize("uri", ["/", "", f"{PATH}x", PATH.replace("get", "add"), "http://[", "*"])
def test_a_credential_for_one_path_opens_no_other(uri: str) -> None:
    assert claim(signed(uri)) is None


@pytest.mark.parametrize(
    "change",
    [
        ("Digest ", "Basic "),
        ("qop=auth", "qop=auth-int"),
        (", qop=auth", ""),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=0000000g"),
        ("algorithm=MD5", "algorithm=SHA-256"),
        ("algorithm=MD5", "algorithm=MD5-sess"),
        ('cnonce="c"', 'cnonce="c'),
        ('username="kim.lee", ', ""),
        ('username="kim.lee"', 'username="kim.lee", username="sam.poe"'),
        ("nc=00000001", "nc=00000001 nc=00000002"),
        ('response="', 'response="0'),
        ('cnonce="c"', 'cnonce="c", ' + ", ".join(f"{letter}=1" for letter in "abdefghijklmop")),
    ],
)
def test_what_is_not_well_formed_is_no_claim(change: tuple[str, str]) -> None:
    header = signed()
    assert change[0] in header
    assert claim(header.replace(*change)) is None


@pytest.mark.parametrize(
    "header", ["", "Digest", "Digest ", "Digest ,,,", "Digest \xff".encode("latin-1"), "D" * 200_000]
)
def test_what_is_no_digest_is_no_claim(header: str | bytes) -> None:
    assert claim(header) is None


def test_a_quoted_value_may_hold_a_quote_and_a_comma() -> None:
    made = claim(signed().replace('"kim.lee"', r'"kim \"the, first\" \\lee"'))
    assert made is not None
    assert made.login == r'kim "the, first" \lee'


def test_an_algorithm_that_is_not_named_is_md5() -> None:
    made = claim(signed().replace("algorithm=MD5, ", "").replace("qop=auth", 'qop="auth"'))
    assert made is not None
    assert made.is_proven_by(HA1)


def test_a_header_takes_no_time_that_grows_faster_than_it() -> None:
    for header in ('Digest a="' + "\\" * 100_000, "Digest " + "a=b," * 30_000, "Digest " + "a" * 100_000):
        assert claim(header) is None


def test_a_challenge_quotes_what_a_path_may_hold() -> None:
    assert challenge('a"b\r\nX: y', "n", stale=False) == (
        'Digest realm="a%22b%0D%0AX%3A%20y", qop="auth", nonce="n", algorithm=MD5'
    )
    assert challenge("acme", "n", stale=True).endswith("algorithm=MD5, stale=true")

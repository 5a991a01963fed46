"""From a method and a path to an operation."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from ringbook.domain.problems import NoSuchOperation, WrongVerb
from ringbook.web.dialect import NotYet
from ringbook.web.routes import Routes, path_of

TABLE = [
    NotYet("GET", "/things", ""),
    NotYet("POST", "/things", ""),
    NotYet("GET", "/things/{id}", ""),
    NotYet("GET", "/things/newest", ""),
    NotYet("DELETE", "/things/{id}", ""),
    NotYet("GET", "/things/{id}/parts/{part}", ""),
    NotYet("GET", "/files/{name}.php", ""),
]
ROUTES = Routes(TABLE)


@pytest.mark.parametrize(
    ("method", "path", "at", "parameters"),
    [
        ("GET", "/things", 0, {}),
        ("POST", "/things", 1, {}),
        ("GET", "/things/7", 2, {"id": "7"}),
        ("GET", "/things/newest", 3, {}),
        ("DELETE", "/things/a b%", 4, {"id": "a b%"}),
        ("GET", "/things/7/parts/x.y", 5, {"id": "7", "part": "x.y"}),
        ("GET", "/files/campaign.php", 6, {"name": "campaign"}),
    ],
)
def test_a_path_finds_its_operation(method: str, path: str, at: int, parameters: dict[str, str]) -> None:
    operation, found = ROUTES.find(method, path, b"")
    assert operation is TABLE[at]
    assert dict(found) == parameters


@pytest.mark.parametrize(
    "path",
    ["", "/", "/thing", "/things/", "//things", "/things/7/", "/things/7/parts", "/Things", "/files/campaignXphp"],
)
def test_no_other_path_finds_one(path: str) -> None:
    with pytest.raises(NoSuchOperation):
        ROUTES.find("GET", path, b"")


def test_a_wrong_verb_is_told_the_right_ones() -> None:
    for path, allowed in (("/things", ("GET", "POST")), ("/things/7", ("DELETE", "GET")), ("/things/newest", ("GET",))):
        with pytest.raises(WrongVerb) as told:
            ROUTES.find("PUT", path, b"")
        assert told.value.allowed == allowed


def test_an_operation_is_in_the_table_once() -> None:
    with pytest.raises(AssertionError, match="GET /things is there twice"):
        Routes([*TABLE, NotYet("GET", "/things", "")])


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"/things/a%2Fb", {"id": "a/b"}),
        (b"/things/a%2fb%20c", {"id": "a/b c"}),
        (b"/things//a%252Fb", {"id": "a%2Fb"}),
        (b"/things/%C3%BC%2F", {"id": "ü/"}),
    ],
)
def test_a_slash_that_was_encoded_stays_within_its_part(raw: bytes, told: dict[str, str]) -> None:
    path = path_of({"path": unquote(raw.decode()), "raw_path": raw})
    assert ROUTES.find("GET", path, b"")[1] == told


def test_a_path_that_is_no_text_stays_as_the_server_gave_it() -> None:
    assert path_of({"path": "/things/\ufffd/x", "raw_path": b"/things/%FF%2Fx"}) == "/things/\ufffd/x"

"""From a method and a path to an operation."""

from __future__ import annotations

import pytest

from ringbook.domain.problems import NoSuchOperation, WrongVerb
from ringbook.web.dialect import NotYet
from ringbook.web.routes import Routes

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
    operation, found = ROUTES.find(method, path)
    assert operation is TABLE[at]
    assert dict(found) == parameters


@pytest.mark.parametrize(
    "path",
    ["", "/", "/thing", "/things/", "//things", "/things/7/", "/things/7/parts", "/Things", "/files/campaignXphp"],
)
def test_no_other_path_finds_one(path: str) -> None:
    with pytest.raises(NoSuchOperation):
        ROUTES.find("GET", path)


def test_a_wrong_verb_is_told_the_right_ones() -> None:
    for path, allowed in (("/things", ("GET", "POST")), ("/things/7", ("DELETE", "GET")), ("/things/newest", ("GET",))):
        with pytest.raises(WrongVerb) as told:
            ROUTES.find("PUT", path)
        assert told.value.allowed == allowed


def test_an_operation_is_in_the_table_once() -> None:
    with pytest.raises(AssertionError, match="GET /things is there twice"):
        Routes([*TABLE, NotYet("GET", "/things", "")])

"""Reading *.http: exchanges with a vendor's API as they go over the wire, and comparing answers with them.

A file begins with comments: its source, its evidence, what was given before. Then come exchanges in order: the request
(line, headers, blank line, body) and the expected answer (status line, chosen headers, blank line, body). A line that
begins with two blanks continues the one before, unless a comment says `# Lines: as they are`; then the answers' bodies
are printed as they are told. In requests, <name> stands for a known value. In answers, a
placeholder of PATTERNS stands for what varies, <name> for a known value, and <id as name> makes the id known; all else
is compared byte for byte. `Authorization: <credential>` stands for signing in as the vendor's clients do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

PATTERNS: Mapping[str, str] = {
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "whole second": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z",
    "local time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}",
    "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z",
    "guid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "id": r"[1-9]\d*",
    "object id": r"[0-9a-f]{24}",
    "cursor": r"[A-Za-z0-9_-]+",
    "token": r"[A-Za-z0-9+/]{43}=",
    "secret": r"rb_[0-9a-f]{64}",
    "hex token": r"[0-9A-F]{64}",
    "call id": r"[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}",
    "nonce": r"[A-Za-z0-9_=-]{40,}",
    "anything": r".*",
}

_HEADER = ("Source", "Evidence", "Given")
_REQUEST = re.compile(r"([A-Z]+) (/\S*) HTTP/1\.1")
_STATUS = re.compile(r"HTTP/1\.1 (\d{3}) .+")
_PLACEHOLDER = re.compile(r"<([a-z][a-z ]*)>")


@dataclass(frozen=True)
class Exchange:
    line: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: str
    status: int
    expected_headers: Mapping[str, str]
    expected_body: str


def read(path: Path) -> list[Exchange]:
    """The exchanges of a file; an AssertionError says what is wrong with its form."""
    lines = path.read_text().splitlines()
    comments = [line for line in lines if line.startswith("# ")]
    for name in _HEADER:
        assert any(c.startswith(f"# {name}: ") for c in comments), f"{path}: the header lacks '# {name}: …'"
    starts = [n for n, line in enumerate(lines) if _REQUEST.fullmatch(line) or _STATUS.fullmatch(line)]
    assert starts, f"{path}: there is no exchange"
    assert len(starts) % 2 == 0, f"{path}: a request has no answer"
    parts = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    as_they_are = "# Lines: as they are" in comments
    return [
        _exchange(line + 1, parts[at], parts[at + 1], as_they_are)
        for at, line in zip(range(0, len(parts), 2), starts[::2], strict=True)
    ]


def _exchange(line: int, request: list[str], answer: list[str], as_they_are: bool) -> Exchange:
    asked = _REQUEST.fullmatch(request[0])
    told = _STATUS.fullmatch(answer[0])
    assert asked, f"line {line}: {request[0]!r} is no request line"
    assert told, f"line {line}: {answer[0]!r} is no status line"
    headers, body = _message(request[1:])
    expected_headers, expected_body = _message(answer[1:], as_they_are)
    return Exchange(line, asked[1], asked[2], headers, body, int(told[1]), expected_headers, expected_body)


def _message(lines: list[str], as_they_are: bool = False) -> tuple[dict[str, str], str]:
    lines = [line for line in lines if not line.startswith("#")]
    end = lines.index("") if "" in lines else len(lines)
    headers = dict(line.split(": ", 1) for line in lines[:end])
    body = "\n".join(lines[end + 1 :]).rstrip("\n")
    if not as_they_are:
        body = re.sub(r"\n {2,}", "", body)
    return {name.lower(): value for name, value in headers.items()}, body


_CREDENTIAL = ("authorization", "<credential>")


async def replay(
    client: httpx.AsyncClient, exchange: Exchange, known: dict[str, str], credential: httpx.Auth | None = None
) -> httpx.Response:
    """Send the request and compare; what the answer makes known is added to `known`. The answer is returned."""
    headers = exchange.headers.items()
    answer = await client.request(
        exchange.method,
        f"http://ringbook.example{_known(exchange.target, known)}",
        headers={name: _known(value, known) for name, value in headers if (name, value) != _CREDENTIAL},
        auth=credential if _CREDENTIAL in headers else None,
        content=_known(exchange.body, known).encode(),
    )
    assert answer.status_code == exchange.status, f"line {exchange.line}: {answer.status_code} {answer.text}"
    for name, value in exchange.expected_headers.items():
        _compare(exchange, value, answer.headers.get(name, ""), known)
    _compare(exchange, exchange.expected_body, answer.text, known)
    return answer


def _known(text: str, known: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda m: known[m[1]], text)


def _compare(exchange: Exchange, expected: str, told: str, known: dict[str, str]) -> None:
    names: dict[str, str] = {}

    def pattern(match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(" as ")
        if name:
            names[f"n{len(names)}"] = name
            return f"(?P<n{len(names) - 1}>{PATTERNS[kind]})"
        return PATTERNS[kind] if kind in PATTERNS else re.escape(known[kind])

    pieces = _PLACEHOLDER.split(expected)
    matcher = "".join(
        re.escape(piece) if at % 2 == 0 else _PLACEHOLDER.sub(pattern, f"<{piece}>") for at, piece in enumerate(pieces)
    )
    match = re.fullmatch(matcher, told)
    assert match, f"line {exchange.line}: expected\n{expected}\nbut was told\n{told}"
    known.update({names[group]: value for group, value in match.groupdict().items()})

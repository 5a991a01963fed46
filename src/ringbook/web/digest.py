"""HTTP Digest (RFC 7616) with MD5 and qop=auth: what a request claims, whether it proves it, and the challenge.

MD5 is the only algorithm that the clients of contact-centre APIs know (curl, Python's requests, old Java).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request

_LONGEST = 128 * 1024  # it repeats the path
_MOST_DIRECTIVES = 20
_DIRECTIVE = re.compile(r'([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]++|\\.)*+)"|([^\s",]++))\s*(?:,\s*|$)', re.DOTALL)
_DIRECTIVES = re.compile(rf"\s*(?:{_DIRECTIVE.pattern}){{1,{_MOST_DIRECTIVES}}}", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_RESPONSE = re.compile(r"[0-9a-fA-F]{32}")
_SLASHES = re.compile("/{2,}")


@dataclass(frozen=True, slots=True)
class Claim:
    """A well-formed Digest credential, not proven yet."""

    login: str
    realm: str
    nonce: str
    count: int
    method: str
    uri: str
    between: str
    """What stands between the two hashes that the response is made of."""
    response: str

    def is_proven_by(self, ha1: str) -> bool:
        """Whether who sent this knows the password that this hash was made of."""
        ha2 = _md5(f"{self.method}:{self.uri}")
        return hmac.compare_digest(_md5(f"{ha1}:{self.between}:{ha2}"), self.response)


def claim_of(request: Request) -> Claim | None:
    """What the request claims; None where it has no Digest credential, or one that is not about this request."""
    header = next((value for name, value in request.scope["headers"] if name == b"authorization"), b"")
    scheme, _, rest = header.partition(b" ")
    if scheme.lower() != b"digest" or len(header) > _LONGEST:
        return None
    given = _directives(rest)
    if given is None or not {"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce"} <= given.keys():
        return None
    count, response = given["nc"], given["response"]
    if given["qop"].lower() != "auth" or given.get("algorithm", "MD5").upper() != "MD5":
        return None
    if not _COUNT.fullmatch(count) or not _RESPONSE.fullmatch(response) or not _is_about(request, given["uri"]):
        return None
    return Claim(
        login=given["username"],
        realm=given["realm"],
        nonce=given["nonce"],
        count=int(count, 16),
        method=request.method,
        uri=given["uri"],
        between=f"{given['nonce']}:{count}:{given['cnonce']}:{given['qop']}",
        response=response.lower(),
    )


def challenge(realm: str, nonce: str, *, stale: bool) -> str:
    """The WWW-Authenticate header. `stale` tells who knows the password that only the nonce is used up."""
    said = f'Digest realm="{quote(realm)}", qop="auth", nonce="{nonce}", algorithm=MD5'
    return f"{said}, stale=true" if stale else said


def _directives(rest: bytes) -> dict[str, str] | None:
    """The directives by name; None where something is not one, or is there twice."""
    try:
        text = rest.decode()
    except UnicodeDecodeError:
        text = rest.decode("latin-1")
    if not _DIRECTIVES.fullmatch(text):
        return None
    given = _DIRECTIVE.findall(text)
    found = {
        name.lower(): token or (_QUOTED_PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted)
        for name, quoted, token in given
    }
    return found if len(found) == len(given) else None


def _is_about(request: Request, uri: str) -> bool:
    """Whether the client signed this request's path: a credential does not open another one."""
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    asked = raw.decode("latin-1")
    if uri == asked:
        return True
    try:
        # A doubled slash at the beginning is a habit of clients, and no host's name.
        path = uri.partition("?")[0] if uri.startswith("/") else urlsplit(uri).path
    except ValueError:
        return False
    return _plain(path) == _plain(asked)


def _plain(path: str) -> str:
    return _SLASHES.sub("/", unquote(path, errors="surrogateescape"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()

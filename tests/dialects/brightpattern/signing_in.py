"""Signing in as Bright Pattern's clients do: Digest below the tenant's path, a token elsewhere."""

from __future__ import annotations

from collections.abc import Generator
from urllib.parse import urlencode

import httpx

LOGIN = "kim.lee"
PASSWORD = "password-of-{slug}"
API_SECRET = "api-secret-of-{slug}"
NO_PRIVILEGE = "sam.poe"
NO_PRIVILEGE_SECRET = "other-api-secret-of-{slug}"
TOKEN_PATH = "/configapi/v2/oauth/token"


def digest(slug: str, login: str = LOGIN, password: str = PASSWORD) -> httpx.DigestAuth:
    return httpx.DigestAuth(login, password.format(slug=slug))


def form(slug: str, login: str = LOGIN, secret: str = API_SECRET, **more: str) -> dict[str, str]:
    """The form of a request for a token."""
    return {
        "grant_type": "client_credentials",
        "client_id": login,
        "client_secret": secret.format(slug=slug),
        "scope": f"{slug}.brightpattern.example",
    } | more


class Token(httpx.Auth):
    """A token, asked for before the first request."""

    requires_response_body = True

    def __init__(self, slug: str, login: str = LOGIN, secret: str = API_SECRET) -> None:
        self._form = form(slug, login, secret)
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._token:
            asked = httpx.Request(
                "POST",
                request.url.copy_with(raw_path=TOKEN_PATH.encode()),
                headers={"content-type": "application/x-www-form-urlencoded"},
                content=urlencode(self._form),
            )
            told = yield asked
            assert told.status_code == 200, told.text
            self._token = told.json()["access_token"]
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


class Either(httpx.Auth):
    """Digest where 3.x is, a token everywhere else."""

    requires_response_body = True

    def __init__(self, slug: str) -> None:
        self._digest, self._token = digest(slug), Token(slug)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        auth = self._digest if request.url.path.lstrip("/").startswith("admin") else self._token
        yield from auth.auth_flow(request)

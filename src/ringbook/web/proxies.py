"""Behind a proxy of one's own: whose request it is, as the proxy says, and nobody else.

Without this, what a proxy forwards is nobody's: its peer is the proxy, and forwarding headers can be written by anyone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from ringbook.domain.problems import Invalid
from ringbook.web.forwarding import without_forwarding

_FOR = re.compile(r'\bfor="?(\[[^\]]+\]|[^;,"\s:]+)(?::\d+)?"?', re.IGNORECASE)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(texts: Iterable[str], of: str = "trusted proxies") -> tuple[Network, ...]:
    """Networks and addresses as an operator writes them; Invalid names one that is neither."""
    try:
        return tuple(ip_network(text.strip()) for text in texts if text.strip())
    except ValueError as error:
        raise Invalid(f"The {of} are addresses or networks: {error}.", field=of.replace(" ", "_")) from None


def behind(app: ASGIApp, trusted: Sequence[Network]) -> ASGIApp:
    """The app, for requests of which trusted proxies say whose they are.

    The client is the last address that no trusted proxy has; what they forward is taken out. A request of a trusted
    proxy that does not say whose it is has no client at all, so nobody is let in for being the proxy's neighbour.
    """

    def unwrapped(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        peer = _address(scope["client"][0]) if scope.get("client") else None
        if peer is not None and _is_trusted(peer, trusted):
            client = _client(scope["headers"], trusted)
            scope = dict(scope)
            scope["client"] = None if client is None else (str(client), 0)
            scope["scheme"] = _proto(scope["headers"]) or scope.get("scheme", "http")
            scope["headers"] = without_forwarding(scope["headers"])
        return app(scope, receive, send)

    return unwrapped


def _client(headers: Sequence[tuple[bytes, bytes]], trusted: Sequence[Network]) -> Address | None:
    for text in reversed(_forwarded_for(headers)):
        address = _address(text)
        if address is None or not _is_trusted(address, trusted):
            return address
    return None


def _forwarded_for(headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """The addresses that the request has come by, the nearest last. What both headers say must be the same."""
    legacy = [
        part.strip()
        for name, value in headers
        if name == b"x-forwarded-for"
        for part in value.decode("latin-1").split(",")
    ]
    standard = [
        match for name, value in headers if name == b"forwarded" for match in _FOR.findall(value.decode("latin-1"))
    ]
    if legacy and standard and [_address(a) for a in legacy] != [_address(a) for a in standard]:
        return []
    return legacy or standard


def _proto(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """The scheme that the nearest proxy was asked with."""
    told = [value for name, value in headers if name == b"x-forwarded-proto"]
    scheme = told[-1].decode("latin-1").rpartition(",")[2].strip().lower() if told else ""
    return scheme if scheme in ("http", "https") else None


def _address(text: str) -> Address | None:
    text = text.strip().strip("[]").partition("%")[0]
    if text.count(":") == 1:  # an IPv4 address with its port
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)

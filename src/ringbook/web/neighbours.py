"""Who may be let in without a key: a peer with nobody in front of it, that means this server and no other.

A proxy's address is not its client's, and a page in a neighbour's browser can be a stranger's: both are told apart
here, before the core is asked whose neighbour an address is.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from functools import cache
from ipaddress import IPv6Address, ip_address

from starlette.requests import Request

from ringbook.domain.problems import Unauthenticated
from ringbook.web.forwarding import is_forwarded

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@/\s]+)(?::(\d{1,5}))?")
_PORTS = {"http": "80", "https": "443"}


def neighbour(request: Request) -> str:
    """The address of the request's peer; Unauthenticated where it is not the peer's own request."""
    client = request.scope.get("client")
    if client is None or is_forwarded(request.scope["headers"]):
        raise Unauthenticated
    try:
        address = ip_address(client[0].partition("%")[0])
    except ValueError:
        raise Unauthenticated from None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def check_means_us(request: Request, hosts: Collection[str]) -> None:
    """Unauthenticated unless Host, and Origin if there is one, are this server's own.

    Its own are an IP address, localhost, the machine's host name, and `hosts`. So neither a page of another origin nor
    a name that a stranger points at this address (DNS rebinding) is let in.
    """
    told = request.headers.getlist("host")
    match = _HOST.fullmatch(told[0]) if len(told) == 1 else None
    if match is None or not _is_ours(match[1], hosts):
        raise Unauthenticated
    own = _origin(request.scope.get("scheme", "http"), match)
    for origin in request.headers.getlist("origin"):
        scheme, separator, place = origin.lower().partition("://")
        other = _HOST.fullmatch(place)
        if not separator or other is None or _origin(scheme, other) != own:
            raise Unauthenticated


def _is_ours(host: str, hosts: Collection[str]) -> bool:
    name = host.lower().removesuffix(".")
    if name == "localhost" or name in _names() or name in {given.lower() for given in hosts}:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


@cache
def _names() -> frozenset[str]:
    """The machine's host name, whole and its first part."""
    whole = socket.gethostname().lower()
    return frozenset({whole, whole.partition(".")[0]} - {""})


def _origin(scheme: str, place: re.Match[str]) -> tuple[str, str, str]:
    return scheme, place[1].lower().removesuffix("."), place[2] or _PORTS.get(scheme, "")

"""Headers by which somebody in front of this server says whose a request is, or that it is there at all."""

from __future__ import annotations

from collections.abc import Iterable

# A standard, what proxies and vendors have in its place, and the trace that any proxy leaves.
_FORWARDING = (
    *(b"forwarded", b"x-forwarded", b"x-original-forwarded-", b"via", b"x-real-ip", b"x-client-ip"),
    *(b"x-cluster-client-ip", b"x-envoy-external-address", b"client-ip", b"true-client-ip", b"cf-connecting-ip"),
    *(b"cf-pseudo-ipv4", b"fastly-client-ip", b"x-appengine-user-ip", b"x-azure-clientip", b"x-azure-socketip"),
)

Header = tuple[bytes, bytes]


def is_forwarded(headers: Iterable[Header]) -> bool:
    """Whether a request says that it comes by a proxy."""
    return any(name.startswith(_FORWARDING) for name, _ in headers)


def without_forwarding(headers: Iterable[Header]) -> list[Header]:
    return [header for header in headers if not header[0].startswith(_FORWARDING)]

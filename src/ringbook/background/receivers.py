"""Posting to a receiver that a tenant has named: to no private address, without following it elsewhere, and bounded.

A name is looked up once, and the address that was found and checked is the one that is connected to: what the name
means a moment later is of no use to anybody.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore

from ringbook.domain.webhook import Outcome

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
_MOST_READ = 65_536
_LONGEST_ERROR = 200
_NAT64 = IPv6Network("64:ff9b::/96")
_INSIDE = (IPv6Network("::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))
"""Not public, whatever this Python's table says: what carries an IPv4 address or is of one's own site."""
_LOOKUPS = 4


class RefusedAddress(httpcore.ConnectError):
    """The receiver's address is private, and not one that the operator allows."""


class Receivers:
    """A worker's connections to receivers; `allowed` are networks that need not be public."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        # Threads of their own: a name server that does not answer holds up nobody's password.
        self._names = ThreadPoolExecutor(_LOOKUPS, "receivers")
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=None,
            max_keepalive_connections=20,
            keepalive_expiry=30.0,
            network_backend=_Guarded(allowed, self._names),
        )

    async def close(self) -> None:
        await self._pool.aclose()
        self._names.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """What came of it. A redirect is an answer like another, and no good one."""
        try:
            async with asyncio.timeout(_SECONDS):
                return Outcome(status=await self._status(url, headers, body))
        except TimeoutError:
            return Outcome(error=f"No answer within {_SECONDS:.0f} seconds.")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            said = str(error) or type(error).__name__
            return Outcome(error=said[:_LONGEST_ERROR])
        except (OSError, ValueError, httpcore.UnsupportedProtocol) as error:
            return Outcome(error=f"{type(error).__name__}: it could not be sent."[:_LONGEST_ERROR])

    async def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        timeouts = {"connect": _CONNECT_SECONDS, "read": _SECONDS, "write": _SECONDS, "pool": _SECONDS}
        said = list(headers.items())
        asking = self._pool.stream("POST", url, headers=said, content=body, extensions={"timeout": timeouts})
        async with asking as answer:
            read = 0
            async for piece in answer.aiter_stream():
                read += len(piece)
                if read > _MOST_READ:
                    break  # its status is all that counts; the connection is closed
            return answer.status


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that are public or allowed, and to nothing else."""

    def __init__(self, allowed: Sequence[Network], names: Executor) -> None:
        self._allowed = allowed
        self._names = names
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore names it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError = RefusedAddress("The address is not public.")
        for address in await _addresses(self._names, host, port):
            if not is_allowed(address, self._allowed):
                continue
            try:
                return await self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                failure = httpcore.ConnectError("No connection.")
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore names it
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise RefusedAddress("No sockets of this machine.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether something may be sent there: to a public address, or into one of these networks.

    An address that carries another one within is as good as that.
    """
    if isinstance(address, IPv6Address):
        address = _carried(address) or address
    if any(address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast and not any(address in network for network in _INSIDE)


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


async def _addresses(names: Executor, host: str, port: int) -> list[Address]:
    """The addresses of a name, or the one that it is."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            found = await asyncio.get_running_loop().run_in_executor(names, look_up)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise httpcore.ConnectError("The name cannot be looked up.") from error
    return list(dict.fromkeys(ip_address(str(place[4][0]).partition("%")[0]) for place in found))

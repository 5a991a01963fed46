"""Everything that one server process is told, as one frozen object that is passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve.

    `run` is a folder of this run alone, which the worker processes share: limits, counters, who is ready.
    `key` is the content of the key file, with which users are let in; None lets no user in.
    `trusted_proxies` are the addresses and networks of proxies that say whose a request is.
    `events_days`: how long events can be read again. `webhook_private_networks` are those in which receivers of events
    may be; elsewhere only public addresses.
    `exchanges`: keep what clients ask and are answered, for an hour, for administrators to look at in the console.
    """

    dsn: str
    host: str
    port: int
    workers: int
    run: Path
    log_descriptor: int | None = 2
    key: bytes | None = field(default=None, repr=False)
    trusted_proxies: tuple[str, ...] = ()
    exchanges: bool = False
    events_days: float = 7.0
    webhook_private_networks: tuple[str, ...] = ()

"""An open loop: requests leave at moments that were fixed beforehand, whatever the answers do.

wrk waits for an answer before it asks again, so while a server stands still nobody counts as waiting. Here arrivals
are random (Poisson) at a fixed rate, and an answer's time counts from the moment its request was planned for: what
piles up behind a slow one is in the percentiles, and so is the delay of this program itself.
Run as a program of its own: `python -m bench.open_loop` with one JSON object on standard input. SIGTERM ends it before
its time is over.
"""

from __future__ import annotations

import gc
import json
import random
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import Any

_PATIENCE_SECONDS = 5.0


class Generator:
    def __init__(self, port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int) -> None:
        self._port = port
        self._requests = requests
        self._planned = deque(_moments(rate, seconds))
        self._due: deque[float] = deque()
        self._sockets = {s.fileno(): s for s in (_connected(port) for _ in range(connections))}
        self._idle = list(self._sockets)
        self._asked: dict[int, float] = {}
        self._arrived: dict[int, bytes] = {}
        self._sent = 0
        self._epoll = select.epoll()
        for descriptor in self._sockets:
            self._epoll.register(descriptor, select.EPOLLIN)
        self.took: list[float] = []
        self.bad = 0

    def run(self) -> None:
        began = perf_counter()
        last = self._planned[-1] + _PATIENCE_SECONDS
        while self._planned or self._due or self._asked:
            now = perf_counter() - began
            if now > last:
                break
            while self._planned and self._planned[0] <= now:
                self._due.append(self._planned.popleft())
            while self._due and self._idle:
                self._send(self._idle.pop(), self._due.popleft())
            # select() waits by the microsecond, epoll by the millisecond.
            pause = max(0.0, self._planned[0] - (perf_counter() - began)) if self._planned else 0.1
            if select.select([self._epoll], [], [], pause)[0]:
                for descriptor, _ in self._epoll.poll(0):
                    self._receive(descriptor, began)
        self.bad += len(self._planned) + len(self._due) + len(self._asked)

    def stop(self) -> None:
        """Ask no more."""
        self._planned.clear()

    def _send(self, descriptor: int, planned: float) -> None:
        self._asked[descriptor] = planned
        self._sockets[descriptor].send(self._requests[self._sent % len(self._requests)])
        self._sent += 1

    def _receive(self, descriptor: int, began: float) -> None:
        received = self._sockets[descriptor].recv(262_144)
        if not received:
            self._replace(descriptor)
            return
        data = self._arrived.pop(descriptor, b"") + received
        if not _is_whole(data):
            self._arrived[descriptor] = data
            return
        self.took.append(perf_counter() - began - self._asked.pop(descriptor))
        self.bad += not data.startswith(b"HTTP/1.1 2")
        self._idle.append(descriptor)

    def _replace(self, descriptor: int) -> None:
        """Another connection for one that the server has closed: it does so with those that nobody uses for long."""
        closed = self._sockets.pop(descriptor)
        self._epoll.unregister(descriptor)
        if self._asked.pop(descriptor, None) is not None:
            self.bad += 1
        else:
            self._idle.remove(descriptor)
        closed.close()
        opened = _connected(self._port)
        self._sockets[opened.fileno()] = opened
        self._epoll.register(opened.fileno(), select.EPOLLIN)
        self._idle.append(opened.fileno())


def _moments(rate: float, seconds: float) -> list[float]:
    dice = random.Random(1)
    moments = [0.05]
    while moments[-1] < seconds:
        moments.append(moments[-1] + dice.expovariate(rate))
    return moments


def _connected(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port))
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _is_whole(data: bytes) -> bool:
    """Whether this is a complete answer; its length is always declared."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.index(b"content-length:") + len(b"content-length:")
    return len(data) >= end + 4 + int(head[at:].partition(b"\r\n")[0])


def main(asked: dict[str, Any]) -> dict[str, float]:
    requests = [request.encode() for request in asked["requests"]]
    gc.disable()
    generator = Generator(asked["port"], requests, asked["rate"], asked["seconds"], asked["connections"])
    signal.signal(signal.SIGTERM, lambda *_: generator.stop())
    generator.run()
    took = sorted(generator.took)

    def at(share: float) -> float:
        return took[min(len(took) - 1, int(len(took) * share))] * 1000

    return {
        "rate": len(took) / asked["seconds"],
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p999": at(0.999),
        "bad": generator.bad,
    }


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)

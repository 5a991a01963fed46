"""The ceiling of the HTTP server: granian, set up as in ringbook.cli.serving, around an app that only answers."""

from __future__ import annotations

import sys

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from starlette.types import ASGIApp, Receive, Scope, Send

_BODY = b'{"number":"+12122000000","contacts":[],"more":false}'


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})


def load() -> ASGIApp:
    return app


def main(port: int) -> None:
    server = Server(
        "constant",
        port=port,
        workers=1,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        websockets=False,
        log_enabled=False,
        log_level=LogLevels.warning,
        backpressure=512,
    )
    server.serve(target_loader=load, wrap_loader=False)


if __name__ == "__main__":
    main(int(sys.argv[-1]))

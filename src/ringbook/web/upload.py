"""A file that is sent: the body itself, or the one file of a form, piece by piece as it comes in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from ringbook.domain.problems import Malformed, TooLarge

_SILENT_SECONDS = 30.0
"""Who sends nothing for so long has gone. A large file may take its time."""
_LONGEST_NAME = 200


class Upload:
    """`content` is to be read once; `name` is known behind its first piece, and empty where none was sent."""

    def __init__(self, request: Request, most: int) -> None:
        self._request = request
        self._most = most
        self.name = ""
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        self._boundary = options.get(b"boundary") if kind == b"multipart/form-data" else None

    async def content(self) -> AsyncGenerator[bytes, None]:
        """The file's bytes. TooLarge beyond what may be sent, Malformed where it does not arrive or is not there."""
        if self._boundary is None:
            async for piece in self._body():
                yield piece
            return
        form = _Form(self._boundary)
        async for piece in self._body():
            parts = form.feed(piece)
            self.name = form.name
            for part in parts:
                yield part
        if not form.is_whole:
            raise Malformed("The form has no file, or did not arrive whole.")

    async def _body(self) -> AsyncGenerator[bytes, None]:
        request = self._request
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > self._most):
            raise TooLarge(f"A file has {self._most} bytes at most.")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Malformed("A file is sent uncompressed.")
        size = 0
        pieces = aiter(request.stream())
        while True:
            try:
                async with asyncio.timeout(_SILENT_SECONDS):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Malformed("The file did not arrive in time.") from None
            except ClientDisconnect:
                raise Malformed("The file did not arrive.") from None
            size += len(piece)
            if size > self._most:
                raise TooLarge(f"A file has {self._most} bytes at most.")
            if piece:
                yield piece


class _Form:
    """The first file of a form."""

    def __init__(self, boundary: bytes) -> None:
        self.name = ""
        self._seen = self._inside = self._over = False
        self._header = b""
        self._value = b""
        self._parts: deque[bytes] = deque()
        self._parser = MultipartParser(
            boundary,
            {
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    @property
    def is_whole(self) -> bool:
        return self._seen and self._over

    def feed(self, piece: bytes) -> list[bytes]:
        """What a piece of the body brings of the file."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise Malformed("The form cannot be read.") from None
        found = list(self._parts)
        self._parts.clear()
        return found

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._header.lower() == b"content-disposition" and not self._seen:
            _, options = parse_options_header(self._value)
            if b"filename" in options:
                self._seen = self._inside = True
                self.name = unquote(options[b"filename"].decode("utf-8", "replace"))[-_LONGEST_NAME:]
        self._header = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._parts.append(data[start:end])

    def _on_part_end(self) -> None:
        self._inside = False

    def _on_end(self) -> None:
        self._over = True

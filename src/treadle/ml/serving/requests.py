"""A request as handlers see it, and the pace at which its body is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, unquote

from treadle.ml.serving.answers import too_large

Headers = list[tuple[bytes, bytes]]
#: So much of a body is held before somebody asks for it.
_MOST_HELD_BYTES = 1024 * 1024


class Request:
    """One request. Its body comes as it arrives; names of headers are in small letters."""

    __slots__ = (
        "_held",
        "_is_lost",
        "_is_wanted",
        "_set_pace",
        "_waiter",
        "expects",
        "headers",
        "is_dropped",
        "is_whole",
        "keeps_alive",
        "method",
        "path",
        "query",
    )

    def __init__(
        self, method: str, target: bytes, headers: Headers, *, keeps_alive: bool, set_pace: Callable[[], None]
    ) -> None:
        path, _, query = target.partition(b"?")
        self.method = method
        self.path = unquote(path.decode("latin-1")) if b"%" in path else path.decode("latin-1")
        self.query = query
        self.headers = headers
        #: Whether the connection may have another one after it.
        self.keeps_alive = keeps_alive
        #: Whether whoever sends it waits to hear that the body may come, and was not told.
        self.expects = any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
        #: Whether all of it has come.
        self.is_whole = False
        #: It is answered: what still comes of its body is nobody's.
        self.is_dropped = False
        self._set_pace = set_pace
        #: As it came where it came at once; else put together, which takes no more room than it has bytes.
        self._held: bytes | bytearray = b""
        self._is_wanted = False
        self._is_lost = False
        self._waiter: asyncio.Future[None] | None = None

    async def body(self, limit_bytes: int) -> bytes:
        """The body as a whole. Raises Invalid("body-too-large"), ConnectionResetError."""
        declared = self.header(b"content-length")
        if declared.isdigit() and int(declared[:20]) > limit_bytes:
            raise too_large(limit_bytes)
        self._is_wanted = True
        while not self.is_whole and len(self._held) <= limit_bytes:
            await self._more()
        if len(self._held) > limit_bytes:
            raise too_large(limit_bytes)
        self._held = whole = bytes(self._held)
        return whole

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes, which waits for who reads it. Raises ConnectionResetError."""
        while self._held or not self.is_whole:
            if not self._held:
                await self._more()
                continue
            piece, self._held = bytes(self._held), b""
            yield piece

    def header(self, name: bytes) -> bytes:
        """The value of a header; b"" where it has none."""
        return next((value for known, value in self.headers if known == name), b"")

    def parameter(self, name: str) -> str | None:
        """A parameter of the address."""
        found = parse_qs(self.query.decode("latin-1")).get(name)
        return found[0] if found else None

    def accepts(self, kind: bytes) -> bool:
        """Whether the caller asks for that kind of content by name."""
        return any(name == b"accept" and kind in value for name, value in self.headers)

    # What the connection calls.

    @property
    def is_full(self) -> bool:
        """Whether no more of the body is to come before some is read."""
        return len(self._held) > _MOST_HELD_BYTES and not (self._is_wanted or self.is_dropped)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for more of the body."""
        return self._waiter is not None

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self.expects = False
        if self.is_dropped:
            return
        if not self._held:
            self._held = piece
        else:
            if isinstance(self._held, bytes):
                self._held = bytearray(self._held)
            self._held += piece
        self._wake()

    def end(self) -> None:
        """All of it has come."""
        self.is_whole, self.expects = True, False
        self._wake()

    def lose(self) -> None:
        """Whoever sends it has gone."""
        self._is_lost = True
        self._wake()

    def drop(self) -> None:
        """It is answered."""
        self.is_dropped = True
        self._held = b""

    async def _more(self) -> None:
        if self._is_lost:
            raise ConnectionResetError("the caller went away within the body")
        self._waiter = asyncio.get_running_loop().create_future()
        self._set_pace()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

"""Bodies that come packed, unpacked before MLflow sees them: it would unpack them without an end."""

from __future__ import annotations

import asyncio
import zlib
from concurrent.futures import Executor
from typing import BinaryIO

from starlette.types import Message, Receive, Scope

from treadle.errors import Invalid
from treadle.tracking.child.wsgi import Exchange, read_body
from treadle.tracking.exchanges import MOST_BODY_BYTES, too_large

_PIECE_BYTES = 1024 * 1024
_GZIP_BITS = 16 + zlib.MAX_WBITS
#: By encoding: how its beginning may look. What is called deflate comes with a head or without one.
_BITS = {b"gzip": (_GZIP_BITS,), b"x-gzip": (_GZIP_BITS,), b"deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}
_HEADER = b"content-encoding"


async def unpacked(exchange: Exchange, threads: Executor) -> Exchange:
    """The same request with its body as it was before it was packed.

    Raises Invalid("body-too-large"), Invalid("encoding-unknown"), Invalid("body-broken"), Gone.
    """
    told = [value.strip().lower() for name, value in exchange.scope["headers"] if name == _HEADER]
    encodings = [encoding for encoding in told if encoding not in (b"", b"identity")]
    if not encodings:
        return Exchange(_without_encoding(exchange.scope), exchange.receive, exchange.send)
    if len(encodings) > 1 or encodings[0] not in _BITS:
        raise Invalid("encoding-unknown", "The body is packed in an unknown way. Send it plain or as gzip.")
    with await read_body(exchange.receive) as packed:
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(threads, unpack, packed, _BITS[encodings[0]])
    scope = _without_encoding(exchange.scope, b"content-length", b"transfer-encoding")
    scope["headers"].append((b"content-length", b"%d" % len(body)))
    return Exchange(scope, _told_once(body, exchange.receive), exchange.send)


def unpack(packed: BinaryIO, beginnings: tuple[int, ...]) -> bytes:
    """What was packed. Raises Invalid("body-too-large"), Invalid("body-broken")."""
    for bits in beginnings:
        packed.seek(0)
        try:
            return _inflate(packed, bits)
        except zlib.error:
            continue
    raise _broken()


def _inflate(packed: BinaryIO, bits: int) -> bytes:
    inflater = zlib.decompressobj(bits)
    pieces: list[bytes] = []
    size_bytes = 0
    while not inflater.eof:
        taken = inflater.unconsumed_tail or packed.read(_PIECE_BYTES)
        piece = inflater.decompress(taken, _PIECE_BYTES)
        if not taken and not piece:
            raise _broken()
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes > MOST_BODY_BYTES:
            raise too_large()
    if inflater.unused_data or packed.read(1):
        raise _broken()
    return b"".join(pieces)


def _without_encoding(scope: Scope, *more: bytes) -> Scope:
    left = [pair for pair in scope["headers"] if pair[0] not in (_HEADER, *more)]
    return {**scope, "headers": left}


def _told_once(body: bytes, receive: Receive) -> Receive:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


def _broken() -> Invalid:
    return Invalid("body-broken", "The body cannot be unpacked, or goes on after its end. Send it again.")

"""Bodies that come packed are unpacked within a limit before MLflow sees them."""

from __future__ import annotations

import gzip
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.types import Message

from tests.waiting import run_coroutine
from treadle.errors import Invalid
from treadle.tracking.child.packed import unpacked
from treadle.tracking.child.wsgi import Exchange
from treadle.tracking.exchanges import MOST_BODY_BYTES

PLAIN = b"paper " * 500_000
_RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
BARE = _RAW.compress(PLAIN) + _RAW.flush()


def unpack(body: bytes, *encodings: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body as MLflow gets them."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async def run() -> tuple[dict[bytes, bytes], bytes]:
        told = [(b"content-encoding", one) for one in encodings]
        scope: Any = {"headers": [(b"content-length", b"%d" % len(body)), *told]}
        with ThreadPoolExecutor(1) as threads:
            plain = await unpacked(Exchange(scope, receive, send), threads)
        return dict(plain.scope["headers"]), (await plain.receive())["body"]

    return run_coroutine(run())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(PLAIN)),
        (b"GZip", gzip.compress(PLAIN)),
        (b"deflate", zlib.compress(PLAIN)),
        (b"deflate", BARE),
        (b"identity", PLAIN),
    ],
)
def test_what_was_packed_is_plain(encoding: bytes, body: bytes) -> None:
    assert unpack(body, encoding) == ({b"content-length": b"%d" % len(PLAIN)}, PLAIN)


@pytest.mark.parametrize(
    ("encodings", "body", "code"),
    [
        ([b"gzip"], gzip.compress(bytes(MOST_BODY_BYTES + 1)), "body-too-large"),
        ([b"deflate"], zlib.compress(bytes(MOST_BODY_BYTES + 1)), "body-too-large"),
        ([b"gzip"], gzip.compress(PLAIN)[:-9], "body-broken"),
        ([b"gzip"], gzip.compress(PLAIN) + b"more", "body-broken"),
        ([b"gzip"], b"", "body-broken"),
        ([b"deflate"], b"paper", "body-broken"),
        ([b"gzip", b"gzip"], PLAIN, "encoding-unknown"),
        ([b"gzip, deflate"], PLAIN, "encoding-unknown"),
        ([b"br"], PLAIN, "encoding-unknown"),
    ],
)
def test_what_cannot_be_unpacked_within_the_limit_is_refused(
    encodings: list[bytes], body: bytes, code: str
) -> None:
    with pytest.raises(Invalid) as raised:
        unpack(body, *encodings)
    assert raised.value.code == code

"""Bodies that S3 clients send in chunks with a signature each, or with a checksum behind them.

``hex-size[;chunk-signature=…]`` CRLF bytes CRLF, …, a chunk of size 0, then trailers.
Source: AWS, "Signature calculations: transferring payload in multiple chunks", and the same with trailers.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.signatures import Signed, sign_text

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING = frozenset({SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER})

_NOTHING_SHA256 = hashlib.sha256(b"").hexdigest()
_MAX_LINE_BYTES = 8 * 1024
_MAX_TRAILER_BYTES = 16 * 1024
_MAX_CHUNK_BYTES = 5 * 1024**3
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class ChunkSignatures:
    """The chain of signatures: each chunk's is made over the one before."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed
        self._last = signed.claim.signature

    def check_chunk(self, sha256: str, signature: str) -> None:
        """Raises S3Error("SignatureDoesNotMatch")."""
        self._check("AWS4-HMAC-SHA256-PAYLOAD", signature, _NOTHING_SHA256, sha256)

    def check_trailers(self, sha256: str, signature: str) -> None:
        """Raises S3Error("SignatureDoesNotMatch")."""
        self._check("AWS4-HMAC-SHA256-TRAILER", signature, sha256)

    def _check(self, algorithm: str, signature: str, *hashes: str) -> None:
        signed = self._signed
        right = sign_text(signed.signing_key, signed.claim, algorithm, self._last, *hashes)
        if not hmac.compare_digest(right.encode(), signature.encode()):
            raise S3Error("SignatureDoesNotMatch", "The signature of a chunk of the body is wrong.")
        self._last = right


class ChunkedBody:
    """Takes the body as it arrives and gives what is in its chunks.

    What is given was not yet checked: only `finish` says that all of it is what was signed.
    """

    def __init__(self, signatures: ChunkSignatures | None) -> None:
        self._signatures = signatures
        self._waiting = b""
        self._left_bytes = 0
        self._signature = ""
        self._sha256 = hashlib.sha256()
        self._read = self._read_size
        self._is_last = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The contents in ``piece``. Raises S3Error for what is malformed or wrongly signed."""
        taken = self._waiting + piece if self._waiting else piece
        self._waiting = b""
        at: int | None = 0
        while at is not None and at < len(taken):
            content, at = self._read(taken, at)
            if content:
                yield content

    def finish(self) -> dict[str, str]:
        """The trailers. Raises S3Error("IncompleteBody", "SignatureDoesNotMatch")."""
        if not self._is_last:
            raise S3Error("IncompleteBody", "The body ended within a chunk. Nothing was stored.")
        trailers = _parse_trailers(self._waiting)
        signature = trailers.pop(_TRAILER_SIGNATURE, "")
        if self._signatures and (signature or trailers):
            lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
            self._signatures.check_trailers(hashlib.sha256(lines.encode()).hexdigest(), signature)
        return trailers

    # Each takes what is there from a position on, and gives contents and the next; None: it needs more.

    def _read_size(self, taken: bytes, at: int) -> tuple[bytes, int | None]:
        end = taken.find(b"\r\n", at)
        if end < 0:
            return self._wait(taken[at:], _MAX_LINE_BYTES)
        size, _, extension = taken[at:end].partition(b";")
        self._left_bytes = _parse_size(size)
        self._signature = extension.partition(b"chunk-signature=")[2].decode("latin-1").strip()
        if self._left_bytes:
            self._read = self._read_content
            return b"", end + 2
        self._end_chunk()
        self._is_last = True
        self._read = self._read_trailers
        return b"", end + 2

    def _read_content(self, taken: bytes, at: int) -> tuple[bytes, int | None]:
        content = taken[at : at + self._left_bytes]
        self._left_bytes -= len(content)
        if self._signatures:
            self._sha256.update(content)
        if not self._left_bytes:
            self._read = self._read_line_end
        return content, at + len(content)

    def _read_line_end(self, taken: bytes, at: int) -> tuple[bytes, int | None]:
        if len(taken) - at < 2:
            return self._wait(taken[at:], 2)
        if taken[at : at + 2] != b"\r\n":
            raise S3Error("IncompleteBody", "A chunk of the body is longer than it says.")
        self._end_chunk()
        self._read = self._read_size
        return b"", at + 2

    def _read_trailers(self, taken: bytes, at: int) -> tuple[bytes, int | None]:
        return self._wait(taken[at:], _MAX_TRAILER_BYTES)

    def _wait(self, rest: bytes, most_bytes: int) -> tuple[bytes, None]:
        if len(rest) > most_bytes:
            raise S3Error("InvalidRequest", "The body does not come in chunks as its headers say.")
        self._waiting = rest
        return b"", None

    def _end_chunk(self) -> None:
        if self._signatures:
            self._signatures.check_chunk(self._sha256.hexdigest(), self._signature)
            self._sha256 = hashlib.sha256()


def _parse_size(text: bytes) -> int:
    try:
        size = int(text.strip(), 16)
    except ValueError as error:
        raise S3Error(
            "InvalidRequest", f"The body says that it comes in chunks, and one has the size {text[:40]!r}."
        ) from error
    if not 0 <= size <= _MAX_CHUNK_BYTES:
        said = text[:40].decode("latin-1")
        raise S3Error("InvalidChunkSizeError", f"A chunk of the body says that it has {said} bytes.")
    return size


def _parse_trailers(raw: bytes) -> dict[str, str]:
    trailers = {}
    for line in raw.decode("latin-1").splitlines():
        name, found, value = line.partition(":")
        if found:
            trailers[name.strip().lower()] = value.strip()
    return trailers

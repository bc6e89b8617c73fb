"""The body of a request: decoded, counted, and checked against everything the client said of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator

from treadle.gateways.s3 import checksums
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.checksums import Digest
from treadle.gateways.s3.chunked import STREAMING, UNSIGNED_WITH_TRAILER, ChunkedBody, ChunkSignatures
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.signatures import UNSIGNED_PAYLOAD, Signed

_HEX = frozenset("0123456789abcdef")


class Intake:
    """One body on its way in; `chunks` gives its bytes, and raises at its end when something is wrong.

    algorithm: of the checksum that is computed where the client chose none.  is_content: False where the
    headers tell of the object that a document asks for, not of the document.
    Size and digests are known once `chunks` has ended by itself.
    """

    def __init__(
        self, asked: Asked, signed: Signed, limit_bytes: int, *, algorithm: str = "", is_content: bool = True
    ) -> None:
        self._limit_bytes = limit_bytes
        self._payload = signed.claim.payload
        self._check_payload_word()
        self._chunked = self._open_chunked(signed)
        self._wanted_bytes = _decoded_length(asked) if self._chunked else None
        self._check_size(self._wanted_bytes or _content_length(asked))
        self._content_md5 = _content_md5(asked)
        self._declared = checksums.find_declared(_checksum_headers(asked)) if is_content else None
        self._algorithm = self._declared[0] if self._declared else _announced(asked) or algorithm
        self._checksum: Digest | None = checksums.ALGORITHMS[self._algorithm]() if self._algorithm else None
        self._sha256 = hashlib.sha256() if self._has_hash else None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.size_bytes = 0

    @property
    def md5(self) -> str:
        """Hexadecimal: what an ETag is made of."""
        return self._md5.hexdigest()

    @property
    def checksum(self) -> tuple[str, str] | None:
        """The algorithm that the client chose, and the checksum in it; None: it chose none."""
        if self._checksum is None:
            return None
        return self._algorithm, checksums.to_text(self._checksum)

    def chunks(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The content in ``pieces``, the body as it arrives.

        Raises S3Error("BadDigest", "EntityTooLarge", "IncompleteBody", "SignatureDoesNotMatch",
        "XAmzContentSHA256Mismatch"): then nothing of it may be kept.
        """
        for piece in pieces:
            for content in self._chunked.feed(piece) if self._chunked else (piece,):
                self._take(content)
                yield content
        self._finish()

    def read_whole(self, body: bytes) -> bytes:
        """The content of a body that has arrived. Raises as `chunks`."""
        return b"".join(self.chunks((body,) if body else ()))

    @property
    def _has_hash(self) -> bool:
        return self._payload != UNSIGNED_PAYLOAD and self._payload not in STREAMING

    def _check_payload_word(self) -> None:
        is_hash = len(self._payload) == 64 and _HEX.issuperset(self._payload)
        if self._has_hash and not is_hash:
            raise S3Error(
                "InvalidArgument",
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING- words, or a valid "
                "sha256 value.",
            )

    def _open_chunked(self, signed: Signed) -> ChunkedBody | None:
        if self._payload not in STREAMING:
            return None
        return ChunkedBody(None if self._payload == UNSIGNED_WITH_TRAILER else ChunkSignatures(signed))

    def _take(self, content: bytes) -> None:
        self.size_bytes += len(content)
        self._check_size(self.size_bytes)
        self._md5.update(content)
        if self._sha256:
            self._sha256.update(content)
        if self._checksum:
            self._checksum.update(content)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._limit_bytes:
            raise S3Error(
                "EntityTooLarge",
                f"The body has more than {self._limit_bytes} bytes, the most that the server takes at once "
                "(TREADLE_MAX_UPLOAD_BYTES). Send it in parts.",
            )

    def _finish(self) -> None:
        trailers = self._chunked.finish() if self._chunked else {}
        if self._wanted_bytes is not None and self._wanted_bytes != self.size_bytes:
            raise S3Error(
                "IncompleteBody",
                f"The body has {self.size_bytes} bytes, and {self._wanted_bytes} were to come.",
            )
        if self._sha256 and self._sha256.hexdigest() != self._payload:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
        if self._content_md5 not in ("", self.md5):
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        self._check_checksum(self._declared or checksums.find_declared(trailers))

    def _check_checksum(self, declared: tuple[str, str] | None) -> None:
        if declared is None:
            return
        algorithm, value = declared
        if self.checksum is None or self.checksum[0] != algorithm:
            raise S3Error(
                "InvalidRequest",
                f"x-amz-trailer did not announce {checksums.HEADER}{algorithm}.",
            )
        if self.checksum[1] != value:
            raise S3Error(
                "BadDigest", f"The {algorithm.upper()} you specified did not match the calculated checksum."
            )


def _decoded_length(asked: Asked) -> int | None:
    text = asked.header("x-amz-decoded-content-length")
    if text and not text.isdecimal():
        raise S3Error("InvalidArgument", f"x-amz-decoded-content-length is {text[:40]!r}, no number.")
    return int(text[:20]) if text else None


def _content_length(asked: Asked) -> int:
    """What the request says of its size, as far as it says so."""
    text = asked.header("content-length")
    return int(text[:20]) if text.isascii() and text.isdecimal() else 0


def _content_md5(asked: Asked) -> str:
    """Hexadecimal; "" where none was sent."""
    if "content-md5" not in asked.headers:
        return ""
    try:
        raw = base64.b64decode(asked.header("content-md5"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 16:
        raise S3Error("InvalidDigest", "The Content-MD5 you specified was invalid.")
    return raw.hex()


def _checksum_headers(asked: Asked) -> dict[str, str]:
    return {name: asked.header(name) for name in asked.headers if name.startswith(checksums.HEADER)}


def _announced(asked: Asked) -> str:
    """The algorithm of a checksum that is to come behind the body, or that we are to compute; "" for none."""
    trailer = asked.header("x-amz-trailer").strip().lower()
    if trailer.startswith(checksums.HEADER):
        return checksums.check_known(trailer[len(checksums.HEADER) :])
    named = asked.header("x-amz-sdk-checksum-algorithm") or asked.header("x-amz-checksum-algorithm")
    return checksums.check_known(named) if named else ""

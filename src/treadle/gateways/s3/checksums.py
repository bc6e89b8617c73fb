"""Checksums of S3: those that clients send to be checked, and that they ask for."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from awscrt.checksums import crc32c, crc64nvme

from treadle.gateways.s3 import xml
from treadle.gateways.s3.errors import S3Error

HEADER = "x-amz-checksum-"


class Digest(Protocol):
    """A checksum in the making."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """The checksum of all that came, most significant byte first."""


class _Crc:
    def __init__(self, function: Callable[[bytes, int], int], size_bytes: int) -> None:
        self._function = function
        self._size_bytes = size_bytes
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size_bytes, "big")


#: By S3's name in lower case.
ALGORITHMS: Mapping[str, Callable[[], Digest]] = MappingProxyType(
    {
        "crc32": lambda: _Crc(zlib.crc32, 4),
        "crc32c": lambda: _Crc(crc32c, 4),
        "crc64nvme": lambda: _Crc(crc64nvme, 8),
        "sha1": lambda: hashlib.sha1(usedforsecurity=False),
        "sha256": hashlib.sha256,
    }
)
_SIZES_BYTES: Mapping[str, int] = MappingProxyType(
    {name: len(make().digest()) for name, make in ALGORITHMS.items()}
)


def check_known(algorithm: str) -> str:
    """The name in lower case. Raises S3Error("InvalidRequest")."""
    lowered = algorithm.lower()
    if lowered not in ALGORITHMS:
        raise S3Error(
            "InvalidRequest",
            f"Checksum algorithm {algorithm[:40]!r} is not known; give one of "
            f"{', '.join(map(str.upper, ALGORITHMS))}.",
        )
    return lowered


def check_form(algorithm: str, value: str) -> str:
    """The value, as base64 of the right length. Raises S3Error("BadDigest")."""
    try:
        is_right = len(base64.b64decode(value, validate=True)) == _SIZES_BYTES[algorithm]
    except ValueError:  # no base64, or not even ASCII
        is_right = False
    if not is_right:
        raise S3Error("BadDigest", f"Value for {HEADER}{algorithm} header is invalid.")
    return value


def to_text(digest: Digest) -> str:
    """The checksum as S3 writes it."""
    return base64.b64encode(digest.digest()).decode("ascii")


def tag(algorithm: str, value: str) -> str:
    """The checksum as an element of an answer."""
    return xml.tag(f"Checksum{algorithm.upper()}", value)


def composite(algorithm: str, parts: list[str]) -> str:
    """The checksum of the checksums of an upload's parts, with their number."""
    whole = ALGORITHMS[algorithm]()
    for part in parts:
        whole.update(base64.b64decode(part))
    return f"{to_text(whole)}-{len(parts)}"


def find_declared(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The algorithm and value of the one checksum among ``headers``, which hold its kind too.

    Raises S3Error("InvalidRequest") for two of them, S3Error("BadDigest") for one that is malformed.
    """
    names = [name for name in ALGORITHMS if headers.get(HEADER + name)]
    if len(names) > 1:
        raise S3Error("InvalidRequest", "Expecting a single x-amz-checksum- header.")
    if not names:
        return None
    return names[0], check_form(names[0], headers[HEADER + names[0]])

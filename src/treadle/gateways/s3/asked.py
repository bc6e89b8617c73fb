"""A request as S3 clients send it: its path and query as they came, and what they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from treadle.gateways.s3.errors import S3Error

#: Where the gateway stands in the web process.
MOUNT = "/s3"


@dataclass(frozen=True)
class Asked:
    """A request.

    raw_path: with the mount, encoded as it was sent, no slashes folded: signatures are made over it.
    prefix: the sub-path of the server, which a trusted proxy tells or leaves in the path.
    headers: by lower-case name, several of one name joined by commas.
    key: "" where the request is about the bucket; bucket: "" where it is about all of them.
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Mapping[str, bytes]
    bucket: str
    key: str
    query: Mapping[str, str]
    prefix: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header, "" when it was not sent."""
        return decode(self.headers.get(name, b""))

    @property
    def inner_path(self) -> bytes:
        """The raw path without the mount."""
        return self.raw_path[len(MOUNT) :] or b"/"


def read_request(
    method: str,
    raw_path: bytes,
    raw_query: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    *,
    prefix: str = "",
) -> Asked:
    """The request; ``raw_path`` begins with the mount. Raises S3Error("InvalidURI")."""
    joined: dict[str, bytes] = {}
    for raw_name, value in headers:
        name = raw_name.decode("latin-1").lower()
        joined[name] = joined[name] + b"," + value if name in joined else value
    bucket, _, key = raw_path[len(MOUNT) + 1 :].partition(b"/")
    return Asked(
        method,
        raw_path,
        raw_query,
        joined,
        _unquote(bucket),
        _unquote(key),
        dict(_query_pairs(raw_query)),
        prefix.encode(),
    )


def decode(value: bytes) -> str:
    """A header's text: UTF-8, or Latin-1 where it is none."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _query_pairs(raw_query: bytes) -> Iterable[tuple[str, str]]:
    for part in raw_query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            yield _unquote(name), _unquote(value.replace(b"+", b" "))


def _unquote(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI", f"{raw[:200]!r} is not UTF-8 after decoding. Encode names so.") from error

"""A file as an S3 object: its ETag, its headers, and what of a request's headers is kept with it."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from email.utils import format_datetime
from itertools import groupby

from treadle.gateways.s3 import checksums
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.errors import S3Error
from treadle.repos.values import File

USER_PREFIX = "x-amz-meta-"
#: What is kept of a request beside the user's own; in `File.metadata` by the same names.
KEPT = (
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "expires",
)
MD5 = "md5"
#: Of an upload in parts, whose ETag is no MD5 of the whole.
ETAG = "etag"
#: The sizes of an upload's parts, equal ones as ``5242880x9``.
PARTS = "parts"
#: The checksums of an upload's parts in their order, as S3 writes them: of the algorithm of the whole's.
PARTS_CHECKSUMS = "parts-checksums"
_CHECKSUM = "checksum-"
#: They lie in the tree, where every listing reads and every commit beside the file copies them.
_MOST_CHECKSUMS_BYTES = 4 * 1024
_MAX_USER_BYTES = 2048
_DEFAULT_TYPE = "binary/octet-stream"


def etag_of(file: File) -> str:
    """Without quotes: the MD5 of what came by S3; else made of its content's address, as if of one part."""
    return file.metadata.get(ETAG) or file.metadata.get(MD5) or f"{file.id[-32:]}-1"


def read_metadata(asked: Asked) -> dict[str, str]:
    """What the file is to carry. Raises S3Error("MetadataTooLarge")."""
    metadata = {name: value for name in KEPT if (value := asked.header(name).strip())}
    encoding = [part.strip() for part in metadata.pop("content-encoding", "").split(",")]
    if kept := ", ".join(part for part in encoding if part not in ("", "aws-chunked")):
        metadata["content-encoding"] = kept
    own = {name: asked.header(name) for name in asked.headers if name.startswith(USER_PREFIX)}
    size_bytes = sum(len(name) - len(USER_PREFIX) + len(value.encode()) for name, value in own.items())
    if size_bytes > _MAX_USER_BYTES:
        raise S3Error(
            "MetadataTooLarge",
            f"Your metadata headers exceed the maximum allowed metadata size: {size_bytes} bytes, and "
            f"{_MAX_USER_BYTES} are the most.",
        )
    return {**metadata, **own}


def with_digests(metadata: Mapping[str, str], md5: str, checksum: tuple[str, str] | None) -> dict[str, str]:
    """The metadata with what was computed of the content."""
    found = {**metadata, MD5: md5}
    return with_checksum(found, *checksum) if checksum else found


def with_checksum(metadata: Mapping[str, str], algorithm: str, checksum: str) -> dict[str, str]:
    """The metadata with one of S3's checksums of the content."""
    return {**metadata, _CHECKSUM + algorithm: checksum}


def read_checksum(metadata: Mapping[str, str], algorithm: str) -> str:
    """One of S3's checksums of the content, "" where it is not known."""
    return metadata.get(_CHECKSUM + algorithm, "")


def without_digests(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata without what was computed of the content."""
    return {
        name: value
        for name, value in metadata.items()
        if name not in (MD5, ETAG, PARTS, PARTS_CHECKSUMS) and not name.startswith(_CHECKSUM)
    }


def only_digests(metadata: Mapping[str, str]) -> dict[str, str]:
    """What was computed of the content."""
    kept = without_digests(metadata)
    return {name: value for name, value in metadata.items() if name not in kept}


def read_parts(file: File) -> list[int]:
    """The sizes of the object's parts; of one that was put whole, its size."""
    text = file.metadata.get(PARTS, "")
    if not text:
        return [file.size_bytes]
    runs = (run.partition("x") for run in text.split(","))
    return [int(size) for size, _, count in runs for _ in range(int(count))]


def with_parts(
    metadata: Mapping[str, str], sizes_bytes: Iterable[int], part_checksums: Sequence[str]
) -> dict[str, str]:
    """The metadata with what is told of the parts; of very many no checksums."""
    runs = ((size, len(list(run))) for size, run in groupby(sizes_bytes))
    found = {**metadata, PARTS: ",".join(f"{size}x{count}" for size, count in runs)}
    told = ",".join(part_checksums)
    if all(part_checksums) and 0 < len(told) <= _MOST_CHECKSUMS_BYTES:
        found[PARTS_CHECKSUMS] = told
    return found


def part_checksums(file: File) -> tuple[str, list[str]] | None:
    """The algorithm and the checksums of the object's parts, where they are known."""
    told = file.metadata.get(PARTS_CHECKSUMS)
    algorithm = next((name for name in checksums.ALGORITHMS if _CHECKSUM + name in file.metadata), None)
    return (algorithm, told.split(",")) if told and algorithm else None


def part_checksum_headers(file: File, number: int) -> dict[str, str]:
    """The checksum of one part, the first being 1, where it is known."""
    known = part_checksums(file)
    if known is None or not 1 <= number <= len(known[1]):
        return {}
    algorithm, told = known
    kind = checksum_headers(file)["x-amz-checksum-type"]
    return {checksums.HEADER + algorithm: told[number - 1], "x-amz-checksum-type": kind}


def headers_of(file: File) -> dict[str, str]:
    """What a GET or HEAD says of the object."""
    headers = {
        "ETag": f'"{etag_of(file)}"',
        "Last-Modified": format_datetime(file.modified_at, usegmt=True),
        "Accept-Ranges": "bytes",
        "Content-Type": _guess_type(file.path),
    }
    for name, value in file.metadata.items():
        if name in KEPT:
            headers[name.title()] = value
        elif name.startswith(USER_PREFIX):
            headers[name] = value
    return headers


def checksum_headers(file: File) -> dict[str, str]:
    """The checksums of the whole object that are known of it."""
    found = {}
    for name, value in file.metadata.items():
        if name.startswith(_CHECKSUM):
            found[checksums.HEADER + name.removeprefix(_CHECKSUM)] = value
            found["x-amz-checksum-type"] = "COMPOSITE" if "-" in value else "FULL_OBJECT"
    return found


def _guess_type(path: str) -> str:
    return mimetypes.guess_type(path, strict=False)[0] or _DEFAULT_TYPE

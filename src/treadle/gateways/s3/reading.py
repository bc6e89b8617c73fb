"""GetObject and HeadObject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from treadle.gateways.s3 import objects
from treadle.gateways.s3.conditions import Range, check_conditions, read_range
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.keys import find_path, no_such_key
from treadle.gateways.s3.objects import etag_of
from treadle.gateways.s3.visit import Answer, Visit
from treadle.repos.snapshots import OpenFile, Snapshot
from treadle.repos.values import File

#: One message to the client: an object of up to this size leaves at once.
MESSAGE_BYTES = 1024 * 1024
_OVERRIDES: Mapping[str, str] = MappingProxyType(
    {
        "response-content-type": "Content-Type",
        "response-content-language": "Content-Language",
        "response-expires": "Expires",
        "response-cache-control": "Cache-Control",
        "response-content-disposition": "Content-Disposition",
        "response-content-encoding": "Content-Encoding",
    }
)


def head_object(visit: Visit) -> Answer:
    """The headers of GetObject without its body."""
    found = _find(visit)
    headers, status, wanted = _head(visit, found.file)
    return Answer(status, headers, length=len(wanted))


def get_object(visit: Visit) -> Answer:
    """The object, or one range of it."""
    found = _find(visit)
    headers, status, wanted = _head(visit, found.file)
    body = _first_message(found.read(wanted.start, wanted.stop), len(wanted))
    if found.is_settled and len(wanted) <= MESSAGE_BYTES:
        visit.settled.append(found)
    return Answer(status, headers, body, len(wanted))


def get_at_once(visit: Visit, found: OpenFile) -> Answer | None:
    """`get_object` of a small one that was got a moment ago; None where it is to be waited for."""
    check_version(visit.asked.query.get("versionId", ""))
    check_conditions(visit.asked, etag_of(found.file), found.file.modified_at)
    headers, status, wanted = _head(visit, found.file)
    if len(wanted) > MESSAGE_BYTES:
        return None
    body = found.read_at_once(wanted.start, wanted.stop)
    return None if body is None else Answer(status, headers, body, len(wanted))


def find_object(snapshot: Snapshot | None, key: str) -> File:
    """The file of that key. Raises S3Error("NoSuchKey")."""
    return open_object(snapshot, key).file


def open_object(snapshot: Snapshot | None, key: str) -> OpenFile:
    """The file of that key, to be read. Raises S3Error("NoSuchKey")."""
    found = snapshot.open(find_path(key)) if snapshot else None
    if found is None:
        raise no_such_key(key)
    return found


def check_version(version: str) -> None:
    """Raises S3Error("NoSuchVersion"): the versions of an object are the commits that it is in."""
    if version not in ("", "null"):
        raise S3Error(
            "NoSuchVersion",
            "Objects have no version ids here: read an older one from the bucket commit.branch.repo.",
        )


def _find(visit: Visit) -> OpenFile:
    check_version(visit.asked.query.get("versionId", ""))
    found = open_object(visit.snapshot, visit.asked.key)
    check_conditions(visit.asked, etag_of(found.file), found.file.modified_at)
    return found


def _head(visit: Visit, file: File) -> tuple[dict[str, str], int, range]:
    """Headers and status, and which bytes are wanted."""
    asked = visit.asked
    headers = objects.headers_of(file)
    headers |= {name: asked.query[key] for key, name in _OVERRIDES.items() if asked.query.get(key)}
    found = _find_part(visit, file, headers) or read_range(
        asked, etag_of(file), file.modified_at, file.size_bytes
    )
    start, end, status = 0, file.size_bytes, 200
    if found is not None:
        start, end, status = found.start, found.end, 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    if asked.header("x-amz-checksum-mode").upper() == "ENABLED":
        headers |= _checksums_of(visit, file, found)
    return headers, status, range(start, end)


def _checksums_of(visit: Visit, file: File, found: Range | None) -> dict[str, str]:
    """Of the whole, or of the part; of another range there is none."""
    if found is None:
        return objects.checksum_headers(file)
    number = visit.query_count("partNumber", 0) if "partNumber" in visit.asked.query else 0
    return objects.part_checksum_headers(file, number)


def _find_part(visit: Visit, file: File, headers: dict[str, str]) -> Range | None:
    """The range of one part of an upload. Raises S3Error("InvalidPart")."""
    if "partNumber" not in visit.asked.query:
        return None
    number, sizes = visit.query_count("partNumber", 0), objects.read_parts(file)
    if not 1 <= number <= len(sizes):
        raise S3Error("InvalidPart", f"The object has {len(sizes)} parts.", PartNumber=str(number))
    if objects.PARTS in file.metadata:
        headers["x-amz-mp-parts-count"] = str(len(sizes))
    start = sum(sizes[: number - 1])
    return Range(start, start + sizes[number - 1]) if file.size_bytes else None


def _first_message(chunks: Iterator[bytes], length: int) -> bytes | Iterator[bytes]:
    """All of it, where one message holds it; nothing is copied that came in one piece."""
    if length > MESSAGE_BYTES:
        return chunks
    pieces = list(chunks)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)

"""PutObject, CopyObject, DeleteObject and DeleteObjects: all stage into the branch's shared open commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote

from treadle.gateways.s3 import checksums, xml
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.buckets import Bucket, find_bucket
from treadle.gateways.s3.conditions import check_conditions, matches
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.intake import Intake
from treadle.gateways.s3.keys import find_path, no_such_key, to_path
from treadle.gateways.s3.objects import (
    etag_of,
    only_digests,
    read_metadata,
    with_digests,
    without_digests,
)
from treadle.gateways.s3.reading import check_version, find_object
from treadle.gateways.s3.staging import commit_when_due, delete_staged, put_staged
from treadle.gateways.s3.visit import Answer, Visit, xml_answer
from treadle.permissions import Permission
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import File, NewFile

#: A body of up to this size is taken whole before anything is written.
SMALL_BYTES = 1024 * 1024
_MOST_DELETED = 1000


@dataclass(frozen=True)
class Source:
    """An object that is copied."""

    snapshot: Snapshot
    file: File


def put_object(visit: Visit) -> Answer:
    """Store the body, checked against all that was said of it."""
    visit.bucket.writable()
    if not {"content-length", "transfer-encoding"}.intersection(visit.asked.headers):
        raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.")
    path = to_path(visit.asked.key)
    only_if_absent, expected_id = write_conditions(visit, path)
    metadata = read_metadata(visit.asked)
    intake = visit.intake
    content = intake.chunks(visit.pieces)
    small, is_whole = _take_small(content)

    def make() -> NewFile:
        if is_whole:
            return NewFile(path, small, with_digests(metadata, intake.md5, intake.checksum))
        return NewFile(path, _digesting(chain(small, content), intake, metadata), metadata)

    file = put_staged(
        visit, make, is_repeatable=is_whole, only_if_absent=only_if_absent, expected_id=expected_id
    )
    commit_when_due(visit)
    headers = {"ETag": f'"{etag_of(file)}"'}
    if intake.checksum:
        headers[checksums.HEADER + intake.checksum[0]] = intake.checksum[1]
        headers["x-amz-checksum-type"] = "FULL_OBJECT"
    return Answer(200, headers)


def copy_object(visit: Visit) -> Answer:
    """Store what another object holds, with its metadata or the request's."""
    visit.bucket.writable()
    asked, path = visit.asked, to_path(visit.asked.key)
    source = find_source(visit)
    is_replaced = _directive(asked) == "REPLACE"
    if not is_replaced and source.snapshot.commit.id == visit.bucket.commit and source.file.path == path:
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing "
            "the object's metadata, storage class, website redirect location or encryption attributes.",
        )
    kept = read_metadata(asked) if is_replaced else without_digests(source.file.metadata)
    only_if_absent, expected_id = write_conditions(visit, path)
    metadata = {**kept, **only_digests(source.file.metadata)}

    def make() -> NewFile:
        return NewFile(path, source.snapshot.read(source.file.path), metadata)

    file = put_staged(visit, make, is_repeatable=True, only_if_absent=only_if_absent, expected_id=expected_id)
    commit_when_due(visit)
    inner = xml.tag("LastModified", file.modified_at) + xml.tag("ETag", f'"{etag_of(file)}"')
    return xml_answer(xml.document("CopyObjectResult", inner))


def delete_object(visit: Visit) -> Answer:
    """Stage that the object is gone; nothing happens when it is not there."""
    visit.bucket.writable()
    check_version(visit.asked.query.get("versionId", ""))
    if_match = visit.asked.header("if-match")
    if if_match:
        file = visit.snapshot.find(find_path(visit.asked.key)) if visit.snapshot else None
        if file is not None and not matches(if_match, etag_of(file)):
            raise _failed()
    _delete(visit, [visit.asked.key])
    return Answer(204)


def delete_objects(visit: Visit) -> Answer:
    """Up to a thousand at once."""
    visit.bucket.writable()
    root = xml.parse(visit.read_document(), "Delete")
    wanted = root.findall("Object")
    if not 1 <= len(wanted) <= _MOST_DELETED:
        raise S3Error("MalformedXML", f"Give 1 to {_MOST_DELETED} objects to delete.")
    keys = [each.findtext("Key") or "" for each in wanted]
    _delete(visit, keys)
    if xml.text_of(root, "Quiet").lower() == "true":
        return xml_answer(xml.document("DeleteResult"))
    return xml_answer(
        xml.document("DeleteResult", *(xml.group("Deleted", xml.tag("Key", key)) for key in keys))
    )


def find_source(visit: Visit) -> Source:
    """What ``x-amz-copy-source`` names, which the key may read and whose conditions hold."""
    text, _, query = visit.asked.header("x-amz-copy-source").partition("?")
    check_version(query.removeprefix("versionId=") if query.startswith("versionId=") else "")
    name, _, key = unquote(text).removeprefix("/").partition("/")
    if not name or not key:
        raise S3Error(
            "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        )
    with visit.parts.database.read() as tx:
        bucket = find_bucket(tx, visit.holder, name, Permission.REPO_READ)
    snapshot = _open_snapshot(visit, bucket)
    if snapshot is None:
        raise no_such_key(key)
    file = find_object(snapshot, key)
    check_conditions(visit.asked, etag_of(file), file.modified_at, copied=True)
    return Source(snapshot, file)


def _open_snapshot(visit: Visit, bucket: Bucket) -> Snapshot | None:
    return visit.parts.repos.at(bucket.repo_id, bucket.commit) if bucket.commit else None


def _take_small(content: Iterator[bytes]) -> tuple[list[bytes], bool]:
    """What comes first, and whether that was all: then every check of it was right."""
    taken, size_bytes = [], 0
    for chunk in content:
        taken.append(chunk)
        size_bytes += len(chunk)
        if size_bytes > SMALL_BYTES:
            return taken, False
    return taken, True


def _digesting(chunks: Iterator[bytes], intake: Intake, metadata: dict[str, str]) -> Iterator[bytes]:
    """The chunks; what was computed of them is in ``metadata`` when they have ended."""
    yield from chunks
    metadata.update(with_digests(metadata, intake.md5, intake.checksum))


def write_conditions(visit: Visit, path: str) -> tuple[bool, str | None]:
    """Whether nothing may be there, and the id of the content that must be.

    Raises S3Error("PreconditionFailed", "NoSuchKey").
    """
    if_none_match, if_match = visit.asked.header("if-none-match"), visit.asked.header("if-match")
    if not if_match and if_none_match in ("", "*"):
        return if_none_match == "*", None
    snapshot = visit.snapshot
    file = snapshot.find(path) if snapshot else None
    if file is None:
        if if_match:
            raise no_such_key(visit.asked.key)
        return True, None
    if if_none_match and matches(if_none_match, etag_of(file)):
        raise _failed()
    if if_match and not matches(if_match, etag_of(file)):
        raise _failed()
    return False, file.id


def _failed() -> S3Error:
    return S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")


def _directive(asked: Asked) -> str:
    directive = asked.header("x-amz-metadata-directive").upper() or "COPY"
    if directive not in ("COPY", "REPLACE"):
        raise S3Error("InvalidArgument", f"Unknown metadata directive {directive[:40]!r}.")
    return directive


def _delete(visit: Visit, keys: list[str]) -> None:
    snapshot = visit.snapshot
    paths = []
    for key in keys:
        try:
            path = find_path(key)
        except S3Error:
            continue  # no file can have it: there is nothing to delete
        if snapshot is not None and snapshot.find(path) is not None:
            paths.append(path)
    delete_staged(visit, list(dict.fromkeys(paths)))
    if paths:
        commit_when_due(visit)

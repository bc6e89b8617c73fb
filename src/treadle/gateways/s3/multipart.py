"""Uploads in parts: create, upload, copy, list, complete, abort."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from treadle.errors import NotFound
from treadle.gateways.s3 import checksums, xml
from treadle.gateways.s3.conditions import Range
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.intake import Intake
from treadle.gateways.s3.keys import to_key, to_path
from treadle.gateways.s3.objects import ETAG, read_checksum, read_metadata, with_checksum, with_parts
from treadle.gateways.s3.staging import commit_when_due, put_staged
from treadle.gateways.s3.uploads import (
    PartStore,
    StoredPart,
    Upload,
    create_upload,
    find_upload,
    list_parts,
    list_uploads,
)
from treadle.gateways.s3.visit import Answer, Visit, xml_answer
from treadle.gateways.s3.writing import find_source, write_conditions
from treadle.repos.values import NewFile

MIN_PART_BYTES = 5 * 1024 * 1024
MOST_PARTS = 10_000
_MOST_LISTED = 1000
_COPY_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})")


@dataclass(frozen=True)
class WantedPart:
    """A part as the client lists it to complete the upload."""

    number: int
    etag: str
    #: By the algorithm in lower case.
    checksums: Mapping[str, str] = field(default_factory=dict)


def create_multipart_upload(visit: Visit) -> Answer:
    """Begin an upload."""
    asked, branch = visit.asked, visit.bucket.writable()
    path, metadata = to_path(asked.key), read_metadata(asked)
    named = asked.header("x-amz-checksum-algorithm")
    algorithm = _wanted_checksum(named, asked.header("x-amz-checksum-type").upper())
    with visit.parts.database.write() as tx:
        upload = create_upload(tx, visit.bucket.grant, branch, path, metadata=metadata, algorithm=algorithm)
    inner = (_place(visit), xml.tag("UploadId", upload.id))
    answer = xml.document("InitiateMultipartUploadResult", *inner)
    headers = {"Content-Type": "application/xml"}
    if named:
        headers["x-amz-checksum-algorithm"] = named.upper()
        headers["x-amz-checksum-type"] = _kind(algorithm)
    return Answer(200, headers, answer)


def upload_part(visit: Visit) -> Answer:
    """Take one part; a later one of its number replaces it."""
    upload, number = _find(visit), _part_number(visit)
    algorithm = _plain(upload.checksum_algorithm)
    intake = Intake(visit.asked, visit.signed, visit.parts.settings.max_upload_bytes, algorithm=algorithm)
    store = _store(visit)
    key = store.write(upload, number, intake.chunks(visit.pieces))
    checksum = intake.checksum or ("", "")
    kept = checksum[1] if checksum[0] == algorithm else ""  # a client may choose another for a part
    part = store.add(upload, StoredPart(number, key, intake.size_bytes, intake.md5, kept, upload.created_at))
    headers = {"ETag": f'"{part.md5}"'}
    if checksum[0]:
        headers[checksums.HEADER + checksum[0]] = checksum[1]
    return Answer(200, headers)


def upload_part_copy(visit: Visit) -> Answer:
    """Take one part out of another object."""
    upload, number = _find(visit), _part_number(visit)
    source = find_source(visit)
    wanted = _copy_range(visit, source.file.size_bytes)
    md5 = hashlib.md5(usedforsecurity=False)
    algorithm = _plain(upload.checksum_algorithm)
    digest = checksums.ALGORITHMS[algorithm]() if algorithm else None

    def hashed() -> Iterator[bytes]:
        for chunk in source.snapshot.read(source.file.path, wanted.start, wanted.end):
            md5.update(chunk)
            if digest:
                digest.update(chunk)
            yield chunk

    store = _store(visit)
    key = store.write(upload, number, hashed())
    size_bytes, checksum = wanted.end - wanted.start, checksums.to_text(digest) if digest else ""
    part = store.add(
        upload, StoredPart(number, key, size_bytes, md5.hexdigest(), checksum, upload.created_at)
    )
    inner = [xml.tag("LastModified", part.created_at), xml.tag("ETag", f'"{part.md5}"')]
    inner += [checksums.tag(algorithm, checksum)] if algorithm else []
    return xml_answer(xml.document("CopyPartResult", *inner))


def complete_multipart_upload(visit: Visit) -> Answer:
    """Make one file of the parts that are listed. Done twice, it is done once."""
    upload = _find(visit)
    wanted = parse_parts(visit.read_document(is_content=False))
    if not upload.etag:
        upload = _complete(visit, upload, wanted)
    location = f"/{visit.asked.bucket}/{visit.asked.key}"
    inner = (xml.tag("Location", location), _place(visit), xml.tag("ETag", f'"{upload.etag}"'))
    return xml_answer(xml.document("CompleteMultipartUploadResult", *inner, *_told_checksum(upload)))


def abort_multipart_upload(visit: Visit) -> Answer:
    """Forget the upload and its parts."""
    upload = _find(visit)
    _store(visit).abort(upload)
    return Answer(204)


def list_upload_parts(visit: Visit) -> Answer:
    """The parts that were received, a page of them."""
    upload = _find(visit)
    after = visit.query_count("part-number-marker", 0)
    limit = min(visit.query_count("max-parts", _MOST_LISTED), _MOST_LISTED)
    with visit.parts.database.read() as tx:
        found = [part for part in list_parts(tx, upload) if part.number > after]
    page = found[:limit]
    inner = [
        _place(visit),
        xml.tag("UploadId", upload.id),
        _person("Initiator", visit),
        _person("Owner", visit),
        xml.tag("StorageClass", "STANDARD"),
        xml.tag("PartNumberMarker", after),
        xml.tag("NextPartNumberMarker", page[-1].number if page else 0),
        xml.tag("MaxParts", limit),
        xml.tag("IsTruncated", len(found) > limit),
        *_told_algorithm(upload),
        *(_listed_part(part, _plain(upload.checksum_algorithm)) for part in page),
    ]
    return xml_answer(xml.document("ListPartsResult", *inner))


def list_multipart_uploads(visit: Visit) -> Answer:
    """The uploads to the branch that go on, a page of them."""
    query, bucket = visit.asked.query, visit.bucket
    prefix, after = query.get("prefix", ""), (query.get("key-marker", ""), query.get("upload-id-marker", ""))
    limit = min(visit.query_count("max-uploads", _MOST_LISTED), _MOST_LISTED)
    with visit.parts.database.read() as tx:
        uploads = list_uploads(tx, bucket.repo_id, bucket.branch) if bucket.branch else []
    found = [upload for upload in uploads if upload.path.startswith(prefix) and _is_behind(upload, after)]
    page = found[:limit]
    last = page[-1] if len(found) > limit and page else None
    inner = [
        xml.tag("Bucket", visit.asked.bucket),
        xml.tag("KeyMarker", after[0]),
        xml.tag("UploadIdMarker", after[1]),
        xml.tag("NextKeyMarker", to_key(last.path) if last else ""),
        xml.tag("NextUploadIdMarker", last.id if last else ""),
        xml.tag("Prefix", prefix),
        xml.tag("MaxUploads", limit),
        xml.tag("IsTruncated", len(found) > limit),
        *(_listed_upload(visit, upload) for upload in page),
    ]
    return xml_answer(xml.document("ListMultipartUploadsResult", *inner))


def parse_parts(body: bytes) -> list[WantedPart]:
    """The parts of a CompleteMultipartUpload. Raises S3Error("MalformedXML", "InvalidPartOrder")."""
    found = xml.parse(body, "CompleteMultipartUpload").findall("Part")
    wanted = [_parse_part(part) for part in found]
    if not 1 <= len(wanted) <= MOST_PARTS:
        raise S3Error("MalformedXML", f"List 1 to {MOST_PARTS} parts to complete an upload.")
    numbers = [part.number for part in wanted]
    if sorted(numbers) != numbers:
        raise S3Error("InvalidPartOrder", "The list of parts was not in ascending order.")
    return list({part.number: part for part in wanted}.values())  # of a part sent twice, the last counts


def choose_parts(
    wanted: Sequence[WantedPart], stored: Sequence[StoredPart], algorithm: str = ""
) -> list[StoredPart]:
    """The parts that are listed, and are what the list says. Raises S3Error("InvalidPart", "EntityTooSmall").

    algorithm: of the checksums of those that are stored.
    """
    by_number = {part.number: part for part in stored}
    chosen = []
    for part in wanted:
        found = by_number.get(part.number)
        if found is None or found.md5 != part.etag or _differs(part, found, algorithm):
            raise S3Error(
                "InvalidPart",
                "One or more of the specified parts could not be found. The part may not have been uploaded, "
                "or the specified entity tag may not match the part's entity tag.",
                PartNumber=str(part.number),
            )
        chosen.append(found)
    for found in chosen[:-1]:
        if found.size_bytes < MIN_PART_BYTES:
            raise S3Error(
                "EntityTooSmall",
                f"Part {found.number} has {found.size_bytes} bytes; every part but the last has at least "
                f"{MIN_PART_BYTES}.",
            )
    return chosen


def _differs(wanted: WantedPart, stored: StoredPart, algorithm: str) -> bool:
    """Whether the checksum that the client has of a part is not that of what came."""
    told = wanted.checksums.get(algorithm)
    return bool(told) and bool(stored.checksum) and told != stored.checksum


def combined_etag(parts: Sequence[StoredPart]) -> str:
    """The MD5 of the parts' MD5s, and how many they are."""
    whole = hashlib.md5(b"".join(bytes.fromhex(part.md5) for part in parts), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(parts)}"


def _complete(visit: Visit, upload: Upload, wanted: Sequence[WantedPart]) -> Upload:
    store, path = _store(visit), upload.path
    only_if_absent, expected_id = write_conditions(visit, path)
    with visit.parts.database.read() as tx:
        stored = list_parts(tx, upload)
    algorithm = _plain(upload.checksum_algorithm)
    chosen = choose_parts(wanted, stored, algorithm)
    etag = combined_etag(chosen)
    told = [part.checksum for part in chosen]
    metadata = with_parts({**upload.metadata, ETAG: etag}, [part.size_bytes for part in chosen], told)
    is_full = _is_full(upload.checksum_algorithm)
    if algorithm and (is_full or all(told)):
        found = _whole_checksum(store, algorithm, chosen) if is_full else checksums.composite(algorithm, told)
        _check_whole(visit, algorithm, found)
        metadata = with_checksum(metadata, algorithm, found)

    def make() -> NewFile:
        return NewFile(path, store.read(chosen), metadata)

    try:
        put_staged(visit, make, is_repeatable=True, only_if_absent=only_if_absent, expected_id=expected_id)
    except NotFound as error:
        if error.code != "object-not-found":
            raise
        return _completed_by_another(visit, upload, error)
    store.complete(upload, etag, metadata)
    commit_when_due(visit)
    return _find(visit)


def _told_checksum(upload: Upload) -> list[str]:
    """The checksum of a completed upload, where it has one."""
    algorithm = _plain(upload.checksum_algorithm)
    found = read_checksum(upload.metadata, algorithm)
    if not found:
        return []
    return [checksums.tag(algorithm, found), xml.tag("ChecksumType", _kind(upload.checksum_algorithm))]


def _told_algorithm(upload: Upload) -> list[str]:
    algorithm = _plain(upload.checksum_algorithm)
    if not algorithm:
        return []
    kind = xml.tag("ChecksumType", _kind(upload.checksum_algorithm))
    return [xml.tag("ChecksumAlgorithm", algorithm.upper()), kind]


def _completed_by_another(visit: Visit, upload: Upload, error: NotFound) -> Upload:
    """Two complete the upload at once, and the other let the parts go already."""
    found = _find(visit)
    if not found.etag:
        raise S3Error("InvalidPart", f"A part of upload {upload.id} is gone. Upload it again.") from error
    return found


def _whole_checksum(store: PartStore, algorithm: str, parts: Sequence[StoredPart]) -> str:
    digest = checksums.ALGORITHMS[algorithm]()
    for chunk in store.read(parts):
        digest.update(chunk)
    return checksums.to_text(digest)


def _check_whole(visit: Visit, algorithm: str, found: str) -> None:
    declared = visit.asked.header(checksums.HEADER + algorithm)
    if declared and declared.partition("-")[0] != found.partition("-")[0]:
        raise S3Error(
            "BadDigest", f"The {algorithm.upper()} you specified did not match the calculated checksum."
        )


def _find(visit: Visit) -> Upload:
    bucket, asked = visit.bucket, visit.asked
    with visit.parts.database.read() as tx:
        return find_upload(
            tx,
            asked.query["uploadId"],
            repo_id=bucket.repo_id,
            branch=bucket.writable(),
            path=to_path(asked.key),
        )


def _store(visit: Visit) -> PartStore:
    return PartStore(visit.parts.database, visit.parts.objects)


def _part_number(visit: Visit) -> int:
    number = visit.query_count("partNumber", 0)
    if not 1 <= number <= MOST_PARTS:
        raise S3Error(
            "InvalidArgument", f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive"
        )
    return number


def _plain(algorithm: str) -> str:
    return algorithm.removeprefix("full-")


def _is_full(algorithm: str) -> bool:
    """Is the checksum of the whole wanted, not that of the parts' checksums?"""
    return algorithm.startswith("full-") or algorithm == "crc64nvme"


def _kind(algorithm: str) -> str:
    return "FULL_OBJECT" if _is_full(algorithm) else "COMPOSITE"


def _wanted_checksum(named: str, kind: str) -> str:
    """The algorithm as an upload keeps it. Raises S3Error("InvalidRequest")."""
    algorithm = checksums.check_known(named) if named else ""
    can_be_full, is_always_full = algorithm.startswith("crc"), algorithm == "crc64nvme"
    if algorithm and (
        (kind == "FULL_OBJECT" and not can_be_full) or (kind == "COMPOSITE" and is_always_full)
    ):
        raise S3Error(
            "InvalidRequest",
            f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm.",
        )
    return f"full-{algorithm}" if algorithm and kind == "FULL_OBJECT" else algorithm


def _copy_range(visit: Visit, size_bytes: int) -> Range:
    text = visit.asked.header("x-amz-copy-source-range")
    if not text:
        return Range(0, size_bytes)
    found = _COPY_RANGE.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise S3Error(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
            "the zero-based offsets of the first and last bytes to copy",
        )
    if int(found[2]) >= size_bytes:
        raise S3Error(
            "InvalidRange",
            f"Range specified is not valid for source object of size: {size_bytes}",
        )
    return Range(int(found[1]), int(found[2]) + 1)


def _parse_part(element: Element) -> WantedPart:
    number, etag = xml.text_of(element, "PartNumber"), xml.text_of(element, "ETag")
    if not number.isascii() or not number.isdecimal() or len(number) > 6 or not etag:
        raise S3Error("MalformedXML", "A part has a PartNumber and an ETag.")
    told = {name: xml.text_of(element, f"Checksum{name.upper()}") for name in checksums.ALGORITHMS}
    return WantedPart(int(number), etag.strip('"').lower(), told)


def _place(visit: Visit) -> str:
    return xml.tag("Bucket", visit.asked.bucket) + xml.tag("Key", visit.asked.key)


def _person(name: str, visit: Visit) -> str:
    actor = visit.holder.actor
    return xml.group(name, xml.tag("ID", str(actor.user_id)), xml.tag("DisplayName", actor.email))


def _listed_part(part: StoredPart, algorithm: str) -> str:
    inner = [
        xml.tag("PartNumber", part.number),
        xml.tag("LastModified", part.created_at),
        xml.tag("ETag", f'"{part.md5}"'),
        xml.tag("Size", part.size_bytes),
    ]
    inner += [checksums.tag(algorithm, part.checksum)] if part.checksum else []
    return xml.group("Part", *inner)


def _listed_upload(visit: Visit, upload: Upload) -> str:
    return xml.group(
        "Upload",
        xml.tag("Key", to_key(upload.path)),
        xml.tag("UploadId", upload.id),
        _person("Initiator", visit),
        _person("Owner", visit),
        xml.tag("StorageClass", "STANDARD"),
        xml.tag("Initiated", upload.created_at),
        *_told_algorithm(upload),
    )


def _is_behind(upload: Upload, after: tuple[str, str]) -> bool:
    key, upload_id = after
    if not key:
        return True
    return upload.path > key or (upload.path == key and bool(upload_id) and upload.id > upload_id)

"""One request on its way: who asks, of which bucket, and the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from treadle.access.s3_keys import KeyHolder
from treadle.db import Database
from treadle.gateways.s3.asked import Asked
from treadle.gateways.s3.buckets import Bucket
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.intake import Intake
from treadle.gateways.s3.signatures import Signed
from treadle.objects import ObjectStore
from treadle.repos.engine import RepoEngine
from treadle.repos.snapshots import OpenFile, Snapshot
from treadle.settings import Secret, Settings

XML = "application/xml"
#: A body that is read whole before it is understood: lists of keys, lists of parts.
MAX_DOCUMENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class S3Parts:
    """The open things that the gateway works with."""

    settings: Settings
    database: Database
    objects: ObjectStore
    repos: RepoEngine
    #: Opens the secrets of access keys.
    signing_key: Secret


@dataclass(frozen=True)
class Answer:
    """What goes back. length: of a body that comes in pieces, or that a HEAD leaves out."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | bytearray | Iterator[bytes] = b""
    length: int | None = None


@dataclass(frozen=True)
class Visit:
    """A request whose signature was right.

    pieces: the body as it arrives, or has arrived.  version: of the database, when the bucket was found.
    settled: what was read that is the same for good.
    """

    parts: S3Parts
    asked: Asked
    holder: KeyHolder
    signed: Signed
    pieces: Iterator[bytes]
    found_bucket: Bucket | None
    version: int | None = None
    settled: list[OpenFile] = field(default_factory=list)

    @property
    def bucket(self) -> Bucket:
        """The bucket that the request is about; of an operation that has one."""
        assert self.found_bucket is not None
        return self.found_bucket

    @cached_property
    def snapshot(self) -> Snapshot | None:
        """What is read in the bucket; None where nothing was ever put."""
        bucket = self.bucket
        if not bucket.commit:
            return None
        return self.parts.repos.at(bucket.repo_id, bucket.commit, version=self.version)

    @property
    def intake(self) -> Intake:
        """A check of the body that comes, of an object or a part."""
        return Intake(self.asked, self.signed, self.parts.settings.max_upload_bytes)

    def read_document(self, *, is_content: bool = True) -> bytes:
        """The whole body, checked. Raises S3Error as `Intake.chunks`."""
        intake = Intake(self.asked, self.signed, MAX_DOCUMENT_BYTES, is_content=is_content)
        return b"".join(intake.chunks(self.pieces))

    def query_count(self, name: str, default: int) -> int:
        """A number of the query, from 0. Raises S3Error("InvalidArgument")."""
        text = self.asked.query.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdecimal() or len(text) > 10:
            raise S3Error("InvalidArgument", f"Provided {name} not an integer or within integer range")
        return int(text)


def xml_answer(body: bytes, status: int = 200) -> Answer:
    """A document."""
    return Answer(status, {"Content-Type": XML}, body)

"""Objects in a bucket: S3, Google Cloud Storage, Azure, and what speaks like them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import obstore
from obstore.store import AzureStore, GCSStore, S3Store

from treadle.errors import Invalid, NotFound, TreadleError, Unavailable
from treadle.objects.faults import BUCKET_ERRORS, Diagnosis, Fault, diagnose
from treadle.objects.store import CHUNK_BYTES, StoredObject, check_key

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ClientConfig, RetryConfig

Bucket: TypeAlias = "S3Store | GCSStore | AzureStore"

#: What is larger goes in parts of this size, a few at a time.
PART_BYTES = 8 * 1024**2
_PARTS_AT_ONCE = 4
_KEYS_AT_ONCE = 1000

#: A whole call may take long, since it may carry much; that nothing comes for so long is a fault.
PATIENCE: ClientConfig = {
    "connect_timeout": timedelta(seconds=5),
    "read_timeout": timedelta(seconds=30),
    "timeout": timedelta(hours=6),
}
#: Enough for a server that restarts, and no more than a request waits for.
RETRIES: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=20)}


class BucketObjects:
    """Objects of a bucket; ``place`` is what messages call it."""

    def __init__(self, bucket: Bucket, place: str) -> None:
        self.place = place
        self._bucket = bucket

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        source = _Source(chunks)
        first = source.take(PART_BYTES)
        try:
            with self._telling(check_key(key)):
                self._send(key, first, source)
        except TreadleError:
            if source.error is not None:
                raise source.error from None
            raise
        return StoredObject(key, source.size_bytes)

    def _send(self, key: str, first: bytes, rest: _Source) -> None:
        if len(first) < PART_BYTES:
            obstore.put(self._bucket, key, first, use_multipart=False)
        else:
            # An upload in parts shows nothing before its end; one that breaks off is given up there, too.
            parts = chain((first,), rest)
            obstore.put(
                self._bucket,
                key,
                parts,
                chunk_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
                use_multipart=True,
            )

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if end is not None and end <= start:
            self.stat(key)
            return iter(())
        return self._stream(key, self._get(check_key(key), start, end))

    def _get(self, key: str, start: int, end: int | None) -> obstore.GetResult | None:
        with self._telling(key):
            if start == 0 and end is None:
                return obstore.get(self._bucket, key)
            wanted: GetOptions = {"range": {"offset": start} if end is None else (start, end)}
            try:
                return obstore.get(self._bucket, key, options=wanted)
            except BUCKET_ERRORS as error:
                if diagnose(error).fault is not Fault.OUT_OF_RANGE:
                    raise
                return None

    def _stream(self, key: str, found: obstore.GetResult | None) -> Iterator[bytes]:
        with self._telling(key):
            for chunk in found.stream(min_chunk_size=CHUNK_BYTES) if found else ():
                yield bytes(chunk)

    def stat(self, key: str) -> StoredObject:
        with self._telling(check_key(key)):
            return StoredObject(key, obstore.head(self._bucket, key)["size"])

    def delete(self, key: str) -> None:
        try:
            with self._telling(check_key(key)):
                obstore.delete(self._bucket, key)
        except NotFound:
            return

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        folder = prefix.rpartition("/")[0]
        with self._telling(prefix):
            for batch in obstore.list(self._bucket, folder or None, chunk_size=_KEYS_AT_ONCE):
                for found in batch:
                    if found["path"].startswith(prefix):
                        yield StoredObject(found["path"], found["size"])

    @contextmanager
    def _telling(self, key: str) -> Iterator[None]:
        try:
            yield
        except BUCKET_ERRORS as error:
            raise self._told(key, diagnose(error)) from error

    def _told(self, key: str, found: Diagnosis) -> TreadleError:
        if found.fault is Fault.NO_KEY:
            return NotFound("object-not-found", f"There is no object {key!r}.")
        if found.fault is Fault.ODD_KEY:
            return Invalid("object-key", f"{key!r} is no key: {found.detail}.")
        code, text = _TEXTS.get(found.fault, _OTHER)
        return Unavailable(code, text.format(place=self.place, detail=found.detail))


_OTHER = ("objects-failed", "The objects in {place} could not be used: {detail}. Try again.")
_TEXTS = {
    Fault.NO_BUCKET: (
        "objects-missing",
        "There is no bucket {place}. Create it, or give TREADLE_OBJECTS_URL one that exists.",
    ),
    Fault.REFUSED: (
        "objects-refused",
        "{place} refuses the server: {detail}. Check the credentials in the server's environment, and that "
        "they may list, read, write and delete objects there.",
    ),
    Fault.OTHER_REGION: (
        "objects-refused",
        "{place} lies in another region: {detail}. Set AWS_REGION to the bucket's region.",
    ),
    Fault.UNREACHABLE: (
        "objects-unreachable",
        "{place} cannot be reached: {detail}. Check the endpoint and the network of the server.",
    ),
    Fault.SLOW: (
        "objects-unreachable",
        "{place} does not answer in time. Check the endpoint and the network of the server, then try again.",
    ),
}


class _Source:
    """The chunks on their way, counted; their own error is kept, so that it is not taken for the bucket's."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.size_bytes = 0
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise
        self.size_bytes += len(chunk)
        return chunk

    def take(self, size_bytes: int) -> bytes:
        """The first chunks, until there are so many bytes or no more."""
        taken = []
        while self.size_bytes < size_bytes:
            chunk = next(self, None)
            if chunk is None:
                break
            taken.append(chunk)
        return taken[0] if len(taken) == 1 else b"".join(taken)

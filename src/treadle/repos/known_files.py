"""Large files of this machine that were stored before, by what tells that they are as they were.

A file whose place, device, inode, size and times are those of then is not read again, as git does it. Nobody
sets the time at which an inode changed, so a write gives another one. Where two writes may bear the same
time the second would be missed, so only a file that had rested for a minute when it was read is remembered,
and only where a local file system is known to stamp its inodes itself: over a network, and where a program
serves the files (FUSE), times may be what a client says, and inodes made up. What is not seen: bytes written
through a map where the file system stamps none for that (tmpfs), and what goes on beneath a file system.

What is remembered is 8 bytes ``TRKNOW01``, the blake3 of the rest, and the rest: for each file 16 bytes that
stand for it, then 33 bytes of its content's id, sorted. It may be lost, or be of contents that are gone: then
files are read.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from blake3 import blake3

from treadle.errors import NotFound
from treadle.repos import kept_open
from treadle.repos.kept_open import Kept
from treadle.repos.mounts import kind_of_file
from treadle.repos.shelf import Mapped, Shelf

_MAGIC = b"TRKNOW01"
_HEAD_BYTES = len(_MAGIC) + 32
_MARK_BYTES = 16
_RECORD_BYTES = _MARK_BYTES + 33
_STATUS = struct.Struct("<QQQqq")
#: With more it begins anew.
_MOST_FILES = 262_144
#: Longer than any file system waits before it stamps what was written through a map.
_RESTED_S = 60.0
#: Of those only: each stamps the time of a change itself, whoever asks for another one.
_STAMPING_KINDS = frozenset(
    ("bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "tmpfs", "xfs", "zfs")
)


@dataclass(frozen=True)
class Mark:
    """What stands for a file as it is now. has_rested: nothing was written to it for a while."""

    bytes: bytes
    has_rested: bool


def mark_of(path: str, descriptor: int) -> Mark | None:
    """The mark of an open file; None where its file system may tell of a change what is not so."""
    status = os.fstat(descriptor)
    if kind_of_file(descriptor, status.st_dev) not in _STAMPING_KINDS:
        return None
    numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    digest = blake3(_STATUS.pack(*numbers) + os.fsencode(os.path.abspath(path))).digest(_MARK_BYTES)
    rested_s = time.time() - max(status.st_mtime, status.st_ctime)
    return Mark(digest, rested_s > _RESTED_S)


class KnownFiles:
    """Ids of contents by the marks of files; for any number of threads."""

    def __init__(self, shelf: Shelf, key: str) -> None:
        self._shelf = shelf
        self._key = key
        self._lock = threading.Lock()
        self._records = Kept(self._read, kept_open.INDEXES)

    def find(self, mark: Mark) -> bytes | None:
        """The id of the content that the file had, if it is known."""
        return _find(self._records.get(), mark.bytes)

    def add(self, noted: Mapping[bytes, bytes]) -> None:
        """Remember the ids of contents by marks. Raises Unavailable("disk-full")."""
        with self._lock:
            records = self._read()  # another process may have added some
            known = {
                records[at : at + _MARK_BYTES]: records[at + _MARK_BYTES : at + _RECORD_BYTES]
                for at in range(_HEAD_BYTES, len(records), _RECORD_BYTES)
            }
            if len(known) + len(noted) > _MOST_FILES:
                known = {}
            rest = b"".join([mark + id for mark, id in sorted({**known, **noted}.items())])
            draft = self._shelf.begin("what is known of files")
            draft.write(_MAGIC, blake3(rest).digest(), rest)
            self._shelf.settle([(draft, self._key)])
            self._records.let_go()

    def _read(self) -> Mapped:
        """The records as they lie; none where they are damaged."""
        try:
            whole = self._shelf.map(self._key)
        except NotFound:
            return b""
        view = memoryview(whole)
        rest = view[_HEAD_BYTES:]
        is_whole = whole[: len(_MAGIC)] == _MAGIC and not len(rest) % _RECORD_BYTES
        return whole if is_whole and blake3(rest).digest() == view[len(_MAGIC) : _HEAD_BYTES] else b""


def _find(records: Mapped, mark: bytes) -> bytes | None:
    def mark_at(number: int) -> bytes:
        at = _HEAD_BYTES + _RECORD_BYTES * number
        return records[at : at + _MARK_BYTES]

    count = max(len(records) - _HEAD_BYTES, 0) // _RECORD_BYTES
    number = bisect_left(range(count), mark, key=mark_at)
    if number == count or mark_at(number) != mark:
        return None
    at = _HEAD_BYTES + _RECORD_BYTES * number
    return records[at + _MARK_BYTES : at + _RECORD_BYTES]

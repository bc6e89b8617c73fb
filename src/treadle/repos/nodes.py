"""The nodes of a tree of files, as values and as bytes.

A leaf holds entries, an inner node the nodes below it; both in the order of paths. Where one node ends
and the next begins is decided by the path alone, so that equal sets of paths have equal nodes whatever
was changed before. The bytes, all numbers little-endian:

    head    u8 level (0: a leaf), u32 rows, u16 size of the prefix, u32 size of the rest of the paths
    paths   the prefix that all share; then what follows it in each, joined by NUL.  UTF-8.
            Of an inner node: the last path below each
    ids     33 bytes a row
    leaf    u64 sizes, i64 times of change in µs since 1970; then the rows with metadata: u32 how many,
            u32 row of each, u32 size of each, their texts
    inner   u64 numbers of files, u64 sums of their sizes
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import repeat
from os.path import commonprefix
from typing import NamedTuple
from zlib import crc32

from treadle.errors import Invalid

LEAF_BITS = 5
INNER_BITS = 5
#: Paths can be chosen so that no border comes: a node ends here at the latest.
LEAF_ROWS = 16 << LEAF_BITS
INNER_ROWS = 16 << INNER_BITS

_HEAD = struct.Struct("<BIHI")
_ID_BYTES = 33
_MIX = 0x9E3779B97F4A7C15


class Entry(NamedTuple):
    """A file in a tree.

    id: its content, 33 bytes.  modified_us: microseconds since 1970, UTC.  metadata: JSON, "" when none.
    """

    path: str
    id: bytes
    size_bytes: int
    modified_us: int
    metadata: str = ""


class Child(NamedTuple):
    """A node below an inner one: the last path under it, its id, what it holds."""

    path: str
    id: bytes
    files: int
    size_bytes: int


_make_entry = partial(tuple.__new__, Entry)
_make_child = partial(tuple.__new__, Child)


def is_border(path: str, level: int) -> bool:
    """Whether a node of the level ends after the row of this path."""
    mask = (1 << (LEAF_BITS + INNER_BITS * level)) - 1
    return not (crc32(path.encode()) * _MIX >> 32) & mask


class Node:
    """A node as it was read. Its columns are taken apart when they are asked for."""

    __slots__ = ("_ids_at", "_raw", "level", "paths")

    def __init__(self, raw: bytes) -> None:
        self.level, rows, prefix_bytes, paths_bytes = _HEAD.unpack_from(raw)
        begin = _HEAD.size + prefix_bytes
        self._raw = raw
        self._ids_at = begin + paths_bytes
        prefix = raw[_HEAD.size : begin].decode()
        rests = raw[begin : self._ids_at].decode().split("\0")
        self.paths = [prefix + rest for rest in rests] if prefix else rests
        if len(rests) != rows:
            raise ValueError("a node whose paths are not as many as its rows")

    @property
    def weight_bytes(self) -> int:
        """About what it takes in memory."""
        return 400 + 2 * len(self._raw) + 64 * len(self.paths)

    def entry(self, row: int) -> Entry:
        """One row of a leaf."""
        count = len(self.paths)
        sizes_at = self._ids_at + _ID_BYTES * count
        (size_bytes,) = struct.unpack_from("<Q", self._raw, sizes_at + 8 * row)
        (modified_us,) = struct.unpack_from("<q", self._raw, sizes_at + 8 * (count + row))
        return Entry(self.paths[row], self.id(row), size_bytes, modified_us, self._text(row))

    def id(self, row: int) -> bytes:
        """The id of one row."""
        at = self._ids_at + _ID_BYTES * row
        return self._raw[at : at + _ID_BYTES]

    def ids(self) -> list[bytes]:
        """The ids of all rows."""
        raw, end = self._raw, self._ids_at + _ID_BYTES * len(self.paths)
        return [raw[at : at + _ID_BYTES] for at in range(self._ids_at, end, _ID_BYTES)]

    def entries(self) -> list[Entry]:
        """All rows of a leaf."""
        numbers = self._numbers("Qq")
        count = len(self.paths)
        known = self._metadata()
        texts = [known.get(row, "") for row in range(count)] if known else repeat("", count)
        columns = zip(self.paths, self.ids(), numbers[:count], numbers[count:], texts, strict=True)
        return list(map(_make_entry, columns))

    def children(self) -> list[Child]:
        """All rows of an inner node."""
        numbers = self._numbers("QQ")
        count = len(self.paths)
        columns = zip(self.paths, self.ids(), numbers[:count], numbers[count:], strict=True)
        return list(map(_make_child, columns))

    def totals(self) -> tuple[int, int]:
        """How many files are below it, and the sum of their sizes in bytes."""
        count = len(self.paths)
        numbers = self._numbers("QQ")
        if self.level:
            return sum(numbers[:count]), sum(numbers[count:])
        return count, sum(numbers[:count])

    def _numbers(self, columns: str) -> tuple[int, ...]:
        count = len(self.paths)
        form = "<" + "".join(f"{count}{each}" for each in columns)
        return struct.unpack_from(form, self._raw, self._ids_at + _ID_BYTES * count)

    def _text(self, row: int) -> str:
        """The metadata of one row, without a look at the others'."""
        at = self._ids_at + (_ID_BYTES + 16) * len(self.paths)
        (count,) = struct.unpack_from("<I", self._raw, at)
        rows = struct.unpack_from(f"<{count}I", self._raw, at + 4)
        place = bisect_left(rows, row)
        if place == count or rows[place] != row:
            return ""
        sizes = struct.unpack_from(f"<{place + 1}I", self._raw, at + 4 + 4 * count)
        begin = at + 4 + 8 * count + sum(sizes[:place])
        return self._raw[begin : begin + sizes[place]].decode()

    def _metadata(self) -> dict[int, str]:
        at = self._ids_at + (_ID_BYTES + 16) * len(self.paths)
        (count,) = struct.unpack_from("<I", self._raw, at)
        if not count:
            return {}
        numbers = struct.unpack_from(f"<{2 * count}I", self._raw, at + 4)
        return dict(zip(numbers[:count], self._texts(numbers[count:], at + 4 + 8 * count), strict=True))

    def _texts(self, sizes: Sequence[int], at: int) -> Iterator[str]:
        for size in sizes:
            yield self._raw[at : at + size].decode()
            at += size


def encode_leaf(entries: Sequence[Entry]) -> bytes:
    """A leaf as bytes. Raises Invalid("path") for one with NUL."""
    paths, ids, sizes, times, texts = zip(*entries, strict=True)
    told = [(row, text.encode()) for row, text in enumerate(texts) if text]
    return b"".join(
        [
            _encode_paths(0, paths),
            *ids,
            struct.pack(f"<{len(paths)}Q{len(paths)}q", *sizes, *times),
            struct.pack(
                f"<I{2 * len(told)}I", len(told), *[row for row, _ in told], *[len(text) for _, text in told]
            ),
            *[text for _, text in told],
        ]
    )


def encode_inner(level: int, children: Sequence[Child]) -> bytes:
    """An inner node as bytes."""
    paths, ids, files, sizes = zip(*children, strict=True)
    numbers = struct.pack(f"<{2 * len(paths)}Q", *files, *sizes)
    return b"".join([_encode_paths(level, paths), *ids, numbers])


def _encode_paths(level: int, paths: Sequence[str]) -> bytes:
    shared = commonprefix([paths[0], paths[-1]])  # noqa: RUF071 - characters are meant
    skip = len(shared)
    rests = "\0".join([path[skip:] for path in paths]).encode()
    if "\0" in shared or rests.count(0) != len(paths) - 1:
        raise Invalid("path", "A path holds no NUL.")
    prefix = shared.encode()
    return _HEAD.pack(level, len(paths), len(prefix), len(rests)) + prefix + rests

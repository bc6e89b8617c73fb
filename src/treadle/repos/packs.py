"""Packs: many small contents in one file of blocks, and an index that says where each lies.

A pack is two objects. ``NAME.pack`` holds the blocks one after the other. ``NAME.index`` holds, all
numbers little-endian:

    head    8 bytes ``TRPACK01``, then u32: number of contents n, number of blocks, bits of the fan-out
    digest  32 bytes, blake3 of all that follows
    blocks  each u64 offset in the pack, u32 stored size, u32 size when open (equal: not compressed),
            u32 crc32 of what is stored
    fan-out 2^bits + 1 times u32: how many keys begin with fewer than these bits
    keys    n times 33 bytes, sorted: blake3 of the content, kind
    places  n times u32 block, u32 start in the open block, u32 size
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from uuid import uuid4
from zlib import crc32

from blake3 import blake3

from treadle.errors import NotFound, Unavailable
from treadle.repos import kept_open
from treadle.repos.blocks import close_block, open_block
from treadle.repos.kept_open import Kept
from treadle.repos.shelf import Draft, Held, Mapped, Shelf

#: No block of several contents is larger: zstd's module opens up to so much in one go.
BLOCK_BYTES = 32 * 1024
#: A pack is closed at so many contents: the index of an open one lies in memory.
MAX_CONTENTS = 131_072

_MAGIC = b"TRPACK01"
_HEAD = struct.Struct("<8sIII32s")
_BLOCK = struct.Struct("<QIII")
_PLACE = struct.Struct("<III")
_KEY_BYTES = 33
_KEYS_A_SLOT_BITS = 3
_MAX_FAN_BITS = 16


class Damaged(Unavailable):
    """Bytes that are not what was stored, or are gone. ``id``: the content, where one is known."""

    def __init__(self, what: str, key: str, id: bytes | None = None) -> None:
        super().__init__(
            "content-damaged",
            f"{what} in {key} is damaged or gone: it is not what was stored. "
            "Check the disk, run fsck on the repo, and restore this object from a backup.",
            details={"key": key, "id": id.hex() if id else None},
        )
        self.key = key
        self.id = id


@dataclass(frozen=True)
class WrittenPack:
    """A pack that is durable, and is part of the repo once the database lists it."""

    name: str
    object_count: int
    size_bytes: int


class Index:
    """The index of a pack, looked into where it lies."""

    def __init__(self, bytes_: Mapped, key: str, map_again: Callable[[], Mapped] | None = None) -> None:
        """map_again: gives its bytes once more, where they need not stay mapped."""
        try:
            magic, self.count, self.block_count, self._bits, self._digest = _HEAD.unpack_from(bytes_)
        except struct.error as error:
            raise Damaged("The index", key) from error
        self._blocks_at = _HEAD.size
        self._fan_at = self._blocks_at + _BLOCK.size * self.block_count
        self._keys_at = self._fan_at + 4 * ((1 << self._bits) + 1)
        self._places_at = self._keys_at + _KEY_BYTES * self.count
        self._key = key
        #: Whether it is looked into on the disk, which keeps a file open.
        self.is_large = not isinstance(bytes_, bytes)
        if magic != _MAGIC or len(bytes_) != self._places_at + _PLACE.size * self.count:
            raise Damaged("The index", key)
        self._whole: Mapped | None = bytes_
        if self.is_large and map_again is not None:
            again = partial(_map_again, map_again, bytes_[: _HEAD.size], len(bytes_), key)
            self._whole = None
            self._kept: Kept[Mapped] = Kept(again, kept_open.INDEXES, bytes_)

    @property
    def _bytes(self) -> Mapped:
        if self._whole is not None:
            return self._whole
        return self._kept.get()

    def check(self) -> None:
        """Raises Damaged when any byte of the index is not what was written."""
        if blake3(memoryview(self._bytes)[_HEAD.size :]).digest() != self._digest:
            raise Damaged("The index", self._key)

    def find(self, id: bytes) -> tuple[int, int, int] | None:
        """Block, start and size of a content; None when it is not in the pack."""
        key = id[1:] + id[:1]
        slot = int.from_bytes(key[:2], "big") >> (16 - self._bits)
        bytes_ = self._bytes
        first, last = struct.unpack_from("<II", bytes_, self._fan_at + 4 * slot)
        low, high = self._keys_at + _KEY_BYTES * first, self._keys_at + _KEY_BYTES * last
        while (at := bytes_.find(key, low, high)) >= 0:
            number, off = divmod(at - self._keys_at, _KEY_BYTES)
            if not off:
                return _PLACE.unpack_from(bytes_, self._places_at + _PLACE.size * number)
            low = at + 1
        return None

    def block(self, number: int) -> tuple[int, int, int, int]:
        """Offset, stored size, open size and checksum of a block. Raises Damaged when there is none."""
        if number >= self.block_count:
            raise Damaged("The index", self._key)
        return _BLOCK.unpack_from(self._bytes, self._blocks_at + _BLOCK.size * number)

    def ids(self) -> Iterator[bytes]:
        """The contents, in the order of their hashes."""
        bytes_ = self._bytes
        for at in range(self._keys_at, self._places_at, _KEY_BYTES):
            key = bytes_[at : at + _KEY_BYTES]
            yield key[-1:] + key[:-1]

    def by_place(self) -> list[tuple[int, int, int, bytes]]:
        """(block, start, size, id) of all contents, in the order in which they lie."""
        places = _PLACE.iter_unpack(memoryview(self._bytes)[self._places_at :])
        return sorted((*place, id) for place, id in zip(places, self.ids(), strict=True))


class Pack:
    """A pack that is there."""

    def __init__(self, shelf: Shelf, folder: str, name: str) -> None:
        self.name = name
        self.key = f"{folder}/{name}.pack"
        self._shelf = shelf
        self._held: Kept[Held] = Kept(partial(shelf.hold, self.key), kept_open.PACKS)
        self._may_hold = shelf.is_near
        index_key = f"{folder}/{name}.index"
        map_index = partial(shelf.map, index_key)
        try:
            self.index = Index(map_index(), index_key, map_index if shelf.is_near else None)
        except NotFound as error:
            raise Damaged("The index", index_key) from error

    def read_block(self, number: int) -> bytes:
        """A block, open. What is read of it is to be verified by its id. Raises Damaged."""
        stored, size_bytes, _checksum = self._stored_block(number)
        raw = open_block(stored, size_bytes)
        if raw is None:
            raise self._damaged(number)
        return raw

    def let_go(self) -> None:
        """Open the file anew for the next read: it may be another one by then."""
        self._held.let_go()

    def retire(self) -> None:
        """It left the list and is deleted one day: an open file would keep its room on the disk."""
        self._may_hold = False
        self.let_go()

    def take_back(self) -> None:
        """It is in the list again."""
        self._may_hold = self._shelf.is_near

    def check_block(self, number: int) -> bool:
        """Whether a block is what was written, down to bits that no content depends on."""
        try:
            stored, _size_bytes, checksum = self._stored_block(number)
        except Damaged:
            return False
        return crc32(stored) == checksum

    def _stored_block(self, number: int) -> tuple[bytes, int, int]:
        offset, stored_bytes, size_bytes, checksum = self.index.block(number)
        try:
            stored = self._read(offset, stored_bytes)
        except NotFound as error:
            raise self._damaged(number) from error
        if len(stored) != stored_bytes:
            raise self._damaged(number)
        return stored, size_bytes, checksum

    def _read(self, offset: int, size_bytes: int) -> bytes:
        if self._may_hold and self.index.is_large:  # of small packs there may be hundreds
            return self._held.get().read(offset, size_bytes)
        return self._shelf.read(self.key, offset, offset + size_bytes)

    def _damaged(self, number: int) -> Damaged:
        self.let_go()
        return Damaged(f"Block {number}", self.key)


def _map_again(map_: Callable[[], Mapped], head: bytes, size_bytes: int, key: str) -> Mapped:
    """The index that begins so. Raises Damaged where there is another one, or none."""
    try:
        bytes_ = map_()
    except NotFound as error:
        raise Damaged("The index", key) from error
    if len(bytes_) != size_bytes or bytes_[: len(head)] != head:
        raise Damaged("The index", key)
    return bytes_


class _Lane:
    """Contents of one sort on their way into a block."""

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self.contents: list[bytes] = []
        self.size_bytes = 0


class PackWriter:
    """A pack being written. Contents and nodes of trees lie in blocks of their own."""

    def __init__(self, shelf: Shelf) -> None:
        self.name = uuid4().hex
        self.ids: set[bytes] = set()
        self.count = 0
        self._shelf = shelf
        self._pack: Draft | None = None
        self._index: Draft | None = None
        self._lanes = (_Lane(), _Lane())
        self._blocks: list[bytes] = []
        self._records: list[bytes] = []

    @property
    def pack(self) -> Draft:
        """The file of blocks; made when it is asked for."""
        if self._pack is None:
            self._pack = self._shelf.begin("a pack of a repo")
        return self._pack

    @property
    def index(self) -> Draft:
        """The index, once the pack is closed."""
        assert self._index is not None, "the pack is open"
        return self._index

    def add(self, id: bytes, content: bytes, lane: int) -> None:
        """Append a content. lane: 0 contents, 1 nodes. Raises Unavailable("disk-full")."""
        self.ids.add(id)
        open_lane = self._lanes[lane]
        if open_lane.size_bytes + len(content) > BLOCK_BYTES:
            self._close_block(open_lane)
        open_lane.ids.append(id)
        open_lane.contents.append(content)
        open_lane.size_bytes += len(content)

    def close(self) -> None:
        """Write what is left, and the index; `Shelf.settle` makes both durable."""
        for lane in self._lanes:
            self._close_block(lane)
        self.pack.close()
        self.count, self.ids = len(self.ids), set()
        self._index = self._shelf.begin("the index of a pack")
        self._index.write(*self._index_parts())
        self._index.close()

    def discard(self) -> None:
        """Remove what was written."""
        for draft in (self._pack, self._index):
            if draft is not None:
                draft.discard()

    def written(self) -> WrittenPack:
        """The pack as the database lists it, once it is closed."""
        return WrittenPack(self.name, self.count, self.pack.size_bytes + self.index.size_bytes)

    def _close_block(self, lane: _Lane) -> None:
        if not lane.contents:
            return
        raw = b"".join(lane.contents)
        stored = close_block(raw)
        block = len(self._blocks)
        self._blocks.append(_BLOCK.pack(self.pack.size_bytes, len(stored), len(raw), crc32(stored)))
        sizes = [len(content) for content in lane.contents]
        self._records += [
            id[1:] + id[:1] + _PLACE.pack(block, start, size_bytes)
            for id, start, size_bytes in zip(lane.ids, accumulate(sizes, initial=0), sizes, strict=False)
        ]
        self.pack.write(stored)
        lane.ids, lane.contents, lane.size_bytes = [], [], 0

    def _index_parts(self) -> list[bytes]:
        records = sorted(self._records)
        self._records = []
        count = len(records)
        bits = min(_MAX_FAN_BITS, max(0, count.bit_length() - _KEYS_A_SLOT_BITS))
        parts = [
            b"".join(self._blocks),
            _fan_out(records, bits),
            b"".join([record[:_KEY_BYTES] for record in records]),
            b"".join([record[_KEY_BYTES:] for record in records]),
        ]
        digest = blake3()
        for part in parts:
            digest.update(part)
        return [_HEAD.pack(_MAGIC, count, len(self._blocks), bits, digest.digest()), *parts]


def _fan_out(records: list[bytes], bits: int) -> bytes:
    counts = [0] * ((1 << bits) + 1)
    for record in records:
        counts[((record[0] << 8 | record[1]) >> (16 - bits)) + 1] += 1
    return struct.pack(f"<{len(counts)}I", *accumulate(counts))

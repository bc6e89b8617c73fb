"""Large contents: objects of at most 8 MiB, and a document that lists them.

An object holds the bytes of its chunk, then the blake3 of each piece of 256 KiB of them; its address is
the blake3 of those. So a range is verified without reading the rest of its chunk.
The document: 8 bytes ``TRLIST01``, then for each chunk 32 bytes address, u32 size.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from blake3 import blake3

from treadle.errors import NotFound, telling_a_full_disk
from treadle.repos.failpoints import reach
from treadle.repos.packs import Damaged
from treadle.repos.shelf import Draft, Shelf
from treadle.repos.sources import Source
from treadle.repos.verified import Verified

CHUNK_BYTES = 8 * 1024**2
PIECE_BYTES = 256 * 1024

_MAGIC = b"TRLIST01"
_LISTED = struct.Struct("<32sI")
_DIGEST_BYTES = 32
_SPAN_BYTES = 4 * PIECE_BYTES
#: Chunks wait for their sync until there are so many bytes of them.
_BATCH_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class Chunk:
    """A run of bytes of a large content, by its address of 32 bytes."""

    address: bytes
    size_bytes: int

    @property
    def stored_bytes(self) -> int:
        """The size of its object."""
        return self.size_bytes + _DIGEST_BYTES * -(-self.size_bytes // PIECE_BYTES)


def list_chunks(chunks: Sequence[Chunk]) -> bytes:
    """The document of a large content."""
    return _MAGIC + b"".join([_LISTED.pack(each.address, each.size_bytes) for each in chunks])


def parse_document(document: bytes, id: bytes) -> list[Chunk]:
    """The chunks that a document lists. Raises Damaged when it is none."""
    if not document.startswith(_MAGIC) or (len(document) - len(_MAGIC)) % _LISTED.size:
        raise Damaged(f"The list of the content {id.hex()}", "a pack", id)
    return [Chunk(*each) for each in _LISTED.iter_unpack(document[len(_MAGIC) :])]


def chunk_key(folder: str, address: bytes) -> str:
    """Where the object of a chunk lies."""
    name = address.hex()
    return f"{folder}/{name[0]}/{name}"


def take_chunk(source: Source, view: memoryview) -> tuple[int, bytes]:
    """Fill the view of CHUNK_BYTES: how many bytes, fewer only at the end, and the digests of their pieces.

    Each piece is looked at while it still is in the processor's cache.
    """
    filled, digests = 0, []
    while filled < len(view):
        piece = view[filled : filled + PIECE_BYTES]
        count = source.fill(piece)
        if count:
            digests.append(blake3(piece[:count]).digest())
            filled += count
        if count < PIECE_BYTES:
            break
    return filled, b"".join(digests)


class Reuse(Protocol):
    """Which of the objects that are there may be reused: all but those that are to be deleted."""

    @property
    def condemned(self) -> Collection[str]:
        """The keys of those that are to be deleted."""

    def revive(self, key: str) -> None:
        """Let nobody delete a chunk that is stored anew."""


@dataclass(frozen=True)
class _All:
    condemned: Collection[str] = ()

    def revive(self, key: str) -> None:
        pass


#: Where nobody deletes anything.
ALL: Reuse = _All()


class ChunkWriter:
    """Chunks on their way into a folder; what is there already is not written again."""

    def __init__(self, shelf: Shelf, folder: str, reuse: Reuse, damaged: set[str]) -> None:
        self._shelf = shelf
        self._folder = folder
        self._reuse = reuse
        self._damaged = damaged
        self._drafts: list[tuple[Draft, str]] = []
        self._waiting: set[str] = set()
        self._waiting_bytes = 0

    def put(self, content: memoryview, digests: bytes) -> Chunk:
        """Write one chunk, at most CHUNK_BYTES, of which `take_chunk` gave the digests.

        Durable after `settle`. Raises Unavailable("disk-full").
        """
        chunk = Chunk(blake3(digests).digest(), len(content))
        key = chunk_key(self._folder, chunk.address)
        if key in self._waiting:
            return chunk
        if key in self._reuse.condemned:
            self._reuse.revive(key)  # and stored anew, since it may be gone
            self._write(key, content, digests)
        elif key in self._damaged or not self._shelf.has(key, chunk.stored_bytes):
            self._write(key, content, digests)
        return chunk

    def holds(self, chunk: Chunk) -> bool:
        """Whether the chunk is there, and may be reused as it lies."""
        key = chunk_key(self._folder, chunk.address)
        if key in self._waiting:
            return True
        is_free = key not in self._reuse.condemned and key not in self._damaged
        return is_free and self._shelf.has(key, chunk.stored_bytes)

    def settle(self) -> None:
        """Make all chunks durable under their keys: one sync for all."""
        with telling_a_full_disk("a large file"):
            reach("put.chunk-written")
        self._shelf.settle(self._drafts)
        self._damaged.difference_update(self._waiting)
        self._drafts, self._waiting, self._waiting_bytes = [], set(), 0
        reach("put.chunks-durable")

    def abandon(self) -> None:
        """Remove what is not settled."""
        for draft, _key in self._drafts:
            draft.discard()
        self._drafts, self._waiting, self._waiting_bytes = [], set(), 0

    def _write(self, key: str, *parts: bytes | memoryview) -> None:
        draft = self._shelf.begin("a large file")
        self._drafts.append((draft, key))
        self._waiting.add(key)
        draft.write(*parts)
        draft.close()
        self._waiting_bytes += draft.size_bytes
        if self._waiting_bytes >= _BATCH_BYTES:
            self.settle()


class ChunkReader:
    """Reads large contents, verified; for any number of threads."""

    def __init__(self, shelf: Shelf, folder: str) -> None:
        self._shelf = shelf
        self._folder = folder
        self._verified = Verified()

    def read(self, chunks: Sequence[Chunk], wanted: range) -> Iterator[bytes]:
        """The bytes at the positions of ``wanted`` of a content. Raises Damaged."""
        for chunk, part in _parts(chunks, wanted):
            yield from self._read_chunk(chunk_key(self._folder, chunk.address), chunk, part)

    def read_at_once(self, chunks: Sequence[Chunk], wanted: range) -> bytearray | None:
        """The same bytes, where they lie in memory and were verified a short while ago; it never waits."""
        parts = [
            (key, part, stamp)
            for chunk, part in _parts(chunks, wanted)
            if (stamp := self._verified.stamp(key := chunk_key(self._folder, chunk.address), _pieces(part)))
        ]
        if sum(len(part) for _key, part, _stamp in parts) != len(wanted):
            return None
        read = bytearray(len(wanted))
        at, view = 0, memoryview(read)
        for key, part, stamp in parts:
            if not self._shelf.read_at_once(key, part.start, view[at : at + len(part)], stamp):
                return None
            at += len(part)
        return read

    def _read_chunk(self, key: str, chunk: Chunk, wanted: range) -> Iterator[bytes]:
        pieces = _pieces(wanted)
        first, last = pieces.start * PIECE_BYTES, min(pieces.stop * PIECE_BYTES, chunk.size_bytes)
        stamp = self._shelf.stamp(key)
        digests = b""
        try:
            for start in range(first, last, _SPAN_BYTES):
                part = range(start, min(start + _SPAN_BYTES, last))
                if digests:
                    (span,) = self._shelf.read_parts(key, part)
                else:
                    behind = range(chunk.size_bytes, chunk.stored_bytes)
                    span, digests = self._shelf.read_parts(key, part, behind)
                    _check(digests, chunk.address, key)
                _check_span(span, digests[_DIGEST_BYTES * (start // PIECE_BYTES) :], key)
                if len(span) != len(part):
                    raise _damaged(key)
                if stamp is not None:
                    self._verified.note(key, stamp, _pieces(part))
                yield span[max(wanted.start - start, 0) : wanted.stop - start]
        except NotFound as error:
            raise _damaged(key) from error


def _parts(chunks: Sequence[Chunk], wanted: range) -> Iterator[tuple[Chunk, range]]:
    """The chunks that hold something of what is wanted, and which of their bytes."""
    at = 0
    for chunk in chunks:
        start, end = max(wanted.start - at, 0), min(wanted.stop - at, chunk.size_bytes)
        if start < end:
            yield chunk, range(start, end)
        at += chunk.size_bytes


def _pieces(wanted: range) -> range:
    return range(wanted.start // PIECE_BYTES, -(-wanted.stop // PIECE_BYTES))


def _check_span(span: bytes, digests: bytes, key: str) -> None:
    view = memoryview(span)
    for number, at in enumerate(range(0, len(span), PIECE_BYTES)):
        expected = digests[_DIGEST_BYTES * number : _DIGEST_BYTES * (number + 1)]
        _check(view[at : at + PIECE_BYTES], expected, key)


def _check(content: bytes | memoryview, digest: bytes, key: str) -> None:
    if blake3(content).digest() != digest:
        raise _damaged(key)


def _damaged(key: str) -> Damaged:
    return Damaged("The chunk of a large file", key)

"""Writing contents: one writer for the work of one commit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import NamedTuple

from blake3 import blake3

from treadle.errors import telling_a_full_disk
from treadle.repos.chunks import (
    ALL,
    CHUNK_BYTES,
    ChunkWriter,
    Reuse,
    list_chunks,
    parse_document,
    take_chunk,
)
from treadle.repos.failpoints import reach
from treadle.repos.known_files import KnownFiles, Mark
from treadle.repos.packs import MAX_CONTENTS, Damaged, Index, PackWriter, WrittenPack
from treadle.repos.shelf import Shelf
from treadle.repos.sources import Source, take

#: The first byte of an id: how the content is stored.
SMALL, LARGE, REFERENCE = b"\x01", b"\x02", b"\x03"
#: Contents of so many bytes and more are stored in chunks.
LARGE_BYTES = 128 * 1024
#: Up to here a content that is put by itself is best kept in a row until there is a pack for it.
SMALL_BYTES = 64 * 1024
_CONTENTS, _NODES = 0, 1


class Stored(NamedTuple):
    """A content that was put.

    digests: those that were asked for, hexadecimal, by name.
    document: of a large one the list of its chunks, whose address is its id; None of a small one.
    """

    id: bytes
    size_bytes: int
    digests: Mapping[str, str] = MappingProxyType({})
    document: bytes | None = None


class Earlier(NamedTuple):
    """Files that were stored before, and what reads the list of chunks of a content."""

    files: KnownFiles
    read: Callable[[bytes], bytes]


class ContentWriter:
    """Puts contents into packs and chunks, each once; not for several threads at a time.

    Nothing is durable before `publish` (chunks: `settle`), and nothing of a pack is to be read before
    the database lists it and `Contents.use_packs` was told.
    """

    def __init__(
        self,
        shelf: Shelf,
        prefix: str,
        knows: Callable[[bytes], bool],
        reuse: Reuse = ALL,
        *,
        damaged: set[str],
        earlier: Earlier | None = None,
    ) -> None:
        """damaged: the keys of chunks that are to be stored anew; one that was goes from it.

        earlier: what is known of files that were stored before.
        """
        self._shelf = shelf
        self._folder = f"{prefix}/packs"
        self._knows = knows
        self._chunks = ChunkWriter(shelf, f"{prefix}/chunks", reuse, damaged)
        self._earlier = earlier
        self._noted: dict[bytes, bytes] = {}
        self._buffer: memoryview | None = None
        self._open = PackWriter(shelf)
        self._closed: list[tuple[PackWriter, Index]] = []

    def put(self, content: bytes) -> bytes:
        """Store a content; its id. Raises Unavailable("disk-full")."""
        if len(content) >= LARGE_BYTES:
            return self.put_stream([content]).id
        return self._put(SMALL, content, _CONTENTS)

    def put_stream(self, chunks: Iterable[bytes], digests: Sequence[str] = ()) -> Stored:
        """Store the content that the chunks make up.

        chunks: those of `FileBytes` are read faster.  digests: names that hashlib knows, such as "md5".
        Raises Unavailable("disk-full"), and what the chunks raise.
        """
        content = take(chunks, LARGE_BYTES)
        if not isinstance(content, bytes):
            with closing(content):
                stored = self._put_large(content, digests) if digests else self._put_file(content)
            self.put_document(stored.id, stored.document or b"")
            return stored
        id = self._put(SMALL, content, _CONTENTS)
        if not digests:
            return Stored(id, len(content))
        sums = {name: hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in digests}
        return Stored(id, len(content), sums)

    def put_large(self, chunks: Iterable[bytes], digests: Sequence[str] = ()) -> Stored:
        """Store a content of any size in chunks; its document is the caller's to keep."""
        source = take(chunks, 0)
        assert not isinstance(source, bytes), "there are never fewer than none"
        with closing(source):
            return self._put_large(source, digests)

    def put_document(self, id: bytes, document: bytes) -> None:
        """Store the list of chunks of a large content, whose id it is the document of."""
        self._add(id, document, _CONTENTS)

    def put_reference(self, document: bytes) -> bytes:
        """Store where a content lies outside; its id."""
        return self._put(REFERENCE, document, _CONTENTS)

    def put_node(self, node: bytes) -> bytes:
        """Store a node of a tree; its id."""
        return self._put(SMALL, node, _NODES)

    def settle(self) -> None:
        """Make the chunks durable that were put; of packs nothing."""
        self._chunks.settle()

    def publish(self) -> list[WrittenPack]:
        """Make everything durable under its final name. The writer is done."""
        if self._open.ids:
            self._close_pack()
        self.settle()
        packs = [pack for pack, _index in self._closed]
        self._shelf.settle([(pack.pack, f"{self._folder}/{pack.name}.pack") for pack in packs])
        reach("finish.pack-without-index")
        self._shelf.settle([(pack.index, f"{self._folder}/{pack.name}.index") for pack in packs])
        reach("finish.packs-written")
        if self._earlier is not None and self._noted:
            self._earlier.files.add(self._noted)
        return [pack.written() for pack in packs]

    def abandon(self) -> None:
        """Remove what is not published. Chunks that were settled stay until they are collected."""
        self._chunks.abandon()
        for pack, _index in self._closed:
            pack.discard()
        self._open.discard()
        self._open, self._closed = PackWriter(self._shelf), []

    def copy_content(self, id: bytes, content: bytes) -> None:
        """Put a content of another pack into this one, under the id that it has."""
        if not self._is_written(id):
            self._append(id, content, _CONTENTS)

    def _put(self, kind: bytes, content: bytes, lane: int) -> bytes:
        id = kind + blake3(content).digest()
        self._add(id, content, lane)
        return id

    def _add(self, id: bytes, content: bytes, lane: int) -> None:
        if not self._is_written(id) and not self._knows(id):
            self._append(id, content, lane)

    def _is_written(self, id: bytes) -> bool:
        return id in self._open.ids or (
            bool(self._closed) and any(index.find(id) for _pack, index in self._closed)
        )

    def _append(self, id: bytes, content: bytes, lane: int) -> None:
        self._open.add(id, content, lane)
        if len(self._open.ids) >= MAX_CONTENTS:
            self._close_pack()

    def _close_pack(self) -> None:
        pack = self._open
        with telling_a_full_disk("a pack of a repo"):
            reach("finish.half-pack")
        pack.close()
        self._closed.append((pack, Index(self._shelf.map_draft(pack.index), pack.index.path)))
        self._open = PackWriter(self._shelf)

    def _put_file(self, source: Source) -> Stored:
        """A large content; of a file that was stored before and is as it was, without a look at its bytes."""
        mark = source.mark() if self._earlier is not None else None
        if mark is None:
            return self._put_large(source, ())
        stored = self._find_earlier(mark)
        if stored is not None:
            source.pass_over(stored.size_bytes)
            return stored
        stored = self._put_large(source, ())
        if mark.has_rested and source.mark() == mark:
            self._noted[mark.bytes] = stored.id
        return stored

    def _find_earlier(self, mark: Mark) -> Stored | None:
        assert self._earlier is not None, "asked for where it is there"
        id = self._earlier.files.find(mark)
        if id is None or not self._knows(id):
            return None
        try:
            document = self._earlier.read(id)
            chunks = parse_document(document, id)
        except Damaged:
            return None
        if not all(self._chunks.holds(chunk) for chunk in chunks):
            return None
        return Stored(id, sum(chunk.size_bytes for chunk in chunks), document=document)

    def _put_large(self, source: Source, digests: Sequence[str]) -> Stored:
        view = self._buffer = self._buffer or memoryview(bytearray(CHUNK_BYTES))
        sums = {name: hashlib.new(name, usedforsecurity=False) for name in digests}
        chunks = []
        count = len(view)
        while count == len(view):
            count, pieces = take_chunk(source, view)
            for each in sums.values():
                each.update(view[:count])
            if count:
                chunks.append(self._chunks.put(view[:count], pieces))
        document = list_chunks(chunks)
        id = LARGE + blake3(document).digest()
        size_bytes = sum(chunk.size_bytes for chunk in chunks)
        return Stored(id, size_bytes, {name: each.hexdigest() for name, each in sums.items()}, document)

"""The contents of one repo: bytes by their address, in packs and chunks of an object store.

Promises: what is read is what was written, or `Damaged` says what is not; a content is stored once;
what a writer has published survives a crash. It knows nothing of branches, commits and files: which
packs count is told by `Contents.use_packs`, and which contents are needed is decided above.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from operator import itemgetter

from blake3 import blake3

from treadle.errors import Unsupported
from treadle.objects import ObjectStore, StoredObject
from treadle.repos.blocks import Cache
from treadle.repos.chunks import ALL, Chunk, ChunkReader, Reuse, chunk_key, parse_document
from treadle.repos.known_files import KnownFiles
from treadle.repos.nodes import Node
from treadle.repos.pack_lists import PackList, Place
from treadle.repos.packs import Damaged, Pack, WrittenPack
from treadle.repos.shelf import shelf_of
from treadle.repos.sources import FileBytes
from treadle.repos.writing import (
    LARGE,
    REFERENCE,
    SMALL,
    SMALL_BYTES,
    ContentWriter,
    Earlier,
    Stored,
)

__all__ = ["SMALL_BYTES", "ContentWriter", "Contents", "Damaged", "FileBytes", "Stored", "WrittenPack"]

_BLOCKS_BYTES = 8 * 1024**2
_NODES_BYTES = 24 * 1024**2
_LISTS_BYTES = 4 * 1024**2
_CHUNK_BYTES = 200  # what one takes in a list in memory


class Contents:
    """What a repo holds, for any number of threads; what was read last is kept at hand."""

    def __init__(self, objects: ObjectStore, prefix: str) -> None:
        self._shelf = shelf_of(objects)
        self._prefix = prefix
        self._chunk_folder = f"{prefix}/chunks"
        self._pack_folder = f"{prefix}/packs"
        self._packs = PackList(self._load_pack)
        self._blocks: Cache[bytes] = Cache(_BLOCKS_BYTES, len)
        self._nodes: Cache[Node] = Cache(_NODES_BYTES, _weigh)
        self._lists: Cache[list[Chunk]] = Cache(_LISTS_BYTES, lambda chunks: _CHUNK_BYTES * (1 + len(chunks)))
        self._chunks = ChunkReader(self._shelf, self._chunk_folder)
        files = KnownFiles(self._shelf, f"{prefix}/known-files")
        self._earlier = Earlier(files, self.document) if self._shelf.is_near else None
        #: The keys of chunks and packs in which damage was found: what is put again is not taken from there.
        self.damaged: set[str] = set()

    def use_packs(self, names: Sequence[str]) -> None:
        """Which packs count from now on, oldest first. Raises Damaged when an index is."""
        self._packs.use(names)

    def has(self, id: bytes) -> bool:
        """Whether a pack holds the content, or the list of its chunks."""
        return self._packs.find(id) is not None

    def read(self, id: bytes, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a content from ``start`` up to, not including, ``end``, in chunks.

        Raises Damaged, of a large one also while it is read, and Unsupported("content-elsewhere").
        """
        if id[:1] == LARGE:
            return self.read_document(id, self.document(id), start, end)
        if id[:1] == REFERENCE:
            raise Unsupported("content-elsewhere", f"The content {id.hex()} lies outside of this store.")
        whole = self.document(id)
        return iter([whole[start:end]])

    def read_whole(self, id: bytes) -> bytes:
        """The bytes of a content. Raises Damaged."""
        return self.document(id) if id[:1] == SMALL else b"".join(self.read(id))

    def read_many(self, ids: Sequence[bytes]) -> list[bytes]:
        """The bytes of contents, each; every block is opened once. Raises Damaged."""
        places = [self._place(id) for id in ids]
        order = sorted(range(len(ids)), key=lambda at: _order(places[at]))
        read = {at: self._read_place(places[at], ids[at]) for at in order if ids[at][:1] == SMALL}
        return [read[at] if at in read else self.read_whole(id) for at, id in enumerate(ids)]

    def document(self, id: bytes) -> bytes:
        """What the packs hold under an id: the content itself, its list of chunks, or where it lies."""
        return self._read_place(self._place(id), id)

    def read_document(
        self, id: bytes, document: bytes, start: int = 0, end: int | None = None
    ) -> Iterator[bytes]:
        """The bytes of a large content whose list of chunks is in hand, as `read`."""
        chunks = parse_document(document, id)
        self._lists.keep(id, chunks)
        try:
            yield from self._chunks.read(chunks, _wanted(chunks, start, end))
        except Damaged as error:
            self.damaged.add(error.key)
            raise

    def read_at_once(self, id: bytes, start: int = 0, end: int | None = None) -> bytearray | None:
        """What `read` gives, as one, if that was read a short while ago and nothing is to be waited for."""
        chunks = self._lists.get(id)
        return None if chunks is None else self._chunks.read_at_once(chunks, _wanted(chunks, start, end))

    def node(self, id: bytes) -> Node:
        """A node of a tree. Raises Damaged."""
        node = self._nodes.get(id)
        if node is None:
            raw = self.document(id)
            try:
                node = Node(raw)
            except (struct.error, ValueError) as error:
                raise Damaged(f"The node {id.hex()}", self._prefix, id) from error
            self._nodes.keep(id, node)
        return node

    def writer(self, reuse: Reuse = ALL) -> ContentWriter:
        """What puts new contents: one for each commit. reuse: a lease, where something may be deleted."""
        knows = partial(self._is_reusable, reuse.condemned)
        return ContentWriter(
            self._shelf, self._prefix, knows, reuse, damaged=self.damaged, earlier=self._earlier
        )

    def store_large(self, chunks: Iterable[bytes], digests: Sequence[str] = (), reuse: Reuse = ALL) -> Stored:
        """Store a content of any size in chunks, durable on return; `Stored.document` is not kept here.

        Raises Unavailable("disk-full"), and what the chunks raise.
        """
        writer = self.writer(reuse)
        try:
            stored = writer.put_large(chunks, digests)
            writer.settle()
        except BaseException:
            writer.abandon()
            raise
        return stored

    def pack_ids(self, name: str) -> Iterator[bytes]:
        """The ids in a pack, whether it counts or not. Raises Damaged."""
        return self._packs.get(name).index.ids()

    def pack_sizes(self, name: str) -> Iterator[tuple[bytes, int]]:
        """The ids in a pack and the sizes of what it holds under them. Raises Damaged."""
        return ((id, size_bytes) for _block, _start, size_bytes, id in self._packs.get(name).index.by_place())

    def chunks_of(self, id: bytes, document: bytes | None = None) -> list[str]:
        """The keys of the chunks of a large content. Raises Damaged."""
        chunks = parse_document(self.document(id) if document is None else document, id)
        return [chunk_key(self._chunk_folder, chunk.address) for chunk in chunks]

    def chunk_objects(self) -> Iterator[StoredObject]:
        """All chunks that lie in the store, needed or not."""
        return self._shelf.list(f"{self._chunk_folder}/")

    def pack_objects(self) -> Iterator[StoredObject]:
        """All files of packs that lie in the store, ``NAME.pack`` and ``NAME.index``, listed or not."""
        return self._shelf.list(f"{self._pack_folder}/")

    def delete_objects(self, keys: Iterable[str]) -> None:
        """Remove chunks, or files of packs, for good."""
        for key in keys:
            self._shelf.delete(key)

    def delete_pack(self, name: str) -> None:
        """Remove the files of a pack for good: the index last, so that what is left is still named."""
        self.delete_objects(f"{self._pack_folder}/{name}.{part}" for part in ("pack", "index"))

    def check_pack(self, name: str) -> Iterator[Damaged]:
        """What is damaged in a pack as it lies in the store: its index, blocks, contents."""
        try:
            pack = self._load_pack(name)
            pack.index.check()
        except Damaged as error:
            yield error
            return
        for damaged in _check_contents(pack):
            self.damaged.add(pack.key)
            yield damaged

    def count_copies(self, id: bytes) -> int:
        """How many of the packs that count hold the content: more than one where it was put anew."""
        return sum(1 for _place in self._packs.find_all(id))

    def check_large(self, id: bytes, document: bytes | None = None) -> Damaged | None:
        """What is damaged first in the chunks of a large content. None: nothing.

        document: its list of chunks, where no pack holds it.
        """
        try:
            for _bytes in self.read(id) if document is None else self.read_document(id, document):
                pass
        except Damaged as error:
            return error
        return None

    def rewrite(self, names: Sequence[str], keep: Container[bytes]) -> list[WrittenPack]:
        """New packs with those contents of packs that are to be kept; the old ones stay as they are.

        Raises Damaged when a content to be kept is.
        """
        writer = self.writer()
        try:
            for name in names:
                self._copy_kept(self._packs.get(name), keep, writer)
            return writer.publish()
        except BaseException:
            writer.abandon()
            raise

    def _copy_kept(self, pack: Pack, keep: Container[bytes], writer: ContentWriter) -> None:
        for block, start, size_bytes, id in pack.index.by_place():
            if id in keep:
                writer.copy_content(id, self._read_place(Place(pack, block, start, size_bytes), id))

    def _load_pack(self, name: str) -> Pack:
        return Pack(self._shelf, self._pack_folder, name)

    def _is_reusable(self, condemned: Collection[str], id: bytes) -> bool:
        place = self._packs.find(id)
        if place is None or place.pack.key in condemned:
            return False
        return place.pack.key not in self.damaged or self._is_whole(place, id)

    def _is_whole(self, place: Place, id: bytes) -> bool:
        try:
            self._read_place(place, id)
        except Damaged:
            return False
        return True

    def _place(self, id: bytes) -> Place:
        place = self._packs.find_to_read(id)
        if place is None:
            raise Damaged(f"The content {id.hex()}", f"the packs of {self._prefix}", id)
        return place

    def _read_place(self, place: Place, id: bytes) -> bytes:
        """A content; where it is damaged, from another pack that it was put into anew. Raises Damaged."""
        try:
            return self._read_at(place, id)
        except Damaged:
            self.damaged.add(place.pack.key)
            place.pack.let_go()
            for copy in self._packs.find_all(id):
                with suppress(Damaged):
                    return self._read_at(copy, id)
            raise

    def _read_at(self, place: Place, id: bytes) -> bytes:
        key = (place.pack.name, place.block)
        raw = self._blocks.get(key)
        if raw is None:
            raw = place.pack.read_block(place.block)
            self._blocks.keep(key, raw)
        content = raw[place.start : place.start + place.size_bytes]
        _verify(id, content, place.pack.key)
        return content


def _wanted(chunks: Sequence[Chunk], start: int, end: int | None) -> range:
    size_bytes = sum(chunk.size_bytes for chunk in chunks)
    return range(start, size_bytes if end is None else min(end, size_bytes))


def _weigh(node: Node) -> int:
    return node.weight_bytes


def _order(place: Place) -> tuple[str, int, int]:
    return place.pack.name, place.block, place.start


def _is_intact(id: bytes, content: bytes) -> bool:
    return blake3(content).digest() == id[1:]


def _verify(id: bytes, content: bytes, key: str) -> None:
    if not _is_intact(id, content):
        raise Damaged(f"The content {id.hex()}", key, id)


def _check_contents(pack: Pack) -> Iterator[Damaged]:
    for block, places in groupby(pack.index.by_place(), key=itemgetter(0)):
        contents = list(places)
        try:
            raw = pack.read_block(block)
        except Damaged:
            raw = b""
        damaged = [id for _at, start, size, id in contents if not _is_intact(id, raw[start : start + size])]
        for id in damaged:
            yield Damaged(f"The content {id.hex()}", pack.key, id)
        if not damaged and not pack.check_block(block):
            for _at, _start, _size, id in contents:
                yield Damaged(f"The block around the content {id.hex()}", pack.key, id)

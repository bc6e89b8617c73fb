"""Contents with the list of packs that a database would keep."""

from __future__ import annotations

from collections.abc import Iterable

from treadle.objects import ObjectStore
from treadle.repos.contents import Contents, ContentWriter, Stored
from treadle.repos.tree import Entry, Tree, build

PREFIX = "repos/1"


class Repo:
    """A repo without refs: what is published counts from then on."""

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects
        self.packs: list[str] = []
        self.contents = Contents(objects, PREFIX)

    def publish(self, writer: ContentWriter) -> None:
        """Publish, and list the packs."""
        self.packs += [pack.name for pack in writer.publish()]
        self.contents.use_packs(self.packs)

    def put(self, content: bytes) -> bytes:
        """Store one content."""
        writer = self.contents.writer()
        id = writer.put(content)
        self.publish(writer)
        return id

    def put_stream(self, chunks: Iterable[bytes], *digests: str) -> Stored:
        """Store one content out of chunks."""
        writer = self.contents.writer()
        stored = writer.put_stream(chunks, digests)
        self.publish(writer)
        return stored

    def reopen(self) -> None:
        """As another process sees it: nothing is remembered."""
        self.contents = Contents(self.objects, PREFIX)
        self.contents.use_packs(self.packs)

    def build(self, entries: Iterable[Entry]) -> Tree:
        """A tree of entries in order, readable."""
        writer = self.contents.writer()
        tree = build(self.contents, writer, entries)
        self.publish(writer)
        return tree

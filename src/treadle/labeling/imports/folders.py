"""Files that came together: in an archive, or side by side in one import."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from treadle.labeling import uploads
from treadle.labeling.imports.materials import KeptPicture, Materials
from treadle.labeling.imports.reading import malformed
from treadle.labeling.imports.sources import Source
from treadle.objects import ObjectStore
from treadle.objects.spool import open_spooled


class Folder(Protocol):
    """Files by their paths."""

    name: str

    @property
    def names(self) -> list[str]:
        """The paths, in order."""

    def size(self, name: str) -> int:
        """How long a file is, in bytes."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's bytes."""

    def read(self, name: str, most_bytes: int) -> bytes:
        """A small file. Raises Invalid("file-malformed") for one that is larger."""

    def open(self, name: str, folder: str) -> AbstractContextManager[BinaryIO]:
        """A file that can be sought in; ``folder``: for a copy that is needed meanwhile."""

    def keep(self, name: str, materials: Materials) -> KeptPicture:
        """The picture at a path, as an upload of the project. Raises Invalid for a broken one."""

    def path_of(self, said: str) -> str:
        """What a file would be called here that labels call ``said``."""


class SideBySide:
    """The uploads of one import, by the names they came with; of two alike, the later by its stored name."""

    name = "the upload"

    def __init__(self, objects: ObjectStore, sources: Sequence[Source]) -> None:
        self._objects = objects
        self._sources: dict[str, Source] = {}
        for source in sources:
            self._sources[source.file_name if source.name in self._sources else source.name] = source

    @property
    def names(self) -> list[str]:
        return sorted(self._sources)

    def beside(self, names: Container[str]) -> list[Source]:
        """The uploads by other names, in the order they came."""
        return [source for name, source in self._sources.items() if name not in names]

    def size(self, name: str) -> int:
        return self._objects.stat(self._sources[name].object_key).size_bytes

    def chunks(self, name: str) -> Iterator[bytes]:
        return self._objects.read(self._sources[name].object_key)

    def read(self, name: str, most_bytes: int) -> bytes:
        if self.size(name) > most_bytes:
            raise malformed(name, f"has more than {most_bytes // 1024} KiB.")
        return b"".join(self.chunks(name))

    def open(self, name: str, folder: str) -> AbstractContextManager[BinaryIO]:
        return open_spooled(self._objects, self._sources[name].object_key)

    def keep(self, name: str, materials: Materials) -> KeptPicture:
        source = self._sources[name]
        assert source.upload_id is not None
        with self.open(name, "") as file:
            return materials.measure(source.upload_id, source.file_name, name, file)

    def path_of(self, said: str) -> str:
        # An upload lies under a name without blanks and folders.
        return uploads.plain_name(said)

"""MLflow's artifacts in `objects/`."""

from __future__ import annotations

import asyncio
import os
import posixpath
import tempfile
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    INTERNAL_ERROR,
    INVALID_PARAMETER_VALUE,
    PERMISSION_DENIED,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
)
from mlflow.store.artifact.artifact_repo import ArtifactRepository, StreamUploadMixin

from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unavailable
from treadle.objects import LocalObjects, ObjectStore, check_key
from treadle.tracking.child import guards
from treadle.tracking.child.guards import nothing_there
from treadle.tracking.child.visiting import current_visitor
from treadle.tracking.paths import artifact_key
from treadle.tracking.sources import Sources

SCHEME = "treadle"
#: What MLflow calls the same places where a client is to see them.
PROXIED_SCHEME = "mlflow-artifacts"
_PIECE_BYTES = 1024 * 1024
_IN_MEMORY_BYTES = 1024 * 1024


def repositories(objects: ObjectStore, sources: Sources | None = None) -> Callable[..., Artifacts]:
    """What MLflow calls for a place of either scheme; ``sources``: of versions of models."""

    def open_artifacts(
        artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> Artifacts:
        return Artifacts(objects, artifact_uri, tracking_uri, registry_uri, sources=sources)

    return open_artifacts


class Artifacts(StreamUploadMixin, ArtifactRepository):  # type: ignore[misc]
    """The artifacts below one place, which is the root of all or lies in one workspace.

    MLflow reads places that clients have named, so that each method looks again whether the place lies in the
    request's workspace. What is uploaded is there as a whole or not at all.
    """

    def __init__(
        self,
        objects: ObjectStore,
        artifact_uri: str,
        tracking_uri: str | None = None,
        registry_uri: str | None = None,
        *,
        sources: Sources | None = None,
    ) -> None:
        self._objects = objects
        self._sources = sources
        self._below = _place_in(artifact_uri)
        if self._below:
            guards.check_place(self._below)
        super().__init__(artifact_uri, tracking_uri, registry_uri)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Store a file of this machine; MLflow has written it."""
        place = self._place(posixpath.join(artifact_path or "", os.path.basename(local_file)))
        with open(local_file, "rb") as file:
            self._put(place, _pieces(file))

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Store the files of a folder of this machine."""
        root = Path(local_dir)
        self._place(artifact_path)
        for path in sorted(found for found in root.rglob("*") if found.is_file()):
            folder = posixpath.join(artifact_path or "", path.relative_to(root).parent.as_posix())
            self.log_artifact(str(path), folder)

    def log_artifact_from_stream(
        self, stream: BinaryIO, artifact_file_name: str, artifact_path: str | None = None
    ) -> None:
        """Store what comes."""
        name = posixpath.basename(artifact_file_name)
        self._put(self._place(posixpath.join(artifact_path or "", name)), _pieces(stream))

    async def log_artifact_from_async_stream(
        self, chunks: AsyncIterable[bytes], artifact_file_name: str, artifact_path: str | None = None
    ) -> None:
        """Store what comes, once it has come."""
        place = self._place(posixpath.join(artifact_path or "", posixpath.basename(artifact_file_name)))
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
            async for chunk in chunks:
                file.write(chunk)
            file.seek(0)
            await asyncio.to_thread(self._put, place, _pieces(file))

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """Files and folders directly below ``path``; none where it is a file."""
        folder = self._place(path)
        prefix = artifact_key(folder) + "/"
        sizes: dict[str, int | None] = {}
        with _told():
            for found in self._objects.list(prefix):
                name, slash, _ = found.key.removeprefix(prefix).partition("/")
                sizes[name] = None if slash else found.size_bytes
        below = folder.removeprefix(self._below).strip("/")
        return [
            FileInfo(posixpath.join(below, name), size is None, size) for name, size in sorted(sizes.items())
        ]

    def get_local_path(self, artifact_path: str) -> str | None:
        """The file itself where objects are files; MLflow only reads it."""
        place = self._place(artifact_path)
        if not isinstance(self._objects, LocalObjects):
            return None
        with _told():
            path = self._objects.root / check_key(artifact_key(place))
        if not path.exists():
            raise nothing_there()
        return str(path)

    def download_artifacts(self, artifact_path: str | None, dst_path: str | None = None) -> str:
        """Copy a file, or a folder with all that is in it, into ``dst_path``, or a new folder."""
        place = self._place(artifact_path)
        below = place.removeprefix(self._below).strip("/")
        target = Path(dst_path or tempfile.mkdtemp())
        with _told():
            found = [stored.key for stored in self._objects.list(artifact_key(place) + "/")]
        if not found:
            self._download_file(below, target / below)
        for key in found:
            inside = key.removeprefix(artifact_key(self._below)).strip("/")
            self._download_file(inside, target / inside)
        return str(target / below)

    def _download_file(self, remote_file_path: str, local_path: str | Path) -> None:
        key = artifact_key(self._place(remote_file_path))
        with _told():
            chunks = self._objects.read(key)
            Path(local_path).parent.mkdir(parents=True, exist_ok=True)
            with open(local_path, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete a file, or a folder with all that is in it; not a workspace's as a whole."""
        place = self._place(artifact_path)
        if place.count("/") < 2:
            text = "All artifacts of a workspace cannot be deleted at once. Name a folder."
            raise MlflowException(text, INVALID_PARAMETER_VALUE)
        key = artifact_key(place)
        with _told():
            for found in list(self._objects.list(key + "/")):
                self._objects.delete(found.key)
            self._objects.delete(key)

    def _put(self, place: str, chunks: Iterable[bytes]) -> None:
        key, visitor = artifact_key(place), current_visitor()
        with _told():
            if self._sources is not None and visitor is not None:
                self._sources.check_may_store(visitor, self._objects, place)
            self._objects.put(key, chunks)

    def _place(self, path: str | None) -> str:
        """The place of ``path`` below ours, if it lies in the request's workspace."""
        segments = [self._below, *(path or "").split("/")]
        if ".." in segments or (path or "").startswith("/"):
            raise nothing_there()
        return guards.check_place("/".join(part for part in segments if part not in ("", ".")))


def _place_in(uri: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise nothing_there() from error
    # A place of another server, or one that is spelled so that another check may read it otherwise.
    if parts.scheme not in (SCHEME, PROXIED_SCHEME) or parts.netloc or parts.query or parts.fragment:
        raise nothing_there()
    segments = [part for part in parts.path.split("/") if part not in ("", ".")]
    if ".." in segments:
        raise nothing_there()
    return "/".join(segments)


def _pieces(file: Any) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the store, as MLflow's."""
    try:
        yield
    except TreadleError as error:
        raise MlflowException(error.message, _code_of(error)) from error


def _code_of(error: TreadleError) -> int:
    if isinstance(error, NotFound):
        return int(RESOURCE_DOES_NOT_EXIST)
    if isinstance(error, Invalid):
        return int(INVALID_PARAMETER_VALUE)
    if isinstance(error, Forbidden):
        return int(PERMISSION_DENIED)
    return int(TEMPORARILY_UNAVAILABLE if isinstance(error, Unavailable) else INTERNAL_ERROR)

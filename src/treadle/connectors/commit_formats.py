"""Further formats of labels, generated into a commit: a folder each."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from treadle.connectors.places import text_of
from treadle.connectors.repo_kind import formats_of
from treadle.connectors.storages import Storage
from treadle.jobs import JobRun
from treadle.labeling.export_keys import report_key
from treadle.labeling.exports.job import write_tasks
from treadle.labeling.exports.rows import read_tasks
from treadle.labeling.filters import TaskQuery
from treadle.labeling.formats import find_format
from treadle.objects.spool import open_spooled
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import File, NewFile

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Generated:
    """One format, on its way into a commit; its file lies beside the exports until it is there."""

    run: JobRun
    name: str
    folder: str

    @property
    def key(self) -> str:
        """Where the file lies meanwhile."""
        return f"exports/commit-{self.run.job.id}-{self.name.lower()}"

    def make(self) -> None:
        """Write the labels of the whole project."""
        tasks = read_tasks(
            self.run.database,
            self.run.grant,
            TaskQuery(),
            lambda _count: self.run.check_cancelled(),
            with_all=False,
        )
        write_tasks(self.run, self.key, self.name, tasks)

    def files(self) -> Iterator[NewFile]:
        """What the format is made of."""
        extension = find_format(self.name).extension
        with open_spooled(self.run.objects, self.key) as file:
            if extension != "zip":
                yield NewFile(f"{self.folder}result.{extension}", _chunks(file))
                return
            with zipfile.ZipFile(file) as archive:
                for entry in archive.infolist():
                    with archive.open(entry) as content:
                        yield NewFile(f"{self.folder}{entry.filename}", _chunks(content))

    def names(self) -> set[str]:
        """The paths of `files`."""
        return {each.path for each in self.files()}

    def left_over(self, before: Snapshot) -> list[str]:
        """The files of the format at an earlier commit that are none now."""
        now = self.names()
        lying = [each.path for each in before.list(prefix=self.folder) if isinstance(each, File)]
        return [path for path in lying if path not in now]

    def forget(self) -> None:
        """Delete the file that lay beside the exports."""
        self.run.objects.delete(self.key)
        self.run.objects.delete(report_key(self.key))


def generate(run: JobRun, storage: Storage) -> list[Generated]:
    """The formats that a target wants, still to be made."""
    prefix = text_of(storage.options, "prefix").strip("/")
    under = f"{prefix}/" if prefix else ""
    return [Generated(run, name, f"{under}{name.lower()}/") for name in formats_of(storage.options)]


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk

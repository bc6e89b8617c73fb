"""An engine with one repo, and shorter words for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.repos.making import add_repo, first_person
from treadle.access import Grant
from treadle.db import Database
from treadle.objects import LocalObjects
from treadle.repos import branches, commits
from treadle.repos.catalogue import repo_id_of
from treadle.repos.engine import RepoEngine
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import Commit, File, Folder, NewFile


@dataclass(frozen=True)
class Bench:
    """An engine with one repo."""

    engine: RepoEngine
    grant: Grant

    @property
    def repo_id(self) -> int:
        return repo_id_of(self.grant)

    def start(self, branch: str = "master") -> str:
        with self.engine.database.write() as tx:
            return commits.start(tx, self.grant, branch).id

    def shared(self, branch: str = "master") -> str:
        with self.engine.database.write() as tx:
            return commits.shared_open(tx, self.grant, branch).id

    def put(self, commit_id: str, path: str, content: bytes = b"bytes", **more: Any) -> File:
        return self.engine.put(self.grant, commit_id, NewFile(path, [content]), **more)

    def delete(self, commit_id: str, path: str) -> None:
        self.engine.delete(self.grant, commit_id, path)

    def finish(self, commit_id: str, **more: Any) -> Commit:
        return self.engine.finish(self.grant, commit_id, "a message", **more)

    def commit(self, files: dict[str, bytes], *, branch: str = "master", **more: Any) -> Commit:
        new = [NewFile(path, [content]) for path, content in files.items()]
        return self.engine.commit_files(self.grant, branch, new, "a message", **more)

    def reset(self, to: str | None, expected_head: str | None) -> None:
        with self.engine.database.write() as tx:
            branches.reset(tx, self.grant, "master", to=to, expected_head=expected_head)

    def at(self, commit_id: str) -> Snapshot:
        return self.engine.at(self.repo_id, commit_id)

    def files(self, commit_id: str) -> dict[str, bytes]:
        snapshot = self.at(commit_id)
        paths = [each.path for each in snapshot.list()]
        return dict(zip(paths, snapshot.read_many(paths), strict=True))

    def listed(self, commit_id: str, *args: Any, **more: Any) -> list[str]:
        return names(list(self.at(commit_id).list(*args, **more)))

    def changed(self, old: str | None, new: str, **more: Any) -> list[tuple[str, bool, bool]]:
        """(path, was there, is there) of what differs."""
        found = self.engine.diff(self.repo_id, old, new, **more)
        return [(each.path, each.old is not None, each.new is not None) for each in found]

    def head(self, branch: str = "master") -> str | None:
        with self.engine.database.read() as tx:
            return branches.get(tx, self.repo_id, branch).head


def names(found: list[File | Folder]) -> list[str]:
    return [each.path for each in found]


def open_bench(database: Database, folder: Path) -> Bench:
    """A repo images in a new installation."""
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
    return Bench(RepoEngine(database, LocalObjects(folder / "objects")), grant)


def reopened(bench: Bench) -> Bench:
    """The same repo in an engine that remembers nothing."""
    return Bench(RepoEngine(bench.engine.database, bench.engine.objects), bench.grant)

"""Files put, finished, listed, read and compared, on both databases and real files."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.repos.making import add_repo, first_person
from treadle.access import Grant
from treadle.db import Database
from treadle.db.repo_tables import repo_staged
from treadle.db.schema import events
from treadle.objects import LocalObjects
from treadle.repos import branches, commits
from treadle.repos.catalogue import repo_id_of
from treadle.repos.engine import RepoEngine
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import Commit, File, NewFile

LARGE = random.Random(1).randbytes(9 * 1024**2)  # of more than one chunk


@dataclass(frozen=True)
class Bench:
    """An engine with one repo, and shorter words for it."""

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

    def put(self, commit_id: str, path: str, content: bytes = b"bytes") -> File:
        return self.engine.put(self.grant, commit_id, NewFile(path, [content]))

    def finish(self, commit_id: str, **more: bool) -> Commit:
        return self.engine.finish(self.grant, commit_id, "a message", **more)

    def commit(self, files: dict[str, bytes], **more: object) -> Commit:
        new = [NewFile(path, [content]) for path, content in files.items()]
        return self.engine.commit_files(self.grant, "master", new, "a message", **more)  # type: ignore[arg-type]

    def at(self, commit_id: str) -> Snapshot:
        return self.engine.at(self.repo_id, commit_id)

    def files(self, commit_id: str) -> dict[str, bytes]:
        snapshot = self.at(commit_id)
        paths = [each.path for each in snapshot.list()]
        return dict(zip(paths, snapshot.read_many(paths), strict=True))

    def head(self, branch: str = "master") -> str | None:
        with self.engine.database.read() as tx:
            return branches.get(tx, self.repo_id, branch).head


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
    return Bench(RepoEngine(database, LocalObjects(tmp_path / "objects")), grant)


def reopened(bench: Bench, tmp_path: Path) -> Bench:
    """The same repo in an engine that remembers nothing."""
    return Bench(RepoEngine(bench.engine.database, LocalObjects(tmp_path / "objects")), bench.grant)


def test_what_was_put_is_read_while_the_commit_is_open_and_after_it(bench: Bench, tmp_path: Path) -> None:
    opened = bench.start()
    wanted = {"a/large.bin": LARGE, "a/small.txt": b"small", "empty": b""}
    for path, content in wanted.items():
        assert bench.put(opened, path, content).size_bytes == len(content)
    assert bench.files(opened) == wanted
    assert bench.head() is None
    finished = bench.finish(opened)
    assert (finished.state, finished.file_count, finished.size_bytes) == ("finished", 3, len(LARGE) + 5)
    assert bench.head() == finished.id == opened
    fresh = reopened(bench, tmp_path)
    assert fresh.files(opened) == wanted
    assert (
        b"".join(fresh.at(opened).read("a/large.bin", 8 * 1024**2 - 2, 8 * 1024**2 + 2))
        == (LARGE[8 * 1024**2 - 2 : 8 * 1024**2 + 2])
    )
    with bench.engine.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(repo_staged)).scalar() == 0
        (event,) = tx.execute(select(events).where(events.c.kind == "commit.finished")).all()
    assert event.subject_id == finished.row_id

"""A repo with its engine, over a real database and a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.repos.making import add_repo, first_person
from treadle.access import Grant
from treadle.db import Database
from treadle.objects import LocalObjects
from treadle.repos import branches
from treadle.repos.catalogue import repo_id_of
from treadle.repos.engine import RepoEngine
from treadle.repos.values import Commit, NewFile

Wanted = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Yard:
    """A repo that is empty at first, and who may write it."""

    engine: RepoEngine
    grant: Grant

    @property
    def database(self) -> Database:
        """The open database."""
        return self.engine.database

    @property
    def repo_id(self) -> int:
        """The id of the repo."""
        return repo_id_of(self.grant)

    def commit(self, branch: str, wanted: Wanted, message: str = "") -> Commit:
        """A commit of these contents by path; None deletes."""
        files = [NewFile(path, [data]) for path, data in wanted.items() if data is not None]
        deletes = [path for path, data in wanted.items() if data is None]
        return self.engine.commit_files(self.grant, branch, files, message, deletes=deletes, allow_empty=True)

    def branch(self, name: str, at: Commit | None) -> None:
        """A new branch at a commit."""
        with self.database.write() as tx:
            branches.create(tx, self.grant, name, at.id if at else None)

    def head(self, branch: str) -> str | None:
        """The id of the branch's head."""
        with self.database.read() as tx:
            return branches.get(tx, self.repo_id, branch).head

    def files(self, commit_id: str) -> dict[str, bytes]:
        """The contents of a commit by path."""
        snapshot = self.engine.at(self.repo_id, commit_id)
        return {each.path: b"".join(snapshot.read(each.path)) for each in snapshot.list()}


def open_yard(database: Database, folder: Path) -> Yard:
    """A new repo, by an engine of its own."""
    with database.write() as tx:
        grant = add_repo(tx, first_person(tx))
    return Yard(RepoEngine(database, LocalObjects(folder)), grant)


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Yard:
    """A repo that is empty."""
    return open_yard(database, tmp_path / "objects")

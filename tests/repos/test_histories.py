"""Random histories of a repo beside a dictionary: what is listed, read and refused is the same in both."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.repos.bench import Bench, reopened
from tests.repos.making import add_repo, first_person
from treadle.access import Actor
from treadle.db import Database, connect_url
from treadle.errors import Conflict, NotFound
from treadle.objects import LocalObjects
from treadle.repos import branches, commits
from treadle.repos.collecting import collect
from treadle.repos.engine import RepoEngine
from treadle.repos.tree import build
from treadle.repos.values import Folder

Files = dict[str, bytes]

PATHS = ("a", "a-", "a/b", "a/b/c", "a/d", "b", "b/a", "c/a/b", "ä")
FOLDERS = ("a", "a/b", "b", "c", "")
#: By a name: what Hypothesis tells of a failure stays short.
CONTENTS = {"empty": b"", "one": b"one", "two": b"two", "large": b"large " * 22_500}
BRANCHES = ("master", "side")
names = itertools.count()


@dataclass
class Open:
    """An open commit of the model."""

    branch: str
    base: Files
    changes: dict[str, bytes | None] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    is_shared: bool = False

    def drop(self, folder: str) -> None:
        self.changes = {path: each for path, each in self.changes.items() if not is_in(path, folder)}
        self.deleted.add(folder)

    def over(self, below: Files) -> Files:
        kept = {path for path in below if not any(is_in(path, gone) for gone in self.deleted)}
        seen = {**{path: below[path] for path in kept}, **self.changes}
        return {path: each for path, each in seen.items() if each is not None}


def is_in(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def some_files(least: int) -> st.SearchStrategy[dict[str, str]]:
    """Files by path, of contents by their names."""
    return st.dictionaries(st.sampled_from(PATHS), st.sampled_from([*CONTENTS]), min_size=least, max_size=4)


def clashes(files: Files) -> bool:
    return any(other.startswith(f"{path}/") for path in files for other in files)


class Histories(RuleBasedStateMachine):
    """One repo of a database that is shared by all histories."""

    database: Database
    folder: Path
    actor: Actor

    opened = Bundle("opened")
    finished = Bundle("finished")

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as tx:
            grant = add_repo(tx, self.actor, f"history-{next(names)}")
            branches.create(tx, grant, "side")
        self.bench = Bench(RepoEngine(self.database, LocalObjects(self.folder)), grant)
        self.commits: dict[str, Files] = {}
        self.heads: dict[str, str | None] = dict.fromkeys(BRANCHES)
        self.open: dict[str, Open] = {}

    # Commits

    @initialize(target=opened)
    def begin(self) -> object:
        return multiple(self.start("master"), self.share("master"))

    @rule(target=opened, branch=st.sampled_from(BRANCHES))
    def start(self, branch: str) -> str:
        key = self.bench.start(branch)
        self.open[key] = Open(branch, self.head_of(branch))
        return key

    @rule(target=opened, branch=st.sampled_from(BRANCHES))
    def share(self, branch: str) -> str:
        key = self.bench.shared(branch)
        order = self.open.setdefault(key, Open(branch, self.head_of(branch), is_shared=True))
        if not order.changes and not order.deleted:
            order.base = self.head_of(branch)
        return key

    @rule(target=finished, key=opened)
    def finish(self, key: str) -> object:
        if key not in self.open:
            with pytest.raises((Conflict, NotFound)):
                self.bench.finish(key)
            return multiple()
        order = self.open[key]
        result = self.finished_as(order)
        if isinstance(result, str):
            with pytest.raises(Conflict) as refused:
                self.bench.finish(key)
            assert refused.value.code == result
            return multiple()
        self.bench.finish(key)
        return self.made(order.branch, key, result, done=key)

    @rule(
        target=finished,
        branch=st.sampled_from(BRANCHES),
        files=some_files(least=0),
        deletes=st.lists(st.sampled_from([*PATHS, "a/", "/"]), max_size=2),
        replaces=st.booleans(),
    )
    def commit(self, branch: str, files: dict[str, str], deletes: list[str], *, replaces: bool) -> object:
        wanted = {path: CONTENTS[name] for path, name in files.items()}
        head = self.head_of(branch)
        folders = [each[:-1] for each in deletes if each.endswith("/")]
        gone = {path for path in head if path in deletes or any(is_in(path, each) for each in folders)}
        kept = {path: each for path, each in head.items() if not replaces and path not in gone}
        result = {**kept, **wanted}
        if clashes(result) or result == head:
            with pytest.raises(Conflict) as refused:
                self.bench.commit(wanted, branch=branch, deletes=deletes, replace_all=replaces)
            assert refused.value.code == ("file-and-folder" if clashes(result) else "commit-empty")
            return multiple()
        made = self.bench.commit(wanted, branch=branch, deletes=deletes, replace_all=replaces)
        return self.made(branch, made.id, result)

    @rule(branch=st.sampled_from(BRANCHES), to=finished)
    def reset(self, branch: str, to: str) -> None:
        with self.database.write() as tx:
            branches.reset(tx, self.bench.grant, branch, to=to, expected_head=self.heads[branch])
        self.heads[branch] = to

    # Into open ones

    @rule(key=opened, files=some_files(least=1))
    def put(self, key: str, files: dict[str, str]) -> None:
        for path, name in files.items():
            content = CONTENTS[name]
            if order := self.change(key, lambda: self.bench.put(key, path, content)):  # noqa: B023
                order.changes[path] = content

    @rule(key=opened, path=st.sampled_from(PATHS))
    def delete(self, key: str, path: str) -> None:
        if order := self.change(key, lambda: self.bench.delete(key, path), path in self.seen(key)):
            order.changes[path] = None

    @rule(key=opened, folder=st.sampled_from(FOLDERS))
    def delete_folder(self, key: str, folder: str) -> None:
        is_there = any(is_in(path, folder) for path in self.seen(key))
        if order := self.change(key, lambda: self.bench.delete(key, f"{folder}/"), is_there):
            order.drop(folder)

    @rule(key=opened, source=opened | finished, path=st.sampled_from(PATHS), place=st.sampled_from(PATHS))
    def copy(self, key: str, source: str, path: str, place: str) -> None:
        found = taken(self.seen(source), path, place)
        engine, grant = self.bench.engine, self.bench.grant
        if order := self.change(
            key, lambda: engine.copy(grant, key, path, place, source_commit=source), bool(found)
        ):
            order.changes.update(found)

    @rule(key=opened, path=st.sampled_from(PATHS), place=st.sampled_from(PATHS))
    def move(self, key: str, path: str, place: str) -> None:
        seen = self.seen(key)
        found = taken(seen, path, place)
        engine, grant = self.bench.engine, self.bench.grant
        if order := self.change(key, lambda: engine.move(grant, key, path, place), bool(found)):
            if path in seen:
                order.changes[path] = None
            else:
                order.drop(path)
            order.changes.update(found)

    # To look at

    @rule(old=finished, new=opened | finished)
    def compare(self, old: str, new: str) -> None:
        if not self.is_known(new):
            return
        before, after = self.commits[old], self.seen(new)
        differing = sorted(
            path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        )
        assert [path for path, _was, _is in self.bench.changed(old, new)] == differing

    @rule(key=opened | finished, prefix=st.sampled_from(["", "a", "a/", "b/"]))
    def fold(self, key: str, prefix: str) -> None:
        if not self.is_known(key):
            return
        rests = {path: path[len(prefix) :] for path in self.seen(key) if path.startswith(prefix)}
        wanted = {prefix + rest.partition("/")[0] + rest.partition("/")[1] for rest in rests.values()}
        found = list(self.bench.at(key).list(prefix, delimiter="/"))
        assert [each.path for each in found] == sorted(wanted)
        assert all(isinstance(each, Folder) == each.path.endswith("/") for each in found)

    @rule(is_collected=st.booleans())
    def reopen(self, *, is_collected: bool) -> None:
        self.bench = reopened(self.bench)
        if is_collected:
            collect(self.bench.engine, self.bench.repo_id, grace=timedelta(0))

    def teardown(self) -> None:
        last = reopened(self.bench)
        for key in [*self.commits, *self.open]:
            assert last.files(key) == self.seen(key)
        for key in self.commits:
            check_root(last, key)
        assert {branch: last.head(branch) for branch in BRANCHES} == self.heads

    # The model

    def head_of(self, branch: str) -> Files:
        head = self.heads[branch]
        return self.commits[head] if head else {}

    def is_known(self, key: str) -> bool:
        return key in self.commits or key in self.open

    def seen(self, key: str) -> Files:
        if key in self.commits:
            return self.commits[key]
        order = self.open.get(key)
        if order is None:
            return {}
        return order.over(self.head_of(order.branch) if order.is_shared else order.base)

    def finished_as(self, order: Open) -> Files | str:
        """What the open commit becomes, or the code of why not."""
        head, base = self.head_of(order.branch), order.base
        gone = {path for path in base if any(is_in(path, each) for each in order.deleted)}
        wanted = {**dict.fromkeys(gone), **order.changes}
        moved = {path for path in head.keys() | base.keys() if head.get(path) != base.get(path)}
        under = {path for path in moved & head.keys() if any(is_in(path, each) for each in order.deleted)}
        if under or any(head.get(path) != wanted[path] for path in moved & wanted.keys()):
            return "commit-collides"
        result = {path: each for path, each in {**head, **wanted}.items() if each is not None}
        if clashes(result):
            return "file-and-folder"
        return "commit-empty" if result == head else result

    def made(self, branch: str, key: str, result: Files, done: str | None = None) -> str:
        self.commits[key] = result
        self.heads[branch] = key
        if done is not None:
            del self.open[done]
        assert self.bench.files(key) == result
        return key

    def change(self, key: str, act: Callable[[], object], is_there: bool = True) -> Open | None:
        """Do it; the open commit where that is to be done in the model too."""
        order = self.open.get(key)
        if order is not None and is_there:
            act()
            return order
        with pytest.raises((Conflict, NotFound)):
            act()
        return None


def taken(files: Files, source: str, place: str) -> Files:
    """What is copied from a path to another."""
    if source in files:
        return {place: files[source]}
    return {place + path[len(source) :]: each for path, each in files.items() if is_in(path, source)}


def check_root(bench: Bench, key: str) -> None:
    """The tree is that which its files make up anew."""
    with bench.engine.database.read() as tx:
        tree = bench.engine.tree(commits.get(tx, key))
    writer = bench.engine.contents(bench.repo_id).writer()
    assert build(tree.nodes, writer, tree.scan()).root == tree.root
    writer.abandon()


def run_histories(database: Database, folder: Path, count: int) -> None:
    """That many, in one database."""
    with database.write() as tx:
        actor = first_person(tx)
    machine = type("History", (Histories,), {"database": database, "folder": folder, "actor": actor})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=count,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder that no history waits for, where the machine has one in memory."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@contextmanager
def new_database(folder: Path, migrated: Path) -> Iterator[Database]:
    """A migrated SQLite database in the folder."""
    path = folder / "treadle.sqlite3"
    shutil.copyfile(migrated, path)
    database = Database.open(connect_url(path))
    yield database
    database.close()


def test_a_history_on_sqlite_is_that_of_a_dictionary(migrated_sqlite: Path, memory: Path) -> None:
    with new_database(memory, migrated_sqlite) as database:
        run_histories(database, memory, 200)


def test_a_history_on_postgresql_is_that_of_a_dictionary(postgresql_url: str, memory: Path) -> None:
    database = Database.open(postgresql_url)
    run_histories(database, memory, 20)
    database.close()


@pytest.mark.long
def test_twenty_thousand_histories_are_those_of_a_dictionary(migrated_sqlite: Path, memory: Path) -> None:
    with new_database(memory, migrated_sqlite) as database:
        run_histories(database, memory, 20_000)

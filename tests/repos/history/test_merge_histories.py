"""Random histories that fork and merge beside dictionaries: the same files, or the same conflicts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.repos.history.conftest import Yard
from tests.repos.making import add_repo, first_person
from tests.repos.test_histories import clashes, memory, new_database
from treadle.access import Actor
from treadle.db import Database
from treadle.errors import Conflict
from treadle.objects import LocalObjects
from treadle.repos import branches, merging, retention
from treadle.repos.ancestry import Forebear, Forebears, meeting_points
from treadle.repos.checking import fsck
from treadle.repos.collecting import collect
from treadle.repos.engine import RepoEngine
from treadle.repos.values import Commit, MergeConflicts

__all__ = ["memory"]

UNDECIDED: Final = object()
#: What a path holds: bytes; None for nothing, UNDECIDED where what two sides come from disagrees.
Held = dict[str, object]
Files = dict[str, bytes]

PATHS = ("a", "a-", "a/b", "b", "c/a/b", "ä")
BRANCHES = ("master", "side", "third")
names = itertools.count()
branch_names = st.sampled_from(BRANCHES)
changes = st.dictionaries(
    st.sampled_from(PATHS), st.none() | st.sampled_from([b"1", b"2", b"3"]), min_size=1, max_size=3
)


def three_way(base: Held, ours: Held, theirs: Held) -> Held:
    """What becomes of each path; UNDECIDED where both changed it."""

    def become(was: object, mine: object, other: object) -> object:
        if mine is not UNDECIDED and mine == other:
            return mine
        if other == was and was is not UNDECIDED:
            return mine
        return other if mine == was and was is not UNDECIDED else UNDECIDED

    paths = base.keys() | ours.keys() | theirs.keys()
    merged = {path: become(base.get(path), ours.get(path), theirs.get(path)) for path in paths}
    return {path: held for path, held in merged.items() if held is not None}


class MergeHistories(RuleBasedStateMachine):
    """One repo with three branches."""

    database: Database
    folder: Path
    actor: Actor

    def __init__(self) -> None:
        super().__init__()
        with self.database.write() as tx:
            grant = add_repo(tx, self.actor, f"merges-{next(names)}")
            for name in BRANCHES[1:]:
                branches.create(tx, grant, name)
        self.yard = Yard(RepoEngine(self.database, LocalObjects(self.folder)), grant)
        self.files: dict[str, Files] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.heads: dict[str, str | None] = dict.fromkeys(BRANCHES)

    @rule(branch=branch_names, wanted=changes)
    def commit(self, branch: str, wanted: dict[str, bytes | None]) -> None:
        before = self.files_of(self.heads[branch])
        result = {path: held for path, held in {**before, **wanted}.items() if held is not None}
        if not clashes(result):
            self.made(branch, self.yard.commit(branch, wanted), result)

    @rule(into=branch_names, source=branch_names, prefer=st.sampled_from([None, None, "ours", "theirs"]))
    def merge(self, into: str, source: str, prefer: str | None) -> None:
        self.merge_commit(into, self.heads[source], prefer)

    @rule(one=branch_names, other=branch_names, wanted=changes, others=changes)
    def cross(
        self, one: str, other: str, wanted: dict[str, bytes | None], others: dict[str, bytes | None]
    ) -> None:
        """Both change something, and each merges what the other was before it merged."""
        self.commit(one, wanted)
        self.commit(other, others)
        before, others_before = self.heads[one], self.heads[other]
        self.merge_commit(one, others_before, "ours")
        self.merge_commit(other, before, "ours")

    def merge_commit(self, into: str, theirs: str | None, prefer: str | None) -> None:
        ours = self.heads[into]
        if theirs is None:
            return

        def merge() -> Commit:
            how = {"into": into, "source": theirs, "prefer": prefer}
            return merging.merge(self.yard.engine, self.yard.grant, **how)  # type: ignore[arg-type]

        if ours is None or theirs in self.history(ours):
            assert merge().id == (ours or theirs)
            self.heads[into] = ours or theirs
            return
        self.apply(into, merge, base=self.base((ours,), (theirs,)), theirs=theirs, prefer=prefer)

    @rule(branch=branch_names, data=st.data(), is_back=st.booleans())
    def pick_or_revert(self, branch: str, data: st.DataObject, *, is_back: bool) -> None:
        if not self.files:
            return
        commit = data.draw(st.sampled_from(sorted(self.files, key=list(self.files).index)))
        before = self.parents[commit][0] if self.parents[commit] else None
        old, new = (commit, before) if is_back else (before, commit)

        def act() -> Commit:
            if is_back:
                return merging.revert(self.yard.engine, self.yard.grant, on=branch, commit_id=commit)
            return merging.cherry_pick(self.yard.engine, self.yard.grant, onto=branch, commit_id=commit)

        self.apply(branch, act, base=dict(self.files_of(old)), theirs=new, prefer=None)

    @rule()
    def collect(self) -> None:
        collect(self.yard.engine, self.yard.repo_id, grace=timedelta(0))

    def teardown(self) -> None:
        assert {branch: self.yard.head(branch) for branch in BRANCHES} == self.heads
        for _ in range(2):
            collect(self.yard.engine, self.yard.repo_id, grace=timedelta(0))
        for commit, files in self.files.items():
            assert self.yard.files(commit) == files
        assert list(fsck(self.yard.engine, self.yard.repo_id)) == []
        with self.database.write() as tx:
            retention.change(tx, self.yard.grant, retention.Rules(keep_days=1))
            old = f"UPDATE repo_commits SET finished_at = 0 WHERE repo_id = {self.yard.repo_id}"
            tx.connection.exec_driver_sql(old)
        dropped = retention.drop_old(self.database, self.yard.repo_id)
        kept = {head for head in self.heads.values() if head is not None}
        assert dropped == len(self.files) - len(kept)
        for _ in range(2):
            collect(self.yard.engine, self.yard.repo_id, grace=timedelta(0))
        for commit in kept:
            assert self.yard.files(commit) == self.files[commit]

    def apply(
        self, branch: str, act: Callable[[], Commit], *, base: Held, theirs: str | None, prefer: str | None
    ) -> None:
        """Do it, and expect what the dictionaries say."""
        ours = dict[str, object](self.files_of(self.heads[branch]))
        other = dict[str, object](self.files_of(theirs))
        merged = three_way(base, ours, other)
        torn = {path for path, held in merged.items() if held is UNDECIDED}
        if prefer is not None:
            side = ours if prefer == "ours" else other
            merged.update({path: side.get(path) for path in torn})
            torn = set()
        result = {path: held for path, held in merged.items() if held is not None and held is not UNDECIDED}
        kept = {**result, **{path: ours[path] for path in torn & ours.keys()}}
        clashing = {file for file in kept for path in kept if path.startswith(f"{file}/")}
        if prefer is not None and clashing:
            return  # which side goes first is told by tests of its own
        if torn or clashing:
            with pytest.raises(MergeConflicts) as told:
                act()
            assert {each.path for each in told.value.conflicts} == torn | clashing
            return
        if result == ours and act.__name__ != "merge":
            with pytest.raises(Conflict, match="nothing to do"):
                act()
            return
        self.made(branch, act(), result)  # type: ignore[arg-type]

    def made(self, branch: str, commit: Commit, files: Files) -> None:
        assert self.yard.files(commit.id) == files
        self.files[commit.id], self.parents[commit.id] = files, commit.parents
        self.heads[branch] = commit.id

    def files_of(self, commit: str | None) -> Files:
        return self.files[commit] if commit else {}

    def history(self, commit: str) -> set[str]:
        return {commit}.union(*(self.history(parent) for parent in self.parents[commit]))

    def base(self, ours: Iterable[str], theirs: Iterable[str]) -> Held:
        """What both sides come from: the merge of their newest common ancestors."""
        mine, other = (set().union(*(self.history(each) for each in side)) for side in (ours, theirs))
        best = [
            one
            for one in self.files
            if one in mine & other and not any(one in self.history(each) - {each} for each in mine & other)
        ]
        if not best:
            return {}
        newest_first = meeting_points(self.find, tuple(ours), tuple(theirs))
        assert set(newest_first) == set(best)
        held: Held = dict(self.files[newest_first[0]])
        for at in range(1, len(newest_first)):
            below = self.base(newest_first[:at], newest_first[at : at + 1])
            held = three_way(below, held, dict(self.files[newest_first[at]]))
        return held

    def find(self, commit: str) -> Forebear:
        with self.database.read() as tx:
            return Forebears(tx).find(commit)


def run_histories(database: Database, folder: Path, count: int) -> None:
    """That many, in one database."""
    with database.write() as tx:
        actor = first_person(tx)
    machine = type(
        "MergeHistory", (MergeHistories,), {"database": database, "folder": folder, "actor": actor}
    )
    how = settings(
        max_examples=count,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(machine, settings=how)


def test_a_history_of_merges_on_sqlite_is_that_of_dictionaries(migrated_sqlite: Path, memory: Path) -> None:
    with new_database(memory, migrated_sqlite) as database:
        run_histories(database, memory, 20)


def test_a_history_of_merges_on_postgresql_is_that_of_dictionaries(postgresql_url: str, memory: Path) -> None:
    database = Database.open(postgresql_url)
    run_histories(database, memory, 3)
    database.close()


@pytest.mark.long
def test_two_thousand_histories_of_merges_are_those_of_dictionaries(
    migrated_sqlite: Path, memory: Path
) -> None:
    with new_database(memory, migrated_sqlite) as database:
        run_histories(database, memory, 2_000)

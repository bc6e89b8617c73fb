"""A process that is killed at a step of merge or gc loses nothing, and shows no half of it."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.repos.history.conftest import Yard, open_yard
from tests.repos.history.killed import Order, collect_thrice, kill_at, merge
from treadle.db import Database
from treadle.repos import merging, retention
from treadle.repos.checking import fsck
from treadle.repos.collecting import collect
from treadle.repos.values import MergeConflicts

MERGE_STEPS = (
    "merge.base-found",
    "merge.before-swap",
    "finish.half-pack",
    "finish.pack-without-index",
    "finish.packs-written",
    "finish.in-transaction",
    "finish.after-transaction",
)
GC_STEPS = ("gc.marked", "gc.marked:2", "gc.in-repack", "gc.row-gone", "gc.bytes-gone")


@pytest.mark.parametrize("step", MERGE_STEPS)
def test_a_kill_in_a_merge_leaves_the_branch_before_or_after_it(
    database: Database, tmp_path: Path, step: str
) -> None:
    kill_a_merge(open_yard(database, tmp_path), tmp_path, step, seed=0)


def test_a_kill_in_a_merge_with_conflicts_changes_nothing(database: Database, tmp_path: Path) -> None:
    yard = open_yard(database, tmp_path)
    start = yard.commit("master", {"a": b"1"})
    yard.branch("side", start)
    ours, theirs = yard.commit("master", {"a": b"2"}), yard.commit("side", {"a": b"3"})
    kill_at("merge.conflicts-stored=kill", merge, Order(database.url, tmp_path, yard.grant, theirs.id))
    assert yard.head("master") == ours.id
    with pytest.raises(MergeConflicts):
        merging.merge(yard.engine, yard.grant, into="master", source=theirs.id)


@pytest.mark.parametrize("step", GC_STEPS)
def test_a_kill_in_a_collection_takes_nothing_and_the_next_one_ends_it(
    database: Database, tmp_path: Path, step: str
) -> None:
    kill_a_collection(open_yard(database, tmp_path), tmp_path, step, seed=0)


@pytest.mark.long
@pytest.mark.parametrize("step", MERGE_STEPS)
def test_twenty_kills_in_merges_leave_the_branch_before_or_after_each(
    database: Database, tmp_path: Path, step: str
) -> None:
    yard = open_yard(database, tmp_path)
    for seed in range(20):
        kill_a_merge(yard, tmp_path, step, seed=seed)


@pytest.mark.long
@pytest.mark.parametrize("step", GC_STEPS)
def test_twenty_kills_in_collections_take_nothing(database: Database, tmp_path: Path, step: str) -> None:
    yard = open_yard(database, tmp_path)
    for seed in range(20):
        kill_a_collection(yard, tmp_path, step, seed=seed)


def some_files(chance: random.Random, folder: str, count: int) -> dict[str, bytes]:
    sizes = (0, 300, 3_000, 200_000)
    return {
        f"{folder}/{number}": chance.randbytes(chance.choice(sizes) if number else 3_000)
        for number in range(count)
    }


def kill_a_merge(yard: Yard, folder: Path, step: str, *, seed: int) -> None:
    chance = random.Random(seed)
    start = yard.commit("master", some_files(chance, f"base{seed}", 5))
    side = f"side{seed}"
    yard.branch(side, start)
    ours = yard.commit("master", some_files(chance, f"ours{seed}", 3))
    theirs = yard.commit(side, some_files(chance, f"theirs{seed}", 3))
    wanted = yard.files(ours.id) | yard.files(theirs.id)
    # The merge itself writes one pack, of nodes.
    kill_at(f"{step}=kill", merge, Order(yard.database.url, folder, yard.grant, theirs.id))
    head = str(yard.head("master"))
    assert yard.files(head) == (wanted if step == "finish.after-transaction" else yard.files(ours.id))
    merged = merging.merge(yard.engine, yard.grant, into="master", source=theirs.id)
    assert merged.parents == (ours.id, theirs.id)
    assert yard.files(merged.id) == wanted
    check_end(yard)


def kill_a_collection(yard: Yard, folder: Path, step: str, *, seed: int) -> None:
    chance = random.Random(seed)
    files = some_files(chance, "kept", 4)
    for number in range(chance.randrange(1, 4)):
        yard.commit("master", {**files, **some_files(chance, f"gone{number}", 9)})
    yard.engine.commit_files(yard.grant, "master", (), "few", deletes=["gone0/", "gone1/", "gone2/"])
    with yard.database.write() as tx:
        retention.change(tx, yard.grant, retention.Rules(keep_days=1))
        tx.connection.exec_driver_sql("UPDATE repo_commits SET finished_at = 0")
    retention.drop_old(yard.database, yard.repo_id)
    kill_at(f"{step}=kill", collect_thrice, Order(yard.database.url, folder, yard.grant))
    check_end(yard)
    assert yard.files(str(yard.head("master"))) == files


def check_end(yard: Yard) -> None:
    """Nothing is damaged, and what the dead process left goes with the next collections."""
    assert {problem.kind for problem in fsck(yard.engine, yard.repo_id)} <= {"unlisted"}
    for _ in range(3):
        collect(yard.engine, yard.repo_id, grace=timedelta(0), lifetime=timedelta(seconds=-1))
    assert list(fsck(yard.engine, yard.repo_id)) == []
    left = collect(yard.engine, yard.repo_id, grace=timedelta(0))
    assert (left.objects_deleted, left.objects_waiting) == (0, 0)

"""gc and fsck as jobs, and gc by itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.repos.history.conftest import Yard, open_yard
from treadle import jobs
from treadle.connectors.upkeep import FSCK_JOB, GC_JOB, collect_due, start_fsck, start_gc
from treadle.db import Database
from treadle.jobs import Job, JobKind, JobParts, JobState
from treadle.repos import catalogue, retention
from treadle.settings import Settings


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Yard:
    """A repo that is empty."""
    return open_yard(database, tmp_path / "objects")


def run(yard: Yard, kind: JobKind) -> Job:
    with yard.database.write() as tx:
        job = (start_gc if kind is GC_JOB else start_fsck)(tx, yard.grant)
    return jobs.run_in_place(JobParts(yard.database, yard.engine.objects, Settings()), kind, job.id)


def test_gc_follows_the_rules_and_says_what_it_did(yard: Yard) -> None:
    yard.commit("master", {"a": b"1"})
    yard.commit("master", {"a": b"2"})
    with yard.database.write() as tx:
        retention.change(tx, yard.grant, retention.Rules(keep_days=1))
        tx.connection.exec_driver_sql("UPDATE repo_commits SET finished_at = 0")
    job = run(yard, GC_JOB)
    assert job.state is JobState.DONE
    result = msgspec.json.decode(job.result or "")
    assert (result["commits_dropped"], result["packs_dropped"], result["objects_waiting"]) == (1, 1, 2)


def test_fsck_tells_each_file_that_is_damaged(yard: Yard, tmp_path: Path) -> None:
    commit = yard.commit("master", {"a": b"1", "b": b"2"})
    assert msgspec.json.decode(run(yard, FSCK_JOB).result or "") == {"problems": [], "problem_count": 0}
    for pack in (tmp_path / "objects").rglob("*.pack"):
        pack.write_bytes(bytes(pack.stat().st_size))
    result = msgspec.json.decode(run(yard, FSCK_JOB).result or "")
    assert result["problem_count"] == len(result["problems"]) > 0
    assert {each["commit"] for each in result["problems"]} == {commit.id}


def test_a_job_ends_where_its_repo_is_gone(yard: Yard) -> None:
    with yard.database.write() as tx:
        catalogue.delete(tx, yard.grant)
    job = run(yard, GC_JOB)
    assert (job.state, "repo-not-found" in (job.error or "")) == (JobState.FAILED, True)


def test_a_repo_is_cleared_by_itself_once_a_day_when_it_changed(yard: Yard) -> None:
    yard.commit("master", {"a": b"1"})
    with yard.database.read() as tx:
        assert retention.get(tx, yard.repo_id) == retention.Rules()
    collect_due(yard.engine)

    def collected_at() -> int:
        with yard.database.read() as tx:
            found = tx.connection.exec_driver_sql("SELECT collected_at FROM repo_upkeep").scalar_one()
        return int(found)

    first = collected_at()
    yard.commit("master", {"a": b"2"})
    collect_due(yard.engine)
    assert collected_at() == first
    two_days_us = 2 * 24 * 3600 * 1_000_000
    with yard.database.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE repo_upkeep SET collected_at = {first - two_days_us}")
    collect_due(yard.engine)
    assert collected_at() > first

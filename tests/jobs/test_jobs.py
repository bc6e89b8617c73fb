"""What a job does from its submission to its end."""

from __future__ import annotations

import msgspec
import pytest

from tests.jobs.conftest import Yard
from tests.jobs.kinds import WALK, break_down, read_lines
from tests.waiting import run_coroutine, wait_until
from treadle import events
from treadle.access import Actor
from treadle.db.schema import jobs, memberships
from treadle.errors import Conflict, NotFound
from treadle.jobs import (
    JobKind,
    JobRun,
    JobState,
    get_seen,
    request_cancel,
    run_in_place,
    runner,
    submit,
    wait_for,
)
from treadle.jobs.runner import give_up
from treadle.permissions import Permission


def test_a_job_runs_its_steps_and_keeps_its_result(yard: Yard) -> None:
    with yard.worker():
        job = yard.wait(yard.submit("walk", steps=3).id)
    assert job.state is JobState.DONE
    assert msgspec.json.decode(job.result or "") == {"seen": [0, 1, 2], "actor": "ed@example.com"}
    assert (job.progress_done, job.progress_total, job.message) == (3, 3, "took step 2")
    assert job.started_at is not None
    assert job.finished_at is not None


def test_a_submit_that_is_rolled_back_leaves_nothing(yard: Yard) -> None:
    with pytest.raises(RuntimeError):
        submit_and_fail(yard)
    with yard.database.read() as tx:
        assert tx.execute(jobs.select()).all() == []
        assert events.read_events(tx, 0) == []


def submit_and_fail(yard: Yard) -> None:
    with yard.database.write() as tx:
        submit(tx, yard.grant(), "walk", {})
        raise RuntimeError("the cause failed")


def test_each_change_of_a_job_is_an_event(yard: Yard) -> None:
    with yard.worker():
        yard.wait(yard.submit("walk", steps=1).id)
    with yard.database.read() as tx:
        kinds = [event.kind for event in events.read_events(tx, 0)]
    assert kinds == ["job.submitted", "job.started", "job.done"]


def test_an_error_of_ours_is_the_job_s_error(yard: Yard) -> None:
    with yard.worker():
        job = yard.wait(yard.submit("stumble").id)
    assert job.state is JobState.FAILED
    assert msgspec.json.decode(job.error or "") == {
        "category": "Invalid",
        "code": "row-wrong",
        "message": "Row 3 has no picture.",
        "fields": {"image": ["Give one."]},
    }


def test_a_defect_fails_the_job_without_its_text(yard: Yard) -> None:
    with yard.worker():
        job = yard.wait(yard.submit("break-down").id)
    error = msgspec.json.decode(job.error or "")
    assert (job.state, error["code"]) == (JobState.FAILED, "defect")
    assert "a defect" not in error["message"].replace("on a defect", "")


def test_a_kind_that_nobody_knows_fails(yard: Yard) -> None:
    with yard.worker():
        job = yard.wait(yard.submit("dance").id)
    assert (job.state, msgspec.json.decode(job.error or "")["code"]) == (JobState.FAILED, "job-kind")


def test_a_job_whose_submitter_lost_the_permission_does_nothing(yard: Yard) -> None:
    job = yard.submit("walk", steps=1)
    with yard.database.write() as tx:
        tx.execute(memberships.update().values(role="viewer"))
    with yard.worker():
        job = yard.wait(job.id)
    assert (job.state, msgspec.json.decode(job.error or "")["code"]) == (JobState.FAILED, "not-allowed")
    assert read_lines(yard.folder) == ["undo"]


def test_a_cancelled_job_stops_at_the_next_step_and_is_undone(yard: Yard) -> None:
    job = yard.submit("walk", steps=3, hold=1)
    with yard.worker():
        wait_until(lambda: "begin 1" in read_lines(yard.folder))
        with yard.database.write() as tx:
            request_cancel(tx, yard.editor, get_seen(tx, yard.editor, job.id))
        (yard.folder / "go").touch()
        job = yard.wait(job.id)
    assert job.state is JobState.CANCELLED
    assert read_lines(yard.folder) == ["begin 0", "end 0", "begin 1", "end 1", "undo"]


def test_a_job_that_was_cancelled_before_it_began_does_nothing(yard: Yard) -> None:
    job = yard.submit("walk", steps=3)
    with yard.database.write() as tx:
        request_cancel(tx, yard.editor, get_seen(tx, yard.editor, job.id))
    with yard.worker():
        assert yard.wait(job.id).state is JobState.CANCELLED
    assert read_lines(yard.folder) == ["undo"]


def test_a_job_that_ended_cannot_be_cancelled(yard: Yard) -> None:
    job = run_in_place(yard.parts, WALK, yard.submit("walk", steps=1).id)
    with pytest.raises(Conflict, match="is done already"), yard.database.write() as tx:
        request_cancel(tx, yard.editor, get_seen(tx, yard.editor, job.id))


def test_a_job_that_ended_while_it_was_thought_lost_keeps_what_it_made(yard: Yard) -> None:
    job = run_in_place(yard.parts, WALK, yard.submit("walk", steps=1).id)
    give_up(yard.parts, {WALK.name: WALK}, job.id)
    assert yard.get(job.id).state is JobState.DONE
    assert "undo" not in read_lines(yard.folder)


@pytest.mark.parametrize(
    ("failures", "left"), [(1, JobState.FAILED), (3, JobState.RUNNING)], ids=["once", "for now"]
)
def test_a_job_that_cannot_be_undone_is_undone_later(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, failures: int, left: JobState
) -> None:
    errors = [OSError(28, "No space left on device")] * failures

    def undo(_run: JobRun) -> None:
        if errors:
            raise errors.pop()

    monkeypatch.setattr(runner, "_UNDO_PAUSES_S", (0.0, 0.0))
    kind = JobKind("break-down", break_down, Permission.PROJECT_WRITE, undo)
    job = run_in_place(yard.parts, kind, yard.submit(kind.name).id)
    assert job.state is left
    with yard.worker():
        assert yard.wait(job.id).state is JobState.FAILED
    assert not errors


def test_a_job_runs_in_place_as_it_does_in_a_worker(yard: Yard) -> None:
    job = run_in_place(yard.parts, WALK, yard.submit("walk", steps=2).id)
    assert (job.state, job.progress_done) == (JobState.DONE, 2)


def test_somebody_else_s_job_is_not_there(yard: Yard) -> None:
    job = yard.submit("walk", steps=1)
    with yard.database.read() as tx:
        assert get_seen(tx, yard.editor, job.id).id == job.id
        assert get_seen(tx, Actor(999, "admin@example.com", is_admin=True), job.id).id == job.id
        with pytest.raises(NotFound):
            get_seen(tx, Actor(999, "else@example.com", is_admin=False), job.id)


def test_jobs_that_follow_what_is_done_elsewhere_take_no_place_from_others(yard: Yard) -> None:
    with yard.worker():
        followed = [yard.submit("follow", steps=1, hold=0) for _ in range(6)]
        wait_until(lambda: read_lines(yard.folder).count("begin 0") == 6)
        assert yard.wait(yard.submit("walk", steps=0).id).state is JobState.DONE
        assert {yard.get(job.id).state for job in followed} == {JobState.RUNNING}
        (yard.folder / "go").touch()
        assert {yard.wait(job.id).state for job in followed} == {JobState.DONE}


def test_waiting_for_a_job_ends_with_it(yard: Yard) -> None:
    job = yard.submit("walk", steps=1)
    with yard.worker():
        assert run_coroutine(wait_for(yard.database, job.id, 20)).state is JobState.DONE


def test_waiting_for_a_job_gives_it_as_it_is_when_time_is_up(yard: Yard) -> None:
    job = yard.submit("walk", steps=1)
    assert run_coroutine(wait_for(yard.database, job.id, 0.05)).state is JobState.QUEUED

"""A job that is half way when its worker dies."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.jobs.conftest import Yard
from tests.jobs.kinds import read_lines
from tests.waiting import wait_until
from treadle.db.schema import memberships
from treadle.jobs import Job, JobState

Start = Callable[..., "subprocess.Popen[bytes]"]
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def kill_half_way(yard: Yard, start_worker: Start, *arguments: str) -> Job:
    """A job of four steps whose worker was killed in the third, and which may go on now."""
    worker = start_worker(*arguments)
    job = yard.submit("walk", steps=4, hold=2)
    wait_until(lambda: "begin 2" in read_lines(yard.folder))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    (yard.folder / "go").touch()
    return job


STEPS_WITH_ONE_KILL = [
    "begin 0", "end 0", "begin 1", "end 1", "begin 2", "begin 2", "end 2", "begin 3", "end 3",
]  # fmt: skip


def test_a_job_resumes_after_its_last_ended_step(yard: Yard, start_worker: Start) -> None:
    job = kill_half_way(yard, start_worker)
    start_worker()
    job = yard.wait(job.id)
    assert job.state is JobState.DONE
    assert msgspec.json.decode(job.result or "")["seen"] == [0, 1, 2, 3]
    assert read_lines(yard.folder) == STEPS_WITH_ONE_KILL
    said = [line.partition(" ")[2] for line in job.log.splitlines()]
    assert said == ["Began, for ed@example.com", "Goes on, for ed@example.com", "Done"]


def test_a_job_resumes_in_a_newer_treadle(yard: Yard, start_worker: Start) -> None:
    job = kill_half_way(yard, start_worker, "0.1.0")
    start_worker("0.2.0")
    assert yard.wait(job.id).state is JobState.DONE
    assert read_lines(yard.folder) == STEPS_WITH_ONE_KILL


def test_a_job_goes_on_into_a_step_that_a_newer_treadle_added(yard: Yard, start_worker: Start) -> None:
    job = kill_half_way(yard, start_worker, "0.1.0")
    start_worker("0.2.0", "later")
    assert yard.wait(job.id).state is JobState.DONE
    assert read_lines(yard.folder) == [*STEPS_WITH_ONE_KILL, "rest"]


def test_a_job_whose_first_steps_are_others_now_is_undone_and_says_so(
    yard: Yard, start_worker: Start
) -> None:
    job = kill_half_way(yard, start_worker, "0.1.0")
    start_worker("0.2.0", "other")
    job = yard.wait(job.id)
    error = msgspec.json.decode(job.error or "")
    assert (job.state, error["code"]) == (JobState.FAILED, "job-steps-changed")
    assert read_lines(yard.folder)[-2:] == ["begin 2", "undo"]


def test_what_finds_a_job_again_is_its_worker_s_number_and_no_version(
    yard: Yard, start_worker: Start
) -> None:
    start_worker("7.8.9")
    yard.submit("walk", steps=1, hold=0)
    wait_until(lambda: "begin 0" in read_lines(yard.folder))
    schema = "treadle_jobs." if yard.database.dialect == "postgresql" else ""
    engine = create_engine(make_url(yard.settings.jobs_url).set(drivername=DRIVERS[yard.database.dialect]))
    with engine.connect() as connection:
        query = f"SELECT executor_id, application_version FROM {schema}workflow_status"
        assert connection.execute(text(query)).all() == [("worker-0", "1")]
    engine.dispose()


def test_a_job_whose_submitter_lost_the_permission_does_not_resume(yard: Yard, start_worker: Start) -> None:
    job = kill_half_way(yard, start_worker)
    with yard.database.write() as tx:
        tx.execute(memberships.delete())
    start_worker()
    job = yard.wait(job.id)
    error = msgspec.json.decode(job.error or "")
    assert (job.state, error["code"]) == (JobState.FAILED, "job-place-gone")
    assert "ed@example.com lost the role" in error["message"]
    assert read_lines(yard.folder)[-2:] == ["begin 2", "undo"]


def test_a_job_that_was_claimed_and_never_begun_begins_at_the_next_start(
    yard: Yard, start_worker: Start
) -> None:
    job = yard.submit("walk", steps=1)
    with yard.database.write() as tx:
        tx.connection.exec_driver_sql("UPDATE jobs SET state = 'running'")
    start_worker()
    assert yard.wait(job.id).state is JobState.DONE


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_live_worker_takes_up_what_a_dead_one_left(yard: Yard, start_worker: Start) -> None:
    job = kill_half_way(yard, start_worker)
    # The first of these takes the dead one's number; kill it in turn, and the other one is left.
    (yard.folder / "go").unlink()
    second = start_worker()
    wait_until(lambda: read_lines(yard.folder).count("begin 2") == 2)
    start_worker()
    second.kill()
    second.wait()
    (yard.folder / "go").touch()
    assert yard.wait(job.id).state is JobState.DONE
    assert read_lines(yard.folder)[-1] == "end 3"

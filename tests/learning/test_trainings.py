"""A training from its order to the version that is measured, with a backend that really learns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.learning.spoken import Spoken
from tests.learning.training import CONFIG, School, Served, answer, open_school
from tests.waiting import wait_until
from treadle.db import Database
from treadle.db.schema import projects
from treadle.errors import Conflict
from treadle.jobs import JobState
from treadle.learning.connections.client import BackendClient, RemoteJob
from treadle.learning.measures.evaluation import Evaluation
from treadle.learning.serving import promoting, versions
from treadle.learning.training import training_job, trainings
from treadle.learning.training.dataset import read_entries
from treadle.learning.training.training_copies import Copy, decode_piece
from treadle.learning.training.training_following import Pace, Teacher
from treadle.learning.training.training_measuring import Examiner
from treadle.learning.training.training_work import WorkFile, sweep_datasets
from treadle.learning.training.trainings import Training
from treadle.objects.spool import read_lines

#: Of the forty texts.
HELD_OUT = 5


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A backend that all tests of this file share; projects are told apart by their database's keys."""
    found = Served(tmp_path_factory.mktemp("words"))
    with found.running():
        yield found


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends are looked at often, and not waited for long."""
    monkeypatch.setattr(training_job, "PACE", Pace(0.05, away_s=0.5, silent_every_s=0.05, silent_s=0.5))


@pytest.fixture
def school(sqlite_url: str, tmp_path: Path) -> Iterator[School]:
    """For what is no matter of the database."""
    database = Database.open(sqlite_url)
    yield open_school(database, tmp_path / "data")
    database.close()


@pytest.fixture
def either_school(database: Database, tmp_path: Path) -> School:
    """The same on both kinds of database."""
    return open_school(database, tmp_path / "data")


def test_a_training_ends_in_a_version_that_is_measured_beside_what_serves(
    either_school: School, served: Served
) -> None:
    school = either_school
    ids = school.label()
    backend = school.connect(served.url)
    ended = school.run(school.start(backend, promote="when_better"))
    assert (ended.state, ended.task_count, ended.held_out_count) == ("completed", 40, HELD_OUT)
    assert len(served.learnt) == 40 - HELD_OUT
    assert set(served.learnt) < set(ids)
    new, before = (
        msgspec.json.decode(each, type=Evaluation) for each in (ended.evaluation, ended.serving_evaluation)
    )
    assert (new.metric, new.value, new.task_count, new.seen) == ("accuracy", 1.0, HELD_OUT, False)
    assert (before.version, before.value) == ("untrained", 0.0)
    serving = school.serving(backend)
    assert serving is not None
    assert (serving["name"], serving["training_id"]) == (new.version, ended.id)
    assert school.figures(ended) == {"loss": [(0, 1.0), (1, 0.5)]}
    text, end = school.log(ended)
    assert "epoch 1 … «done»" in text
    assert school.log(ended, end) == ("", end)
    assert school.events() == ["training.started", "training.completed"]


def test_a_training_that_is_stopped_keeps_what_it_has_learnt(school: School, served: Served) -> None:
    school.label(6)
    backend = school.connect(served.url)
    training = school.start(backend, settings={"epochs": 50, "do": "wait"}, held_out=0.5)
    with school.running(training):
        school.wait_until_it_learns(training)
        with pytest.raises(Conflict, match="being trained already"):
            school.start(backend)
        assert school.cancel(training, keep=True).state == "stopping"
    ended = school.get(training)
    assert ended.state == "completed", ended.message
    assert school.version_names(backend) == [msgspec.json.decode(ended.evaluation)["version"]]
    assert school.serving(backend) is None


def test_a_training_that_is_cancelled_leaves_nothing_and_the_backend_stops(
    either_school: School, served: Served
) -> None:
    school = either_school
    school.label(6)
    backend = school.connect(served.url)
    training = school.start(backend, settings={"epochs": 50, "do": "wait"}, held_out=0.5)
    with school.running(training):
        school.wait_until_it_learns(training)
        school.cancel(training, keep=False)
    ended = school.get(training)
    assert (ended.state, ended.message) == ("cancelled", "It was cancelled.")
    wait_until(lambda: school.remote_jobs(backend)[0]["state"] == "cancelled")
    assert (school.version_names(backend), school.objects_of(ended), ended.dataset_key) == ([], [], "")
    assert school.run(school.start(backend, held_out=0.5)).state == "completed"


def test_what_has_learnt_and_is_measured_is_kept_without_a_stop(school: School, served: Served) -> None:
    school.label(6)
    training = school.start(school.connect(served.url), held_out=0.5)
    with school.database.write() as tx:
        trainings.note(tx, training.id, state="evaluating")
    assert school.cancel(training, keep=True).state == "evaluating"
    assert not school.job(training).cancel_requested
    assert school.cancel(training, keep=False).state == "stopping"
    assert school.run(training).state == "cancelled"


@pytest.mark.parametrize(("do", "said"), [("die", "SIGKILL"), ("full", "disk is full")])
def test_a_training_that_dies_in_the_backend_fails_and_says_why(
    school: School, served: Served, do: str, said: str
) -> None:
    school.label(6)
    backend = school.connect(served.url)
    first = school.run(school.start(backend, promote="when_better", held_out=0.5))
    ended = school.run(school.start(backend, settings={"do": do}, promote="when_better", held_out=0.5))
    assert ended.state == "failed"
    assert said in ended.message
    serving = school.serving(backend)
    assert serving is not None
    assert serving["training_id"] == first.id
    error = msgspec.json.decode(school.job(ended).error or "")
    assert error["code"] == "training-failed"


def evaluations(ended: Training) -> list[Evaluation]:
    """Of the new version, and of that which serves."""
    assert ended.evaluation, ended.message
    return [
        msgspec.json.decode(each, type=Evaluation) for each in (ended.evaluation, ended.serving_evaluation)
    ]


def test_what_serves_is_not_measured_by_what_it_has_learnt(school: School, served: Served) -> None:
    school.label()
    backend = school.connect(served.url)
    school.run(school.start(backend, promote="when_better", held_out=0.3))
    learnt = set(served.learnt)
    same = school.run(school.start(backend, held_out=0.3))
    assert [each.task_count for each in evaluations(same)] == [same.held_out_count] * 2
    more = school.run(school.start(backend, held_out=0.4))
    left_out = len(learnt - set(served.learnt))
    assert 0 < left_out < more.held_out_count
    expected = [(more.held_out_count - left_out, False)] * 2
    assert [(each.task_count, each.seen) for each in evaluations(more)] == expected
    assert f"{left_out} of the {more.held_out_count} held-out tasks were left out" in more.message


@pytest.mark.parametrize("start", ["nothing", "serving"])
def test_where_most_was_learnt_it_is_said_from_how_many_tasks(
    school: School, served: Served, start: str
) -> None:
    school.label()
    backend = school.connect(served.url)
    school.run(school.start(backend, promote="when_better"))
    learnt = set(served.learnt)
    ended = school.run(school.start(backend, seed=1, settings={"start": start}, promote="when_better"))
    count = len(learnt - set(served.learnt))
    new, before = evaluations(ended)
    assert (before.seen, before.seen_count, before.task_count) == (True, count, ended.held_out_count)
    assert (new.seen, new.seen_count) == ((True, count) if start == "serving" else (False, 0))
    assert f"has learnt from {count} of these {ended.held_out_count} tasks" in ended.message


class Killed(BaseException):
    """What nothing catches, as kill -9."""


def die(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (WorkFile, "learnt_from"),
        (Teacher, "_note_name"),
        (Teacher, "_write"),
        (versions, "note"),
        (Examiner, "examine"),
        (promoting, "promote"),
        (trainings, "end"),
    ],
)
def test_a_worker_that_is_killed_goes_on_where_it_was(
    school: School, served: Served, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    school.label(6)
    backend = school.connect(served.url)
    training = school.start(backend, held_out=0.5, promote="when_better")
    with monkeypatch.context() as killing, pytest.raises(Killed):
        killing.setattr(where, name, die)
        school.run(training)
    ended = school.run(training)
    assert ended.state == "completed", ended.message
    # One that was killed before the backend's answer was written down may have it learn once more.
    assert len(school.remote_jobs(backend)) <= (2 if name == "_note_name" else 1)
    serving = school.serving(backend)
    assert serving is not None
    assert (school.version_names(backend), serving["training_id"]) == ([serving["name"]], ended.id)
    assert school.log(ended)[0].count("epoch 0") == 1
    assert school.events() == ["training.started", "training.completed"]


def test_a_worker_that_is_killed_once_the_new_one_serves_says_that_it_serves(
    school: School, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.label(6)
    training = school.start(school.connect(served.url), held_out=0.5, promote="when_better")
    promote = promoting.promote

    def promote_and_die(*given: Any, **more: Any) -> None:
        promote(*given, **more)
        raise Killed

    with monkeypatch.context() as killing, pytest.raises(Killed):
        killing.setattr(promoting, "promote", promote_and_die)
        school.run(training)
    ended = school.run(training)
    assert ended.message.endswith("The new one serves now.")
    assert "meanwhile" not in ended.message


@pytest.mark.long
def test_a_worker_that_is_killed_by_the_system_is_followed_by_the_next(
    database: Database, tmp_path: Path, served: Served
) -> None:
    school = open_school(database, tmp_path)
    school.label(6)
    backend = school.connect(served.url)
    training = school.start(backend, settings={"epochs": 50, "do": "wait"}, held_out=0.5)
    with school.worker() as worker:
        school.wait_until_it_learns(training)
        worker.kill()
        worker.wait()
    with school.worker():
        school.cancel(training, keep=True)
        wait_until(lambda: school.job(training).is_final)
    ended = school.get(training)
    assert ended.state == "completed", ended.message
    assert len(school.remote_jobs(backend)) == len(school.version_names(backend)) == 1
    assert school.job(training).state is JobState.DONE
    assert school.events() == ["training.started", "training.completed"]


def test_a_backend_that_is_disconnected_while_it_learns_is_stopped(school: School, served: Served) -> None:
    school.label(6)
    backend = school.connect(served.url)
    training = school.start(backend, settings={"epochs": 50, "do": "wait"}, held_out=0.5)
    with school.running(training):
        school.wait_until_it_learns(training)
        remote = school.remote_jobs(backend)[0]["id"]
        school.disconnect(backend)
    ended = school.get(training)
    assert (ended.state, ended.message) == ("failed", "The backend was disconnected while it learnt.")
    wait_until(lambda: served.job(remote)["state"] == "cancelled")


def test_what_tells_of_a_training_goes_with_its_project(school: School, served: Served) -> None:
    school.label(6)
    ended = school.run(school.start(school.connect(served.url), held_out=0.5))
    sides = read_entries(read_lines(school.parts.objects.read(ended.dataset_key)))
    assert sum(entry.is_held_out for entry in sides) == ended.held_out_count > 0
    assert sweep_datasets(school.parts) == 0
    with school.database.write() as tx:
        tx.execute(projects.delete())
    assert sweep_datasets(school.parts) == 1
    assert list(school.parts.objects.list("trainings/")) == []


def test_what_is_changed_after_the_order_is_not_learnt_from(school: School, served: Served) -> None:
    ids = school.label(6)
    backend = school.connect(served.url)
    training = school.start(backend, held_out=0.5)
    school.label(2)
    assert school.run(training).task_count == 6
    assert set(served.learnt) <= set(ids)


def test_a_label_that_is_renamed_meanwhile_is_measured_as_it_was_learnt(
    school: School, served: Served
) -> None:
    school.label()
    training = school.start(school.connect(served.url), settings={"epochs": 50, "do": "wait"})
    with school.running(training):
        school.wait_until_it_learns(training)
        school.set_config(CONFIG.replace('"Good"', '"Great"'))
        school.cancel(training, keep=True)
    found = msgspec.json.decode(school.get(training).evaluation, type=Evaluation)
    assert (found.metric, found.value) == ("accuracy", 1.0)


def test_a_backend_that_is_killed_and_comes_back_says_what_became_of_the_training(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_job, "PACE", Pace(0.05))
    school.label(6)
    alone = Served(tmp_path)
    with alone.running():
        backend = school.connect(alone.url)
        training = school.start(backend, settings={"epochs": 9, "do": "wait"}, held_out=0.5)
        with school.running(training):
            school.wait_until_it_learns(training)
            alone.kill()
            wait_until(lambda: "Waits for the backend" in school.get(training).message)
            with alone.running():
                wait_until(lambda: school.get(training).is_over)
    ended = school.get(training)
    assert ended.state == "failed"
    assert "what was learnt by then is lost" in ended.message


@pytest.mark.parametrize("is_told", [False, True])
def test_a_backend_that_is_away_when_it_is_to_learn_is_waited_for(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    monkeypatch.setattr(training_job, "PACE", Pace(0.05))
    if is_told:  # it went away just before it was sent the work
        monkeypatch.setattr(Teacher, "tell", lambda _self: "untrained")
    school.label(6)
    alone = Served(tmp_path)
    training = school.start(school.connect(alone.url), held_out=0.5)
    with school.running(training):
        wait_until(lambda: "Waits for the backend" in school.get(training).message)
        with alone.running():
            wait_until(lambda: school.get(training).is_over)
    assert school.get(training).state == "completed", school.get(training).message


def test_what_is_over_is_not_asked_about_for_ever(
    school: School, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.label(6)
    job = BackendClient.job
    over: list[str] = []

    def other_each_time(client: BackendClient, name: str) -> RemoteJob:
        found = job(client, name)
        if found.state != "completed" or len(over) > 30:
            return found
        over.append(name)
        return replace(found, message=f"It is {len(over)}.")

    monkeypatch.setattr(BackendClient, "job", other_each_time)
    assert school.run(school.start(school.connect(served.url), held_out=0.5)).state == "completed"
    assert len(over) < 5


def test_a_backend_that_stays_away_is_given_up(school: School, tmp_path: Path) -> None:
    school.label(6)
    alone = Served(tmp_path)
    with alone.running():
        backend = school.connect(alone.url)
        training = school.start(backend, settings={"epochs": 9, "do": "wait"}, held_out=0.5)
        with school.running(training):
            school.wait_until_it_learns(training)
            alone.kill()
    ended = school.get(training)
    assert ended.state == "failed"
    assert "did not come back" in ended.message
    assert "What serves is as it was" in ended.message


def test_a_training_is_stopped_by_the_gate_until_somebody_says_why_not(
    either_school: School, served: Served
) -> None:
    school = either_school
    school.label(6)
    school.set_config(CONFIG.replace("Bad", "Poor"))
    backend = school.connect(served.url)
    with pytest.raises(Conflict) as refused:
        school.start(backend, held_out=0.5)
    assert [finding["code"] for finding in told_of(refused.value) if finding["severity"] == "stop"] == [
        "schema"
    ]
    # A rule that starts one does not look before: the job does.
    failed = school.run(school.start_blindly(backend))
    assert (failed.state, failed.evaluation) == ("failed", "")
    assert "3 results do not fit the label config" in failed.message
    training = school.start(backend, held_out=0.5, override="We know.")
    assert school.run(training).state == "completed"
    assert school.audited("training.gate-overridden")["reason"] == "We know."


def told_of(error: Conflict) -> list[dict[str, Any]]:
    return msgspec.convert(error.details["findings"], list[dict[str, Any]])


def test_nothing_to_learn_from_starts_nothing_whatever_the_reason(school: School, served: Served) -> None:
    backend = school.connect(served.url)
    school.studio.add_tasks(3, text="x")
    with pytest.raises(Conflict, match="No task is finished"):
        school.start(backend, override="But still.")
    failed = school.run(school.start_blindly(backend))
    assert (failed.state, school.objects_of(failed)) == ("failed", [])


@dataclass
class Foreign(Spoken):
    """A backend of Label Studio's: it learns within the request, and calls its model otherwise then."""

    server: str = ""
    is_old: bool = False
    learnt: list[int] = field(default_factory=list)

    def answer(self, path: str, body: Any) -> tuple[int, bytes]:
        if path in ("/train", "/webhook"):
            assert path == ("/train" if self.is_old else "/webhook")
            self.learnt = [task["id"] for task in body.get("annotations", [])]
            self.version = "v2"
            return 201, b"{}"
        status, content = super().answer(path, body)
        is_health = self.is_old and path == "/health"
        return status, b'{"status": "UP", "model_dir": "", "v2": false}' if is_health else content


def good(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything is good; nothing that a task was answered comes with it."""
    assert not any(task["annotations"] for task in body["tasks"])
    return [{"result": json.loads(answer("Good"))} for _ in body["tasks"]]


@pytest.mark.parametrize("is_old", [False, True])
def test_a_backend_of_label_studio_is_measured_before_and_after(school: School, is_old: bool) -> None:
    ids = school.label(10)
    foreign = Foreign(predict=good, is_old=is_old)
    with foreign.serving():
        backend = school.connect(foreign.url, generation="old" if is_old else "current")
        ended = school.run(school.start(backend, held_out=0.5))
    assert ended.state == "completed", ended.message
    new, before = (
        msgspec.json.decode(each, type=Evaluation) for each in (ended.evaluation, ended.serving_evaluation)
    )
    assert (before.version, new.version, new.task_count) == ("v1", "v2", ended.held_out_count)
    assert new.seen is not is_old
    if is_old:
        held_out = set(ids) - set(foreign.learnt)
        assert held_out == {task["id"] for body in foreign.bodies for task in body["tasks"]}
        assert len(held_out) == ended.held_out_count


def test_a_backend_that_never_calls_its_model_otherwise_is_not_believed(school: School) -> None:
    class Mute(Foreign):
        def answer(self, path: str, body: Any) -> tuple[int, bytes]:
            answered = super().answer(path, body)
            self.version = "v1"
            return answered

    school.label(6)
    with (mute := Mute(predict=good)).serving():
        backend = school.connect(mute.url, generation="current")
        ended = school.run(school.start(backend))
    assert (ended.state, ended.evaluation, school.version_names(backend)) == ("completed", "", [])
    assert "does not tell whether it learnt" in ended.message


def test_of_two_that_start_at_once_one_trains(either_school: School, served: Served) -> None:
    school = either_school
    school.label(6)
    backend = school.connect(served.url)

    def start(_number: int) -> str:
        try:
            return school.start(backend, held_out=0.5).state
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(start, range(4))) == ["queued"] + ["training-under-way"] * 3


def test_whatever_a_backend_tells_of_a_training_is_kept_within_bounds(
    either_school: School, served: Served
) -> None:
    school = either_school
    school.label(2)
    training = school.start(school.connect(served.url))
    figures = {"a\0": [(1, 0.5), (1, 0.7), (2**40, 1.0), (2, float("inf"))], "x" * 500: [(0, 1.0)]}
    figures |= {f"f{number}": [(0, 1.0)] for number in range(200)}
    log = "ep\0och 1 …".encode() + b"\xff\xfe" + "…".encode()[:1]
    for _ in range(2):  # an earlier run of the job, and the next one
        with school.database.write() as tx:
            copy = Copy.read(tx, training)
            copy.write(tx, RemoteJob("running", 1, 2, figures), log[copy.log_end :])
    found = school.figures(training)
    assert (len(found), found["a"], found["x" * 200]) == (100, [(1, 0.5)], [(0, 1.0)])
    assert copy.log_end == len(log) - 1
    assert school.log(training) == ("ep och 1 …??", len(log) - 1)
    assert school.log(training, 10)[1] == len(log) - 1
    assert decode_piece("…".encode()[:2]) == ""

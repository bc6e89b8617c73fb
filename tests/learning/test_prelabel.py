"""Pre-labelling: each task is predicted once by a version, whoever asks at once, and what failed is told."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from tests.faults.recounting import check_counts
from tests.learning.prelabelling import Desk, connected, open_desk
from tests.learning.spoken import Spoken, cat
from tests.waiting import wait_until
from treadle import jobs
from treadle.db import Database
from treadle.db.schema import predictions
from treadle.errors import Conflict
from treadle.jobs import JobState, run_in_place
from treadle.labeling import trash
from treadle.labeling.retrying import Retrying
from treadle.learning.connections import backends
from treadle.learning.connections.patience import Patience
from treadle.learning.predictions import attempts, predicting, prelabel
from treadle.learning.predictions.opening import OnOpening
from treadle.learning.predictions.predicting import predict_tasks
from treadle.learning.predictions.prelabel import PRELABEL_JOB
from treadle.learning.predictions.trying import try_out
from treadle.learning.retrying import RETRIES
from treadle.learning.rules.ordering import ORDER_JOB
from treadle.learning.training.training_job import TRAINING_JOB
from treadle.permissions import Permission

#: For what no database does otherwise.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
IMPATIENT = Patience(gone_s=0.4, pauses_s=(0.05,), longest_busy_s=0.05)


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project whose jobs are run by hand, and that waits for no backend long."""
    monkeypatch.setattr(prelabel, "_PATIENCE", IMPATIENT)
    return open_desk(database, tmp_path / "data")


def test_every_task_is_predicted_once_by_the_version_that_said_it(desk: Desk) -> None:
    ids = desk.studio.add_tasks(90)
    with connected(desk, Spoken(), settings={"confidence": 0.4}) as backend:
        result = desk.prelabel(backend)
        again = desk.prelabel(backend)
    assert (result["done"], result["failed"], result["version"]) == (90, 0, "v1")
    assert [row["task_id"] for row in desk.predictions()] == ids
    assert {(row["model_version"], row["score"]) for row in desk.predictions()} == {("v1", 0.5)}
    assert {row["settings"] for row in desk.attempts()} == {'{"confidence":0.4}'}
    assert (again["count"], again["asked"]) == (0, 0)
    with desk.database.read() as tx:
        check_counts(tx, desk.studio.project_id)


def test_whoever_asks_at_once_there_is_one_prediction(desk: Desk) -> None:
    ids = desk.studio.add_tasks(40)
    both_ask = threading.Barrier(3, timeout=10)

    def predict(body: dict[str, Any]) -> Any:
        if len(spoken.asked) <= 3:
            both_ask.wait()
        return [cat() for _ in body["tasks"]]

    spoken = Spoken(predict)
    with connected(desk, spoken) as backend:
        orders = [desk.order(backend, *ids), desk.order(backend, *reversed(ids))]
        with ThreadPoolExecutor(3) as threads:
            ran = [threads.submit(desk.run, order) for order in orders]
            opened = threads.submit(predict_tasks, desk.parts, backend, ids[:5])
            results = [each.result() for each in ran]
    written = opened.result().written
    assert [row["task_id"] for row in desk.predictions()] == ids
    assert sum(each["done"] for each in results) + written.done == 40
    # A job that chose its tasks after one of the others had answered some asks about the rest.
    assert [each["done"] + each["present"] for each in results] == [each["asked"] for each in results]
    with desk.database.read() as tx:
        check_counts(tx, desk.studio.project_id)


def test_a_task_that_fails_says_why_and_is_asked_again_when_somebody_wants_it(desk: Desk) -> None:
    ids = desk.studio.add_tasks(5)
    broken = {ids[1]: "The picture is broken.", ids[3]: "It is empty."}

    def predict(body: dict[str, Any]) -> Any:
        told = [
            {"task": place, "detail": broken[task["id"]]}
            for place, task in enumerate(body["tasks"])
            if task["id"] in broken
        ]
        items = [{"result": []} if task["id"] in broken else cat() for task in body["tasks"]]
        return 200, json.dumps({"results": items, "model_version": "v1", "errors": told}).encode()

    with connected(desk, Spoken(predict)) as backend:
        first = desk.prelabel(backend)
        del broken[ids[1]]
        second = desk.prelabel(backend, only="failed")
    assert (first["done"], first["failed"]) == (3, 2)
    assert first["problems"] == [f"Task {ids[1]}: The picture is broken.", f"Task {ids[3]}: It is empty."]
    assert (second["done"], second["failed"], second["asked"]) == (1, 1, 2)
    with desk.database.read() as tx:
        grant = desk.studio.grant(tx, "viewer", Permission.PROJECT_READ)
        total, rows = attempts.failures(tx, grant, backend.id, "v1", limit=10, offset=0)
        assert attempts.count(tx, desk.studio.project_id, backend.id, "v1") == attempts.Counts(4, 0, 1, 0)
    assert (total, rows[0]["task_id"], rows[0]["problem"], rows[0]["tries"]) == (1, ids[3], "It is empty.", 2)


@ON_SQLITE
@pytest.mark.parametrize(
    ("poisoned", "problem"),
    [
        ((500, b'{"detail": "boom"}'), "500"),
        ((200, b"<html>proxy</html>"), "no"),
        ((503, b'{"detail": "The model broke off."}'), "503"),
        ([cat()] * 2, "2 items"),
        ([{"result": "boxes"}], "list of regions"),
        ([cat(task=987_654)], "987654"),
        ([cat(score="high")], "score"),
        ([{"result": [{"from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": {}}]}], "x"),
    ],
)
def test_what_a_backend_gets_wrong_is_told_of_its_task_and_costs_no_other(
    desk: Desk, poisoned: Any, problem: str
) -> None:
    ids = desk.studio.add_tasks(20)

    def predict(body: dict[str, Any]) -> Any:
        here = [task["id"] for task in body["tasks"]]
        if ids[7] not in here:
            return [cat() for _ in here]
        if isinstance(poisoned, tuple) or (len(poisoned) > 1 and len(here) == 1):
            return poisoned
        return [poisoned[0] if task_id == ids[7] else cat() for task_id in here][
            : None if len(poisoned) == 1 else 3
        ]

    with connected(desk, Spoken(predict)) as backend:
        result = desk.prelabel(backend)
    assert (result["done"], result["failed"]) == (19, 1), result
    failed = [row for row in desk.attempts() if row["state"] == "failed"]
    assert [row["task_id"] for row in failed] == [ids[7]]
    assert problem in failed[0]["problem"]


@ON_SQLITE
def test_a_backend_that_went_away_is_waited_for(desk: Desk) -> None:
    desk.studio.add_tasks(40)
    spoken = Spoken()
    with spoken.serving():
        backend = desk.connect(spoken)
        went = spoken.predict

        def go_away(body: dict[str, Any]) -> Any:
            spoken.predict = went
            return 0, b""

        spoken.predict = go_away
        result = desk.prelabel(backend)
    assert (result["done"], result["failed"]) == (40, 0)


@ON_SQLITE
def test_a_backend_that_stays_away_ends_the_job_and_what_it_answered_stays(desk: Desk) -> None:
    desk.studio.add_tasks(80)
    spoken = Spoken()
    left, gone = threading.Semaphore(2), threading.Event()
    plain = spoken.answer

    def predict(body: dict[str, Any]) -> Any:
        if left.acquire(blocking=False):
            return [cat() for _ in body["tasks"]]
        gone.set()
        return 0, b""

    def answer(path: str, body: Any) -> tuple[int, bytes]:
        return (0, b"") if gone.is_set() else plain(path, body)

    spoken.answer = answer  # type: ignore[method-assign]
    with connected(desk, spoken) as backend:
        spoken.predict = predict
        job = desk.order(backend)
        error = desk.run_badly(job)
    assert error["code"] == "backend-gone"
    # Two batches were answered; of the second, the answer may come when the job has ended.
    assert len(desk.predictions()) in (16, 32)
    with Spoken(port=spoken.port).serving():
        desk.prelabel(backend)
    assert len(desk.predictions()) == 80


def test_a_job_waits_for_a_backend_that_is_only_just_starting_and_can_be_done_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.studio.add_tasks(3)
    with connected(desk, Spoken()) as backend:
        spoken = Spoken(port=int(backend.url.rpartition(":")[2]))
    failed = desk.order(backend)
    assert desk.run_badly(failed)["code"] == "backend-gone"
    with desk.database.write() as tx:
        again = Retrying(RETRIES).retry(tx, desk.studio.people["editor"], desk.job(failed.id))
    with ExitStack() as later:
        waited: list[float] = []

        def start(seconds: float) -> None:
            waited.append(seconds)
            later.enter_context(spoken.serving())

        monkeypatch.setattr(prelabel, "_waiting", lambda _run: start)
        assert desk.run(again)["done"] == 3
    assert len(waited) == 1


def test_what_cannot_predict_in_a_project_says_so_when_it_is_connected(desk: Desk) -> None:
    spoken = Spoken()
    with connected(desk, spoken) as backend:
        assert try_out(desk.parts, backend).problem == ""  # there is no task yet
        desk.studio.add_tasks(2)
        assert try_out(desk.parts, backend).problem == ""
        spoken.predict = lambda body: [cat(score="high") for _ in body["tasks"]]
        tried = try_out(desk.parts, backend)
        assert (tried.state, desk.predictions()) == ("CO", [])
        assert "cannot predict here" in tried.problem
        spoken.predict = lambda _body: (500, b"")
        assert try_out(desk.parts, backend).problem


def test_what_can_be_done_again_is_named_as_its_job_is() -> None:
    kinds = {kind.name: kind.permission for kind in (PRELABEL_JOB, TRAINING_JOB, ORDER_JOB)}
    assert {each.kind: each.permission for each in RETRIES} == kinds


@ON_SQLITE
def test_a_backend_that_hangs_is_left_when_the_job_is_cancelled(desk: Desk) -> None:
    desk.studio.add_tasks(3)
    held, asked = threading.Event(), threading.Event()

    def hang(_body: dict[str, Any]) -> Any:
        asked.set()
        held.wait(20)
        return 0, b""

    with connected(desk, Spoken(hang), timeout_s=600.0) as backend:
        job = desk.order(backend)
        with ThreadPoolExecutor(1) as threads:
            ran = threads.submit(run_in_place, desk.parts, prelabel.PRELABEL_JOB, job.id)
            assert asked.wait(10)
            with desk.database.write() as tx:
                jobs.request_cancel(tx, desk.studio.people["editor"], desk.job(job.id))
            ended = ran.result(timeout=10)
        held.set()
    assert ended.state is JobState.CANCELLED


@ON_SQLITE
def test_a_backend_that_is_too_slow_for_some_tasks_is_asked_no_more(desk: Desk) -> None:
    desk.studio.add_tasks(4)
    held = threading.Event()

    def hang(_body: dict[str, Any]) -> Any:
        held.wait(20)
        return 0, b""

    with connected(desk, Spoken(hang), timeout_s=0.2) as backend:
        error = desk.run_badly(desk.order(backend))
        held.set()
    assert error["code"] == "backend-failing"
    assert "within 0.2 seconds" in error["message"]


@ON_SQLITE
def test_a_version_that_is_asked_for_answers_or_nothing_is_kept(desk: Desk) -> None:
    ids = desk.studio.add_tasks(2)
    spoken = Spoken()
    with connected(desk, spoken) as backend:
        error = desk.run_badly(desk.order(backend, version="v7"))
        assert error["code"] == "version-not-there"
        spoken.version = "v7"
        assert desk.prelabel(backend, version="v7")["version"] == "v7"
    assert [(row["task_id"], row["model_version"]) for row in desk.predictions()] == [
        (each, "v7") for each in ids
    ]
    assert spoken.bodies[-1]["model_version"] == "v7"


@ON_SQLITE
def test_who_names_another_version_than_setup_does_is_believed_and_asked_once(desk: Desk) -> None:
    """As models do that name one in setup and another in their predictions."""
    ids = desk.studio.add_tasks(3)
    spoken = Spoken(lambda body: [cat(model_version="Vanilla") for _ in body["tasks"]], "INITIAL", server="")
    with connected(desk, spoken) as backend:
        desk.prelabel(backend)
        again = desk.prelabel(backend)
        spoken.version = "1700000001"
        desk.prelabel(backend)
    assert again["asked"] == 0
    assert [(row["task_id"], row["model_version"]) for row in desk.predictions()] == [
        (n, "Vanilla") for n in ids
    ]
    with desk.database.read() as tx:
        assert attempts.count(tx, desk.studio.project_id, backend.id, "1700000001").done == 3


@ON_SQLITE
def test_a_prediction_without_any_version_is_not_kept(desk: Desk) -> None:
    desk.studio.add_tasks(1)
    with connected(desk, Spoken(version=None, server="")) as backend:
        assert desk.run_badly(desk.order(backend))["code"] == "version-unnamed"
    assert desk.predictions() == []


def test_predicted_anew_is_what_nobody_has_begun_from(desk: Desk) -> None:
    first, second, third = desk.studio.add_tasks(3)
    spoken = Spoken()
    with connected(desk, spoken) as backend:
        desk.prelabel(backend)
        kept, *_ = desk.predictions()
        desk.studio.submit("annotator", first, parent_prediction=kept["id"])
        spoken.predict = lambda body: [
            cat(score=0.9) if task["id"] != third else {"result": []} for task in body["tasks"]
        ]
        result = desk.prelabel(backend, only="all")
    assert (result["done"], result["nothing"], result["present"]) == (1, 1, 1)
    assert [(row["task_id"], row["score"]) for row in desk.predictions()] == [
        (first, 0.5),
        (second, 0.9),
        (third, None),
    ]
    with desk.database.read() as tx:
        check_counts(tx, desk.studio.project_id)


@ON_SQLITE
def test_what_was_deleted_is_predicted_again(desk: Desk) -> None:
    first, second = desk.studio.add_tasks(2)
    with connected(desk, Spoken()) as backend:
        desk.prelabel(backend)
        with desk.database.write() as tx:
            tx.execute(delete(predictions).where(predictions.c.task_id == second))
        assert desk.prelabel(backend, only="missing")["asked"] == 1
    assert [row["task_id"] for row in desk.predictions()] == [first, second]


@ON_SQLITE
def test_what_was_deleted_and_restored_is_not_predicted_twice(desk: Desk) -> None:
    first, second = desk.studio.add_tasks(2)
    with connected(desk, Spoken()) as backend:
        desk.prelabel(backend)
        with desk.database.write() as tx:
            grant = desk.studio.grant(tx, "editor", Permission.TASK_WRITE)
            deletion = trash.delete_now(tx, grant, "tasks", [second])
        with desk.database.write() as tx:
            trash.restore_now(tx, desk.studio.grant(tx, "editor", Permission.TASK_WRITE), deletion.id)
        result = desk.prelabel(backend)
    assert (result["asked"], result["present"]) == (1, 1)
    assert [row["task_id"] for row in desk.predictions()] == [first, second]
    assert [row["prediction_id"] for row in desk.attempts()] == [row["id"] for row in desk.predictions()]


@ON_SQLITE
def test_labels_that_the_config_lost_never_reach_a_task(desk: Desk) -> None:
    desk.studio.add_tasks(2)
    config = desk.studio.project()["label_config"].replace('<Label value="Cat"/>', "")
    with connected(desk, Spoken(server="")) as backend:
        desk.studio.change_project(label_config=config)
        error = desk.run_badly(desk.order(backend))
        desk.set_backend(backend, settings='{"unknown_labels":"unlabelled"}')
        result = desk.prelabel(backend)
    assert 'no label "Cat"' in error["message"]
    assert result["done"] == 2
    (item,) = json.loads(desk.predictions()[0]["result"])
    assert (item["type"], "rectanglelabels" in item["value"]) == ("rectangle", False)


@ON_SQLITE
def test_a_backend_that_fails_on_everything_is_asked_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prelabel, "_FAILED_FROM_START", 16)
    desk.studio.add_tasks(80)
    spoken = Spoken(lambda _body: (500, b'{"detail": "no weights"}'))
    with connected(desk, spoken) as backend:
        error = desk.run_badly(desk.order(backend))
    assert (error["code"], "no weights" in error["message"]) == ("prelabel-failed", True)
    assert {row["state"] for row in desk.attempts()} == {"failed"}
    assert len(desk.attempts()) == 16


@ON_SQLITE
def test_a_backend_that_is_removed_meanwhile_gets_nothing_written(desk: Desk) -> None:
    desk.studio.add_tasks(3)

    def remove(body: dict[str, Any]) -> Any:
        with desk.database.write() as tx:
            grant = desk.studio.grant(tx, "editor", Permission.PROJECT_WRITE)
            backends.remove(tx, grant, backend)
        return [cat() for _ in body["tasks"]]

    with connected(desk, Spoken(remove)) as backend:
        error = desk.run_badly(desk.order(backend))
    assert (error["code"], desk.predictions()) == ("backend-not-found", [])


@ON_SQLITE
def test_large_tasks_go_in_several_requests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicting, "_MOST_REQUEST_BYTES", 1_000)
    ids = desk.studio.add_tasks(3, text="x" * 900)
    spoken = Spoken()
    with connected(desk, spoken) as backend:
        assert desk.prelabel(backend)["done"] == 3
    assert spoken.asked == [[each] for each in ids]


@ON_SQLITE
def test_two_orders_for_all_tasks_are_one_too_many(desk: Desk) -> None:
    (task_id,) = desk.studio.add_tasks(1)
    with connected(desk, Spoken()) as backend:
        desk.order(backend)
        desk.order(backend, task_id)
        with pytest.raises(Conflict) as refused:
            desk.order(backend)
    assert refused.value.code == "prelabel-running"


def test_an_opened_task_is_predicted_once_and_nobody_waits_long(desk: Desk) -> None:
    (task_id,) = desk.studio.add_tasks(1)
    held = threading.Event()

    def late(body: dict[str, Any]) -> Any:
        held.wait(10)
        return [cat() for _ in body["tasks"]]

    spoken = Spoken(late)
    with connected(desk, spoken):
        opening = OnOpening(desk.parts, wait_s=0.05)
        project_id = desk.studio.project_id
        assert not any(opening.predict(project_id, task_id, None) for _ in range(3))
        held.set()
        wait_until(desk.predictions)
        assert opening.predict(project_id, task_id, None) is False
    assert spoken.asked == [[task_id]]
    assert len(desk.predictions()) == 1


@ON_SQLITE
def test_an_opening_leaves_a_backend_alone_that_is_not_there(desk: Desk) -> None:
    first, second = desk.studio.add_tasks(2)
    spoken = Spoken()
    with connected(desk, spoken):
        pass
    opening = OnOpening(desk.parts)
    assert opening.predict(desk.studio.project_id, first, None) is False
    with spoken.serving():
        assert opening.predict(desk.studio.project_id, second, None) is False
    assert spoken.asked == []


def test_tasks_are_not_counted_while_others_wait_to_write(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(*_: object) -> None:
        raise AssertionError("all tasks are walked over within a write")

    with (spoken := Spoken()).serving():
        backend = desk.connect(spoken)
        monkeypatch.setattr(attempts, "lacking", count)
        assert desk.order(backend).state is JobState.QUEUED

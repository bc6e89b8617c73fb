"""Two who write the same at once: both are heard, and nothing is counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.labeling.studio import LEASE_S, Studio, result
from treadle.db import Tx
from treadle.errors import NotFound, TreadleError
from treadle.labeling import drafts, predictions, saving, trash
from treadle.labeling.annotations import NewAnnotation, submit
from treadle.labeling.drafts import NewDraft
from treadle.labeling.predictions import NewPrediction
from treadle.permissions import Permission

_LOOK_S = 0.5


def at_once(studio: Studio, first: Callable[[Tx], object], second: Callable[[Tx], Any]) -> Any:
    """What came of ``second``, begun before the transaction of ``first`` was committed."""
    begun, came = threading.Event(), []

    def run() -> None:
        begun.set()
        try:
            with studio.database.write() as tx:
                came.append(second(tx))
        except TreadleError as error:
            came.append(error)

    thread = threading.Thread(target=run)
    with studio.database.write() as tx:
        first(tx)
        thread.start()
        begun.wait()
        thread.join(_LOOK_S)  # It must not end: it waits for us. One that does not wait has time to go wrong.
    thread.join()
    return came[0]


def test_the_same_save_sent_twice_at_once_is_done_once(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    save = saving.save_key(studio.people["annotator"].user_id, "POST /x", "k1", b"{}")

    def save_it(tx: Tx) -> None:
        assert saving.find_answer(tx, save) is None
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        submit(tx, grant, task_id, NewAnnotation(result()))
        saving.keep_answer(tx, save, saving.Answer(201, "{}", None))

    assert at_once(studio, save_it, lambda tx: saving.find_answer(tx, save)) == saving.Answer(201, "{}", None)


def test_of_two_saves_of_a_draft_at_once_the_last_wins(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        draft_id = drafts.keep(tx, grant, task_id, NewDraft(b"[]"), lease_s=LEASE_S)["id"]

    def save(tx: Tx, text: bytes) -> Any:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        return drafts.change(tx, grant, draft_id, {"result": text}, lease_s=LEASE_S)

    last = at_once(studio, lambda tx: save(tx, b'[{"id":"a"}]'), lambda tx: save(tx, b'[{"id":"b"}]'))
    assert (last["result"], last["version"]) == ('[{"id":"b"}]', 3)


def test_a_task_deleted_while_somebody_submits_takes_the_annotation_s_count_with_it(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()

    def work(tx: Tx) -> None:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        submit(tx, grant, task_id, NewAnnotation(result()))

    def remove(tx: Tx) -> int:
        return trash.delete_now(
            tx, studio.grant(tx, "editor", Permission.TASK_WRITE), "tasks", [task_id]
        ).item_count

    assert at_once(studio, work, remove) == 1
    project = studio.project()
    assert (project["task_number"], project["total_annotations"], project["finished_task_number"]) == (
        0,
        0,
        0,
    )


def test_a_prediction_deleted_twice_at_once_is_counted_once(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
        prediction_id = predictions.add(tx, grant, task_id, NewPrediction(result()))["id"]

    def remove(tx: Tx) -> None:
        predictions.remove(tx, studio.grant(tx, "editor", Permission.PREDICTION_WRITE), prediction_id)

    assert isinstance(at_once(studio, remove, remove), NotFound)
    assert studio.project()["total_predictions"] == 0

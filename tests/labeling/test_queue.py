"""Tasks are handed out to as many people as they need, and to no more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import event, func, select, update

from tests.labeling.studio import LEASE_S, Studio, open_studio, result
from treadle.db import Database
from treadle.db.schema import handouts
from treadle.errors import NotFound
from treadle.labeling import drafts, history, predictions, queue, tasks
from treadle.labeling.annotations import NewAnnotation, submit
from treadle.labeling.drafts import NewDraft
from treadle.labeling.imports import import_inline
from treadle.labeling.queue import Handout
from treadle.permissions import Permission

PEOPLE, HAND_OUTS = 20, 10_000


def next_of(studio: Studio, who: str, *, is_peek: bool = False) -> int:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        return queue.next_task(tx, grant, lease_s=LEASE_S, is_peek=is_peek).task_id


def let_leases_end(studio: Studio) -> None:
    with studio.database.write() as tx:
        tx.execute(update(handouts).values(lease_until=tx.now - timedelta(seconds=1)))


def test_a_leased_task_is_not_offered_to_a_second_annotator(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    assert (next_of(studio, "annotator"), next_of(studio, "reviewer")) == (first, second)


def test_the_same_person_asking_again_gets_the_same_task(studio: Studio) -> None:
    studio.add_tasks(2)
    assert next_of(studio, "annotator") == next_of(studio, "annotator")


def test_peeking_hands_out_the_task_after_the_current_one(studio: Studio) -> None:
    first, second, _third = studio.add_tasks(3)
    assert next_of(studio, "annotator") == first
    assert next_of(studio, "annotator", is_peek=True) == second
    assert next_of(studio, "annotator", is_peek=True) == second
    studio.submit("annotator", first)
    assert next_of(studio, "annotator") == second


def test_an_ended_lease_frees_the_task(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    next_of(studio, "annotator")
    with pytest.raises(NotFound):
        next_of(studio, "reviewer")
    let_leases_end(studio)
    assert next_of(studio, "reviewer") == task_id


def test_a_draft_renews_the_lease(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    next_of(studio, "annotator")
    let_leases_end(studio)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        drafts.keep(tx, grant, task_id, NewDraft(b"[]"), lease_s=LEASE_S)
    with pytest.raises(NotFound):
        next_of(studio, "reviewer")


def save_draft(studio: Studio, who: str, task_id: int) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        drafts.keep(tx, grant, task_id, NewDraft(b"[]"), lease_s=LEASE_S)


def open_out_of_turn(studio: Studio, who: str, task_id: int) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        queue.hold(tx, grant, task_id, lease_s=LEASE_S)


def count_leases(studio: Studio, task_id: int) -> int:
    with studio.database.read() as tx:
        held = select(func.count()).where(handouts.c.task_id == task_id, handouts.c.lease_until > tx.now)
        return int(tx.execute(held).scalar_one())


def test_a_draft_after_the_lease_takes_no_place_from_who_came_next(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    next_of(studio, "annotator")
    let_leases_end(studio)
    assert next_of(studio, "reviewer") == task_id
    save_draft(studio, "annotator", task_id)
    assert count_leases(studio, task_id) == 1


def test_opening_the_task_in_hand_keeps_the_lease(studio: Studio) -> None:
    task_id, other = studio.add_tasks(2)
    next_of(studio, "annotator")
    open_out_of_turn(studio, "annotator", task_id)
    assert next_of(studio, "reviewer") == other
    assert next_of(studio, "annotator") == task_id


def test_a_skipped_task_that_came_back_stays_in_hand(studio: Studio) -> None:
    studio.change_project(skip_queue="REQUEUE_FOR_ME")
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id, result=b"[]", was_cancelled=True)
    assert [next_of(studio, "annotator"), next_of(studio, "annotator")] == [task_id, task_id]


def test_a_released_task_is_offered_to_the_next_person(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    next_of(studio, "annotator")
    with studio.database.write() as tx:
        queue.release(tx, task_id, studio.people["annotator"].user_id)
    assert next_of(studio, "reviewer") == task_id


def test_a_skipped_task_goes_to_others_and_not_back(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    next_of(studio, "annotator")
    studio.submit("annotator", task_id, result=b"[]", was_cancelled=True)
    with pytest.raises(NotFound):
        next_of(studio, "annotator")
    assert next_of(studio, "reviewer") == task_id


def test_a_skipped_task_comes_back_when_the_project_says_so(studio: Studio) -> None:
    studio.change_project(skip_queue="REQUEUE_FOR_ME")
    skipped, other = studio.add_tasks(2)
    studio.submit("annotator", skipped, result=b"[]", was_cancelled=True)
    assert next_of(studio, "annotator") == other
    studio.submit("annotator", other)
    assert next_of(studio, "annotator") == skipped


def test_a_skipped_task_is_done_when_the_project_ignores_skipped_ones(studio: Studio) -> None:
    studio.change_project(skip_queue="IGNORE_SKIPPED")
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id, result=b"[]", was_cancelled=True)
    assert studio.task(task_id)["is_labeled"] is True
    with pytest.raises(NotFound):
        next_of(studio, "reviewer")


def test_a_task_with_two_places_is_in_two_hands_and_not_three(studio: Studio) -> None:
    studio.change_project(maximum_annotations=2)
    (task_id,) = studio.add_tasks()
    assert {next_of(studio, "annotator"), next_of(studio, "reviewer")} == {task_id}
    with pytest.raises(NotFound):
        next_of(studio, "editor")


def test_the_least_certain_prediction_comes_first_by_that_sampling(studio: Studio) -> None:
    from_scores = {0.9: 0, 0.2: 0, 0.5: 0}
    studio.change_project(sampling="Uncertainty sampling")
    for score, task_id in zip(from_scores, studio.add_tasks(3), strict=True):
        from_scores[score] = task_id
        predict(studio, task_id, score)
    assert next_of(studio, "annotator") == from_scores[0.2]


def test_uniform_sampling_reaches_every_task(studio: Studio) -> None:
    studio.change_project(sampling="Uniform sampling")
    task_ids = studio.add_tasks(5)
    seen = []
    for _ in task_ids:
        seen.append(next_of(studio, "annotator"))
        studio.submit("annotator", seen[-1])
    assert sorted(seen) == task_ids


def test_what_one_submitted_can_be_gone_back_to_in_order(studio: Studio) -> None:
    task_ids = studio.add_tasks(3)
    for task_id in task_ids:
        studio.submit("annotator", task_id)
    with studio.database.read() as tx:
        seen = history.list_own(tx, studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE))
    assert [each["taskId"] for each in seen] == task_ids


def test_an_annotator_sees_only_tasks_that_were_handed_to_them(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    next_of(studio, "annotator")
    with studio.database.read() as tx:
        grant = studio.grant(tx, "annotator", Permission.TASK_READ)
        assert [row["id"] for row in tasks.list_of_project(tx, grant, limit=10, offset=0)] == [first]
        with pytest.raises(NotFound):
            tasks.get(tx, grant, second)


def test_twenty_annotators_never_hold_one_task_together(database: Database) -> None:
    # PostgreSQL makes them wait for each other's rows: fewer will do each day.
    hand_out_to_twenty(database, HAND_OUTS if database.dialect == "sqlite" else HAND_OUTS // 5)


@pytest.mark.long
def test_twenty_annotators_never_hold_one_of_many_tasks_together(database: Database) -> None:
    hand_out_to_twenty(database, HAND_OUTS)


def hand_out_to_twenty(database: Database, count: int) -> None:
    """So many hand-outs to 20 people at once; every task goes to exactly one of them."""
    if database.dialect == "sqlite":
        # The test asks who gets what, not what the disk keeps: without a flush a commit costs a tenth.
        event.listen(database.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA synchronous=OFF"))
    studio = open_studio(database, extra_annotators=PEOPLE)
    fill(studio, count)
    handed: Counter[int] = Counter()
    lock = threading.Lock()

    def label(who: str) -> None:
        held: Handout | None = None
        while (held := submit_and_take(studio, who, held)) is not None:
            with lock:
                handed[held.task_id] += 1

    run_together([partial(label, f"annotator{n}") for n in range(PEOPLE)])
    assert len(handed) == count
    assert set(handed.values()) == {1}
    assert studio.project()["finished_task_number"] == count


def submit_and_take(studio: Studio, who: str, held: Handout | None) -> Handout | None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        if held is not None:
            submit(tx, grant, held.task_id, NewAnnotation(b"[]"))
        try:
            return queue.next_task(tx, grant, lease_s=LEASE_S)
        except NotFound:
            return None


def run_together(jobs: list[Callable[[], None]]) -> None:
    failures: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def fill(studio: Studio, count: int) -> None:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    rows = b"[" + b",".join(b'{"image":"/%d.jpg"}' % n for n in range(count)) + b"]"
    assert import_inline(studio.database, grant, rows)["task_count"] == count


def predict(studio: Studio, task_id: int, score: float) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
        predictions.add(tx, grant, task_id, predictions.NewPrediction(result(), "m1", score))

"""Assigned tasks come to whom they are assigned to, and keep a place for them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from tests.labeling.studio import LEASE_S, Studio
from treadle.db.schema import handouts
from treadle.errors import Invalid, NotFound
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import assignments, queue, tasks
from treadle.permissions import Permission


def assign(studio: Studio, task_ids: Sequence[int], *names: str) -> int:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        return assignments.assign(tx, grant, task_ids, [studio.people[name].user_id for name in names])


def unassign(studio: Studio, task_ids: Sequence[int], *names: str) -> int:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        return assignments.unassign(tx, grant, task_ids, [studio.people[name].user_id for name in names])


def next_of(studio: Studio, who: str) -> int | None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        try:
            return queue.next_task(tx, grant, lease_s=LEASE_S).task_id
        except NotFound:
            return None


def seen_by(studio: Studio, who: str) -> list[int]:
    with studio.database.read() as tx:
        grant = studio.grant(tx, who, Permission.TASK_READ)
        return [row["id"] for row in tasks.list_of_project(tx, grant, limit=10, offset=0)]


def waiting_for(studio: Studio, task_id: int) -> list[int]:
    with studio.database.read() as tx:
        found = select(handouts.c.user_id).where(handouts.c.task_id == task_id, handouts.c.is_waiting)
        return list(tx.execute(found).scalars())


def end_leases(studio: Studio) -> None:
    with studio.database.write() as tx:
        tx.execute(update(handouts).values(lease_until=None))


def test_an_assigned_task_is_seen_comes_first_and_goes_to_nobody_else(studio: Studio) -> None:
    first, second, third = studio.add_tasks(3)
    assert assign(studio, [second, third], "annotator") == 2
    assert assign(studio, [second], "annotator") == 0
    assert studio.task(second)["assignees"] == 1
    assert seen_by(studio, "annotator") == [second, third]
    assert next_of(studio, "reviewer") == first
    studio.submit("reviewer", first)
    assert next_of(studio, "reviewer") is None
    assert next_of(studio, "annotator") == second
    studio.submit("annotator", second)
    assert next_of(studio, "annotator") == third


def test_places_beyond_those_of_assignees_are_anybody_s(studio: Studio) -> None:
    studio.change_project(maximum_annotations=2)
    (task_id,) = studio.add_tasks()
    assign(studio, [task_id], "annotator")
    assert next_of(studio, "reviewer") == task_id
    assert next_of(studio, "editor") is None
    studio.submit("reviewer", task_id)
    assert next_of(studio, "editor") is None
    assert next_of(studio, "annotator") == task_id


def test_of_two_assignees_of_one_place_only_one_is_given_the_task(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    assign(studio, [task_id], "annotator", "reviewer")
    assert next_of(studio, "reviewer") == task_id
    assert next_of(studio, "annotator") is None
    studio.submit("reviewer", task_id)
    assert waiting_for(studio, task_id) == []
    assert next_of(studio, "annotator") is None


def test_a_task_in_hand_is_not_given_to_a_later_assignee(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    assert next_of(studio, "reviewer") == task_id
    assign(studio, [task_id], "annotator")
    assert next_of(studio, "annotator") is None
    end_leases(studio)
    assert next_of(studio, "reviewer") is None
    assert next_of(studio, "annotator") == task_id


def test_skipping_for_others_gives_the_assignment_up(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    assign(studio, [task_id], "annotator")
    studio.submit("annotator", task_id, result=b"[]", was_cancelled=True)
    assert studio.task(task_id)["assignees"] == 0
    assert next_of(studio, "annotator") is None
    assert next_of(studio, "reviewer") == task_id


def test_skipping_for_oneself_brings_the_assigned_task_back_at_the_end(studio: Studio) -> None:
    studio.change_project(skip_queue="REQUEUE_FOR_ME")
    skipped, other = studio.add_tasks(2)
    assign(studio, [skipped], "annotator")
    studio.submit("annotator", skipped, result=b"[]", was_cancelled=True)
    assert next_of(studio, "annotator") == other
    studio.submit("annotator", other)
    assert next_of(studio, "reviewer") is None
    assert next_of(studio, "annotator") == skipped


def test_an_assignment_waits_again_when_the_work_is_deleted(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    assign(studio, [task_id], "annotator")
    made = studio.submit("annotator", task_id)
    assert waiting_for(studio, task_id) == []
    with studio.database.write() as tx:
        annotation_verbs.remove(tx, studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE), made["id"])
        assignments.recount(tx, [task_id])
    assert waiting_for(studio, task_id) == [studio.people["annotator"].user_id]


def test_unassigning_hides_what_was_not_begun_and_keeps_the_rest(studio: Studio) -> None:
    begun, untouched = studio.add_tasks(2)
    assign(studio, [begun, untouched], "annotator")
    studio.submit("annotator", begun)
    assert unassign(studio, [begun, untouched], "annotator", "reviewer") == 2
    assert seen_by(studio, "annotator") == [begun]
    assert [studio.task(each)["assignees"] for each in (begun, untouched)] == [0, 0]
    assert next_of(studio, "reviewer") == untouched


def test_only_who_may_label_is_assigned(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with pytest.raises(Invalid) as refused:
        assign(studio, [task_id], "annotator", "viewer")
    assert str(studio.people["viewer"].user_id) in refused.value.message
    assert studio.task(task_id)["assignees"] == 0

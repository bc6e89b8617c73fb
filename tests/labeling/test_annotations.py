"""Annotations, drafts and the counters that follow them."""

from __future__ import annotations

import pytest

from tests.labeling.studio import LEASE_S, Studio, box, result
from treadle.db.schema import events
from treadle.errors import Conflict, Forbidden, Invalid, NotFound
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import drafts, predictions, rendering, saving, tasks
from treadle.labeling.drafts import NewDraft
from treadle.labeling.predictions import NewPrediction
from treadle.permissions import Permission


def test_a_submitted_annotation_is_counted_on_task_and_project(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id)
    task, project = studio.task(task_id), studio.project()
    assert (task["total_annotations"], task["is_labeled"]) == (1, True)
    assert (project["total_annotations"], project["finished_task_number"]) == (1, 1)
    assert project["tasks_with_annotations"] == 1


def test_a_submit_records_one_event(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    made = studio.submit("annotator", task_id)
    with studio.database.read() as tx:
        kinds = [(row.kind, row.subject_id) for row in tx.execute(events.select())]
    assert kinds.count(("annotation.created", made["id"])) == 1


def test_a_submit_answers_with_the_row_as_it_is_stored(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        draft = drafts.keep(tx, grant, task_id, NewDraft(result()), lease_s=LEASE_S)
    made = studio.submit("annotator", task_id, lead_time=1.5, draft_id=draft["id"])
    with studio.database.read() as tx:
        assert annotation_verbs.get(tx, made["id"]) == made


def test_a_skip_is_counted_apart_and_leaves_the_task_open(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id, result=b"[]", was_cancelled=True)
    task, project = studio.task(task_id), studio.project()
    assert (task["cancelled_annotations"], task["total_annotations"], task["is_labeled"]) == (1, 0, False)
    assert (project["skipped_annotations"], project["total_annotations"]) == (1, 0)


def test_counters_return_to_zero_when_all_annotations_are_deleted(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    made = [studio.submit("reviewer", task_id, ground_truth=True), studio.submit("annotator", task_id)]
    with studio.database.write() as tx:
        grant = studio.grant(tx, "reviewer", Permission.ANNOTATION_WRITE)
        for each in made:
            annotation_verbs.remove(tx, grant, each["id"])
    project = studio.project()
    names = (
        "total_annotations",
        "finished_task_number",
        "tasks_with_annotations",
        "ground_truth_annotations",
    )
    assert [project[name] for name in names] == [0, 0, 0, 0]
    assert studio.task(task_id)["is_labeled"] is False


def test_overlap_counts_people_not_annotations(studio: Studio) -> None:
    studio.change_project(maximum_annotations=2)
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id)
    studio.submit("annotator", task_id)
    assert studio.task(task_id)["is_labeled"] is False
    studio.submit("reviewer", task_id)
    assert studio.task(task_id)["is_labeled"] is True


def test_raising_the_overlap_opens_finished_tasks_again(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id)
    studio.change_project(maximum_annotations=2)
    assert studio.task(task_id)["is_labeled"] is False
    assert studio.project()["finished_task_number"] == 0


def test_a_result_that_does_not_fit_is_refused_by_its_path(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with pytest.raises(Invalid) as caught:
        studio.submit("annotator", task_id, result=result(box(), box("Horse")))
    assert "result[1].value.rectanglelabels" in caught.value.fields["result"][0]
    assert studio.project()["total_annotations"] == 0


def test_an_annotator_changes_only_their_own(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    made = studio.submit("reviewer", task_id)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        with pytest.raises(NotFound):
            annotation_verbs.change(tx, grant, made["id"], {"result": b"[]"})


def test_only_a_reviewer_sets_ground_truth(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with pytest.raises(Forbidden):
        studio.submit("annotator", task_id, ground_truth=True)


def test_a_stale_change_is_a_conflict_that_shows_the_current_state(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    made = studio.submit("annotator", task_id)
    seen = saving.etag(made["version"])
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        annotation_verbs.change(tx, grant, made["id"], {"lead_time": 3.0}, if_match=seen)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        with pytest.raises(Conflict) as caught:
            annotation_verbs.change(tx, grant, made["id"], {"lead_time": 4.0}, if_match=seen)
    current = caught.value.details["current"]
    assert isinstance(current, dict)
    assert current["lead_time"] == 3.0


def test_a_change_without_if_match_wins_over_the_last(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    made = studio.submit("annotator", task_id)
    for lead_time in (3.0, 4.0):
        with studio.database.write() as tx:
            grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
            changed = annotation_verbs.change(tx, grant, made["id"], {"lead_time": lead_time})
    assert changed["lead_time"] == 4.0


def test_the_same_save_sent_twice_is_answered_from_memory(studio: Studio) -> None:
    user_id = studio.people["annotator"].user_id
    save = saving.save_key(user_id, "POST /api/tasks/1/annotations", "k1", b"{}")
    with studio.database.write() as tx:
        assert saving.find_answer(tx, save) is None
        saving.keep_answer(tx, save, saving.Answer(201, '{"id":1}', '"1"'))
    with studio.database.write() as tx:
        assert saving.find_answer(tx, save) == saving.Answer(201, '{"id":1}', '"1"')


def test_an_idempotency_key_with_another_body_is_a_conflict(studio: Studio) -> None:
    user_id = studio.people["annotator"].user_id
    route = "POST /api/tasks/1/annotations"
    with studio.database.write() as tx:
        saving.keep_answer(tx, saving.save_key(user_id, route, "k1", b"{}"), saving.Answer(201, "{}", None))
        with pytest.raises(Conflict):
            saving.find_answer(tx, saving.save_key(user_id, route, "k1", b'{"result":[]}'))


def test_a_submit_takes_its_draft_away(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        draft = drafts.keep(tx, grant, task_id, NewDraft(result()), lease_s=LEASE_S)
    made = studio.submit("annotator", task_id, draft_id=draft["id"])
    with studio.database.read() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_READ)
        assert drafts.of_task(tx, grant, task_id) == []
    assert made["draft_created_at"] == draft["created_at"]


def test_nobody_takes_another_persons_draft_away(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        draft = drafts.keep(tx, grant, task_id, NewDraft(result()), lease_s=LEASE_S)
    studio.submit("editor", task_id, draft_id=draft["id"])
    with studio.database.read() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_READ)
        assert [row["id"] for row in drafts.of_task(tx, grant, task_id)] == [draft["id"]]
        with pytest.raises(NotFound):
            drafts.get(tx, studio.grant(tx, "editor", Permission.ANNOTATION_READ), draft["id"])


def test_deleting_a_task_takes_its_work_and_its_counts(studio: Studio) -> None:
    task_id, other_id = studio.add_tasks(2)
    studio.submit("annotator", task_id)
    studio.submit("annotator", other_id)
    with studio.database.write() as tx:
        predictions.add(
            tx,
            studio.grant(tx, "editor", Permission.PREDICTION_WRITE),
            task_id,
            NewPrediction(result(), "m1", 0.5),
        )
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        tasks.remove(tx, grant, task_id)
    project = studio.project()
    names = ("task_number", "finished_task_number", "total_annotations", "total_predictions")
    assert [project[name] for name in names] == [1, 1, 1, 0]
    with pytest.raises(NotFound):
        studio.submit("annotator", task_id)


def test_ids_of_deleted_annotations_are_never_used_again(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    first = studio.submit("annotator", task_id)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        annotation_verbs.remove(tx, grant, first["id"])
    assert studio.submit("annotator", task_id)["id"] > first["id"]


def test_a_submit_keeps_the_prediction_that_it_began_from(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
        made = predictions.add(tx, grant, task_id, NewPrediction(result(), "m1", 0.5))
    annotation = studio.submit("annotator", task_id, parent_prediction=made["id"])
    assert '"model_version":"m1"' in annotation["prediction"]
    assert rendering.annotation(annotation, annotation["created_at"])["parent_prediction"] == made["id"]


def test_a_config_that_would_orphan_annotations_names_the_label(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id, result=result(box("Dög")))
    smaller = studio.project()["label_config"].replace('<Label value="Dög"/>', "")
    with pytest.raises(Invalid) as caught:
        studio.change_project(label_config=smaller)
    assert "Dög" in caught.value.fields["label_config"][0]

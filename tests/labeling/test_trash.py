"""What is deleted comes back as it was, one thing or many, and is counted neither twice nor never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from tests.faults.recounting import check_counts
from tests.labeling.studio import LEASE_S, Studio, result
from treadle import jobs
from treadle.access import DeletedProjectScope, Grant, ListGrant, ProjectScope, audit
from treadle.db import Tx, schema
from treadle.db.schema import annotation_versions, drafts, handouts, predictions, tasks, users
from treadle.db.schema import trash as trash_table
from treadle.errors import Conflict, Invalid, NotFound
from treadle.jobs import Job, JobKind, JobParts, JobRun, JobState, runner
from treadle.labeling import actions, projects, queue, trash
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import predictions as prediction_verbs
from treadle.labeling import selections as selection_module
from treadle.labeling import tasks as task_verbs
from treadle.labeling.actions import ACCEPT_JOB, ACTIONS, ASSIGN_JOB, Started, Wish
from treadle.labeling.annotations import NewAnnotation
from treadle.labeling.drafts import NewDraft, keep
from treadle.labeling.filters import TaskQuery
from treadle.labeling.predictions import NewPrediction
from treadle.labeling.retrying import RETRIES, Retrying
from treadle.labeling.trash import DELETE_JOB, RESTORE_JOB, Deletion
from treadle.labeling.trash import jobs as trash_jobs
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings

TABLES = (tasks, schema.annotations, predictions, drafts, handouts)
#: What any change of a task's work sets anew.
CHANGED = ("updated_at", "updated_by")
EVERYTHING = TaskQuery(selected={"all": True, "excluded": []})


def picture(studio: Studio) -> dict[str, list[dict[str, Any]]]:
    """Every row of the project's tables."""
    with studio.database.read() as tx:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in CHANGED}
                for row in tx.rows(select(table).order_by(*table.primary_key.columns))
            ]
            for table in TABLES
        }


def fill(studio: Studio, count: int = 5) -> list[int]:
    """Tasks with one thing of each kind on the first ones."""
    ids = studio.add_tasks(count)
    for task_id in ids[:3]:
        studio.submit("annotator", task_id)
        with studio.database.write() as tx:
            grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
            prediction_verbs.add(tx, grant, task_id, NewPrediction(result(), "m1", 0.25))
            labeler = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
            queue.hold(tx, labeler, task_id, lease_s=LEASE_S)
            keep(tx, labeler, task_id, NewDraft(b"[]"), lease_s=LEASE_S)
    mine = studio.submit("editor", ids[0], was_cancelled=True, lead_time=1.1)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.ANNOTATION_WRITE)
        keep(tx, grant, ids[0], NewDraft(b"[]", annotation_id=mine["id"]), lease_s=LEASE_S)
    return ids


def act(studio: Studio, name: str, query: TaskQuery = EVERYTHING, *users: int, **form: Any) -> Started:
    action = next(each for each in ACTIONS if each.id == name)
    with studio.database.write() as tx:
        return action.start(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), Wish(query, users, **form))


def parts(studio: Studio) -> JobParts:
    return JobParts(studio.database, MemoryObjects(), Settings())


def run(studio: Studio, kind: JobKind, job: Job) -> Job:
    ended = jobs.run_in_place(parts(studio), kind, job.id)
    assert ended.state is JobState.DONE, ended.error
    return ended


def in_project(studio: Studio, verb: Callable[..., Any], *arguments: Any, who: str = "manager") -> Any:
    with studio.database.write() as tx:
        return verb(tx, studio.grant(tx, who, Permission.TASK_WRITE), *arguments)


def count(studio: Studio) -> None:
    with studio.database.read() as tx:
        check_counts(tx, studio.project_id)


def deletion(studio: Studio, deletion_id: int | None) -> Deletion:
    assert deletion_id is not None
    with studio.database.read() as tx:
        return trash.get(tx, deletion_id)


def rows_in_trash(tx: Tx) -> int:
    return int(tx.execute(select(func.count()).select_from(trash_table)).scalar_one())


def test_each_thing_that_is_deleted_comes_back_as_it_was(studio: Studio) -> None:
    task_id, *_ = fill(studio)
    before = picture(studio)
    removals: list[tuple[Callable[..., int], int]] = [
        (task_verbs.remove, task_id),
        (annotation_verbs.remove, before["annotations"][-1]["id"]),
        (prediction_verbs.remove, before["predictions"][0]["id"]),
    ]
    for remove, thing in removals:
        deletion_id = in_project(studio, remove, thing)
        assert picture(studio) != before
        count(studio)
        restored = in_project(studio, trash.restore_now, deletion_id)
        assert (restored.state, restored.item_count) == ("restored", 1)
        assert picture(studio) == before
        count(studio)
    with studio.database.read() as tx:
        assert rows_in_trash(tx) == 0


@pytest.mark.parametrize("what", ["tasks", "tasks_annotations", "tasks_predictions"])
def test_many_are_deleted_and_restored_by_jobs(
    studio: Studio, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_module, "_PAGE", 2)
    monkeypatch.setattr(selection_module, "BATCH", 2)
    monkeypatch.setattr(trash_jobs, "_BATCH", 2)
    ids = fill(studio)
    before = picture(studio)
    chosen = TaskQuery(selected={"all": True, "excluded": [ids[1]]})
    started = act(studio, f"delete_{what}", chosen)
    late = studio.add_tasks(1)
    run(studio, DELETE_JOB, started.job)
    count(studio)
    expected = {"tasks": 4, "tasks_annotations": 3, "tasks_predictions": 2}[what]
    done = deletion(studio, started.deletion)
    assert (done.state, done.item_count) == ("done", expected)
    left = {row["id"] for row in picture(studio)["tasks"]}
    assert left == ({ids[1], *late} if what == "tasks" else {*ids, *late})

    job = in_project(studio, trash.start_restoring, started.deletion)
    run(studio, RESTORE_JOB, job)
    after = picture(studio)
    after["tasks"] = [row for row in after["tasks"] if row["id"] not in late]
    assert after == before
    count(studio)


def test_assignments_come_back_with_their_tasks(studio: Studio) -> None:
    fill(studio)
    people = [studio.people[who].user_id for who in ("reviewer", "annotator")]
    assigned = run(studio, ASSIGN_JOB, act(studio, "assign_annotators", EVERYTHING, *people).job)
    assert assigned.result == '{"count":10}'
    before = picture(studio)
    assert {row["assignees"] for row in before["tasks"]} == {2}
    started = act(studio, "delete_tasks")
    run(studio, DELETE_JOB, started.job)
    in_project(studio, trash.restore_now, started.deletion)
    assert picture(studio) == before
    back = run(studio, ASSIGN_JOB, act(studio, "unassign_annotators", EVERYTHING, people[0]).job)
    assert back.result == '{"count":5}'
    with pytest.raises(Invalid, match="Say whom"):
        act(studio, "assign_annotators")


def test_one_person_s_annotations_are_deleted_and_one_version_s_predictions_accepted(studio: Studio) -> None:
    ids = fill(studio)
    editor = studio.people["editor"].user_id
    ended = run(studio, DELETE_JOB, act(studio, "delete_tasks_annotations", annotator=editor).job)
    assert ended.result is not None
    assert ended.result.startswith('{"count":1,')
    found = picture(studio)
    assert editor not in {row["completed_by"] for row in found["annotations"]}
    assert {row["user_id"] for row in found["drafts"]} == {studio.people["annotator"].user_id}
    predict_again(studio, ids[1])
    accepted = run(studio, ACCEPT_JOB, act(studio, "predictions_to_annotations", model_version="m2").job)
    assert accepted.result == '{"count":1}'
    count(studio)


def test_a_deletion_that_took_nothing_leaves_nothing(studio: Studio) -> None:
    studio.add_tasks(2)
    ended = run(studio, DELETE_JOB, act(studio, "delete_tasks_annotations").job)
    assert ended.result == '{"count":0,"deletion":null}'
    assert in_project(studio, trash.list_of_project) == []


def test_the_audit_log_says_who_deleted_and_restored_how_many(studio: Studio) -> None:
    fill(studio)
    started = act(studio, "delete_tasks")
    run(studio, DELETE_JOB, started.job)
    in_project(studio, trash.restore_now, started.deletion)
    with studio.database.read() as tx:
        newest = audit.read_audit(tx, studio.grant(tx, "owner", Permission.MEMBERS_MANAGE), limit=2)
    told = [(each.actor, each.action, each.subject, each.detail) for each in newest]
    subject, detail = f"project:{studio.project_id}", f'{{"deletion":{started.deletion},"count":5}}'
    assert told == [
        ("manager@example.com", "tasks.restored", subject, detail),
        ("editor@example.com", "tasks.deleted", subject, detail),
    ]


def test_what_was_restored_is_not_restored_again(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    deletion_id = in_project(studio, task_verbs.remove, task_id)
    in_project(studio, trash.restore_now, deletion_id)
    with pytest.raises(Conflict, match="was restored already"):
        in_project(studio, trash.restore_now, deletion_id)


def test_work_on_a_deleted_task_waits_for_the_task(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    done = studio.submit("annotator", task_id)
    of_annotation = in_project(studio, annotation_verbs.remove, done["id"])
    of_task = in_project(studio, task_verbs.remove, task_id)
    with pytest.raises(Conflict, match=f"Restore deletion {of_task} first"):
        in_project(studio, trash.restore_now, of_annotation)
    in_project(studio, trash.restore_now, of_task)
    in_project(studio, trash.restore_now, of_annotation)
    assert studio.task(task_id)["total_annotations"] == 1
    count(studio)


def test_what_is_restored_follows_the_project_s_rules_of_now(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    studio.submit("annotator", task_id)
    deletion_id = in_project(studio, task_verbs.remove, task_id)
    studio.change_project(maximum_annotations=2)
    in_project(studio, trash.restore_now, deletion_id)
    assert (studio.task(task_id)["overlap"], studio.task(task_id)["is_labeled"]) == (2, False)
    count(studio)


def test_somebody_who_is_gone_is_named_no_more(studio: Studio) -> None:
    (task_id,) = fill(studio, 1)
    deletion_id = in_project(studio, task_verbs.remove, task_id)
    with studio.database.write() as tx:
        tx.execute(delete(users).where(users.c.id == studio.people["annotator"].user_id))
    in_project(studio, trash.restore_now, deletion_id)
    found = picture(studio)
    editor = studio.people["editor"].user_id
    assert {row["completed_by"] for row in found["annotations"]} == {None, editor}
    assert {row["user_id"] for row in found["drafts"]} == {editor}
    assert (studio.task(task_id)["total_annotations"], studio.task(task_id)["cancelled_annotations"]) == (
        1,
        1,
    )


def test_a_deletion_that_is_cancelled_half_way_restores_what_it_took(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_module, "BATCH", 2)
    fill(studio)
    before = picture(studio)
    started = act(studio, "delete_tasks")
    cancel_after_batches(monkeypatch, studio, 1)
    ended = jobs.run_in_place(parts(studio), DELETE_JOB, started.job.id)
    assert ended.state is JobState.CANCELLED
    assert picture(studio) == before
    assert deletion(studio, started.deletion).state == "restored"
    count(studio)


def cancel_after_batches(monkeypatch: pytest.MonkeyPatch, studio: Studio, batches: int) -> None:
    """Ask the job to stop once it kept its place that often."""
    kept: list[object] = []

    def report(self: JobRun, *_progress: object) -> None:
        kept.append(self)
        if len(kept) == batches:
            with self.database.write() as tx:
                jobs.request_cancel(tx, studio.people["editor"], self.job)

    monkeypatch.setattr(JobRun, "report", report)


def test_a_job_whose_worker_died_goes_on_behind_its_last_batch(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_ACCEPTED_AT_ONCE", 2)
    for task_id in fill(studio)[:3]:
        predict_again(studio, task_id)
    started = act(studio, "predictions_to_annotations")
    die_once(monkeypatch)
    held = parts(studio)
    with pytest.raises(SystemExit):
        jobs.run_in_place(held, ACCEPT_JOB, started.job.id)
    assert jobs.run_in_place(held, ACCEPT_JOB, started.job.id).result == '{"count":3}'
    by_editor = [row for row in picture(studio)["annotations"] if row["parent_prediction_id"]]
    assert len(by_editor) == 3
    count(studio)


def test_predictions_that_were_accepted_are_not_accepted_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_ACCEPTED_AT_ONCE", 1)
    for task_id in studio.add_tasks(3):
        predict_again(studio, task_id)
    ordered = act(studio, "predictions_to_annotations").job
    for batches in (1, 2, 99):  # cancelled twice, then left to its end
        with monkeypatch.context() as stopping:
            cancel_after_batches(stopping, studio, batches)
            ended = jobs.run_in_place(parts(studio), ACCEPT_JOB, ordered.id)
        if ended.state is JobState.CANCELLED:
            with studio.database.write() as tx:
                ordered = Retrying(RETRIES).retry(tx, studio.people["editor"], ended)
    accepted = [row["parent_prediction_id"] for row in picture(studio)["annotations"]]
    assert (ended.state, len(accepted), len(set(accepted))) == (JobState.DONE, 3, 3)


def test_a_few_refused_predictions_are_told_and_the_rest_counted(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_TOLD_REFUSALS", 1)
    first, *others = studio.add_tasks(4)
    for task_id in (first, *others):
        predict_again(studio, task_id)
    submit = annotation_verbs.submit

    def refuse(tx: Tx, grant: Grant, task_id: int, new: NewAnnotation) -> object:
        if task_id in others:
            raise Invalid("unfit", f"Task {task_id} is refused.")
        return submit(tx, grant, task_id, new)

    monkeypatch.setattr(annotation_verbs, "submit", refuse)
    ended = run(studio, ACCEPT_JOB, act(studio, "predictions_to_annotations").job)
    assert (ended.log.count("is refused"), ended.log.count("2 more predictions")) == (1, 1)


def predict_again(studio: Studio, task_id: int) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
        prediction_verbs.add(tx, grant, task_id, NewPrediction(result(), "m2", 0.5))


def die_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """End the first run behind its first batch, as SIGTERM would."""
    real = JobRun.report

    def report(self: JobRun, done: int, total: int, message: str = "") -> None:
        monkeypatch.setattr(JobRun, "report", real)
        raise SystemExit

    monkeypatch.setattr(JobRun, "report", report)


def test_what_was_deleted_long_ago_is_freed_with_its_past(studio: Studio) -> None:
    task_id, *_ = fill(studio)
    done = next(row for row in picture(studio)["annotations"] if row["task_id"] == task_id)
    with studio.database.write() as tx:
        past = {"annotation_id": done["id"], "project_id": studio.project_id, "version": 0, "result": "[]"}
        tx.execute(annotation_versions.insert(), {**past, "made_at": tx.now})
    deletion_id = in_project(studio, task_verbs.remove, task_id)
    assert trash.free_deletions(studio.database) == 0
    assert trash.free_deletions(studio.database, older_than=timedelta(0)) == 1
    with pytest.raises(NotFound):
        in_project(studio, trash.restore_now, deletion_id)
    with studio.database.read() as tx:
        assert rows_in_trash(tx) == 0
        assert tx.execute(select(annotation_versions)).all() == []
    count(studio)


def test_a_deleted_project_is_not_there_and_comes_back_whole(studio: Studio) -> None:
    fill(studio)
    before = picture(studio)
    started = act(studio, "delete_tasks")
    in_project(studio, projects.remove)
    assert jobs.run_in_place(parts(studio), DELETE_JOB, started.job.id).state is JobState.FAILED
    for scope in (ProjectScope(studio.project_id), DeletedProjectScope(studio.project_id + 1)):
        with pytest.raises(NotFound), studio.database.read() as tx:
            studio.grant(tx, "manager", Permission.PROJECT_READ, scope)
    with studio.database.write() as tx:
        manager = ListGrant(studio.people["manager"], Permission.PROJECT_DELETE)
        assert projects.list_projects(tx, manager, projects.Page(1, 10))[0] == 0
        (row,) = projects.list_deleted(tx, manager)
        assert (row["id"], row["task_number"], row["email"]) == (studio.project_id, 5, "manager@example.com")
        editor = ListGrant(studio.people["editor"], Permission.PROJECT_DELETE)
        assert projects.list_deleted(tx, editor) == []
        scope = DeletedProjectScope(studio.project_id)
        projects.restore(tx, studio.grant(tx, "manager", Permission.PROJECT_DELETE, scope))
    assert picture(studio) == before
    count(studio)


def test_what_a_deletion_took_comes_back_though_its_job_could_not_give_it_back(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_module, "BATCH", 2)
    monkeypatch.setattr(runner, "_UNDO_PAUSES_S", ())
    fill(studio)
    before = picture(studio)
    started = act(studio, "delete_tasks")
    cancel_after_batches(monkeypatch, studio, 1)

    def break_down(_run: JobRun) -> None:
        raise ZeroDivisionError("a defect")

    broken = JobKind(DELETE_JOB.name, DELETE_JOB.run, DELETE_JOB.permission, break_down)
    ended = jobs.run_in_place(parts(studio), broken, started.job.id)
    assert ended.state is JobState.CANCELLED
    with studio.database.write() as tx:
        left = trash.settle_left(tx, deletion(studio, started.deletion), by=None)
    assert (left.state, left.item_count) == ("done", 2)
    in_project(studio, trash.restore_now, left.id)
    assert picture(studio) == before


def test_a_deletion_whose_month_is_over_is_not_restored(studio: Studio) -> None:
    deletion_id = in_project(studio, task_verbs.remove, studio.add_tasks()[0])
    with studio.database.write() as tx:
        tx.execute(schema.deletions.update().values(created_at=tx.now - trash.KEPT))
    with pytest.raises(NotFound):
        in_project(studio, trash.restore_now, deletion_id)

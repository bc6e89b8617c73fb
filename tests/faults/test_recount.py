"""Whatever people do, in whatever order: what is counted along the way equals a count of the rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.faults.recounting import check_counts
from tests.labeling.studio import CONFIG, Studio, box, open_studio, result
from treadle.access import WorkspaceScope
from treadle.db import Database, Tx, schema
from treadle.db.schema import imports, predictions
from treadle.db.schema import projects as project_table
from treadle.db.schema import tasks as task_table
from treadle.errors import Conflict
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import predictions as prediction_verbs
from treadle.labeling import projects, tasks, trash
from treadle.labeling.config import parse_config
from treadle.labeling.imports import import_inline, writing
from treadle.labeling.imports.blocks import Block, staged_block
from treadle.labeling.imports.rows import stage
from treadle.permissions import Permission

T = TypeVar("T")

PEOPLE = ("annotator", "reviewer", "editor", "manager")
NOBODY = 10**9
CHOICE = {"from_name": "q", "to_name": "img", "type": "choices", "value": {"choices": ["sharp"]}}
RESULTS: list[Any] = [box("Cat"), box("Dög"), CHOICE]


@dataclass
class History:
    """A project that grows by what is done to it, one step after the other."""

    studio: Studio
    #: Imports that have written their rows and not shown them.
    begun: list[int] = field(default_factory=list)

    def add_tasks(self, count: int) -> None:
        self.studio.add_tasks(count)

    def import_rows(self, rows: Sequence[Any]) -> None:
        with self.studio.database.read() as tx:
            grant = self.studio.grant(tx, "editor", Permission.TASK_WRITE)
        import_inline(self.studio.database, grant, json.dumps([self._named(row) for row in rows]).encode())

    def begin_import(self, rows: Sequence[Any]) -> None:
        """Write the rows of an import, as a worker does that has not come to its end."""
        with self.studio.database.write() as tx:
            project = {"project_id": self.studio.project_id, "user_id": self._person("editor")}
            new = {**project, "state": "running", "created_at": tx.now}
            import_id = tx.execute(imports.insert().returning(imports.c.id), new).scalar_one()
        writing.write_all(self.studio.database, import_id, self._staged(rows), lambda _count: None)
        self.begun.append(import_id)

    def end_import(self, is_good: bool) -> None:
        """Show the rows of the import that was begun first, or take them away."""
        if not self.begun:
            return
        import_id = self.begun.pop(0)
        if not is_good:
            writing.undo(self.studio.database, import_id)
            return
        with self.studio.database.write() as tx:
            writing.finish(tx, import_id)

    def submit(self, who: str, place: int, was_cancelled: bool, ground_truth: bool) -> None:
        task_id = self._pick(task_table, place)
        if task_id is not None:
            is_allowed = ground_truth and who != "annotator"
            parts = {"was_cancelled": was_cancelled, "ground_truth": is_allowed}
            self.studio.submit(who, task_id, result=self.result(place), lead_time=place / 8, **parts)

    @staticmethod
    def result(place: int) -> bytes:
        return json.dumps([RESULTS[n] for n in range(len(RESULTS)) if place >> n & 1]).encode()

    def change(self, place: int, changes: dict[str, Any]) -> None:
        self._on(schema.annotations, place, Permission.ANNOTATION_WRITE, self._change(changes))

    def remove_annotation(self, place: int) -> None:
        self._on(schema.annotations, place, Permission.ANNOTATION_WRITE, annotation_verbs.remove)

    def predict(self, place: int) -> None:
        self._on(task_table, place, Permission.PREDICTION_WRITE, self._predict)

    def remove_prediction(self, place: int) -> None:
        self._on(predictions, place, Permission.PREDICTION_WRITE, prediction_verbs.remove)

    def remove_tasks(self, places: Sequence[int]) -> None:
        chosen = [task_id for place in places if (task_id := self._pick(task_table, place)) is not None]
        with self.studio.database.write() as tx:
            grant = self.studio.grant(tx, "editor", Permission.TASK_WRITE)
            trash.delete_now(tx, grant, "tasks", chosen)

    def restore(self, place: int) -> None:
        """Bring back what one of the deletions took, unless it is back or its task is not there."""
        with self.studio.database.read() as tx:
            grant = self.studio.grant(tx, "manager", Permission.TASK_WRITE)
            ids = [row["id"] for row in trash.list_of_project(tx, grant)]
        if ids:
            with suppress(Conflict), self.studio.database.write() as tx:
                trash.restore_now(
                    tx, self.studio.grant(tx, "manager", Permission.TASK_WRITE), ids[place % len(ids)]
                )

    def change_project(self, values: dict[str, Any]) -> None:
        self.studio.change_project(**values)

    def check(self) -> None:
        with self.studio.database.read() as tx:
            check_counts(tx, self.studio.project_id)

    def _on(self, table: Any, place: int, permission: Permission, act: Callable[..., object]) -> None:
        found = self._pick(table, place)
        if found is not None:
            with self.studio.database.write() as tx:
                act(tx, self.studio.grant(tx, "manager", permission), found)

    @staticmethod
    def _change(changes: dict[str, Any]) -> Callable[..., object]:
        return lambda tx, grant, found: annotation_verbs.change(tx, grant, found, changes)

    @staticmethod
    def _predict(tx: Tx, grant: Any, task_id: int) -> None:
        prediction_verbs.add(tx, grant, task_id, prediction_verbs.NewPrediction(result(), "m1", 0.5))

    def _pick(self, table: Any, place: int) -> int | None:
        """One of the rows that show, whichever ``place`` falls on."""
        shown = self._shown()
        of_task = table.c.id if table is task_table else table.c.task_id
        statement = select(table.c.id).where(table.c.project_id == self.studio.project_id, of_task.in_(shown))
        with self.studio.database.read() as tx:
            ids = tx.execute(statement.order_by(table.c.id)).scalars().all()
        return ids[place % len(ids)] if ids else None

    def _shown(self) -> list[int]:
        with self.studio.database.read() as tx:
            grant = self.studio.grant(tx, "editor", Permission.TASK_READ)
            return [row["id"] for row in tasks.list_of_project(tx, grant, limit=1000, offset=0)]

    def _staged(self, rows: Sequence[Any]) -> list[Block]:
        config = parse_config(CONFIG)
        return [staged_block([stage(config, self._named(row), "item") for row in rows])]

    def _named(self, row: Any) -> Any:
        done = [{**item, "completed_by": self._person(item["completed_by"])} for item in row["annotations"]]
        return {**row, "annotations": done}

    def _person(self, name: str | None) -> int | None:
        if name is None:
            return None
        return self.studio.people[name].user_id if name in self.studio.people else NOBODY


places = st.integers(0, 50)
flags = st.booleans()
imported_annotations: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "result": st.lists(st.sampled_from(RESULTS), max_size=2),
        "completed_by": st.sampled_from([*PEOPLE, "stranger", None]),
        "was_cancelled": flags,
        "ground_truth": flags,
    }
)
imported_rows: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {
            "data": st.just({"image": "/a.jpg"}),
            "annotations": st.lists(imported_annotations, max_size=3),
            "predictions": st.lists(st.just({"result": []}), max_size=2),
        }
    ),
    min_size=1,
    max_size=3,
)
changes: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "was_cancelled": flags,
        "ground_truth": flags,
        "lead_time": st.none() | st.integers(0, 9).map(lambda n: n / 2),
        "result": st.integers(0, 7).map(History.result),
    },
)
project_changes: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "maximum_annotations": st.integers(1, 3),
        "skip_queue": st.sampled_from(["REQUEUE_FOR_ME", "REQUEUE_FOR_OTHERS", "IGNORE_SKIPPED"]),
    },
)


def step(act: Callable[..., None], *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(act), *arguments)


steps = st.one_of(
    step(History.add_tasks, st.integers(1, 3)),
    step(History.import_rows, imported_rows),
    step(History.begin_import, imported_rows),
    step(History.end_import, flags),
    step(History.submit, st.sampled_from(PEOPLE), places, flags, flags),
    step(History.submit, st.sampled_from(PEOPLE), places, flags, flags),
    step(History.change, places, changes),
    step(History.remove_annotation, places),
    step(History.predict, places),
    step(History.remove_prediction, places),
    step(History.remove_tasks, st.lists(places, min_size=1, max_size=3)),
    step(History.restore, places),
    step(History.restore, places),
    step(History.change_project, project_changes),
)
histories = st.lists(steps, min_size=1, max_size=25)


@pytest.fixture
def studio(database: Database) -> Studio:
    return open_studio(database)


def check_history(studio: Studio, history: Sequence[Any]) -> None:
    """Do every step in a project of its own, and count after each."""
    grown = History(with_new_project(studio))
    for act, *arguments in history:
        act(grown, *arguments)
        grown.check()


def with_new_project(studio: Studio) -> Studio:
    with studio.database.write() as tx:
        place = select(project_table.c.workspace_id).where(project_table.c.id == studio.project_id)
        scope = WorkspaceScope(tx.execute(place).scalar_one())
        grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE, scope)
        project = projects.create(tx, grant, {"title": "history", "label_config": CONFIG})
    return Studio(studio.database, studio.people, int(project["id"]))


_ANY_TIME = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(_ANY_TIME, max_examples=40)
@given(histories)
def test_what_is_counted_along_the_way_equals_a_recount(studio: Studio, history: Sequence[Any]) -> None:
    check_history(studio, history)


@pytest.mark.long
@settings(_ANY_TIME, max_examples=2_000)
@given(histories)
def test_what_is_counted_equals_a_recount_after_many_histories(
    studio: Studio, history: Sequence[Any]
) -> None:
    check_history(studio, history)

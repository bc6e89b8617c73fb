"""Label Studio and Treadle in turn: server CPU for each operation, round by round.

The machines are shared and noisy, so only the ratio of one run counts; a round of the one follows a
round of the other, and the median over the rounds is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import msgspec

from benchmarks.rows import Row
from benchmarks.work import Desk, Round, annotated_rows, boxes, task_rows

#: Calls that are measured together, of theirs and of ours: an operation of 1 ms is called more often.
_CALLS = (12, 120)


@dataclass(frozen=True)
class Sizes:
    """How much work; the short run is of the same kind."""

    rounds: int
    project: int  # tasks of a project
    beside: int  # tasks of the project that a list of projects stands beside
    bulk: int  # tasks, predictions and annotations that are imported and exported at once
    has_all: bool  # what has no budget, too


FULL = Sizes(rounds=5, project=2_000, beside=100_000, bulk=2_000, has_all=True)
SHORT = Sizes(rounds=1, project=1_000, beside=5_000, bulk=1_000, has_all=False)

Act = Callable[[], object]


@dataclass(frozen=True)
class Operation:
    """One operation: how it is prepared on a server, how often called, what it may cost.

    ``prepare`` returns what is measured. ``per``: of how many things a call is made.
    ``budget``: at most this part of Label Studio's CPU.
    """

    name: str
    prepare: Callable[[Desk, Sizes], Act]
    budget: int | None = None
    is_bulk: bool = False
    unit: str = "ms CPU"


def compare(theirs: Desk, ours: Desk, sizes: Sizes, tell: Callable[[str], None]) -> list[Row]:
    """A row for each operation."""
    asked = [each for each in OPERATIONS if sizes.has_all or each.budget]
    return [_compare_one(operation, theirs, ours, sizes, tell) for operation in asked]


def _compare_one(
    operation: Operation, theirs: Desk, ours: Desk, sizes: Sizes, tell: Callable[[str], None]
) -> Row:
    tell(operation.name)
    acts = (operation.prepare(theirs, sizes), operation.prepare(ours, sizes))
    calls, per = ((1, 1), sizes.bulk) if operation.is_bulk else (_CALLS, 1)
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(sizes.rounds + 1):
        for desk, act, count, seen in zip((theirs, ours), acts, calls, spent, strict=True):
            cost = desk.server.cpu_of(act, count) / per
            if number or operation.is_bulk:  # the first round warms up
                seen.append(cost)
    their_ms, our_ms = median(spent[0]), median(spent[1])
    most = None if operation.budget is None else their_ms / operation.budget
    budget = "" if operation.budget is None else f"1/{operation.budget} of theirs"
    return Row(operation.name, operation.unit, our_ms, their_ms, most, budget)


def _submit(desk: Desk, sizes: Sizes) -> Act:
    _project_id, ids = desk.filled("Submit", sizes.project)
    tasks = Round(ids)
    return lambda: desk.submit(tasks.next())


def _update(desk: Desk, _sizes: Sizes) -> Act:
    _project_id, ids = desk.filled("Update", 50)
    url = f"/api/tasks/{ids[0]}/annotations/"
    annotation_id = desk.post(url, {"result": boxes(5)})["id"]
    return lambda: desk.patch(f"/api/annotations/{annotation_id}/", {"result": boxes(4)})


def _next_task(desk: Desk, sizes: Sizes) -> Act:
    project_id, _ids = desk.filled("Next", sizes.project)
    return lambda: desk.get(f"/api/projects/{project_id}/next")


def _page(desk: Desk, sizes: Sizes) -> Act:
    project_id, _ids = desk.filled("Page", sizes.project)
    return lambda: desk.get(f"/api/tasks/?project={project_id}&page=1&page_size=100")


def _annotated_page(desk: Desk, _sizes: Sizes) -> Act:
    project_id = desk.make_project("Annotated page")
    desk.import_tasks(project_id, annotated_rows(200))
    return lambda: desk.get(f"/api/tasks/?project={project_id}&page=1&page_size=100&fields=all")


def _view(desk: Desk, sizes: Sizes) -> Act:
    project_id, _ids = desk.filled("View", sizes.project)
    item = {"filter": "filter:tasks:data.split", "operator": "equal", "type": "String", "value": "val"}
    data = {"filters": {"conjunction": "and", "items": [item]}, "ordering": ["-tasks:data.score"]}
    view_id = desk.post("/api/dm/views/", {"project": project_id, "data": {"title": "v", **data}})["id"]
    return lambda: desk.get(f"/api/tasks/?project={project_id}&view={view_id}&page=1&page_size=100")


def _get_task(desk: Desk, _sizes: Sizes) -> Act:
    _project_id, ids = desk.filled("Task", 50)
    return lambda: desk.get(f"/api/tasks/{ids[0]}/")


def _projects(desk: Desk, sizes: Sizes) -> Act:
    desk.filled("Beside", sizes.beside)
    return lambda: desk.get("/api/projects/?page=1&page_size=30")


def _whoami(desk: Desk, _sizes: Sizes) -> Act:
    return lambda: desk.get("/api/current-user/whoami")


def _import(desk: Desk, sizes: Sizes) -> Act:
    body = msgspec.json.encode(task_rows(sizes.bulk))
    return lambda: desk.import_tasks(desk.make_project("Import"), body)


def _import_predictions(desk: Desk, sizes: Sizes) -> Act:
    project_id, ids = desk.filled("Predictions", sizes.bulk)
    rows = [{"task": each, "result": boxes(5), "score": 0.5, "model_version": "v1"} for each in ids]
    body = msgspec.json.encode(rows)
    return lambda: desk.post(f"/api/projects/{project_id}/import/predictions", body)


def _export(kind: str) -> Callable[[Desk, Sizes], Act]:
    def prepare(desk: Desk, sizes: Sizes) -> Act:
        project_id = desk.make_project(f"Export {kind}")
        desk.import_tasks(project_id, annotated_rows(sizes.bulk))
        return lambda: desk.get(f"/api/projects/{project_id}/export?exportType={kind}")

    return prepare


_EACH_TASK = "ms CPU, each task"
OPERATIONS: tuple[Operation, ...] = (
    Operation("submit an annotation of 5 boxes", _submit, 20),
    Operation("page of 100 tasks", _page, 20),
    Operation("page of 100 annotated tasks, with results", _annotated_page, 20),
    Operation("next task", _next_task, 15),
    Operation("import", _import, 15, is_bulk=True, unit=_EACH_TASK),
    Operation("import of predictions of 5 boxes", _import_predictions, 15, is_bulk=True, unit="ms CPU, each"),
    Operation("export as JSON", _export("JSON"), 20, is_bulk=True, unit=_EACH_TASK),
    Operation("list of projects beside a large one", _projects, 20),
    Operation("update an annotation", _update),
    Operation("view: equals, ordered by a number", _view),
    Operation("get a task", _get_task),
    Operation("who am I", _whoami),
    Operation("export as CSV", _export("CSV"), is_bulk=True, unit=_EACH_TASK),
    Operation("export as COCO", _export("COCO"), is_bulk=True, unit=_EACH_TASK),
    Operation("export as YOLO", _export("YOLO"), is_bulk=True, unit=_EACH_TASK),
)

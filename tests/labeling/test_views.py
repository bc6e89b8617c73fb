"""Views find the tasks that their filters name, in their order, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labeling.studio import Studio, box, result
from treadle.access import Grant, ProjectScope, WorkspaceScope
from treadle.db import Tx
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.labeling import (
    assignments,
    people,
    predictions,
    projects,
    queue,
    search,
    task_list,
    tasks,
    totals,
    views,
)
from treadle.labeling.config import TAGS
from treadle.labeling.filters import TaskQuery
from treadle.labeling.predictions import NewPrediction
from treadle.labeling.projects import Page
from treadle.labeling.task_list import LabelLists
from treadle.permissions import Permission

DATA = b'{"image": "/9.jpg"}'


def found(
    studio: Studio, *items: dict[str, Any], ordering: tuple[str, ...] = (), who: str = "editor"
) -> list[int]:
    query = TaskQuery({"conjunction": "and", "items": list(items)}, ordering)
    with studio.database.read() as tx:
        return task_list.ids(tx, studio.grant(tx, who, Permission.TASK_READ), query)


def where(column: str, operator: str, value: Any = None, kind: str = "Unknown") -> dict[str, Any]:
    return {"filter": f"filter:tasks:{column}", "operator": operator, "value": value, "type": kind}


def predict(studio: Studio, task_id: int, score: float, *items: dict[str, Any]) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
        predictions.add(tx, grant, task_id, NewPrediction(result(*items), "m1", score))


@pytest.mark.parametrize(
    ("item", "places"),
    [
        (where("data.n", "equal", 2, "Number"), [2]),
        (where("data.n", "not_equal", 2, "Number"), [0, 1, 3]),
        (where("data.n", "greater", 1, "Number"), [2, 3]),
        (where("data.n", "greater_or_equal", "1", "Number"), [1, 2, 3]),
        (where("data.n", "less", 1, "Number"), [0]),
        (where("data.n", "in", {"min": 1, "max": 2}, "Number"), [1, 2]),
        (where("data.n", "not_in", {"min": 1, "max": 2}, "Number"), [0, 3]),
        (where("data.n", "in_list", [0, 3], "Number"), [0, 3]),
        (where("data.image", "contains", "2.JPG", "String"), [2]),
        (where("data.image", "not_contains", "2.jpg", "String"), [0, 1, 3]),
        (where("data.image", "regex", "^/[01]", "String"), [0, 1]),
        (where("data.image", "contains", "%", "String"), []),
        (where("data.nope", "empty", True), [0, 1, 2, 3]),
        (where("data.n", "empty", False), [0, 1, 2, 3]),
        (where("inner_id", "equal", 2, "Number"), [1]),
        (where("total_annotations", "equal", 0, "Number"), [0, 1, 2, 3]),
        (where("created_at", "less", "2020-01-01T00:00:00Z", "Datetime"), []),
        (where("created_at", "greater", "2020-01-01", "Datetime"), [0, 1, 2, 3]),
        (where("is_labeled", "equal", True, "Boolean"), []),
    ],
)
def test_a_filter_finds_its_tasks(studio: Studio, item: dict[str, Any], places: list[int]) -> None:
    task_ids = studio.add_tasks(4)
    assert found(studio, item) == [task_ids[place] for place in places]


def test_filters_see_annotations_labels_people_and_scores(studio: Studio) -> None:
    first, second, third = studio.add_tasks(3)
    made = studio.submit("annotator", first, result=result(box("Dög")), lead_time=4.0)
    predict(studio, second, 0.25, box("Cat"))
    annotator = studio.people["annotator"].user_id
    assert found(studio, where("labels", "contains", "Dög", "List")) == [first]
    assert found(studio, where("labels", "contains", "Cat", "List")) == [second]
    assert found(studio, where("labels", "not_contains", ["Cat", "Dög"], "List")) == [third]
    assert found(studio, where("annotators", "contains", annotator, "List")) == [first]
    assert found(studio, where("annotators", "empty", True, "List")) == [second, third]
    assert found(studio, where("predictions_score", "less", 0.6, "Number")) == [second]
    assert found(studio, where("predictions_model_versions", "contains", "m1", "List")) == [second]
    assert found(studio, where("annotations_ids", "contains", str(made["id"]), "String")) == [first]
    assert found(studio, where("annotations_results", "contains", "dög", "String")) in ([first], [])
    assert found(studio, where("completed_at", "empty", False, "Datetime")) == [first]
    assert found(studio, where("avg_lead_time", "greater", 3, "Number")) == [first]


def test_numbers_are_ordered_as_numbers(studio: Studio) -> None:
    task_ids = [*studio.add_tasks(1, size=10), *studio.add_tasks(1, size=9), *studio.add_tasks(1, size="100")]
    assert found(studio, ordering=("tasks:data.size",)) == [task_ids[1], task_ids[0], task_ids[2]]
    assert found(studio, ordering=("-tasks:data.size",)) == [task_ids[2], task_ids[0], task_ids[1]]


def test_or_joins_filters(studio: Studio) -> None:
    task_ids = studio.add_tasks(3)
    items = [where("data.n", "equal", 0, "Number"), where("data.n", "equal", 2, "Number")]
    query = TaskQuery({"conjunction": "or", "items": items})
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        assert task_list.ids(tx, grant, query) == [task_ids[0], task_ids[2]]


def test_a_selection_of_all_but_some_leaves_those_out(studio: Studio) -> None:
    first, second, third = studio.add_tasks(3)
    query = TaskQuery(selected={"all": True, "excluded": [second]})
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        assert task_list.ids(tx, grant, query) == [first, third]


def test_a_hundred_thousand_tasks_may_be_selected(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    many = [second, *range(10**9, 10**9 + 100_000)]
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        assert task_list.ids(tx, grant, TaskQuery(selected={"all": False, "included": many})) == [second]
        assert task_list.ids(tx, grant, TaskQuery(selected={"all": True, "excluded": many})) == [first]
        assert task_list.ids(tx, grant, TaskQuery(selected={"all": False, "included": []})) == []


@pytest.mark.parametrize(
    "item",
    [
        where("nope", "equal", 1),
        where("id", "nope", 1),
        where("data.n", "in", 3, "Number"),
        where("data.n", "less", "many", "Number"),
        where("data.n", "less", True, "Boolean"),
        where("is_labeled", "in", {"min": False, "max": True}, "Boolean"),
        {**where("data.n", "equal", 1, "Number"), "child_filter": [1]},
        where('data.n"); DROP TABLE tasks; --', "equal", 1),
        where("created_at", "less", "yesterday", "Datetime"),
        {"operator": "equal"},
    ],
)
def test_a_wrong_filter_is_refused(studio: Studio, item: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        found(studio, item)


@pytest.mark.parametrize("items", [5, "all", {"a": 1}, {}, "", ["data.n"], [None], [[]], [{"filter": 5}]])
def test_malformed_filters_of_a_page_are_refused(studio: Studio, items: Any) -> None:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        with pytest.raises(Invalid):
            task_list.read_page(tx, grant, TaskQuery({"items": items}), Page(1, 10), is_whole=False)


def test_a_pattern_that_would_backtrack_for_ever_answers_at_once(studio: Studio) -> None:
    hostile = studio.add_tasks(1, word="a" * 200 + "!")
    assert found(studio, where("data.word", "regex", "^(a+)+$", "String")) == []
    assert found(studio, where("data.word", "regex", "^(a+)+!$", "String")) == hostile


def test_a_view_that_is_not_there_is_not_found(studio: Studio) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.VIEW_WRITE)
        view = views.create(tx, grant, {"title": "odd", "filters": {"items": []}})
        assert views.query_of(tx, grant, view["id"]).is_everything
        with pytest.raises(NotFound):
            views.get(tx, grant.actor, view["id"] + 1)


def test_views_keep_the_order_they_are_put_in(studio: Studio) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.VIEW_WRITE)
        made = [views.create(tx, grant, {"title": name})["id"] for name in "abc"]
        views.order(tx, grant, made[::-1])
        assert [row["id"] for row in views.of_project(tx, grant.actor, studio.project_id)] == made[::-1]


def test_a_private_view_is_its_maker_s_alone(studio: Studio) -> None:
    with studio.database.write() as tx:
        maker = studio.grant(tx, "editor", Permission.VIEW_WRITE)
        other = studio.grant(tx, "manager", Permission.VIEW_WRITE)
        mine = views.create(tx, maker, {"title": "mine"}, is_private=True)["id"]
        shared = views.create(tx, maker, {"title": "shared"})["id"]
        for reader, seen in ((maker, [mine, shared]), (other, [shared])):
            found_ids = [row["id"] for row in views.of_project(tx, reader.actor, studio.project_id)]
            assert found_ids == seen
        with pytest.raises(NotFound):
            views.query_of(tx, other, mine)
        with pytest.raises(Forbidden):
            views.change(tx, other, shared, {}, is_private=True)
        views.remove_all(tx, other)
        assert [row["id"] for row in views.of_project(tx, maker.actor, studio.project_id)] == [mine]


def test_a_page_tells_what_is_shown_of_each_task(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    studio.submit("annotator", first, result=result(box("Cat"), box("Dög")), lead_time=2.0)
    predict(studio, second, 0.5)
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        page = task_list.read_page(tx, grant, TaskQuery(), Page(1, 10), is_whole=False)
    assert (page["total"], page["total_annotations"], page["total_predictions"]) == (2, 1, 1)
    done, predicted = page["tasks"]
    assert done["labels"] == {"Cat": 1, "Dög": 1}
    assert (done["avg_lead_time"], done["annotators"]) == (2.0, [studio.people["annotator"].user_id])
    assert (predicted["labels"], predicted["predictions_score"]) == ({"Cat": 1}, 0.5)


def pages_of(studio: Studio, *ordering: str) -> list[int]:
    ids: list[int] = []
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        for number in range(1, 5):
            page = task_list.read_page(tx, grant, TaskQuery(None, ordering), Page(number, 3), is_whole=False)
            ids.extend(row["id"] for row in page["tasks"])
    return ids


def test_far_pages_follow_each_other(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_NEAR", -1)
    before = studio.add_tasks(4)
    with studio.database.write() as tx:  # ids of another project lie between
        other = studio.grant(tx, "editor", Permission.PROJECT_WRITE, WorkspaceScope(1))
        away = projects.create(tx, other, {"title": "away"})["id"]
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE, ProjectScope(away))
        for _ in range(20):
            tasks.create(tx, grant, b"{}")
    task_ids = [*before, *studio.add_tasks(6)]
    assert pages_of(studio) == task_ids
    assert pages_of(studio, "-tasks:id") == task_ids[::-1]
    with studio.database.write() as tx:
        tasks.remove(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), task_ids.pop(4))
        task_ids += [tasks.create(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), DATA)["id"]]
    assert pages_of(studio) == task_ids
    assert pages_of(studio, "-tasks:id") == task_ids[::-1]


def test_a_total_is_remembered_until_something_happens(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "_LARGE", 0)
    query = TaskQuery({"items": [where("data.n", "less", 9, "Number")]})
    counted: list[TaskQuery] = []

    def count(tx: Tx, grant: Grant, query: TaskQuery, facts: search.Facts) -> search.Totals:
        counted.append(query)
        return search.count(tx, grant, query, facts)

    def total() -> int:
        with studio.database.read() as tx:
            grant = studio.grant(tx, "editor", Permission.TASK_READ)
            return totals.count_lately(tx, grant, query, search.read_facts(tx, grant)).tasks

    monkeypatch.setattr(totals, "count", count)
    monkeypatch.setattr(totals, "_QUICK_S", float("inf"))
    studio.add_tasks(2)
    assert [total(), total(), len(counted)] == [2, 2, 1]
    studio.add_tasks(1)
    assert [total(), len(counted)] == [3, 2]
    # Where counting takes long, the total may be a little older.
    monkeypatch.setattr(totals, "_QUICK_S", 0.0)
    monkeypatch.setattr(totals, "_PATIENCE", float("inf"))
    studio.add_tasks(1)
    assert [total(), len(counted)] == [3, 2]


def test_a_list_counts_the_labels_of_every_tag_that_has_some() -> None:
    types = {name for tag in TAGS for name in tag.result_types if name.endswith("labels")} | {"choices"}
    assert types <= set(LabelLists.__struct_fields__)


def test_assignees_are_shown_found_and_to_an_annotator_only_themselves(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    annotator, reviewer = (studio.people[name].user_id for name in ("annotator", "reviewer"))
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        assignments.assign(tx, grant, [first], [annotator, reviewer])
        assignments.assign(tx, grant, [second], [annotator])
    for who, seen in (("editor", [[annotator, reviewer], [annotator]]), ("annotator", [[annotator]] * 2)):
        with studio.database.read() as tx:
            grant = studio.grant(tx, who, Permission.TASK_READ)
            page = task_list.read_page(tx, grant, TaskQuery(), Page(1, 10), is_whole=False)
        assert [list(row["assignees"]) for row in page["tasks"]] == seen
    assert found(studio, where("assignees", "contains", reviewer, "List")) == [first]
    assert found(studio, where("assignees", "contains", reviewer, "List"), who="annotator") == []
    assert found(studio, where("assignees", "empty", False, "List")) == [first, second]


def test_a_filter_within_a_filter_narrows_it(studio: Studio) -> None:
    first, second, _third = studio.add_tasks(3)
    inner = where("data.n", "less", 2, "Number")
    assert found(studio, {**where("data.n", "less", 9, "Number"), "child_filter": inner}) == [first, second]


def test_a_page_past_the_end_is_not_there(studio: Studio) -> None:
    studio.add_tasks(1)
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        with pytest.raises(NotFound):
            task_list.read_page(tx, grant, TaskQuery(), Page(2, 10), is_whole=False)


def hand_to(studio: Studio, who: str, *task_ids: int) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        for task_id in task_ids:
            queue.hold(tx, grant, task_id, lease_s=900)


def test_an_annotator_finds_nothing_by_what_others_did(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    hand_to(studio, "annotator", first, second)
    studio.submit("reviewer", second, result=result(box("Dög")), lead_time=4.0)
    studio.submit("annotator", first, result=result(box("Cat")), lead_time=2.0)
    reviewer = studio.people["reviewer"].user_id
    for item in (
        where("annotations_results", "contains", "D\\u00f6g", "String"),
        where("annotations_results", "contains", "rectangle", "String"),
        where("labels", "contains", "Dög"),
        where("annotators", "contains", reviewer, "List"),
        where("updated_by", "contains", reviewer, "List"),
        where("updated_by", "equal", reviewer, "List"),
        where("avg_lead_time", "greater", 1, "Number"),
        where("completed_at", "empty", False, "Datetime"),
    ):
        assert second not in found(studio, item, who="annotator"), item
        assert found(studio, item, who="editor"), item
    assert found(studio, where("labels", "contains", "Cat"), who="annotator") == [first]
    annotator = studio.people["annotator"].user_id
    assert found(studio, where("updated_by", "contains", annotator, "List"), who="annotator") == [first]


def test_an_annotator_is_told_of_nobody_else(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    hand_to(studio, "annotator", first, second)
    studio.submit("annotator", first)
    studio.submit("reviewer", second)
    annotator, reviewer = (studio.people[name].user_id for name in ("annotator", "reviewer"))
    for who, changed_by in (("editor", [annotator, reviewer]), ("annotator", [annotator, None])):
        with studio.database.read() as tx:
            grant = studio.grant(tx, who, Permission.TASK_READ)
            page = task_list.read_page(tx, grant, TaskQuery(), Page(1, 10), is_whole=False)
            told = [{"user_id": each} if each else None for each in changed_by]
            assert [next(iter(row["updated_by"]), None) for row in page["tasks"]] == told
            listed = tasks.list_of_project(tx, grant, limit=9, offset=0)
            assert [row["updated_by"] for row in listed] == changed_by
            assert [tasks.get(tx, grant, each)["updated_by"] for each in (first, second)] == changed_by
            assert people.annotators_of(tx, grant) == sorted(filter(None, changed_by))


def test_an_annotator_s_order_tells_nothing_of_what_others_did(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    hand_to(studio, "annotator", first, second)
    studio.submit("reviewer", first, lead_time=4.0)
    studio.submit("reviewer", second, lead_time=2.0)
    by_time = ("tasks:avg_lead_time",)
    assert found(studio, ordering=by_time, who="editor") == [second, first]
    assert found(studio, ordering=by_time, who="annotator") == [first, second]

"""An index of a data field changes what a filter costs, and nothing of what it finds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any

import pytest
from sqlalchemy import event, func, select

from tests.labeling.studio import Studio
from treadle.db.schema import task_fields
from treadle.errors import Conflict, Invalid, NotFound
from treadle.jobs import JobParts, run_in_place
from treadle.labeling import field_indexes, search, task_list, tasks, trash
from treadle.labeling.field_indexes import BUILD_JOB, DROP_JOB
from treadle.labeling.filters import TaskQuery
from treadle.labeling.imports import import_inline
from treadle.objects import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings

LONG = "x" * 250
ZOO: tuple[Any, ...] = (
    *(0, 1, 2, -3, 2.5, 1e10, 2**60, True, False, None, "", " ", "0", "1", "2", "2.0", " 2 ", "-3", "1e3"),
    *("\t2\n", "\u30002", "2\u2003", "\u00a02", "\x1c2", "\x852"),
    *(
        "2026-11-21",
        "1.2.3",
        "e5",
        "1e",
        "+",
        ".5",
        "5.",
        "1e400",
        "9" * 150,
        "abc",
        "Abc",
        "ABC",
        "äöü",
        "ÄÖÜ",
    ),
    *(
        "%",
        "_",
        "a%b",
        "日本語",
        "🙂",
        "quote'\"",
        "line\nline",
        "x" * 200,
        "x" * 201,
        LONG,
        LONG + "a",
        LONG + "b",
    ),
    *([], [1, 2], {}, {"x": 5}, ["abc"]),
)
MISSING = object()


def every_filter() -> Iterator[Mapping[str, Any]]:
    texts = ["abc", "2", "", "x" * 200, "x" * 201, LONG, LONG + "a", "ä", "%", "nope", "true", "1"]
    for operator in ("equal", "contains"):
        yield from ({"operator": operator, "type": "String", "value": text} for text in texts)
    for operator in ("not_equal", "not_contains", "less", "greater_or_equal"):
        yield from ({"operator": operator, "type": "String", "value": text} for text in ("2", LONG))
    for operator in ("equal", "not_equal", "less", "less_or_equal", "greater", "greater_or_equal"):
        yield from ({"operator": operator, "type": "Number", "value": n} for n in (0, 2.5))
    for operator in ("in", "not_in"):
        yield {"operator": operator, "type": "Number", "value": {"min": 0, "max": 2}}
        yield {"operator": operator, "type": "String", "value": {"min": "a", "max": "z"}}
    for operator in ("in_list", "not_in_list"):
        yield {"operator": operator, "type": "String", "value": ["abc", LONG, "2"]}
        yield {"operator": operator, "type": "Number", "value": [0, 2]}
        yield {"operator": operator, "type": "String", "value": []}
    for value in (True, False):
        yield {"operator": "equal", "type": "Boolean", "value": value}
        yield {"operator": "not_equal", "type": "Boolean", "value": value}
        yield {"operator": "empty", "type": "String", "value": value}
    yield {"operator": "regex", "type": "String", "value": "^[xa].*[ab]$"}


def add(studio: Studio, *values: Any) -> list[int]:
    datas = [{"image": "/0.jpg", **({} if value is MISSING else {"v": value})} for value in values]
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        return [int(tasks.create(tx, grant, json.dumps(data).encode())["id"]) for data in datas]


def run_job(studio: Studio, kind: Any, index: field_indexes.FieldIndex, tmp_path: Any) -> None:
    assert index.job_id is not None
    run_in_place(JobParts(studio.database, MemoryObjects(), Settings(data_dir=tmp_path)), kind, index.job_id)


def order_index(studio: Studio, path: str = "v") -> field_indexes.FieldIndex:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        return field_indexes.create(tx, grant, path)


def found(studio: Studio, *items: Mapping[str, Any], ordering: tuple[str, ...] = (), **bounds: int) -> Any:
    named = [{"filter": "filter:tasks:data.v", **item} for item in items]
    query = TaskQuery({"conjunction": "and", "items": named}, ordering)
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        facts = search.read_facts(tx, grant)
        total = search.count(tx, grant, query, facts).tasks
        wanted = {"found": total, "limit": 1_000, "offset": 0, **bounds}
        ids = search.read_ids(tx, grant, query, facts, **wanted)
        if not bounds:
            assert ids == task_list.ids(tx, grant, query)
            assert total == len(ids)
        return ids


def test_a_filter_finds_the_same_with_an_index_and_without(studio: Studio, tmp_path: Any) -> None:
    add(studio, *ZOO, MISSING, *ZOO[:10])
    orders = cycle(((), ("tasks:data.v",), ("-tasks:data.v",), ("-tasks:id",), ("-tasks:data.v", "tasks:id")))
    asked = list(zip(every_filter(), orders, strict=False))
    without = [found(studio, item, ordering=ordering) for item, ordering in asked]
    run_job(studio, BUILD_JOB, order_index(studio), tmp_path)
    for (item, ordering), ids in zip(asked, without, strict=True):
        assert found(studio, item, ordering=ordering) == ids, (item, ordering)
        # The other way to the same page, and a page in the middle.
        assert found(studio, item, ordering=ordering, found=10**6) == ids, (item, ordering)
        assert found(studio, item, ordering=ordering, limit=7, offset=5) == ids[5:12], (item, ordering)


def test_an_index_follows_what_is_made_changed_imported_and_deleted(studio: Studio, tmp_path: Any) -> None:
    old, gone = add(studio, "old", "new")
    index = order_index(studio)
    (while_building,) = add(studio, "new")
    run_job(studio, BUILD_JOB, index, tmp_path)
    (made,) = add(studio, "new")
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        tasks.change(tx, grant, old, {"data": b'{"image": "/0.jpg", "v": "new"}'})
        deletion = tasks.remove(tx, grant, gone)
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    import_inline(studio.database, grant, b'[{"image": "/1.jpg", "v": "new"}]')
    ids = found(studio, {"operator": "equal", "type": "String", "value": "new"})
    assert ids[:3] == [old, while_building, made]
    assert len(ids) == 4
    with studio.database.write() as tx:
        trash.restore_now(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), deletion)
    assert gone in found(studio, {"operator": "equal", "type": "String", "value": "new"})


def test_a_filter_reads_the_index_and_not_the_tasks(studio: Studio, tmp_path: Any) -> None:
    add(studio, *range(20))
    run_job(studio, BUILD_JOB, order_index(studio), tmp_path)
    said: list[str] = []
    listen = (studio.database.engine, "before_cursor_execute")
    reader = studio.database.__dict__["_reader"]

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(reader, listen[1], note)
    query = TaskQuery({"items": [{"filter": "filter:tasks:data.v", "operator": "equal", "value": "3"}]})
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        facts = search.read_facts(tx, grant)
        assert len(search.read_ids(tx, grant, query, facts, found=1, limit=10, offset=0)) == 1
    event.remove(reader, listen[1], note)
    assert "FROM task_fields AS field_0" in said[-1].replace("\n", " ").replace("  ", " ")
    assert "tasks.data" not in said[-1]


def test_an_index_is_made_once_of_a_field_that_can_be_named(studio: Studio) -> None:
    order_index(studio)
    with pytest.raises(Conflict):
        order_index(studio)
    with pytest.raises(Invalid):
        order_index(studio, '"; DROP TABLE tasks; --')
    for place in range(9):
        order_index(studio, f"field{place}")
    with pytest.raises(Invalid):
        order_index(studio, "one-too-many")


def test_as_many_indexes_as_there_may_be_serve_one_query(studio: Studio, tmp_path: Any) -> None:
    paths = [f"f{place}" for place in range(field_indexes.MOST)]
    (task_id, *_rest) = studio.add_tasks(2, **dict.fromkeys(paths, "a"))
    for path in paths:
        run_job(studio, BUILD_JOB, order_index(studio, path), tmp_path)
    items = [{"filter": f"filter:tasks:data.{path}", "operator": "equal", "value": "a"} for path in paths]
    assert found(studio, *items, items[0], ordering=("tasks:data.f0",))[0] == task_id


def test_a_removed_index_leaves_nothing_behind(studio: Studio, tmp_path: Any) -> None:
    (task_id,) = add(studio, "a")
    index = order_index(studio)
    run_job(studio, BUILD_JOB, index, tmp_path)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        removed = field_indexes.remove(tx, grant, index.id)
        assert field_indexes.ready_fields(tx, studio.project_id) == {}
    run_job(studio, DROP_JOB, removed, tmp_path)
    assert found(studio, {"operator": "equal", "type": "String", "value": "a"}) == [task_id]
    with studio.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(task_fields)).scalar_one() == 0
        with pytest.raises(NotFound):
            field_indexes.get(tx, grant, index.id)

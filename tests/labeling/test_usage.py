"""Labels and work that are counted as annotations change, so that nothing has to read them again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests.faults.recounting import check_counts
from tests.labeling.studio import Studio, box, result
from treadle.db import Database, Tx
from treadle.db.migrate import load_migrations
from treadle.db.schema import label_usage, work_sums
from treadle.errors import Invalid
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import projects, usage
from treadle.labeling.config import parse_config
from treadle.labeling.imports import import_inline
from treadle.permissions import Permission

# Results of controls that the config does not have come with imports, and may hold anything.
STRANGERS: list[Any] = [
    {"from_name": "tax", "to_name": "img", "type": "taxonomy", "value": {"taxonomy": [["a", "b"], ["a"]]}},
    {"from_name": "shape", "to_name": "vid", "type": "videorectangle", "value": {"labels": ["Man", ""]}},
    {"from_name": "odd", "to_name": "img", "type": 'a"b', "value": {'a"b': ["x", 3, None, "L" * 500]}},
    {"from_name": "plain", "to_name": "img", "type": "text", "value": "words"},
    {"from_name": "listed", "to_name": "img", "type": "0", "value": [["no label"]]},
    {"type": "relation", "from_id": "r-Cat", "to_id": "r-Cat", "direction": "right"},
]
VIDEO = """<View><Video name="v" value="$video"/>
  <Labels name="who" toName="v"><Label value="Man"/><Label value="Dog"/></Labels>
  <VideoRectangle name="shape" toName="v"/></View>"""


def import_rows(studio: Studio, *results: list[Any]) -> None:
    """Import a task with an annotation for each of the results."""
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    rows = [{"data": {"image": "/a.jpg"}, "annotations": [{"result": each}]} for each in results]
    import_inline(studio.database, grant, json.dumps(rows).encode())


def kept(tx: Tx, table: Any) -> list[Any]:
    """Everything in a table, in an order that is always the same."""
    return sorted(tuple(row) for row in tx.execute(select(table)))


def test_an_older_database_is_counted_as_saves_would_have_counted(studio: Studio) -> None:
    for n, task_id in enumerate(studio.add_tasks(3)):
        studio.submit("annotator", task_id, result=result(box(), box("Dög")), lead_time=1.2345)
        studio.submit("reviewer", task_id, result=b"[]", was_cancelled=True, lead_time=n and None)
    import_rows(studio, [box(), *STRANGERS], STRANGERS[:2])
    tables = (label_usage, work_sums)
    with studio.database.write() as tx:
        counted = [kept(tx, table) for table in tables]
        for table in tables:
            tx.execute(delete(table))
        fill_again(studio.database, tx)
        assert [kept(tx, table) for table in tables] == counted
    assert [row[2] for row in counted[0] if row[1].startswith("odd")] == ["", "L" * 400, "x"]


def fill_again(database: Database, tx: Tx) -> None:
    """Run what the migration counts with."""
    (step,) = (each for each in load_migrations(database.dialect) if each.number == 4)
    for statement in step.statements:
        if statement.startswith("INSERT"):
            tx.connection.exec_driver_sql(statement)


def test_people_who_use_the_same_labels_at_once_never_wait_in_a_ring(studio: Studio) -> None:
    ids = iter(studio.add_tasks(24))
    both = [[box(), box("Dög")], [box("Dög"), box()]]

    def work(who: str, tasks: list[int], items: list[Any]) -> None:
        for task_id in tasks:
            made = studio.submit(who, task_id, result=result(*items))
            with studio.database.write() as tx:
                grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
                annotation_verbs.change(tx, grant, made["id"], {"result": result(*reversed(items), items[0])})
        import_rows(studio, items)

    shares = [("annotator", list(islice(ids, 8))), ("reviewer", list(islice(ids, 8))), ("editor", list(ids))]
    with ThreadPoolExecutor(len(shares)) as pool:
        running = [pool.submit(work, *share, both[n % 2]) for n, share in enumerate(shares)]
    assert [each.exception() for each in running] == [None] * len(shares)
    with studio.database.read() as tx:
        check_counts(tx, studio.project_id)
        assert usage.read_usage(tx, studio.project_id).controls == {"box|img|rectanglelabels": 24 * 3 + 3 * 2}


def test_labels_of_imported_annotations_are_counted(studio: Studio) -> None:
    import_rows(studio, [box()], [box(), box("Dög")])
    with studio.database.read() as tx:
        check_counts(tx, studio.project_id)
        used = usage.read_usage(tx, studio.project_id)
    assert used.controls == {"box|img|rectanglelabels": 3}
    assert used.labels == {"box": {"Cat": 2, "Dög": 1}}


def test_a_label_that_shapes_beside_it_carry_cannot_be_taken_away(studio: Studio) -> None:
    old = parse_config(VIDEO)
    new = parse_config(VIDEO.replace('<Label value="Man"/>', ""))
    with studio.database.write() as tx:
        usage.add(tx, studio.project_id, [json.dumps(STRANGERS[1:2])])
        with pytest.raises(Invalid, match="1 results use the label 'Man' of 'who'"):
            usage.check_config_change(tx, studio.project_id, old, new)
        usage.add(tx, studio.project_id, [json.dumps(STRANGERS[1:2])], sign=-1)
        usage.check_config_change(tx, studio.project_id, old, new)


def test_a_summary_tells_the_keys_of_many_tasks_by_the_first_and_the_last(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.add_tasks(3)
    studio.add_tasks(2, new="x")
    with studio.database.read() as tx:
        grant = studio.grant(tx, "viewer", Permission.PROJECT_READ)
        exact = projects.summarize(tx, grant)
        monkeypatch.setattr(usage, "_TASKS_READ", 1)
        estimated = projects.summarize(tx, grant)
    assert exact["all_data_columns"] == {"image": 5, "n": 5, "new": 2}
    assert (exact["common_data_columns"], exact["data_columns_are_estimated"]) == (["image", "n"], False)
    assert estimated["all_data_columns"] == {"image": 5, "n": 5, "new": 2}
    assert estimated["data_columns_are_estimated"] is True

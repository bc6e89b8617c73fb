"""The queue hands out what teaches the model most, by what the version that serves predicted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from tests.labeling.studio import LEASE_S, Studio, box, open_studio
from treadle.db import Database, schema
from treadle.db.learning_tables import task_worths
from treadle.db.schema import predictions
from treadle.jobs import JobParts, JobState, run_in_place
from treadle.jobs.runner import run_job
from treadle.labeling import queue
from treadle.labeling import worths as by_worth
from treadle.learning.rules import ordering
from treadle.learning.rules.ordering import ORDER_JOB, How, is_ordering, start_ordering
from treadle.learning.rules.spread import MOST_MARKS, Census, key_of, mark_of, order_marks
from treadle.learning.rules.uncertainty import UNKNOWN, Region, read_regions, uncertainty_of
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Settings

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def studio(database: Database) -> Studio:
    opened = open_studio(database)
    opened.change_project(sampling="Uncertainty sampling")
    return opened


@pytest.fixture
def parts(studio: Studio, tmp_path: Path) -> JobParts:
    return JobParts(studio.database, LocalObjects(tmp_path / "objects"), Settings(data_dir=tmp_path))


def predict(
    studio: Studio,
    task_id: int,
    score: float | None,
    *regions: Mapping[str, object],
    version: str = "v2",
) -> None:
    with studio.database.write() as tx:
        row = {"task_id": task_id, "project_id": studio.project_id, "model_version": version, "score": score}
        row |= {"result": json.dumps(regions), "created_at": tx.now, "updated_at": tx.now}
        tx.execute(insert(predictions), row)


def order(studio: Studio, parts: JobParts, how: How = "uncertainty", version: str = "v2") -> object:
    with studio.database.write() as tx:
        job = start_ordering(tx, studio.grant(tx, "editor", Permission.PROJECT_WRITE), how, version)
    ended = run_in_place(parts, ORDER_JOB, job.id)
    assert ended.state is JobState.DONE, ended.error
    return json.loads(ended.result or "{}")["count"]


def next_of(studio: Studio, who: str = "annotator") -> int:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        return queue.next_task(tx, grant, lease_s=LEASE_S).task_id


def label_all(studio: Studio) -> list[int]:
    """The order in which somebody is given the tasks."""
    given: list[int] = []
    while len(given) < studio.project()["task_number"]:
        given.append(next_of(studio))
        studio.submit("annotator", given[-1])
    return given


def worths(studio: Studio) -> dict[int, float]:
    with studio.database.read() as tx:
        w = task_worths.c
        return {row.task_id: row.worth for row in tx.execute(select(w.task_id, w.worth))}


def test_the_least_sure_comes_first_and_what_was_not_predicted_last(studio: Studio, parts: JobParts) -> None:
    sure, unsure, unknown, between = studio.add_tasks(4)
    for task_id, score in ((sure, 0.9), (unsure, 0.2), (between, 0.5)):
        predict(studio, task_id, score)
        predict(studio, task_id, 1 - score, version="v1")
    assert order(studio, parts) == 3
    assert label_all(studio) == [unsure, between, sure, unknown]


def test_what_is_done_is_not_walked_over_again(studio: Studio, parts: JobParts) -> None:
    tasks = studio.add_tasks(4)
    for task_id in tasks:
        predict(studio, task_id, task_id / 100)
    order(studio, parts)
    for task_id in tasks[:3]:
        assert next_of(studio) == task_id
        studio.submit("annotator", task_id)
    next_of(studio)
    assert worths(studio).keys() == {tasks[3]}


def test_of_tasks_of_one_worth_the_oldest_comes_first(studio: Studio, parts: JobParts) -> None:
    *alike, better = studio.add_tasks(4)
    for task_id in alike:
        predict(studio, task_id, 0.5)
    predict(studio, better, 0.1)
    order(studio, parts)
    assert label_all(studio) == [better, *alike]
    assert worths(studio).keys() == {alike[-1]}


def test_where_several_label_each_task_everybody_goes_on_from_their_own_place(
    studio: Studio, parts: JobParts
) -> None:
    studio.change_project(maximum_annotations=2)
    *alike, better, unsure = studio.add_tasks(5)
    for task_id, score in (*((one, 0.5) for one in alike), (better, 0.3), (unsure, 0.1)):
        predict(studio, task_id, score)
    order(studio, parts)
    given = [next_and_submit(studio, "annotator") for _ in range(3)]
    assert given == [unsure, better, alike[0]]
    assert [next_and_submit(studio, "editor") for _ in range(2)] == given[:2]
    with studio.database.write() as tx:
        tx.execute(delete(schema.annotations).where(schema.annotations.c.task_id == better))
        tx.execute(
            update(schema.tasks)
            .where(schema.tasks.c.id == better)
            .values(is_labeled=False, total_annotations=0)
        )
    assert [next_and_submit(studio, "annotator") for _ in range(2)] == alike[1:]
    assert next_of(studio) == better, "what came free again comes last, and comes"
    order(studio, parts)
    assert next_of(studio, "editor") == better, "a new order begins at its beginning"


def next_and_submit(studio: Studio, who: str) -> int:
    task_id = next_of(studio, who)
    studio.submit(who, task_id)
    return task_id


def test_who_labels_does_not_wait_until_what_was_predicted_is_judged(
    studio: Studio, parts: JobParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = studio.add_tasks(2)
    for task_id in (first, second):
        predict(studio, task_id, 0.5)

    def read(result: str) -> Sequence[Region]:
        if not studio.task(first)["is_labeled"]:
            studio.submit("annotator", first)
        return read_regions(result)

    monkeypatch.setattr(ordering, "read_regions", read)
    assert order(studio, parts) == 1
    assert worths(studio).keys() == {second}


def test_a_new_order_replaces_the_old_one_whole(studio: Studio, parts: JobParts) -> None:
    first, second, labelled, forgotten = studio.add_tasks(4)
    for task_id in (first, second, labelled, forgotten):
        predict(studio, task_id, 0.5)
    order(studio, parts)
    predict(studio, first, 0.8, version="v3")
    predict(studio, second, 0.1, version="v3")
    studio.submit("annotator", labelled)
    assert order(studio, parts, version="v3") == 2
    assert worths(studio) == {first: pytest.approx(0.2), second: pytest.approx(0.9)}
    order(studio, parts, "off", "")
    assert worths(studio) == {}


def test_an_order_that_was_killed_goes_on_where_it_was(
    studio: Studio, parts: JobParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = studio.add_tasks(6)
    for task_id in tasks:
        predict(studio, task_id, 0.5, box())
    monkeypatch.setattr(ordering, "AT_ONCE", 2)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        job = start_ordering(tx, grant, "diversity", "v2")
    with monkeypatch.context() as killing, pytest.raises(KeyboardInterrupt):
        killing.setattr(ordering, "leave_turn", _die)
        run_in_place(parts, ORDER_JOB, job.id)
    half = worths(studio)
    assert half.keys() == set(tasks[:2])
    run_job(parts, {ORDER_JOB.name: ORDER_JOB}, job.id, lambda _name, call: call())
    assert label_all(studio) == tasks
    assert len(set(half.values())) == 2


def _die(_began_s: float) -> None:
    raise KeyboardInterrupt


def test_a_second_order_stops_the_first(studio: Studio, parts: JobParts) -> None:
    studio.add_tasks()
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        one = start_ordering(tx, grant, "uncertainty", "v1")
        assert start_ordering(tx, grant, "uncertainty", "v1").id == one.id
        other = start_ordering(tx, grant, "uncertainty", "v2")
    assert run_in_place(parts, ORDER_JOB, one.id).state is JobState.CANCELLED
    assert run_in_place(parts, ORDER_JOB, other.id).state is JobState.DONE
    with studio.database.read() as tx:
        assert not is_ordering(tx, studio.project_id)


def test_by_diversity_what_is_unlike_all_others_comes_before_more_of_the_same(
    studio: Studio, parts: JobParts
) -> None:
    cats, dog, nothing, labelled = studio.add_tasks(4), *studio.add_tasks(3)
    for task_id in cats:
        predict(studio, task_id, 0.9, box())
    predict(studio, dog, 0.9, box("Dög"))
    predict(studio, nothing, 0.9)
    predict(studio, labelled, 0.9, box("Dög"))
    studio.submit("annotator", labelled)
    order(studio, parts, "diversity")
    given = label_all_but(studio, 1)
    assert set(given[:2]) == {cats[0], nothing}, "dogs are labelled already"
    assert given[2] in (cats[1], dog)
    assert sorted(given) == sorted([*cats, dog, nothing])


def label_all_but(studio: Studio, done: int) -> list[int]:
    given = []
    for _ in range(studio.project()["task_number"] - done):
        given.append(next_of(studio))
        studio.submit("annotator", given[-1])
    return given


@ON_SQLITE
def test_the_next_task_is_found_along_the_worths(studio: Studio) -> None:
    with studio.database.read() as tx:
        sql = str(by_worth._MOST_WORTH.statement.compile(dialect=tx.connection.dialect))
        found = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,) * sql.count("?"))
        told = "\n".join(row[3] for row in found)
    assert "ix_task_worths_project_id_worth" in told
    assert "FOR ORDER BY" not in told


def regions(*scores: float, kind: str = "choices") -> list[Region]:
    return [Region("q", kind, score) for score in scores]


@pytest.mark.parametrize(
    ("score", "said", "wanted"),
    [
        (0.9, [], 0.1),
        (None, regions(0.5, 0.7, kind="rectanglelabels"), 0.4),
        (None, [], UNKNOWN),
        (7.0, [], 0.0),
        # Shares of one answer: alike is as unsure as can be.
        (0.5, regions(0.5, 0.5), 1.0),
        (0.98, regions(0.98, 0.02), 0.1414),
        # The rest is for all other answers.
        (0.5, regions(0.5, 0.25), 0.9464),
        # Each is a yes or no of its own.
        (0.9, regions(0.9, 0.9), 0.469),
    ],
)
def test_how_unsure_a_prediction_is(score: float | None, said: Sequence[Region], wanted: float) -> None:
    assert uncertainty_of(score, said) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("result", ['{"a": 1}', '[{"score": "high"}]', "[7]", "", '[{"value": 3}]'])
def test_a_result_that_no_editor_reads_tells_nothing(result: str) -> None:
    assert read_regions(result) == []


def test_however_many_marks_there_are_few_are_ordered() -> None:
    census = Census()
    for number in range(3_000):
        said = [Region("box", "rectanglelabels", value={"rectanglelabels": [f"label {number}"]})]
        census.add(mark_of(0.5, said), is_labeled=number % 7 == 0)
    found = order_marks(census)
    assert 1 < len(found.ranks) <= MOST_MARKS
    assert sum(map(sum, census.counts.values())) == 3_000
    key = key_of(mark_of(0.5, said), found.level)
    assert found.worth(key, 0) > found.worth(key, 1) > 0

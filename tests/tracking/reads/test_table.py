"""The runs table, and what stands around it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from mlflow.utils.workspace_context import WorkspaceContext
from sqlalchemy import text

from tests.tracking.reads.corpus import Studio
from tests.waiting import wait_until
from treadle.tracking.reads.own_tables import add_own_tables
from treadle.tracking.reads.tables import Tables

FILTERS = (
    "metrics.loss < 0.5",
    "metric.m0 != 0",
    "metrics.m1 >= 1 and params.lr = '0.1'",
    "metrics.m2 > -1e300 AND metrics.`m3` <= .5",
    "metrics.m0 = 0",
    "params.lr LIKE '0.%'",
    "parameters.`p/0` ILIKE '%B%'",
    'params.lr = "0.01"',
    "tags.`t 0` != ''",
    "tag.\"t 1\" like '_%'",
    "attributes.status = 'FINISHED'",
    "status != 'FAILED' and user_id = 'user-1'",
    "attributes.run_name ILIKE 'RUN%1_'",
    "run_name = 'run é 4'",
    "attributes.start_time > 1005 and created <= 1009",
    "end_time >= 2000",
    "attr.artifact_uri LIKE '%/artifacts'",
    "datasets.name = 'set 1'",
    "dataset.context = 'train' and datasets.digest LIKE 'digest%'",
    "datasets.name IN ('set 0', 'set 4')",
    "datasets.name NOT IN ('set 3')",
    "params.`p/1` IS NULL",
    "tags.`t 1` is not null",
)
BROKEN = (
    ("metrics.loss <", 14),
    ("metrics.loss < 'a'", 15),
    ("metrics.loss LIKE 'a'", 13),
    ("metrics.loss < 1 or metrics.loss > 2", 17),
    ("colors.a = 'b'", 0),
    ("attributes.color = 'b'", 11),
    ("params.a = 5", 11),
    ("params.a = 'b", 11),
    ("params.a IN ('b'", 16),
    ("dataset.size = 'b'", 8),
    ("params.a = 'it''s'", 15),
    ("params.a = 'b\0'", 13),
    (" and ".join(["metrics.a = 1"] * 101), 1_800),
)


@pytest.mark.parametrize("text", FILTERS)
def test_a_filter_finds_what_mlflow_finds(studio: Studio, text: str) -> None:
    ids = [studio.ids["odd"], studio.ids["few"]]
    stock = studio.stock_search({"experiment_ids": ids, "filter": text})
    page = table(studio, experiment_ids=ids, filter=text)
    assert run_ids(page) == [run["info"]["run_id"] for run in stock.get("runs", [])]
    assert page["total"] == len(page["results"])


def test_filters_are_no_empty_test(studio: Studio) -> None:
    ids = [studio.ids["odd"], studio.ids["few"]]
    totals = [table(studio, experiment_ids=ids, filter=text)["total"] for text in FILTERS]
    assert [text for text, total in zip(FILTERS, totals, strict=True) if total == 0] == []
    assert max(totals) < 41


@pytest.mark.parametrize(("text", "at"), BROKEN)
def test_a_broken_filter_is_told_with_its_place(studio: Studio, text: str, at: int) -> None:
    status, told = studio.ask("/treadle/runs", {"workspace": 1, "filter": text})
    assert (status, told["code"], told["details"]) == (400, "run-filter", {"at": at}), told


def test_as_many_comparisons_as_a_filter_may_hold_are_answered(studio: Studio) -> None:
    most = " and ".join(["metrics.loss != 1", "tags.`t 0` != 'x'"] * 50)
    assert table(studio, filter=most)["total"] > 0


def test_a_pattern_that_ends_in_a_backslash_is_asked_for_anew(studio: Studio) -> None:
    """PostgreSQL refuses it; to SQLite, and MLflow on it, it is a character as any other."""
    status, told = studio.ask("/treadle/runs", {"workspace": 1, "filter": r"params.lr LIKE '%\\\'"})
    if studio.url.startswith("sqlite"):
        assert (status, told["total"]) == (200, 0)
    else:
        assert (status, told["code"], told["details"]) == (400, "run-filter", {"at": 15}), told
    assert table(studio, filter=r"params.lr LIKE '%\\'")["total"] == 0


def test_what_the_database_refuses_is_no_database_that_is_away(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"workspace": 1, "columns": {"tags": ["a\0b"]}}
    status, told = studio.ask("/treadle/runs", asked)
    if not studio.url.startswith("sqlite"):
        assert (status, told["code"]) == (400, "tracking-question"), told

    monkeypatch.setattr("treadle.tracking.reads.conditions._MOST_COMPARISONS", 2_000)
    status, told = studio.ask(
        "/treadle/runs", {"workspace": 1, "filter": " and ".join(["user_id='a'"] * 1_200)}
    )
    if studio.url.startswith("sqlite"):
        assert (status, told["code"]) == (400, "tracking-question"), told
        assert "too large" in told["message"]
    else:
        assert status == 200


def test_a_list_of_runs_by_id_is_found(studio: Studio) -> None:
    one, two = studio.runs["few"][:2]
    page = table(studio, filter=f"attributes.run_id IN ('{one}', '{two}', 'none')")
    assert set(run_ids(page)) == {one, two}


def test_pages_hold_the_columns_asked_for_and_the_total(studio: Studio) -> None:
    asked: dict[str, Any] = {
        "experiment_ids": [studio.ids["odd"]],
        "order_by": ["metrics.m0 DESC"],
        "columns": {"metrics": ["m0", "loss"], "params": ["lr"], "tags": ["mlflow.runName"]},
    }
    whole = table(studio, **asked, limit=1000)
    assert whole["total"] == len(whole["results"]) == 34
    pages = [table(studio, **asked, offset=start, limit=10)["results"] for start in range(0, 40, 10)]
    assert [row for page in pages for row in page] == whole["results"]
    values = [row["metrics"].get("m0", "none") for row in whole["results"]]
    assert values == sorted(values, key=by_rank)
    assert {"NaN", "Infinity", "-Infinity", "none"} <= set(map(str, values))
    named = next(row for row in whole["results"] if row["run_id"] == studio.runs["odd"][0])
    assert (named["name"], named["params"].keys()) == ("run é 0", {"lr"})


def test_deleted_runs_are_apart_and_counted(studio: Studio) -> None:
    page = table(studio, view="deleted", experiment_ids=[studio.ids["odd"]])
    assert page["total"] == 6
    assert all(row["is_deleted"] for row in page["results"])
    deleted = studio.screen("deleted", {"limit": 1000})
    of_odd = [each for each in deleted["results"] if each["experiment_id"] == str(studio.ids["odd"])]
    assert (len(of_odd), len(deleted["results"])) == (6, deleted["runs"])
    times = [each["deleted_at"] for each in deleted["results"]]
    assert times == sorted(times, reverse=True)
    assert len(studio.screen("deleted", {"limit": 2})["results"]) == 2


def test_groups_count_runs_and_spread_metrics(studio: Studio) -> None:
    asked = {"workspace": 1, "experiment_ids": [studio.ids["odd"]], "metrics": ["loss", "m0"]}
    groups = studio.screen("runs/groups", {**asked, "by": "params.lr"})["results"]
    columns = {"metrics": ["loss"], "params": ["lr"]}
    rows = table(studio, experiment_ids=[studio.ids["odd"]], columns=columns)["results"]
    assert sum(group["count"] for group in groups) == len(rows)
    for group in groups:
        losses = [row["metrics"]["loss"] for row in rows if row["params"]["lr"] == group["value"]]
        spread = group["metrics"]["loss"]
        assert (group["count"], spread["min"], spread["max"]) == (len(losses), min(losses), max(losses))
        assert spread["mean"] == pytest.approx(sum(losses) / len(losses))
    by_status = studio.screen("runs/groups", {**asked, "by": "attributes.status"})["results"]
    assert sum(group["count"] for group in by_status) == len(rows)
    none = studio.screen("runs/groups", {**asked, "by": "tags.nobody", "filter": "status = 'FINISHED'"})
    assert [group["value"] for group in none["results"]] == [None]


def test_columns_and_experiments_are_listed(studio: Studio) -> None:
    columns = studio.screen("columns", {"experiment_ids": [studio.ids["odd"]], "search": "P/"})
    assert (columns["metrics"], columns["params"]) == ([], ["p/0", "p/1", "p/2"])
    few, odd, _ = studio.screen("experiments", {"search": ""})["results"]
    assert (odd["name"], odd["run_count"], odd["last_run_at"]) == ("odd", 34, 1013)
    assert (few["name"], few["run_count"]) == ("few", 5)
    assert studio.screen("experiments", {"search": "OD"})["results"] == [odd]


def test_another_workspace_sees_nothing_of_it(studio: Studio) -> None:
    own = {"experiment_ids": [studio.ids["odd"]], "workspace": 2}
    assert studio.screen("runs", own, workspace=2) == {"results": [], "total": 0}
    assert studio.screen("runs/groups", {**own, "by": "params.lr"}, workspace=2) == {"results": []}
    assert studio.screen("columns", own, workspace=2) == {"metrics": [], "params": [], "tags": []}
    assert [one["name"] for one in studio.screen("experiments", {}, workspace=2)["results"]] == ["foreign"]
    asked = {"workspace": 2, "run_ids": [studio.runs["odd"][1]], "key": "loss"}
    assert studio.screen("curves", asked, workspace=2) == {"curves": []}


def table(studio: Studio, **asked: Any) -> Any:
    """A page of the runs table of workspace 1."""
    return studio.screen("runs", {"workspace": 1, **asked})


def run_ids(page: Any) -> list[str]:
    """The ids of a page's runs."""
    return [row["run_id"] for row in page["results"]]


def by_rank(value: float | str) -> tuple[int, float]:
    """Numbers from large to small, then NaN, then what there is not."""
    if value in ("NaN", "none"):
        return (1 if value == "NaN" else 2), 0
    return 0, -float(value)


def test_totals_are_true_whatever_becomes_of_runs(studio: Studio) -> None:
    wait_until(lambda: studio.reads._upkeep.is_prepared)

    def totals() -> tuple[int, int, int]:
        asked = {"workspace": 1, "experiment_ids": [studio.ids["counted"]]}
        active, deleted = (
            studio.screen("runs", {**asked, "view": view})["total"] for view in ("active", "deleted")
        )
        listed = {one["name"]: one["run_count"] for one in studio.screen("experiments", {})["results"]}
        return active, deleted, listed["counted"]

    with WorkspaceContext("ws-1"):
        studio.ids["counted"] = studio.store.create_experiment("counted", tags=[])
    assert totals() == (0, 0, 0)
    runs = [studio.new_run("counted", f"run {number}") for number in range(5)]
    with WorkspaceContext("ws-1"):
        for run in runs[:3]:
            studio.store.delete_run(run)
        assert totals() == (2, 3, 2)
        studio.store.restore_run(runs[0])
        assert totals() == (3, 2, 3)
        with studio.store.engine.begin() as connection:
            connection.execute(text(f"DELETE FROM tags WHERE run_uuid = '{runs[4]}'"))
            connection.execute(text(f"DELETE FROM runs WHERE run_uuid = '{runs[4]}'"))
            connection.execute(text(f"UPDATE runs SET experiment_id = NULL WHERE run_uuid = '{runs[1]}'"))
        assert totals() == (2, 1, 2)
        if studio.store.engine.dialect.name == "sqlite":
            with studio.store.engine.begin() as connection:  # as a migration that rebuilds the table
                connection.execute(text("DROP TRIGGER treadle_run_counted"))
        runs.append(studio.new_run("counted", "uncounted"))
        assert totals() == (3, 1, 3)
        with closing(Tables(studio.url)) as tables, tables.write() as writer:
            add_own_tables(writer)
        runs.append(studio.new_run("counted", "counted again"))
        assert totals() == (4, 1, 4)
    experiment = studio.ids.pop("counted")
    with studio.store.engine.begin() as connection:
        for run in runs:
            connection.execute(text(f"DELETE FROM tags WHERE run_uuid = '{run}'"))
            connection.execute(text(f"DELETE FROM runs WHERE run_uuid = '{run}'"))
        connection.execute(text(f"DELETE FROM experiments WHERE experiment_id = {experiment}"))

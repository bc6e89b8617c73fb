"""What was deleted long ago goes for good, rows and bytes, and nothing else does."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing

import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.db.base_sql_model import Base
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.tracking.purging.house import House, Place, mentioned
from treadle.errors import Conflict
from treadle.tracking.contents import _BESIDE
from treadle.tracking.paths import tracking_file
from treadle.tracking.purging import (
    count_old,
    cutoff_ms,
    ledger,
    list_old_places,
    measure,
    opened,
    rows,
    taking,
)
from treadle.tracking.purging.ended import OF_WORKSPACES
from treadle.tracking.purging.rows import OF_EXPERIMENTS, OF_MODELS, OF_RUNS, OF_TRACES

NOW_MS = 2**60


def is_left(row: tuple[str, str]) -> bool:
    """A logged model that lives may tell which run it was made by."""
    return row[0] != "logged_models"


def test_what_was_deleted_long_ago_goes_and_what_lives_stays(house: House, place: Place) -> None:
    living, doomed = place.experiment("living"), place.experiment("doomed")
    kept, fresh, old = place.run(living), place.run(living), place.run(living)
    gone = [place.run(doomed), place.run(doomed)]
    models, traces = [place.model(doomed)], [place.trace(doomed)]
    foreign = house.place()
    theirs = foreign.run(foreign.experiment("doomed"))
    foreign.delete_run(theirs)
    dead_model = place.model(living)
    place.delete_run(old)
    place.delete_run(fresh, days_ago=3)
    place.delete_model(dead_model)
    place.delete_experiment(doomed)
    before = house.dump()

    told = place.purge()

    after = house.dump()
    assert (told["runs"], told["experiments"], told["logged_models"], told["traces"]) == (3, 1, 4, 3)
    assert {
        row for row in mentioned(after, old, *gone, *models, *traces, dead_model) if is_left(row)
    } == set()
    lost = {name for name, _row in before - after}
    assert lost >= {
        "runs",
        "metrics",
        "params",
        "tags",
        "latest_metrics",
        "inputs",
        "input_tags",
        "trace_info",
    }
    assert lost >= {"logged_models", "logged_model_tags", "logged_model_metrics", "entity_associations"}
    assert mentioned(before, kept, fresh, theirs) - mentioned(before, dead_model) <= after
    assert {each.split("/")[0] for each in place.files()} == {living}
    assert not [each for each in place.files() if old in each or dead_model in each]
    assert [each for each in place.files() if kept in each]
    assert foreign.files()
    assert place.purge()["runs"] == 0


def test_the_audit_log_tells_what_went_and_how_much(place: Place) -> None:
    run = place.run(place.experiment("one"))
    place.delete_run(run)
    told = place.purge()
    (line,) = place.audited()
    assert line.actor == place.owner.email
    detail = json.loads(line.detail)
    assert (detail["runs"], detail["objects"], detail["size_bytes"]) == (1, 2, 1024)
    assert detail["older_than_days"] == 30
    assert told["size_bytes"] == 1024


def test_bytes_that_a_model_version_stands_for_stay_until_it_is_gone(house: House, place: Place) -> None:
    experiment = place.experiment("served")
    by_run, by_path, by_model = place.run(experiment), place.run(experiment), place.model(experiment)
    where = f"mlflow-artifacts:/workspaces/{place.name}/{experiment}"
    place.version("finder", f"runs:/{by_run}/model")
    place.version("seeker", f"{where}/{by_path}/artifacts/%6dodel")
    place.version("keeper", f"{where}/elsewhere")
    place.change_version("keeper", source=f"models:/{by_model}")
    place.put(f"{experiment}/loose/notes.txt", b"loose")
    place.version("loose", f"{where}/loose")
    spelled = {"ours": "treadle:/{}", "loud": "MLFLOW-ARTIFACTS:/{}", "hosted": "mlflow-artifacts://here/{}"}
    for name, source in spelled.items():
        place.put(f"{experiment}/{name}/notes.txt", b"loose")
        place.version(name, f"{where}/elsewhere")
        place.change_version(name, source=source.format(f"{experiment}/{name}/"), storage_location="")
    place.delete_experiment(experiment)

    told = place.purge()

    assert (told["runs"], told["experiments"], told["kept"]) == (2, 1, 3)
    versions = {each["version"] for each in told["kept_for"]}
    assert versions == {"finder version 1", "seeker version 1", "keeper version 1"}
    left = {each.split("/")[1] for each in place.files()}
    assert left == {by_run, by_path, "models", "loose", *spelled}
    assert told["kept_bytes"] == 2 * 1024 + 10
    for name in ("finder", "seeker", "keeper", "loose", *spelled):
        place.change_version(name, current_stage="Deleted_Internal")
    assert place.purge()["kept"] == 0
    assert place.files() == []


def test_a_run_that_was_restored_stays_and_so_does_its_experiment(house: House, place: Place) -> None:
    experiment = place.experiment("half")
    back, gone = place.run(experiment), place.run(experiment)
    place.delete_experiment(experiment)
    place.restore_run(back)
    told = place.purge()
    assert (told["runs"], told["experiments"]) == (1, 0)
    assert {row for row in mentioned(house.dump(), gone) if is_left(row)} == set()
    assert [each for each in place.files() if back in each]


def test_a_restore_that_comes_too_late_is_refused(house: House, place: Place) -> None:
    """Whoever read the run or the experiment before it was taken, and writes afterwards."""
    experiment, empty = place.experiment("raced"), place.experiment("empty")
    run = place.run(experiment)
    place.delete_run(run)
    place.delete_experiment(empty)
    with opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.write() as writer:
            ledger.prepare(writer)
            assert taking.take_runs(writer, place.name, NOW_MS) == [run]
            assert taking.take_experiments(writer, place.name, NOW_MS) == [empty]
    with pytest.raises(MlflowException, match="not found"):
        place.restore_run(run)
    for late in (
        f"UPDATE runs SET lifecycle_stage = 'active' WHERE run_uuid = '{run}'",
        f"UPDATE experiments SET lifecycle_stage = 'active' WHERE experiment_id = {empty}",
        f"INSERT INTO runs (run_uuid, experiment_id) VALUES ('late', {empty})",
    ):
        with pytest.raises(IntegrityError, match="being purged"), house.store.engine.begin() as connection:
            connection.execute(text(late))
    told = place.purge()
    assert (told["runs"], told["experiments"]) == (1, 1)


def test_a_migration_may_write_to_all_rows_while_a_purge_has_left_some(house: House, place: Place) -> None:
    """As one does that fills a new column, in a server that stands still until it is through."""
    run, last = place.run(place.experiment("living")), place.experiment("last")
    place.delete_run(run)
    place.delete_experiment(last)
    assert place.purge(older_than_days=50)["runs"] == 0
    with opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.write() as writer:
            assert taking.take_runs(writer, place.name, NOW_MS) == [run]
            assert taking.take_experiments(writer, place.name, NOW_MS) == [last]
    with house.store.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET end_time = coalesce(end_time, 1)"))
        connection.execute(text("UPDATE experiments SET last_update_time = coalesce(last_update_time, 1)"))
    assert place.purge()["experiments"] == 1
    with house.store.engine.begin() as connection:
        connection.execute(text("UPDATE experiments SET creation_time = coalesce(creation_time, 1)"))


def test_an_id_of_an_experiment_is_never_given_again(house: House, place: Place) -> None:
    last = place.experiment("last")
    place.delete_experiment(last)
    assert place.purge()["experiments"] == 1
    following = place.experiment("following")
    assert int(following) > int(last)
    late = f"INSERT INTO runs (run_uuid, experiment_id) VALUES ('late', {last})"
    with pytest.raises(IntegrityError), house.store.engine.begin() as connection:
        connection.execute(text(late))
    place.purge()
    assert mentioned(house.dump(), f"purged {last}") == set()


def test_mlflow_can_still_rebuild_its_tables(house: House, place: Place) -> None:
    """As its migrations do: SQLite renames none that a trigger names, PostgreSQL changes no column of one."""
    place.purge()
    if house.store.engine.dialect.name == "sqlite":
        file = tracking_file(house.parts.settings)
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            for sql in ("BEGIN IMMEDIATE", *_REBUILT, "ROLLBACK"):
                database.execute(sql)
        return
    with house.store.engine.connect() as connection:
        for table, column, kind in _CHANGED:
            connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}"))
        connection.rollback()


_REBUILT = (
    "CREATE TABLE again AS SELECT * FROM experiments",
    "DROP TABLE experiments",
    "ALTER TABLE again RENAME TO experiments",
)
_CHANGED = (
    ("runs", "lifecycle_stage", "VARCHAR(200)"),
    ("runs", "experiment_id", "BIGINT"),
    ("experiments", "workspace", "VARCHAR(200)"),
    ("metrics", "key", "VARCHAR(500)"),
)


def test_roll_ups_of_long_metrics_go_bit_by_bit(
    house: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_CHUNK", 20)
    run = place.bare_run(place.experiment("long"))
    place.purge()
    with opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.write() as writer:
            series = (
                "INSERT INTO treadle_series (run_uuid, key, step_shift, time_shift) VALUES (?, 'loss', 0, 0)"
            )
            (number,) = writer.all(f"{series} RETURNING id", (run,))[0]
            writer.run_many(
                "INSERT INTO treadle_buckets (series, axis, bucket, points, nans, total, first, last) "
                "VALUES (?, 0, ?, 1, 0, 0, 0, 0)",
                [(number, bucket) for bucket in range(50)],
            )
            freed = [rows.free_chunk(writer, OF_RUNS[:2], [run]) for _ in range(5)]
    assert freed == [20, 20, 10, 1, 0]


def test_one_purge_at_a_time(house: House, place: Place) -> None:
    running = place.submit()
    assert place.submit().id == running.id
    with pytest.raises(Conflict, match=running.id):
        place.submit(older_than_days=7)
    house.place().submit()


def test_what_a_purge_would_free_is_told_before(house: House, place: Place) -> None:
    living, doomed = place.experiment("living"), place.experiment("doomed")
    place.delete_run(place.run(living))
    place.delete_run(place.run(living), days_ago=3)
    place.run(doomed)
    place.delete_experiment(doomed)
    with house.database.read() as tx:
        month, now = cutoff_ms(tx, 30), cutoff_ms(tx, 0)
    with opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.read() as reader:
            old, all_of_it = (count_old(reader, place.name, before) for before in (month, now))
            places = list_old_places(reader, place.name, month)
    assert (old.runs, old.experiments, old.logged_models, old.traces) == (2, 1, 1, 1)
    assert all_of_it.runs == 3
    size = measure(house.objects, places, until_s=time.monotonic() + 60)
    told = place.purge()
    assert (size.size_bytes, size.objects, size.is_whole) == (told["size_bytes"], told["objects"], True)
    assert measure(house.objects, [f"workspaces/{place.name}"], until_s=0).is_whole is False


def test_every_table_of_mlflow_that_hangs_on_what_is_freed_is_freed() -> None:
    freed = {part.table for part in (*OF_RUNS, *OF_MODELS, *OF_TRACES, *OF_EXPERIMENTS)}
    freed |= {"runs", "experiments", "logged_models", "trace_info"}
    named_no_more = {"endpoints"}  # stays, without the experiment
    hanging = {
        table.name
        for table in Base.metadata.tables.values()
        if {"experiment_id", "run_uuid", "run_id"} & set(table.columns.keys())
        or any(key.column.table.name in freed for key in table.foreign_keys)
    }
    without = {"model_versions"}  # their run_id is a word of theirs; they keep the run's bytes
    assert hanging - freed - named_no_more == without
    here = {table.name for table in Base.metadata.tables.values() if "workspace" in table.columns}
    assert here - {part.table for part in OF_WORKSPACES} == {"experiments"}
    counted = {part.table for part in OF_WORKSPACES if part.where == "workspace IN {ids}"}
    belonging = {"registered_model", "model_version", "mcp_server_", "mcp_access", "guardrail_configs"}
    beside = {
        each for each in counted if not each.startswith(tuple(belonging)) or each == "registered_models"
    }
    assert beside == set(_BESIDE)

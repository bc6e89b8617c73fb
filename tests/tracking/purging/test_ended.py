"""A workspace ends only when nothing is left in it that anybody made, and what is left then is freed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.utils.workspace_context import WorkspaceContext
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.tracking.purging.house import House, Place, mentioned
from tests.tracking.purging.test_faults import Refusing
from treadle.access.workspaces import delete_workspace
from treadle.db.ended_tables import ended_workspaces
from treadle.db.schema import audit_log
from treadle.errors import Conflict, Defect
from treadle.permissions import Permission
from treadle.settings import Settings
from treadle.tracking.contents import holding_still
from treadle.tracking.purging import free_ended, note_ended, opened
from treadle.tracking.purging.ledger import NOBODYS


def make_default(place: Place) -> str:
    """The experiment that MLflow makes by itself."""
    with place.house.store.ManagedSessionMaker(read_only=False) as session:
        place.house.store._create_default_experiment(session, workspace_override=place.name)
    with place.house.store.engine.connect() as connection:
        sql = "SELECT experiment_id FROM experiments WHERE workspace = :place AND name = 'Default'"
        return str(connection.execute(text(sql), {"place": place.name}).scalar_one())


def deleted_run(place: Place) -> None:
    place.delete_run(place.run(make_default(place)), days_ago=0)


def deleted_experiment(place: Place) -> None:
    place.delete_experiment(place.experiment("gone"), days_ago=0)


def deleted_model(place: Place) -> None:
    place.delete_model(place.model(make_default(place)), days_ago=0)


def trace_of_renamed(place: Place) -> None:
    experiment = make_default(place)
    with WorkspaceContext(place.name):
        place.house.store.rename_experiment(experiment, "mine")
    place.trace(experiment)


def evaluation_dataset(place: Place) -> None:
    with WorkspaceContext(place.name):
        place.house.store.create_dataset(f"set-{uuid.uuid4().hex}", {}, [])


def mcp_server(place: Place) -> None:
    with place.house.store.engine.begin() as connection:
        columns = "workspace, name, created_at, last_updated_at"
        sql = f"INSERT INTO mcp_servers ({columns}) VALUES (:place, 's', 1, 1)"
        connection.execute(text(sql), {"place": place.name})


HELD: tuple[tuple[Callable[[Place], None], str], ...] = (
    (deleted_run, "1 deleted runs"),
    (deleted_experiment, "1 deleted experiments"),
    (deleted_model, "1 deleted logged models"),
    (trace_of_renamed, "1 experiments"),
    (evaluation_dataset, "1 evaluation datasets"),
    (mcp_server, "1 MCP servers"),
)


def end(place: Place) -> None:
    """As the web does it."""
    house = place.house
    with holding_still(house.parts.settings) as elsewhere, house.database.write() as tx:
        delete_workspace(tx, place.grant(tx, Permission.WORKSPACE_MANAGE), elsewhere.count(place.id))
        note_ended(tx, place.id)


@pytest.mark.parametrize(("make", "told"), HELD)
def test_what_somebody_made_keeps_a_workspace_from_ending(
    place: Place, make: Callable[[Place], None], told: str
) -> None:
    make(place)
    with pytest.raises(Conflict, match=told):
        end(place)


def test_what_is_purged_keeps_it_no_longer_and_the_rest_is_freed(house: House, place: Place) -> None:
    run = place.bare_run(make_default(place))
    place.delete_run(run)
    other = house.place()
    theirs = other.run(other.experiment("theirs"))
    with pytest.raises(Conflict):
        end(place)
    place.purge(0)
    place.put("stray/file.bin", b"of nobody")
    end(place)
    # Somebody who was let in before writes afterwards.
    late = place.run(place.experiment("late"))
    place.version("late", f"runs:/{late}/model")
    before = mentioned(house.dump(), theirs)
    assert free_ended(house.database, house.objects, house.parts.settings) > 0
    assert free_ended(house.database, house.objects, house.parts.settings) == 0
    assert len(told_of_rests(house, place)) == 1
    after = house.dump()
    assert mentioned(after, late, run, f"'{place.name}'") == set()
    assert before <= after
    assert other.files()
    assert place.files() == []


def told_of_rests(house: House, place: Place) -> list[str]:
    here = select(audit_log.c.detail).where(
        audit_log.c.action == "tracking.rest-freed", audit_log.c.subject == f"workspace:{place.id}"
    )
    with house.database.read() as tx:
        return [row["detail"] for row in tx.rows(here)]


def test_a_rest_whose_files_cannot_be_removed_is_taken_up_again(house: House, place: Place) -> None:
    end(place)
    run = place.bare_run(place.experiment("late"))
    store = Refusing(house.objects.root)
    store.refused = run
    assert free_ended(house.database, store, house.parts.settings) == 0
    assert told_of_rests(house, place) == []
    assert place.files()
    assert free_ended(house.database, house.objects, house.parts.settings) > 0
    assert place.files() == []


def test_what_fails_elsewhere_is_not_told_as_of_mlflows_tables(house: House) -> None:
    with pytest.raises(DBAPIError), holding_still(house.parts.settings), house.database.read() as tx:
        tx.connection.exec_driver_sql("SELECT nothing")
    with pytest.raises(Defect), opened(house.parts.settings) as tables:
        assert tables is not None
        with tables.write() as writer:
            for _ in range(2):
                writer.run("INSERT INTO experiments (experiment_id, name) VALUES (2000000000, 'twice')")


def test_an_ended_workspace_is_looked_after_for_a_day(house: House, place: Place) -> None:
    def is_noted() -> bool:
        with house.database.read() as tx:
            here = select(ended_workspaces).where(ended_workspaces.c.workspace_id == place.id)
            return bool(tx.rows(here))

    end(place)
    free_ended(house.database, house.objects, house.parts.settings)
    assert is_noted()
    with house.database.write() as tx:
        tx.execute(update(ended_workspaces).values(ended_at=tx.now - timedelta(days=2)))
    free_ended(house.database, house.objects, house.parts.settings)
    assert not is_noted()


def seen_empty(place: Place) -> None:
    """It ended two days ago, as if the count had seen nothing; what it holds is from before."""
    with place.house.database.write() as tx:
        delete_workspace(tx, place.grant(tx, Permission.WORKSPACE_MANAGE), {})
        note_ended(tx, place.id)
        tx.execute(
            update(ended_workspaces)
            .where(ended_workspaces.c.workspace_id == place.id)
            .values(ended_at=tx.now - timedelta(days=2))
        )


def older(place: Place, table: str, column: str, key: str, of: str) -> None:
    place.house.age(table, column, key, of, days_ago=3)


def old_experiment(place: Place) -> None:
    experiment = place.experiment("old")
    place.run(experiment)
    older(place, "experiments", "creation_time", "experiment_id", experiment)


def old_trace_in_default(place: Place) -> None:
    experiment = make_default(place)
    older(place, "trace_info", "timestamp_ms", "request_id", place.trace(experiment))
    older(place, "experiments", "creation_time", "experiment_id", experiment)


def old_model(place: Place) -> None:
    place.version("old", f"runs:/{place.run(place.experiment('young'))}/model")
    older(place, "registered_models", "creation_time", "name", "old")


@pytest.mark.parametrize("make", [old_experiment, old_trace_in_default, old_model, mcp_server])
def test_what_is_older_than_the_end_is_never_freed(
    house: House, place: Place, make: Callable[[Place], None], caplog: pytest.LogCaptureFixture
) -> None:
    make(place)
    place.put("stray/file.bin", b"of nobody")
    before = {row for row in house.dump() if f"'{NOBODYS}'" not in row[1]}
    files = place.files()
    seen_empty(place)
    following = house.place()
    following.put("stray/file.bin", b"of nobody")
    end(following)
    with caplog.at_level("ERROR"):
        free_ended(house.database, house.objects, house.parts.settings)
    assert house.dump() >= before
    assert place.files() == files
    assert following.files() == []
    (line,) = (each for each in caplog.records if each.levelname == "ERROR")
    assert "is older than the end" in line.getMessage()
    with house.database.write() as tx:
        noted = ended_workspaces.c.workspace_id == place.id
        assert len(tx.rows(select(ended_workspaces).where(noted))) == 1
        tx.execute(delete(ended_workspaces).where(noted))


def test_files_without_tables_are_not_freed(house: House, place: Place, tmp_path: Path) -> None:
    """Who tracked them has made tables: those are somewhere else."""
    place.put("stray/file.bin", b"of somebody")
    end(place)
    assert free_ended(house.database, house.objects, Settings(data_dir=tmp_path)) == 0
    assert place.files()


def test_nobody_adds_to_a_workspace_between_the_count_and_the_end(house: House, place: Place) -> None:
    made = threading.Event()

    def make() -> None:
        try:
            place.experiment("between")
        except MlflowException:
            pass
        made.set()

    with holding_still(house.parts.settings) as elsewhere:
        writing = threading.Thread(target=make)
        writing.start()
        assert elsewhere.count(place.id) == {}
        assert not made.wait(0.3)
        assert elsewhere.count(place.id) == {}
    writing.join()
    with holding_still(house.parts.settings) as elsewhere:
        assert elsewhere.count(place.id) == {"experiments": 1}

"""Who deleted a run or an experiment is told, where somebody saw it."""

from __future__ import annotations

import json

import pytest
from mlflow.utils.workspace_context import WorkspaceContext

from tests.tracking.reads.corpus import Studio
from tests.waiting import wait_until
from treadle.tracking.reads import ReadRequest
from treadle.tracking.visitor import Visitor

WHO = Visitor(7, "ida@example.com", 1, "edit", ())


def told(studio: Studio, verb: str, **body: str) -> None:
    """MLflow has answered such a request of Ida's."""
    sent = json.dumps(body).encode()
    studio.reads.after(ReadRequest("POST", f"/api/2.0/mlflow/{verb}", "", sent, WHO), 200)


@pytest.mark.parametrize("name", ["run_id", "run_uuid"])
def test_who_deleted_a_run_is_told(studio: Studio, name: str) -> None:
    run = studio.new_run("curves", "gone")
    with WorkspaceContext("ws-1"):
        studio.store.delete_run(run)

    def deleter() -> str | None:
        found = studio.screen("deleted", {"limit": 1000})["results"]
        by: str | None = next(each["deleted_by"] for each in found if each["run_id"] == run)
        return by

    assert deleter() is None
    told(studio, "runs/delete", **{name: run})
    assert wait_until(deleter) == WHO.email
    with WorkspaceContext("ws-1"):
        studio.store.restore_run(run)
        studio.store.delete_run(run)
    assert deleter() is None, "nobody saw who deleted it this time"


def test_who_deleted_an_experiment_is_told_for_it_and_its_runs(studio: Studio) -> None:
    with WorkspaceContext("ws-1"):
        experiment = studio.store.create_experiment(f"closed-{id(studio)}")
        run = studio.store.create_run(experiment, "me", 1, [], "in it").info.run_id
        studio.store.delete_experiment(experiment)
    told(studio, "experiments/delete", experiment_id=experiment)

    def deleters() -> set[str | None]:
        experiments = studio.screen("experiments", {"deleted": True})["results"]
        runs = studio.screen("deleted", {"limit": 1000})["results"]
        by = {each["deleted_by"] for each in experiments if each["id"] == experiment}
        return by | {each["deleted_by"] for each in runs if each["run_id"] == run}

    wait_until(lambda: deleters() == {WHO.email})
    with WorkspaceContext("ws-1"):
        studio.store.restore_experiment(experiment)
        studio.store.delete_experiment(experiment)
    assert deleters() == {None}, "nobody saw who deleted it this time"

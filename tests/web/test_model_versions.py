"""The predictions of one version of a model, deleted and restored over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.web.operations.table import BOX
from tests.web.operations.world import build_world
from tests.working import serve_with_worker


def test_the_predictions_of_a_version_go_others_stay_and_they_come_back(
    database_url: str, tmp_path: Path
) -> None:
    with serve_with_worker(database_url, tmp_path) as server, server.client() as admin:
        world = build_world(admin)
        address = str(world.fill("/api/projects/{project}/model-versions/"))
        for version in ("m1", "m1", "m10"):
            body = world.fill({"task": "{task}", "result": [BOX], "model_version": version})
            assert admin.post("/api/predictions/", json=body).status_code == 201
        before = admin.get(address).json()
        gone = admin.request("DELETE", address, json={"model_version": "m1"}).json()
        assert gone["deleted_predictions"] == 2
        left = admin.get(address).json()
        assert (left.get("m1", 0), left["m10"]) == (0, 1)
        restored = admin.post(f"/api/deletions/{gone['deletion']}/restore/")
        assert restored.status_code == 200, restored.text
        assert admin.get(address).json() == before

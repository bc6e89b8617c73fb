"""Versions over HTTP: listed with what is told of them, promoted by those who may, and judged."""

from __future__ import annotations

import json
from typing import Any

from tests.labeling.studio import box
from tests.learning.peers import peer
from tests.learning.test_promoting import OURS, promotable
from tests.serving import RunningServer
from treadle.learning.connections import backends
from treadle.learning.measures.quality import QualityFollower
from treadle.learning.serving import versions

CONFIG = (
    '<View><Image name="img" value="$image"/>'
    '<RectangleLabels name="box" toName="img"><Label value="Cat"/></RectangleLabels></View>'
)

_ROLES = ("manager", "editor", "annotator", "viewer")


def test_a_manager_promotes_and_everybody_sees_who_did(server: RunningServer) -> None:
    people = {role: server.member(f"{role}@example.com", role) for role in _ROLES}
    stranger = server.sign_up("stranger@example.com")
    with peer(health=OURS, version="untrained") as there, server.client() as admin:
        promotable(there)
        project = admin.post("/api/projects/", json={"title": "loop", "label_config": CONFIG}).json()["id"]
        answer = admin.post("/api/ml/", json={"project": project, "url": there.url, "title": "robot"})
        assert answer.status_code == 201, answer.text
        robot = answer.json()["id"]
        with server.database.write() as tx:
            backend = backends.get(tx, robot)
            first, second = (versions.note(tx, backend, name) for name in ("a", "b"))

        def promote(token: str, version: int | None) -> Any:
            with server.client(token) as client:
                body = {"backend": robot, "version": version}
                return client.post("/api/learning/versions/promote/", json=body)

        assert promote(people["editor"].token, first["id"]).status_code == 403
        assert promote(stranger.token, first["id"]).status_code == 404
        told = promote(people["manager"].token, first["id"])
        assert told.status_code == 200, told.text
        assert told.json()["serving_version"] == {"id": first["id"], "name": "a", "number": 1}
        assert promote(people["manager"].token, 10**9).json()["code"] == "version-not-found"
        there.answers["/promote"] = (500, {"detail": "the weights are of cheese"})
        refused = promote(people["manager"].token, second["id"])
        assert (refused.status_code, "of cheese" in refused.text) == (503, True)
        with server.client(people["annotator"].token) as annotator:
            (model,) = annotator.get("/api/ml/", params={"project": project}).json()
            assert model["versions"] == [{"name": "b", "number": 2}, {"name": "a", "number": 1}]
        with server.client(people["viewer"].token) as viewer:
            found = viewer.get("/api/learning/versions/", params={"project": project}).json()
            assert [(each["name"], each["number"], each["is_serving"]) for each in found] == [
                ("b", 2, False),
                ("a", 1, True),
            ]
            assert found[1]["promoted_by"] == {"id": people["manager"].id, "name": "manager@example.com"}
            assert (found[0]["evaluation"], found[0]["mlflow"], found[0]["prediction_count"]) == (
                None,
                None,
                0,
            )
            [line] = viewer.get("/api/learning/promotions/", params={"backend": robot}).json()
            assert (line["version"]["name"], line["previous"], line["cause"]) == ("a", None, "person")
            assert viewer.get("/api/learning/quality/").status_code == 400


def test_quality_tells_what_people_made_of_suggestions(server: RunningServer) -> None:
    with server.client() as admin:
        project = admin.post("/api/projects/", json={"title": "loop", "label_config": CONFIG}).json()["id"]
        task = admin.post("/api/tasks/", json={"project": project, "data": {"image": "/a.jpg"}}).json()["id"]
        item = json.loads(json.dumps(box()))
        body = {"task": task, "result": [item], "model_version": "v1"}
        suggestion = admin.post("/api/predictions/", json=body).json()["id"]
        made = {"result": [item, {**item, "id": "mine"}], "parent_prediction": suggestion}
        assert admin.post(f"/api/tasks/{task}/annotations/", json=made).status_code == 201
        QualityFollower(server.database).look()
        found = admin.get("/api/learning/quality/", params={"project": project}).json()
    sums = {"kept": 1, "moved": 0, "relabelled": 0, "deleted": 0, "added": 1}
    assert found["versions"] == [{"version": "v1", **sums}]
    assert found["labels"] == [{"version": "v1", "label": "Cat", **sums}]
    assert [each["version"] for each in found["days"]] == ["v1"]

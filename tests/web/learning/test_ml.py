"""Label Studio's /api/ml: backends are connected, looked at, asked, and taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk.client import LabelStudio
from sqlalchemy import update

from tests.learning.peers import OLD, peer
from tests.serving import ADMIN_TOKEN, RunningServer
from tests.waiting import wait_until
from treadle.db.learning_tables import ml_backends
from treadle.learning.connections import connecting, interactive
from treadle.web import backend_threads

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="kind" toName="text">'
    '<Choice value="Good"/><Choice value="Bad"/></Choices></View>'
)
RECORDED = json.loads((Path(__file__).parents[2] / "golden" / "label-studio-ml-api.json").read_text())


def recorded(method: str, path: str) -> Any:
    """What Label Studio answered to the first such request."""
    return next(each for each in RECORDED if (each["method"], each["path"]) == (method, path))


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


@pytest.fixture
def project(client: httpx.Client) -> int:
    """A project of texts with two tasks."""
    made = client.post("/api/projects/", json={"title": "Texts", "label_config": CONFIG}).json()["id"]
    tasks = [{"data": {"text": text}} for text in ("one", "two")]
    assert client.post(f"/api/projects/{made}/import", json=tasks).status_code == 201
    return int(made)


def connect(client: httpx.Client, project: int, url: str, **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/ml/", json={"project": project, "url": url, "title": "robot", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def let_time_pass(server: RunningServer) -> None:
    """What is known of every backend is no longer fresh."""
    with server.database.write() as tx:
        tx.execute(update(ml_backends).values(checked_at=None))


def test_a_backend_is_connected_as_label_studio_tells_it(client: httpx.Client, project: int) -> None:
    with peer() as there:
        made = connect(
            client, project, there.url, is_interactive=True, description="d", extra_params={"conf": 0.4}
        )
        known = recorded("POST", "/api/ml/")["body"]
        varying = {"id", "project", "url", "title", "created_at", "updated_at", "error_message"}
        assert set(known) <= set(made)
        # The peer answers with labels of another project, which shows before a thousand tasks fail.
        assert "cannot predict here" in made["error_message"]
        assert {name: made[name] for name in known if name not in varying} == {
            name: value for name, value in known.items() if name not in varying
        }
        assert client.get(f"/api/projects/{project}/").json()["model_version"] == "robot"
        assert client.get(f"/api/ml/?project={project}").json() == [
            client.get(f"/api/ml/{made['id']}").json()
        ]
        # It is told and tried on connecting, and not on every page.
        assert there.paths() == [*["GET /health", "POST /setup"] * 2, "POST /predict"]
        told = there.last("/setup").body
        assert (told["extra_params"], told["hostname"]) == ({"conf": 0.4}, str(client.base_url).rstrip("/"))
        second = connect(client, project, there.url, title="other")
        assert client.get(f"/api/projects/{project}/").json()["model_version"] == "robot"
    assert client.delete(f"/api/ml/{made['id']}").status_code == 204
    assert client.get(f"/api/projects/{project}/").json()["model_version"] == ""
    assert [each["id"] for each in client.get(f"/api/ml/?project={project}").json()] == [second["id"]]


def test_the_public_client_of_label_studio_works_unmodified(
    server: RunningServer, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    studio = LabelStudio(base_url=server.url, api_key=ADMIN_TOKEN)
    with peer(answers={"/versions": (200, {"versions": ["v6", "v7"]})}) as there:
        made = studio.ml.create(url=there.url, project=project, title="robot", is_interactive=True)
        assert made.id is not None
        assert (made.state, studio.ml.get(made.id).url) == ("CO", there.url)
        assert [each.id for each in studio.ml.list(project=project)] == [made.id]
        assert studio.ml.update(made.id, title="renamed", project=project, url=there.url).title == "renamed"
        assert studio.ml.list_model_versions(made.id).versions == ["v6", "v7"]
        task = next(iter(studio.tasks.list(project=project)))
        studio.ml.predict_interactive(made.id, task=task.id, context={"result": []})
        assert there.last("/predict").body["params"]["context"] == {"result": []}
        studio.ml.train(made.id)
        studio.ml.predict_all_tasks(made.id)
        studio.ml.delete(made.id)
        assert studio.ml.list(project=project) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"url": "http://127.0.0.1:9"},
            "Can't connect to ML backend http://127.0.0.1:9, health",
        ),
        ({"url": "not an address"}, "no http or https address"),
        ({"auth_method": "BASIC_AUTH"}, "Authentication username and password is required"),
        ({"timeout": 0}, "seconds"),
        ({"settings": {"confidence": 2}}, "from 0 to 1"),
        ({"settings": {"colour": 2}}, "no such setting"),
        ({"settings": {"unknown_labels": {"cat": "Cat"}}}, "no label of this project"),
    ],
)
def test_what_cannot_be_connected_is_told_by_its_field(
    client: httpx.Client, project: int, fields: dict[str, Any], told: str
) -> None:
    with peer() as there:
        answer = client.post("/api/ml/", json={"project": project, "url": there.url, **fields})
    assert answer.status_code == 400
    assert told in str(answer.json()["validation_errors"])
    assert client.get(f"/api/ml/?project={project}").json() == []


def test_what_is_no_backend_is_not_connected(client: httpx.Client, project: int) -> None:
    for answers, told in (
        ({"/health": (200, b"<html>")}, "health check failed"),
        ({"/setup": (500, {"detail": "no weights"})}, "no weights"),
        ({"/health": (401, {})}, "authentication parameters"),
    ):
        with peer(answers=answers) as there:
            answer = client.post("/api/ml/", json={"project": project, "url": there.url})
        assert answer.status_code == 400
        assert told in answer.json()["validation_errors"]["non_field_errors"][0]
    assert client.get(f"/api/ml/?project={project}").json() == []


def test_a_backend_that_goes_and_comes_back_is_shown_so(
    server: RunningServer, client: httpx.Client, project: int
) -> None:
    with peer() as there:
        made = connect(client, project, there.url)
        there.answers["/health"] = (500, b"")
        let_time_pass(server)
        (shown,) = client.get(f"/api/ml/?project={project}").json()
        assert (shown["state"], "answered 500" in shown["error_message"]) == ("ER", True)
        there.answers["/health"] = lambda _body: None
        checked = client.post(f"/api/ml/{made['id']}/check/").json()
        assert (checked["readable_state"], "does not answer" in checked["error_message"]) == (
            "Disconnected",
            True,
        )
        del there.answers["/health"]
        let_time_pass(server)
        (shown,) = client.get(f"/api/ml/?project={project}").json()
        assert (shown["state"], shown["error_message"]) == ("CO", None)


def test_a_backend_that_trains_where_it_answers_does_not_hold_the_page_up(
    server: RunningServer, client: httpx.Client, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_QUICK_S", 0.1)
    with peer() as there:
        connect(client, project, there.url)
        there.answers["/setup"] = lambda _body: (200, {"model_version": str(there.gate.wait(20))})
        let_time_pass(server)
        (shown,) = client.get(f"/api/ml/?project={project}").json()
        assert (shown["state"], shown["model_version"]) == ("CO", "v7")
        there.answers["/setup"] = (200, {"model_version": "v8"})
        let_time_pass(server)
        assert client.get(f"/api/ml/?project={project}").json()[0]["model_version"] == "v8"


def test_a_change_is_tried_before_it_is_kept(client: httpx.Client, project: int) -> None:
    with peer(wants="Basic bWU6c2VjcmV0") as there:
        auth = {"auth_method": "BASIC_AUTH", "basic_auth_user": "me"}
        made = connect(client, project, there.url, basic_auth_pass="secret", **auth)
        assert (made["basic_auth_pass_is_set"], "secret" in str(made)) == (True, False)
        path, first = f"/api/ml/{made['id']}", there.last("/setup").body["access_token"]
        wrong = client.patch(path, json={"basic_auth_pass": "wrong"})
        assert wrong.status_code == 400
        # What was tried told it nothing that stays.
        assert client.post(f"{path}/predict/test?random=true").status_code == 200
        assert there.last("/setup").body["access_token"] == first
        nowhere = client.patch(path, json={"url": "http://127.0.0.1:9", "basic_auth_pass": "secret"})
        assert (nowhere.status_code, client.get(path).json()["url"]) == (400, there.url)
        # Whoever does not know the password cannot have it sent to a server of theirs.
        with peer() as elsewhere:
            for moved in ({"url": elsewhere.url}, {"url": elsewhere.url, "basic_auth_pass": ""}):
                refused = client.patch(path, json=moved)
                assert (refused.status_code, elsewhere.asked) == (400, []), refused.text
                assert "basic_auth_pass" in refused.text
            moved = {"url": elsewhere.url, "basic_auth_pass": "its own"}
            assert client.patch(path, json={**moved, "title": "There"}).json()["url"] == elsewhere.url
            assert "c2VjcmV0" not in str([each.headers for each in elsewhere.asked])
            assert client.patch(path, json={"url": there.url, "basic_auth_pass": "secret"}).status_code == 200
            first = there.last("/setup").body["access_token"]
        # A blank password stays what it is, and the same whereabouts keep the token.
        kept = client.patch(path, json={"url": there.url, "project": project, **auth, "basic_auth_pass": ""})
        assert (kept.status_code, kept.json()["state"]) == (200, "CO")
        assert there.last("/setup").body["access_token"] == first
        there.wants = ""
        assert client.patch(path, json={"auth_method": "NONE"}).json()["basic_auth_pass_is_set"] is False
        assert there.last("/setup").body["access_token"] != first
        assert client.patch(path, json={"title": "Finder"}).json()["title"] == "Finder"
        assert client.get(f"/api/projects/{project}/").json()["model_version"] == "Finder"


def test_settings_of_the_connection_reach_the_backend_at_once(client: httpx.Client, project: int) -> None:
    with peer() as there:
        made = connect(client, project, there.url, extra_params={"conf": 0.4})
        path = f"/api/ml/{made['id']}/"
        labels = {"cat": "Good", "dog": None, "*": "unlabelled"}
        settings = {"confidence": 0.3, "most_regions": 5, "unknown_labels": labels}
        changed = client.patch(path, json={"settings": settings})
        assert (changed.status_code, changed.json()["settings"]) == (200, settings)
        assert there.last("/setup").body["extra_params"] == {"conf": 0.4, **settings}
        assert client.patch(path, json={"settings": {"confidence": "much"}}).status_code == 400
        unset = client.patch(path, json={"settings": {"unknown_labels": None}}).json()["settings"]
        assert unset == {"confidence": 0.3, "most_regions": 5}
        assert client.patch(path, json={"extra_params": [1]}).status_code == 400
        # Servers of Label Studio keep a text alone where none was given.
        client.patch(path, json={"extra_params": None})
        assert json.loads(there.last("/setup").body["extra_params"]) == unset


def test_who_draws_is_answered_and_only_the_last_time(client: httpx.Client, project: int) -> None:
    task = client.get(f"/api/projects/{project}/tasks/").json()[0]["id"]
    context = {"result": [{"id": "a", "value": {"x": 1}}]}

    def answer(body: Any) -> Any:
        if body["params"]["context"] == {"slow": True}:
            there.gate.wait(20)
        return 200, {"results": [{"result": [], "score": 0.5, "cluster": 3}]}

    with peer(answers={"/predict": answer}) as there, ThreadPoolExecutor(1) as threads:
        path = f"/api/ml/{connect(client, project, there.url)['id']}/interactive-annotating"
        refused = client.post(path, json={"task": task, "context": context})
        assert (refused.status_code, list(refused.json())) == (200, ["errors"])
        client.patch(path.rpartition("/")[0], json={"is_interactive": True})
        said = client.post(path, json={"task": task, "context": context})
        assert (said.status_code, said.json()) == (200, {"data": {"result": [], "score": 0.5, "cluster": 3}})
        sent = there.last("/predict").body
        assert (sent["tasks"][0]["id"], sent["params"]["context"]) == (task, context)
        first = threads.submit(client.post, path, json={"task": task, "context": {"slow": True}})
        wait_until(lambda: there.last("/predict").body["params"]["context"] == {"slow": True})
        with httpx.Client(base_url=client.base_url, headers=client.headers, trust_env=False) as other:
            assert "data" in other.post(path, json={"task": task, "context": context}).json()
        assert "ended" in first.result().json()["errors"][0]
        useless: list[list[Any]] = [[], [None], [[]], [{"result": 3}]]
        for wrong in useless:
            there.answers["/predict"] = (200, {"results": wrong})
            told = client.post(path, json={"task": task, "context": context})
            assert (told.status_code, list(told.json())) == (200, ["errors"]), wrong
        assert client.post(path, json={"task": 987654321}).status_code == 404


def test_a_backend_that_hangs_at_its_setup_holds_only_its_share(
    server: RunningServer, client: httpx.Client, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactive, "_MOST_WAITING", 2)
    monkeypatch.setattr(backend_threads, "_MOST_WAITING", 1)
    other = server.member("other@example.com", "editor")
    task = client.get(f"/api/projects/{project}/tasks/").json()[0]["id"]
    with peer() as there, ThreadPoolExecutor(4) as threads:
        backend_id = connect(client, project, there.url, is_interactive=True)["id"]
        path = f"/api/ml/{backend_id}"
        there.answers["/setup"] = lambda _body: (
            (200, {"model_version": "v7"}) if there.gate.wait(20) else None
        )
        with server.database.write() as tx:
            tx.execute(update(ml_backends).values(told_digest=""))

        def ask(what: str, token: str = ADMIN_TOKEN) -> httpx.Response:
            with server.client(token) as asking:
                return asking.post(f"{path}/{what}/", json={"task": task, "context": {"result": []}})

        def begin(what: str) -> Future[httpx.Response]:
            before = there.paths().count("POST /setup")
            begun = threads.submit(ask, what)
            wait_until(lambda: there.paths().count("POST /setup") == before + 1)
            return begun

        draws = "interactive-annotating"
        first, checks = begin(draws), begin("check")
        # Who draws again ends what waited for /setup, and nobody is told that the backend failed.
        again = begin(draws)
        assert "ended" in first.result().json()["errors"][0]
        assert (ask("check").status_code, ask("predict/test").status_code) == (503, 503)
        assert client.post(f"/api/ml/0{backend_id}/check/").status_code == 503
        monkeypatch.setattr(interactive, "_MOST_WAITING", 1)
        assert "wait for this backend already" in ask(draws, other.token).json()["errors"][0]
        assert client.get(path).json()["state"] == "CO"
        there.gate.set()
        assert "data" in again.result().json()
        assert checks.result().status_code == 200


def test_who_only_labels_is_told_neither_where_a_backend_is_nor_how_it_fares(
    server: RunningServer, client: httpx.Client, project: int
) -> None:
    labels, views = (server.member(f"{role}@example.com", role) for role in ("annotator", "viewer"))
    [task_id, _other] = [
        each["id"] for each in client.get("/api/tasks/", params={"project": project}).json()["tasks"]
    ]
    with peer() as there:
        made = connect(client, project, there.url, is_interactive=True)
        with server.client(labels.token) as annotator, server.client(views.token) as viewer:
            assert annotator.post(f"/api/tasks/{task_id}/open/").status_code < 500
            told = ("id", "title", "is_interactive", "timeout", "state", "project", "versions")
            wanted = {name: made[name] for name in told}
            assert wanted["versions"] == [{"name": "v7", "number": 1}]
            assert annotator.get("/api/ml/", params={"project": project}).json() == [wanted]
            assert annotator.get(f"/api/ml/{made['id']}/").json() == wanted
            for path in ("quality", "trainings", "rules", "versions", "builtins"):
                path, asked = f"/api/learning/{path}/", {"project": project}
                assert annotator.get(path, params=asked).status_code == 403, path
                assert viewer.get(path, params=asked).status_code == 200, path
            assert viewer.get(f"/api/ml/{made['id']}/").json()["url"] == there.url


def test_a_test_prediction_and_versions_are_told_as_label_studio_does(
    client: httpx.Client, project: int
) -> None:
    with peer() as there:
        path = f"/api/ml/{connect(client, project, there.url)['id']}"
        refused, known = client.post(f"{path}/predict/test"), recorded("POST", "/api/ml/1/predict/test")
        assert (refused.status_code, refused.json()) == (known["status"], known["body"])
        tried = client.post(f"{path}/predict/test?random=true").json()
        assert (tried["status"], tried["response"][0]["model_version"]) == (200, "v7")
        assert client.get(f"/api/predictions/?project={project}").json() == []
        old = client.get(f"{path}/versions").json()
        assert (old["versions"], "Upgrade" in old["message"]) == (["v7"], True)
        there.answers["/versions"] = (200, {"versions": ["v6", "v7"]})
        assert client.get(f"{path}/versions").json() == recorded("GET", "/api/ml/1/versions")["body"]
        there.answers["/versions"] = (500, {"detail": "on fire"})
        failed = client.get(f"{path}/versions")
        assert (failed.status_code, "on fire" in failed.json()["error"]) == (500, True)
        there.answers["/predict"] = (500, {"detail": "on fire"})
        failed = client.post(f"{path}/predict/test?random=true")
        assert (failed.status_code, "on fire" in failed.json()["detail"]) == (500, True)


@pytest.mark.parametrize("style", ["Token", "Bearer"])
def test_a_backend_calls_back_for_its_project_alone(
    server: RunningServer, client: httpx.Client, project: int, style: str
) -> None:
    other = client.post("/api/projects/", json={"title": "Other"}).json()["id"]
    with peer(health=OLD) as there:
        made = connect(client, project, there.url)
        token = there.last("/setup").body["access_token"]
    headers = {"Authorization": f"{style} {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as backend:
        task = client.get(f"/api/projects/{project}/tasks/").json()[0]["id"]
        for path in (
            "/api/version",
            f"/api/projects/{project}",
            f"/api/tasks?project={project}&page=1&page_size=10&fields=all&resolve_uri=true&query={{}}",
            f"/api/tasks/{task}",
            f"/api/predictions/?project={project}",
        ):
            assert backend.get(path).status_code == 200, path
        assert backend.get("/storage-data/uploaded/?filepath=../secret").status_code == 404
        exported = f"/api/projects/{project}/export?exportType=JSON"
        assert backend.get(exported, headers={"Prefer": "respond-async"}).status_code == 202
        beyond = backend.get(f"/api/tasks?project={project}&page=99&page_size=10")
        assert beyond.status_code == 404
        said = {"task": task, "result": [], "model_version": "mine"}
        assert backend.post("/api/predictions/", json=said).status_code == 201
        for method, path in (
            ("GET", f"/api/projects/{other}"),
            ("GET", f"/api/tasks?project={other}"),
            ("PATCH", f"/api/projects/{project}"),
            ("DELETE", f"/api/tasks/{task}"),
            ("POST", f"/api/tasks/{task}/annotations/"),
            ("POST", f"/api/projects/{project}/exports/"),
            ("GET", f"/api/ml/{made['id']}/versions"),
            ("PATCH", f"/api/ml/{made['id']}"),
            ("GET", "/api/current-user/whoami"),
            ("GET", "/api/current-user/token"),
            ("GET", "/api/jobs/"),
            ("POST", "/api/tokens"),
            ("GET", "/api/workspaces"),
        ):
            answer = backend.request(method, path, json={"name": "x"} if method != "GET" else None)
            assert answer.status_code in (403, 404) or answer.json() == [], (method, path, answer.text)
        listed = backend.get("/api/projects/").json()["results"]
        assert [each["id"] for each in listed] == [project]
        client.delete(f"/api/ml/{made['id']}")
        assert backend.get(f"/api/projects/{project}").status_code == 401

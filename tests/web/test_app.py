"""What the door does for every route."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.serving import RunningServer, serve
from treadle.access import ORGANIZATION
from treadle.db.schema import installation
from treadle.errors import Conflict
from treadle.permissions import Permission
from treadle.web import app
from treadle.web.call import Call
from treadle.web.routing import PUBLIC, SIGNED_IN, AnyReply, Reply, Route, StreamReply, json_reply


def fail(_call: Call) -> Reply:
    raise RuntimeError("with a secret in it")


def forget_to_ask(call: Call) -> Reply:
    with call.read():
        return json_reply({})


def forget_who(_call: Call) -> Reply:
    return json_reply({})


def conflict(_call: Call) -> Reply:
    raise Conflict("stale", "Somebody was first.", details={"current": {"id": 3}, "detail": "never"})


def echo(call: Call) -> Reply:
    with call.read():
        return json_reply({"query": dict(call.query), "ids": call.query_list("ids"), "body": call.json()})


def page(call: Call) -> Reply:
    number = call.query_page()
    return json_reply({"next": call.page_url(number + 1), "size": call.query_page("size", 10, 50)})


def stream(_call: Call) -> StreamReply:
    return StreamReply(iter([b"a", b"b"]), "text/plain", {"Content-Disposition": "attachment"})


def uploaded_page(_call: Call) -> StreamReply:
    return StreamReply(iter([b"<script src=x></script>"]), "text/html")


def overtaken(call: Call) -> Reply:
    with call.parts.database.write() as tx:
        for _ in range(2):
            tx.execute(installation.insert(), {"key": "twice", "value": ""})
    return json_reply({})


async def count_bytes(call: Call) -> AnyReply:
    total = 0
    async for chunk in call.chunks():
        total += len(chunk)
    await call.in_thread(_ask, call)
    return json_reply({"size": total})


def _ask(call: Call) -> None:
    with call.read() as tx:
        call.allow(tx, ORGANIZATION)


ADMIN = Permission.ORGANIZATION_ADMIN
ROUTES = (
    Route("GET", "/api/fail", fail, PUBLIC, "Fails"),
    Route("GET", "/api/forget-to-ask", forget_to_ask, ADMIN, "Forgets"),
    Route("GET", "/api/forget-who", forget_who, SIGNED_IN, "Forgets"),
    Route("PUT", "/api/conflict/", conflict, PUBLIC, "Conflicts"),
    Route("POST", "/api/echo/{id}/", echo, SIGNED_IN, "Echoes"),
    Route("GET", "/api/page/", page, PUBLIC, "Pages"),
    Route("GET", "/api/stream", stream, PUBLIC, "Streams"),
    Route("GET", "/api/uploaded-page", uploaded_page, PUBLIC, "Streams a page"),
    Route("POST", "/api/overtaken", overtaken, PUBLIC, "Meets another"),
    Route("POST", "/api/upload", count_bytes, ADMIN, "Counts", stream=True),
)


@pytest.fixture
def odd_server(sqlite_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    with serve(sqlite_url, tmp_path / "data", routes=ROUTES) as running:
        yield running


def test_a_fault_is_a_500_that_tells_nothing_but_its_id(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        answer = client.get("/api/fail")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    uuid.UUID(answer.json()["id"])


def test_a_handler_that_forgets_its_permission_answers_nothing(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        assert client.get("/api/forget-to-ask").json()["code"] == "permission-not-asked"
        assert client.get("/api/forget-who").json()["code"] == "actor-not-asked"


def test_details_of_an_error_stand_beside_label_studios_keys(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        body = client.put("/api/conflict").json()
    assert body["current"] == {"id": 3}
    assert body["detail"] == "Somebody was first."
    assert {"id", "status_code", "version", "detail", "exc_info"} <= body.keys()


def test_another_method_is_405_and_says_which_there_are(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        answer = client.put("/api/echo/1")
    assert (answer.status_code, answer.json()["detail"]) == (405, 'Method "PUT" not allowed.')
    assert answer.headers["allow"] == "POST"


def test_queries_and_bodies_reach_the_handler(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        answer = client.post("/api/echo/1?a=b&ids[]=1&ids[]=2", json=[1])
        assert answer.json() == {"query": {"a": "b", "ids[]": "2"}, "ids": ["1", "2"], "body": [1]}
        assert client.post("/api/echo/1", content=b"{").status_code == 400


def test_pages_link_to_their_neighbours(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        body = client.get("/api/page?size=99&page=2").json()
        assert body == {"next": f"{odd_server.url}/api/page?size=99&page=3", "size": 50}
        assert client.get("/api/page?page=0").status_code == 400


def test_a_stream_is_sent_with_its_headers_and_head_sends_no_body(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        answer = client.get("/api/stream/")
        assert (answer.text, answer.headers["content-disposition"]) == ("ab", "attachment")
        head = client.head("/api/stream")
        assert (head.status_code, head.content) == (200, b"")


def test_a_body_may_be_streamed_and_is_bounded_elsewhere(
    odd_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MAX_BODY_BYTES", 1000)
    with odd_server.client() as client:
        assert client.post("/api/upload", content=b"x" * 5000).json() == {"size": 5000}
        answer = client.post("/api/echo/1", content=b"x" * 5000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_what_is_not_a_page_can_run_nothing(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        policy = client.get("/api/page").headers["content-security-policy"]
        assert "sandbox" in policy
        assert client.get("/projects/1").headers["content-security-policy"].startswith("default-src 'self'")
        assert client.get("/api/page").headers["x-content-type-options"] == "nosniff"


def test_an_id_that_is_no_number_is_not_there(server: RunningServer) -> None:
    with server.client() as client:
        for text in ("x", "9" * 40, "-1", "%C2%B2"):
            answer = client.get(f"/api/users/{text}/")
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_an_unknown_api_path_is_a_404_as_json(server: RunningServer) -> None:
    with server.client() as client:
        for path in ("/api/nope", "/api", "/api/projects/1/nope", "/data/upload/none"):
            answer = client.get(path, headers={"Accept": "text/html"})
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json"), path


def test_health_and_version_answer_strangers(server: RunningServer) -> None:
    with server.client(None) as client:
        assert client.get("/health").json() == {"status": "UP"}
        assert client.head("/health/").status_code == 200
        version = client.get("/api/version/").json()
        assert {"release", "label-studio-os-package"} <= version.keys()
        assert client.get("/version").json() == version
        # MLflow's client asks there, too, and takes nothing but this for an answer.
        theirs = client.get("/version", headers={"User-Agent": "mlflow-python-client/3.17.2"})
        assert theirs.text == metadata.version("mlflow-skinny")


def test_a_page_that_somebody_uploaded_can_run_nothing(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        policy = client.get("/api/uploaded-page").headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy


def test_of_two_writes_at_once_the_second_is_a_conflict(odd_server: RunningServer) -> None:
    with odd_server.client() as client:
        answer = client.post("/api/overtaken")
    assert (answer.status_code, answer.json()["code"]) == (409, "overtaken")

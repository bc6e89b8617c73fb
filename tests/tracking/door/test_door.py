"""The door before anything of MLflow runs: odd addresses, methods, browsers, refusals written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.access.people import add_person
from tests.serving import RunningServer
from tests.waiting import wait_until
from treadle.access.audit import REFUSED
from treadle.access.wrong_credentials import WrongCredentials
from treadle.db import Database, Tx
from treadle.db.schema import audit_log
from treadle.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from treadle.tracking.exchanges import MOST_BODY_BYTES
from treadle.tracking.notes import Notes
from treadle.tracking.refusal_log import Refusal, RefusalLog

V2 = "/api/2.0/mlflow"


@pytest.fixture
def quiet(notebooks: RunningServer) -> Iterator[RunningServer]:
    """A server on which a test may not start MLflow."""
    before = notebooks.parts.tracking.starts
    yield notebooks
    assert notebooks.parts.tracking.starts == before


@pytest.mark.parametrize(
    "path",
    [
        f"{V2}/%2e%2e/mlflow/runs/get",
        f"{V2}/%252e%252e/mlflow/runs/get",
        f"{V2}//runs/get",
        f"{V2}/runs%5cget",
        f"{V2}/runs%00/get",
        f"{V2}/runs%ff/get",
        "/mlflow/api/2.0/mlflow/%2e/runs/get",
        f"/ajax-api/{'a' * 5000}",
    ],
)
def test_an_odd_address_is_refused_before_anything_else(quiet: RunningServer, path: str) -> None:
    with quiet.client() as client:
        raw = httpx.URL(client.base_url, raw_path=path.encode())
        answer = client.request("GET", raw)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_what_nobody_knows_is_404_and_methods_are_told(quiet: RunningServer) -> None:
    with quiet.client(None) as client:
        unknown = client.get(f"{V2}/nothing")
        assert (unknown.status_code, unknown.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
        wrong = client.delete(f"{V2}/runs/get")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "HEAD, GET, OPTIONS")
        told = client.options(f"{V2}/runs/get")
        assert (told.status_code, told.headers["allow"]) == (204, "HEAD, GET, OPTIONS")
        assert "access-control-allow-origin" not in told.headers
        head = client.head("/api/3.0/mlflow/server-info")
        assert (head.status_code, head.content) == (200, b"")
        assert client.head(f"{V2}/runs/get").status_code == 401


@pytest.mark.parametrize("name", ["ws-9999999999999999999", "ws-999999999999999999", "ws-0", "ws-\u0663"])
def test_a_number_that_no_workspace_has_is_as_any_other_name(quiet: RunningServer, name: str) -> None:
    with quiet.client() as client:
        headers = {"X-MLFLOW-WORKSPACE": name.encode()}
        answer = client.get(f"{V2}/experiments/search", headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_what_is_treadles_stays_treadles(quiet: RunningServer) -> None:
    with quiet.client(None) as client:
        assert client.get("/health").json()["status"] == "UP"
        assert "release" in client.get("/version").json()
        assert client.get("/mlflow", follow_redirects=False).headers["location"] == "mlflow/"
        assert client.get("/mlflow/health").status_code == 404


def test_pages_that_are_not_installed_are_told_of(quiet: RunningServer) -> None:
    with quiet.client() as client:
        answer = client.get("/mlflow/")
    assert answer.status_code == 404
    assert "mlflow-ui" in answer.json()["message"]


def test_a_browser_writes_only_from_our_own_pages(quiet: RunningServer) -> None:
    quiet.sign_up("browser@example.com")
    path, body = f"{V2}/experiments/create", {"name": "from-elsewhere"}
    with quiet.browser() as client:
        form = {"email": "browser@example.com", "password": "eight or more"}
        client.post("/user/login/", data={**form, "csrfmiddlewaretoken": client.cookies["csrftoken"]})
        cookie = client.cookies["csrftoken"]
        bare = client.post(path, json=body)
        assert (bare.status_code, "csrftoken" in bare.text) == (403, True)
        elsewhere = {"Origin": "https://evil.example", "X-CSRFToken": cookie}
        assert client.post(path, json=body, headers=elsewhere).status_code == 403
        # The person has no workspace: whoever is let through hears that.
        for headers in ({"X-CSRFToken": cookie}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": quiet.url}):
            answer = client.post(path, json=body, headers=headers)
            assert (answer.status_code, "no workspace" in answer.text) == (403, True), headers
        assert client.get("/api/3.0/mlflow/workspaces").json() == {"workspaces": []}


def test_refusals_are_in_the_audit_log_once_a_minute(quiet: RunningServer) -> None:
    viewer = quiet.member("refused@example.com", "viewer")
    with quiet.client(viewer.token) as client:
        for _ in range(5):
            assert client.post(f"{V2}/experiments/create", json={"name": "x"}).status_code == 403
            assert client.get(f"{V2}/webhooks").status_code == 403
            elsewhere = {"X-MLFLOW-WORKSPACE": "not-mine"}
            assert client.get(f"{V2}/experiments/get", headers=elsewhere).status_code == 404
    lines = wait_until(lambda: refusals(quiet, viewer.id, 3))
    assert sorted((one["detail"]["code"], one["workspace_id"]) for one in lines) == [
        ("not-allowed", 1),
        ("route-denied", None),
        ("workspace-not-found", None),
    ]


def refusals(server: RunningServer, actor_id: int, count: int) -> list[dict[str, Any]]:
    """What the log holds of somebody, once there is as much."""
    with server.database.read() as tx:
        rows = tx.connection.exec_driver_sql(
            "SELECT workspace_id, detail FROM audit_log WHERE action = 'access.refused' "
            f"AND actor_id = {actor_id} ORDER BY id"
        ).all()
    found = [{"workspace_id": row[0], "detail": httpx.Response(200, text=row[1]).json()} for row in rows]
    return found if len(found) >= count else []


def test_a_flood_of_refusals_writes_a_few_lines(database: Database) -> None:
    now = 0.0
    log = RefusalLog(Notes(database), clock=lambda: now)
    with database.write() as tx:
        person = add_person(tx, "flood@example.com").user_id
    for number in range(1000):
        error = Forbidden(f"code-{number}", "no")
        log.note(Refusal(error, "GET", "/x", "192.0.2.1", person))
    now = 61.0
    log.note(Refusal(NotFound("last", "no"), "GET", "/x", "192.0.2.1", person))
    lines = wait_until(lambda: lines_of(database, "last"))
    assert len(lines) == 21
    assert lines[-1]["left_out"] == 980


def test_strangers_with_addresses_without_number_share_a_few_lines(database: Database) -> None:
    now = 0.0
    log = RefusalLog(Notes(database), clock=lambda: now)
    for network in range(10_000):
        for number in range(1 if network else 1000):
            address = f"2001:db8:{network:x}::{number:x}"
            log.note(Refusal(Unauthenticated(f"code-{number}", "no"), "GET", "/x", address))
    now = 61.0
    log.note(Refusal(Unauthenticated("last", "no"), "GET", "/x", "::ffff:192.0.2.1"))
    lines = wait_until(lambda: lines_of(database, "last"))
    assert sum(line["address"].startswith("2001:db8:0:") for line in lines) == 5
    assert len(lines) == 21
    assert sum(line["left_out"] for line in lines) == 10_999 - 20


def lines_of(database: Database, last: str) -> list[dict[str, Any]]:
    """The refusals in the log, once there is one of that code."""
    told = select(audit_log.c.detail).where(audit_log.c.action == REFUSED).order_by(audit_log.c.id)
    with database.read() as tx:
        found = [json.loads(row[0]) for row in tx.execute(told).all()]
    return found if any(one["code"] == last for one in found) else []


def test_what_is_only_noted_waits_alone_and_not_without_end(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[int] = []

    def write(number: int, _tx: Tx) -> None:
        written.append(number)

    database = Database.open(sqlite_url)
    notes = Notes(database, most_waiting=2)
    with database.write():  # nobody else writes meanwhile
        for number in range(100):
            notes.add(partial(write, number))
    wait_until(lambda: len(written) >= 2)
    notes.add(partial(write, 100))
    wait_until(lambda: written[-1] == 100)
    database.close()
    assert len(written) <= 4
    assert "too many waited" in caplog.text


def test_a_note_of_one_thing_waits_once_and_a_defect_in_one_is_told(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    written: list[str] = []

    def write(what: str, _tx: Tx) -> None:
        written.append(what)
        if what == "wrong":
            raise ValueError(what)

    database = Database.open(sqlite_url)
    notes = Notes(database)
    with database.write():  # nobody else writes meanwhile
        notes.add(partial(write, "wrong"))
        for _ in range(5):
            notes.add_once("token", partial(write, "touch"))
    wait_until(lambda: len(written) == 2)
    notes.add_once("token", partial(write, "touch"))
    wait_until(lambda: len(written) == 3)
    database.close()
    assert written == ["wrong", "touch", "touch"]
    assert "by a defect" in caplog.text


def test_a_wrong_token_is_slowed_down_and_a_right_one_beside_it_is_not() -> None:
    now = 0.0
    wrong = WrongCredentials(clock=lambda: now)
    for number in range(200):
        wrong.add_wrong("same" if number < 10 else f"other-{number}", "192.0.2.1")
    with pytest.raises(Unavailable):
        wrong.check("same")
    with pytest.raises(Unavailable):
        wrong.add_wrong("new", "192.0.2.1")
    wrong.check("new")
    wrong.add_wrong("new", "192.0.2.2")
    now = 61.0
    wrong.check("same")
    wrong.add_wrong("new", "192.0.2.1")


def test_what_only_the_door_says_cannot_come_from_outside(quiet: RunningServer) -> None:
    told = '{"user_id":1,"email":"x","workspace_id":1,"level":"manage","workspaces":[]}'
    with quiet.client(None) as client:
        answer = client.get(f"{V2}/experiments/search", headers={"x-treadle-visitor": told})
        assert answer.status_code == 401
        for path in ("/treadle/experiments", "/mlflow/treadle/experiments", "/ajax-api/treadle/runs"):
            assert client.get(path).status_code in (200, 404), path
            assert client.post(path, json={}, headers={"x-treadle-visitor": told}).status_code in (404, 405)


def test_a_body_in_pieces_that_is_too_long_is_told_so_once(notebooks: RunningServer) -> None:
    piece = b"x" * (1024 * 1024)
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(MOST_BODY_BYTES // len(piece) + 1):
            sent += len(piece)
            yield piece

    with notebooks.client() as client:
        answer = client.post(f"{V2}/runs/log-batch", content=pieces(), timeout=60)
    assert sent > MOST_BODY_BYTES
    assert (answer.status_code, answer.json()["error_code"]) == (413, "INVALID_PARAMETER_VALUE")
    assert "retry-after" not in answer.headers, "MLflow's client would send it all again"


def test_what_mlflow_sends_on_of_somebody_does_nothing_in_a_browser(notebooks: RunningServer) -> None:
    with notebooks.client() as client:
        client.headers["X-MLFLOW-WORKSPACE"] = "ws-1"
        made = client.post(f"{V2}/experiments/create", json={"name": "pages"}).json()
        run = client.post(f"{V2}/runs/create", json=made).json()["run"]["info"]
        place = run["artifact_uri"].replace("mlflow-artifacts:", "/api/2.0/mlflow-artifacts/artifacts")
        assert client.put(f"{place}/page.html", content=b"<script>1</script>").status_code == 200
        asked = {"run_id": run["run_id"], "path": "page.html"}
        answer = client.get("/get-artifact", params=asked)
    assert answer.content == b"<script>1</script>"
    # Each once: MLflow says one of them, too.
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"

"""How the tracking process comes and goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import pytest
from alembic import command
from mlflow.store.db.utils import _get_alembic_config, _get_schema_version, create_sqlalchemy_engine
from mlflow.store.tracking.dbmodels.initial_models import Base as initial_tables
from mlflow.tracking import MlflowClient
from starlette.types import Message

from tests.laws.source import ROOT
from tests.tracking.process.conftest import BREAKING, DYING, FAINTING, environment_of_process, is_alive
from tests.tracking.process.front import EDITOR, Front, open_front
from tests.waiting import run_coroutine, wait_until
from treadle.errors import Unauthenticated
from treadle.settings import Settings
from treadle.tracking.child.inside import PINNED_SCHEMA
from treadle.tracking.paths import _is_listened_on, tracking_database_url
from treadle.tracking.process import Reply, Tracking
from treadle.tracking.signing import tell_visitor

LIST = "/api/2.0/mlflow/experiments/search?max_results=5"
OWN = "/treadle/nothing/"


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Of a server on SQLite."""
    return Settings(data_dir=tmp_path)


@pytest.fixture(scope="module")
def front_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A server on SQLite whose process may be killed."""
    with open_front(Tracking(Settings(data_dir=tmp_path_factory.mktemp("data")))) as opened:
        yield opened


def pid_of(tracking: Tracking) -> int:
    assert tracking.pid is not None
    return tracking.pid


def test_ten_who_ask_first_start_it_once(front_here: Front, caplog: pytest.LogCaptureFixture) -> None:
    assert (front_here.tracking.pid, front_here.tracking.starts) == (None, 0)
    with ThreadPoolExecutor(10) as pool, caplog.at_level("INFO", "treadle.tracking"):
        asked = [pool.submit(httpx.get, front_here.address + LIST, timeout=60) for _ in range(10)]
        assert [answer.result().status_code for answer in asked] == [200] * 10
    assert front_here.tracking.starts == 1
    assert caplog.text.count("is mounted") == 1


def test_its_socket_is_for_its_owner_alone(front_here: Front) -> None:
    httpx.get(front_here.address + OWN, timeout=60)
    sockets = [Path(line.split()[-1]) for line in Path("/proc/net/unix").read_text().splitlines()]
    name = f"tracking-{socket.gethostname()}-{os.getpid()}-"
    modes = {path.stat().st_mode & 0o777 for path in sockets if path.name.startswith(name) and path.exists()}
    assert modes == {0o600}


def test_killed_it_comes_back_and_the_stock_client_notices_nothing(
    front_here: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "editor")
    client = MlflowClient(front_here.address, front_here.address)
    run = client.create_run(client.create_experiment("killed"))
    killed = pid_of(front_here.tracking)
    os.kill(killed, signal.SIGKILL)
    client.log_metric(run.info.run_id, "loss", 1.5, step=1)
    assert [one.step for one in client.get_metric_history(run.info.run_id, "loss")] == [1]
    assert not is_alive(killed)


def test_who_was_interrupted_is_told_to_try_again(front_here: Front) -> None:
    httpx.get(front_here.address + LIST, timeout=60)
    with socket.create_connection(("127.0.0.1", front_here.port)) as line:
        line.sendall(
            b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000
        )
        httpx.get(front_here.address + LIST, timeout=60)
        os.kill(pid_of(front_here.tracking), signal.SIGKILL)
        answer = line.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 503")
    assert "TEMPORARILY_UNAVAILABLE" in answer
    assert "retry-after: 1\r\n" in answer


def test_one_that_stands_still_is_told_of_and_replaced(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask_thrice() -> tuple[list[Reply], int]:
        tracking = Tracking(here)
        replies = [await tracking.ask("GET", OWN, EDITOR)]
        os.kill(pid_of(tracking), signal.SIGSTOP)
        with monkeypatch.context() as patch:
            patch.setattr("treadle.tracking.channel.PATIENCE_S", 0.1)
            patch.setattr("treadle.tracking.process._ALIVE_S", 0.1)
            replies.append(await tracking.ask("GET", OWN, EDITOR))
        replies.append(await tracking.ask("GET", OWN, EDITOR))
        await tracking.close()
        return replies, tracking.starts

    replies, starts = run_coroutine(ask_thrice())
    assert ([reply.status for reply in replies], starts) == ([404, 503, 404], 2)
    assert json.loads(replies[1].body)["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert dict(replies[1].headers)[b"retry-after"]


def test_one_that_is_slow_but_hears_is_left_alone(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_too_early() -> tuple[int, int]:
        tracking = Tracking(here)
        await tracking.ask("GET", OWN, EDITOR)
        with monkeypatch.context() as patch:
            patch.setattr("treadle.tracking.channel.PATIENCE_S", 0.1)
            reply = await tracking.ask("GET", LIST, EDITOR)  # MLflow is imported
        await tracking.ask("GET", LIST, EDITOR)
        await tracking.close()
        return reply.status, tracking.starts

    assert run_coroutine(ask_too_early()) == (503, 1)


def test_who_did_not_pass_the_door_is_turned_away(here: Settings) -> None:
    async def ask_beside_the_door() -> list[tuple[int, bool]]:
        tracking = Tracking(here)
        key, target = tracking._supervisor.key, OWN.encode()
        words = [
            tell_visitor(key, EDITOR, "GET", target),
            b"",
            tell_visitor(bytes(32), EDITOR, "GET", target),
            tell_visitor(key, EDITOR, "POST", target),
            tell_visitor(key, EDITOR, "GET", target + b"?all=1"),
            tell_visitor(key, EDITOR, "GET", target).replace(b'"user_id": 1', b'"user_id": 2'),
        ]
        seen = []
        for told in words:
            connection = await tracking._supervisor.connect()
            connection.write(b"GET %b HTTP/1.1\r\nx-treadle-visitor: %b\r\n\r\n" % (target, told))
            status = (await connection.head()).status
            while await connection.chunk():
                pass
            connection.let_go()
            seen.append((status, connection.is_usable))
        await tracking.close()
        return seen

    assert run_coroutine(ask_beside_the_door()) == [(404, True)] + [(403, False)] * 5


def test_an_answer_that_the_process_did_not_finish_is_none(here: Settings) -> None:
    with open_front(Tracking(here, module=BREAKING)) as front:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{front.address}/breaking", timeout=60)
        assert httpx.get(front.address + OWN, timeout=60).status_code == 404
        assert front.tracking.starts == 2


def test_who_is_let_in_no_more_within_a_body_is_the_doors_to_tell(front_here: Front) -> None:
    """It keeps the audit log; the process has not seen the end of the request."""
    sent: list[Message] = []
    scope = {"method": "POST", "path": OWN, "query_string": b"", "headers": [(b"content-length", b"9")]}
    parts: list[Message] = [{"type": "http.request", "body": b"half", "more_body": True}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        raise Unauthenticated("invalid-credentials", "no more")

    async def send(message: Message) -> None:
        sent.append(message)

    asked = front_here.tracking.hand_on(scope, receive, send, EDITOR, path=OWN)
    with pytest.raises(Unauthenticated):
        asyncio.run_coroutine_threadsafe(asked, front_here.loop).result(60)
    assert sent == []


def test_who_goes_within_a_body_leaves_nothing(front_here: Front) -> None:
    body = b'{"name": "half"}'
    create = b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", front_here.port)) as line:
        line.sendall(create % (len(body) + 1) + body)
        line.shutdown(socket.SHUT_WR)
        assert line.makefile("rb").read() == b""
    assert "half" not in httpx.get(front_here.address + LIST, timeout=60).text


def test_it_ends_when_nobody_asks_for_a_while_and_comes_back(here: Settings) -> None:
    async def ask_twice() -> tuple[int, int, int]:
        tracking = Tracking(replace(here, tracking_idle_s=1))
        assert (await tracking.ask("GET", OWN, EDITOR)).status == 404
        first = pid_of(tracking)
        await asyncio.to_thread(wait_until, lambda: tracking.pid is None and not is_alive(first))
        assert list((here.data_dir / "tmp").glob("*.sock")) == []
        assert (await tracking.ask("GET", OWN, EDITOR)).status == 404
        second = pid_of(tracking)
        await tracking.close()
        return tracking.starts, first, second

    starts, first, second = run_coroutine(ask_twice())
    assert (starts, first != second, is_alive(second)) == (2, True, False)


_PARENT = """
import asyncio, sys
from pathlib import Path
from tests.tracking.process.front import EDITOR
from treadle.settings import Settings
from treadle.tracking.process import Tracking

async def main():
    tracking = Tracking(Settings(data_dir=Path(sys.argv[1])))
    await tracking.ask("GET", "/treadle/nothing/", EDITOR)
    print(tracking.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_it_ends_when_its_parent_is_killed_and_leaves_nothing_for_long(here: Settings) -> None:
    command = [sys.executable, "-c", _PARENT, str(here.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    wait_until(lambda: not is_alive(child))
    left = list((here.data_dir / "tmp").glob("*.sock"))
    assert len(left) == 1
    wait_until(lambda: not _is_listened_on(left[0]))  # its last thread lets go after it is dead
    assert ask_once(Tracking(here), OWN).status == 404
    assert not left[0].exists()


def test_what_cannot_start_is_left_alone_for_a_while(
    here: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask_often() -> tuple[list[Reply], int]:
        tracking = Tracking(here, module=DYING)
        replies = [await tracking.ask("GET", OWN, EDITOR) for _ in range(3)]
        await tracking.close()
        return replies, tracking.starts

    replies, starts = run_coroutine(ask_often())
    assert {reply.status for reply in replies} == {503}
    assert json.loads(replies[0].body)["error_code"] == "TEMPORARILY_UNAVAILABLE"
    assert dict(replies[-1].headers)[b"retry-after"]
    assert b"there is no paper left" in replies[-1].body
    assert starts == 3
    assert "there is no paper left" in caplog.text


def test_a_read_that_was_interrupted_is_asked_again(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAINTED", str(tmp_path / "fainted"))
    tracking = Tracking(here, module=FAINTING)
    assert ask_once(tracking, OWN).status == 404
    assert tracking.starts == 2


def test_nobody_says_from_outside_who_they_are(front_here: Front) -> None:
    claims = {
        "X-Treadle-Visitor": json.dumps({**asdict(EDITOR), "workspace_id": 2}),
        "X-MLFLOW-WORKSPACE": "ws-2",
        "X_MLFLOW_WORKSPACE": "ws-2",
    }
    create = f"{front_here.address}/api/2.0/mlflow/experiments/create"
    made = httpx.post(create, json={"name": "claimed"}, headers=claims, timeout=60).json()
    told = f"{front_here.address}/api/2.0/mlflow/experiments/get?experiment_id={made['experiment_id']}"
    assert "/workspaces/ws-1/" in httpx.get(told).json()["experiment"]["artifact_location"]


def test_without_mlflow_it_is_told_how_to_install_it(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.tracking.process._missing", lambda: ("mlflow",))
    tracking = Tracking(here)
    reply = ask_once(tracking, LIST)
    told = json.loads(reply.body)
    assert (reply.status, told["error_code"], tracking.starts) == (501, "NOT_IMPLEMENTED", 0)
    assert "pip install 'treadle[tracking]'" in told["message"]


def test_an_mlflow_that_cannot_be_imported_is_no_end(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "mlflow.py").write_text("raise ImportError('the press is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    replies = ask_in_turn(Tracking(here), [LIST, OWN])
    assert [reply.status for reply in replies] == [503, 404]
    assert b"the press is broken" in replies[0].body


def test_a_database_that_is_away_and_back(here: Settings) -> None:
    (here.data_dir / "mlflow.db").mkdir()

    async def ask_before_and_after() -> list[Reply]:
        tracking = Tracking(here)
        before = await tracking.ask("GET", LIST, EDITOR)
        (here.data_dir / "mlflow.db").rmdir()
        after = await tracking.ask("GET", LIST, EDITOR)
        await tracking.close()
        return [before, after]

    before, after = run_coroutine(ask_before_and_after())
    assert (before.status, after.status) == (503, 200)
    assert b"mlflow.db cannot be used" in before.body


def test_tables_of_an_older_mlflow_are_brought_up_to_date(here: Settings) -> None:
    engine = create_sqlalchemy_engine(tracking_database_url(here))
    initial_tables.metadata.create_all(engine)
    with engine.begin() as connection:
        config = _get_alembic_config("sqlite://")
        config.attributes["connection"] = connection
        command.upgrade(config, f"{PINNED_SCHEMA}-1")
    assert _get_schema_version(engine) != PINNED_SCHEMA
    assert ask_once(Tracking(here), LIST).status == 200
    assert _get_schema_version(engine) == PINNED_SCHEMA
    engine.dispose()


def test_the_password_of_a_database_is_told_nowhere(here: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings = replace(here, database_url="postgresql://press:s3cr3t-ink@127.0.0.1:1/paper")

    async def ask() -> tuple[Reply, str]:
        tracking = Tracking(settings)
        reply = await tracking.ask("GET", LIST, EDITOR)
        told = environment_of_process(pid_of(tracking))
        await tracking.close()
        return reply, told

    with caplog.at_level("DEBUG"):
        reply, told = run_coroutine(ask())
    assert reply.status == 503
    assert b"Connection refused" in reply.body
    assert "s3cr3t-ink" not in told + caplog.text + reply.body.decode()


def ask_once(tracking: Tracking, path: str) -> Reply:
    return ask_in_turn(tracking, [path])[0]


def ask_in_turn(tracking: Tracking, paths: list[str]) -> list[Reply]:
    async def ask() -> list[Reply]:
        replies = [await tracking.ask("GET", path, EDITOR) for path in paths]
        await tracking.close()
        return replies

    return run_coroutine(ask())

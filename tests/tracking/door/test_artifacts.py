"""Artifact bytes at the door: MLflow's own answers, whole or not at all, and a range of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.serving import ADMIN_TOKEN, RunningServer, serve
from tests.waiting import wait_until
from treadle.tracking.artifacts import is_of_artifacts

ROOT = "/api/2.0/mlflow-artifacts/artifacts"
#: Asked twice, of the door and of MLflow's own handlers: these must not differ.
ASKED = (
    ("PUT", "1/run/artifacts/notes.txt", b"paper"),
    ("PUT", "workspaces/ws-1/1/run/artifacts/deep/model.pkl", b"\0" * 3000),
    ("PUT", "1/run/artifacts/na%C3%AFve name;(1).csv", b"a,b\n"),
    ("PUT", "1/run/artifacts/empty", b""),
    ("GET", "1/run/artifacts/notes.txt", None),
    ("GET", "workspaces/ws-1/1/run/artifacts/notes.txt", None),
    ("GET", "1/run/artifacts/deep/model.pkl", None),
    ("GET", "1/run/artifacts/na%C3%AFve name;(1).csv", None),
    ("GET", "1/run/artifacts/empty", None),
    ("GET", "1/run/artifacts/deep", None),
    ("GET", "1/run/artifacts/missing", None),
    ("GET", "1/run/artifacts/a%23b", None),
    ("GET", "?path=1/run/artifacts", None),
    ("GET", "?path=1/run/artifacts/deep/", None),
    ("GET", "?path=1/run/artifacts/notes.txt", None),
    ("GET", "?path=missing", None),
    ("GET", "?path=../x", None),
    ("GET", "?path=/1/run", None),
    ("GET", "", None),
    ("DELETE", "1/run/artifacts/missing", None),
    ("DELETE", "1/run/artifacts/deep", None),
    ("DELETE", "1/run/artifacts/notes.txt", None),
    ("GET", "1/run/artifacts/notes.txt", None),
    ("GET", "?path=1/run/artifacts", None),
)


def told(answer: httpx.Response) -> tuple[object, ...]:
    """What a client makes of an answer: an error by its code, another by its bytes and what it is called."""
    if answer.status_code >= 400:
        # Of a folder that is asked for as a file its own says no code.
        return answer.status_code, answer.json().get("error_code", "INVALID_PARAMETER_VALUE")
    names = ("content-type", "content-disposition", "x-content-type-options")
    headers = tuple(answer.headers.get(name, "").split(";")[0] for name in names[:1])
    disposition = answer.headers.get(names[1])
    is_json = answer.headers.get("content-type", "").startswith("application/json") and not disposition
    return (
        answer.status_code,
        disposition,
        headers if answer.content else (),
        (answer.json() if is_json else answer.content),
    )


def walk(server: RunningServer) -> list[tuple[object, ...]]:
    """Everything asked in turn."""
    with server.client() as client:
        client.timeout = 90.0  # MLflow starts first
        return [told(client.request(method, address(path), content=body)) for method, path, body in ASKED]


def address(path: str) -> str:
    """Of a path, or of a query of the root."""
    return f"{ROOT}{path}" if not path or path.startswith("?") else f"{ROOT}/{path}"


def test_answers_are_those_of_mlflows_own_handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve("", tmp_path / "ours") as running:
        ours = walk(running)
    monkeypatch.setattr("treadle.tracking.door.is_of_artifacts", lambda _path: False)
    with serve("", tmp_path / "theirs") as running:
        theirs = walk(running)
    for asked, one, other in zip(ASKED, ours, theirs, strict=True):
        assert one == other, asked


def test_a_range_is_given_and_a_head_holds_nothing(notebooks: RunningServer) -> None:
    with notebooks.client() as client:
        client.put(f"{ROOT}/9/range.bin", content=bytes(range(256)))
        part = client.get(f"{ROOT}/9/range.bin", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
        assert part.headers["content-range"] == "bytes 10-19/256"
        tail = client.get(f"{ROOT}/9/range.bin", headers={"Range": "bytes=-6"})
        assert (tail.status_code, tail.content) == (206, bytes(range(250, 256)))
        past = client.get(f"{ROOT}/9/range.bin", headers={"Range": "bytes=256-"})
        assert (past.status_code, past.headers["content-range"]) == (416, "bytes */256")
        assert client.get(f"{ROOT}/9/range.bin", headers={"Range": "lines=1-2"}).status_code == 200
        head = client.head(f"{ROOT}/9/range.bin")
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "256", b"")


def test_an_upload_that_breaks_off_leaves_nothing(notebooks: RunningServer) -> None:
    key, parts = "tracking/workspaces/ws-1/9/broken.bin", notebooks.parts
    partials = parts.settings.data_dir / "objects" / ".partial"
    with uploading(notebooks, 5_000_000):
        assert any(partials.iterdir())
    wait_until(lambda: not any(partials.iterdir()))
    assert [one.key for one in parts.objects.list(key)] == []


def test_who_is_let_in_no_more_when_a_body_ends_has_sent_it_in_vain(
    notebooks: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.tracking.door._FRESH_S", 0.0)
    editor = notebooks.member("leaving@example.com", "editor")
    with uploading(notebooks, 5_000_000, editor.token) as line, notebooks.client() as client:
        body = {"is_active": False}
        assert client.patch(f"/api/admin/people/{editor.id}/", json=body).status_code < 300
        line.sendall(bytes(4_000_000))
        assert b" 401 " in line.makefile("rb").readline()
        assert client.get(f"{ROOT}/9/broken.bin").status_code == 404


@contextmanager
def uploading(
    running: RunningServer, sent_bytes: int, token: str = ADMIN_TOKEN, *, said_bytes: int = 9_000_000
) -> Iterator[socket.socket]:
    """Somebody's upload, which stands still before its end; a long one has begun to be written."""
    place = urlsplit(running.url)
    partials = running.parts.settings.data_dir / "objects" / ".partial"
    with socket.create_connection((place.hostname or "", place.port or 0)) as opened:
        head = f"PUT {ROOT}/9/broken.bin HTTP/1.1\r\nHost: x\r\nContent-Length: {said_bytes}\r\n"
        opened.sendall(f"{head}Authorization: Bearer {token}\r\n\r\n".encode() + bytes(sent_bytes))
        wait_until(lambda: sent_bytes < 1000 or (partials.exists() and any(partials.iterdir())))
        yield opened


def test_who_holds_many_uploads_up_waits_for_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.tracking.artifacts._MOST_UPLOADS", 1)
    monkeypatch.setattr("treadle.tracking.artifacts._TURN_S", 0.1)
    monkeypatch.setattr("treadle.streams.STALL_S", 3.0)
    with serve("", tmp_path / "data") as running, uploading(running, 5_000_000) as stalled:
        other = running.member("other@example.com", "editor")
        with running.client() as client, running.client(other.token) as others:
            mine = client.put(f"{ROOT}/9/long", content=bytes(2_000_000))
            assert (mine.status_code, mine.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
            assert mine.headers["retry-after"]
            assert client.put(f"{ROOT}/9/short", content=b"x").status_code == 200
            assert others.put(f"{ROOT}/9/long", content=bytes(2_000_000)).status_code == 200
        assert b" 408 " in stalled.makefile("rb").readline()
        with uploading(running, 10, said_bytes=20) as short:
            assert b" 408 " in short.makefile("rb").readline()


def test_what_is_too_large_is_refused_by_its_size(tmp_path: Path) -> None:
    with serve("", tmp_path / "data", max_upload_bytes=1000) as running, running.client() as client:
        assert client.put(f"{ROOT}/1/a", content=bytes(1000)).status_code == 200
        for content in (bytes(1001), iter([bytes(600), bytes(600)])):
            answer = client.put(f"{ROOT}/1/b", content=content)
            assert answer.status_code == 413
            assert "TREADLE_MAX_UPLOAD_BYTES" in answer.json()["message"]
        assert client.get(f"{ROOT}/1/b").status_code == 404


def test_a_file_stands_in_nobodys_way_unheard(notebooks: RunningServer) -> None:
    with notebooks.client() as client:
        client.put(f"{ROOT}/9/folder/file", content=b"x")
        for path in ("9/folder", "9/folder/file/below"):
            answer = client.put(f"{ROOT}/{path}", content=b"y")
            assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), path
        for method in ("DELETE", "PUT"):
            whole = client.request(method, f"{ROOT}/workspaces/ws-1", content=b"")
            assert whole.status_code == 400, "not all of a workspace"
        assert client.get(f"{ROOT}/9/folder/file").content == b"x"


def test_only_the_root_and_what_is_below_is_of_artifacts() -> None:
    assert is_of_artifacts(ROOT)
    assert is_of_artifacts("/ajax-api/2.0/mlflow-artifacts/artifacts/a/b")
    assert not is_of_artifacts("/api/2.0/mlflow-artifacts/mpu/create/a")

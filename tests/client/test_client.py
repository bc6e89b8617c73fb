"""The client against a server that goes away, and answers in pieces."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ADMIN_TOKEN, RunningServer
from treadle.client import RemoteRepo, Target, connect
from treadle.client.addresses import Address
from treadle.client.connection import Answer, Connection
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


@contextmanager
def stumbling(server: RunningServer, *cuts: int | None) -> Iterator[str]:
    """A way to the server: each connection in turn ends after so many bytes of answer; None: never."""
    listening = socket.create_server(("127.0.0.1", 0))
    host, port = server.url.removeprefix("http://").split(":")

    def carry() -> None:
        for cut in cuts:
            taken, _address = listening.accept()
            with taken, socket.create_connection((host, int(port))) as onward:
                up = threading.Thread(target=pump, args=(taken, onward, None))
                up.start()
                pump(onward, taken, cut)
                taken.close()
                up.join()

    thread = threading.Thread(target=carry, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


def pump(source: socket.socket, goal: socket.socket, cut: int | None) -> None:
    left = cut
    try:
        while (left is None or left > 0) and (
            chunk := source.recv(65_536 if left is None else min(left, 65_536))
        ):
            goal.sendall(chunk)
            left = None if left is None else left - len(chunk)
        source.shutdown(socket.SHUT_RDWR)
        goal.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def test_a_download_that_breaks_off_goes_on_where_it_was(studio: RunningServer, repo: RemoteRepo) -> None:
    content = bytes(range(256)) * 20_000
    repo.put("a.bin", content, Target("master"))
    cuts = (0, None, 2_000_000, 1_000_000, None)
    with stumbling(studio, *cuts) as url, connect(url, ADMIN_TOKEN) as client:
        far = client.repo(repo.about.name)  # the first connection says nothing: it is asked again
        client.connection.close()
        assert far.read_whole("a.bin") == content


def test_what_changes_something_is_not_sent_twice(studio: RunningServer, repo: RemoteRepo) -> None:
    with stumbling(studio, 0, None) as url, connect(url, ADMIN_TOKEN) as client:
        with pytest.raises(Unavailable, match="does not answer"):
            client.create_repo(f"{repo.about.name}-1")
        client.list_repos()  # by the second way, which nobody took


def test_errors_are_of_the_class_that_a_caller_acts_on(studio: RunningServer, repo: RemoteRepo) -> None:
    with pytest.raises(Unauthenticated), connect(studio.url, "wrong") as client:
        client.list_repos()
    repo.put("a.txt", b"1", Target("master"))
    with pytest.raises(Conflict) as taken:
        repo.create_tag("master", "master")
    assert taken.value.code == "name-taken"
    with pytest.raises(Conflict):
        repo.put("a.txt", iter([b"2"]), Target("master"), only_if_absent=True)
    with pytest.raises(Invalid):
        repo.put("../a", b"", Target("master"))
    viewer = studio.member(f"viewer-{repo.about.id}@example.com", "viewer", repo.about.workspace.id)
    with connect(studio.url, viewer.token) as client:
        assert client.repo(repo.about.name).read_whole("a.txt") == b"1"
        with pytest.raises(Forbidden):
            client.repo(repo.about.name).put("b.txt", b"", Target("master"))


def test_a_folder_that_is_more_than_a_body_may_hold_is_one_commit_all_the_same(
    repo: RemoteRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / f"{number}.bin").write_bytes(bytes(400_000))
    monkeypatch.setattr("treadle.client.repos._ARCHIVE_BYTES", 1_000_000)
    seen: list[tuple[int, int]] = []
    count, commit = repo.put_folder(
        tmp_path, Target("master", message="All"), "in/", lambda files, size: seen.append((files, size))
    )
    assert (count, commit.message, commit.file_count) == (5, "All", 5)
    assert [sum(each) for each in zip(*seen, strict=True)] == [5, 2_000_000]
    assert len(list(repo.log())) == 1
    with pytest.raises(Invalid):
        repo.put_folder(tmp_path / "none", Target("master"))


def test_a_commit_of_a_foreign_repo_is_refused_as_one_that_is_nowhere(
    studio: RunningServer, repo: RemoteRepo
) -> None:
    theirs = repo.put("a.txt", b"1", Target("master")).commit
    with studio.client() as admin:
        workspace = admin.post("/api/workspaces/", json={"name": f"of-{repo.about.name}"}).json()
    editor = studio.member(f"editor-{repo.about.id}@example.com", "editor", workspace["id"])
    with connect(studio.url, editor.token) as client:
        mine = client.create_repo("labels", workspace=workspace["name"])
        opened = mine.start_commit().id
        mine.put("1.json", b"{}", Target(commit=opened))
        told = []
        for source in (theirs, "0" * 32):
            with pytest.raises(NotFound) as refused:
                mine.finish_commit(opened, provenance=[source])
            told.append((refused.value.code, refused.value.message.replace(source, "ID")))
    assert told[0] == told[1]


@pytest.mark.parametrize("lost", [1, 4], ids=["one answer", "every answer"])
def test_a_folder_whose_finish_was_not_answered_is_committed_once(
    repo: RemoteRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    for number in range(2):
        (tmp_path / f"{number}.bin").write_bytes(bytes(400_000))
    monkeypatch.setattr("treadle.client.repos._ARCHIVE_BYTES", 500_000)
    monkeypatch.setattr("treadle.client.finishing._PAUSES_S", (0.0, 0.0, 0.0))
    far = RemoteRepo(Losing(repo._connection.address, ADMIN_TOKEN, lost=lost), repo.about)
    if lost == 1:
        _count, commit = far.put_folder(tmp_path, Target("master", message="All"))
        assert (commit.state, commit.message) == ("finished", "All")
    else:
        with pytest.raises(Unavailable) as error:
            far.put_folder(tmp_path, Target("master", message="All"))
        assert error.value.code == "finish-unknown"
    assert [(each.message, each.file_count) for each in repo.log()] == [("All", 2)]


class Losing(Connection):
    """Loses the first answers to a finish, which the server gave all the same."""

    def __init__(self, address: Address, token: str, *, lost: int) -> None:
        super().__init__(address, token)
        self._lost = lost

    def ask(self, method: str, path: str, *rest: Any, **more: Any) -> Answer:
        try:
            answer = super().ask(method, path, *rest, **more)
        except Conflict:
            if not self._is_lost(path):
                raise
        else:
            if not self._is_lost(path):
                return answer
            answer.close()
        self._lost -= 1
        raise Unavailable("server-unreachable", "The connection was cut.")

    def _is_lost(self, path: str) -> bool:
        return path.endswith("/finish/") and self._lost > 0


def test_an_upload_is_a_stream_and_a_refused_one_tells_why(studio: RunningServer, repo: RemoteRepo) -> None:
    put = repo.put("a.bin", (bytes(100_000) for _ in range(50)), Target("master"))
    assert put.file.size_bytes == 5_000_000
    with connect(studio.url, "wrong") as client, pytest.raises(Unauthenticated):
        stranger = RemoteRepo(client.connection, repo.about)
        stranger.put("b.bin", (bytes(1_000_000) for _ in range(50)), Target("master"))

"""Files of tasks come once, from where they are, and tokens go nowhere else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.ml.author.studio import Studio, jwt, serve
from treadle.errors import Forbidden, Invalid, NotFound, Unavailable
from treadle.ml import asking
from treadle.ml.cache import Cache, cache_of
from treadle.ml.calling import ProjectCall
from treadle.ml.fetching import Fetcher, fetcher_for


def fetcher(url: str, tmp_path: Path, token: str = "", **environ: str) -> Fetcher:
    call = ProjectCall(hostname=url, access_token=token)
    return fetcher_for(call, {"TREADLE_ML_CACHE": str(tmp_path / "cache"), **environ})


@pytest.mark.parametrize(
    "address",
    ["/data/upload/1/a.jpg", "/ls/data/upload/1/a.jpg", "upload/1/a.jpg", "{url}/data/upload/1/a.jpg"],
)
def test_a_path_is_found_with_the_servers_prefix_and_without(address: str, tmp_path: Path) -> None:
    with serve(Studio({"/ls/data/upload/1/a.jpg": b"picture"})) as studio:
        files = fetcher(studio.url + "/ls", tmp_path)
        path = files.path(address.format(url=studio.url + "/ls"))
        assert (path.read_bytes(), path.suffix) == (b"picture", ".jpg")


def test_a_file_is_fetched_once_whatever_its_signature(tmp_path: Path) -> None:
    with serve(Studio({"/f/a.png": b"one", "/g/b.png": b"one"})) as studio:
        first = fetcher(studio.url, tmp_path).path("/f/a.png?signature=1&expires=5")
        again = fetcher(studio.url, tmp_path).path("/f/a.png?signature=2&expires=9")
        other = fetcher(studio.url, tmp_path).path("/g/b.png")
    assert first == again == other
    assert studio.paths() == ["/f/a.png?signature=1&expires=5", "/g/b.png"]


def test_one_connection_serves_many_files_and_a_lost_one_is_replaced(tmp_path: Path) -> None:
    studio = Studio({f"/{number}": b"x" * number for number in range(1, 20)}, accepted={"Bearer k"})
    with serve(studio):
        files = fetcher(studio.url, tmp_path, "k")
        for number in range(1, 10):
            assert len(files.path(f"/{number}").read_bytes()) == number
        assert studio.connections == 1
        (connection,) = [one for one in asking._kept.idle.values() if f":{one.port}" in studio.url]
        assert connection.sock is not None
        connection.sock.shutdown(socket.SHUT_RDWR)
        assert files.path("/10").read_bytes() == b"x" * 10
        assert studio.connections == 2


def test_the_cache_lets_go_what_was_used_longest_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.ml.cache._IN_USE_S", -1.0)
    cache = Cache(tmp_path, limit_bytes=100)
    for name in "abcdef":
        cache.put(name, [name.encode() * 30])
    assert cache.find("a") is None
    kept = cache.find("f")
    assert kept is not None
    assert kept[0].read_bytes() == b"f" * 30
    with pytest.raises(Invalid, match="larger than the cache"):
        cache.put("g", [b"g" * 101])
    assert list((tmp_path / "parts").iterdir()) == []
    assert cache_of({"TREADLE_ML_CACHE": "/x:3m"}).limit_bytes == 3 * 1024**2


def test_a_token_goes_to_its_server_alone_and_across_no_redirect(tmp_path: Path) -> None:
    with (
        serve(Studio({"/a": b"a"})) as elsewhere,
        serve(Studio({"/b": b"b"}, accepted={"Token k"})) as studio,
    ):
        studio.redirects["/far"] = elsewhere.url + "/a"
        files = fetcher(studio.url, tmp_path, "k")
        assert files.path("/b").read_bytes() == b"b"
        assert files.path("/far").read_bytes() == b"a"
        assert files.path(elsewhere.url + "/a?x=1").read_bytes() == b"a"
    assert studio.asked[0] == ("/b", "Token k")
    assert {shown for _, shown in elsewhere.asked} == {None}


def test_the_environment_is_over_what_the_call_says(tmp_path: Path) -> None:
    with serve(Studio({"/a": b"a"}, accepted={"Token mine"})) as studio:
        files = fetcher(
            "http://127.0.0.1:9", tmp_path, "dead", LABEL_STUDIO_URL=studio.url, TREADLE_TOKEN="mine"
        )
        assert files.path("/a").read_bytes() == b"a"


def test_a_personal_token_is_exchanged_and_the_access_token_kept(tmp_path: Path) -> None:
    personal, access = jwt("refresh"), jwt("access")
    studio = Studio({"/a": b"a", "/b": b"b"}, accepted={f"Bearer {access}"}, exchanges={personal: access})
    with serve(studio):
        files = fetcher(
            studio.url, tmp_path, "dead", LABEL_STUDIO_API_KEY=personal, LABEL_STUDIO_URL=studio.url
        )
        files.path("/a"), files.path("/b")
    assert studio.paths() == ["/api/token/refresh", "/a", "/b"]
    assert studio.asked[0][1] is None


def test_the_operators_token_is_shown_to_no_server_that_a_call_names(tmp_path: Path) -> None:
    with serve(Studio({"/a": b"a"}, accepted=set())) as anybody:
        with pytest.raises(Forbidden, match=f"Set LABEL_STUDIO_URL={anybody.url} if that is yours"):
            fetcher(anybody.url, tmp_path, "k", TREADLE_TOKEN="operators").path("/a")
        personal = jwt("refresh")
        anybody.redirects["/api/token/refresh"] = "http://127.0.0.1:9/stolen"
        with pytest.raises(Forbidden):
            fetcher(anybody.url, tmp_path, personal, TREADLE_TOKEN="operators").path("/a")
    assert not [shown for _, shown in anybody.asked if shown and "operators" in shown]


def test_a_dead_token_is_told_with_what_to_do_and_without_the_token(tmp_path: Path) -> None:
    with serve(Studio({"/a": b"a"}, accepted=set())) as studio:
        with pytest.raises(Forbidden, match="Set TREADLE_TOKEN or LABEL_STUDIO_API_KEY") as refused:
            fetcher(studio.url, tmp_path, "s3cret").path("/a?x=s3cret")
        assert "s3cret" not in str(refused.value)
        studio.accepted = None
        with pytest.raises(NotFound):
            fetcher(studio.url, tmp_path).path("/missing")
    with pytest.raises(Unavailable):
        fetcher(studio.url, tmp_path).path("/gone")
    with pytest.raises(Invalid, match="none is known"):
        fetcher("", tmp_path).path("/a")
    with pytest.raises(Invalid, match="neither http nor https"):
        fetcher(studio.url, tmp_path).path("file:///etc/passwd")


def test_a_shared_disk_is_looked_into_first_and_left_by_no_path(tmp_path: Path) -> None:
    disk, secret = tmp_path / "disk", tmp_path / "secret.txt"
    (disk / "upload/1").mkdir(parents=True)
    (disk / "upload/1/a b.jpg").write_bytes(b"here")
    secret.write_text("no")
    with serve(Studio({"/data/local-files/?d=../secret.txt": b"served"})) as studio:
        files = fetcher(studio.url, tmp_path, TREADLE_ML_DATA_DIR=str(disk))
        assert files.path("/data/upload/1/a%20b.jpg").read_bytes() == b"here"
        assert files.path("/data/local-files/?d=upload/1/a b.jpg").read_bytes() == b"here"
        assert files.path("/data/local-files/?d=../secret.txt").read_bytes() == b"served"


def test_files_of_a_bucket_come_through_the_server(tmp_path: Path) -> None:
    with serve(Studio({"/tasks/7/presign/": b"cloud", "/storage-data/uploaded/": b"kept"})) as studio:
        files = fetcher(studio.url, tmp_path)
        assert files.path("s3://bucket/a.jpg", task_id=7).read_bytes() == b"cloud"
        assert files.path("/data/upload/1/b.jpg").read_bytes() == b"kept"
        assert files.path("data:text/plain;base64,aGFsbG8=").read_bytes() == b"hallo"
    assert studio.paths()[0] == "/tasks/7/presign/?fileuri=czM6Ly9idWNrZXQvYS5qcGc="

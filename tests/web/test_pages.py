"""Pages and assets at any path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import RunningServer, serve
from treadle.web import pages


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small built front end."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<head><!--base--></head>index")
    (folder / "label.html").write_text("<head><!--base--></head>label")
    (folder / "theme.js").write_text("'use strict';")
    (folder / "assets" / "app-1a2b.js").write_text("x" * 5000)
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(pages, "STATIC", folder)
    return folder


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path, built: Path) -> Iterator[RunningServer]:
    with serve(sqlite_url, tmp_path / "data") as running:
        yield running


@pytest.mark.parametrize(
    ("path", "base", "which"),
    [
        ("/", "./", "index"),
        ("/projects", "./", "index"),
        ("/projects/", "../", "index"),
        ("/projects/12/data", "../../", "index"),
        ("/projects/12/label", "../../", "label"),
        ("/projects/12/label/", "../../../", "label"),
        ("/user/login", "../", "index"),
        ("/account/tokens", "../", "index"),
    ],
)
def test_a_page_finds_the_root_relative_to_itself(
    site: RunningServer, path: str, base: str, which: str
) -> None:
    with site.client(None, Accept="text/html") as client:
        answer = client.get(path)
    assert answer.text == f'<head><base href="{base}"></head>{which}'
    assert answer.headers["cache-control"] == "no-store"


def test_an_asset_is_immutable_compressed_and_sets_no_cookie(site: RunningServer) -> None:
    with site.client(None) as client:
        packed = client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"})
        plain = client.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
        again = client.get(
            "/assets/app-1a2b.js", headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": ""}
        )
        head = client.head("/assets/app-1a2b.js")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text == "x" * 5000
    assert "immutable" in packed.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/javascript")
    assert again.status_code == 304
    assert head.content == b""
    assert all("set-cookie" not in answer.headers for answer in (packed, plain, again))


def test_a_file_at_the_root_is_asked_for_again(site: RunningServer) -> None:
    with site.client(None) as client:
        assert client.get("/theme.js").headers["cache-control"] == "no-cache"


def test_nothing_outside_the_folder_is_sent(site: RunningServer) -> None:
    with site.client(None) as client:
        for path in (
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/assets/none.js",
        ):
            assert client.get(path).text != "secret"


def test_a_missing_asset_is_a_404_and_a_page_takes_no_post(site: RunningServer) -> None:
    with site.client(None) as client:
        assert client.get("/assets/none.js").status_code == 404
        assert client.post("/projects/1/label").status_code == 405


def test_without_a_front_end_the_page_says_what_to_run(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "STATIC", tmp_path / "nothing")
    with serve(sqlite_url, tmp_path / "data") as site, site.client(None) as client:
        assert "make setup" in client.get("/").text


def test_an_asset_that_changed_is_read_again(site: RunningServer, built: Path) -> None:
    with site.client(None) as client:
        before = client.get("/theme.js").text
        (built / "theme.js").write_text("'changed';")
        assert (before, client.get("/theme.js").text) == ("'use strict';", "'changed';")

"""Which server and token a program gets, and how places in repos are written."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from treadle.client.addresses import (
    credentials_path,
    find_server,
    keep_credentials,
    parse_address,
    token_for,
)
from treadle.client.names import Place, parse_place
from treadle.errors import Invalid, NotFound


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://treadle.example.org", "https://treadle.example.org"),
        ("https://treadle.example.org:443/", "https://treadle.example.org"),
        ("http://localhost:8080/studio/", "http://localhost:8080/studio"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("unix:///var/lib/treadle/treadle.sock", "unix:///var/lib/treadle/treadle.sock"),
    ],
)
def test_an_address_is_read(text: str, shown: str) -> None:
    assert str(parse_address(text)) == shown


@pytest.mark.parametrize(
    "text", ["", "localhost:8080", "ftp://a", "https://", "http://a:b", "http://me:pw@a"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_address(text)


def test_a_sign_in_is_kept_for_its_owner_alone_and_the_environment_comes_first(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    with pytest.raises(NotFound):
        find_server(home)
    path = keep_credentials(parse_address("https://a.example"), "first", home)
    keep_credentials(parse_address("https://b.example"), "second", home)
    assert path == credentials_path(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    address, token = find_server(home)
    assert (str(address), token) == ("https://b.example", "second")
    address, token = find_server({**home, "TREADLE_URL": "https://a.example"})
    assert (str(address), token) == ("https://a.example", "first")
    assert token_for(address, {**home, "TREADLE_TOKEN": "mine"}) == "mine"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("images", Place("images")),
        ("images@master", Place("images", ref="master")),
        ("images@master:/a/b.png", Place("images", ref="master", path="a/b.png")),
        ("team/images@v1.2:/", Place("images", "team", "v1.2")),
        ("images@master^2:/a: b", Place("images", ref="master^2", path="a: b")),
        ("images@master/a.png", Place("images", ref="master", path="a.png")),
        ("images:/a@b.png", Place("images", path="a@b.png")),
    ],
)
def test_a_place_is_read(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize("text", ["", "a.b@master", "a/b/c@master", "@master", "images master"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_place(text)


def test_the_client_imports_nothing_of_the_server_s_and_little_else() -> None:
    code = (
        "import sys, treadle.client\n"
        "ours = sorted(name for name in sys.modules if name.startswith('treadle.'))\n"
        "assert {name.split('.')[1] for name in ours} == {'client', 'errors', 'local_socket'}, ours\n"
        "assert not {'httpx', 'sqlalchemy', 'fsspec', 'asyncio'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

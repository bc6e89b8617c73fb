"""Commands on the data folder that a running server holds."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import httpx

from tests.cli.test_commands import run
from tests.launch.conftest import Serve
from treadle.local_socket import FILE_NAME

_OWNER = ("--admin-email", "owner@example.com", "--admin-token", "0123456789abcdef0123456789abcdef01234567")


def on_folder(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = run(*words, "--data-dir", str(folder))
    assert done.returncode == 0, done.stderr
    return done


def test_who_holds_the_folder_is_the_owner_and_the_audit_log_says_local(serve: Serve, tmp_path: Path) -> None:
    # Longer than the address of a socket may be.
    server = serve(*_OWNER, data_dir=tmp_path / ("long" * 30) / "data")
    assert server.is_healthy()
    socket = server.data_dir / FILE_NAME
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    on_folder(server.data_dir, "repo", "create", "images")
    headers = {"Authorization": f"Token {_OWNER[3]}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=20) as client:
        assert [each["name"] for each in client.get("/api/repos/").json()["results"]] == ["images"]
        (line,) = [
            each for each in client.get("/api/audit-log").json()["results"] if each["action"] == "local"
        ]
    assert (line["actor"], line["detail"]["path"]) == ("owner@example.com", "/api/repos/")
    assert httpx.get(f"{server.url}/api/repos/", trust_env=False).status_code == 401
    assert server.end() == 0
    assert not socket.exists()
    assert on_folder(server.data_dir, "repo", "list").stdout.endswith("main/images\n")

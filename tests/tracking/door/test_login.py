"""`treadle login` leaves what a notebook needs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import RunningServer

CODE = "import sys; from treadle.cli import main; sys.exit(main())"
MINE = "[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = p%cent\n"


def login(url: str, token: str, home: Path) -> str:
    """What the command prints, typed by a script."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, "login", url, "--token", token],
        env={**os.environ, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_login_leaves_name_and_token_where_mlflow_looks(
    notebooks: RunningServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = notebooks.member("typist@example.com", "editor")
    assert f"export MLFLOW_TRACKING_URI={notebooks.url}" in login(notebooks.url, person.token, home)
    path = home / ".mlflow" / "credentials"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    code = (
        "from mlflow.utils.credentials import read_mlflow_creds as r; c = r(); print(c.username, c.password)"
    )
    read = subprocess.run([sys.executable, "-c", code], env={**os.environ}, capture_output=True, text=True)
    assert read.stdout.split() == [person.email, person.token]
    assert "finds" in login(notebooks.url, person.token, home), "the same again"


def test_a_login_replaces_nobody_elses_credentials_without_asking(
    notebooks: RunningServer, home: Path
) -> None:
    person = notebooks.member("second.typist@example.com", "editor")
    path = home / ".mlflow" / "credentials"
    path.parent.mkdir()
    path.write_text(MINE)
    assert "left as it is" in login(notebooks.url, person.token, home)
    assert path.read_text() == MINE

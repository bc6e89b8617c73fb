"""`treadle login` leaves what a notebook needs."""

from __future__ import annotations

import os
import pty
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.serving import RunningServer

CODE = "import sys; from treadle.cli import main; sys.exit(main())"
#: The same on a terminal of its own, which a password is asked on.
AT_A_TERMINAL = f"import os; os.close(os.open(os.ttyname(0), os.O_RDWR)); {CODE}"
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


def test_a_person_at_a_terminal_is_asked_for_the_token_and_before_anything_is_replaced(
    notebooks: RunningServer, home: Path
) -> None:
    person = notebooks.member("third.typist@example.com", "editor")
    path = home / ".mlflow" / "credentials"
    path.parent.mkdir()
    path.write_text(MINE)
    with typing_at("login", notebooks.url, home=home) as terminal:
        assert f"Make a token on {notebooks.url}/account" in terminal.type_after("Token: ", person.token)
        asked = terminal.type_after("[y/N] ", "")
        assert "holds the credentials of me" in asked
        assert person.token not in asked, "what is typed is not shown"
        assert "left as it is" in terminal.rest()
    assert path.read_text() == MINE
    with typing_at("login", notebooks.url, home=home) as terminal:
        terminal.type_after("Token: ", person.token)
        terminal.type_after("[y/N] ", "y")
        assert "MLflow's client finds name and token" in terminal.rest()
    assert person.token in path.read_text()


@dataclass(frozen=True)
class Terminal:
    """A terminal with a program at it."""

    descriptor: int
    program: subprocess.Popen[bytes]

    def type_after(self, prompt: str, line: str) -> str:
        """Wait for the prompt and type a line; what stood on the terminal since the last one."""
        shown = ""
        while not shown.endswith(prompt):
            piece = self._read()
            assert piece, f"the program ended, and had written: {shown}"
            shown += piece
        os.write(self.descriptor, f"{line}\n".encode())
        return shown

    def rest(self) -> str:
        """What it writes until it ends, which it does well."""
        shown = ""
        while piece := self._read():
            shown += piece
        assert self.program.wait() == 0, shown
        return shown

    def _read(self) -> str:
        ready, _, _ = select.select([self.descriptor], [], [], 60)
        assert ready, "the program stands still"
        try:
            return os.read(self.descriptor, 1024).decode()
        except OSError:  # so a terminal says that its last program has gone
            return ""


@contextmanager
def typing_at(*words: str, home: Path) -> Iterator[Terminal]:
    """The command at a terminal of its own."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", AT_A_TERMINAL, *words],
        env={**os.environ, "HOME": str(home)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(ours, program)
    finally:
        program.kill()
        program.wait()
        os.close(ours)

"""The command line, as a person types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from treadle import __version__
from treadle.access.passwords import hash_password, verify_password
from treadle.access.users import NewUser, add_user, find_user
from treadle.cli.app import COMMANDS, make_parser
from treadle.cli.command import Command
from treadle.db import Database
from treadle.db.schema import sessions, users
from treadle.settings import load_settings

_CODE = "import sys; from treadle.cli import main; sys.exit(main())"


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with no setting but ``variables``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TREADLE_")}
    command = [sys.executable, "-c", _CODE, *words]
    return subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, check=False
    )


def test_version_is_printed() -> None:
    assert run("version").stdout == f"treadle {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_says_what_it_does(command: Command) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([*command.name.split(), "--help"])
    assert ended.value.code == 0


@pytest.mark.parametrize("words", [["version"], ["settings"], ["serve", "--help"], ["--help"]])
def test_a_light_command_imports_nothing_heavy(words: list[str]) -> None:
    code = f"{_CODE.partition('; sys.exit')[0]}; sys.argv[1:] = {words!r}\n"
    code += "try:\n    main()\nexcept SystemExit:\n    pass\n"
    code += "heavy = {'sqlalchemy', 'starlette', 'uvicorn', 'httpx', 'dbos', 'pydantic'} & set(sys.modules)\n"
    code += "print('heavy', sorted(heavy))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy []"


def test_what_starts_the_parts_imports_nothing_heavy() -> None:
    code = (
        "import sys, treadle.launch.serve; print({'sqlalchemy', 'starlette', 'uvicorn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_settings_shows_every_variable_and_no_secret() -> None:
    shown = run(
        "settings",
        TREADLE_PORT="8123",
        TREADLE_ADMIN_TOKEN="hidden-token",
        TREADLE_DATABASE_URL="postgresql://jo:hidden-word@host/name",
    ).stdout
    assert "TREADLE_PORT=8123   (default: 8080)" in shown
    assert "TREADLE_ADMIN_TOKEN=***" in shown
    assert "postgresql://jo:***@host/name" in shown
    assert "hidden" not in shown


def test_a_setting_that_is_wrong_is_named() -> None:
    done = run("serve", TREADLE_LEASE_S="soon")
    assert (done.returncode, done.stderr) == (
        1,
        "treadle: TREADLE_LEASE_S is 'soon'; give a whole number.\n",
    )


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_part_by_itself_needs_postgresql(command: str, tmp_path: Path) -> None:
    done = run(command, "--data-dir", str(tmp_path))
    assert done.returncode != 0
    assert "needs PostgreSQL" in done.stderr


def add_person(database: Database, email: str) -> int:
    with database.write() as tx:
        user_id = add_user(tx, NewUser(email, hash_password("old password"))).id
        tx.execute(
            sessions.insert(),
            {"token_hash": "x", "user_id": user_id, "created_at": tx.now, "expires_at": tx.now},
        )
    return user_id


def test_a_password_is_reset_and_the_sessions_end(database: Database, database_url: str) -> None:
    add_person(database, "jo@example.com")
    done = run("user", "reset-password", "Jo@example.com", "--database-url", database_url)
    assert done.returncode == 0, done.stderr
    password = done.stdout.strip().rpartition(" ")[2]
    with database.read() as tx:
        user = find_user(tx, "jo@example.com")
        assert user is not None
        stored = tx.execute(users.select()).mappings().one()["password_hash"]
        assert tx.execute(sessions.select()).all() == []
    assert verify_password(stored, password)


@pytest.mark.parametrize(("told", "has_wal"), [("WAL", True), ("wal", True), ("delete", False)])
def test_the_journal_is_told_in_any_case_of_letters(told: str, has_wal: bool) -> None:
    assert load_settings({"TREADLE_JOURNAL_MODE": told}, {}).has_wal is has_wal


def test_nobody_s_password_is_not_reset(database: Database, database_url: str) -> None:
    done = run("user", "reset-password", "jo@example.com", "--database-url", database_url)
    assert done.returncode == 1
    assert "Nobody here has the e-mail jo@example.com." in done.stderr


def test_a_folder_without_a_server_is_said_to_be_one(tmp_path: Path) -> None:
    done = run("user", "reset-password", "jo@example.com", "--data-dir", str(tmp_path))
    assert done.returncode == 1
    assert f"There is no Treadle in {tmp_path}" in done.stderr
    assert list(tmp_path.iterdir()) == []

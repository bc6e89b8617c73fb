"""One process writes to SQLite at a time; the others wait for it."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from treadle.db import Database, connect_url, engine

_INSERT = text("INSERT INTO notes (word) VALUES ('ours')")


@pytest.mark.parametrize("journal_mode", ["WAL", "DELETE"])
def test_a_write_waits_for_another_process_s(tmp_path: Path, journal_mode: engine.JournalMode) -> None:
    other = _held_by_another(tmp_path, journal_mode)
    database = Database.open(connect_url(tmp_path / "a.sqlite"), journal_mode=journal_mode)
    waiting = threading.Thread(target=_insert, args=(database,))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    other.execute("COMMIT")
    waiting.join(10)
    assert other.execute("SELECT word FROM notes").fetchall() == [("theirs",), ("ours",)]
    database.close()


def test_a_write_is_given_up_when_the_other_never_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_TIMEOUT_MS", 50)
    _other = _held_by_another(tmp_path, "WAL")
    database = Database.open(connect_url(tmp_path / "a.sqlite"))
    with pytest.raises(OperationalError, match="locked"):
        _insert(database)
    database.close()


def _held_by_another(folder: Path, journal_mode: str) -> sqlite3.Connection:
    other = sqlite3.connect(folder / "a.sqlite", isolation_level=None, check_same_thread=False)
    other.execute(f"PRAGMA journal_mode={journal_mode}")
    other.execute("CREATE TABLE notes (word TEXT)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO notes VALUES ('theirs')")
    return other


def _insert(database: Database) -> None:
    with database.write() as tx:
        tx.execute(_INSERT)

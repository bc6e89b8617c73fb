"""Looking at the data folder of this machine, and at what its settings name, whether a server runs or not."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from treadle.access.signing_key import FILE_NAME as KEY_FILE
from treadle.db import Database
from treadle.doctor.checks import Check, Fix, untried, well
from treadle.doctor.installed import Opened, database_path, journal_of, look_at_machine, look_at_parts
from treadle.doctor.machine import Runner
from treadle.launch.health import does_answer
from treadle.launch.lock import FILE_NAME as LOCK_FILE
from treadle.launch.lock import Holder, read_holder
from treadle.objects import open_store
from treadle.settings import Secret, Settings

_ANSWER_S = 5.0


def look_here(settings: Settings) -> list[Check]:
    """Everything that can be seen from here; nothing is started, made or migrated."""
    held = _is_held(settings.data_dir)
    holder = read_holder(settings.data_dir) if held else None
    ours = Runner.of_this_process()
    theirs = Runner.of_process(holder.pid) if holder and not holder.is_elsewhere else None
    runner = theirs or _runner_by_folder(settings.data_dir, ours)
    machine = look_at_machine(settings, runner)
    databases: list[Database] = []
    opened = Opened(
        settings,
        lambda: _open_database(settings, databases),
        lambda: open_store(settings),
        _read_key(settings.data_dir),
        may_write_here=runner.uid == ours.uid and _may_keep(settings.data_dir / "objects", ours),
    )
    try:
        parts = look_at_parts(opened, machine, is_served=holder is not None)
    finally:
        for database in databases:
            database.close()
    return [_check_holder(settings.data_dir, held, holder), *machine, *parts]


def _runner_by_folder(data_dir: Path, ours: Runner) -> Runner:
    """Who runs there where no process says so: root looks at folders that others serve."""
    return (Runner.of_folder(data_dir) or ours) if ours.uid == 0 else ours


def _may_keep(objects: Path, ours: Runner) -> bool:
    """What root made in a folder of another user would be in the server's way."""
    folder = Runner.of_folder(objects)
    return folder is not None and (ours.uid != 0 or folder.uid == 0)


def _check_holder(data_dir: Path, held: bool | None, holder: Holder | None) -> Check:
    if held is None:
        return untried("machine", "Server", f"Whether one runs on {data_dir} cannot be seen from here.")
    if holder is None:
        who = "Something of which nothing is known holds it." if held else "None runs on this folder."
        return well("machine", "Server", who)
    if holder.is_elsewhere or does_answer(holder.host, holder.port, _ANSWER_S):
        return well("machine", "Server", f"The folder is held by {holder.describe()}.")
    return Check(
        place="machine",
        name="Server",
        state="fault",
        code="server-silent",
        seen=f"The folder is held by {holder.describe()}, which does not answer within {_ANSWER_S:g} s.",
        wrong="Nobody is served, and no other server can start on this folder.",
        fixes=(Fix("On this machine; then start it again", f"kill {holder.pid}"),),
    )


def _is_held(data_dir: Path) -> bool | None:
    """Whether somebody holds the folder's lock; None where that cannot be tried."""
    try:
        descriptor = os.open(data_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def _open_database(settings: Settings, opened: list[Database]) -> Database:
    """One, however often it is asked for; the journal of a file stays as it is."""
    if not opened:
        journal = "WAL" if settings.database_url else journal_of(database_path(settings))
        opened.append(Database.open(settings.url, journal_mode=journal))
    return opened[0]


def _read_key(data_dir: Path) -> Secret:
    try:
        return Secret((data_dir / KEY_FILE).read_text("ascii").strip())
    except OSError:
        return Secret("")

"""What a server works with: database, objects, worker, model backends, experiments; each is tried.

Promises: nothing is started by the look, and a part that hangs holds it up for a bounded time.
"""

from __future__ import annotations

import shlex
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from treadle.db import Database
from treadle.db.learning_tables import ml_backends
from treadle.db.migrate import load_migrations
from treadle.db.schema import projects
from treadle.doctor.checks import Check, Fix, Place, faults_of, untried, well
from treadle.doctor.fixes import setting
from treadle.doctor.machine import (
    Runner,
    check_journal,
    check_key,
    check_room,
    check_shared_memory,
    check_volume,
)
from treadle.errors import NotFound, TreadleError
from treadle.jobs.liveness import is_worker_alive
from treadle.learning.connections.backends import Backend, get
from treadle.learning.connections.builtin import find_builtin
from treadle.learning.connections.client import open_client
from treadle.objects import ObjectStore
from treadle.settings import Secret, Settings, variable

__all__ = ["Opened", "database_path", "journal_of", "look_at_machine", "look_at_parts"]

_PLACE: Place = "parts"
_CLOCK_WARNING_S, _CLOCK_FAULT_S = 5.0, 60.0
_MOST_BACKENDS, _ASKED_AT_ONCE = 100, 8
_MOST_TOLD = 5
_BROKEN = (DBAPIError, PoolTimeoutError, TreadleError, OSError)
_SCHEMA = text("SELECT max(number) FROM schema_migrations")
_POSTGRESQL = text("SELECT current_setting('server_version') AS version, clock_timestamp() AS now")
_BACKENDS = (
    select(ml_backends.c.id)
    .join_from(ml_backends, projects)
    .where(projects.c.deleted_at.is_(None))
    .order_by(ml_backends.c.id)
    .limit(_MOST_BACKENDS)
)
_LOOPBACKS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Opened:
    """How the parts are reached. database, objects: opened when they are first asked for.

    may_write_here: what is written to the data folder is as the server's own.
    """

    settings: Settings
    database: Callable[[], Database]
    objects: Callable[[], ObjectStore]
    key: Secret
    may_write_here: bool = True


def database_path(settings: Settings) -> Path:
    """Where SQLite keeps the database."""
    return settings.data_dir / "treadle.sqlite3"


def look_at_machine(settings: Settings, runner: Runner) -> list[Check]:
    """What is true of the machine of the data folder."""
    found: list[Check | None] = [
        check_volume(settings.data_dir, runner),
        check_room(settings.data_dir),
        check_shared_memory(),
        check_key(settings.data_dir),
    ]
    if not settings.database_url:
        found.append(check_journal(settings.data_dir, settings.journal_mode))
    return [check for check in found if check is not None]


def look_at_parts(
    opened: Opened,
    machine: Iterable[Check],
    *,
    is_served: bool,
) -> list[Check]:
    """What is true of the parts; those that a fault of the machine spoils are left out.

    is_served: a server runs on them, so that a worker should, too.
    """
    settings = opened.settings
    spoiled = [check for check in faults_of(machine) if check.name in ("Data folder", "Disk")]
    if spoiled:
        names = ("Objects",) if settings.database_url else ("Database", "Objects")
        return [untried(_PLACE, name, f"Mend first what is wrong with: {spoiled[0].name}.") for name in names]
    return list(_look_at_parts(opened, is_served=is_served))


def _look_at_parts(opened: Opened, *, is_served: bool) -> Iterator[Check]:
    settings = opened.settings
    if not settings.database_url and not database_path(settings).exists():
        where = database_path(settings)
        yield well(_PLACE, "Database", f"{where} is not there yet; the first start makes it.")
        return
    checked = check_postgresql(opened) if settings.database_url else check_sqlite(settings)
    yield checked
    if settings.objects_url or opened.may_write_here:
        yield check_objects(opened)
    if checked.state != "fault":
        if is_served:
            yield check_worker(opened)
        yield check_backends(opened)
    yield check_tracking()


# The database.


def check_sqlite(settings: Settings) -> Check:
    """The file of SQLite, read by itself: opening it otherwise would change its journal."""
    path = database_path(settings)
    try:
        with _only_reading(path) as opened:
            (journal,) = opened.execute("PRAGMA journal_mode").fetchone()
            (number,) = opened.execute(_SCHEMA.text).fetchone()
    except sqlite3.Error as error:
        return _no_database(settings, str(error))
    size_bytes = path.stat().st_size
    seen = f"SQLite {sqlite3.sqlite_version}, journal {journal.upper()}, {size_bytes // 1024**2:,} MB"
    return _with_schema("sqlite", seen, number) or well(_PLACE, "Database", f"{seen}, schema {number}.")


def journal_of(path: Path) -> Literal["WAL", "DELETE"]:
    """The journal that a database of SQLite has. Raises sqlite3.Error."""
    with _only_reading(path) as opened:
        (journal,) = opened.execute("PRAGMA journal_mode").fetchone()
    return "WAL" if journal.upper() == "WAL" else "DELETE"


@contextmanager
def _only_reading(path: Path) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=5.0)) as opened:
        yield opened


def check_postgresql(opened: Opened) -> Check:
    """PostgreSQL, and its clock beside this machine's."""
    if not _is_address(opened.settings.database_url):
        return _no_address()
    try:
        began = time.monotonic()
        with opened.database().read() as tx:
            said = tx.rows(_POSTGRESQL)[0]
            number = tx.execute(_SCHEMA).scalar()
        took_s = time.monotonic() - began
    except _BROKEN as error:
        return _no_database(opened.settings, _first_line(error))
    seen = f"PostgreSQL {said['version']}, asked in {took_s * 1000:.0f} ms"
    now: datetime = said["now"]
    off_s = abs((datetime.now(timezone.utc) - now).total_seconds()) - took_s
    if off_s > _CLOCK_WARNING_S:
        return _clock(seen, off_s)
    found = _with_schema("postgresql", seen, number)
    return found or well(
        _PLACE, "Database", f"{seen}, schema {number}; its clock agrees with this machine's."
    )


def _clock(seen: str, off_s: float) -> Check:
    return Check(
        place=_PLACE,
        name="Database",
        state="fault" if off_s > _CLOCK_FAULT_S else "warning",
        code="clock-differs",
        seen=f"{seen}. Its clock is {off_s:.0f} s away from this machine's.",
        wrong="Tasks that were handed out come back too soon or too late, and so do sessions and links.",
        fixes=(Fix("On both machines", "timedatectl set-ntp true"),),
    )


def _with_schema(dialect: str, seen: str, number: int | None) -> Check | None:
    newest = load_migrations("sqlite" if dialect == "sqlite" else "postgresql")[-1].number
    told = f"{seen}. It has schema {number}, and this Treadle knows {newest}."
    if number is not None and number > newest:
        fixes = (Fix("Where Treadle is installed", "pip install --upgrade 'treadle[server]'"),)
        return _fault("Database", "schema-newer", told, "The server does not start.", fixes)
    if number != newest:
        fixes = (Fix("On the server's machine", "treadle serve  # a start brings it up to date"),)
        wrong = "A Treadle of another version serves, or none has been started since it was replaced."
        return _warning("Database", "schema-older", told, wrong, fixes)
    return None


def _no_database(settings: Settings, why: str) -> Check:
    where, fixes = str(database_path(settings)), _file_fixes(settings)
    if settings.database_url:
        parts = make_url(settings.database_url)
        if "@" in f"{parts.host}{parts.database}":  # the end of a password, which the error repeats
            return _no_address()
        host, port = parts.host or "localhost", parts.port or 5432
        where, fixes = f"{host}:{port}", _server_fixes(host, port)
    return _fault("Database", "database-away", f"{where}: {why}", _NO_DATABASE, fixes)


_NO_DATABASE = "Nothing can be read or saved."


def _is_address(url: str) -> bool:
    try:
        make_url(url)
    except (ValueError, ArgumentError):
        return False
    return True


def _no_address() -> Check:
    """Nothing of the address is told: any piece of it may be one of the password."""
    name = variable("database_url")
    seen = f"{name} is no address: postgresql://USER:PASSWORD@HOST:PORT/NAME, PORT a number or left out."
    line = "# : / ? # @ % [ ] of a password in percent: %3A %2F %3F %23 %40 %25 %5B %5D"
    fixes = (setting(f"{line}\n{name}=postgresql://USER:PASSWORD@HOST:PORT/NAME"),)
    return _fault("Database", "database-address", seen, _NO_DATABASE, fixes)


def _server_fixes(host: str, port: int) -> tuple[Fix, ...]:
    return (
        Fix("On the server's machine", f"pg_isready -h {shlex.quote(host)} -p {port}"),
        setting(f"{variable('database_url')}=postgresql://USER:PASSWORD@HOST/NAME"),
    )


def _file_fixes(settings: Settings) -> tuple[Fix, ...]:
    folder = shlex.quote(f"{settings.data_dir}-restored")
    return (Fix("On the server's machine", f"treadle restore BACKUP --data-dir {folder}"),)


# What is kept, and who works.


def check_objects(opened: Opened) -> Check:
    """One object is written, read and deleted; one of its own, since others may look at the same time."""
    settings = opened.settings
    place = settings.objects_url or str(settings.data_dir / "objects")
    began = time.monotonic()
    try:
        objects = opened.objects()
        key = f"checks/{uuid.uuid4().hex}"
        objects.put(key, [b"well"])
        try:
            said = b"".join(objects.read(key))
        finally:
            objects.delete(key)
    except _BROKEN as error:
        fixes = (setting(f"{variable('objects_url')}=s3://BUCKET/PREFIX"),) if settings.objects_url else ()
        wrong = "Files, exports and models cannot be kept."
        return _fault("Objects", "objects-away", f"{place}: {_first_line(error)}", wrong, fixes)
    took_ms = (time.monotonic() - began) * 1000
    if said != b"well":
        wrong = "What is read is not what was kept."
        return _fault("Objects", "objects-differ", f"{place} gave back {len(said)} other bytes.", wrong, ())
    return well(_PLACE, "Objects", f"One was kept, read and deleted in {place}, in {took_ms:.0f} ms.")


def check_worker(opened: Opened) -> Check:
    """Whether anybody does jobs."""
    try:
        with opened.database().read() as tx:
            is_alive = is_worker_alive(tx, opened.settings)
    except _BROKEN as error:
        return untried(_PLACE, "Worker", _first_line(error))
    if is_alive:
        return well(_PLACE, "Worker", "A worker takes jobs.")
    wrong = "Imports, exports, predictions and trainings wait."
    fixes = (Fix("On a machine with the same settings", "treadle worker"),)
    return _fault("Worker", "worker-away", "No worker has been heard of for half a minute.", wrong, fixes)


def check_tracking() -> Check:
    """Whether experiments can be kept; the process of MLflow starts when it is first asked."""
    if find_spec("mlflow") is None:
        return well(_PLACE, "Experiments", "MLflow is not installed: there are no experiments and models.")
    return well(_PLACE, "Experiments", "MLflow is installed; it starts when somebody asks for it.")


# Model backends.


def check_backends(opened: Opened) -> Check:
    """Every backend of a project is asked how it is; those that come along are not started by that."""
    settings = opened.settings
    try:
        with opened.database().read() as tx:
            backends = [get(tx, row[0]) for row in tx.execute(_BACKENDS)]
    except _BROKEN as error:
        return untried(_PLACE, "Model backends", _first_line(error))
    if not backends:
        return well(_PLACE, "Model backends", "No project has one.")
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as asking:
        problems = list(asking.map(lambda each: _ask(opened, each), backends))
    silent = [(each, why) for each, why in zip(backends, problems, strict=True) if why]
    if not silent:
        return well(_PLACE, "Model backends", f"All {len(backends)} answer.")
    told = "; ".join(f"{_where(each)}: {why}" for each, why in silent[:_MOST_TOLD])
    seen = f"{len(silent)} of {len(backends)} do not answer. {told}"
    wrong = "Their projects get no predictions, and train nothing."
    return _fault("Model backends", "backend-away", seen, wrong, tuple(_backend_fixes(settings, silent)))


def _ask(opened: Opened, backend: Backend) -> str:
    """Why it does not answer; "" where it does."""
    try:
        if backend.builtin:
            return _builtin_problem(opened.settings, backend)
        with open_client(opened.settings, opened.key, backend) as client:
            health = client.health()
            return health.reason or "It says that it has failed." if health.state == "failed" else ""
    except (TreadleError, OSError) as error:
        return _first_line(error)


def _builtin_problem(settings: Settings, backend: Backend) -> str:
    """Why one that comes along is not started; "" where it is. Raises NotFound("builtin-not-found")."""
    kind = find_builtin(backend.builtin)
    if not settings.builtin_backends:
        return f"It comes along, and {variable('builtin_backends')} is off"
    return "" if kind.is_installed else f"It needs what is not installed: {kind.install}"


def _backend_fixes(settings: Settings, silent: list[tuple[Backend, str]]) -> Iterator[Fix]:
    for backend, _why in silent[:_MOST_TOLD]:
        parts = urlsplit(backend.url)
        if backend.builtin:
            yield from _builtin_fixes(settings, backend)
            continue
        # Whoever connects a backend chose its address: to a shell it is one word, whatever it holds.
        address = f"{parts.scheme}://{_netloc(backend)}{parts.path.rstrip('/')}/health"
        where = f"On the server's machine: {backend.name} must answer there"
        yield Fix(where, f"curl -sS {shlex.quote(address)}")
        if parts.hostname in _LOOPBACKS and Path("/.dockerenv").exists():
            where = f"In the connection of {backend.name}: {parts.hostname} is the server's own container"
            yield Fix(where, f"{parts.scheme}://NAME-OF-ITS-SERVICE:{parts.port or 9090}")


def _builtin_fixes(settings: Settings, backend: Backend) -> Iterator[Fix]:
    if not settings.builtin_backends:
        yield setting(f"{variable('builtin_backends')}=true")
        text = "Start a model server with it (treadle ml serve), and give its address."
        yield Fix(f"In the connection of {backend.name}, where it is to stay off", text)
    else:
        with suppress(NotFound):  # of another version: its own line tells which there are
            yield Fix("Where Treadle is installed", find_builtin(backend.builtin).install)


def _where(backend: Backend) -> str:
    """What it is called and where it is, without what may be a password in its address."""
    return f"{backend.name} ({backend.builtin or _netloc(backend)})"


def _netloc(backend: Backend) -> str:
    return urlsplit(backend.url).netloc.rpartition("@")[2]


def _first_line(error: Exception) -> str:
    told = getattr(error, "orig", None) or error
    return (str(told).strip().partition("\n")[0] or type(error).__name__)[:300]


def _fault(name: str, code: str, seen: str, wrong: str, fixes: tuple[Fix, ...]) -> Check:
    return Check(place=_PLACE, name=name, state="fault", code=code, seen=seen, wrong=wrong, fixes=fixes)


def _warning(name: str, code: str, seen: str, wrong: str, fixes: tuple[Fix, ...]) -> Check:
    return Check(place=_PLACE, name=name, state="warning", code=code, seen=seen, wrong=wrong, fixes=fixes)

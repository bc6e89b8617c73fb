"""The machine and the parts of an installation: whole, and broken in every manner that machines break."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DATABASES
from tests.doctor.conftest import Town
from tests.faults.test_disk_full import no_room
from tests.labeling.studio import open_studio
from tests.proxies.street import free_ports
from tests.serving import ADMIN_TOKEN, keep_migrated_file
from treadle.db import Database, connect_url
from treadle.doctor.checks import Check, faults_of, well
from treadle.doctor.installed import Opened, check_backends, check_objects, check_postgresql, look_at_parts
from treadle.doctor.machine import Runner, check_key, check_room, check_shared_memory, check_volume
from treadle.learning.connections import backends
from treadle.learning.connections.backends import NewBackend
from treadle.objects import MemoryObjects, StoredObject
from treadle.permissions import Permission
from treadle.settings import Secret, Settings

NOBODY = 65534
_CODE = "import sys; from treadle.cli import main; sys.exit(main())"
#: What it imports it reads as who it was: another user may not even see this Python.
_AS_NOBODY = f"""
import os, sys
import treadle.cli.doctor_here, treadle.cli.doctor_verbs
from treadle.cli import main
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
sys.exit(main())
"""


def codes(checks: list[Check]) -> list[str]:
    return [check.code for check in faults_of(checks)]


def mending(check: Check) -> str:
    return "\n".join(fix.lines for fix in check.fixes)


def doctor(*arguments: str, code: str = _CODE) -> tuple[int, dict[str, dict[str, Any]]]:
    """The command in a process of its own: its status, and what it found by name."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TREADLE_")}
    command = [sys.executable, "-c", code, "doctor", "--json", *arguments]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False, cwd="/")
    assert "Traceback" not in done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {check["name"]: check for check in found}


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """A file system of that size; False where this machine lets nobody mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    is_there = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield is_there
    finally:
        if is_there:
            subprocess.run(["umount", str(folder)], check=True)


def test_nothing_is_found_in_a_folder_that_is_whole(town: Town) -> None:
    status, found = doctor("--data-dir", str(town.server.parts.settings.data_dir))
    assert {name: check["state"] for name, check in found.items() if check["state"] == "fault"} == {}
    assert status == 0
    assert found["Database"]["seen"].startswith("SQLite 3.")
    assert "journal WAL" in found["Database"]["seen"]
    assert found["Objects"]["state"] == "well"


def test_looking_at_a_folder_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    status, found = doctor("--data-dir", str(folder))
    assert status == 0
    assert "first start makes it" in found["Database"]["seen"]
    assert not folder.exists()


def test_a_volume_of_another_user_is_named_with_both_users() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as text:
        folder = Path(text)
        folder.chmod(0o755)
        keep_migrated_file(folder)
        check = check_volume(folder, Runner(NOBODY, (NOBODY,)))
        assert check.code == "volume-not-ours"
        assert f"user {os.geteuid()}" in check.seen
        assert f"user {NOBODY}" in check.seen
        assert f"chown -R {NOBODY}:{NOBODY} {folder}" in mending(check)
        assert f"fsGroup: {NOBODY}" in mending(check)
        if os.geteuid() == 0:  # who else may be another user?
            status, found = doctor("--data-dir", text, code=_AS_NOBODY)
            assert (status, found["Data folder"]["code"]) == (2, "volume-not-ours")
            assert found["Database"]["state"] == found["Objects"]["state"] == "untried"


def test_a_file_of_another_user_in_a_folder_that_is_ones_own_is_named(tmp_path: Path) -> None:
    keep_migrated_file(tmp_path)
    found = tmp_path.stat()
    assert check_volume(tmp_path, Runner(found.st_uid, ())).state == "well"
    (tmp_path / "treadle.sqlite3").chmod(0o444)
    ours = Runner(found.st_uid or NOBODY, (found.st_gid,))
    if found.st_uid == 0:
        os.chown(tmp_path, NOBODY, -1)
    assert str(tmp_path / "treadle.sqlite3") in check_volume(tmp_path, ours).seen


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives a folder to somebody else")
def test_root_leaves_nothing_of_its_own_in_the_folder_of_a_stopped_server() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as text:
        keep_migrated_file(Path(text))
        (Path(text) / "objects").mkdir()
        everything = [Path(text), *Path(text).rglob("*")]
        for path in everything:
            os.chown(path, NOBODY, NOBODY)
        status, found = doctor("--data-dir", text)
        assert (status, found["Data folder"]["state"]) == (0, "well")
        assert f"writable for user {NOBODY}" in found["Data folder"]["seen"]
        assert [path for path in Path(text).rglob("*") if path.stat().st_uid == 0] == []
        assert not (Path(text) / "objects" / "checks").exists()
        os.chown(Path(text) / "objects", 0, 0)
        (Path(text) / "objects").chmod(0o700)
        assert doctor("--data-dir", text)[1]["Data folder"]["code"] == "volume-not-ours"


def test_what_a_mode_does_not_tell_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    other = Runner(NOBODY, (NOBODY,)) if tmp_path.stat().st_uid != NOBODY else Runner(NOBODY - 1, ())
    assert check_volume(tmp_path, other).code == "volume-not-ours"
    assert check_volume(tmp_path, replace(other, overrides=True)).state == "well"
    monkeypatch.setattr(os, "listxattr", lambda _path, **_how: ["system.posix_acl_access"])
    assert check_volume(tmp_path, other).state == "well"


def test_a_folder_is_one_word_of_the_lines_that_are_printed(tmp_path: Path) -> None:
    folder = tmp_path / "my data;$(id)"
    folder.mkdir()
    (folder / "secret.key").touch(0o644)
    (folder / "secret.key").chmod(0o644)
    key = check_key(folder)
    assert key is not None
    assert shlex.split(mending(key)) == ["chmod", "600", str(folder / "secret.key")]
    chown = check_volume(folder, Runner(tmp_path.stat().st_uid + 1, (7,))).fixes[0].lines
    assert shlex.split(chown)[-1] == str(folder)
    (folder / "treadle.sqlite3").write_bytes(b"no database" * 100)
    _, found = doctor("--data-dir", str(folder))
    assert shlex.split(found["Database"]["fixes"][0]["lines"])[-1] == f"{folder}-restored"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path, "64k") as is_there:
        if is_there:
            (tmp_path / "all").write_bytes(b"x" * 65_536)
            check = check_room(tmp_path)
        else:  # as on a full disk, each write fails
            with no_room(os.getpid()):
                check = check_room(tmp_path)
    assert (check.state, check.code) == ("fault", "disk-full")
    assert "found no room" in check.seen
    assert "treadle admin workspace purge" in mending(check)


def test_a_shared_memory_of_64_kb_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(tmp_path, "64k") as is_there:
        if not is_there:
            small = os.statvfs_result((4096, 4096, 16, 16, 16, 1, 1, 1, 0, 255))
            monkeypatch.setattr(os, "statvfs", lambda _path: small)
        check = check_shared_memory(tmp_path)
    assert (check.state, check.code) == ("fault", "shared-memory-small")
    assert "64 KB" in check.seen
    for line in ("shm_size: 2gb", "--shm-size=2g", "medium: Memory"):
        assert line in mending(check)


def test_a_key_that_others_read_is_named(town: Town, tmp_path: Path) -> None:
    shutil.copy(town.server.parts.settings.data_dir / "secret.key", tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    check = check_key(tmp_path)
    assert check is not None
    assert (check.code, mending(check)) == ("key-readable", f"chmod 600 {tmp_path / 'secret.key'}")


def test_a_server_that_holds_its_folder_and_does_not_answer_is_named(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    holder = {"pid": os.getpid(), "host": "127.0.0.1", "port": port, "started_at": "2026-11-22T10:00:00Z"}
    lock = tmp_path / "treadle.lock"
    lock.write_text(json.dumps(holder))
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        status, found = doctor("--data-dir", str(tmp_path))
    assert (status, found["Server"]["code"]) == (2, "server-silent")
    assert found["Server"]["fixes"][0]["lines"] == f"kill {os.getpid()}"


# What it works with.


def opened(settings: Settings, database: Database) -> Opened:
    return Opened(settings, lambda: database, MemoryObjects, Secret("key"))


@pytest.mark.parametrize("kind", DATABASES)
def test_a_backend_that_nobody_reaches_is_named_and_no_part_that_is_well(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    keep_migrated_file(tmp_path)
    url = connect_url(tmp_path / "treadle.sqlite3")
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    settings = Settings(data_dir=tmp_path, database_url="" if kind == "sqlite" else url)
    database = Database.open(url)
    try:
        assert codes(look_at_parts(opened(settings, database), [], is_served=False)) == []
        (port,) = free_ports(1)
        add_backend(database, f"http://somebody:secret@127.0.0.1:{port}")
        checks = look_at_parts(opened(settings, database), [], is_served=True)
    finally:
        database.close()
    assert codes(checks) == ["worker-away", "backend-away"]
    (check,) = [each for each in checks if each.code == "backend-away"]
    assert f"127.0.0.1:{port}" in check.seen
    assert f"curl -sS http://127.0.0.1:{port}/health" in mending(check)
    assert "secret" not in str(checks)


def add_backend(database: Database, url: str = "", *, builtin: str = "") -> None:
    studio = open_studio(database)
    with database.write() as tx:
        grant = studio.grant(tx, "manager", Permission.PROJECT_WRITE)
        backends.add(tx, grant, NewBackend(title="cats", url=url, builtin=builtin), Secret("key"))


@contextmanager
def parts_of(folder: Path, *, builtin_backends: bool = True) -> Iterator[Opened]:
    """A database of SQLite in a folder, and what the doctor reaches of it."""
    keep_migrated_file(folder)
    database = Database.open(connect_url(folder / "treadle.sqlite3"))
    try:
        yield opened(Settings(data_dir=folder, builtin_backends=builtin_backends), database)
    finally:
        database.close()


def test_the_address_of_a_backend_is_one_word_of_the_line_that_is_printed(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}/;$(touch${{IFS}}x)|'sh'"
    with parts_of(tmp_path) as parts:
        add_backend(parts.database(), address)
        check = check_backends(parts)
    assert check.code == "backend-away"
    assert shlex.split(check.fixes[0].lines) == ["curl", "-sS", f"{address}/health"]


def test_a_backend_that_comes_along_is_named_where_these_are_off(tmp_path: Path) -> None:
    with parts_of(tmp_path, builtin_backends=False) as parts:
        add_backend(parts.database(), builtin="text_classifier")
        check = check_backends(parts)
    assert (check.state, check.code) == ("fault", "backend-away")
    assert "TREADLE_BUILTIN_BACKENDS is off" in check.seen
    assert "TREADLE_BUILTIN_BACKENDS=true" in mending(check)


class Visited(MemoryObjects):
    """Between what the first one writes and reads, another looks from first to last."""

    looked: Check | None = None

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        kept = super().put(key, chunks)
        if self.looked is None:
            self.looked = well("parts", "Objects", "")  # the other's own is visited by nobody
            self.looked = check_objects(looking_at(self))
        return kept


class Unreadable(MemoryObjects):
    """What is kept there does not come back."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        raise OSError("Input/output error")


def looking_at(objects: MemoryObjects) -> Opened:
    settings = Settings(data_dir=Path("/nowhere"))
    return Opened(settings, lambda: pytest.fail("No database is asked."), lambda: objects, Secret("key"))


def test_two_who_look_at_once_keep_an_object_each_and_leave_none() -> None:
    visited, unreadable = Visited(), Unreadable()
    assert check_objects(looking_at(visited)).state == "well"
    assert visited.looked is not None
    assert visited.looked.state == "well"
    assert check_objects(looking_at(unreadable)).code == "objects-away"
    assert [*visited.list(), *unreadable.list()] == []


#: By address: what it is found to be. The first two are right for the server, which reads them otherwise.
ADDRESSES = {
    "postgresql://ada:s3#cret@127.0.0.1:{port}/treadle": "database-away",
    "postgresql://ada:s3/cret@127.0.0.1:{port}/treadle": "database-away",
    "postgresql://ada:s3cret@127.0.0.1:54x/treadle": "database-address",
    "ada:s3cret@127.0.0.1/treadle": "database-address",
    "postgresql://ada:s3@cret@127.0.0.1:{port}/treadle": "database-address",
    "postgresql://ada:s3@cret/more@127.0.0.1:{port}/treadle": "database-address",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_wrong_is_named_without_a_piece_of_its_password(
    address: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=address.format(port=free_ports(1)[0]))

    def open_database() -> Database:
        return Database.open(settings.database_url)

    check = check_postgresql(Opened(settings, open_database, MemoryObjects, Secret("key")))
    assert check.code == ADDRESSES[address]
    assert "cret" not in str(check)
    if check.code == "database-address":
        assert "%23" in mending(check)


def test_a_postgresql_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url = f"postgresql://ada:secret@127.0.0.1:{port}/treadle"
    status, found = doctor("--data-dir", str(tmp_path), "--database-url", url)
    assert (status, found["Database"]["code"]) == (2, "database-away")
    assert f"pg_isready -h 127.0.0.1 -p {port}" in str(found["Database"]["fixes"])
    assert "secret" not in str(found)


def test_a_database_of_a_newer_treadle_is_named(tmp_path: Path) -> None:
    keep_migrated_file(tmp_path)
    with closing(sqlite3.connect(tmp_path / "treadle.sqlite3")) as database:
        database.execute("INSERT INTO schema_migrations VALUES (9999)")
        database.commit()
    status, found = doctor("--data-dir", str(tmp_path))
    assert (status, found["Database"]["code"]) == (2, "schema-newer")


# From outside, whole.


def test_the_command_looks_at_the_way_and_at_the_server(town: Town) -> None:
    address = town.address("/team/label")
    status, found = doctor(address, "--token", ADMIN_TOKEN, "--wait", "0.1")
    assert (status, {name for name, check in found.items() if check["state"] == "fault"}) == (0, set())
    assert {"Host", "Streams", "Data folder", "Database", "Worker", "Model backends"} <= found.keys()
    status, found = doctor(town.address("/small"), "--token", ADMIN_TOKEN, "--wait", "0.1")
    assert (status, found["Uploads"]["code"]) == (2, "body-limit")
    assert ADMIN_TOKEN not in str(found)

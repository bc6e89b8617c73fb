"""Backups made while people work, and what becomes of them elsewhere."""

from __future__ import annotations

import io
import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import inspect, text

from tests.conftest import DATABASES
from tests.postgresql import PostgresqlServer
from tests.serving import RunningServer, serve
from tests.waiting import wait_until
from tests.web.operations.table import BOX, CONFIG
from tests.working import serve_with_worker
from treadle.backups.making import make_backup
from treadle.backups.manifest import NAME
from treadle.backups.postgresql_dump import connect
from treadle.backups.postgresql_schema import Structure, read_structure
from treadle.backups.restoring import check_backup, restore_backup
from treadle.backups.unfinished import FILE_NAME as MARK
from treadle.backups.unfinished import check_is_whole
from treadle.db import Database, connect_url, migrate
from treadle.errors import Conflict, Invalid, TreadleError, Unavailable, Unsupported
from treadle.objects.local import LocalObjects
from treadle.settings import Settings

migrating = import_module("treadle.db.migrate")
_TASKS = 24
_CLIENTS = 4
_COMMAND = [sys.executable, "-c", "import sys; from treadle.cli import main; sys.exit(main())"]
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Place:
    """Where an installation is, or shall be."""

    settings: Settings

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir


@pytest.fixture(params=DATABASES)
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    """A database with the newest schema, and an empty place for another of its kind."""
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()
    if request.param == "sqlite":
        yield Place(Settings(data_dir=here)), Place(Settings(data_dir=there))
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    with server.fresh_database() as source, server.empty_database() as target:
        yield (
            Place(Settings(data_dir=here, database_url=source)),
            Place(Settings(data_dir=there, database_url=target)),
        )


def test_a_backup_is_a_moment_while_four_clients_save(places: tuple[Place, Place], tmp_path: Path) -> None:
    here, there = places
    with serve_with_worker(here.settings.database_url, here.data_dir) as server, server.client() as admin:
        work = _Work.of(server, admin)
        commit = _commit_file(admin)
        with work.saving():
            work.wait_for(_CLIENTS * 2)
            before = set(work.saved)
            made = make_backup(here.settings, tmp_path / "backup", told=_nobody)
            work.wait_for(len(work.saved) + _CLIENTS)
        rows = _rows(server.database, "annotations")
    check_backup(tmp_path / "backup", _nobody)
    restore_backup(there.settings, tmp_path / "backup", _nobody)
    check_is_whole(there.data_dir)
    with serve(there.settings.database_url, there.data_dir) as restored, restored.client() as admin:
        found = _rows(restored.database, "annotations")
        assert before <= found.keys() < rows.keys()
        assert found == {id_: rows[id_] for id_ in found}
        assert made.counts["annotations"] == len(found)
        counted = admin.get(f"/api/projects/{work.project_id}").json()
        assert counted["total_annotations_number"] == len(found)
        told = restored.database
        assert _count(told, "events", "kind = 'annotation.created'") == len(found)
        assert admin.get(work.picture).content == _picture()
        assert admin.get(f"/api/repos/{commit['repo']}/files/a.txt?ref=master").text == "of a commit"
        assert made.counts.keys() == _tables(restored.database)
        if here.settings.database_url:
            assert _structure(there.settings) == _structure(here.settings)
        # Ids go on behind those that came along.
        assert work.save(restored, work.tasks[0]) > max(found)


def test_a_tar_file_is_a_backup_and_half_of_one_is_not(tmp_path: Path) -> None:
    here = _small(tmp_path)
    whole = tmp_path / "a.tar"
    make_backup(here, whole, told=_nobody)
    restore_backup(Settings(data_dir=_folder(tmp_path, "there")), whole, _nobody)
    assert _rows(_open(tmp_path / "there"), "users") == _rows(_open(here.data_dir), "users")
    half = tmp_path / "half.tar"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    with pytest.raises(Invalid, match=r"half of one|only the beginning"):
        restore_backup(Settings(data_dir=_folder(tmp_path, "elsewhere")), half, _nobody)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_is_unfit_is_refused_with_a_reason(tmp_path: Path) -> None:
    here, target = _small(tmp_path), tmp_path / "backup"
    make_backup(here, target, told=_nobody)
    manifest = json.loads((target / NAME).read_text())

    def refusal(settings: Settings, kind: type[TreadleError], **changes: Any) -> str:
        (target / NAME).write_text(json.dumps({**manifest, **changes}))
        with pytest.raises(kind) as refused:
            restore_backup(settings, target, _nobody)
        return refused.value.code

    empty = Settings(data_dir=_folder(tmp_path, "empty"))
    assert refusal(empty, Conflict, schema=9999) == "backup-newer"
    assert refusal(empty, Conflict, format=9) == "backup-newer"
    assert refusal(empty, Unsupported, database="postgresql") == "backup-other-database"
    assert refusal(here, Conflict) == "data-dir-not-empty"
    assert list(empty.data_dir.iterdir()) == []
    with pytest.raises(Conflict, match="is there already"):
        make_backup(here, target, told=_nobody)
    size_bytes = (here.data_dir / "secret.key").stat().st_size
    forged = {"name": "../here/secret.key", "size_bytes": size_bytes, "sha256": ""}
    assert refusal(empty, Invalid, files=[*manifest["files"], forged]) == "backup-damaged"
    # A byte that turned over: nobody serves what came of it, and a whole backup takes its place.
    _turn_a_byte(next((target / "contents").rglob("*/*")))
    assert refusal(empty, Invalid) == "backup-damaged"
    with pytest.raises(Conflict, match="cut off"):
        check_is_whole(empty.data_dir)
    turned = next((target / "contents").rglob("*/*"))
    _turn_a_byte(turned)
    # A file that lies elsewhere is none of its own, were it the same.
    turned.rename(tmp_path / "elsewhere")
    turned.symlink_to(tmp_path / "elsewhere")
    assert refusal(empty, Invalid) == "backup-damaged"
    (tmp_path / "elsewhere").replace(turned)
    restore_backup(empty, target, _nobody)
    check_is_whole(empty.data_dir)
    (target / NAME).unlink()
    with pytest.raises(Invalid, match="half of one"):
        check_backup(target, _nobody)


def test_a_restore_that_is_killed_is_told_and_begins_anew(tmp_path: Path) -> None:
    here = _small(tmp_path)
    make_backup(here, tmp_path / "backup", told=_nobody)
    there = _folder(tmp_path, "there")
    killed = f"""
import os, signal
from pathlib import Path
from treadle.backups.restoring import restore_backup
from treadle.settings import Settings
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
restore_backup(Settings(data_dir=Path({str(there)!r})), Path({str(tmp_path / "backup")!r}), kill)
"""
    assert subprocess.run([sys.executable, "-c", killed], cwd=_ROOT).returncode == -signal.SIGKILL
    assert (there / MARK).exists()
    served = subprocess.run(
        [*_COMMAND, "serve", "--port", "0", "--data-dir", there],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert served.returncode == 1
    assert "was cut off" in served.stderr
    restore_backup(Settings(data_dir=there), tmp_path / "backup", _nobody)
    assert _rows(_open(there), "users") == _rows(_open(here.data_dir), "users")


def test_a_restore_that_ends_before_its_last_step_takes_that_one(
    places: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = places
    with serve(here.settings.database_url, here.data_dir) as server:
        rows = _rows(server.database, "users")
    make_backup(here.settings, tmp_path / "backup", told=_nobody)

    class Cut(Exception):
        pass

    def cut(_database: Database) -> None:
        raise Cut

    with monkeypatch.context() as cutting:
        cutting.setattr("treadle.backups.restoring.migrate", cut)
        with pytest.raises(Cut):
            restore_backup(there.settings, tmp_path / "backup", _nobody)
    if there.settings.database_url:
        # Another restore than the one that filled it.
        elsewhere = Settings(data_dir=_folder(tmp_path, "other"), database_url=there.settings.database_url)
        with pytest.raises(Conflict, match="has tables already"):
            restore_backup(elsewhere, tmp_path / "backup", _nobody)
    restore_backup(there.settings, tmp_path / "backup", _nobody)
    check_is_whole(there.data_dir)
    restored = Database.open(there.settings.url)
    assert _rows(restored, "users") == rows
    restored.close()


def test_a_bucket_that_is_not_empty_is_refused_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_backup(_small(tmp_path), tmp_path / "backup", told=_nobody)
    bucket = LocalObjects(tmp_path / "bucket")
    bucket.put("somebody's", [b"own"])
    monkeypatch.setattr("treadle.backups.restoring.open_store", lambda _settings: bucket)
    there = Settings(data_dir=_folder(tmp_path, "there"), objects_url="s3://somewhere/else")
    for _time in range(2):
        with pytest.raises(Conflict, match="bucket is not empty"):
            restore_backup(there, tmp_path / "backup", _nobody)
    assert [each.key for each in bucket.list()] == ["somebody's"]


def test_a_full_disk_leaves_no_backup(tmp_path: Path) -> None:
    here = _small(tmp_path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, usual[1]))
    try:
        with pytest.raises(Unavailable) as full:
            make_backup(here, tmp_path / "backup", told=_nobody)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert full.value.code == "disk-full"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here"]


def test_a_backup_of_an_older_version_is_brought_to_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = migrating.load_migrations
    newest = steps("sqlite")[-1].number
    with monkeypatch.context() as older:
        older.setattr(migrating, "load_migrations", lambda dialect: steps(dialect)[:-1])
        database = _open(_folder(tmp_path, "here"))
        migrate(database)
        database.close()
    made = make_backup(Settings(data_dir=tmp_path / "here"), tmp_path / "backup", told=_nobody)
    assert made.schema < newest
    restore_backup(Settings(data_dir=_folder(tmp_path, "there")), tmp_path / "backup", _nobody)
    assert _count(_open(tmp_path / "there"), "schema_migrations", f"number = {newest}") == 1


@dataclass
class _Work:
    """Four people who save annotations; which were acknowledged."""

    server: RunningServer
    project_id: int
    tasks: list[int]
    picture: str
    saved: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, server: RunningServer, admin: httpx.Client) -> _Work:
        project = admin.post("/api/projects/", json={"title": "Work", "label_config": CONFIG}).json()["id"]
        sent = {"a.png": ("a.png", _picture(), "image/png")}
        kept = admin.post(f"/api/projects/{project}/import?commit_to_project=false", files=sent)
        assert kept.status_code == 201, kept.text
        upload = admin.get(f"/api/projects/{project}/file-uploads").json()[0]
        rows = [{"data": {"image": f"/{n}.jpg", "n": n}} for n in range(_TASKS)]
        assert admin.post(f"/api/projects/{project}/import", json=rows).status_code == 201
        listed = admin.get("/api/tasks", params={"project": project}).json()["tasks"]
        name = upload["file"].rpartition("upload/")[2]
        return cls(server, project, [task["id"] for task in listed], f"/data/upload/{name}")

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Four clients save meanwhile, one annotation after another."""
        ending = threading.Event()

        def save_on(number: int) -> None:
            with self.server.client() as client:
                while not ending.is_set():
                    self.saved.append(_save(client, self.tasks[number]))

        threads = [threading.Thread(target=save_on, args=(number,)) for number in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ending.set()
            for thread in threads:
                thread.join()

    def wait_for(self, count: int) -> None:
        """Until so many were acknowledged."""
        wait_until(lambda: len(self.saved) >= count)

    def save(self, server: RunningServer, task_id: int) -> int:
        with server.client() as client:
            return _save(client, task_id)


def _save(client: httpx.Client, task_id: int) -> int:
    answer = client.post(f"/api/tasks/{task_id}/annotations/", json={"result": [BOX], "lead_time": 1.5})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def _commit_file(admin: httpx.Client) -> dict[str, Any]:
    repo = admin.post("/api/repos", json={"workspace": 1, "name": "things"}).json()["id"]
    sent = admin.put(f"/api/repos/{repo}/files/a.txt", content=b"of a commit")
    assert sent.status_code in (200, 201), sent.text
    return {"repo": repo}


def _picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(written, "png")
    return written.getvalue()


def _small(tmp_path: Path) -> Settings:
    """An installation with a person and a few objects, that nobody serves."""
    settings = Settings(data_dir=tmp_path / "here")
    with serve("", settings.data_dir) as server:
        for number in range(3):
            server.parts.objects.put(f"uploads/1/{number}", [b"the same" if number else b"another" * 9000])
    return settings


def _open(folder: Path) -> Database:
    return Database.open(connect_url(folder / "treadle.sqlite3"))


def _folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def _rows(database: Database, table: str) -> dict[int, dict[str, Any]]:
    with database.read() as tx:
        return {row["id"]: dict(row) for row in tx.rows(text(f"SELECT * FROM {table}"))}


def _tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def _count(database: Database, table: str, condition: str) -> int:
    with database.read() as tx:
        return int(tx.execute(text(f"SELECT count(*) FROM {table} WHERE {condition}")).scalar_one())


def _structure(settings: Settings) -> Structure:
    with connect(settings) as connection:
        connection.execute("SET LOCAL search_path = ''")
        return read_structure(connection)


def _turn_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def _nobody(_count: int, _size_bytes: int) -> None:
    return

"""What serves is never lost: promoted, restarted, rolled back, wiped, and told again."""

from __future__ import annotations

import io
import shutil
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from tests.labeling.studio import Studio, open_studio
from tests.learning.peers import CURRENT, Json, Peer, peer
from tests.ml.serving.running import CONFIG, labelled, running
from tests.waiting import wait_until
from treadle import events
from treadle.access import Actor
from treadle.access.signing_key import load_signing_key
from treadle.db import Database
from treadle.db.learning_tables import ml_backends
from treadle.errors import Conflict, Forbidden, NotFound, Unavailable, Unsupported
from treadle.jobs import JobParts
from treadle.learning.connections import backends, connecting
from treadle.learning.connections.backends import Backend, NewBackend
from treadle.learning.connections.client import BackendClient, Told, open_client, told_of
from treadle.learning.serving import promoting, versions
from treadle.learning.serving.archiving import Archiver, sweep_archives
from treadle.learning.serving.keeping import Keeper
from treadle.ml.versions import AboutVersion
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Secret, Settings

OURS = {"status": "UP", "server": "treadle 1", "state": "ready"}
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Loop:
    """A project with a backend."""

    studio: Studio
    parts: JobParts

    def connect(self, url: str, **more: object) -> Backend:
        with self.parts.database.read() as tx:
            grant = self.studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        return connecting.connect(self.parts, grant, NewBackend(title="probe", url=url, **more))  # type: ignore[arg-type]

    def at(self, backend: Backend, url: str) -> Backend:
        """The backend, started again at another address."""
        with self.parts.database.write() as tx:
            tx.execute(update(ml_backends).where(ml_backends.c.id == backend.id).values(url=url))
            return backends.get(tx, backend.id)

    def ask(self, backend: Backend, act: Callable[[BackendClient, Told], object]) -> object:
        with self.parts.database.read() as tx:
            backend, told = backends.get(tx, backend.id), told_of(tx, backend)
        with open_client(
            self.parts.settings, load_signing_key(self.parts.settings.data_dir), backend
        ) as client:
            return act(client, told)

    def train(self, backend: Backend, word: str, *, is_noted: bool = True) -> versions.Row:
        """A version that does not serve yet."""
        tasks = [repr(task).replace("'", '"').encode() for task in labelled()]
        job = str(self.ask(backend, lambda client, told: client.train(told, tasks, {"word": word})))

        def made() -> str:
            found = self.ask(backend, lambda client, _told: client.job(job))
            assert found.state in ("queued", "running", "loading", "completed"), found  # type: ignore[attr-defined]
            return str(found.version)  # type: ignore[attr-defined]

        name = wait_until(made)
        if not is_noted:
            return {"name": name}
        with self.parts.database.write() as tx:
            return versions.note(tx, backend, name)

    def promote(self, backend: Backend, version: versions.Row | None, who: str = "manager") -> Backend:
        version_id = version["id"] if version else None
        return promoting.promote(self.parts, self.studio.people[who], backend.id, version_id)

    def serving(self, backend: Backend) -> tuple[str, str]:
        """What serves here, and at the backend."""
        with self.parts.database.read() as tx:
            row = backends.serving_version(tx, backend.id)
        said = self.ask(backend, lambda client, told: client.setup(told))
        return (row["name"] if row else versions.UNTRAINED), str(said)


@pytest.fixture
def loop(database: Database, tmp_path: Path) -> Loop:
    studio = open_studio(database)
    studio.change_project(label_config=CONFIG)
    settings = Settings(data_dir=tmp_path / "data")
    return Loop(studio, JobParts(database, LocalObjects(tmp_path / "objects"), settings))


@ON_SQLITE
def test_what_serves_outlives_restarts_crashes_and_the_loss_of_its_files(loop: Loop, tmp_path: Path) -> None:
    with running(tmp_path, "--token", "s3cret") as served:
        robot = loop.connect(served.url, auth_method="TOKEN", secret=Secret("s3cret"))
        first, second = loop.train(robot, "one"), loop.train(robot, "two")
        assert (first["number"], second["number"]) == (1, 2)
        assert loop.serving(robot) == ("untrained", "untrained")
        assert loop.promote(robot, first).model_version == first["name"]
        assert loop.promote(robot, second).model_version == second["name"]
        assert loop.serving(robot) == (second["name"],) * 2
        assert Archiver(loop.parts).look() == 2
        # Killed between the two: the backend serves what no row tells of.
        loop.ask(robot, lambda client, told: client.promote(told, first["name"]))
        connecting.look(loop.parts, robot.id)
        assert loop.serving(robot) == (second["name"],) * 2
    with running(tmp_path, "--token", "s3cret") as served:
        robot = loop.at(robot, served.url)
        assert loop.serving(robot) == (second["name"],) * 2
        assert loop.promote(robot, first).model_version == first["name"]
    shutil.rmtree(tmp_path / "models")
    with running(tmp_path, "--token", "s3cret") as served:
        robot = loop.at(robot, served.url)
        see_to_all(loop)
        assert loop.serving(robot) == (first["name"],) * 2
        assert loop.promote(robot, second).model_version == second["name"]
        assert loop.promote(robot, None).model_version == "untrained"
        loop.train(robot, "three", is_noted=False)
        see_to_all(loop)
    with loop.parts.database.read() as tx:
        assert len(versions.list_of_project(tx, loop.studio.project_id)) == 3
        history = [(row["name"], row["previous_name"]) for row in versions.list_promotions(tx, robot.id)]
        told = [event.payload for event in events.read_events(tx, 0) if event.kind == "model.promoted"]
    names = [None, second["name"], first["name"], second["name"], first["name"], None]
    assert history == list(pairwise(names))
    assert len(told) == len(history)


def see_to_all(loop: Loop) -> None:
    keeper = Keeper(loop.parts)
    keeper.look()
    keeper.wait()


def promotable(there: Peer) -> None:
    """Let a peer serve what it is told to."""

    def take(body: Json) -> tuple[int, Json]:
        there.version = body["model_version"]
        return 200, {"model_version": there.version}

    there.answers["/promote"] = take


def note(loop: Loop, backend: Backend, name: str) -> versions.Row:
    with loop.parts.database.write() as tx:
        return versions.note(tx, backend, name)


def test_only_who_may_promotes_and_only_what_is_the_backends(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as there:
        promotable(there)
        robot, other = loop.connect(there.url), loop.connect(there.url)
        mine, theirs = note(loop, robot, "a"), note(loop, other, "a")
        assert note(loop, robot, "a") == mine
        with pytest.raises(Forbidden):
            loop.promote(robot, mine, "editor")
        with pytest.raises(NotFound):
            promoting.promote(loop.parts, Actor(10**6, "nobody@example.com", False), robot.id, mine["id"])
        with pytest.raises(NotFound, match="no version"):
            loop.promote(robot, theirs)
        assert there.version == "untrained"
        assert loop.promote(robot, mine).model_version == "a"


def test_a_backend_that_refuses_or_is_away_leaves_what_serves(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as there:
        promotable(there)
        robot = loop.connect(there.url)
        first, second = note(loop, robot, "a"), note(loop, robot, "b")
        loop.promote(robot, first)
        there.answers["/promote"] = (404, {"detail": "there is no version b"})
        with pytest.raises(Conflict, match="No copy"):
            loop.promote(robot, second)
        assert loop.serving(robot) == ("a", "a")
    with pytest.raises(Unavailable):
        loop.promote(robot, second)
    with loop.parts.database.read() as tx:
        assert len(versions.list_promotions(tx, robot.id)) == 1


def test_of_two_at_once_one_is_told_and_both_sides_agree(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as there:
        promotable(there)
        robot = loop.connect(there.url)
        first, second = note(loop, robot, "a"), note(loop, robot, "b")
        take = there.answers["/promote"]
        assert callable(take)

        def interrupted(body: Json) -> object:
            there.answers["/promote"] = take
            loop.promote(robot, first, "owner")
            return take(body)

        there.answers["/promote"] = interrupted  # type: ignore[assignment] # it returns what take does
        with pytest.raises(Conflict, match="Somebody else"):
            loop.promote(robot, second)
        assert loop.serving(robot) == ("a", "a")


def test_a_backend_that_chooses_by_itself_is_believed_and_cannot_be_told(loop: Loop) -> None:
    with peer(health=CURRENT, version="INITIAL") as there:
        robot = loop.connect(there.url)
        assert loop.serving(robot) == ("INITIAL", "INITIAL")
        there.version = "r2"
        connecting.look(loop.parts, robot.id)
        assert loop.serving(robot) == ("r2", "r2")
        with loop.parts.database.read() as tx:
            rows = versions.list_of_project(tx, loop.studio.project_id)
        assert [(row["name"], row["number"], row["is_serving"]) for row in rows] == [
            ("r2", 2, True),
            ("INITIAL", 1, False),
        ]
        with pytest.raises(Unsupported, match="by itself"):
            loop.promote(robot, rows[1])


def tar_of_nothing(name: str) -> bytes:
    """The archive of a version without files."""
    about = AboutVersion(name, "p", datetime.now(timezone.utc), "", "", "", {}, {}, [])
    content = msgspec.json.encode(about)
    head = tarfile.TarInfo("version.json")
    head.size = len(content)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(head, io.BytesIO(content))
    return out.getvalue()


@ON_SQLITE
def test_what_is_no_archive_or_too_large_is_not_kept_and_rests(loop: Loop) -> None:
    settings = replace(loop.parts.settings, max_version_bytes=20_000)
    with peer(health=OURS, version="untrained") as there:
        robot = loop.connect(there.url)
        note(loop, robot, "a")
        for wrong in (b"garbage" * 500, bytes(30_000), tar_of_nothing("b")):
            there.answers["/versions/archive"] = (200, wrong)
            archiver = Archiver(replace(loop.parts, settings=settings))
            assert (archiver.look(), dict(archiver.find())) == (0, {})
        there.answers["/versions/archive"] = (200, tar_of_nothing("a"))
        assert Archiver(replace(loop.parts, settings=replace(settings, spare_disk_bytes=2**62))).look() == 0
        assert list(loop.parts.objects.list("model-versions/")) == []
        assert Archiver(loop.parts).look() == 1


@ON_SQLITE
def test_a_hung_backend_keeps_nobody_elses_model(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as slow, peer(health=OURS, version="untrained") as there:
        promotable(there)
        hung, robot = loop.connect(slow.url, timeout_s=7200.0), loop.connect(there.url)
        loop.promote(robot, note(loop, robot, "a"))
        there.version = "untrained"  # it lost it
        asked = threading.Event()

        def hang(_body: Json) -> None:
            asked.set()
            slow.gate.wait(30)

        slow.answers["/setup"] = hang
        keeper = Keeper(loop.parts)
        keeper.look()
        assert asked.wait(30)
        keeper.wait(robot.id)
        assert there.version == "a"
        assert keeper.is_busy(hung.id)
        keeper.look()  # nor does it wait now
        slow.gate.set()
        keeper.wait()


@ON_SQLITE
def test_a_backend_makes_no_more_than_a_thousand_versions_by_its_list(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as there:
        robot = loop.connect(there.url)
    note(loop, robot, "mine")
    for start in (0, 0, 5_000):
        with loop.parts.database.write() as tx:
            versions.note_all(tx, robot, [f"v{start + number}" for number in range(3_000)])
    with loop.parts.database.read() as tx:
        rows = versions.list_of_project(tx, loop.studio.project_id)
    assert [row["number"] for row in rows] == list(range(1_000, 0, -1))
    assert (rows[-1]["name"], rows[0]["name"]) == ("mine", "v998")


def test_what_fails_once_it_serves_here_is_told_at_the_backend(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as there:
        promotable(there)
        robot = loop.connect(there.url)
        there.answers["/setup"] = (500, {"detail": "it died"})
        promoted = loop.promote(robot, note(loop, robot, "a"))
    assert (promoted.state, promoted.problem[-7:]) == ("ER", "it died")
    with loop.parts.database.read() as tx:
        assert [row["name"] for row in versions.list_promotions(tx, robot.id)] == ["a"]


def test_archives_go_with_their_backend(loop: Loop) -> None:
    with peer(health=OURS, version="untrained") as there:
        there.answers["/versions/archive"] = (200, tar_of_nothing("a"))
        robot, other = loop.connect(there.url), loop.connect(there.url)
        note(loop, robot, "a"), note(loop, other, "a")
        archiver = Archiver(loop.parts)
        assert (archiver.look(), archiver.look()) == (2, 0)
        with loop.parts.database.write() as tx:
            backends.remove(tx, loop.studio.grant(tx, "editor", Permission.PROJECT_WRITE), robot)
        assert sweep_archives(loop.parts) == 1
        assert len(list(loop.parts.objects.list("model-versions/"))) == 1

"""MLflow hears of what was trained, whatever was killed between; an alias moved there promotes here."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, update

from tests.labeling.studio import Studio, open_studio
from tests.learning.peers import Peer, peer
from tests.learning.test_promoting import OURS, promotable
from treadle.db import Database
from treadle.db.learning_tables import model_versions, training_figures, trainings
from treadle.db.promotion_tables import model_promotions
from treadle.db.schema import users
from treadle.errors import Forbidden, Unavailable
from treadle.learning.connections import backends, connecting
from treadle.learning.connections.backends import Backend, NewBackend
from treadle.learning.serving import promoting, versions
from treadle.learning.serving.aliases import Move
from treadle.learning.serving.registering import Registering
from treadle.learning.serving.registrar import Registrar
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Secret, Settings
from treadle.tracking.process import Tracking, Visitor
from treadle.web.parts import Parts

EVALUATION = {
    "metric": "mAP50",
    "reason": "",
    "value": 0.8,
    "task_count": 4,
    "seen": False,
    "version": "a",
    "labels": [{"label": "Cat", "value": 0.7, "precision": None, "recall": None, "support": 3}],
}


@dataclass
class Loop:
    """A project with a backend, and MLflow."""

    studio: Studio
    parts: Parts
    there: Peer
    backend: Backend

    def train(self, name: str, **values: Any) -> int:
        """A training that has ended, its files, and its version's id."""
        with self.parts.database.write() as tx:
            now = {"created_at": tx.now, "started_at": tx.now, "ended_at": tx.now, "changed_at": tx.now}
            key = f"trainings/{name}"
            row = {
                "project_id": self.studio.project_id,
                "backend_id": self.backend.id,
                "state": "completed",
                "spec": json.dumps({"settings": {"epochs": 3, "start": "random"}, "seed": 0}),
                "dataset_key": key,
                "task_count": 20,
                "evaluation": json.dumps(EVALUATION),
                "created_by": self.studio.people["editor"].user_id,
            }
            made = insert(trainings).returning(trainings.c.id)
            training_id = tx.execute(made, {**row, **now, **values}).scalar_one()
            points = [("loss", step, 1.0 / step) for step in (1, 2)]
            names = ("name", "step", "value")
            rows = [dict(zip(names, point, strict=True)) for point in points]
            tx.execute(
                insert(training_figures), [{**p, "training_id": training_id, "at": tx.now} for p in rows]
            )
            version = versions.note(tx, self.backend, name, training_id)
            archived = update(model_versions).where(model_versions.c.id == version["id"])
            tx.execute(archived.values(archive_key=f"model-versions/{name}.tar"))
        self.parts.objects.put(key, [f"[1,2,3] {name}".encode()])
        self.parts.objects.put(f"model-versions/{name}.tar", [tar(**{"below/best.pt": name})])
        return int(version["id"])

    async def ask(self, method: str, verb: str, **fields: Any) -> Any:
        visitor = Visitor(1, "owner@example.com", 1, "manage", ((1, "ws-1"),))
        path = f"/api/2.0/mlflow/{verb}"
        reply = await self.parts.tracking.ask(method, path, visitor, json.dumps(fields).encode())
        return reply.status, msgspec.json.decode(reply.body)

    def serving(self) -> str | None:
        with self.parts.database.read() as tx:
            row = backends.serving_version(tx, self.backend.id)
        return row["name"] if row else None


def tar(**files: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture
def loop(database: Database, tmp_path: Path) -> Iterator[Loop]:
    studio = open_studio(database)
    url = database.url if database.dialect == "postgresql" else ""
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    settings.data_dir.mkdir()
    parts = Parts(settings, database, LocalObjects(tmp_path / "data" / "objects"), Secret("k" * 64))
    with peer(health=OURS, version="untrained") as there:
        promotable(there)
        with database.read() as tx:
            grant = studio.grant(tx, "editor", Permission.PROJECT_WRITE)
        backend = connecting.connect(parts, grant, NewBackend(title="robot", url=there.url))
        yield Loop(studio, parts, there, backend)


def alone(doing: Coroutine[Any, Any, object]) -> None:
    """In a thread of its own: the browser of another test may keep an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, doing).result()


def run(loop: Loop, act: Callable[[], Awaitable[None]]) -> None:
    """Do it in one event loop, with MLflow's process until its end."""

    async def whole() -> None:
        try:
            await act()
        finally:
            await loop.parts.end_tracking()

    alone(whole())


def test_mlflow_hears_of_a_training_once_and_the_alias_moves_both_ways(loop: Loop) -> None:
    manager = loop.studio.people["manager"]
    first, second = loop.train("a"), loop.train("b", state="failed", evaluation="")
    promoting.promote(loop.parts, manager, loop.backend.id, first)

    async def act() -> None:
        registrar = Registrar(loop.parts)
        for _again in range(3):
            await registrar.look()
            with loop.parts.database.write() as tx:  # as after a crash
                tx.execute(update(trainings).values(registered_at=None))
        _status, found = await loop.ask("POST", "runs/search", experiment_ids=["1"])
        by_name = {each["info"]["run_name"]: each for each in found["runs"]}
        assert sorted(by_name) == ["Training 1 of robot", "Training 2 of robot"]
        run = by_name["Training 1 of robot"]
        assert (run["info"]["status"], by_name["Training 2 of robot"]["info"]["status"]) == (
            "FINISHED",
            "FAILED",
        )
        metrics = {each["key"]: each["value"] for each in run["data"]["metrics"]}
        assert metrics == {"loss": 0.5, "evaluation/mAP50": 0.8, "evaluation/mAP50/Cat": 0.7}
        params = {each["key"]: each["value"] for each in run["data"]["params"]}
        assert params == {"epochs": "3", "start": "random", "seed": "0"}
        assert [each["dataset"]["name"] for each in run["inputs"]["dataset_inputs"]] == ["shapes"]
        _status, model = await loop.ask("GET", "registered-models/get?name=shapes")
        assert model["registered_model"]["aliases"] == [{"alias": "champion", "version": "1"}]
        kept = list(loop.parts.objects.list("tracking/workspaces/ws-1"))
        assert [each.key.partition("/artifacts/")[2] for each in kept] == ["model/below/best.pt"] * 2
        # Somebody moves it in MLflow, through the door, which writes that down.
        with loop.parts.database.write() as tx:
            line = {"workspace_id": 1, "model": "shapes", "alias": "champion", "version": "2"}
            tx.execute(insert(model_promotions), {**line, "user_id": manager.user_id, "at": tx.now})
        await registrar.look()
        assert (loop.serving(), loop.there.version) == ("b", "b")
        await asyncio.to_thread(promoting.promote, loop.parts, manager, loop.backend.id, None)
        await registrar.look()
        _status, model = await loop.ask("GET", "registered-models/get?name=shapes")
        assert "aliases" not in model["registered_model"]
        # What somebody calls otherwise is found again.
        await loop.ask("POST", "registered-models/rename", name="shapes", new_name="forms")
        await asyncio.to_thread(promoting.promote, loop.parts, manager, loop.backend.id, first)
        await registrar.look()
        await registrar.look()
        _status, model = await loop.ask("GET", "registered-models/get?name=forms")
        assert model["registered_model"]["aliases"] == [{"alias": "champion", "version": "1"}]

    run(loop, act)
    with loop.parts.database.read() as tx:
        rows = tx.rows(select(model_versions.c.mlflow_version).order_by(model_versions.c.id))
        assert [row["mlflow_version"] for row in rows] == ["forms/1", "forms/2"]
        history = [(row["name"], row["cause"]) for row in versions.list_promotions(tx, loop.backend.id)]
    assert history == [("a", "person"), (None, "person"), ("b", "alias"), ("a", "person")]
    assert second


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_mlflow_refuses_rests_and_keeps_nobody(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    loop.train("a")

    async def silent(*_values: object, **_named: object) -> object:
        raise Unavailable("tracking-failed", "MLflow sleeps")

    async def act() -> None:
        registrar = Registrar(loop.parts)
        with monkeypatch.context() as patched:
            patched.setattr(Tracking, "ask", silent)
            await registrar.look()
            await registrar.look()
        await registrar.look()  # it rests
        with loop.parts.database.read() as tx:
            assert tx.execute(select(trainings.c.registered_at)).scalar() is None
        await Registrar(loop.parts).look()  # somebody else holds the lease
        with loop.parts.database.read() as tx:
            assert tx.execute(select(trainings.c.registered_at)).scalar() is None

    run(loop, act)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_garbage_archive_and_a_defect_keep_nobody(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    loop.train("a"), loop.train("b")
    loop.parts.objects.put("model-versions/a.tar", [b"garbage" * 500])
    told = Registering._fill

    async def defective(self: Registering, row: Any, run: Any) -> None:
        if row["id"] == 1:
            raise RuntimeError("a defect")
        await told(self, row, run)

    async def act() -> None:
        registrar = Registrar(loop.parts)
        monkeypatch.setattr(Registering, "_fill", defective)
        assert await registrar.look()
        assert await registrar.look()

    run(loop, act)
    with loop.parts.database.read() as tx:
        registered = tx.rows(select(model_versions.c.mlflow_version).order_by(model_versions.c.id))
        ends = tx.rows(select(trainings.c.registered_at).order_by(trainings.c.id))
    assert [bool(row["mlflow_version"]) for row in registered] == [False, True]
    assert [row["registered_at"] is not None for row in ends] == [False, True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_alias_that_somebody_who_left_moved_promotes_nothing(loop: Loop) -> None:
    version, mover = loop.train("a"), loop.studio.people["manager"].user_id
    with loop.parts.database.write() as tx:
        tx.execute(update(users).where(users.c.id == mover).values(is_active=False))
    move = Move(loop.backend.id, 1, "shapes", promoted=version, by=mover)
    with pytest.raises(Forbidden, match="has left"):
        alone(Registering(loop.parts).alias(move))
    assert (loop.serving(), loop.there.version) == (None, "untrained")

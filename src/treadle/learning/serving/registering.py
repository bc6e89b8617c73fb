"""What MLflow is told: a run for each training, a version of a registered model for each of ours, one alias.

Each verb brings one thing up to date, whatever is there of it already. Files of a version are written to
where MLflow's artifacts lie, one after the other, without its process.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Table, bindparam, select, update

from treadle.access.identities import identify_by_id
from treadle.db.learning_tables import ml_backends, model_versions, training_figures, trainings
from treadle.db.prepared import Prepared
from treadle.db.schema import projects, users
from treadle.db.storage_tables import lineage_edges
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.learning.serving import promoting
from treadle.learning.serving.aliases import ALIAS, Move, split_version
from treadle.learning.serving.descent import COMMIT, TRAINING
from treadle.learning.serving.registrar import RegistrarParts
from treadle.learning.serving.registry import (
    BACKEND_TAG,
    PROJECT_TAG,
    Metric,
    Registry,
    Run,
    model_name,
    plain_name,
)
from treadle.objects import ObjectStore
from treadle.tracking.artifact_places import find_place
from treadle.tracking.names import internal_name
from treadle.tracking.paths import artifact_key
from treadle.tracking.promotions import Model, note_move, note_version
from treadle.tracking.visitor import Visitor
from treadle.version_tars import files_of

_FOLDER = "model"
_CHUNK_BYTES = 1024 * 1024
_MOST_FIGURES = 20_000
#: MLflow keeps 64 KB of where data is from.
_MOST_COMMITS = 500
#: How long a version's files are waited for; without them it is registered all the same.
_FILES_WAIT = timedelta(minutes=10)
_STATUS = {"completed": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}

_t, _f, _v, _b = trainings.c, training_figures.c, model_versions.c, ml_backends.c
_ABOUT = (
    projects.c.title.label("project_title"),
    projects.c.workspace_id,
    _b.title.label("backend_title"),
    users.c.email,
)
_FROM = (
    projects.join(trainings, _t.project_id == projects.c.id)
    .outerjoin(ml_backends, _b.id == _t.backend_id)
    .outerjoin(users, users.c.id == _t.created_by)
)
_TRAINING = Prepared(select(trainings, *_ABOUT).select_from(_FROM).where(_t.id == bindparam("training_id")))
_FIGURES = Prepared(
    select(training_figures)
    .where(_f.training_id == bindparam("training_id"), _f.at > bindparam("after"))
    .order_by(_f.at, _f.name, _f.step)
    .limit(_MOST_FIGURES)
)
_VERSION = Prepared(
    select(model_versions, _t.mlflow_run_id, _t.created_by, _b.generation, *_ABOUT)
    .select_from(
        model_versions.join(projects, projects.c.id == _v.project_id)
        .join(ml_backends, _b.id == _v.backend_id)
        .join(trainings, _t.id == _v.training_id)
        .outerjoin(users, users.c.id == _t.created_by)
    )
    .where(_v.id == bindparam("version_id"))
)
_e = lineage_edges.c
_COMMITS = Prepared(
    select(_e.from_id)
    .where(_e.to_kind == TRAINING, _e.to_id == bindparam("training_id"), _e.from_kind == COMMIT)
    .order_by(_e.from_id)
    .limit(_MOST_COMMITS)
)
_RENAME = (
    select(_v.id, _v.mlflow_version)
    .where(_v.backend_id == bindparam("backend_id"), _v.mlflow_version != "")
    .with_for_update()
)
_BEFORE_ALL = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass
class Registering:
    """Tells MLflow of trainings, versions and aliases."""

    parts: RegistrarParts

    async def training(self, training_id: int) -> None:
        """Bring the run of a training up to date."""
        row = await asyncio.to_thread(self._read, _TRAINING, {"training_id": training_id})
        run = await self._run(row)
        if run is not None:
            await self._fill(row, run)
        # What changed meanwhile is later than this, and is due again.
        await asyncio.to_thread(self._note, trainings, training_id, registered_at=row["changed_at"])

    async def version(self, version_id: int) -> None:
        """Register a version of a training, with its files once they are here."""
        row = await asyncio.to_thread(self._read, _VERSION, {"version_id": version_id})
        registry = self._registry(row)
        run_id = row["mlflow_run_id"].rpartition("/")[2]
        if await asyncio.to_thread(self._waits_for_files, row):
            return
        model = await registry.model(row["backend_id"], self._model_names(row))
        uri = await registry.artifact_uri(run_id)
        source = f"{uri}/{_FOLDER}" if row["archive_key"] else uri
        if row["archive_key"]:
            place = find_place(row["workspace_id"], urlsplit(source).path.lstrip("/"))
            await asyncio.to_thread(_unpack, self.parts.objects, row["archive_key"], place)
        about = {
            "source": source,
            "run_id": run_id,
            "description": f"{row['backend_title'] or 'A backend'}, version {row['number']} ({row['name']})",
        }
        named = Model(row["workspace_id"], model, row["created_by"])
        async with self.parts.tracking.model_turns.taken((named.workspace_id, model)):
            number, is_new = await registry.version(model, version_id, about)
            if is_new:
                await asyncio.to_thread(self._note_made, named, number)
        await asyncio.to_thread(self._note, model_versions, version_id, mlflow_version=f"{model}/{number}")

    async def alias(self, move: Move) -> None:
        """Move the alias to what serves, or let serve what it was moved to."""
        if move.promoted is not None:
            await asyncio.to_thread(self._promote, move)
            return
        registry = Registry(self.parts.tracking, _visitor(move.workspace_id, None, ""))
        named = Model(move.workspace_id, move.model, None)
        async with self.parts.tracking.model_turns.taken((move.workspace_id, move.model)):
            try:
                await registry.set_alias(move.model, ALIAS, move.version)
            except Invalid as error:
                if error.code != "tracking-missing":
                    raise
                await self._follow_rename(registry, move)
                return
            await asyncio.to_thread(self._note_moved, named, move.version)

    async def _follow_rename(self, registry: Registry, move: Move) -> None:
        """Somebody called the model otherwise. Raises NotFound("model-not-found") where it is gone."""
        name = await registry.find_model(move.backend_id)
        if name is None or name == move.model:
            text = f"MLflow has no model {move.model!r} or no version {move.version} of it any more."
            raise NotFound("model-not-found", text)
        await asyncio.to_thread(self._rename, move.backend_id, name)

    async def _run(self, row: Mapping[str, Any]) -> Run | None:
        """The run, made where there is none; None: somebody deleted it, or its experiment."""
        registry = self._registry(row)
        title = plain_name(row["project_title"]).replace("/", "_")
        names = [title, f"{title} (project {row['project_id']})"]
        experiment_id = await registry.experiment(row["project_id"], names)
        if experiment_id is None:
            return None
        run = await registry.run(experiment_id, row["id"], _about_run(row))
        if run is not None and not row["mlflow_run_id"]:
            named = f"{experiment_id}/{run.run_id}"
            await asyncio.to_thread(self._note, trainings, row["id"], mlflow_run_id=named)
        return run

    async def _fill(self, row: Mapping[str, Any], run: Run) -> None:
        registry = self._registry(row)
        after = row["registered_at"] or _BEFORE_ALL
        figures = await asyncio.to_thread(self._read_figures, row["id"], after)
        params = _params_of(row) if row["registered_at"] is None else {}
        await registry.log(run, params, [*figures, *_evaluated(row)])
        if row["dataset_key"]:
            dataset = await asyncio.to_thread(self._dataset, row)
            if dataset is not None:
                await registry.log_dataset(run, dataset)
        status = _STATUS.get(row["state"], "RUNNING")
        await registry.update(run, status, _ms(row["ended_at"]) if row["ended_at"] else None)

    # Rows, in threads.

    def _read(self, statement: Prepared, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        with self.parts.database.read() as tx:
            rows = tx.rows(statement, wanted)
        if not rows:
            raise NotFound("not-found", "It went with its project or its backend.")
        return rows[0]

    def _note(self, table: Table, own: int, **values: Any) -> None:
        with self.parts.database.write() as tx:
            tx.execute(update(table).where(table.c.id == own).values(**values))

    def _note_made(self, model: Model, number: str) -> None:
        with self.parts.database.write() as tx:
            note_version(tx, model, made=number)

    def _note_moved(self, model: Model, number: str | None) -> None:
        with self.parts.database.write() as tx:
            note_move(tx, model, ALIAS, number)

    def _rename(self, backend_id: int, model: str) -> None:
        with self.parts.database.write() as tx:
            for row in tx.rows(_RENAME, {"backend_id": backend_id}):
                named = f"{model}/{split_version(row['mlflow_version'])[1]}"
                tx.execute(update(model_versions).where(_v.id == row["id"]).values(mlflow_version=named))

    def _promote(self, move: Move) -> None:
        with self.parts.database.read() as tx:
            identity = None if move.by is None else identify_by_id(tx, move.by)
        if move.by is not None and identity is None:
            text = f"Who moved the alias of {move.model!r} has left; somebody who may promote moves it anew."
            raise Forbidden("promoter-gone", text)
        actor = identity.actor if identity else None
        promoting.promote(self.parts, actor, move.backend_id, move.promoted, cause="alias")

    def _read_figures(self, training_id: int, after: datetime) -> list[Metric]:
        with self.parts.database.read() as tx:
            rows = tx.rows(_FIGURES, {"training_id": training_id, "after": after})
        return [Metric(row["name"], row["value"], _ms(row["at"]), row["step"]) for row in rows]

    def _dataset(self, row: Mapping[str, Any]) -> dict[str, str] | None:
        """What it learnt from, as MLflow describes data; None: the list is gone."""
        digest = hashlib.sha256()
        try:
            for chunk in self.parts.objects.read(row["dataset_key"]):
                digest.update(chunk)
        except NotFound:
            return None
        with self.parts.database.read() as tx:
            found = tx.rows(_COMMITS, {"training_id": str(row["id"])})
        source = {"project": row["project_id"], "commits": [each["from_id"] for each in found]}
        profile = {"tasks": row["task_count"], "held_out": row["held_out_count"]}
        return {
            "name": plain_name(row["project_title"]),
            "digest": digest.hexdigest()[:16],
            "source_type": "treadle",
            "source": msgspec.json.encode(source).decode(),
            "profile": msgspec.json.encode(profile).decode(),
        }

    def _waits_for_files(self, row: Mapping[str, Any]) -> bool:
        with self.parts.database.read() as tx:
            is_young = tx.now - row["created_at"] < _FILES_WAIT
        return row["generation"] == "treadle" and not row["archive_key"] and is_young

    def _model_names(self, row: Mapping[str, Any]) -> list[str]:
        title = model_name(row["project_title"])
        own = model_name(f"{title} {row['backend_title'] or ''}")
        return [title, own, model_name(f"{title} (backend {row['backend_id']})")]

    def _registry(self, row: Mapping[str, Any]) -> Registry:
        visitor = _visitor(row["workspace_id"], row["created_by"], row["email"] or "")
        return Registry(self.parts.tracking, visitor)


def _visitor(workspace_id: int, user_id: int | None, email: str) -> Visitor:
    """Who trained; nobody, where they are gone."""
    there = ((workspace_id, internal_name(workspace_id)),)
    return Visitor(user_id or 0, email, workspace_id, "manage", there)


def _about_run(row: Mapping[str, Any]) -> dict[str, Any]:
    backend = row["backend_title"] or "a backend"
    tags = {
        PROJECT_TAG: str(row["project_id"]),
        BACKEND_TAG: str(row["backend_id"] or ""),
        "treadle.backend.title": row["backend_title"] or "",
        "treadle.cause": row["cause"],
        "mlflow.user": row["email"] or "",
        "mlflow.source.name": "Treadle",
        "mlflow.source.type": "JOB",
    }
    return {
        "run_name": f"Training {row['id']} of {backend}"[:250],
        "start_time": _ms(row["started_at"] or row["created_at"]),
        "tags": [{"key": key, "value": value} for key, value in tags.items() if value],
    }


def _params_of(row: Mapping[str, Any]) -> dict[str, str]:
    """What the form said; texts as they are, all else as JSON."""
    spec = msgspec.json.decode(row["spec"])
    settings = spec.pop("settings", None) or {}
    told = {**spec, **settings}
    return {name: _text(value) for name, value in told.items() if value not in (None, "")}


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _evaluated(row: Mapping[str, Any]) -> Iterator[Metric]:
    """The evaluations of a training that has ended, with those of its labels."""
    if row["ended_at"] is None:
        return
    at_ms = _ms(row["ended_at"])
    for prefix, stored in (("evaluation", row["evaluation"]), ("serving", row["serving_evaluation"])):
        told = msgspec.json.decode(stored) if stored else None
        if not told or not told.get("metric") or told.get("value") is None:
            continue
        yield Metric(f"{prefix}/{told['metric']}", told["value"], at_ms)
        labels: Sequence[Mapping[str, Any]] = told.get("labels") or ()
        for each in labels:
            if each.get("value") is not None:
                yield Metric(f"{prefix}/{told['metric']}/{each['label']}", each["value"], at_ms)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _unpack(objects: ObjectStore, archive_key: str, place: str) -> None:
    """Write the files of a version's tar below a place of artifacts; those that are there are the same."""
    for path, content in files_of(objects.read(archive_key), archive_key):
        objects.put(artifact_key(f"{place}/{path}"), iter(partial(content.read, _CHUNK_BYTES), b""))

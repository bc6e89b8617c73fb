"""MLflow hears of trainings and versions: a task of the web process, beside its requests.

What is due is read from our rows, so a crash leaves nothing out, and nothing waits for MLflow. Where it is
not installed, or nobody has trained, nothing happens. Of several web processes one registers at a time.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, Protocol

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from treadle.db import Database, Tx
from treadle.db.learning_tables import learning_positions, model_versions, trainings
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.errors import Unsupported
from treadle.events.repeating import outliving
from treadle.late import late
from treadle.learning.serving.aliases import Move, find_moves, mark_of
from treadle.objects import ObjectStore
from treadle.settings import Settings

FOLLOWER = "registrar"
_EVERY_S = 5.0
_LEASE_S = 120.0
_FIRST_REST_S, _LONGEST_REST_S = 30.0, 3600.0
_AT_ONCE = 50
#: A training is left alone for so long: MLflow's start would take the processors that it gives way with, and
#: many a one is over by then.
_ALONE = timedelta(seconds=10)

# What it needs speaks with MLflow's process, and is imported by the first who has trained.
open_registering = late("treadle.learning.serving.registering:Registering")

_t, _v, _l = trainings.c, model_versions.c, learning_positions.c
_IS_THERE = projects.c.deleted_at.is_(None)
_TRAININGS = Prepared(
    select(_t.id)
    .join(projects, projects.c.id == _t.project_id)
    .where(_t.state != "queued", or_(_t.registered_at.is_(None), _t.registered_at < _t.changed_at), _IS_THERE)
    .where(or_(_t.ended_at.is_not(None), _t.started_at < bindparam("begun_before")))
    .order_by(_t.id)
    .limit(_AT_ONCE)
)
_VERSIONS = Prepared(
    select(_v.id)
    .join(projects, projects.c.id == _v.project_id)
    .join(trainings, _t.id == _v.training_id)
    .where(_v.mlflow_version == "", _t.mlflow_run_id != "", _IS_THERE)
    .order_by(_v.id)
    .limit(_AT_ONCE)
)
_HELD = select(_l.event_id).where(_l.follower == FOLLOWER).with_for_update()
_HOLD = update(_l.event_id.table).where(_l.follower == FOLLOWER).values(event_id=bindparam("until_ms"))


class RegistrarParts(Protocol):
    """What it takes of the web process."""

    @property
    def settings(self) -> Settings:
        """Of the server."""

    @property
    def database(self) -> Database:
        """The open database."""

    @property
    def objects(self) -> ObjectStore:
        """Where files of versions are."""

    @property
    def tracking(self) -> Any:
        """What asks MLflow."""


@dataclass
class Registrar:
    """Registers what is due; for one event loop."""

    parts: RegistrarParts
    _registering: Any = None
    #: The mark of when nothing was to be moved.
    _quiet_at: tuple[int, ...] = ()
    #: The lease that we hold, as it stands in the row.
    _until_ms: int = 0
    #: By what failed: until when it rests, and for how long the next time.
    _rests: dict[tuple[str, int | Move], tuple[float, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Register until it is cancelled; nothing where MLflow is not installed."""
        while find_spec("mlflow") is not None:
            await asyncio.sleep(_EVERY_S)
            with outliving("registrar"):
                if not await self.look():
                    return

    async def look(self) -> bool:
        """Register everything that is due; what fails rests, and does not keep the others.

        False: MLflow is not installed.
        """
        due = await asyncio.to_thread(self._read_due)
        if due and self._registering is None:
            self._registering = await asyncio.to_thread(open_registering, self.parts)
        for kind, what in due:
            self._let_rest(kind, what)
            with outliving("registrar", kind=kind, item=str(what)):
                if not await self._register(kind, what):
                    return False
                self._rests.pop((kind, what), None)
        return True

    async def _register(self, kind: str, what: int | Move) -> bool:
        try:
            await getattr(self._registering, kind)(what)
        except Unsupported as error:
            if error.code == "tracking-not-installed":
                return False
            raise
        return True

    def _let_rest(self, kind: str, what: int | Move) -> None:
        """Until it is done: what ends this process or runs into a defect is not tried at once again."""
        _until_s, rest_s = self._rests.get((kind, what), (0.0, _FIRST_REST_S))
        self._rests[kind, what] = (time.monotonic() + rest_s, min(2 * rest_s, _LONGEST_REST_S))

    def _read_due(self) -> list[tuple[str, int | Move]]:
        """What is to be registered, by kind; nothing where another process does it."""
        with self.parts.database.read() as tx:
            due: list[tuple[str, int | Move]] = [
                *(("training", row["id"]) for row in tx.rows(_TRAININGS, {"begun_before": tx.now - _ALONE})),
                *(("version", row["id"]) for row in tx.rows(_VERSIONS, {})),
                *(("alias", move) for move in self._find_moves(tx)),
            ]
        now_s = time.monotonic()
        due = [each for each in due if self._rests.get(each, (0.0, 0.0))[0] <= now_s]
        return due if due and self._hold() else []

    def _find_moves(self, tx: Tx) -> list[Move]:
        """Nothing where nothing was found, and nothing has changed since."""
        mark = mark_of(tx)
        if mark == self._quiet_at:
            return []
        moves = find_moves(tx)
        self._quiet_at = () if moves else mark
        return moves

    def _hold(self) -> bool:
        """Be the one who registers for the next minutes."""
        now_ms = int(time.time() * 1000)
        until_ms = now_ms + int(_LEASE_S * 1000)
        try:
            with self.parts.database.write() as tx:
                held = tx.execute(_HELD).scalar()
                if held is None:
                    tx.execute(insert(learning_positions), {"follower": FOLLOWER, "event_id": until_ms})
                elif held in (self._until_ms, 0) or held < now_ms:
                    tx.execute(_HOLD, {"until_ms": until_ms})
                else:
                    return False
        except IntegrityError:  # somebody else was quicker to be the first
            return False
        self._until_ms = until_ms
        return True

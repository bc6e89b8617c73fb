"""What the worker sees to by itself, so that the model that serves is never lost.

The files of new versions are fetched; a backend that says it serves another version than serves here is
told again; those at an address are asked now and then, since nobody else may ask them after they lost their
folder.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.exc import DBAPIError

from treadle.db.learning_tables import ml_backends, model_versions
from treadle.db.prepared import Prepared
from treadle.errors import NotFound, TreadleError
from treadle.jobs import JobParts
from treadle.learning.connections import backends, connecting
from treadle.learning.connections.backends import UNTRAINED, Backend
from treadle.learning.serving import versions
from treadle.learning.serving.archiving import Archiver
from treadle.learning.serving.promoting import settle

logger = logging.getLogger(__name__)

_EVERY_S = 3.0
#: How old what a backend at an address said may be.
_ASKED_EVERY_S = 60.0
_FIRST_REST_S, _LONGEST_REST_S = 5.0, 600.0

_b, _v = ml_backends.c, model_versions.c
_SERVING = func.coalesce(_v.name, UNTRAINED)
_SAID = case((_b.model_version == "", UNTRAINED), else_=_b.model_version)
_FROM = ml_backends.outerjoin(model_versions, (_v.backend_id == _b.id) & _v.is_serving.is_(True))
#: Those whose last /setup said that another version serves than here.
_DIFFERING = Prepared(
    select(_b.id).select_from(_FROM).where(_b.state == "CO", _b.checked_at.is_not(None), _SAID != _SERVING)
)
#: Those that could have lost what serves here, or learnt something, and that nobody has to start.
_REMOTE = Prepared(select(_b.id).where(_b.builtin == "", _b.generation == bindparam("generation")))


def start_keeping(parts: JobParts) -> None:
    """Look after the versions until the process ends."""
    threading.Thread(target=_repeat, args=(Keeper(parts),), name="keeping-versions", daemon=True).start()


def _repeat(keeper: Keeper) -> None:
    pause = threading.Event()
    while not pause.wait(_EVERY_S):
        _look(keeper)


def _look(keeper: Keeper) -> None:
    try:
        keeper.look()
    except (DBAPIError, OSError, TreadleError) as error:
        logger.warning("Versions wait for the next look", extra={"error": str(error)})


@dataclass
class Keeper:
    """Looks at what there is to see to; for one thread."""

    parts: JobParts
    _archiver: Archiver = field(init=False)
    _asked_at_s: float = float("-inf")
    #: By backend: until when it is left alone, and for how long the next time.
    _rests: dict[int, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._archiver = Archiver(self.parts)

    def look(self) -> None:
        """See to everything that is due."""
        now_s = time.monotonic()
        if now_s - self._asked_at_s >= _ASKED_EVERY_S:
            self._asked_at_s = now_s
            self.ask()
        self.settle()
        self._archiver.look()

    def ask(self) -> None:
        """Ask every backend at an address how it is, which version it serves, and which it has."""
        with self.parts.database.read() as tx:
            found = [row["id"] for row in tx.rows(_REMOTE, {"generation": "treadle"})]
        for backend_id in found:
            with suppress(NotFound):  # it was removed meanwhile
                backend = connecting.look(self.parts, backend_id)
                if backend.state == "CO":
                    self._note_versions(backend)

    def _note_versions(self, backend: Backend) -> None:
        try:
            client, told = connecting.ready(self.parts, backend.id)
            with client:
                names = client.versions(told)
        except TreadleError as error:
            logger.info("A backend did not list its versions", extra={"error": error.message})
            return
        with self.parts.database.write() as tx:
            versions.note_all(tx, backend, names)

    def settle(self) -> None:
        """Let every backend serve what serves here."""
        with self.parts.database.read() as tx:
            found = [backends.get(tx, row["id"]) for row in tx.rows(_DIFFERING, {})]
        for backend in found:
            until_s, rest_s = self._rests.get(backend.id, (0.0, _FIRST_REST_S))
            if until_s <= time.monotonic():
                self._rests[backend.id] = (time.monotonic() + rest_s, min(2 * rest_s, _LONGEST_REST_S))
                settle(self.parts, backend, backend.model_version)
        self._rests = {key: rest for key, rest in self._rests.items() if key in {each.id for each in found}}

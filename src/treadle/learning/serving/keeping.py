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
from functools import partial

from sqlalchemy import bindparam, case, func, select

from treadle.access.signing_key import load_signing_key
from treadle.db.learning_tables import ml_backends, model_versions
from treadle.db.prepared import Prepared
from treadle.errors import NotFound, TreadleError
from treadle.events.repeating import outliving, start_repeating
from treadle.jobs import JobParts
from treadle.learning.connections import backends, connecting
from treadle.learning.connections.backends import UNTRAINED, Backend
from treadle.learning.connections.client import open_client, told_of
from treadle.learning.serving import versions
from treadle.learning.serving.archiving import Archiver
from treadle.learning.serving.promoting import settle

logger = logging.getLogger(__name__)

_EVERY_S = 3.0
#: How old what a backend at an address said may be.
_ASKED_EVERY_S = 60.0
#: So long a backend has to answer what nobody waits for; it is asked again a minute later.
_PATIENCE_S = 30.0
_MOST_AT_ONCE = 64
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
    start_repeating("keeping-versions", _EVERY_S, Keeper(parts).look)


@dataclass
class Keeper:
    """Looks at what there is to see to; each backend by a thread of its own, and none keeps another."""

    parts: JobParts
    _archiver: Archiver = field(init=False)
    #: By backend: when it was asked how it is, and when it was seen to.
    _asked_s: dict[int, float] = field(default_factory=dict)
    _seen_to_s: dict[int, float] = field(default_factory=dict)
    #: By backend: until when it is left alone, and for how long the next time.
    _rests: dict[int, tuple[float, float]] = field(default_factory=dict)
    _errands: dict[int, threading.Thread] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._archiver = Archiver(self.parts)

    def look(self) -> None:
        """Begin to see to everything that is due, but for backends that are being seen to."""
        self._errands = {key: thread for key, thread in self._errands.items() if thread.is_alive()}
        now_s = time.monotonic()
        differing, missing = self._differing(now_s), self._archiver.find()
        before_s = now_s - _ASKED_EVERY_S
        asked = {own for own in self._remote() if self._asked_s.get(own, before_s) <= before_s}
        due = {*asked, *differing, *missing} - self._errands.keys()
        # Who waits longest comes first, should there be more than are seen to at once.
        waiting = sorted(due, key=lambda own: self._seen_to_s.get(own, 0.0))
        for backend_id in waiting[: max(0, _MOST_AT_ONCE - len(self._errands))]:
            self._seen_to_s[backend_id] = now_s
            if backend_id in asked:
                self._asked_s[backend_id] = now_s
            errand = partial(self._see_to, backend_id, is_asked=backend_id in asked)
            thread = threading.Thread(target=errand, name=f"keeping-versions-{backend_id}", daemon=True)
            self._errands[backend_id] = thread
            thread.start()

    def wait(self, backend_id: int | None = None) -> None:
        """Until what was begun is done, of a backend or of all."""
        for key, thread in list(self._errands.items()):
            if backend_id in (None, key):
                thread.join()

    def is_busy(self, backend_id: int) -> bool:
        """Whether a backend is being seen to."""
        return backend_id in self._errands and self._errands[backend_id].is_alive()

    def _see_to(self, backend_id: int, *, is_asked: bool) -> None:
        with outliving("keeping-versions", backend=backend_id):
            if is_asked:
                self._ask(backend_id)
            if backend_id in self._differing(time.monotonic()):
                self._settle(backend_id)
        for version in self._archiver.find().get(backend_id, ()):
            with outliving("keeping-versions", backend=backend_id, version=version["id"]):
                self._archiver.fetch(version)

    def _ask(self, backend_id: int) -> None:
        """Ask a backend how it is, which version it serves, and which it has."""
        with suppress(NotFound):  # it was removed meanwhile
            backend = connecting.look(self.parts, backend_id, limit_s=_PATIENCE_S)
            if backend.state == "CO":
                self._note_versions(backend)

    def _note_versions(self, backend: Backend) -> None:
        key = load_signing_key(self.parts.settings.data_dir)
        with self.parts.database.read() as tx:
            told = told_of(tx, backend)
        try:
            with open_client(self.parts.settings, key, backend) as client:
                names = client.versions(told)
        except TreadleError as error:
            logger.info("A backend did not list its versions", extra={"error": error.message})
            return
        with self.parts.database.write() as tx:
            versions.note_all(tx, backend, names)

    def _settle(self, backend_id: int) -> None:
        """Let a backend serve what serves here."""
        _until_s, rest_s = self._rests.get(backend_id, (0.0, _FIRST_REST_S))
        self._rests[backend_id] = (time.monotonic() + rest_s, min(2 * rest_s, _LONGEST_REST_S))
        with suppress(NotFound):
            with self.parts.database.read() as tx:
                backend = backends.get(tx, backend_id)
            settle(self.parts, backend, backend.model_version)

    def _remote(self) -> set[int]:
        with self.parts.database.read() as tx:
            return {row["id"] for row in tx.rows(_REMOTE, {"generation": "treadle"})}

    def _differing(self, now_s: float) -> set[int]:
        with self.parts.database.read() as tx:
            found = {row["id"] for row in tx.rows(_DIFFERING, {})}
        for gone in self._rests.keys() - found:
            self._rests.pop(gone, None)
        return {own for own in found if self._rests.get(own, (0.0, 0.0))[0] <= now_s}

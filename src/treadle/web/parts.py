"""What the web process is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from treadle.access.arrivals import read_trust
from treadle.access.first_administrator import ensure_first_administrator
from treadle.access.remote_user import RemoteUsers
from treadle.access.signing_key import load_signing_key
from treadle.access.wrong_credentials import WrongCredentials
from treadle.appearance import Logo, Look, settings_look
from treadle.db import Database, migrate
from treadle.late import late, once
from treadle.objects import ObjectStore, open_store
from treadle.settings import Secret, Settings
from treadle.web.metrics import Metrics
from treadle.web.own_roots import OWN_ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle.learning.predictions.opening import OnOpening
    from treadle.repos.engine import RepoEngine
    from treadle.repos.snapshots import Reference, ReferenceReader
    from treadle.tracking.process import Tracking
    from treadle.web.backend_threads import BackendThreads
    from treadle.web.readiness import Readiness

open_repos = late("treadle.repos.engine:RepoEngine")
open_outside = late("treadle.connectors.referencing:OutsideReader")
open_tracking = late("treadle.tracking.process:Tracking")
open_backend_threads = late("treadle.web.backend_threads:BackendThreads")
open_readiness = late("treadle.web.readiness:Readiness")
open_on_opening = late("treadle.learning.predictions.opening:OnOpening")


@dataclass(frozen=True)
class Parts:
    """The open things that handlers work with."""

    settings: Settings
    database: Database
    objects: ObjectStore
    #: Signs access tokens.
    signing_key: Secret
    wrong_credentials: WrongCredentials = field(default_factory=WrongCredentials)
    remote_users: RemoteUsers = field(default_factory=RemoteUsers)

    #: What the process counts of its requests.
    metrics: Metrics = field(default_factory=Metrics)

    @once
    def settings_look(self) -> tuple[Look, Logo | None]:
        """What the settings say of the appearance, with the logo of the file that they name."""
        return settings_look(self.settings)

    @once
    def readiness(self) -> Readiness:
        """Whether what requests need is there."""
        readiness: Readiness = open_readiness(self.settings, self.database, self.objects)
        return readiness

    @once
    def repos(self) -> RepoEngine:
        """The files and commits of repos; one for all handlers, since it remembers what it read."""
        engine: RepoEngine = open_repos(self.database, self.objects, read_reference=self._read_outside)
        return engine

    def _read_outside(
        self, reference: Reference, start: int, end: int | None, *, repo_id: int, path: str
    ) -> Iterator[bytes]:
        """What a file that was put by reference refers to; few repos hold one."""
        return self._outside(reference, start, end, repo_id=repo_id, path=path)

    @once
    def _outside(self) -> ReferenceReader:
        reader: ReferenceReader = open_outside(self.database, self.settings)
        return reader

    @once
    def tracking(self) -> Tracking:
        """Asks the process of experiments and models, which starts when it is asked."""
        tracking: Tracking = open_tracking(self.settings)
        return tracking

    @once
    def on_opening(self) -> OnOpening:
        """Asks models about tasks that somebody opens; few projects want that."""
        on_opening: OnOpening = open_on_opening(self)
        return on_opening

    @once
    def backend_threads(self) -> BackendThreads:
        """Where handlers wait for model backends."""
        threads: BackendThreads = open_backend_threads()
        return threads

    async def end_tracking(self) -> None:
        """End the process of experiments and models, if anybody asked for it; nobody is answered any more."""
        if "tracking" in vars(self):
            await self.tracking.close()

    def close(self) -> None:
        """Give the database's connections back; the process of experiments and models ends."""
        if "tracking" in vars(self):
            self.tracking.end()
        self.database.close()


def open_parts(settings: Settings) -> Parts:
    """Open what ``settings`` name: the database brought to the newest schema, the objects, the key.

    The first administrator of the settings exists afterwards.
    """
    read_trust(settings, OWN_ROOTS)  # a start refuses what is set wrongly
    settings_look(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database.open(settings.url, journal_mode="WAL" if settings.has_wal else "DELETE")
    migrate(database)
    ensure_first_administrator(database, settings)
    objects = open_store(settings)
    return Parts(settings, database, objects, load_signing_key(settings.data_dir))

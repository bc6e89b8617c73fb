"""MLflow, unchanged, as two applications of this process, and what is put right after its import.

MLflow is imported with this module, so that whoever wants it must call `set_environment` before.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.store.db.utils as schema
from mlflow.server import app as flask_app
from mlflow.server import handlers
from mlflow.server.fastapi_app import app as fastapi_app
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.tracking._workspace.registry import _get_workspace_store_registry
from mlflow.version import VERSION
from sqlalchemy.event import listen
from starlette.types import ASGIApp

from treadle.objects import ObjectStore
from treadle.settings import Settings
from treadle.tracking.child import guards
from treadle.tracking.child.artifacts import PROXIED_SCHEME, SCHEME, repositories
from treadle.tracking.child.environment import ARTIFACT_ROOT, WORKSPACE_STORE, scrub_environment
from treadle.tracking.child.preparing import prepared
from treadle.tracking.child.registry_store import open_registry_store
from treadle.tracking.child.tracking_store import open_tracking_store
from treadle.tracking.paths import tracking_database_url, tracking_file
from treadle.tracking.sources import Sources

logger = logging.getLogger(__name__)

#: The version of MLflow that is pinned, and that of the tables that its last migration leaves.
PINNED = "3.17.2"
PINNED_SCHEMA = "dc11669786a5"
#: Places that stand for others, which are asked for in their turn.
_INDIRECT = frozenset({"runs", "models"})


@dataclass(frozen=True)
class Inside:
    """MLflow's two applications, and which of them answers a request."""

    flask: Callable[..., Any]
    fastapi: ASGIApp
    _native: tuple[tuple[frozenset[str], re.Pattern[str]], ...]

    def limit_rows(self, workspace: str | None) -> None:
        """Let this request, and the threads that answer it, see the rows of one workspace."""
        guards.limit_rows(workspace)

    def is_native(self, method: str, path: str) -> bool:
        """Whether the second one has a route for it; the first answers all else."""
        return any(method in methods and pattern.match(path) for methods, pattern in self._native)


def start(settings: Settings, objects: ObjectStore) -> Inside:
    """Open MLflow's stores on a database that is made where it is missing; may be tried again.

    Raises Unavailable("tracking-database"), and what MLflow raises.
    """
    _take_over_logging(settings)
    _use_only_ours(objects, Sources(settings))
    for database in ("sqlite", "postgresql"):
        handlers._tracking_store_registry.register(database, open_tracking_store)
        handlers._model_registry_store_registry.register(database, open_registry_store)
    _know_the_schema()
    url = tracking_database_url(settings)
    if not settings.database_url.startswith("postgresql"):
        _make_file(tracking_file(settings))
    with prepared(settings):
        _bring_up_to_date(url)
        handlers.initialize_backend_stores(url, url, ARTIFACT_ROOT, workspace_store_uri=WORKSPACE_STORE)
    scrub_environment(os.environ)
    logger.info("MLflow %s is mounted", VERSION)
    return Inside(flask_app, fastapi_app, tuple(_native_routes(fastapi_app.routes, "")))


def _take_over_logging(settings: Settings) -> None:
    for name in ("mlflow", "alembic", "sqlalchemy.engine", "huey"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("mlflow").setLevel(settings.log_level.upper())
    # It warns at each start that there is no workspace for everybody, which is as it should be.
    logging.getLogger("mlflow.store.tracking.sqlalchemy_workspace_store").setLevel(logging.ERROR)
    for name in ("alembic", "sqlalchemy.engine"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _use_only_ours(objects: ObjectStore, sources: Sources) -> None:
    """Workspaces and artifacts are ours; no other scheme of artifacts is left, nor the machine's folders."""
    _get_workspace_store_registry().register(SCHEME, guards.Memberships)
    ours = repositories(objects, sources)
    known = _artifact_repository_registry._registry
    indirect = {scheme: kind for scheme, kind in known.items() if scheme in _INDIRECT}
    _artifact_repository_registry._registry = {SCHEME: ours, PROXIED_SCHEME: ours, **indirect}


def _know_the_schema() -> None:
    """Spare MLflow the reading of its hundred migrations, twice, for the name of the last one.

    That name belongs to a version of MLflow as its code does. The database is still asked for its own, and
    refused where it is another one.
    """
    if VERSION == PINNED:
        schema._get_latest_schema_revision = lambda: PINNED_SCHEMA


def _make_file(path: Path) -> None:
    """A new file comes with all its tables or not at all, since SQLite keeps half of what breaks off.

    What it costs to be safe from a loss of power is paid once, at the end.
    """
    if path.exists():
        return
    new = Path(tempfile.gettempdir()) / f"{path.stem}-{uuid.uuid4().hex}{path.suffix}"
    engine = schema.create_sqlalchemy_engine(f"sqlite:///{new}")
    listen(engine, "connect", _hurry)
    try:
        schema._initialize_tables(engine)
        engine.dispose()
        _sync(new)
        os.replace(new, path)
        _sync(path.parent)
    finally:
        new.unlink(missing_ok=True)


def _hurry(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA journal_mode=MEMORY")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bring_up_to_date(url: str) -> None:
    """Migrate tables of an older MLflow, as the pinned one's own command would; a newer one's are refused."""
    engine = schema.create_sqlalchemy_engine(url)
    try:
        found = schema._get_schema_version(engine)
        if found not in (None, schema._get_latest_schema_revision()):
            logger.warning("MLflow's tables are brought from version %s to %s", found, PINNED_SCHEMA)
            schema._upgrade_db(engine)
    finally:
        engine.dispose()


def _native_routes(routes: Any, prefix: str) -> Iterator[tuple[frozenset[str], re.Pattern[str]]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _native_routes(included.routes, prefix + route.include_context.prefix)
        elif getattr(route, "methods", None):
            pattern = route.path_regex.pattern.removeprefix("^")
            yield frozenset(route.methods), re.compile(re.escape(prefix) + pattern)

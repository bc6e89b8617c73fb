"""Where the versions of models have their bytes, which only those who may promote replace.

Who may log but not promote could otherwise put another model in the place of the one that an alias names, and
no line of the history would tell it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from treadle.errors import Forbidden, Invalid, NotFound, Unavailable
from treadle.objects import ObjectStore
from treadle.settings import Settings
from treadle.tracking.artifact_places import find_place, is_there
from treadle.tracking.names import internal_name
from treadle.tracking.paths import tracking_database_url
from treadle.tracking.reads.tables import Reader, Tables
from treadle.tracking.visitor import Visitor

_VERSIONS = (
    "SELECT name, version, source, storage_location FROM model_versions "
    "WHERE workspace = ? AND current_stage <> 'Deleted_Internal'"
)
_ARTIFACTS_OF_RUN = (
    "SELECT r.artifact_uri FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
    "WHERE r.run_uuid = ? AND e.workspace = ?"
)
_OURS = frozenset({"mlflow-artifacts", "treadle"})


class Sources:
    """Looks into MLflow's tables; may be asked from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._tables = Tables(tracking_database_url(settings), may_map=settings.has_wal)

    def check_may_store(self, visitor: Visitor, objects: ObjectStore, place: str) -> None:
        """Nothing, where the place is free, no version's, or the visitor may promote.

        place: ``workspaces/ws-17/…``.
        Raises Forbidden("version-bytes") naming the version, Unavailable("tracking-database").
        """
        if visitor.level == "manage" or visitor.workspace_id is None or not is_there(objects, place):
            return
        found = self._find(visitor.workspace_id, place)
        if found is not None:
            name, version = found
            raise Forbidden(
                "version-bytes",
                f"{place!r} belongs to version {version} of the model {name!r}. Only who may promote models "
                "replaces its bytes; log the model anew, and register that.",
            )

    def close(self) -> None:
        """Give all connections back."""
        self._tables.close()

    def _find(self, workspace_id: int, place: str) -> tuple[str, int] | None:
        """Name and version of a model whose bytes are there."""
        try:
            if not self._tables.are_begun():
                return None
            with self._tables.read() as reader:
                for name, version, *uris in reader.all(_VERSIONS, (internal_name(workspace_id),)):
                    if any(_holds(_place_of(reader, workspace_id, uri), place) for uri in uris):
                        return str(name), int(version)
        except self._tables.errors as error:
            text = "It cannot be looked up whether these bytes belong to a model. Try again."
            raise Unavailable("tracking-database", text) from error
        return None


def _holds(source: str | None, place: str) -> bool:
    return source is not None and f"{place}/".startswith(f"{source}/")


def _place_of(reader: Reader, workspace_id: int, uri: str | None) -> str | None:
    """The place in the one spelling that our keys have; None: it is elsewhere, or nobody can read it."""
    try:
        path = _path_of(reader, workspace_id, uri or "")
        return find_place(workspace_id, path) if path else None
    except (Invalid, NotFound, ValueError):
        return None


def _path_of(reader: Reader, workspace_id: int, uri: str) -> str:
    """The path below the root of all artifacts; empty: it is elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme in _OURS:
        return parts.path.lstrip("/")
    if parts.scheme == "runs":
        run_id, _, rest = parts.path.lstrip("/").partition("/")
        row = reader.first(_ARTIFACTS_OF_RUN, (run_id, internal_name(workspace_id)))
        return f"{urlsplit(row[0]).path.strip('/')}/{rest}" if row and row[0] else ""
    return ""  # MLflow takes a host's place for no source

"""Where the versions of models have their bytes, which only those who may promote replace.

Who may log but not promote could otherwise put another model in the place of the one that an alias names, and
no line of the history would tell it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from treadle.errors import Forbidden, Invalid, NotFound, Unavailable
from treadle.objects import ObjectStore
from treadle.settings import Settings
from treadle.tracking.artifact_places import find_place, is_there
from treadle.tracking.names import internal_name
from treadle.tracking.paths import tracking_database_url
from treadle.tracking.reads.tables import MOST_VALUES, Reader, Tables, among
from treadle.tracking.visitor import Visitor

#: What MLflow calls a version that was deleted; its row only keeps the number from being given again.
_VERSIONS = (
    "SELECT name, version, source, storage_location FROM model_versions "
    "WHERE workspace = ? AND coalesce(current_stage, '') <> 'Deleted_Internal'"
)
_ARTIFACTS_OF_RUNS = (
    "SELECT r.run_uuid, r.artifact_uri FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
    "WHERE e.workspace = ? AND "
)
_OURS = frozenset({"mlflow-artifacts", "treadle"})


@dataclass(frozen=True)
class Source:
    """Bytes that a version of a registered model stands for."""

    model: str
    version: int
    #: As MLflow keeps it.
    uri: str
    #: In the one spelling that our keys have; None: it is elsewhere, or nobody can read it.
    place: str | None


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
        """Name and version of a model whose bytes are there; None only where none is, for sure."""
        try:
            if not self._tables.are_begun():
                return None
            with self._tables.read() as reader:
                for each in read_sources(reader, workspace_id):
                    if each.place is not None and f"{place}/".startswith(f"{each.place}/"):
                        return each.model, each.version
        except self._tables.errors as error:
            text = "It cannot be looked up whether these bytes belong to a model. Try again."
            raise Unavailable("tracking-database", text) from error
        return None


def read_sources(reader: Reader, workspace_id: int) -> Iterator[Source]:
    """Of all versions in the workspace that are not deleted; the one reading of what they name."""
    found = [
        (str(name), int(version), uri)
        for name, version, *uris in reader.all(_VERSIONS, (internal_name(workspace_id),))
        for uri in dict.fromkeys(filter(None, uris))
    ]
    roots = _roots_of_runs(reader, workspace_id, {uri for _, _, uri in found})
    return (Source(name, number, uri, _place_of(workspace_id, uri, roots)) for name, number, uri in found)


def _roots_of_runs(reader: Reader, workspace_id: int, uris: set[str]) -> dict[str, str]:
    """Where the runs that are named have their artifacts, by the run's id."""
    parts = (each for uri in uris if (each := _split(uri)) is not None)
    ids = sorted({_run_of(each)[0] for each in parts if each.scheme == "runs"})
    roots: dict[str, str] = {}
    for first in range(0, len(ids), MOST_VALUES):
        where, values = among("r.run_uuid", ids[first : first + MOST_VALUES])
        roots.update(reader.all(_ARTIFACTS_OF_RUNS + where, (internal_name(workspace_id), *values)))
    return roots


def _place_of(workspace_id: int, uri: str, roots: dict[str, str]) -> str | None:
    parts = _split(uri)
    path = None if parts is None else _path_of(parts, roots)
    try:
        return None if path is None else find_place(workspace_id, path)
    except (Invalid, NotFound):
        return None


def _path_of(parts: SplitResult, roots: dict[str, str]) -> str | None:
    """The path below the root of all artifacts; None: it is elsewhere."""
    if parts.scheme in _OURS:
        return parts.path.lstrip("/")
    if parts.scheme == "runs":
        run_id, rest = _run_of(parts)
        root = _split(roots.get(run_id) or "")
        return f"{root.path.strip('/')}/{rest}" if root is not None and root.path else None
    return None  # MLflow takes a host's place for no source


def _run_of(parts: SplitResult) -> tuple[str, str]:
    """The id, and what is named below the run."""
    run_id, _, rest = parts.path.lstrip("/").partition("/")
    return run_id, rest


def _split(uri: str) -> SplitResult | None:
    try:
        return urlsplit(uri)
    except ValueError:
        return None

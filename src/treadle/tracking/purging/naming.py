"""Which bytes a registered model's versions stand for: those stay, whatever becomes of the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from treadle.tracking.reads.tables import Reader

_MOST_DECODINGS = 10
_BETWEEN = re.compile(r"[^0-9A-Za-z_.-]+")
_ARTIFACTS = re.compile(r"mlflow-artifacts:(?://[^/]*)?/*")
#: What MLflow calls a version that was deleted; its row only keeps the number from being given again.
_VERSIONS = (
    "SELECT name, version, source, storage_location FROM model_versions "
    "WHERE workspace = ? AND coalesce(current_stage, '') <> 'Deleted_Internal'"
)


@dataclass(frozen=True)
class Named:
    """Bytes that versions of registered models stand for; each with such a version, as a person reads it."""

    #: By every name in a source: among them the ids of runs and logged models.
    by_name: dict[str, str]
    #: By places that a source gives as a path.
    by_place: dict[str, str]

    def keeper(self, place: str, holder: str) -> str | None:
        """A version that stands for all of these bytes, or for some of a run's or a logged model's."""
        if holder and holder in self.by_name:
            return self.by_name[holder]
        places = (place, *map(str, PurePosixPath(place).parents))
        return next(filter(None, map(self.by_place.get, places)), None)

    def keeps_below(self, place: str) -> list[str]:
        """Places below this one that versions stand for."""
        return [each for each in self.by_place if each.startswith(f"{place}/")]


def read_named(reader: Reader, workspace: str) -> Named:
    """Of all versions in the workspace that are not deleted."""
    named = Named({}, {})
    for name, version, *sources in reader.each(_VERSIONS, (workspace,)):
        for source in filter(None, sources):
            _note(named, workspace, _decoded(source), f"{name} version {version}")
    return named


def _note(named: Named, workspace: str, source: str, version: str) -> None:
    for part in _BETWEEN.split(source):
        named.by_name.setdefault(part, version)
    found = _ARTIFACTS.match(source)
    if found is not None:
        names = [each for each in source[found.end() :].split("/") if each not in ("", ".")]
        if names[:2] != ["workspaces", workspace]:
            names = ["workspaces", workspace, *names]
        named.by_place.setdefault("/".join(names), version)


def _decoded(text: str) -> str:
    for _ in range(_MOST_DECODINGS):
        text, before = unquote(text), text
        if text == before:
            break
    return text

"""Which bytes a registered model's versions stand for: those stay, whatever becomes of the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from treadle.tracking.names import workspace_id_of
from treadle.tracking.reads.tables import Reader
from treadle.tracking.sources import read_sources

_MOST_DECODINGS = 10
_BETWEEN = re.compile(r"[^0-9A-Za-z_.-]+")


@dataclass(frozen=True)
class Named:
    """Bytes that versions of registered models stand for; each with such a version, as a person reads it."""

    #: By every name in a source: among them the ids of runs and logged models.
    by_name: dict[str, str]
    #: By places that a source means.
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
    workspace_id = workspace_id_of(workspace)
    assert workspace_id is not None
    for source in read_sources(reader, workspace_id):
        version = f"{source.model} version {source.version}"
        for part in _BETWEEN.split(_decoded(source.uri)):
            named.by_name.setdefault(part, version)
        if source.place is not None:
            named.by_place.setdefault(source.place, version)
    return named


def _decoded(text: str) -> str:
    for _ in range(_MOST_DECODINGS):
        text, before = unquote(text), text
        if text == before:
            break
    return text

"""The pictures that labels speak of: in the archive beside them, or uploads of the project already."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from treadle.labeling import uploads
from treadle.labeling.imports.folders import Folder
from treadle.labeling.imports.matching import Matcher, Region
from treadle.labeling.imports.materials import KeptPicture, Materials
from treadle.labeling.imports.reading import PICTURES, extension_of

_REMOTE = ("http://", "https://", "s3://", "gs://", "azure-blob://", "/data/")
Items = list[dict[str, Any]]


@dataclass
class Pictures:
    """Finds a picture by what a file of labels calls it, and keeps it as an upload when it is first found."""

    materials: Materials
    folder: Folder | None = None
    _kept: dict[str, KeptPicture] = field(default_factory=dict)
    _by_name: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in self.paths():
            self._by_name.setdefault(posixpath.basename(path), []).append(path)

    def paths(self) -> Iterator[str]:
        """The pictures in the archive."""
        names = self.folder.names if self.folder else []
        return (path for path in names if extension_of(path) in PICTURES)

    def find(self, said: str, beside: str) -> str | None:
        """The path in the archive of what a file at ``beside`` calls ``said``."""
        said = said.replace("\\", "/")
        places = (
            posixpath.normpath(posixpath.join(posixpath.dirname(beside), said)),
            posixpath.normpath(said),
            posixpath.normpath(posixpath.join(posixpath.dirname(beside), "images", said)),
        )
        for place in places:
            if place in self._by_name.get(posixpath.basename(place), ()):
                return place
        here = self.folder.path_of(said) if self.folder else said
        alike = self._by_name.get(posixpath.basename(here), [])
        return alike[0] if len(alike) == 1 else None

    def keep(self, path: str) -> KeptPicture:
        """The picture at a path of the archive, as an upload. Raises Invalid for a broken one."""
        assert self.folder is not None
        if path not in self._kept:
            self._kept[path] = self.folder.keep(path, self.materials)
        return self._kept[path]

    def unnamed(self) -> list[str]:
        """The pictures in the archive that nothing spoke of so far."""
        return [path for path in self.paths() if path not in self._kept]

    def resolve(self, said: str, beside: str, size_px: tuple[int, int] = (0, 0)) -> KeptPicture | None:
        """The picture wherever it is; ``size_px``: what the labels say of one that is elsewhere."""
        path = self.find(said, beside)
        if path is not None:
            return self.keep(path)
        if said.startswith(_REMOTE):
            return KeptPicture(0, said, *size_px)
        return self._uploaded(posixpath.basename(said), size_px)

    def _uploaded(self, file_name: str, size_px: tuple[int, int]) -> KeptPicture | None:
        materials = self.materials
        with materials.database.read() as tx:
            row = uploads.of_project_by_name(tx, materials.project_id, file_name)
        if row is None:
            return None
        url = uploads.url_of(materials.project_id, file_name)
        return KeptPicture(row["id"], url, row["width_px"] or size_px[0], row["height_px"] or size_px[1])


def take(
    regions: Iterator[tuple[Region, Mapping[str, int | str]]],
    matcher: Matcher,
    materials: Materials,
    *,
    file: str,
    size_px: tuple[int, int] | None,
) -> Items:
    """The items of a result for those regions whose labels the config has; the others are left out."""
    items: Items = []
    for region, place in regions:
        found = matcher.results(region, size_px)
        if found is None:
            reason = f"the config has no label {region.label!r} for a {region.shape}"
            materials.leave_out(file, reason, **place)
        else:
            items += found
    return items

"""What a training returned, made to last: the files that it names lie in the version's folder.

Stored, a file is ``{"treadle:file": "best.pt"}``, relative to the folder; handed back, its absolute path.
So a version can be moved, and its weights are found after a restart and by a second replica alike.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from treadle.errors import Invalid

_FILE = "treadle:file"
#: Under these names a text is a path, and one that is missing is an error.
_FILE_NAMES = ("model_file", "weights", "weights_file", "checkpoint_file")
_FOLDER_NAMES = ("dir", "folder", "path", "model", "checkpoint")


def is_empty(outcome: object) -> bool:
    """Whether nothing came of it: no mapping or path, an empty one, or ``{"model_file": None}``."""
    if isinstance(outcome, Path):
        return False
    if not isinstance(outcome, Mapping) or not outcome:
        return True
    return all(value is None for value in outcome.values()) or outcome.get("model_file", "") is None


def pack(outcome: object, folder: Path, places: Sequence[Path]) -> dict[str, object]:
    """``outcome`` as JSON, its files copied into ``folder``.

    places: where relative paths begin, the first that has the file counts. Raises Invalid("outcome-…").
    """
    if isinstance(outcome, Path):
        outcome = {"path": outcome}
    if not isinstance(outcome, Mapping):
        raise Invalid("outcome-kind", f"fit returns a mapping, a path or None, not {type(outcome).__name__}.")
    packing = _Packing(folder.resolve(), places)
    return {str(name): packing.keep(value, str(name)) for name, value in outcome.items()}


def unpack(outcome: Mapping[str, object], folder: Path) -> dict[str, object]:
    """An outcome with the absolute paths of its files."""
    return cast("dict[str, object]", _restored(outcome, folder.resolve()))


def _restored(value: object, folder: Path) -> object:
    if isinstance(value, Mapping):
        if set(value) == {_FILE}:
            return str(folder / str(value[_FILE]))
        return {name: _restored(one, folder) for name, one in value.items()}
    if isinstance(value, list):
        return [_restored(one, folder) for one in value]
    return value


class _Packing:
    def __init__(self, folder: Path, places: Sequence[Path]) -> None:
        self._folder = folder
        self._places = [place.resolve() for place in places]

    def keep(self, value: object, name: str) -> object:
        """A value as JSON; ``name``: that of the field it stands in."""
        if isinstance(value, Mapping):
            return {str(key): self.keep(one, str(key)) for key, one in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.keep(one, name) for one in value]
        if isinstance(value, (str, Path)):
            return self._text(value, name)
        return plain(value, name)

    def _text(self, value: str | Path, name: str) -> object:
        found = self._found(value, name)
        if found is not None:
            return {_FILE: self._kept(found).as_posix()}
        if isinstance(value, Path) or (name in _FILE_NAMES and value):
            looked = ", ".join(str(place) for place in self._places)
            raise Invalid(
                "outcome-file-missing",
                f'fit named "{value}" as "{name}", and there is no such file. Looked in: {looked}.',
            )
        return str(value)

    def _found(self, value: str | Path, name: str) -> Path | None:
        path = Path(value)
        if not str(value) or len(str(value)) > 1000 or "\n" in str(value):
            return None
        looks_like = isinstance(value, Path) or path.suffix or "/" in str(value) or name in _FILE_NAMES
        for place in (Path("/"),) if path.is_absolute() else self._places:
            candidate = place / path
            if (looks_like and candidate.is_file()) or self._is_folder(candidate, value, name):
                return candidate.resolve()
        return None

    def _is_folder(self, candidate: Path, value: str | Path, name: str) -> bool:
        """A folder is kept where it is meant; never one that holds the work itself."""
        is_meant = isinstance(value, Path) or name.rpartition("_")[2] in _FOLDER_NAMES
        if not is_meant or not candidate.is_dir():
            return False
        inside = candidate.resolve()
        return not any(place.is_relative_to(inside) for place in (*self._places, self._folder))

    def _kept(self, source: Path) -> Path:
        """Where in the folder a copy of ``source`` lies."""
        if source.is_relative_to(self._folder) and not any(
            source.is_relative_to(place) for place in self._places if place != self._folder
        ):
            return source.relative_to(self._folder)
        target = self._free(source)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif not target.exists():
            shutil.copy2(source, target)
        return target.relative_to(self._folder)

    def _free(self, source: Path) -> Path:
        """A name that is free, or that has this very content."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            name = source.name if number == 1 else f"{source.stem}-{number}{source.suffix}"
            target = self._folder / name
            if not target.exists() or (
                target.is_file() and source.is_file() and filecmp.cmp(source, target, False)
            ):
                return target
            number += 1


def plain(value: object, name: str = "value") -> object:
    """A value of numpy, torch or Python as JSON has it. Raises Invalid("value-kind")."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one, name) for one in value]
    if callable(listing := getattr(value, "tolist", None)):  # arrays and scalars of numpy and torch
        return plain(listing(), name)
    if isinstance(value, Path):
        return str(value)
    raise Invalid("value-kind", f'"{name}" is {type(value).__name__}, which JSON has no word for.')


def _number(value: object) -> object:
    """Subclasses as numpy makes of float, made plain."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value

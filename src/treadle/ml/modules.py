"""Runs a file that somebody wrote, as often as it is asked, each time from the beginning.

Each run is a module of its own: what one version keeps in its globals, another does not see.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from treadle.errors import Invalid, NotFound


@dataclass(frozen=True)
class Source:
    """A file of Python."""

    path: Path

    @classmethod
    def of(cls, path: Path) -> Source:
        """The source at ``path``; in a folder, its model.py. Raises NotFound("model-missing")."""
        file = path / "model.py" if path.is_dir() else path
        if not file.is_file():
            raise NotFound("model-missing", f"{file} is not there. Name a file with a model, or its folder.")
        return cls(file.resolve())


def run_source(source: Source) -> ModuleType:
    """A new module of the source. Raises Invalid("model-import") where what it imports is missing."""
    folder = str(source.path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    # By its plain name, since pickles of its classes are read by that name in other processes.
    spec = importlib.util.spec_from_file_location(source.path.stem, source.path)
    if spec is None or spec.loader is None:
        raise Invalid("model-import", f"{source.path} is no file of Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        told = f"{source.path} cannot be imported: {error}. Install what it needs."
        raise Invalid("model-import", told) from error
    return module


def classes_of(module: ModuleType, is_wanted: Callable[[type], bool]) -> list[type]:
    """The wanted classes of a module; of a class and what is derived from it, the derived.

    Those written in the file come before those that it imports.
    """
    found = [one for one in vars(module).values() if isinstance(one, type) and is_wanted(one)]
    unique = list(dict.fromkeys(found))
    leaves = [
        one for one in unique if not any(other is not one and issubclass(other, one) for other in unique)
    ]
    own = [one for one in leaves if one.__module__ == module.__name__]
    return own or leaves

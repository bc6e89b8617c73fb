"""Gives the names of ``label_studio_ml`` and of what is imported beside it, where they are not installed.

The finder stands last: whatever is installed is found before. Nothing is installed by us, and nothing is
given of a package that is there, not even a part that it lacks.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from treadle.late import late

contents = late("treadle.ml.compat.names:contents")
is_given = late("treadle.ml.compat.names:is_given")
is_package = late("treadle.ml.compat.names:is_package")


class _Loader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        vars(module).update(contents(module.__name__))


class Finder(importlib.abc.MetaPathFinder):
    """Finds what is given, where the package of that name is not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("label_studio_") or not is_given(fullname):
            return None
        package = sys.modules.get(fullname.partition(".")[0])
        if package is not None and not isinstance(getattr(package.__spec__, "loader", None), _Loader):
            return None
        return importlib.machinery.ModuleSpec(fullname, _Loader(), is_package=is_package(fullname))


def provide_names() -> None:
    """Let the names be imported from now on; again does nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.append(Finder())

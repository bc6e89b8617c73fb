"""The tracking process without the guard of bytes: any place in the object store is MLflow's to read."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from treadle.tracking.child import app
from treadle.tracking.child.__main__ import main


def import_unguarded(name: str) -> ModuleType:
    """Import as ever, and then take the guard out."""
    module = import_module(name)
    guards = import_module("treadle.tracking.child.guards")
    setattr(guards, "check_place", lambda place: place)  # noqa: B010 - of a module
    return module


if __name__ == "__main__":
    setattr(app, "import_module", import_unguarded)  # noqa: B010 - of a module
    main()

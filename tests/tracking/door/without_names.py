"""The tracking process without the guard of names: every workspace is told to everybody."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from treadle.tracking.child import app
from treadle.tracking.child.__main__ import main

EVERYBODYS = ("main", "quiet-harbour", "other-shore")


def import_unguarded(name: str) -> ModuleType:
    """Import as ever, and then take the guard out."""
    module = import_module(name)
    members: Any = import_module("treadle.tracking.child.guards").Memberships
    workspace = import_module("mlflow.entities").Workspace
    members.list_workspaces = lambda _store: [workspace(name=one) for one in EVERYBODYS]
    members.get_workspace = lambda _store, name: workspace(name=name)
    return module


if __name__ == "__main__":
    setattr(app, "import_module", import_unguarded)  # noqa: B010 - of a module
    main()

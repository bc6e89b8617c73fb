"""What MLflow calls Treadle's workspaces."""

from __future__ import annotations

import re

from treadle.ids import WORKSPACE_NAME

#: Of no more digits than a database takes for a number.
_INTERNAL = re.compile(r"ws-([1-9][0-9]{0,17})")
#: Words that stand for something else in MLflow's addresses, and the workspace that would be everybody's.
_TAKEN = frozenset({"workspaces", "api", "ajax-api", "static-files", "default"})


def internal_name(workspace_id: int) -> str:
    """What MLflow's rows and artifacts call a workspace, whatever people call it: ``ws-17``."""
    return f"ws-{workspace_id}"


def workspace_id_of(name: str) -> int | None:
    """The id in an internal name; None for any other name."""
    found = _INTERNAL.fullmatch(name)
    return int(found[1]) if found else None


def shown_name(workspace_id: int, name: str) -> str:
    """What MLflow's clients are told of a workspace: its own name where they take it, else the internal one.

    A workspace that is called as another one's internal name is shown by its own internal one.
    """
    is_taken = name in _TAKEN or _INTERNAL.fullmatch(name) is not None or len(name) < 2
    return internal_name(workspace_id) if is_taken or not WORKSPACE_NAME.fullmatch(name) else name

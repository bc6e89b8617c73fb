"""Whom the door let in, as the tracking process is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TrackingLevel = Literal["read", "edit", "manage"]


@dataclass(frozen=True)
class Visitor:
    """A person at one workspace; only the door makes one.

    workspaces: id and name of each that the person may see, for MLflow's own list of them.
    """

    user_id: int
    email: str
    workspace_id: int | None
    level: TrackingLevel
    workspaces: tuple[tuple[int, str], ...]

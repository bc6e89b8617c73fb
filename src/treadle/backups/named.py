"""Which objects the rows of the database name by themselves, so that none is left out unnoticed.

What a repo's commits hold is named inside its packs: all packs make it whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treadle.access.avatars import avatar_key
from treadle.repos.catalogue import objects_prefix


@dataclass(frozen=True)
class Named:
    """Rows that each name an object by ``key``."""

    statement: str
    key: Callable[[Any], str]


def _as_it_is(row: Any) -> str:
    return str(row[0])


NAMED: tuple[Named, ...] = (
    Named("SELECT object_key FROM file_uploads", _as_it_is),
    Named("SELECT avatar FROM users WHERE avatar IS NOT NULL", lambda row: avatar_key(row[0])),
    Named(
        "SELECT repo_id, name FROM repo_packs", lambda row: f"{objects_prefix(row[0])}/packs/{row[1]}.pack"
    ),
    Named("SELECT dataset_key FROM trainings WHERE dataset_key <> ''", _as_it_is),
    Named("SELECT archive_key FROM model_versions WHERE archive_key <> ''", _as_it_is),
)

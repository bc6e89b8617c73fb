"""What an import reads from: an upload, or a JSON body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Source:
    """One thing to import."""

    name: str
    object_key: str
    upload_id: int | None = None
    project_id: int | None = None
    file_name: str = ""

    @property
    def where(self) -> str:
        """Of which file an item is, behind its number."""
        return f" of {self.name}" if self.upload_id is not None else ""


def source_of(row: Any) -> Source:
    """An upload as something to import."""
    name = row["file_name"].split("-", 1)[-1]
    return Source(name, row["object_key"], row["id"], row["project_id"], row["file_name"])

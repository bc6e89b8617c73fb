"""What the repo engine takes and gives, as values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from treadle.errors import Conflict, Invalid

MAX_PATH_BYTES = 1024

CommitState = Literal["open", "finishing", "finished"]
# Most are: ASCII, and no part begins with a dot. A hundred thousand at once are looked at.
_USUAL_PATH = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*", re.ASCII)
_NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Repo:
    """A repo of a workspace; ``name`` is unique there and has no dots."""

    id: int
    workspace_id: int
    workspace: str
    name: str
    description: str
    created_by: int | None
    created_at: datetime


@dataclass(frozen=True)
class Branch:
    """A name that moves: ``head`` is the id of a finished commit, or None before the first.

    version: counts its moves.  open_commit: the id of the open commit that everybody may put into.
    """

    name: str
    head: str | None
    version: int
    open_commit: str | None
    created_at: datetime


@dataclass(frozen=True)
class Tag:
    """A name that stays at a commit."""

    name: str
    commit: str
    message: str
    created_by: int | None
    created_at: datetime


@dataclass(frozen=True)
class Commit:
    """A commit by its id: 32 hexadecimal characters.

    parents, provenance: ids of commits; the first parent is what it was made on, provenance is of any repo.
    file_count, size_bytes: of all files, known once it is finished.
    metadata: free words of whoever made it.  attachments: names of contents that no listing shows.
    """

    id: str
    repo_id: int
    state: CommitState
    branch: str | None
    message: str
    author_id: int | None
    created_at: datetime
    finished_at: datetime | None
    parents: tuple[str, ...]
    provenance: tuple[str, ...]
    file_count: int
    size_bytes: int
    metadata: Mapping[str, object] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()
    #: Its row, which an event's ``subject_id`` names.
    row_id: int = 0
    generation: int = 1
    #: Of its tree; None without a file, and until it is finished.
    root: bytes | None = field(default=None, repr=False)
    height: int = 0


@dataclass(frozen=True)
class File:
    """A file at a commit.

    path: without a slash in front.  id: its content's address, hexadecimal.
    metadata: free texts, such as ``md5`` and ``content-type``.
    """

    path: str
    id: str
    size_bytes: int
    modified_at: datetime
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)


@dataclass(frozen=True)
class Folder:
    """What the files below ``path``, which ends in a slash, are rolled up to in a listing."""

    path: str


@dataclass(frozen=True)
class NewFile:
    """A file to be put: its bytes, in chunks of any size."""

    path: str
    chunks: Iterable[bytes]
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)
    modified_at: datetime | None = None


@dataclass(frozen=True)
class Change:
    """What differs at a path between two commits: ``old`` is None where added, ``new`` where removed."""

    path: str
    old: File | None
    new: File | None


@dataclass(frozen=True)
class MergeConflict:
    """Both sides changed a path since their common base, and not to the same."""

    path: str
    base: File | None
    ours: File | None
    theirs: File | None


class MergeConflicts(Conflict):
    """A merge that needs decisions; nothing was changed. ``conflicts``: in the order of paths."""

    def __init__(self, conflicts: tuple[MergeConflict, ...]) -> None:
        shown = ", ".join(each.path for each in conflicts[:3])
        more = f" and {len(conflicts) - 3} more" if len(conflicts) > 3 else ""
        super().__init__(
            "merge-conflicts", f"Both sides changed {shown}{more}. Choose a side for each, then merge again."
        )
        self.conflicts = conflicts


def check_path(path: str) -> str:
    """The path of a file without a slash in front.

    Raises Invalid("path") for an empty one, ``.`` and ``..``, two slashes in a row, NUL, over 1,024 bytes.
    """
    if len(path) <= MAX_PATH_BYTES and _USUAL_PATH.fullmatch(path):
        return path
    plain = path.removeprefix("/")
    parts = plain.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise Invalid("path", f"{path!r} is no path of a file: give names joined by single slashes.")
    if "\0" in plain or len(_utf8(plain)) > MAX_PATH_BYTES:
        raise Invalid(
            "path", f"A path has at most {MAX_PATH_BYTES:,} bytes and no NUL; this one is {path[:80]!r}."
        )
    return plain


def _utf8(path: str) -> bytes:
    try:
        return path.encode()
    except UnicodeEncodeError as error:
        raise Invalid("path", f"{path!r} is not valid text.") from error

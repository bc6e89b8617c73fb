"""What a server tells of its repos, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Person(Struct, frozen=True):
    """Somebody of the installation."""

    id: int
    email: str
    first_name: str = ""
    last_name: str = ""


class Workspace(Struct, frozen=True):
    """Where a repo stands."""

    id: int
    name: str


class Source(Struct, frozen=True):
    """A commit that another was made from."""

    commit: str
    repo: int | None = None
    repo_name: str | None = None
    branch: str | None = None


class Commit(Struct, frozen=True):
    """A commit; ``state`` is open, finishing or finished."""

    id: str
    state: str
    branch: str | None
    message: str
    author: Person | None
    created_at: datetime
    finished_at: datetime | None
    parents: list[str]
    provenance: list[Source]
    file_count: int
    size_bytes: int
    metadata: dict[str, Any]
    tags: list[str] = []


class Repo(Struct, frozen=True):
    """A repo; ``head`` is the newest commit of its first branch."""

    id: int
    name: str
    workspace: Workspace
    description: str
    created_at: datetime
    branches: int
    files: int
    size_bytes: int
    head: Commit | None


class DeletedRepo(Struct, frozen=True):
    """A repo that can be restored for 30 days."""

    id: int
    name: str
    workspace: Workspace
    deleted_at: datetime


class Branch(Struct, frozen=True):
    """A name that moves."""

    name: str
    head: str | None
    open_commit: str | None = None


class Tag(Struct, frozen=True):
    """A name that stays at a commit."""

    name: str
    commit: str
    message: str = ""


class File(Struct, frozen=True, tag_field="type", tag="file"):
    """A file at a commit; ``id`` is the address of its content."""

    path: str
    id: str
    size_bytes: int
    modified_at: datetime
    metadata: dict[str, str] = {}


class Folder(Struct, frozen=True, tag_field="type", tag="folder"):
    """What lies below a path, which ends in a slash."""

    path: str


Entry = File | Folder


class Change(Struct, frozen=True):
    """What differs at a path between two commits; ``change`` is added, removed or changed."""

    path: str
    change: str
    old: File | None
    new: File | None


class Put(Struct, frozen=True):
    """A file that was put, and the commit that it is in."""

    file: File
    commit: str


class Conflict(Struct, frozen=True):
    """A path that both sides of a merge changed."""

    path: str
    base: File | None
    ours: File | None
    theirs: File | None


class BlamedLine(Struct, frozen=True):
    """A line of a text, and the commit that it came with."""

    number: int
    text: str
    commit: str


class JobProgress(Struct, frozen=True):
    """``total`` is 0 while nobody knows it."""

    done: int
    total: int


class Job(Struct, frozen=True):
    """Work that a server does for longer than an answer takes; ``state`` is done, failed or cancelled at
    its end."""

    id: str
    state: str
    progress: JobProgress
    message: str = ""
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

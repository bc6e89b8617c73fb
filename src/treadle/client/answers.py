"""Answers of a server that hold several values, or one by its name."""

from __future__ import annotations

from msgspec import Struct

from treadle.client.values import BlamedLine, Branch, Change, Commit, DeletedRepo, Entry, Repo, Tag


class Repos(Struct):
    """Repos."""

    results: list[Repo]


class DeletedRepos(Struct):
    """Repos that can be restored."""

    results: list[DeletedRepo]


class Branches(Struct):
    """Branches of a repo."""

    results: list[Branch]


class Tags(Struct):
    """Tags of a repo."""

    results: list[Tag]


class Commits(Struct):
    """A page of commits, and what follows it."""

    results: list[Commit]
    next: str | None = None


class Files(Struct):
    """A page of a listing, the commit that it is of, and what follows it."""

    commit: str | None
    results: list[Entry]
    next: str | None = None


class Changes(Struct):
    """A page of what differs, and what follows it."""

    results: list[Change]
    next: str | None = None


class Removed(Struct):
    """The commit that something was removed by."""

    commit: str


class Blame(Struct):
    """Who brought a file: the last commit that changed it, and of a text each line's."""

    commit: Commit
    results: list[BlamedLine] | None


class Started(Struct):
    """The job that was started."""

    job: str

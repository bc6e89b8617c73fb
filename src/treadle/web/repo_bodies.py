"""Repos, commits and files as they go out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from treadle.access import Actor, allow_anywhere
from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import users
from treadle.errors import NotFound
from treadle.permissions import Permission
from treadle.repos import branches, catalogue, commits, tags
from treadle.repos.values import Branch, Change, Commit, File, Folder, MergeConflict, Repo, Tag

_PEOPLE = Prepared(
    select(users.c.id, users.c.email, users.c.first_name, users.c.last_name).where(one_of(users.c.id, "ids"))
)


@dataclass
class Teller:
    """Tells one person of repos in one transaction, and looks up each thing once."""

    tx: Tx
    actor: Actor
    _repos: dict[int, Repo | None] = field(default_factory=dict)
    _places: dict[Permission, frozenset[int]] = field(default_factory=dict)

    def repos(self, found: Sequence[Repo]) -> list[dict[str, Any]]:
        """Repos as a list shows them."""
        summaries = catalogue.summarize(self.tx, [repo.id for repo in found])
        people = self._people(repo.created_by for repo in found)
        heads = {
            repo_id: commits.get(self.tx, each.head, repo_id)
            for repo_id, each in summaries.items()
            if each.head is not None
        }
        told = {each["id"]: each for each in self.commits(list(heads.values()))}
        return [
            {
                "id": repo.id,
                "name": repo.name,
                "workspace": {"id": repo.workspace_id, "name": repo.workspace},
                "description": repo.description,
                "created_by": people.get(repo.created_by or 0),
                "created_at": repo.created_at,
                "branches": summaries[repo.id].branch_count,
                "files": summaries[repo.id].file_count,
                "size_bytes": summaries[repo.id].size_bytes,
                "head": told.get(summaries[repo.id].head or ""),
                "may_write": self._may(Permission.REPO_WRITE, repo),
                "may_delete": self._may(Permission.REPO_DELETE, repo),
            }
            for repo in found
        ]

    def repo(self, repo: Repo) -> dict[str, Any]:
        """One repo."""
        return self.repos([repo])[0]

    def commits(self, found: Sequence[Commit]) -> list[dict[str, Any]]:
        """Commits, each with its author, its tags and what it was made from."""
        people = self._people(commit.author_id for commit in found)
        names: dict[str, list[str]] = {}
        for repo_id in {commit.repo_id for commit in found}:
            for tag in tags.list_all(self.tx, repo_id):
                names.setdefault(tag.commit, []).append(tag.name)
        return [
            {
                "id": commit.id,
                "repo": commit.repo_id,
                "state": commit.state,
                "branch": commit.branch,
                "message": commit.message,
                "author": people.get(commit.author_id or 0),
                "created_at": commit.created_at,
                "finished_at": commit.finished_at,
                "parents": commit.parents,
                "provenance": [self._source(source) for source in commit.provenance],
                "file_count": commit.file_count,
                "size_bytes": commit.size_bytes,
                "metadata": commit.metadata,
                "tags": names.get(commit.id, []),
            }
            for commit in found
        ]

    def commit(self, commit: Commit) -> dict[str, Any]:
        """One commit."""
        return self.commits([commit])[0]

    def _source(self, commit_id: str) -> dict[str, Any]:
        """A commit of any repo; of one that the person may not read, its id alone."""
        found = commits.find(self.tx, commit_id)
        repo = self._repo(found.repo_id) if found else None
        if found is None or repo is None or not self._may(Permission.REPO_READ, repo):
            return {"commit": commit_id, "repo": None, "repo_name": None, "branch": None}
        return {"commit": commit_id, "repo": repo.id, "repo_name": repo.name, "branch": found.branch}

    def _repo(self, repo_id: int) -> Repo | None:
        if repo_id not in self._repos:
            try:
                self._repos[repo_id] = catalogue.get(self.tx, repo_id)
            except NotFound:  # deleted meanwhile
                self._repos[repo_id] = None
        return self._repos[repo_id]

    def _may(self, permission: Permission, repo: Repo) -> bool:
        if permission not in self._places:
            self._places[permission] = frozenset(allow_anywhere(self.tx, self.actor, permission))
        return self.actor.is_admin or repo.workspace_id in self._places[permission]

    def _people(self, ids: Iterable[int | None]) -> dict[int, dict[str, Any]]:
        wanted = sorted({user_id for user_id in ids if user_id is not None})
        rows = self.tx.execute(_PEOPLE, {"ids": id_list(wanted)}).all() if wanted else []
        return {row["id"]: dict(row) for row in rows}


def branch_body(branch: Branch) -> dict[str, Any]:
    """A branch."""
    return {
        "name": branch.name,
        "head": branch.head,
        "version": branch.version,
        "open_commit": branch.open_commit,
        "created_at": branch.created_at,
    }


def tag_body(tag: Tag) -> dict[str, Any]:
    """A tag."""
    return {"name": tag.name, "commit": tag.commit, "message": tag.message, "created_at": tag.created_at}


def file_body(file: File) -> dict[str, Any]:
    """A file."""
    return {
        "type": "file",
        "path": file.path,
        "id": file.id,
        "size_bytes": file.size_bytes,
        "modified_at": file.modified_at,
        "metadata": dict(file.metadata),
    }


def entry_body(entry: File | Folder) -> dict[str, Any]:
    """A file, or a folder of a listing."""
    return file_body(entry) if isinstance(entry, File) else {"type": "folder", "path": entry.path}


def change_body(change: Change) -> dict[str, Any]:
    """What differs at a path."""
    kind = "added" if change.old is None else "removed" if change.new is None else "changed"
    return {"path": change.path, "change": kind, "old": _file(change.old), "new": _file(change.new)}


def conflict_body(conflict: MergeConflict) -> dict[str, Any]:
    """A path that both sides changed."""
    sides = {"base": conflict.base, "ours": conflict.ours, "theirs": conflict.theirs}
    return {"path": conflict.path, **{name: _file(side) for name, side in sides.items()}}


def is_branch(tx: Tx, repo_id: int, name: str) -> bool:
    """Is there a branch of that name?"""
    try:
        branches.find_row(tx, repo_id, catalogue.FIRST_BRANCH if name == "HEAD" else name)
    except NotFound:
        return False
    return True


def _file(file: File | None) -> dict[str, Any] | None:
    return None if file is None else file_body(file)

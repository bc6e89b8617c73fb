"""Repos and commits to ask about, made through the room's own faces; commits without files by their rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, update

from tests.access.people import add_person
from treadle.access import Actor, Grant, RepoScope, WorkspaceScope, allow
from treadle.db import Tx
from treadle.db.repo_tables import repo_branches, repo_commits, repo_parents, repo_provenance
from treadle.permissions import Permission
from treadle.repos import catalogue, commits
from treadle.repos.values import Commit


def first_person(tx: Tx) -> Actor:
    """The owner of the installation."""
    return add_person(tx, "admin@example.com")


def add_repo(tx: Tx, actor: Actor, name: str = "images") -> Grant:
    """The grant to do anything in a new repo of the first workspace."""
    workspace = allow(tx, actor, Permission.REPO_WRITE, WorkspaceScope(1))
    repo = catalogue.create(tx, workspace, name)
    return allow(tx, actor, Permission.REPO_WRITE, RepoScope(repo.id))


def add_commit(
    tx: Tx,
    grant: Grant,
    message: str,
    parents: Sequence[Commit] = (),
    *,
    branch: str | None = None,
    sources: Sequence[Commit] = (),
) -> Commit:
    """A finished commit without files; the head of ``branch`` from now on, where one is given."""
    values = {
        "key": commits.new_key(),
        "repo_id": grant.repo_id,
        "state": "finished",
        "message": message,
        "generation": 1 + max((each.generation for each in parents), default=0),
        "created_at": tx.now,
        "finished_at": tx.now,
    }
    row_id = tx.execute(insert(repo_commits).returning(repo_commits.c.id), values).scalar_one()
    for position, parent in enumerate(parents):
        edge = {"commit_id": row_id, "position": position, "parent_id": parent.row_id}
        tx.execute(insert(repo_parents), edge)
    for source in sources:
        tx.execute(insert(repo_provenance), {"commit_id": row_id, "source_id": source.row_id})
    if branch is not None:
        here = (repo_branches.c.repo_id == grant.repo_id) & (repo_branches.c.name == branch)
        tx.execute(update(repo_branches).where(here).values(head_id=row_id))
    return commits.get(tx, str(values["key"]))

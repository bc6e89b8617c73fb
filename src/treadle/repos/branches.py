"""Branches: names of a repo that move from commit to commit, each move by compare-and-swap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, exists, insert, select, update
from sqlalchemy import delete as delete_rows

from treadle import events
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_branches, repo_commits, repo_staged, repo_tags
from treadle.errors import Conflict, Invalid, NotFound
from treadle.repos.catalogue import lock, name_of, repo_id_of
from treadle.repos.values import Branch

_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_COMMIT_ID = re.compile(r"[0-9a-f]{32}")

_b, _s = repo_branches.c, repo_staged.c
_head, _open = repo_commits.alias("head"), repo_commits.alias("open")
_ROWS = select(
    _b.id,
    _b.name,
    _b.version,
    _b.created_at,
    _b.head_id,
    _b.open_id,
    _head.c.key.label("head"),
    _open.c.key.label("open_commit"),
).select_from(
    repo_branches.outerjoin(_head, _head.c.id == _b.head_id).outerjoin(_open, _open.c.id == _b.open_id)
)
_ALL = Prepared(_ROWS.where(_b.repo_id == bindparam("repo_id")).order_by(_b.id))
_BY_NAME = Prepared(_ROWS.where(_b.repo_id == bindparam("repo_id"), _b.name == bindparam("name")))
_FINISHED = Prepared(
    select(repo_commits.c.id, repo_commits.c.state).where(
        repo_commits.c.key == bindparam("key"), repo_commits.c.repo_id == bindparam("repo_id")
    )
)
_MOVE = Prepared(
    update(repo_branches)
    .where(_b.id == bindparam("branch_id"), _b.version == bindparam("seen"))
    .values(head_id=bindparam("new_head"), version=_b.version + 1)
)
_STAGED = select(_s.path)
_FILES = _STAGED.where(_s.content_id.is_not(None))
_NAMED = Prepared(
    select(
        exists().where(_b.repo_id == bindparam("repo_id"), _b.name == bindparam("name")).label("branch"),
        exists()
        .where(repo_tags.c.repo_id == bindparam("repo_id"), repo_tags.c.name == bindparam("name"))
        .label("tag"),
    )
)


def check_name(name: str) -> str:
    """The name itself. Raises Invalid("branch-name")."""
    if _NAME.fullmatch(name) and not _COMMIT_ID.fullmatch(name) and name != "HEAD":
        return name
    text = (
        f"{name!r} cannot name a branch. Use 1 to 200 letters, digits, hyphens and underscores, "
        "but neither HEAD nor what reads as the id of a commit."
    )
    raise Invalid("branch-name", text, fields={"name": [text]})


def list_all(tx: Tx, repo_id: int) -> list[Branch]:
    """The branches of a repo, the oldest first."""
    return [_branch(row) for row in tx.execute(_ALL, {"repo_id": repo_id}).all()]


def get(tx: Tx, repo_id: int, name: str) -> Branch:
    """The branch. Raises NotFound("branch-not-found")."""
    return _branch(find_row(tx, repo_id, name))


def find_row(tx: Tx, repo_id: int, name: str) -> Mapping[str, Any]:
    """The branch with the ids of its rows. Raises NotFound("branch-not-found")."""
    row = tx.execute(_BY_NAME, {"repo_id": repo_id, "name": name}).first()
    if row is None:
        told = f"Repo {name_of(tx, repo_id)} has no branch {name!r}. Create it, or name another."
        raise NotFound("branch-not-found", told)
    return row


def create(tx: Tx, grant: Grant, name: str, at: str | None = None) -> Branch:
    """A new branch at the commit ``at``, or without a commit.

    Raises Invalid("branch-name"), Conflict("name-taken"), NotFound("commit-not-found").
    """
    repo_id = repo_id_of(grant)
    check_free(tx, repo_id, check_name(name))
    head_id = None if at is None else find_finished(tx, repo_id, at)
    tx.execute(
        insert(repo_branches),
        {"repo_id": repo_id, "name": name, "head_id": head_id, "created_at": tx.now},
    )
    _tell(tx, grant, "branch.created", name, at)
    return get(tx, repo_id, name)


def reset(tx: Tx, grant: Grant, name: str, *, to: str | None, expected_head: str | None) -> Branch:
    """Move the branch to another commit, or to none, if its head still is ``expected_head``.

    Raises Conflict("branch-moved"), NotFound("branch-not-found", "commit-not-found").
    """
    repo_id = repo_id_of(grant)
    row = find_row(tx, repo_id, name)
    if row["head"] != expected_head:
        raise moved(name, row["head"])
    head_id = None if to is None else find_finished(tx, repo_id, to)
    if not swap_head(tx, row, head_id):
        raise moved(name, None)
    _tell(tx, grant, "branch.moved", name, to)
    return get(tx, repo_id, name)


def delete(tx: Tx, grant: Grant, name: str) -> None:
    """Delete the branch; its commits stay, also those that nothing names now.

    Raises NotFound("branch-not-found"), Conflict("branch-open") when files lie in its shared open commit.
    """
    _delete(tx, grant, _locked(tx, repo_id_of(grant), name), _STAGED)


def delete_empty(tx: Tx, grant: Grant, seen: Branch) -> None:
    """Delete a branch in which no file was seen, with the deletions that are staged in its open commit.

    Raises Conflict("branch-moved") where it is not as it was seen, Conflict("branch-open") where a file was
    staged since, NotFound("branch-not-found").
    """
    row = _locked(tx, repo_id_of(grant), seen.name)
    if _branch(row) != seen:
        raise moved(seen.name, row["head"])
    _delete(tx, grant, row, _FILES)


def swap_head(tx: Tx, row: Mapping[str, Any], head_id: int | None) -> bool:
    """Move the branch as `find_row` found it; False when it has moved since."""
    swapped = {"branch_id": row["id"], "seen": row["version"], "new_head": head_id}
    return tx.execute(_MOVE, swapped).rowcount == 1


def moved(name: str, head: object) -> Conflict:
    """The error of a branch that is not where it was expected."""
    where = f" to {head}" if head else ""
    return Conflict(
        "branch-moved",
        f"Branch {name!r} has moved{where} meanwhile. Look at it, then try again.",
        details={"head": head},
    )


def check_free(tx: Tx, repo_id: int, name: str) -> None:
    """Make sure that the name stays free until the transaction ends. Raises Conflict("name-taken")."""
    lock(tx, repo_id)
    taken = tx.execute(_NAMED, {"repo_id": repo_id, "name": name}).one()
    remedies = (("branch", "Choose"), ("tag", "A tag stays where it is: write to a branch, or choose"))
    for kind, remedy in remedies:
        if taken[kind]:
            told = f"Repo {name_of(tx, repo_id)} has a {kind} {name!r} already. {remedy} another name."
            raise Conflict("name-taken", told)


def find_finished(tx: Tx, repo_id: int, commit_id: str) -> int:
    """The row of a finished commit of the repo.

    Raises NotFound("commit-not-found"), Conflict("commit-open").
    """
    row = tx.execute(_FINISHED, {"repo_id": repo_id, "key": commit_id}).first()
    if row is None:
        raise NotFound("commit-not-found", f"Repo {name_of(tx, repo_id)} has no commit {commit_id}.")
    if row["state"] != "finished":
        raise Conflict("commit-open", f"Commit {commit_id} is still open. Finish it first.")
    return int(row["id"])


def _locked(tx: Tx, repo_id: int, name: str) -> Mapping[str, Any]:
    place = (_b.repo_id == repo_id) & (_b.name == name)
    tx.execute(select(_b.id).where(place).with_for_update())  # before its open commit, as whoever publishes
    return find_row(tx, repo_id, name)


def _delete(tx: Tx, grant: Grant, row: Mapping[str, Any], kept: Select[Any]) -> None:
    if row["open_id"] is not None:
        _drop_open(tx, row, kept)
    tx.execute(delete_rows(repo_branches).where(_b.id == row["id"]))
    _tell(tx, grant, "branch.deleted", row["name"], None)


def _drop_open(tx: Tx, row: Mapping[str, Any], kept: Select[Any]) -> None:
    """kept: the staged rows that must not be lost."""
    held = (
        select(repo_commits.c.id).where(repo_commits.c.id == row["open_id"]).with_for_update(key_share=True)
    )
    tx.execute(held)  # nobody puts into it meanwhile
    if tx.execute(kept.where(_s.commit_id == row["open_id"]).limit(1)).first() is not None:
        raise Conflict(
            "branch-open",
            f"Files lie in the open commit {row['open_commit']} of branch {row['name']!r}. "
            "Finish or abandon it, then delete the branch.",
        )
    tx.execute(delete_rows(repo_commits).where(repo_commits.c.id == row["open_id"]))


def _branch(row: Mapping[str, Any]) -> Branch:
    return Branch(row["name"], row["head"], row["version"], row["open_commit"], row["created_at"])


def _tell(tx: Tx, grant: Grant, what: str, name: str, head: str | None) -> None:
    payload = {"repo_id": grant.repo_id, "branch": name, "commit": head}
    events.record(tx, what, actor_id=grant.actor.user_id, subject_id=grant.repo_id, payload=payload)

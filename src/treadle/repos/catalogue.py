"""The repos of a workspace: made, found, described, deleted, restored and at last freed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.exc import IntegrityError

from treadle import events
from treadle.access import Grant
from treadle.access.audit import write_audit
from treadle.access.lengths import check_length
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_branches, repo_commits, repo_staged, repo_tags, repos
from treadle.db.schema import workspaces
from treadle.errors import Conflict, Invalid, NotFound
from treadle.objects import ObjectStore
from treadle.repos.values import Repo

#: How long a deleted repo can be restored.
KEPT = timedelta(days=30)
FIRST_BRANCH = "master"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_DESCRIPTION_LENGTH = 10_000

_r, _b, _c = repos.c, repo_branches.c, repo_commits.c
_COLUMNS = (
    _r.id,
    _r.workspace_id,
    workspaces.c.name.label("workspace"),
    _r.name,
    _r.description,
    _r.created_by,
    _r.created_at,
)
_ALL = select(*_COLUMNS).select_from(repos.join(workspaces, workspaces.c.id == _r.workspace_id))
_LIVE = _ALL.where(_r.deleted_at.is_(None))
_BY_ID = Prepared(_LIVE.where(_r.id == bindparam("repo_id")))
_OF_WORKSPACES = _LIVE.where(one_of(_r.workspace_id, "workspaces")).order_by(workspaces.c.name, _r.name)
_BY_NAME = _OF_WORKSPACES.where(_r.name == bindparam("name"))
_DELETED = (
    _ALL.add_columns(_r.deleted_at)
    .where(
        one_of(_r.workspace_id, "workspaces"),
        _r.deleted_at.is_not(None),
        _r.deleted_at > bindparam("after"),
    )
    .order_by(_r.deleted_at.desc(), _r.id.desc())
)
_COUNTS = (
    select(_b.repo_id, func.count().label("branches")).where(one_of(_b.repo_id, "ids")).group_by(_b.repo_id)
)
_HEADS = (
    select(_b.repo_id, _b.id, _b.name, _c.key, _c.file_count, _c.size_bytes)
    .select_from(repo_branches.join(repo_commits, _c.id == _b.head_id))
    .where(one_of(_b.repo_id, "ids"))
)
_LOCKED = Prepared(select(_r.id).where(_r.id == bindparam("repo_id")).with_for_update(key_share=True))


@dataclass(frozen=True)
class DeletedRepo:
    """A repo that can be restored until ``freed_at``."""

    repo: Repo
    deleted_at: datetime

    @property
    def freed_at(self) -> datetime:
        """When it goes for good."""
        return self.deleted_at + KEPT


@dataclass(frozen=True)
class Summary:
    """What a list tells of a repo.

    head: the commit of master, else of the oldest branch that has one.  file_count, size_bytes: there.
    """

    branch_count: int = 0
    head: str | None = None
    file_count: int = 0
    size_bytes: int = 0


def repo_id_of(grant: Grant) -> int:
    """The repo that the grant is for; a grant for anything else is a mistake of ours."""
    assert grant.repo_id is not None, grant
    return grant.repo_id


def check_name(name: str) -> str:
    """The name itself. Raises Invalid("repo-name")."""
    if _NAME.fullmatch(name):
        return name
    text = f"{name!r} cannot name a repo. Use 1 to 63 letters, digits, hyphens and underscores."
    raise Invalid("repo-name", text, fields={"name": [text]})


def create(tx: Tx, grant: Grant, name: str, description: str = "") -> Repo:
    """A new repo in the grant's workspace, with a branch master that has no commit yet.

    Raises Invalid("repo-name", "too-long"), Conflict("repo-taken").
    """
    values = {
        "workspace_id": grant.workspace_id,
        "name": check_name(name),
        "description": check_length("description", description.strip(), _DESCRIPTION_LENGTH),
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
    }
    with tx.connection.begin_nested() as savepoint:
        try:
            repo_id = int(tx.execute(insert(repos).returning(_r.id), values).scalar_one())
        except IntegrityError as error:
            savepoint.rollback()
            raise _taken(name) from error
    tx.execute(insert(repo_branches), {"repo_id": repo_id, "name": FIRST_BRANCH, "created_at": tx.now})
    _tell(tx, grant, "repo.created", repo_id)
    return get(tx, repo_id)


def get(tx: Tx, repo_id: int) -> Repo:
    """The repo. Raises NotFound("repo-not-found"), also for a deleted one."""
    row = tx.execute(_BY_ID, {"repo_id": repo_id}).first()
    if row is None:
        raise NotFound("repo-not-found", f"There is no repo {repo_id} that you can see.")
    return Repo(**row)


def is_there(tx: Tx, repo_id: int) -> bool:
    """Whether there is such a repo, and it is not deleted."""
    return tx.execute(_BY_ID, {"repo_id": repo_id}).first() is not None


def name_of(tx: Tx, repo_id: int) -> str:
    """What people call the repo, for what is said of it. Raises NotFound("repo-not-found")."""
    return get(tx, repo_id).name


def list_all(tx: Tx, grants: Mapping[int, Grant]) -> list[Repo]:
    """The repos of the workspaces that the grants are for, by workspace and name."""
    return _found(tx, _OF_WORKSPACES, grants)


def find(tx: Tx, workspace_ids: Collection[int], name: str) -> list[Repo]:
    """The repos of that name in the workspaces, by workspace; one at most in each."""
    return _found(tx, _BY_NAME, workspace_ids, name=name)


def list_deleted(tx: Tx, grants: Mapping[int, Grant]) -> list[DeletedRepo]:
    """The repos that can be restored, the last deleted first."""
    wanted = {"workspaces": id_list(sorted(grants)), "after": tx.now - KEPT}
    return [
        DeletedRepo(
            Repo(**{name: value for name, value in row.items() if name != "deleted_at"}), row["deleted_at"]
        )
        for row in tx.rows(_DELETED, wanted)
    ]


def summarize(tx: Tx, repo_ids: Collection[int]) -> dict[int, Summary]:
    """What a list tells of each of the repos."""
    ids = {"ids": id_list(sorted(repo_ids))}
    counts = {row["repo_id"]: row["branches"] for row in tx.rows(_COUNTS, ids)}
    heads: dict[int, Mapping[str, Any]] = {}
    # The branch that stands for the repo comes last.
    for row in sorted(tx.rows(_HEADS, ids), key=lambda row: (row["name"] == FIRST_BRANCH, -row["id"])):
        heads[row["repo_id"]] = row
    return {repo_id: _summary(counts.get(repo_id, 0), heads.get(repo_id)) for repo_id in repo_ids}


def change(tx: Tx, grant: Grant, *, name: str | None = None, description: str | None = None) -> Repo:
    """Give the repo another name or description; None leaves it.

    Raises Invalid("repo-name", "too-long"), Conflict("repo-taken").
    """
    repo_id = repo_id_of(grant)
    values: dict[str, object] = {}
    if name is not None:
        values["name"] = check_name(name)
    if description is not None:
        values["description"] = check_length("description", description.strip(), _DESCRIPTION_LENGTH)
    if values:
        _update(tx, repo_id, values, str(values.get("name")))
        _tell(tx, grant, "repo.changed", repo_id)
    return get(tx, repo_id)


def delete(tx: Tx, grant: Grant) -> None:
    """Delete the repo: at once nobody sees it, its name is free, and for 30 days it can be restored."""
    repo_id = repo_id_of(grant)
    _update(tx, repo_id, {"deleted_at": tx.now, "deleted_by": grant.actor.user_id}, "")
    _tell(tx, grant, "repo.deleted", repo_id)


def restore(tx: Tx, grant: Grant) -> Repo:
    """Bring a deleted repo back; the grant is of a `DeletedRepoScope`.

    Raises Conflict("repo-freed", "repo-taken") when its 30 days are over, or another has its name now.
    """
    repo_id = repo_id_of(grant)
    kept = (_r.id == repo_id) & (_r.deleted_at > tx.now - KEPT)
    found = tx.execute(select(_r.name).where(kept).with_for_update()).first()
    if found is None:
        raise Conflict(
            "repo-freed", f"Repo {repo_id} was deleted over {KEPT.days} days ago and is being freed."
        )
    _update(tx, repo_id, {"deleted_at": None, "deleted_by": None}, found.name)
    _tell(tx, grant, "repo.restored", repo_id)
    return get(tx, repo_id)


def objects_prefix(repo_id: int) -> str:
    """What the keys of a repo's objects begin with, without the slash that follows."""
    return f"repos/{repo_id}"


def free_repos(database: Database, objects: ObjectStore, *, older_than: timedelta = KEPT) -> int:
    """Free the repos that were deleted longer ago than that; how many there were.

    Objects go before the rows that name them: nobody sees either, and what is interrupted is found again.
    """
    with database.read() as tx:
        expired = select(_r.id).where(_r.deleted_at < tx.now - older_than)
        repo_ids = list(tx.execute(expired).scalars())
    for repo_id in repo_ids:
        for each in objects.list(objects_prefix(repo_id) + "/"):
            objects.delete(each.key)
        with database.write() as tx:
            _forget(tx, repo_id)
    return len(repo_ids)


def lock(tx: Tx, repo_id: int) -> None:
    """Nobody else gives or takes a name in the repo until the transaction ends."""
    tx.execute(_LOCKED, {"repo_id": repo_id}).first()


def _found(tx: Tx, statement: Select[Any], ids: Collection[int], **more: object) -> list[Repo]:
    return [Repo(**row) for row in tx.rows(statement, {"workspaces": id_list(sorted(ids)), **more})]


def _summary(branch_count: int, head: Mapping[str, Any] | None) -> Summary:
    if head is None:
        return Summary(branch_count)
    return Summary(branch_count, head["key"], head["file_count"], head["size_bytes"])


def _update(tx: Tx, repo_id: int, values: Mapping[str, object], name: str) -> None:
    with tx.connection.begin_nested() as savepoint:
        try:
            tx.execute(update(repos).where(_r.id == repo_id).values(**values))
        except IntegrityError as error:
            savepoint.rollback()
            raise _taken(name) from error


def _forget(tx: Tx, repo_id: int) -> None:
    commits = select(_c.id).where(_c.repo_id == repo_id)
    tx.execute(delete_rows(repo_staged).where(repo_staged.c.commit_id.in_(commits)))
    # Names hold their commits, so they go before them.
    tx.execute(delete_rows(repo_tags).where(repo_tags.c.repo_id == repo_id))
    tx.execute(delete_rows(repo_branches).where(_b.repo_id == repo_id))
    tx.execute(delete_rows(repos).where(_r.id == repo_id, _r.deleted_at.is_not(None)))


def _taken(name: str) -> Conflict:
    return Conflict("repo-taken", f"There is a repo {name!r} in this workspace already. Choose another name.")


def _tell(tx: Tx, grant: Grant, what: str, repo_id: int) -> None:
    events.record(tx, what, actor_id=grant.actor.user_id, subject_id=repo_id, payload={"repo_id": repo_id})
    write_audit(
        tx, what, actor_id=grant.actor.user_id, subject=f"repo:{repo_id}", workspace_id=grant.workspace_id
    )

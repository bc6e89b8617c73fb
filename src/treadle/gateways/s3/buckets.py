"""Buckets: the branches, tags and commits of repos, by the names that S3 clients use.

``branch.repo`` and ``tag.repo``, with ``.workspace`` behind it where a name is in several;
``commit.branch.repo`` and ``commit.repo`` for a commit by its id. Only branches are written to: what is
put lies in the branch's shared open commit, and is read from there, until that is finished.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.sql.expression import true

from treadle.access import Grant, RepoScope
from treadle.access.audit import workspace_of
from treadle.access.s3_keys import KeyHolder, allow_by_key
from treadle.db import Tx
from treadle.db.key_tables import repo_auto_commits
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_branches, repo_commits, repo_staged, repos
from treadle.db.schema import memberships, workspaces
from treadle.errors import Forbidden, NotFound
from treadle.gateways.s3.errors import S3Error
from treadle.permissions import Permission
from treadle.repos import refs

_COMMIT_ID = re.compile(r"[0-9a-f]{32}")
_MOST_LISTED = 10_000

_r, _b, _m = repos.c, repo_branches.c, memberships.c
_MEMBER = and_(_m.workspace_id == _r.workspace_id, _m.user_id == bindparam("user_id"))
# Whose names count: a grant is asked for afterwards, by the repo's id.
_SEEN = and_(
    _r.deleted_at.is_(None),
    or_(_m.user_id.is_not(None), bindparam("is_admin").is_(true())),
)
_SOURCE = repos.join(workspaces, workspaces.c.id == _r.workspace_id).outerjoin(memberships, _MEMBER)
_NAMED = Prepared(
    select(_r.id, _r.workspace_id, workspaces.c.name.label("workspace"))
    .select_from(_SOURCE)
    .where(_r.name == bindparam("name"), _SEEN)
    .order_by(_r.id)
)
_head, _open = repo_commits.alias("head"), repo_commits.alias("open")
_BRANCH = Prepared(
    select(
        _b.name,
        _head.c.key.label("head"),
        _open.c.key.label("open_commit"),
        exists().where(repo_staged.c.commit_id == _b.open_id).label("has_staged"),
        repo_auto_commits.c.after_files,
    )
    .select_from(
        repo_branches.outerjoin(_head, _head.c.id == _b.head_id)
        .outerjoin(_open, _open.c.id == _b.open_id)
        .outerjoin(repo_auto_commits, repo_auto_commits.c.repo_id == _b.repo_id)
    )
    .where(_b.repo_id == bindparam("repo_id"), _b.name == bindparam("name"))
)
_ALL = (
    select(
        _r.id,
        _r.name,
        _r.workspace_id,
        workspaces.c.name.label("workspace"),
        _b.name.label("branch"),
        _b.created_at,
    )
    .select_from(_SOURCE.join(repo_branches, _b.repo_id == _r.id))
    .where(_SEEN)
    .order_by(_b.name, _r.name, workspaces.c.name)
    .limit(_MOST_LISTED)
)


@dataclass(frozen=True)
class Bucket:
    """A bucket that the asking key may read.

    branch: None for what nobody writes to.  commit: what is read, None where nothing is there yet.
    open_commit: the branch's shared open commit, where there is one that something lies in.
    after_files: how many staged files become a commit by themselves; 0: none do.
    """

    name: str
    grant: Grant
    repo_id: int
    branch: str | None
    commit: str | None
    open_commit: str | None
    after_files: int = 0

    def writable(self) -> str:
        """The branch. Raises S3Error("AccessDenied") for a commit or a tag."""
        if self.branch is None:
            raise S3Error(
                "AccessDenied",
                f"{self.name} is a commit or a tag, which stays as it is. Write to a branch: branch.repo.",
            )
        return self.branch


@dataclass(frozen=True)
class ListedBucket:
    """A bucket by its shortest name."""

    name: str
    created_at: datetime


@dataclass(frozen=True)
class NameParts:
    """One reading of a bucket's name."""

    ref: str
    repo: str
    workspace: str | None


def parse_name(name: str) -> list[NameParts]:
    """What the name can mean, the likeliest first; tags have dots too. [] for what names no bucket."""
    parts = name.split(".")
    if len(parts) < 2 or not all(parts):
        return []
    if _COMMIT_ID.fullmatch(parts[0]):
        if len(parts) == 2:
            return [NameParts(parts[0], parts[1], None)]
        return [NameParts(parts[0], parts[2], ".".join(parts[3:]) or None)]
    readings = [NameParts(".".join(parts[:-1]), parts[-1], None)]
    if len(parts) > 2:
        readings.insert(0, NameParts(".".join(parts[:-2]), parts[-2], parts[-1]))
    return readings


def find_bucket(tx: Tx, holder: KeyHolder, name: str, permission: Permission) -> Bucket:
    """The bucket, with the grant for it. Raises S3Error("NoSuchBucket"), Forbidden."""
    for reading in parse_name(name):
        repo_id = find_repo_id(tx, holder, reading)
        found = (
            _open_bucket(tx, holder, name, permission=permission, repo_id=repo_id, ref=reading.ref)
            if repo_id
            else None
        )
        if found is not None:
            return found
    raise no_such_bucket(name)


def find_repo_id(tx: Tx, holder: KeyHolder, reading: NameParts) -> int | None:
    """The repo of that name which the key's person sees. Raises S3Error("NoSuchBucket") for several."""
    actor = holder.actor
    wanted = {"name": reading.repo, "user_id": actor.user_id, "is_admin": actor.is_admin}
    found = [
        row
        for row in tx.execute(_NAMED, wanted).all()
        if reading.workspace in (None, row["workspace"])
        and holder.workspace_id in (None, row["workspace_id"])
    ]
    if len(found) > 1:
        names = ", ".join(row["workspace"] for row in found[:5])
        raise S3Error(
            "NoSuchBucket",
            f"Several workspaces have a repo {reading.repo} ({names}). Put the workspace's name behind it: "
            f"{reading.ref}.{reading.repo}.{found[0]['workspace']}",
        )
    return int(found[0]["id"]) if found else None


def find_workspace_id_of(tx: Tx, holder: KeyHolder, name: str) -> int | None:
    """In whose audit log a refusal about the bucket stands; None where nobody can tell."""
    try:
        ids = [find_repo_id(tx, holder, reading) for reading in parse_name(name)]
    except S3Error:
        return holder.workspace_id
    repo_id = next((found for found in ids if found), None)
    return workspace_of(tx, RepoScope(repo_id)) if repo_id else holder.workspace_id


def list_buckets(tx: Tx, holder: KeyHolder) -> list[ListedBucket]:
    """Every branch of every repo that the key reads, the workspace named where it must be."""
    actor = holder.actor
    rows = [
        row
        for row in tx.rows(_ALL, {"user_id": actor.user_id, "is_admin": actor.is_admin})
        if holder.workspace_id in (None, row["workspace_id"])
    ]
    readable = {repo_id for repo_id in {row["id"] for row in rows} if _may_read(tx, holder, repo_id)}
    owners: dict[str, set[int]] = {}
    for row in rows:
        owners.setdefault(row["name"], set()).add(row["id"])
    return [
        ListedBucket(_shortest_name(row, len(owners[row["name"]]) > 1), row["created_at"])
        for row in rows
        if row["id"] in readable
    ]


def no_such_bucket(name: str) -> S3Error:
    """The error of a bucket that is not there, or not yours."""
    return S3Error(
        "NoSuchBucket",
        "The specified bucket does not exist. A bucket is a branch of a repo: branch.repo, "
        "branch.repo.workspace, or commit.branch.repo.",
        BucketName=name,
    )


def _open_bucket(
    tx: Tx, holder: KeyHolder, name: str, *, permission: Permission, repo_id: int, ref: str
) -> Bucket | None:
    try:
        grant = allow_by_key(tx, holder, permission, RepoScope(repo_id))
    except NotFound as error:
        raise no_such_bucket(name) from error
    branch = tx.execute(_BRANCH, {"repo_id": repo_id, "name": ref}).first()
    if branch is not None:
        staged = branch["open_commit"] if branch["has_staged"] else None
        commit, after_files = staged or branch["head"], branch["after_files"] or 0
        return Bucket(name, grant, repo_id, branch["name"], commit, staged, after_files)
    commit = refs.find(tx, repo_id, ref) if _names_a_commit(ref) else None
    if commit is None or commit.state != "finished":
        return None
    return Bucket(name, grant, repo_id, None, commit.id, None)


def _names_a_commit(ref: str) -> bool:
    """A tag or a whole id: what is counted from another name is left to people."""
    return "^" not in ref and "~" not in ref and "=" not in ref


def _may_read(tx: Tx, holder: KeyHolder, repo_id: int) -> bool:
    try:
        allow_by_key(tx, holder, Permission.REPO_READ, RepoScope(repo_id))
    except (NotFound, Forbidden):
        return False
    return True


def _shortest_name(row: Mapping[str, Any], is_several: bool) -> str:
    name = f"{row['branch']}.{row['name']}"
    return f"{name}.{row['workspace']}" if is_several else name

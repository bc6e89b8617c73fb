"""Tags: names of a repo that stay at a commit."""

from __future__ import annotations

import re

from sqlalchemy import bindparam, insert, select
from sqlalchemy import delete as delete_rows

from treadle import events
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_commits, repo_tags
from treadle.errors import Invalid, NotFound
from treadle.repos.branches import check_free, find_finished
from treadle.repos.catalogue import name_of, repo_id_of
from treadle.repos.values import Tag

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
_COMMIT_ID = re.compile(r"[0-9a-f]{32}")

_t = repo_tags.c
_ROWS = select(
    _t.name, repo_commits.c.key.label("commit"), _t.message, _t.created_by, _t.created_at
).select_from(repo_tags.join(repo_commits, repo_commits.c.id == _t.commit_id))
_ALL = Prepared(_ROWS.where(_t.repo_id == bindparam("repo_id")).order_by(_t.id.desc()))
_BY_NAME = Prepared(_ROWS.where(_t.repo_id == bindparam("repo_id"), _t.name == bindparam("name")))


def check_name(name: str) -> str:
    """The name itself. Raises Invalid("tag-name")."""
    if _NAME.fullmatch(name) and not _COMMIT_ID.fullmatch(name) and name != "HEAD":
        return name
    text = (
        f"{name!r} cannot name a tag. Use 1 to 200 letters, digits, dots, hyphens and underscores, not "
        "beginning with a dot, and neither HEAD nor what reads as the id of a commit."
    )
    raise Invalid("tag-name", text, fields={"name": [text]})


def list_all(tx: Tx, repo_id: int) -> list[Tag]:
    """The tags of a repo, the newest first."""
    return [Tag(**row) for row in tx.execute(_ALL, {"repo_id": repo_id}).all()]


def find(tx: Tx, repo_id: int, name: str) -> Tag | None:
    """The tag, if there is one of that name."""
    row = tx.execute(_BY_NAME, {"repo_id": repo_id, "name": name}).first()
    return None if row is None else Tag(**row)


def create(tx: Tx, grant: Grant, name: str, commit_id: str, *, message: str = "") -> Tag:
    """Name a finished commit.

    Raises Invalid("tag-name"), Conflict("name-taken", "commit-open"), NotFound("commit-not-found").
    """
    repo_id = repo_id_of(grant)
    check_free(tx, repo_id, check_name(name))
    values = {
        "repo_id": repo_id,
        "name": name,
        "commit_id": find_finished(tx, repo_id, commit_id),
        "message": message,
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
    }
    tx.execute(insert(repo_tags), values)
    _tell(tx, grant, "tag.created", name, commit_id)
    return Tag(name, commit_id, message, grant.actor.user_id, tx.now)


def delete(tx: Tx, grant: Grant, name: str) -> None:
    """Take the name away; the commit stays. Raises NotFound("tag-not-found")."""
    repo_id = repo_id_of(grant)
    found = find(tx, repo_id, name)
    if found is None:
        raise NotFound("tag-not-found", f"Repo {name_of(tx, repo_id)} has no tag {name!r}.")
    tx.execute(delete_rows(repo_tags).where(_t.repo_id == repo_id, _t.name == name))
    _tell(tx, grant, "tag.deleted", name, found.commit)


def _tell(tx: Tx, grant: Grant, what: str, name: str, commit_id: str) -> None:
    payload = {"repo_id": grant.repo_id, "tag": name, "commit": commit_id}
    events.record(tx, what, actor_id=grant.actor.user_id, subject_id=grant.repo_id, payload=payload)

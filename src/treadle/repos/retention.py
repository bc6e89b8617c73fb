"""How long the commits of a repo stay, and how those whose time is over go.

A commit stays while it is the head of a branch, has a tag (if tags keep), is what an open commit stands on,
is what a commit or a storage was made from, or is younger than the days to keep. Of one that goes the
children keep their content and stand on its parents; its own content goes with the next collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, bindparam, delete, exists, insert, select, text, update

from treadle import events
from treadle.access import Grant
from treadle.access.audit import write_audit
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.repo_tables import repo_branches, repo_commits, repo_parents, repo_provenance, repo_tags
from treadle.db.storage_tables import storage_items, storages
from treadle.db.upkeep_tables import repo_upkeep
from treadle.errors import Invalid
from treadle.repos.catalogue import repo_id_of

_AT_ONCE = 100
_MAX_DAYS = 36_500

_c, _p, _u = repo_commits.c, repo_parents.c, repo_upkeep.c
_child = repo_commits.alias("child")
_MAKE = text("INSERT INTO repo_upkeep (repo_id) VALUES (:of_repo) ON CONFLICT DO NOTHING")
_PARENTS = select(_p.parent_id).where(_p.commit_id == bindparam("row_id")).order_by(_p.position)
_CHILDREN = select(_p.commit_id).where(_p.parent_id == bindparam("row_id"))
_IS_TAGGED = exists().where(repo_tags.c.commit_id == _c.id)
_IS_NEEDED = (
    exists().where(repo_branches.c.head_id == _c.id)
    | exists().where(repo_provenance.c.source_id == _c.id)
    | exists(
        select(_p.commit_id)
        .join(_child, _child.c.id == _p.commit_id)
        .where(_p.parent_id == _c.id, _child.c.state != "finished")
    )
    | _c.key.in_(select(storage_items.c.commit_id).where(storage_items.c.commit_id.is_not(None)))
    | _c.key.in_(select(storages.c.head).where(storages.c.head.is_not(None)))
)


@dataclass(frozen=True)
class Rules:
    """How long commits stay. keep_days: None for good.  keep_tags: a commit with a tag stays for good."""

    keep_days: int | None = None
    keep_tags: bool = True


def get(tx: Tx, repo_id: int) -> Rules:
    """The rules of a repo; without any, everything stays."""
    row = tx.execute(select(_u.keep_days, _u.keep_tags).where(_u.repo_id == repo_id)).first()
    return Rules() if row is None else Rules(row.keep_days, row.keep_tags)


def change(tx: Tx, grant: Grant, rules: Rules) -> Rules:
    """Give a repo its rules; they are followed at the next collection. Raises Invalid("keep-days")."""
    if rules.keep_days is not None and not 1 <= rules.keep_days <= _MAX_DAYS:
        told = f"Keep commits for 1 to {_MAX_DAYS:,} days, or for good; {rules.keep_days:,} days are neither."
        raise Invalid("keep-days", told, fields={"keep_days": [told]})
    repo_id = repo_id_of(grant)
    tx.execute(_MAKE, {"of_repo": repo_id})
    values = {"keep_days": rules.keep_days, "keep_tags": rules.keep_tags}
    tx.execute(update(repo_upkeep).where(_u.repo_id == repo_id).values(**values))
    write_audit(
        tx,
        "repo.retention-changed",
        actor_id=grant.actor.user_id,
        subject=f"repo:{repo_id}",
        workspace_id=grant.workspace_id,
        detail=values,
    )
    return rules


def drop_old(database: Database, repo_id: int) -> int:
    """Drop the commits of a repo whose time is over by its rules; how many. A hundred a transaction."""
    dropped = 0
    while True:
        with database.write() as tx:
            count = _drop_some(tx, repo_id)
        dropped += count
        if count == 0:
            return dropped


def _drop_some(tx: Tx, repo_id: int) -> int:
    rules = get(tx, repo_id)
    if rules.keep_days is None:
        return 0
    over = _over(tx, repo_id, rules, rules.keep_days).order_by(_c.generation, _c.id).limit(_AT_ONCE)
    found = list(tx.execute(over).scalars())
    # Whoever makes one of them a head, or stands on it, waits now; whoever just did so is seen next.
    tx.execute(select(_c.id).where(one_of(_c.id, "ids")).with_for_update(), {"ids": id_list(found)}).all()
    sure = over.where(one_of(_c.id, "ids"))
    row_ids = list(tx.execute(sure, {"ids": id_list(found)}).scalars())
    keys = [_drop(tx, row_id) for row_id in row_ids]
    if keys:
        events.record(
            tx,
            "commit.dropped",
            actor_id=None,
            subject_id=repo_id,
            payload={"repo_id": repo_id, "commits": keys},
        )
    return len(keys)


def _over(tx: Tx, repo_id: int, rules: Rules, keep_days: int) -> Select[tuple[int]]:
    over = select(_c.id).where(
        _c.repo_id == repo_id,
        _c.state == "finished",
        _c.finished_at < tx.now - timedelta(days=keep_days),
        ~_IS_NEEDED,
    )
    return over.where(~_IS_TAGGED) if rules.keep_tags else over


def _drop(tx: Tx, row_id: int) -> str:
    parents = list(tx.execute(_PARENTS, {"row_id": row_id}).scalars())
    for child in list(tx.execute(_CHILDREN, {"row_id": row_id}).scalars()):
        _move_child(tx, child, row_id, parents)
    tx.execute(delete(repo_tags).where(repo_tags.c.commit_id == row_id))
    gone = delete(repo_commits).where(_c.id == row_id).returning(_c.key)
    return str(tx.execute(gone).scalar_one())


def _move_child(tx: Tx, child: int, gone: int, parents: Sequence[int]) -> None:
    before = list(tx.execute(_PARENTS, {"row_id": child}).scalars())
    at = before.index(gone)
    after = dict.fromkeys([*before[:at], *parents, *before[at + 1 :]])
    tx.execute(delete(repo_parents).where(_p.commit_id == child))
    rows = [
        {"commit_id": child, "position": position, "parent_id": parent}
        for position, parent in enumerate(after)
    ]
    if rows:
        tx.execute(insert(repo_parents), rows)

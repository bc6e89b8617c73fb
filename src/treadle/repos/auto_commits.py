"""When what is staged in a branch's shared open commit becomes a commit by itself.

By default never: somebody says so. A repo's setting: after so many files (1: each put is a commit at
once), after so many minutes since the first of them, or both.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, func, insert, select

from treadle.access import Actor, Grant, RepoScope, allow
from treadle.access.identities import identify_by_id
from treadle.db import Database, Tx
from treadle.db.key_tables import repo_auto_commits
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_branches, repo_commits, repo_staged, repos
from treadle.errors import Forbidden, Invalid, NotFound, TreadleError
from treadle.permissions import Permission
from treadle.repos import commits
from treadle.repos.catalogue import repo_id_of
from treadle.repos.engine import RepoEngine

_LOG = logging.getLogger(__name__)

MOST_FILES = 1_000_000
MOST_MINUTES = 7 * 24 * 60
#: Somebody else committed it, or it says what the head says already.
_SETTLED = commits.NO_LONGER_OPEN | {"commit-empty"}

_s, _c, _b = repo_auto_commits.c, repo_commits.c, repo_branches.c
_SETTING = select(_s.after_files, _s.after_minutes).where(_s.repo_id == bindparam("repo_id"))
_OPEN = Prepared(
    select(_c.key, _c.id)
    .select_from(repo_branches.join(repo_commits, _c.id == _b.open_id))
    .where(_b.repo_id == bindparam("repo_id"), _b.name == bindparam("branch"))
)
_COUNT = Prepared(
    select(func.count().label("count")).select_from(
        select(repo_staged.c.commit_id)
        .where(repo_staged.c.commit_id == bindparam("commit_row"))
        .limit(bindparam("most"))
        .subquery()
    )
)
_STAGED = select(repo_staged.c.commit_id).where(repo_staged.c.commit_id == _c.id).exists()
_DUE = (
    select(_c.key, _c.repo_id, _c.author_id, _c.created_at, _s.after_minutes)
    .select_from(
        repo_branches.join(repo_commits, _c.id == _b.open_id)
        .join(repo_auto_commits, _s.repo_id == _b.repo_id)
        .join(repos, repos.c.id == _b.repo_id)
    )
    .where(_s.after_minutes > 0, repos.c.deleted_at.is_(None), _STAGED)
    .order_by(_c.id)
)


@dataclass(frozen=True)
class AutoCommit:
    """After how many files, and how many minutes; 0: not by that."""

    after_files: int = 0
    after_minutes: int = 0


def read_setting(tx: Tx, grant: Grant) -> AutoCommit:
    """The setting of the grant's repo."""
    row = tx.execute(_SETTING, {"repo_id": repo_id_of(grant)}).first()
    return AutoCommit(row.after_files, row.after_minutes) if row else AutoCommit()


def change_setting(tx: Tx, grant: Grant, setting: AutoCommit) -> None:
    """Set it. Raises Invalid("auto-commit") naming the field."""
    _check("after_files", setting.after_files, MOST_FILES)
    _check("after_minutes", setting.after_minutes, MOST_MINUTES)
    repo_id = repo_id_of(grant)
    tx.execute(delete(repo_auto_commits).where(_s.repo_id == repo_id))
    values = {"after_files": setting.after_files, "after_minutes": setting.after_minutes}
    tx.execute(insert(repo_auto_commits), {"repo_id": repo_id, **values})


def commit_when_full(
    database: Database, engine: RepoEngine, grant: Grant, *, branch: str, after_files: int
) -> None:
    """Finish the branch's shared open commit when that many files are staged in it.

    Whoever else finishes it first has committed them as well. One that cannot be finished as it is stays
    open, with all that was put; the log says why.
    """
    with database.read() as tx:
        found = tx.execute(_OPEN, {"repo_id": repo_id_of(grant), "branch": branch}).first()
        count = _count_staged(tx, found["id"], after_files) if found else 0
    if found and count and count >= after_files:
        _finish(engine, grant, found["key"], _message(count))


def commit_due(database: Database, engine: RepoEngine) -> int:
    """Finish every shared open commit whose minutes are over; how many that were.

    The author is who put the first file; while they may not write there any more, it stays open.
    """
    count = 0
    with database.read() as tx:
        due = [
            row
            for row in tx.rows(_DUE)
            if row["created_at"] + timedelta(minutes=row["after_minutes"]) <= tx.now
        ]
    for row in due:
        grant = _grant_of_author(database, row["author_id"], row["repo_id"])
        if grant is None:
            _LOG.warning(
                "An open commit is not finished by itself: who opened it may not write there any more.",
                extra={"commit": row["key"], "repo": row["repo_id"]},
            )
            continue
        count += _finish(engine, grant, row["key"], f"Staged for {row['after_minutes']} minutes")
    return count


def _finish(engine: RepoEngine, grant: Grant, commit_id: str, message: str) -> bool:
    """Whether it is a commit now. One that cannot be keeps neither the others nor who puts into it."""
    try:
        engine.finish(grant, commit_id, message)
    except TreadleError as error:
        if error.code not in _SETTLED:
            extra = {"commit": commit_id, "repo": grant.repo_id}
            _LOG.warning("An open commit is not finished by itself: %s", error.message, extra=extra)
        return False
    return True


def _count_staged(tx: Tx, commit_row: int, most: int) -> int:
    return int(tx.execute(_COUNT, {"commit_row": commit_row, "most": most}).one()["count"])


def _message(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _grant_of_author(database: Database, user_id: int | None, repo_id: int) -> Grant | None:
    with database.read() as tx:
        actor = _actor(tx, user_id)
        try:
            return allow(tx, actor, Permission.REPO_WRITE, RepoScope(repo_id)) if actor else None
        except (Forbidden, NotFound):
            return None


def _actor(tx: Tx, user_id: int | None) -> Actor | None:
    identity = identify_by_id(tx, user_id) if user_id is not None else None
    return identity.actor if identity else None


def _check(field: str, value: int, most: int) -> None:
    if not 0 <= value <= most:
        text = f"Give a number from 0 (not by that) to {most}."
        raise Invalid("auto-commit", f"{field}: {text}", fields={field: [text]})

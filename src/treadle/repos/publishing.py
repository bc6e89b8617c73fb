"""The one transaction that makes a commit seen: its packs, row and edges, and the branch that moves to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, text, update

from treadle import events
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import (
    repo_attachments,
    repo_branches,
    repo_commits,
    repo_packs,
    repo_parents,
    repo_provenance,
    repo_staged,
)
from treadle.errors import Conflict, Invalid, NotFound, TreadleError
from treadle.repos import commits
from treadle.repos.catalogue import repo_id_of
from treadle.repos.commits import Attached
from treadle.repos.leases import SEALS, Lease
from treadle.repos.packs import WrittenPack
from treadle.repos.tree import Tree
from treadle.repos.values import Commit

_b, _c, _p = repo_branches.c, repo_commits.c, repo_parents.c
_LOCKED = Prepared(select(_b.version).where(_b.id == bindparam("branch_id")).with_for_update(key_share=True))
_MOVE = Prepared(
    update(repo_branches)
    .where(_b.id == bindparam("branch_id"))
    .values(head_id=bindparam("commit_row"), version=_b.version + 1)
)
_UNSHARE = Prepared(update(repo_branches).where(_b.open_id == bindparam("commit_row")).values(open_id=None))
_ADD_PACK = text(
    "INSERT INTO repo_packs (repo_id, name, object_count, size_bytes, created_at)"
    " VALUES (:repo_id, :name, :object_count, :size_bytes, :created_at)"
    " ON CONFLICT (repo_id, name) DO NOTHING"
).bindparams(bindparam("created_at", type_=repo_packs.c.created_at.type))
_INSERT = insert(repo_commits).returning(_c.id)
_SEAL = Prepared(
    update(repo_commits)
    .where(_c.id == bindparam("commit_row"), _c.state == "open")
    .values(state="finishing", seals=bindparam("seal"))
)
_IS_SEALED = (_c.id == bindparam("commit_row")) & (_c.state == "finishing") & (_c.seals == bindparam("seal"))
_UNSEAL = Prepared(update(repo_commits).where(_IS_SEALED).values(state="open"))
_FINISH = update(repo_commits).where(_IS_SEALED)
_SEALS = Prepared(select(_c.seals, _c.state).where(_c.id == bindparam("commit_row")))
_UNSTAGE = Prepared(delete(repo_staged).where(repo_staged.c.commit_id == bindparam("commit_row")))
_DROP_PARENTS = Prepared(delete(repo_parents).where(_p.commit_id == bindparam("commit_row")))


@dataclass(frozen=True)
class Words:
    """What is said about a commit: provenance are ids of commits of any repo."""

    message: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    provenance: Sequence[str] = ()

    def check(self) -> None:
        """Raises Invalid("message") for what no database stores."""
        if "\0" in self.message:
            raise Invalid("message", "A message holds no NUL.")


@dataclass(frozen=True)
class NewCommit:
    """A commit to be published.

    branch: as `branches.find_row` found it when the tree was made.  parents: rows, the first is its head.
    open_row: of the open commit that this finishes, and how often that was sealed; None for a new one.
    """

    branch: Mapping[str, Any]
    parents: Sequence[int]
    tree: Tree
    words: Words
    attached: Sequence[Attached] = ()
    open_row: tuple[int, int] | None = None


def seal(tx: Tx, commit: Commit, lease: Lease) -> int:
    """Close the open commit, so that it takes nothing more; the number of the seal, which names the lease.

    One that is being finished, or was when a process died, is taken up under its seal.
    Raises Conflict("commit-finished"), NotFound("commit-not-found").
    """
    commits.reopen_dead(tx, commit.row_id)
    tx.execute(_SEAL, {"commit_row": commit.row_id, "seal": lease.id % SEALS})
    row = tx.execute(_SEALS, {"commit_row": commit.row_id}).first()
    if row is None:
        raise commits.not_there(commit.id)
    if row["state"] == "finished":
        raise commits.finished(commit.id)
    return int(row["seals"])


def unseal(tx: Tx, commit: Commit, seal_number: int) -> None:
    """Open the commit again, unless somebody did so already."""
    tx.execute(_UNSEAL, {"commit_row": commit.row_id, "seal": seal_number})


def add_packs(tx: Tx, repo_id: int, packs: Sequence[WrittenPack]) -> None:
    """Let the packs count from now on."""
    for pack in packs:
        tx.execute(
            _ADD_PACK,
            {
                "repo_id": repo_id,
                "name": pack.name,
                "object_count": pack.object_count,
                "size_bytes": pack.size_bytes,
                "created_at": tx.now,
            },
        )


def is_unmoved(tx: Tx, branch: Mapping[str, Any]) -> bool:
    """Whether the branch is as it was found; it stays so until the transaction ends."""
    version: int | None = tx.execute(_LOCKED, {"branch_id": branch["id"]}).scalar()
    return version is not None and version == int(branch["version"])


def publish(tx: Tx, grant: Grant, new: NewCommit) -> int:
    """Write the commit and move its branch to it, which `is_unmoved`; its row.

    Raises NotFound("commit-not-found"), also of what it was made from, Conflict("commit-finished").
    """
    files, size_bytes = new.tree.totals()
    values = {
        "state": "finished",
        "branch": new.branch["name"],
        "message": new.words.message,
        "author_id": grant.actor.user_id,
        "metadata": msgspec.json.encode(new.words.metadata).decode(),
        "generation": _generation(tx, new.parents),
        "root": new.tree.root,
        "height": new.tree.height,
        "file_count": files,
        "size_bytes": size_bytes,
        "finished_at": tx.now,
    }
    row_id = _insert(tx, grant, values) if new.open_row is None else _finish(tx, new.open_row, values)
    _add_edges(tx, row_id, new)
    tx.execute(_MOVE, {"branch_id": new.branch["id"], "commit_row": row_id})
    key = tx.execute(select(_c.key).where(_c.id == row_id)).scalar_one()
    events.record(
        tx,
        "commit.finished",
        actor_id=grant.actor.user_id,
        subject_id=row_id,
        payload={"repo_id": grant.repo_id, "commit": key, "branch": new.branch["name"]},
    )
    return row_id


def _generation(tx: Tx, parents: Sequence[int]) -> int:
    rows = tx.execute(select(_c.generation).where(_c.id.in_(parents))).scalars().all()
    return 1 + max(rows, default=0)


def _insert(tx: Tx, grant: Grant, values: Mapping[str, object]) -> int:
    made = {"key": commits.new_key(), "repo_id": repo_id_of(grant), "created_at": tx.now}
    return int(tx.execute(_INSERT, {**values, **made}).scalar_one())


def _finish(tx: Tx, sealed: tuple[int, int], values: Mapping[str, object]) -> int:
    open_row, seal = sealed
    if tx.execute(_FINISH.values(**values), {"commit_row": open_row, "seal": seal}).rowcount == 0:
        raise _not_sealed(tx, open_row)
    row = {"commit_row": open_row}
    for statement in (_UNSTAGE, _DROP_PARENTS, _UNSHARE):
        tx.execute(statement, row)
    return open_row


def _not_sealed(tx: Tx, open_row: int) -> TreadleError:
    found = commits.get_rows(tx, [open_row])
    if not found:
        return NotFound("commit-not-found", "The open commit was abandoned while it was being finished.")
    if found[0].state == "finished":
        return commits.finished(found[0].id)
    return Conflict("commit-reopened", f"Commit {found[0].id} was opened again meanwhile. Finish it again.")


def _add_edges(tx: Tx, row_id: int, new: NewCommit) -> None:
    for position, parent in enumerate(new.parents):
        tx.execute(insert(repo_parents), {"commit_id": row_id, "position": position, "parent_id": parent})
    for source in dict.fromkeys(new.words.provenance):
        source_row = commits.get(tx, source).row_id
        tx.execute(insert(repo_provenance), {"commit_id": row_id, "source_id": source_row})
    for each in new.attached:
        values = {"name": each.name, "content_id": each.content_id, "size_bytes": each.size_bytes}
        tx.execute(insert(repo_attachments), {"commit_id": row_id, **values})

"""What became of a repo over HTTP: log, diff, finishing, merging, picking and reverting."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Literal

import msgspec

from treadle.access import RepoScope, allow
from treadle.db import Tx
from treadle.errors import Conflict
from treadle.permissions import Permission
from treadle.repos import commits, history, merging, refs
from treadle.repos.values import Commit, MergeConflicts
from treadle.web.absent import told_as
from treadle.web.call import Call
from treadle.web.repo_bodies import Teller, change_body, conflict_body
from treadle.web.repo_changes import allow_change, check_message, tell_commit
from treadle.web.routes_repos import repo_of
from treadle.web.routes_repos_refs import commit_at, page_size
from treadle.web.routing import Reply, Route, json_reply

_READ, _WRITE = Permission.REPO_READ, Permission.REPO_WRITE


class Finish(msgspec.Struct):
    """How an open commit is finished; ``provenance`` are ids of commits that one may read.

    ``prefer``: whose files stay where the branch changed the same meanwhile: ours, what was put, or theirs.
    """

    message: str = ""
    metadata: dict[str, Any] = {}
    provenance: list[str] = []
    allow_empty: bool = False
    prefer: Literal["ours", "theirs"] | None = None


class Merge(msgspec.Struct, rename={"source": "from"}):
    """A ref to be merged into a branch; ``resolutions`` are ours, theirs, base or delete by path."""

    source: str
    into: str
    message: str = ""
    prefer: str | None = None
    resolutions: dict[str, str] = {}


class CherryPick(msgspec.Struct):
    """A commit whose change is done again on a branch."""

    commit: str
    onto: str
    message: str | None = None


class Revert(msgspec.Struct):
    """A commit whose change is taken back on a branch."""

    commit: str
    on: str
    message: str | None = None


def list_commits(call: Call) -> Reply:
    """What led to ``?ref=``, newest first; with ``?path=`` what changed a file, or a folder by its slash."""
    size, after = page_size(call), call.query_text("after") or None
    with call.read() as tx:
        repo_id = repo_of(call, tx)
        head = commit_at(tx, repo_id, call.query_text("ref") or "master")
    if head is None:
        return json_reply({"results": [], "next": None})
    found = _log(call, head, size + 1, after)
    with call.read() as tx:
        results = Teller(tx, call.actor).commits(found[:size])
    return json_reply({"results": results, "next": found[size - 1].id if len(found) > size else None})


def list_changes(call: Call) -> Reply:
    """What differs from ``?from=``, else the first parent, to ``?to=``, in the order of paths."""
    size = page_size(call)
    with call.read() as tx:
        repo_id = repo_of(call, tx)
        new = refs.resolve(tx, repo_id, call.query_text("to") or "master")
        old = _older(tx, repo_id, call.query_text("from"), new)
    prefix, after = call.query_text("prefix").removeprefix("/"), call.query_text("after")
    changes = call.parts.repos.diff(repo_id, old, new.id, prefix=prefix, after=after)
    page = list(islice(changes, size + 1))
    following = page[size - 1].path if len(page) > size else None
    results = [change_body(each) for each in page[:size]]
    return json_reply({"from": old, "to": new.id, "results": results, "next": following})


def finish_commit(call: Call) -> Reply:
    """Make an open commit the head of its branch."""
    grant, asked = allow_change(call), call.decode(Finish)
    with call.read() as tx:
        _check_readable(call, tx, asked.provenance)
    commit = call.parts.repos.finish(
        grant,
        call.path_params["ref"],
        check_message(asked.message),
        metadata=asked.metadata,
        provenance=asked.provenance,
        allow_empty=asked.allow_empty,
        prefer=asked.prefer,
    )
    return json_reply(tell_commit(call, commit))


def merge(call: Call) -> Reply:
    """Merge a ref into a branch: 201 with the commit, or 409 with every conflict, and nothing changed."""
    grant, asked = allow_change(call), call.decode(Merge)
    source = _resolve(call, asked.source)
    return _made(
        call,
        lambda: merging.merge(
            call.parts.repos,
            grant,
            into=asked.into,
            source=source,
            message=check_message(asked.message),
            prefer=asked.prefer,
            resolutions=asked.resolutions,
        ),
    )


def cherry_pick(call: Call) -> Reply:
    """Do on a branch what one commit did."""
    grant, asked = allow_change(call), call.decode(CherryPick)
    picked, message = _resolve(call, asked.commit), check_message(asked.message or "") or None
    return _made(
        call,
        lambda: merging.cherry_pick(
            call.parts.repos, grant, onto=asked.onto, commit_id=picked, message=message
        ),
    )


def revert(call: Call) -> Reply:
    """Undo on a branch what one commit did."""
    grant, asked = allow_change(call), call.decode(Revert)
    reverted, message = _resolve(call, asked.commit), check_message(asked.message or "") or None
    return _made(
        call,
        lambda: merging.revert(call.parts.repos, grant, on=asked.on, commit_id=reverted, message=message),
    )


def get_blame(call: Call) -> Reply:
    """Which commit each line of a text came with; of another file which one brought its bytes."""
    with call.read() as tx:
        repo_id = repo_of(call, tx)
        at = refs.resolve(tx, repo_id, call.query_text("ref") or "master")
    found = history.blame(call.parts.repos, repo_id, at.id, call.query_text("path"))
    lines = None
    if found.lines is not None:
        numbered = enumerate(found.lines, 1)
        lines = [{"number": number, "text": each.text, "commit": each.commit} for number, each in numbered]
    with call.read() as tx:
        teller = Teller(tx, call.actor)
        told = {"commit": teller.commit(found.commit), "commits": teller.commits(found.commits)}
    return json_reply({**told, "results": lines, "is_complete": found.is_complete})


def _log(call: Call, head: Commit, limit: int, after: str | None) -> list[Commit]:
    path = call.query_text("path")
    if not path:
        with call.read() as tx:
            return commits.log(tx, head.id, limit=limit, after=after)
    engine = call.parts.repos
    found = history.path_log(engine, head.repo_id, head.id, path, limit=limit, after=after)
    return [commit for commit, _change in found]


def _older(tx: Tx, repo_id: int, ref: str, new: Commit) -> str | None:
    if ref:
        return refs.resolve(tx, repo_id, ref).id
    return new.parents[0] if new.parents else None


def _resolve(call: Call, ref: str) -> str:
    with call.read() as tx:
        return refs.resolve(tx, call.path_int("id"), ref).id


def _made(call: Call, make: Callable[[], Commit]) -> Reply:
    try:
        commit = make()
    except MergeConflicts as error:
        told = {"conflicts": [conflict_body(each) for each in error.conflicts]}
        raise Conflict(error.code, error.message, details={"details": told}) from error
    return json_reply(tell_commit(call, commit), 201)


def _check_readable(call: Call, tx: Tx, commit_ids: list[str]) -> None:
    """Raises NotFound for a commit that the actor cannot see."""
    for commit_id in commit_ids:
        with told_as(commits.not_there(commit_id)):  # in the same words as of one that is nowhere
            allow(tx, call.actor, _READ, RepoScope(commits.get(tx, commit_id).repo_id))


_ONE = "/api/repos/{id}"

ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_ONE}/commits/", list_commits, _READ, "List commits"),
    Route("GET", f"{_ONE}/blame/", get_blame, _READ, "Which commit each line came with"),
    Route("GET", f"{_ONE}/diff/", list_changes, _READ, "What differs between two commits"),
    Route("POST", f"{_ONE}/commits/{{ref}}/finish/", finish_commit, _WRITE, "Finish an open commit", Finish),
    Route("POST", f"{_ONE}/merges/", merge, _WRITE, "Merge into a branch", Merge, status=201),
    Route(
        "POST", f"{_ONE}/cherry-picks/", cherry_pick, _WRITE, "Cherry-pick a commit", CherryPick, status=201
    ),
    Route("POST", f"{_ONE}/reverts/", revert, _WRITE, "Revert a commit", Revert, status=201),
)

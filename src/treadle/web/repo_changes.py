"""Where a change of a repo goes: a commit of its own, an open commit, or the one that a branch shares."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from treadle.access import Grant
from treadle.errors import Conflict, Invalid, NotFound
from treadle.repos import branches, commits
from treadle.repos.catalogue import repo_id_of
from treadle.repos.values import Commit
from treadle.web import bodies
from treadle.web.call import Call
from treadle.web.repo_bodies import Teller
from treadle.web.routes_repos import grant_of

_LONGEST_MESSAGE = 10_000


@dataclass(frozen=True)
class Goal:
    """``commit``: an open commit by its id, or "": then a commit of its own on ``branch``, or with
    ``is_staged`` the shared open commit of the branch."""

    branch: str = "master"
    commit: str = ""
    is_staged: bool = False
    message: str = ""


def read_goal(call: Call) -> Goal:
    """``?branch=&message=``, ``?branch=&stage=1`` or ``?commit=``. Raises Invalid("message-too-long")."""
    return Goal(
        call.query_text("branch") or "master",
        call.query_text("commit"),
        bodies.flag("stage", call.query.get("stage"), False),
        check_message(call.query_text("message")),
    )


def check_message(text: str) -> str:
    """A commit's message. Raises Invalid("message-too-long")."""
    if len(text) <= _LONGEST_MESSAGE:
        return text
    told = f"A message has at most {_LONGEST_MESSAGE:,} characters."
    raise Invalid("message-too-long", told, fields={"message": [told]})


def allow_change(call: Call) -> Grant:
    """The grant to change the repo of the path. Raises NotFound, Forbidden."""
    with call.read() as tx:
        return grant_of(call, tx)[1]


def stage(call: Call, grant: Grant, goal: Goal, change: Callable[[str], object]) -> Commit:
    """Let ``change`` put into the open commit that is meant, whose id it gets; the commit.

    One of its own is started for it and finished behind it, or abandoned where it fails.
    """
    if goal.commit or goal.is_staged:
        commit_id = goal.commit or _shared(call, grant, goal.branch)
        change(commit_id)
        with call.parts.database.read() as tx:
            return commits.get(tx, commit_id, grant.repo_id)
    with call.parts.database.write() as tx:
        started = commits.start(tx, grant, goal.branch)
    try:
        change(started.id)
        return call.parts.repos.finish(grant, started.id, goal.message)
    except BaseException as error:
        with suppress(NotFound, Conflict), call.parts.database.write() as tx:
            commits.abandon(tx, grant, started.id)
        if isinstance(error, NotFound):  # nobody knows that commit, and it is gone
            raise _of_branch(error, started, goal.branch) from error
        raise


def commit_or_head(call: Call, grant: Grant, branch: str, make: Callable[[], Commit]) -> Commit:
    """What ``make`` commits; where nothing differs from the head of the branch, that."""
    try:
        return make()
    except Conflict as error:
        if error.code != "commit-empty":
            raise
        with call.parts.database.read() as tx:
            head = branches.get(tx, repo_id_of(grant), branch).head
            if head is None:
                raise
            return commits.get(tx, head, grant.repo_id)


def open_commit_of(call: Call, grant: Grant, goal: Goal) -> str | None:
    """The open commit that is meant; None where the change is a commit of its own."""
    if goal.commit:
        return goal.commit
    return _shared(call, grant, goal.branch) if goal.is_staged else None


def tell_commit(call: Call, commit: Commit) -> dict[str, object]:
    """The commit as it goes out."""
    with call.parts.database.read() as tx:
        return Teller(tx, call.actor).commit(commit)


def _of_branch(error: NotFound, started: Commit, branch: str) -> NotFound:
    message = error.message.replace(f"at commit {started.id}", f"on branch {branch}")
    return NotFound(error.code, message, fields=error.fields, details=error.details)


def _shared(call: Call, grant: Grant, branch: str) -> str:
    with call.parts.database.write() as tx:
        return commits.shared_open(tx, grant, branch).id

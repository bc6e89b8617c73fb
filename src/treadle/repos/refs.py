"""What people write to mean a commit or a file: ``team/images@master^2:/a/b.png``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_branches, repo_commits, repo_tags
from treadle.errors import Invalid, NotFound
from treadle.repos import commits
from treadle.repos.catalogue import FIRST_BRANCH, name_of
from treadle.repos.values import Commit

#: How many characters of a commit's id name it, at least.
SHORTEST_ID = 8

_TEXT = re.compile(
    r"(?:(?P<workspace>[a-z0-9-]+)/)?(?P<repo>[A-Za-z0-9_-]{1,63})(?:@(?P<ref>[^:/]+))?(?::(?P<path>.*))?",
    re.DOTALL,
)
_ID = re.compile(r"[0-9a-f]{32}")
_SHORT_ID = re.compile(rf"[0-9a-f]{{{SHORTEST_ID},31}}")
_UP = re.compile(r"(?P<name>[^^~]+)(?P<steps>\^+|[\^~][0-9]*)")
_FROM_FIRST = re.compile(r"(?P<name>.+)\.(?P<number>[0-9]{1,9})")

_BRANCH = Prepared(
    select(repo_branches.c.head_id).where(
        repo_branches.c.repo_id == bindparam("repo_id"), repo_branches.c.name == bindparam("name")
    )
)
_TAG = Prepared(
    select(repo_tags.c.commit_id).where(
        repo_tags.c.repo_id == bindparam("repo_id"), repo_tags.c.name == bindparam("name")
    )
)
_BY_PREFIX = Prepared(
    select(repo_commits.c.id)
    .where(
        repo_commits.c.repo_id == bindparam("repo_id"),
        repo_commits.c.key >= bindparam("first"),
        repo_commits.c.key < bindparam("beyond"),
    )
    .limit(2)
)


@dataclass(frozen=True)
class RefText:
    """A repo, a commit of it and perhaps a path there, as written.

    workspace: None for that of whoever asks.  ref: what `resolve` takes.  path: None where no colon stands.
    """

    workspace: str | None
    repo: str
    ref: str = FIRST_BRANCH
    path: str | None = None


def parse(text: str) -> RefText:
    """The parts of ``[workspace/]repo[@ref][:path]``; without a ref it is branch master.

    Raises Invalid("ref").
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise Invalid(
            "ref", f"{text!r} names no repo. Write repo@branch:/path, or workspace/repo@branch:/path."
        )
    return RefText(found["workspace"], found["repo"], found["ref"] or FIRST_BRANCH, found["path"])


def resolve(tx: Tx, repo_id: int, ref: str) -> Commit:
    """The commit that ``ref`` means in the repo.

    A branch (its head), a tag, a commit's id or at least 8 characters of one; ``HEAD`` is the head of
    master, ``master=HEAD`` that of master, ``master=ID`` the commit.  Behind it ``^``, ``^^``, ``^2``,
    ``~2`` go that many first parents up, and ``.1`` is the first commit of the line, ``.2`` the next.
    Raises NotFound("ref-not-found"), Invalid("ref").
    """
    found = find(tx, repo_id, ref)
    if found is None:
        raise no_ref(tx, repo_id, ref)
    return found


def no_ref(tx: Tx, repo_id: int, ref: str) -> NotFound:
    """The error for a ref that means nothing in the repo."""
    return NotFound("ref-not-found", f"Repo {name_of(tx, repo_id)} has no branch, tag or commit {ref!r}.")


def find(tx: Tx, repo_id: int, ref: str) -> Commit | None:
    """As `resolve`, with None for what is not there or has no commit yet. Raises Invalid("ref")."""
    row_id = _find(tx, repo_id, ref)
    if row_id is None:
        return None
    return commits.get_rows(tx, [row_id])[0]


def _find(tx: Tx, repo_id: int, ref: str) -> int | None:
    named = _named(tx, repo_id, ref)
    if named is not None:
        return named
    branch, separator, rest = ref.partition("=")
    if separator:
        return _find(tx, repo_id, rest if rest != "HEAD" else branch)
    if "^" in ref or "~" in ref:
        return _above(tx, repo_id, ref)
    counted = _FROM_FIRST.fullmatch(ref)
    if counted:
        return _from_first(tx, repo_id, counted["name"], int(counted["number"]))
    return None


def _named(tx: Tx, repo_id: int, name: str) -> int | None:
    name = FIRST_BRANCH if name == "HEAD" else name
    place = {"repo_id": repo_id, "name": name}
    if _ID.fullmatch(name):
        found = commits.find(tx, name, repo_id)
        return found.row_id if found else None
    branch = tx.execute(_BRANCH, place).first()
    if branch is not None:
        return branch["head_id"]  # type: ignore[no-any-return]
    tag = tx.execute(_TAG, place).first()
    if tag is not None:
        return int(tag["commit_id"])
    return _by_prefix(tx, repo_id, name) if _SHORT_ID.fullmatch(name) else None


def _by_prefix(tx: Tx, repo_id: int, prefix: str) -> int | None:
    between = {"repo_id": repo_id, "first": prefix, "beyond": prefix + "g"}
    rows = tx.execute(_BY_PREFIX, between).all()
    if len(rows) > 1:
        raise Invalid("ref", f"Several commits of repo {repo_id} begin with {prefix}. Write more of the id.")
    return int(rows[0]["id"]) if rows else None


def _above(tx: Tx, repo_id: int, ref: str) -> int | None:
    found = _UP.fullmatch(ref)
    if found is None or len(found["steps"]) > 10:
        raise Invalid("ref", f"{ref!r} is no ref: behind a name stand ^, ^^, ^2 or ~2, and one kind of them.")
    steps = found["steps"]
    count = int(steps[1:]) if steps[1:].isdigit() else len(steps)
    begin = _named(tx, repo_id, found["name"])
    if begin is None:
        return None
    line = commits.line_of(tx, begin, count + 1)
    return line[count] if len(line) > count else None


def _from_first(tx: Tx, repo_id: int, name: str, number: int) -> int | None:
    begin = _named(tx, repo_id, name)
    if begin is None:
        return None
    line = commits.line_of(tx, begin)
    return line[-number] if 1 <= number <= len(line) else None

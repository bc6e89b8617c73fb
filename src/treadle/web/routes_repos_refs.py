"""Branches, tags and commits of a repo over HTTP."""

from __future__ import annotations

import msgspec

from treadle.db import Tx
from treadle.permissions import Permission
from treadle.repos import branches, commits, refs, tags
from treadle.repos.values import Commit
from treadle.web.call import Call
from treadle.web.repo_bodies import Teller, branch_body, is_branch, tag_body
from treadle.web.routes_repos import grant_of, repo_of
from treadle.web.routing import Reply, Route, empty, json_reply

_READ, _WRITE = Permission.REPO_READ, Permission.REPO_WRITE
PAGE_SIZE = 100
MOST_PER_PAGE = 10_000


class NewBranch(msgspec.Struct):
    """A branch to be made at a ref; without one, or at a branch that is empty, it begins empty."""

    name: str
    at: str | None = None


class BranchMove(msgspec.Struct):
    """Where a branch shall point to, and where it was seen last; null: at no commit."""

    head: str | None
    expected_head: str | None


class NewTag(msgspec.Struct):
    """A tag to be made at a ref."""

    name: str
    at: str
    message: str = ""


class NewCommit(msgspec.Struct):
    """An open commit to be started."""

    branch: str = "master"


def list_branches(call: Call) -> Reply:
    with call.read() as tx:
        found = branches.list_all(tx, repo_of(call, tx))
    return json_reply({"results": [branch_body(each) for each in found]})


def create_branch(call: Call) -> Reply:
    asked = call.decode(NewBranch)
    with call.write() as tx:
        repo_id, grant = grant_of(call, tx)
        found = commit_at(tx, repo_id, asked.at) if asked.at else None
        made = branches.create(tx, grant, asked.name, found.id if found else None)
        return json_reply(branch_body(made), 201)


def get_branch(call: Call) -> Reply:
    with call.read() as tx:
        found = branches.get(tx, repo_of(call, tx), call.path_params["name"])
    return json_reply(branch_body(found))


def move_branch(call: Call) -> Reply:
    """Let the branch point elsewhere, if it is where it was seen last; else 409, branch-moved."""
    asked = call.decode(BranchMove)
    with call.write() as tx:
        repo_id, grant = grant_of(call, tx)
        to = refs.resolve(tx, repo_id, asked.head).id if asked.head else None
        name = call.path_params["name"]
        moved = branches.reset(tx, grant, name, to=to, expected_head=asked.expected_head)
    return json_reply(branch_body(moved))


def delete_branch(call: Call) -> Reply:
    with call.write() as tx:
        branches.delete(tx, grant_of(call, tx)[1], call.path_params["name"])
    return empty()


def list_tags(call: Call) -> Reply:
    with call.read() as tx:
        found = tags.list_all(tx, repo_of(call, tx))
    return json_reply({"results": [tag_body(each) for each in found]})


def create_tag(call: Call) -> Reply:
    asked = call.decode(NewTag)
    with call.write() as tx:
        repo_id, grant = grant_of(call, tx)
        at = refs.resolve(tx, repo_id, asked.at).id
        return json_reply(tag_body(tags.create(tx, grant, asked.name, at, message=asked.message)), 201)


def delete_tag(call: Call) -> Reply:
    with call.write() as tx:
        tags.delete(tx, grant_of(call, tx)[1], call.path_params["name"])
    return empty()


def start_commit(call: Call) -> Reply:
    """Open a commit of one's own: it takes files until it is finished."""
    asked = call.decode(NewCommit)
    with call.write() as tx:
        started = commits.start(tx, grant_of(call, tx)[1], asked.branch)
        return json_reply(Teller(tx, call.actor).commit(started), 201)


def get_commit(call: Call) -> Reply:
    """The commit that a branch, a tag or an id stands for."""
    with call.read() as tx:
        found = refs.resolve(tx, repo_of(call, tx), call.path_params["ref"])
        return json_reply(Teller(tx, call.actor).commit(found))


def abandon_commit(call: Call) -> Reply:
    """Forget an open commit and what was put into it."""
    with call.write() as tx:
        commits.abandon(tx, grant_of(call, tx)[1], call.path_params["ref"])
    return empty()


def commit_at(tx: Tx, repo_id: int, ref: str) -> Commit | None:
    """The commit of a ref; None for a branch that has none yet. Raises NotFound("ref-not-found")."""
    found = refs.find(tx, repo_id, ref)
    if found is None and not is_branch(tx, repo_id, ref):
        raise refs.no_ref(tx, repo_id, ref)
    return found


def page_size(call: Call, default: int = PAGE_SIZE) -> int:
    """How many the caller wants at once. Raises Invalid("query-invalid")."""
    return call.query_page("limit", default, MOST_PER_PAGE)


_BRANCHES = "/api/repos/{id}/branches/"
_BRANCH = "/api/repos/{id}/branches/{name}/"
_TAGS = "/api/repos/{id}/tags/"
_COMMIT = "/api/repos/{id}/commits/{ref}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _BRANCHES, list_branches, _READ, "List branches"),
    Route("POST", _BRANCHES, create_branch, _WRITE, "New branch", NewBranch, status=201),
    Route("GET", _BRANCH, get_branch, _READ, "Get a branch"),
    Route("PUT", _BRANCH, move_branch, _WRITE, "Move a branch", BranchMove),
    Route("DELETE", _BRANCH, delete_branch, _WRITE, "Delete a branch", status=204),
    Route("GET", _TAGS, list_tags, _READ, "List tags"),
    Route("POST", _TAGS, create_tag, _WRITE, "New tag", NewTag, status=201),
    Route("DELETE", "/api/repos/{id}/tags/{name}/", delete_tag, _WRITE, "Delete a tag", status=204),
    Route("POST", "/api/repos/{id}/commits/", start_commit, _WRITE, "Open a commit", NewCommit, status=201),
    Route("GET", _COMMIT, get_commit, _READ, "Get a commit"),
    Route("DELETE", _COMMIT, abandon_commit, _WRITE, "Abandon an open commit", status=204),
)

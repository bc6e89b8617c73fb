"""Repos over HTTP: listing, making, describing, deleting and restoring them."""

from __future__ import annotations

import msgspec

from treadle.access import DeletedRepoScope, Grant, RepoScope, WorkspaceScope, allow, allow_anywhere
from treadle.access.workspaces import FIRST_WORKSPACE, Workspace, list_workspaces
from treadle.db import Tx
from treadle.errors import Invalid, NotFound
from treadle.permissions import Permission
from treadle.repos import catalogue
from treadle.repos.values import Repo
from treadle.web.body_types import Whole
from treadle.web.call import Call
from treadle.web.repo_bodies import Teller
from treadle.web.routing import SIGNED_IN, Reply, Route, empty, json_reply

_READ, _WRITE, _DELETE = Permission.REPO_READ, Permission.REPO_WRITE, Permission.REPO_DELETE


class NewRepo(msgspec.Struct):
    """A repo to be made; ``workspace`` is an id or a name, and may be left out by who has only one, or
    may make repos in the first one, ``main``."""

    name: str
    workspace: Whole | str | None = None
    description: str = ""


class RepoChange(msgspec.Struct):
    """What becomes of a repo; what is left out stays."""

    name: str | None = None
    description: str | None = None


def list_repos(call: Call) -> Reply:
    """Repos that one may read; ``?workspace=`` by id or name, ``?name=images`` or ``team/images``."""
    with call.read() as tx:
        grants = _grants(call, tx, _READ)
        name = call.query_text("name")
        found = _named(tx, grants, name) if name else catalogue.list_all(tx, grants)
        wanted = call.query_text("workspace")
        kept = [repo for repo in found if wanted in ("", repo.workspace, str(repo.workspace_id))]
        return json_reply({"results": Teller(tx, call.actor).repos(kept)})


def create_repo(call: Call) -> Reply:
    asked = call.decode(NewRepo)
    with call.write() as tx:
        workspace_id = _workspace(call, tx, asked)
        grant = call.allow(tx, WorkspaceScope(workspace_id))
        repo = catalogue.create(tx, grant, asked.name, asked.description)
        return json_reply(Teller(tx, call.actor).repo(repo), 201)


def get_repo(call: Call) -> Reply:
    with call.read() as tx:
        repo_id = repo_of(call, tx)
        return json_reply(Teller(tx, call.actor).repo(catalogue.get(tx, repo_id)))


def change_repo(call: Call) -> Reply:
    asked = call.decode(RepoChange)
    with call.write() as tx:
        grant = call.allow(tx, RepoScope(call.path_int("id")))
        repo = catalogue.change(tx, grant, name=asked.name, description=asked.description)
        return json_reply(Teller(tx, call.actor).repo(repo))


def delete_repo(call: Call) -> Reply:
    """Delete it; for 30 days it can be restored."""
    with call.write() as tx:
        catalogue.delete(tx, call.allow(tx, RepoScope(call.path_int("id"))))
    return empty()


def list_deleted_repos(call: Call) -> Reply:
    """Repos that are deleted and that one may restore."""
    with call.read() as tx:
        deleted = catalogue.list_deleted(tx, _grants(call, tx, _DELETE))
    return json_reply(
        {
            "results": [
                {
                    "id": each.repo.id,
                    "name": each.repo.name,
                    "workspace": {"id": each.repo.workspace_id, "name": each.repo.workspace},
                    "deleted_at": each.deleted_at,
                    "restore_until": each.freed_at,
                }
                for each in deleted
            ]
        }
    )


def restore_repo(call: Call) -> Reply:
    with call.write() as tx:
        repo = catalogue.restore(tx, call.allow(tx, DeletedRepoScope(call.path_int("id"))))
        return json_reply(Teller(tx, call.actor).repo(repo))


def repo_of(call: Call, tx: Tx) -> int:
    """The repo of the path, of which the actor holds the route's permission. Raises NotFound, Forbidden."""
    return grant_of(call, tx)[0]


def grant_of(call: Call, tx: Tx) -> tuple[int, Grant]:
    """The repo of the path, and the grant. Raises NotFound("repo-not-found"), Forbidden."""
    repo_id = call.path_int("id")
    return repo_id, call.allow(tx, RepoScope(repo_id))


def _grants(call: Call, tx: Tx, permission: Permission) -> dict[int, Grant]:
    """The permission in every workspace; an organisation admin has it in each that there is."""
    if not call.actor.is_admin:
        return allow_anywhere(tx, call.actor, permission)
    ids = [workspace.id for workspace in list_workspaces(tx, call.actor)]
    return {each: allow(tx, call.actor, permission, WorkspaceScope(each)) for each in ids}


def _named(tx: Tx, grants: dict[int, Grant], text: str) -> list[Repo]:
    workspace, _, name = text.rpartition("/")
    found = catalogue.find(tx, list(grants), name)
    return [repo for repo in found if workspace in ("", repo.workspace)]


def _workspace(call: Call, tx: Tx, new: NewRepo) -> int:
    asked = new.workspace
    if isinstance(asked, int):
        return asked
    known = list_workspaces(tx, call.actor)
    if asked is not None:
        for workspace in known:
            if asked in (workspace.name, str(workspace.id)):
                return workspace.id
        raise NotFound("workspace-not-found", f"There is no workspace {asked!r} that you can see.")
    return _own_workspace(call, tx, known, new.name)


def _own_workspace(call: Call, tx: Tx, known: list[Workspace], name: str) -> int:
    """The only one where the actor may make repos, or among several the installation's first."""
    grants = _grants(call, tx, _WRITE)
    writable = [each for each in known if each.id in grants]
    if len(writable) == 1:
        return writable[0].id
    if not writable and len(known) == 1:
        return known[0].id  # whose refusal says which role is needed
    for each in writable:
        if each.name == FIRST_WORKSPACE:
            return each.id
    names = ", ".join(each.name for each in writable) or "none"
    text = f"In which workspace? You may make repos in: {names}."
    if writable:
        text += f" Type: treadle repo create {writable[0].name}/{name}, or send it as workspace."
    raise Invalid("workspace-needed", text, fields={"workspace": [text]})


_ONE = "/api/repos/{id}/"

ROUTES: tuple[Route, ...] = (
    # Those that one may read, or restore; to some people there are none.
    Route("GET", "/api/repos/", list_repos, SIGNED_IN, "List repos"),
    Route("POST", "/api/repos/", create_repo, _WRITE, "New repo", NewRepo, status=201),
    Route("GET", "/api/repos/deleted/", list_deleted_repos, SIGNED_IN, "List deleted repos"),
    Route("GET", _ONE, get_repo, _READ, "Get a repo"),
    Route("PATCH", _ONE, change_repo, _WRITE, "Rename or describe a repo", RepoChange),
    Route("DELETE", _ONE, delete_repo, _DELETE, "Delete a repo", status=204),
    Route("POST", "/api/repos/{id}/restore/", restore_repo, _DELETE, "Restore a deleted repo"),
)

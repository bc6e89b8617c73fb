"""Workspaces, their members, and invitations."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.access import ORGANIZATION, ProjectScope, WorkspaceScope
from treadle.access.invitations import (
    INVITATION_LIFE_DAYS,
    Invitation,
    accept_invitation,
    invite,
    list_invitations,
    revoke_invitation,
)
from treadle.access.roles import (
    Member,
    give_project_role,
    give_role,
    list_members,
    list_project_members,
    remove_member,
    remove_project_role,
)
from treadle.access.users import find_user
from treadle.access.workspaces import (
    Workspace,
    create_workspace,
    delete_workspace,
    list_workspaces,
    read_workspace,
    rename_workspace,
)
from treadle.db import Tx
from treadle.errors import NotFound
from treadle.permissions import Permission, Role
from treadle.tracking.contents import holding_still
from treadle.tracking.purging import note_ended
from treadle.web.body_types import Whole
from treadle.web.call import Call
from treadle.web.narrower import check_is_workspace_wide
from treadle.web.routing import OWN_ACCOUNT, Reply, Route, empty, json_reply


class WorkspaceBody(msgspec.Struct):
    """A workspace with the asking person's role."""

    id: int
    name: str
    title: str
    role: Role


class NewWorkspace(msgspec.Struct):
    """A workspace to be made."""

    name: str
    title: str = ""


class WorkspaceChange(msgspec.Struct):
    """What to change of a workspace; what is left out stays."""

    name: str | None = None
    title: str | None = None


class UserOfMember(msgspec.Struct):
    """Who it is."""

    id: int
    email: str
    first_name: str
    last_name: str
    is_service_account: bool


class MemberBody(msgspec.Struct):
    """A person with their role."""

    user: UserOfMember
    role: Role
    created_at: datetime


class NewMember(msgspec.Struct):
    """A role to be given; ``user`` is an id or an e-mail address."""

    user: Whole | str
    role: Role
    experiment: str | Whole | None = None
    model: str | None = None


class NewInvitation(msgspec.Struct):
    """An invitation to be made; with an e-mail address only that person may accept it."""

    role: Role
    email: str | None = None
    expires_in_days: int = INVITATION_LIFE_DAYS


class InvitationBody(msgspec.Struct):
    """An invitation, without the text of its link."""

    id: int
    workspace_id: int
    role: Role
    email: str | None
    created_by: int | None
    created_at: datetime
    expires_at: datetime
    accepted_by: int | None
    accepted_at: datetime | None


class NewInvitationBody(InvitationBody):
    """An invitation with its token, which is shown this once; the link is user/signup?invitation=TOKEN."""

    token: str


class TokenOfInvitation(msgspec.Struct):
    """The token of a link."""

    token: str


def get_workspaces(call: Call) -> Reply:
    with call.read() as tx:
        call.allow_anywhere(tx)
        return json_reply([_workspace_body(workspace) for workspace in list_workspaces(tx, call.actor)])


def post_workspace(call: Call) -> Reply:
    asked = call.decode(NewWorkspace)
    with call.write() as tx:
        grant = call.allow(tx, ORGANIZATION)
        return json_reply(_workspace_body(create_workspace(tx, grant, asked.name, asked.title)), 201)


def get_workspace(call: Call) -> Reply:
    scope = WorkspaceScope(call.path_int("id"))
    with call.read() as tx:
        return json_reply(_workspace_body(read_workspace(tx, call.allow(tx, scope))))


def patch_workspace(call: Call) -> Reply:
    scope, change = WorkspaceScope(call.path_int("id")), call.decode(WorkspaceChange)
    with call.write() as tx:
        grant = call.allow(tx, scope)
        rename_workspace(tx, grant, name=change.name, title=change.title)
        return json_reply(_workspace_body(read_workspace(tx, grant)))


def remove_workspace(call: Call) -> Reply:
    scope = WorkspaceScope(call.path_int("id"))
    with call.read() as tx:
        call.allow(tx, scope)
    # Committed while MLflow's tables stand still: what is counted is what there is.
    with holding_still(call.parts.settings) as elsewhere, call.write() as tx:
        delete_workspace(tx, call.allow(tx, scope), elsewhere.count(scope.workspace_id))
        note_ended(tx, scope.workspace_id)
    return empty()


def get_members(call: Call) -> Reply:
    scope = WorkspaceScope(call.path_int("id"))
    with call.read() as tx:
        return json_reply([_member_body(member) for member in list_members(tx, call.allow(tx, scope))])


def post_member(call: Call) -> Reply:
    scope, asked = WorkspaceScope(call.path_int("id")), call.decode(NewMember)
    check_is_workspace_wide(asked.experiment, asked.model)
    with call.write() as tx:
        grant = call.allow(tx, scope)
        user_id = _find_person(tx, asked.user)
        give_role(tx, grant, user_id, asked.role)
        return json_reply(_pick(list_members(tx, grant), user_id), 201)


def delete_member(call: Call) -> Reply:
    scope, user_id = WorkspaceScope(call.path_int("id")), call.path_int("user_id")
    with call.write() as tx:
        remove_member(tx, call.allow(tx, scope), user_id)
    return empty()


def get_project_members(call: Call) -> Reply:
    scope = ProjectScope(call.path_int("id"))
    with call.read() as tx:
        members = list_project_members(tx, call.allow(tx, scope))
    return json_reply([_member_body(member) for member in members])


def post_project_member(call: Call) -> Reply:
    scope, asked = ProjectScope(call.path_int("id")), call.decode(NewMember)
    check_is_workspace_wide(asked.experiment, asked.model)
    with call.write() as tx:
        grant = call.allow(tx, scope)
        user_id = _find_person(tx, asked.user)
        give_project_role(tx, grant, user_id, asked.role)
        return json_reply(_pick(list_project_members(tx, grant), user_id), 201)


def delete_project_member(call: Call) -> Reply:
    scope, user_id = ProjectScope(call.path_int("id")), call.path_int("user_id")
    with call.write() as tx:
        remove_project_role(tx, call.allow(tx, scope), user_id)
    return empty()


def get_invitations(call: Call) -> Reply:
    scope = WorkspaceScope(call.path_int("id"))
    with call.read() as tx:
        invitations = list_invitations(tx, call.allow(tx, scope))
    return json_reply([_invitation_body(invitation) for invitation in invitations])


def post_invitation(call: Call) -> Reply:
    scope, asked = WorkspaceScope(call.path_int("id")), call.decode(NewInvitation)
    with call.write() as tx:
        grant = call.allow(tx, scope)
        invitation, token = invite(tx, grant, asked.role, asked.email, life_days=asked.expires_in_days)
    fields = msgspec.structs.asdict(_invitation_body(invitation))
    return json_reply(NewInvitationBody(**fields, token=token), 201)


def delete_invitation(call: Call) -> Reply:
    scope, invitation_id = WorkspaceScope(call.path_int("id")), call.path_int("invitation_id")
    with call.write() as tx:
        revoke_invitation(tx, call.allow(tx, scope), invitation_id)
    return empty()


def post_acceptance(call: Call) -> Reply:
    asked = call.decode(TokenOfInvitation)
    with call.write() as tx:
        invitation = accept_invitation(tx, call.actor, asked.token)
        joined = [w for w in list_workspaces(tx, call.actor) if w.id == invitation.workspace_id]
    return json_reply(_workspace_body(joined[0]))


def _find_person(tx: Tx, user: int | str) -> int:
    if isinstance(user, int):
        return user
    found = find_user(tx, user)
    if found is None:
        raise NotFound("user-not-found", f"Nobody signed up as {user!r}. Invite them by a link instead.")
    return found.id


def _workspace_body(workspace: Workspace) -> WorkspaceBody:
    return msgspec.convert(workspace, WorkspaceBody, from_attributes=True)


def _member_body(member: Member) -> MemberBody:
    user = UserOfMember(member.user_id, member.email, member.first_name, member.last_name, member.is_service)
    return MemberBody(user, member.role, member.created_at)


def _pick(members: list[Member], user_id: int) -> MemberBody:
    return next(_member_body(member) for member in members if member.user_id == user_id)


def _invitation_body(invitation: Invitation) -> InvitationBody:
    return msgspec.convert(invitation, InvitationBody, from_attributes=True)


_READ, _SEE, _MANAGE = Permission.WORKSPACE_READ, Permission.MEMBERS_READ, Permission.MEMBERS_MANAGE
_ADMIN = Permission.ORGANIZATION_ADMIN
_ONE = "/api/workspaces/{id}"
_MEMBERS = "/api/workspaces/{id}/members"
_INVITATIONS = "/api/workspaces/{id}/invitations"
_PROJECT = "/api/projects/{id}/members"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/workspaces", get_workspaces, _READ, "List workspaces", None, list[WorkspaceBody]),
    Route(
        "POST", "/api/workspaces", post_workspace, _ADMIN, "New workspace", NewWorkspace, WorkspaceBody, 201
    ),
    Route("GET", _ONE, get_workspace, _READ, "Get a workspace", None, WorkspaceBody),
    Route(
        "PATCH",
        _ONE,
        patch_workspace,
        Permission.WORKSPACE_MANAGE,
        "Rename a workspace",
        WorkspaceChange,
        WorkspaceBody,
    ),
    Route("DELETE", _ONE, remove_workspace, Permission.WORKSPACE_MANAGE, "Delete a workspace", status=204),
    Route("GET", _MEMBERS, get_members, _SEE, "List members", None, list[MemberBody]),
    Route("POST", _MEMBERS, post_member, _MANAGE, "Give a role", NewMember, MemberBody, 201),
    Route("DELETE", f"{_MEMBERS}/{{user_id}}", delete_member, _MANAGE, "Take a role away", status=204),
    Route("GET", _PROJECT, get_project_members, _SEE, "List roles of a project", None, list[MemberBody]),
    Route("POST", _PROJECT, post_project_member, _MANAGE, "Role in a project", NewMember, MemberBody, 201),
    Route("DELETE", f"{_PROJECT}/{{user_id}}", delete_project_member, _MANAGE, "Take it away", status=204),
    Route("GET", _INVITATIONS, get_invitations, _MANAGE, "List invitations", None, list[InvitationBody]),
    Route("POST", _INVITATIONS, post_invitation, _MANAGE, "Invite", NewInvitation, NewInvitationBody, 201),
    Route(
        "DELETE",
        f"{_INVITATIONS}/{{invitation_id}}",
        delete_invitation,
        _MANAGE,
        "Revoke an invitation",
        status=204,
    ),
    Route(
        "POST",
        "/api/invitations/accept",
        post_acceptance,
        OWN_ACCOUNT,
        "Accept an invitation",
        TokenOfInvitation,
        WorkspaceBody,
    ),
)

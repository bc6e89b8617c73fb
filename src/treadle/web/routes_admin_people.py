"""People, for those who administer the installation."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from treadle.access import ORGANIZATION, Grant, WorkspaceScope, allow
from treadle.access.password_links import PasswordLink, make_password_link
from treadle.access.people import (
    PeopleState,
    PersonLine,
    deactivate_person,
    grant_admin,
    invite_person,
    list_people,
    reactivate_person,
    read_person,
    withdraw_admin,
)
from treadle.access.roles import give_role
from treadle.access.users import NewUser, change_profile
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.permissions import Permission, Role
from treadle.web.body_types import Whole
from treadle.web.call import Call
from treadle.web.paging import asked_page, next_page
from treadle.web.routing import Reply, Route, json_reply


class RoleBody(msgspec.Struct):
    """A role in a workspace."""

    workspace: int
    workspace_name: str
    role: Role


class AdminPersonBody(msgspec.Struct):
    """A person; ``has_password`` false: invited, and has not set one yet."""

    id: int
    email: str
    first_name: str
    last_name: str
    is_admin: bool
    is_active: bool
    has_password: bool
    created_at: datetime
    last_activity_at: datetime | None
    tokens: int
    roles: list[RoleBody]


class PeoplePage(msgspec.Struct):
    """A page of people, by e-mail address."""

    count: int
    next: str | None
    results: list[AdminPersonBody]


class NewPersonForm(msgspec.Struct):
    """Somebody to be invited, with a role in a workspace where one is named."""

    email: str
    first_name: str = ""
    last_name: str = ""
    is_admin: bool = False
    workspace: Whole | None = None
    role: Role | None = None


class PersonChange(msgspec.Struct):
    """What to change of a person; what is left out stays."""

    is_active: bool | UnsetType = UNSET
    is_admin: bool | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET


class PasswordLinkBody(msgspec.Struct):
    """A link by which a person sets a password, once; ``url`` is below the server's own address."""

    token: str
    url: str
    expires_at: datetime


class InvitedBody(msgspec.Struct):
    """The new person, and the link to hand to them, which is shown this once."""

    person: AdminPersonBody
    link: PasswordLinkBody


def get_people(call: Call) -> Reply:
    """``?search= &state=active|deactivated|admins|all &page= &page_size=``."""
    asked, state = asked_page(call), _state(call)
    with call.read() as tx:
        grant = call.allow(tx, ORGANIZATION)
        place = (asked.offset, asked.size)
        count, people = list_people(tx, grant, search=call.query_text("search"), state=state, page=place)
    return json_reply(PeoplePage(count, next_page(call, asked, count), [_body(each) for each in people]))


def get_person(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(_body(read_person(tx, call.allow(tx, ORGANIZATION), call.path_int("id"))))


def post_person(call: Call) -> Reply:
    form = call.decode(NewPersonForm)
    with call.write() as tx:
        grant = call.allow(tx, ORGANIZATION)
        new = NewUser(form.email, None, form.first_name, form.last_name)
        user_id = invite_person(tx, grant, new, is_admin=form.is_admin).id
        _give_role(tx, grant, user_id, form)
        link = make_password_link(tx, grant, user_id)
        return json_reply(InvitedBody(_body(read_person(tx, grant, user_id)), _link(link)), 201)


def patch_person(call: Call) -> Reply:
    user_id, change = call.path_int("id"), call.decode(PersonChange)
    with call.write() as tx:
        grant = call.allow(tx, ORGANIZATION)
        before = read_person(tx, grant, user_id)
        _change_names(tx, user_id, change)
        if change.is_active is True and not before.is_active:
            reactivate_person(tx, grant, user_id)
        if change.is_admin is not UNSET and change.is_admin != before.is_admin:
            (grant_admin if change.is_admin else withdraw_admin)(tx, grant, user_id)
        if change.is_active is False and before.is_active:
            deactivate_person(tx, grant, user_id)
        return json_reply(_body(read_person(tx, grant, user_id)))


def post_password_link(call: Call) -> Reply:
    user_id = call.path_int("id")
    with call.write() as tx:
        return json_reply(_link(make_password_link(tx, call.allow(tx, ORGANIZATION), user_id)), 201)


def _change_names(tx: Tx, user_id: int, change: PersonChange) -> None:
    given = {"first_name": change.first_name, "last_name": change.last_name}
    change_profile(tx, user_id, {name: value for name, value in given.items() if isinstance(value, str)})


def _give_role(tx: Tx, grant: Grant, user_id: int, form: NewPersonForm) -> None:
    if form.workspace is None and form.role is None:
        return
    if form.workspace is None or form.role is None:
        text = "Give both a workspace and the role in it, or neither."
        raise Invalid("role", text, fields={"role": [text]})
    place = allow(tx, grant.actor, Permission.MEMBERS_MANAGE, WorkspaceScope(form.workspace))
    give_role(tx, place, user_id, form.role)


def _state(call: Call) -> PeopleState:
    text = call.query_text("state", PeopleState.ACTIVE.value)
    try:
        return PeopleState(text)
    except ValueError as error:
        known = ", ".join(state.value for state in PeopleState)
        said = f"{text[:40]!r} is no state of people. There are: {known}."
        raise Invalid("query-invalid", said, fields={"state": [said]}) from error


def _body(person: PersonLine) -> AdminPersonBody:
    return AdminPersonBody(
        person.id,
        person.email,
        person.first_name,
        person.last_name,
        person.is_admin,
        person.is_active,
        person.has_password,
        person.created_at,
        person.last_activity_at,
        person.token_count,
        [RoleBody(each.workspace_id, each.workspace, Role(each.role)) for each in person.roles],
    )


def _link(link: PasswordLink) -> PasswordLinkBody:
    return PasswordLinkBody(link.secret, f"/user/reset-password/?token={link.secret}", link.expires_at)


_ALL, _ONE = "/api/admin/people/", "/api/admin/people/{id}/"
_READ, _ADMIN = Permission.ORGANIZATION_READ, Permission.ORGANIZATION_ADMIN

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, get_people, _READ, "List everybody with an account", None, PeoplePage),
    Route("POST", _ALL, post_person, _ADMIN, "Invite somebody", NewPersonForm, InvitedBody, 201),
    Route("GET", _ONE, get_person, _READ, "Get a person", None, AdminPersonBody),
    Route("PATCH", _ONE, patch_person, _ADMIN, "Change a person", PersonChange, AdminPersonBody),
    Route(
        "POST",
        f"{_ONE}password-link/",
        post_password_link,
        _ADMIN,
        "Make a link by which a person sets a password",
        None,
        PasswordLinkBody,
        201,
    ),
)

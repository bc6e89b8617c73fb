"""The one organization, for clients that ask for it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from treadle.access import ORGANIZATION
from treadle.access.invite_link import read_invite_token, reset_invite_token
from treadle.access.organization import (
    ORGANIZATION_ID,
    Organization,
    read_organization,
    rename_organization,
)
from treadle.access.people import deactivate_person
from treadle.access.users import list_users, read_visible_user
from treadle.errors import NotFound
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.people import MemberOfOrganizationBody, member_body
from treadle.web.routing import SIGNED_IN, Reply, Route, empty, json_reply

_PAGE_SIZE = 100
_MOST_PER_PAGE = 1000


class OrganizationBody(msgspec.Struct):
    """The organization in Label Studio's shape."""

    id: int
    title: str
    contact_info: str | None
    created_at: datetime


class OrganizationForm(msgspec.Struct):
    """What may be changed of it."""

    title: str


class InviteBody(msgspec.Struct):
    """The link by which anybody may sign up."""

    token: str
    invite_url: str


class MembershipBody(msgspec.Struct):
    """A person of the organization."""

    id: int
    organization: int
    user: MemberOfOrganizationBody
    created_projects: list[int] | None = None
    contributed_to_projects: list[int] | None = None


class MembershipPage(msgspec.Struct):
    """A page of people."""

    count: int
    next: str | None
    previous: str | None
    results: list[MembershipBody]


def get_organizations(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply([_body(read_organization(tx))])


def get_organization(call: Call) -> Reply:
    _check_id(call)
    with call.read() as tx:
        return json_reply(_body(read_organization(tx)))


def patch_organization(call: Call) -> Reply:
    _check_id(call)
    form = call.decode(OrganizationForm)
    with call.write() as tx:
        return json_reply(_body(rename_organization(tx, call.allow(tx, ORGANIZATION), form.title)))


def get_memberships(call: Call) -> Reply:
    _check_id(call)
    number, size = call.query_page(), call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE)
    with call.read() as tx:
        seen = list_users(tx, call.actor, list(call.allow_anywhere(tx)))
        people = [user for user in seen if not user.is_service]
        organization = read_organization(tx)
    shown = people[(number - 1) * size : number * size]
    if not shown and number > 1:
        raise NotFound("page-past-end", "Invalid page.")
    body = MembershipPage(
        len(people),
        call.page_url(number + 1) if number * size < len(people) else None,
        call.page_url(number - 1) if number > 1 else None,
        [MembershipBody(user.id, ORGANIZATION_ID, member_body(user, organization)) for user in shown],
    )
    return json_reply(body)


def get_membership(call: Call) -> Reply:
    _check_id(call)
    user_id = call.path_int("user_pk")
    with call.read() as tx:
        user = read_visible_user(tx, call.actor, user_id, list(call.allow_anywhere(tx)))
        return json_reply(MembershipBody(user.id, ORGANIZATION_ID, member_body(user, read_organization(tx))))


def delete_membership(call: Call) -> Reply:
    _check_id(call)
    user_id = call.path_int("user_pk")
    with call.write() as tx:
        deactivate_person(tx, call.allow(tx, ORGANIZATION), user_id)
    return empty()


def get_invite(call: Call) -> Reply:
    with call.write() as tx:
        return json_reply(_invite(read_invite_token(tx, call.allow(tx, ORGANIZATION))))


def reset_invite(call: Call) -> Reply:
    with call.write() as tx:
        return json_reply(_invite(reset_invite_token(tx, call.allow(tx, ORGANIZATION))), 201)


def _invite(token: str) -> InviteBody:
    return InviteBody(token, f"/user/signup/?invitation={token}")


def _check_id(call: Call) -> None:
    if call.path_int("id") != ORGANIZATION_ID:
        raise NotFound("organization-not-found", "No Organization matches the given query.")


def _body(organization: Organization) -> OrganizationBody:
    return OrganizationBody(organization.id, organization.title, None, organization.created_at)


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/organizations/",
        get_organizations,
        SIGNED_IN,
        "List your organizations",
        None,
        list[OrganizationBody],
    ),
    Route(
        "GET",
        "/api/organizations/{id}",
        get_organization,
        SIGNED_IN,
        "Get organization settings",
        None,
        OrganizationBody,
    ),
    Route(
        "PATCH",
        "/api/organizations/{id}",
        patch_organization,
        Permission.ORGANIZATION_ADMIN,
        "Update organization settings",
        OrganizationForm,
        OrganizationBody,
    ),
    Route(
        "GET",
        "/api/organizations/{id}/memberships",
        get_memberships,
        Permission.MEMBERS_READ,
        "Get organization members list",
        None,
        MembershipPage,
    ),
    Route(
        "GET",
        "/api/organizations/{id}/memberships/{user_pk}/",
        get_membership,
        Permission.MEMBERS_READ,
        "Get organization member details",
        None,
        MembershipBody,
    ),
    Route(
        "DELETE",
        "/api/organizations/{id}/memberships/{user_pk}/",
        delete_membership,
        Permission.ORGANIZATION_ADMIN,
        "Remove an organization member",
        status=204,
    ),
    Route(
        "GET",
        "/api/invite",
        get_invite,
        Permission.ORGANIZATION_ADMIN,
        "Get organization invite link",
        None,
        InviteBody,
    ),
    Route(
        "POST",
        "/api/invite/reset-token",
        reset_invite,
        Permission.ORGANIZATION_ADMIN,
        "Reset organization token",
        None,
        InviteBody,
        201,
    ),
)

"""People as Label Studio shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from treadle.access.organization import ORGANIZATION_ID, Organization
from treadle.access.users import User

#: What a signed-in person's page offers; the server decides by roles all the same.
_PERMISSIONS = (
    "organizations.view",
    "projects.create",
    "projects.view",
    "projects.change",
    "projects.delete",
    "projects.reset_cache",
    "tasks.create",
    "tasks.view",
    "tasks.change",
    "tasks.delete",
    "views.reset",
    "annotations.create",
    "annotations.view",
    "annotations.change",
    "annotations.delete",
    "actions.perform",
    "predictions.any",
    "avatar.any",
    "labels.create",
    "labels.view",
    "labels.change",
    "labels.delete",
    "users.token.any",
    "views.view",
    "views.create",
    "views.change",
    "views.delete",
)
_ADMIN_PERMISSIONS = (
    "organizations.create",
    "organizations.change",
    "organizations.delete",
    "organizations.invite",
)


class PersonBody(msgspec.Struct):
    """A user in Label Studio's shape."""

    id: int
    first_name: str
    last_name: str
    username: str
    email: str
    last_activity: datetime
    custom_hotkeys: msgspec.Raw
    avatar: str | None
    initials: str
    phone: str
    active_organization: int
    active_organization_meta: dict[str, str]
    allow_newsletters: bool | None
    date_joined: datetime
    is_service_account: bool


class WhoAmIBody(PersonBody):
    """The asking user, with what a page may offer them."""

    permissions: list[str]
    is_admin: bool


class MemberOfOrganizationBody(PersonBody):
    """A user on the people page; both lists are Label Studio's and stay empty without ``contributed``."""

    created_projects: list[int] | None = None
    contributed_to_projects: list[int] | None = None


def person_body(user: User, organization: Organization) -> PersonBody:
    """``user`` as every list of users shows them."""
    return PersonBody(**_fields(user, organization))


def who_am_i_body(user: User, organization: Organization) -> WhoAmIBody:
    """``user`` as they see themselves."""
    permissions = [*(_ADMIN_PERMISSIONS if user.is_admin else ()), *_PERMISSIONS]
    return WhoAmIBody(**_fields(user, organization), permissions=permissions, is_admin=user.is_admin)


def member_body(user: User, organization: Organization) -> MemberOfOrganizationBody:
    """``user`` as the people page shows them."""
    return MemberOfOrganizationBody(**_fields(user, organization))


def initials_of(user: User) -> str:
    """Two letters for a picture that is not there."""
    if user.first_name and user.last_name:
        return (user.first_name[0] + user.last_name[0]).upper()
    return (user.first_name or user.email)[:2]


def _fields(user: User, organization: Organization) -> dict[str, Any]:
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "username": user.email.partition("@")[0],
        "email": user.email,
        "last_activity": user.last_activity_at or user.created_at,
        "custom_hotkeys": msgspec.Raw(user.hotkeys.encode()),
        "avatar": f"/data/avatars/{user.avatar}" if user.avatar else None,
        "initials": initials_of(user),
        "phone": "",
        "active_organization": ORGANIZATION_ID,
        "active_organization_meta": {"title": organization.title, "email": organization.email},
        "allow_newsletters": None,
        "date_joined": user.created_at,
        "is_service_account": user.is_service,
    }

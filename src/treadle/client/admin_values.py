"""What a server tells of people, workspaces, tokens and its audit log, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class RoleThere(Struct, frozen=True):
    """A role in a workspace."""

    workspace: int
    workspace_name: str
    role: str


class AdminPerson(Struct, frozen=True):
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
    roles: list[RoleThere]


class PasswordLink(Struct, frozen=True):
    """A link by which somebody sets a password, once; ``url`` is below the server's address."""

    token: str
    url: str
    expires_at: datetime


class Invited(Struct, frozen=True):
    """Somebody new, and the link to hand to them."""

    person: AdminPerson
    link: PasswordLink


class AdminWorkspace(Struct, frozen=True):
    """A workspace, with how much is in it."""

    id: int
    name: str
    title: str
    created_at: datetime
    people: int
    service_accounts: int
    projects: int
    repos: int


class SeenWorkspace(Struct, frozen=True):
    """A workspace, with the role that one has there."""

    id: int
    name: str
    title: str
    role: str


class UserOfMember(Struct, frozen=True):
    """Who holds a role."""

    id: int
    email: str
    first_name: str
    last_name: str
    is_service_account: bool


class Member(Struct, frozen=True):
    """Somebody with a role in a workspace."""

    user: UserOfMember
    role: str
    created_at: datetime


class WorkspaceOfToken(Struct, frozen=True):
    """The only workspace that a token reaches."""

    id: int
    name: str


class Token(Struct, frozen=True):
    """A token that works; ``scope`` is all or read."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    scope: str
    workspace: WorkspaceOfToken | None


class NewToken(Token, frozen=True, kw_only=True):
    """A token that was just made; ``token`` is its text, told this once."""

    token: str


class Owner(Struct, frozen=True):
    """Whose a token is."""

    id: int
    email: str
    is_service_account: bool


class AnybodysToken(Token, frozen=True, kw_only=True):
    """A token or an S3 key of anybody; ``kind`` is personal, refresh, legacy or s3.

    access_key_id, role: of an S3 key; the role is the most that it may.
    """

    kind: str
    owner: Owner
    access_key_id: str | None = None
    role: str | None = None


class ServiceAccount(Struct, frozen=True):
    """A service account; ``email`` is its name towards programs that ask for a user."""

    id: int
    name: str
    email: str
    description: str
    workspace: WorkspaceOfToken
    role: str | None
    is_active: bool
    created_at: datetime
    created_by: str | None
    tokens: int
    last_used_at: datetime | None


class AuditLine(Struct, frozen=True):
    """A line of the audit log; ``outcome`` is done or refused."""

    id: int
    at: datetime
    actor_id: int | None
    actor: str | None
    action: str
    subject: str
    workspace_id: int | None
    workspace: str | None
    outcome: str
    detail: dict[str, Any]


class People(Struct):
    """A page of people."""

    count: int
    results: list[AdminPerson]


class Purgeable(Struct):
    """What a purge of deleted runs would free; ``is_whole``: ``size_bytes`` is all, else at least so much.

    noted: places of files that an earlier purge took and did not free, but for those that stay.
    job: the purge that is under way.
    """

    experiments: int
    runs: int
    logged_models: int
    traces: int
    noted: int
    size_bytes: int
    objects: int
    is_whole: bool
    job: str | None


class Tokens(Struct):
    """A page of tokens."""

    count: int
    results: list[AnybodysToken]


class AuditPage(Struct):
    """A page of the audit log, and where the next begins."""

    results: list[AuditLine]
    next_before: int | None = None

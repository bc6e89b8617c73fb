"""Tokens that may less than their person, at the one place where grants are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from tests.access.people import add_person, add_project, add_repo, add_workspace, make_member
from treadle.access import (
    ORGANIZATION,
    Actor,
    ListGrant,
    ProjectScope,
    RepoScope,
    TokenScope,
    WorkspaceScope,
    allow,
    allow_anywhere,
)
from treadle.access.identities import identify_by_token
from treadle.access.tokens import NewToken, create_token, revoke_token
from treadle.access.workspaces import list_workspaces
from treadle.db import Database, Tx
from treadle.db.schema import projects
from treadle.errors import Forbidden, NotFound
from treadle.permissions import READING, Permission, Role


@contextmanager
def world(database: Database) -> Iterator[tuple[Tx, Actor, int, int]]:
    """An editor of two workspaces, each with a project: the person, and the two workspaces."""
    with database.write() as tx:
        admin, person = add_person(tx, "admin@example.com"), add_person(tx, "eda@example.com")
        second = add_workspace(tx, admin, "second")
        for place in (1, second):
            make_member(tx, admin, person, Role.EDITOR, place)
            add_project(tx, place)
            add_repo(tx, place)
        yield tx, person, 1, second


def by_token(tx: Tx, person: Actor, **held: object) -> Actor:
    """The person as a token of theirs shows them."""
    _, text = create_token(tx, person, NewToken("held", **held))  # type: ignore[arg-type]
    identity = identify_by_token(tx, text)
    assert identity is not None
    assert (identity.token_scope, identity.token_workspace_id) == (
        held.get("scope", TokenScope.ALL),
        held.get("workspace_id"),
    )
    return identity.actor


def test_a_token_that_only_reads_gets_no_grant_to_change(database: Database) -> None:
    with world(database) as (tx, person, first, _second):
        reading = by_token(tx, person, scope=TokenScope.READ)
        for permission in READING - {Permission.AUDIT_READ, Permission.ORGANIZATION_READ}:
            if "tracking" not in permission.value:
                assert allow(tx, reading, permission, WorkspaceScope(first)).role is Role.EDITOR
        for permission in set(Permission) - READING:
            with pytest.raises(Forbidden):
                allow(tx, reading, permission, ProjectScope(1))
            assert allow_anywhere(tx, reading, permission) == {}
            seen = select(projects.c.id).where(ListGrant(reading, permission).condition)
            assert tx.execute(seen).all() == []
        with pytest.raises(Forbidden) as caught:
            allow(tx, reading, Permission.TASK_WRITE, ProjectScope(1))
        assert caught.value.code == "token-read-only"


def test_a_token_held_to_a_workspace_sees_nothing_elsewhere(database: Database) -> None:
    with world(database) as (tx, person, first, second):
        held = by_token(tx, person, workspace_id=second)
        for scope in (WorkspaceScope(first), ProjectScope(1), RepoScope(1)):
            with pytest.raises(NotFound):
                allow(tx, held, Permission.PROJECT_READ, scope)
        for scope in (WorkspaceScope(second), ProjectScope(2), RepoScope(2)):
            assert allow(tx, held, Permission.PROJECT_WRITE, scope).workspace_id == second
        assert list(allow_anywhere(tx, held, Permission.PROJECT_READ)) == [second]
        seen = select(projects.c.id).where(ListGrant(held, Permission.PROJECT_READ).condition)
        assert tx.execute(seen).scalars().all() == [2]
        assert [workspace.id for workspace in list_workspaces(tx, held)] == [second]


def test_an_admins_token_held_to_a_workspace_rules_there_alone(database: Database) -> None:
    with world(database) as (tx, _person, first, second):
        admin = Actor(1, "admin@example.com", True)
        held = by_token(tx, admin, workspace_id=second)
        assert not held.is_admin
        assert allow(tx, held, Permission.MEMBERS_MANAGE, WorkspaceScope(second)).role is None
        with pytest.raises(NotFound):
            allow(tx, held, Permission.WORKSPACE_READ, WorkspaceScope(first))
        with pytest.raises(Forbidden) as caught:
            allow(tx, held, Permission.ORGANIZATION_ADMIN, ORGANIZATION)
        assert caught.value.code == "token-held"
        reading = by_token(tx, admin, scope=TokenScope.READ)
        assert allow(tx, reading, Permission.ORGANIZATION_READ, ORGANIZATION).role is None
        with pytest.raises(Forbidden):
            allow(tx, reading, Permission.ORGANIZATION_ADMIN, ORGANIZATION)


def test_a_token_for_a_workspace_that_one_does_not_see_is_not_made(database: Database) -> None:
    with world(database) as (tx, _person, first, _second):
        outsider = add_person(tx, "out@example.com")
        with pytest.raises(NotFound):
            create_token(tx, outsider, NewToken("held", workspace_id=first))


def test_a_revoked_token_ends_at_once(database: Database) -> None:
    with world(database) as (tx, person, _first, _second):
        token, text = create_token(tx, person, NewToken("short", expires_in_days=1))
        assert identify_by_token(tx, text) is not None
        revoke_token(tx, person, token.id)
        assert identify_by_token(tx, text) is None

"""Tokens of model backends: one project, a few permissions, and no longer than the backend is connected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from tests.access.people import add_person, add_project, add_repo, add_workspace, make_member
from treadle.access import (
    ORGANIZATION,
    Actor,
    ListGrant,
    ProjectScope,
    RepoScope,
    WorkspaceScope,
    allow,
    allow_anywhere,
)
from treadle.access.backend_tokens import (
    BACKEND_PERMISSIONS,
    LIFE,
    identify_by_backend_token,
    sign_backend_token,
)
from treadle.access.credentials import TokenCredential, identify
from treadle.db import Database, Tx
from treadle.db.learning_tables import ml_backends
from treadle.db.schema import memberships, projects, users
from treadle.errors import Forbidden, NotFound
from treadle.permissions import Permission, Role
from treadle.settings import Secret

KEY = Secret("k" * 64)


def add_backend(tx: Tx, person: Actor, project_id: int) -> int:
    """A backend that somebody connected."""
    values = {
        "project_id": project_id,
        "title": "robot",
        "created_by": person.user_id,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    return int(tx.execute(insert(ml_backends).returning(ml_backends.c.id), values).scalar_one())


@contextmanager
def world(database: Database) -> Iterator[tuple[Tx, Actor, int, int, int]]:
    """An editor, the project of their backend, another project beside it, and the backend."""
    with database.write() as tx:
        admin, person = add_person(tx, "admin@example.com"), add_person(tx, "eda@example.com")
        make_member(tx, admin, person, Role.EDITOR, 1)
        mine, other = add_project(tx, 1), add_project(tx, 1, "Other")
        yield tx, person, mine, other, add_backend(tx, person, mine)


def holder(tx: Tx, text: Secret) -> Actor | None:
    """Whom a token shows, as a request's header brings it."""
    identity = identify(tx, TokenCredential(text.reveal()), KEY)
    return identity.actor if identity else None


def test_a_backend_reads_its_project_writes_predictions_and_nothing_else(database: Database) -> None:
    with world(database) as (tx, _person, mine, other, backend_id):
        actor = holder(tx, sign_backend_token(KEY, backend_id, 1, tx.now))
        assert actor is not None
        for permission in Permission:
            if permission in BACKEND_PERMISSIONS:
                assert allow(tx, actor, permission, ProjectScope(mine)).project_id == mine
                with pytest.raises(NotFound):
                    allow(tx, actor, permission, ProjectScope(other))
            else:
                with pytest.raises(Forbidden):
                    allow(tx, actor, permission, ProjectScope(mine))
            assert allow_anywhere(tx, actor, permission) == {}
        for scope in (WorkspaceScope(1), RepoScope(add_repo(tx, 1))):
            with pytest.raises(NotFound):
                allow(tx, actor, Permission.PROJECT_READ, scope)
        assert actor.is_held
        listed = ListGrant(actor, Permission.PROJECT_READ).condition
        assert tx.rows(select(projects.c.id).where(listed)) == [{"id": mine}]


def test_an_administrators_backend_is_held_to_its_project_too(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        place = add_workspace(tx, admin, "second")
        backend_id = add_backend(tx, admin, add_project(tx, place))
        other = add_project(tx, place, "Other")
        actor = holder(tx, sign_backend_token(KEY, backend_id, 1, tx.now))
        assert actor is not None
        assert not actor.is_admin
        with pytest.raises(NotFound):
            allow(tx, actor, Permission.TASK_READ, ProjectScope(other))
        with pytest.raises(Forbidden):
            allow(tx, actor, Permission.ORGANIZATION_READ, ORGANIZATION)


def test_a_token_ends_with_its_backend_its_person_and_its_time(database: Database) -> None:
    with world(database) as (tx, person, mine, _other, backend_id):
        token = sign_backend_token(KEY, backend_id, 1, tx.now)
        assert holder(tx, token) is not None
        later = replace(tx, now=tx.now + LIFE + timedelta(days=1))
        assert identify_by_backend_token(later, token.reveal(), KEY) is None
        renewed = sign_backend_token(KEY, backend_id, 1, tx.now + timedelta(days=7))
        assert renewed != token
        tx.execute(delete(memberships).where(memberships.c.user_id == person.user_id))
        actor = holder(tx, token)
        assert actor is not None
        with pytest.raises(NotFound):
            allow(tx, actor, Permission.TASK_READ, ProjectScope(mine))
        tx.execute(update(ml_backends).values(token_serial=2))
        assert holder(tx, token) is None
        token = sign_backend_token(KEY, backend_id, 2, tx.now)
        tx.execute(update(users).where(users.c.id == person.user_id).values(is_active=False))
        assert holder(tx, token) is None
        tx.execute(update(users).values(is_active=True))
        assert holder(tx, token) is not None
        tx.execute(delete(ml_backends))
        assert holder(tx, token) is None


@pytest.mark.parametrize("text", ["tdlb_", "tdlb_1_1", "tdlb_1_1_99999_", "tdlb_1_1_99999_x", "tdlb_٣_1_2_x"])
def test_what_nobody_signed_is_no_token(database: Database, text: str) -> None:
    with world(database) as (tx, *_rest):
        assert holder(tx, Secret(text)) is None


def test_a_changed_token_is_none(database: Database) -> None:
    with world(database) as (tx, _person, _mine, _other, backend_id):
        token = sign_backend_token(KEY, backend_id, 1, tx.now).reveal()
        kind, number, serial, day, signature = token.split("_", 4)
        for changed in (
            f"{kind}_{int(number) + 1}_{serial}_{day}_{signature}",
            f"{kind}_{number}_{serial}_{int(day) + 1}_{signature}",
            f"{kind}_0{number}_{serial}_{day}_{signature}",
            f"{token}x",
        ):
            assert holder(tx, Secret(changed)) is None
        assert identify_by_backend_token(tx, token, Secret("x" * 64)) is None

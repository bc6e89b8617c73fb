"""Access keys of the S3 gateway."""

from __future__ import annotations

import pytest

from tests.access.people import add_person, add_repo, add_workspace, make_member
from treadle.access import Actor, RepoScope
from treadle.access.s3_keys import (
    KeyHolder,
    allow_by_key,
    allow_by_key_anywhere,
    create_key,
    find_holder,
    list_keys,
    revoke_key,
)
from treadle.db import Database, Tx
from treadle.errors import Forbidden, NotFound
from treadle.permissions import Permission, Role
from treadle.settings import Secret

KEY = Secret("ab" * 32)
READ, WRITE = Permission.REPO_READ, Permission.REPO_WRITE


def holder_of(
    tx: Tx, actor: Actor, *, workspace_id: int | None = None, role: Role | None = None
) -> KeyHolder:
    key, _ = create_key(tx, actor, KEY, name="laptop", workspace_id=workspace_id, role=role)
    holder = find_holder(tx, key.access_key_id)
    assert holder is not None
    return holder


def test_a_key_shows_its_secret_once_and_works_until_it_is_revoked(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        key, secret = create_key(tx, admin, KEY, name="laptop")
        assert list_keys(tx, admin) == [key]
        holder = find_holder(tx, key.access_key_id)
        assert holder is not None
        assert (holder.actor, holder.reveal_secret(KEY)) == (admin, secret.reveal())
        assert len(secret.reveal()) == 40
        revoke_key(tx, admin, key.id)
        assert find_holder(tx, key.access_key_id) is None
        with pytest.raises(NotFound):
            revoke_key(tx, admin, key.id)


def test_nobody_revokes_the_key_of_another(database: Database) -> None:
    with database.write() as tx:
        admin, other = add_person(tx, "admin@example.com"), add_person(tx, "other@example.com")
        key, _ = create_key(tx, admin, KEY, name="laptop")
        with pytest.raises(NotFound):
            revoke_key(tx, other, key.id)
        assert list_keys(tx, other) == []


def test_the_role_of_a_key_and_of_its_person_both_hold(database: Database) -> None:
    with database.write() as tx:
        admin, viewer = add_person(tx, "admin@example.com"), add_person(tx, "viewer@example.com")
        make_member(tx, admin, viewer, Role.VIEWER)
        scope = RepoScope(add_repo(tx, 1))
        assert allow_by_key(tx, holder_of(tx, admin), WRITE, scope).role is None
        held_back = holder_of(tx, admin, role=Role.VIEWER)
        assert allow_by_key(tx, held_back, READ, scope).role is Role.VIEWER
        raised = holder_of(tx, viewer, role=Role.OWNER)
        assert allow_by_key(tx, raised, READ, scope).role is Role.VIEWER
        for holder in (held_back, raised):
            with pytest.raises(Forbidden):
                allow_by_key(tx, holder, WRITE, scope)
            assert allow_by_key_anywhere(tx, holder, WRITE) == {}


def test_a_key_of_one_workspace_does_not_reach_another(database: Database) -> None:
    with database.write() as tx:
        admin, stranger = add_person(tx, "admin@example.com"), add_person(tx, "stranger@example.com")
        other_id = add_workspace(tx, admin, "other")
        holder = holder_of(tx, admin, workspace_id=other_id)
        allow_by_key(tx, holder, READ, RepoScope(add_repo(tx, other_id)))
        assert allow_by_key_anywhere(tx, holder, READ).keys() == {other_id}
        with pytest.raises(NotFound):
            allow_by_key(tx, holder, READ, RepoScope(add_repo(tx, 1)))
        with pytest.raises(NotFound):
            create_key(tx, stranger, KEY, name="laptop", workspace_id=other_id)

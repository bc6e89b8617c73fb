"""The first person, the administrator of the settings, and who leaves last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.access.people import add_person, make_member
from treadle.access import Actor, WorkspaceScope, allow
from treadle.access.first_administrator import ensure_first_administrator
from treadle.access.identities import identify_by_session, identify_by_token
from treadle.access.passwords import verify_password
from treadle.access.roles import list_members, remove_member
from treadle.access.sign_in import SignInAttempt, start_session, verify_sign_in
from treadle.access.tokens import set_legacy_token
from treadle.access.users import NewUser, find_user, read_sign_up_mode, set_password, sign_up
from treadle.db import Database
from treadle.errors import Conflict, Invalid, NotFound
from treadle.permissions import Permission, Role
from treadle.settings import Secret, Settings

EMAIL, PASSWORD, TOKEN = "admin@example.com", "correct horse", "a" * 40
SETTINGS = Settings(admin_email=EMAIL, admin_password=Secret(PASSWORD), admin_token=Secret(TOKEN))


def at_once(verbs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=verb) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_first_sign_ups_at_once_one_owns_the_installation(database: Database) -> None:
    owners: list[bool] = []

    def join(number: int) -> Callable[[], None]:
        def verb() -> None:
            with database.write() as tx:
                user = sign_up(tx, NewUser(f"person{number}@example.com", None), setting="open")
            owners.append(user.is_admin)

        return verb

    at_once([join(number) for number in range(6)])
    assert sorted(owners) == [False] * 5 + [True]


def test_two_owners_who_remove_each_other_at_once_leave_one(database: Database) -> None:
    with database.write() as tx:
        first, second = add_person(tx, "first@example.com"), add_person(tx, "second@example.com")
        make_member(tx, first, second, Role.OWNER)
    outcomes: list[str] = []

    def remove(actor: Actor, other: Actor) -> Callable[[], None]:
        def verb() -> None:
            try:
                with database.write() as tx:
                    grant = allow(tx, actor, Permission.MEMBERS_MANAGE, WorkspaceScope(1))
                    remove_member(tx, grant, other.user_id)
                outcomes.append("removed")
            except (Conflict, NotFound):
                outcomes.append("refused")

        return verb

    at_once([remove(first, second), remove(second, first)])
    with database.read() as tx:
        grant = allow(tx, first, Permission.MEMBERS_READ, WorkspaceScope(1))
        assert [member.role for member in list_members(tx, grant)] == [Role.OWNER]
    assert sorted(outcomes) == ["refused", "removed"]


def test_the_administrator_of_the_settings_is_made_once(database: Database) -> None:
    for _ in range(2):
        ensure_first_administrator(database, SETTINGS)
    with database.read() as tx:
        user = find_user(tx, EMAIL)
        identity = identify_by_token(tx, TOKEN)
        assert read_sign_up_mode(tx, "open") == "open"
    assert user is not None
    assert user.is_admin
    assert identity is not None
    assert identity.actor.user_id == user.id
    attempt = SignInAttempt(EMAIL, PASSWORD, "127.0.0.1")
    assert verify_sign_in(database, attempt) == user.id


def test_a_later_start_undoes_nothing_that_the_administrator_changed(database: Database) -> None:
    ensure_first_administrator(database, SETTINGS)
    with database.write() as tx:
        user = find_user(tx, EMAIL)
        assert user is not None
        set_password(tx, user.id, "another hash", by=user.id)
        own = set_legacy_token(tx, Actor(user.id, user.email, True))
    ensure_first_administrator(database, SETTINGS)
    with database.read() as tx:
        assert identify_by_token(tx, TOKEN) is None
        assert identify_by_token(tx, own) is not None
    attempt = SignInAttempt(EMAIL, PASSWORD, "127.0.0.1")
    assert verify_sign_in(database, attempt) is None


def test_another_token_in_the_settings_replaces_the_old_one(database: Database) -> None:
    ensure_first_administrator(database, SETTINGS)
    ensure_first_administrator(database, Settings(admin_email=EMAIL, admin_token=Secret("b" * 40)))
    with database.read() as tx:
        assert identify_by_token(tx, TOKEN) is None
        assert identify_by_token(tx, "b" * 40) is not None


def test_an_administrator_named_later_joins_those_who_are_there(database: Database) -> None:
    with database.write() as tx:
        add_person(tx, "first@example.com")
        add_person(tx, EMAIL)
    ensure_first_administrator(database, SETTINGS)
    with database.read() as tx:
        user, first = find_user(tx, EMAIL), find_user(tx, "first@example.com")
    assert user is not None
    assert first is not None
    assert user.is_admin
    assert first.is_admin


def test_a_token_without_an_administrator_is_refused(database: Database) -> None:
    with pytest.raises(Invalid, match="TREADLE_ADMIN_EMAIL"):
        ensure_first_administrator(database, Settings(admin_token=Secret(TOKEN)))
    short = Settings(admin_email=EMAIL, admin_password=Secret("short"))
    with pytest.raises(Invalid, match="8 characters"):
        ensure_first_administrator(database, short)


def test_a_new_password_ends_every_session(database: Database) -> None:
    with database.write() as tx:
        person = add_person(tx, EMAIL)
        from_before = start_session(tx, person.user_id, timedelta(days=1))
    with database.write() as tx:
        assert identify_by_session(tx, from_before) is not None
        set_password(tx, person.user_id, "hash", by=None)
        assert identify_by_session(tx, from_before) is None


def test_an_unknown_person_has_no_password() -> None:
    assert not verify_password(None, "nobody has this password")

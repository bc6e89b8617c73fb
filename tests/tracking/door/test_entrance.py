"""Who is remembered is let in without a look into everything, and out at once when anything of it changes."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from tests.access.people import add_person, add_workspace, make_member
from treadle.access import Actor
from treadle.access.identities import identify_owner
from treadle.access.sign_in import SignInAttempt
from treadle.access.tokens import NewToken, add_personal_token
from treadle.access.wrong_credentials import WrongCredentials
from treadle.db import Database, Tx
from treadle.db.schema import memberships, tokens, users
from treadle.errors import Unauthenticated, Unavailable
from treadle.permissions import Role
from treadle.settings import Secret, Settings
from treadle.tracking.asked import Asked, read_asked
from treadle.tracking.entrance import Admission, Entrance, Keys, Turned

PATH = "/api/2.0/mlflow/runs/log-metric"
_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def asked(token: str, workspace: str | None = "here") -> Asked:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    if workspace is not None:
        headers.append((b"x-mlflow-workspace", workspace.encode()))
    scope = {"method": "POST", "path": PATH, "headers": headers, "client": ("192.0.2.1", 1)}
    return read_asked(scope)


def enter(entrance: Entrance, request: Asked) -> Admission:
    """As the door does."""
    return entrance.recall(request) or entrance.admit(request)


class People:
    """An editor of the workspace "here", with a token, let in often enough to be remembered."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.later_s = 0.0
        keys = Keys(Settings(), Secret("k" * 32), WrongCredentials())
        self.keys = keys
        self.forget()
        with database.write() as tx:
            admin = add_person(tx, "admin@example.com")
            self.workspace_id = add_workspace(tx, admin, "here")
            self.editor: Actor = add_person(tx, "editor@example.com")
            make_member(tx, admin, self.editor, Role.EDITOR, self.workspace_id)
            token, self.token = add_personal_token(
                tx, self.editor.user_id, NewToken("t"), by=self.editor.user_id
            )
            tx.execute(update(tokens).where(tokens.c.id == token.id).values(last_used_at=tx.now))
        for _ in range(3):
            assert enter(self.entrance, asked(self.token)).visitor.workspace_id == self.workspace_id

    def forget(self) -> None:
        """A door that has let nobody in yet."""
        self.entrance = Entrance(self.database, self.keys, clock=lambda: time.monotonic() + self.later_s)

    def change(self, statement: Any) -> None:
        with self.database.write() as tx:
            tx.execute(statement)


def revoke(tx: Tx, _people: People) -> Any:
    return update(tokens).values(revoked_at=tx.now)


def end_person(_tx: Tx, _people: People) -> Any:
    return update(users).where(users.c.email == "editor@example.com").values(is_active=False)


def expire(tx: Tx, _people: People) -> Any:
    return update(tokens).values(expires_at=tx.now)


def take_role(_tx: Tx, people: People) -> Any:
    return delete(memberships).where(memberships.c.user_id == people.editor.user_id)


def lower_role(_tx: Tx, _people: People) -> Any:
    return update(memberships).values(role="viewer")


def only_read(_tx: Tx, _people: People) -> Any:
    return update(tokens).values(scope="read")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (revoke, Unauthenticated),
        (end_person, Unauthenticated),
        (expire, Unauthenticated),
        (take_role, Turned),
        (lower_role, Turned),
        (only_read, Turned),
    ],
)
def test_what_changes_counts_at_the_next_request(
    database: Database, change: Callable[[Tx, People], Any], expected: type[Exception]
) -> None:
    people = People(database)
    with database.write() as tx:
        tx.execute(change(tx, people))
    with pytest.raises(expected):
        enter(people.entrance, asked(people.token))


def test_who_is_remembered_costs_one_look_at_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(database)
    monkeypatch.setattr(Database, "read", None)  # a transaction would fail
    monkeypatch.setattr(Database, "peek", None)
    assert enter(people.entrance, asked(people.token)).visitor.level == "edit"


def test_who_comes_for_the_first_time_is_found_without_the_round_trips_of_a_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(database)
    people.forget()
    if database.dialect == "postgresql":  # SQLite makes none
        monkeypatch.setattr(Database, "read", None)
    assert enter(people.entrance, asked(people.token)).visitor.level == "edit"


def test_who_comes_first_after_the_database_was_gone_is_let_in(database: Database) -> None:
    people = People(database)
    people.forget()
    if database.dialect == "postgresql":
        with database.read() as tx:
            tx.execute(_END_OTHERS)
    assert enter(people.entrance, asked(people.token)).visitor.level == "edit"


def test_when_a_token_was_last_used_is_written_again_though_it_is_remembered(database: Database) -> None:
    people = People(database)
    with database.write() as tx:
        tx.execute(update(tokens).values(last_used_at=tx.now - timedelta(hours=2)))
    people.later_s = 60.0
    assert enter(people.entrance, asked(people.token)).identity.is_stale


def test_passwords_that_are_tried_leave_room_for_tokens(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, tried, may_end = People(database), threading.Semaphore(0), threading.Event()

    def take_long(_database: Database, _attempt: SignInAttempt) -> None:
        tried.release()
        may_end.wait(20)

    monkeypatch.setattr("treadle.tracking.entrance.verify_sign_in", take_long)
    with ThreadPoolExecutor(6) as guessing:
        guesses = [guessing.submit(people.entrance.admit, guessed(number)) for number in range(6)]
        for _ in guesses:
            assert tried.acquire(timeout=20)
        with pytest.raises(Unavailable) as refused:
            people.entrance.admit(guessed(6))
        assert enter(people.entrance, asked(people.token)).visitor.level == "edit"
        may_end.set()
    assert refused.value.code == "too-many-attempts"
    assert [type(one.exception()) for one in guesses] == [Unauthenticated] * 6


def guessed(number: int) -> Asked:
    """A request with a password that is not theirs."""
    shown = base64.b64encode(f"editor@example.com:guess-{number}".encode())
    headers = [(b"authorization", b"Basic " + shown), (b"x-mlflow-workspace", b"here")]
    scope = {"method": "POST", "path": PATH, "headers": headers, "client": ("192.0.2.1", 1)}
    return read_asked(scope)


def test_the_only_workspace_is_meant_by_who_names_none(database: Database) -> None:
    people = People(database)
    assert enter(people.entrance, asked(people.token, None)).visitor.workspace_id == people.workspace_id
    with pytest.raises(Turned) as turned:
        enter(people.entrance, asked(people.token, "main"))
    assert turned.value.refusal.code == "workspace-not-found"


def test_who_names_none_is_asked_as_soon_as_they_have_two(database: Database) -> None:
    people = People(database)
    with database.write() as tx:
        admin = identify_owner(tx)
        assert admin is not None
        second = add_workspace(tx, admin.actor, "there")
        make_member(tx, admin.actor, people.editor, Role.ANNOTATOR, second)
    for _ in range(3):  # an annotator reads no experiments
        assert enter(people.entrance, asked(people.token, None)).visitor.workspace_id == people.workspace_id
    people.change(
        update(memberships).where(memberships.c.workspace_id == second).values(role=Role.VIEWER.value)
    )
    with pytest.raises(Turned) as turned:
        enter(people.entrance, asked(people.token, None))
    assert turned.value.refusal.code == "workspace-not-named"

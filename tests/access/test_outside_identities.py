"""Who is verified elsewhere comes in as the person of that e-mail address, and as nobody more."""

from __future__ import annotations

import pytest

from tests.access.people import add_person, make_member
from treadle.access import ORGANIZATION, WorkspaceScope, allow, allow_anywhere
from treadle.access.outside_identities import OutsideIdentity, admit_outside_identity
from treadle.access.people import deactivate_person
from treadle.access.service_accounts import NewServiceAccount, create_service_account
from treadle.db import Database
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.permissions import Permission, Role

ADA = OutsideIdentity("idp", "Ada@Example.com", "Ada", "L")


def test_a_new_person_has_an_account_and_no_role(database: Database) -> None:
    with database.write() as tx:
        with pytest.raises(Forbidden) as caught:
            admit_outside_identity(tx, ADA, sign_up="open")
        assert caught.value.code == "not-set-up"
        admin = add_person(tx, "admin@example.com")
        with pytest.raises(Forbidden):
            admit_outside_identity(tx, ADA, sign_up="invited")
        first = admit_outside_identity(tx, ADA, sign_up="open").actor
        assert (first.email, first.is_admin) == ("ada@example.com", False)
        assert allow_anywhere(tx, first, Permission.WORKSPACE_READ) == {}
        make_member(tx, admin, first, Role.EDITOR)
        again = admit_outside_identity(tx, ADA, sign_up="invited").actor
        assert again == first
        assert allow(tx, again, Permission.TASK_WRITE, WorkspaceScope(1)).role is Role.EDITOR


def test_a_closed_account_and_a_service_account_stay_closed(database: Database) -> None:
    with database.write() as tx:
        admin = add_person(tx, "admin@example.com")
        person = admit_outside_identity(tx, ADA, sign_up="open").actor
        deactivate_person(tx, allow(tx, admin, Permission.ORGANIZATION_ADMIN, ORGANIZATION), person.user_id)
        with pytest.raises(Forbidden, match="closed"):
            admit_outside_identity(tx, ADA, sign_up="open")
        grant = allow(tx, admin, Permission.MEMBERS_MANAGE, WorkspaceScope(1))
        account = create_service_account(tx, grant, NewServiceAccount("nightly", Role.EDITOR))
        with pytest.raises(Invalid):
            admit_outside_identity(tx, OutsideIdentity("idp", account.email), sign_up="open")
        with pytest.raises(NotFound):
            allow(tx, person, Permission.WORKSPACE_READ, WorkspaceScope(1))

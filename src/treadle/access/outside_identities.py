"""The seam for identity from outside: one function makes a person of what somebody else verified.

Whoever calls it has checked the proof (a signature of an identity provider, a header that only a trusted
proxy sets); nothing here does. An e-mail address is the person. Nobody becomes an admin by it, a deactivated
account stays closed, and a service account is nobody's outside identity.
"""

from __future__ import annotations

from dataclasses import dataclass

from treadle.access.identities import Identity, identify_by_id
from treadle.access.users import NewUser, add_user, clean_email, find_user, read_sign_up_mode
from treadle.db import Tx
from treadle.errors import Forbidden


@dataclass(frozen=True)
class OutsideIdentity:
    """Who somebody is, as ``issuer`` says and the caller verified."""

    issuer: str
    email: str
    first_name: str = ""
    last_name: str = ""


def admit_outside_identity(tx: Tx, outside: OutsideIdentity, *, sign_up: str) -> Identity:
    """The person, who is taken in without any role at the first time where sign-up is open.

    sign_up: the setting. Raises Invalid("email-invalid"), Forbidden("user-inactive", "sign-up-invited",
    "not-set-up").
    """
    email = clean_email(outside.email)
    user = find_user(tx, email)
    if user is None:
        _check_may_join(tx, outside, sign_up)
        new = NewUser(email, None, outside.first_name, outside.last_name)
        user = add_user(tx, new)
    identity = identify_by_id(tx, user.id)
    if identity is None or user.is_service:
        raise Forbidden("user-inactive", f"The account of {email} was closed. Ask an organisation admin.")
    return identity


def _check_may_join(tx: Tx, outside: OutsideIdentity, sign_up: str) -> None:
    mode = read_sign_up_mode(tx, sign_up)
    if mode == "first":
        text = "Nobody owns this installation yet. Its owner signs up first, here."
        raise Forbidden("not-set-up", text)
    if mode == "invited":
        text = f"{outside.issuer} knows you, and this server takes in only who is invited. Ask an admin."
        raise Forbidden("sign-up-invited", text)

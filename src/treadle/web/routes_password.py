"""Changing one's own password over HTTP."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from treadle.access.first_administrator import forget_made_up_password
from treadle.access.passwords import check_password_rules, hash_password
from treadle.access.sign_in import SignInAttempt, start_session, verify_sign_in
from treadle.access.users import set_password
from treadle.errors import Invalid
from treadle.web.call import Call
from treadle.web.cookies import session_cookie
from treadle.web.routing import OWN_ACCOUNT, Reply, Route


class PasswordBody(Struct):
    """The password one has, and the one to have."""

    current_password: str
    password: str


def change_password(call: Call) -> Reply:
    """Every session of the person ends; whoever asked by a browser goes on in a new one."""
    body = call.decode(PasswordBody)
    check_password_rules(body.password)
    with call.read():
        actor = call.actor
    attempt = SignInAttempt(actor.email, body.current_password, call.address)
    if verify_sign_in(call.parts.database, attempt) != actor.user_id:
        text = "This is not your password."
        raise Invalid("password-wrong", text, fields={"current_password": [text]})
    password_hash = hash_password(body.password)
    life = timedelta(days=call.parts.settings.session_days)
    with call.write() as tx:
        set_password(tx, actor.user_id, password_hash, by=actor.user_id)
        secret = start_session(tx, actor.user_id, life)
    forget_made_up_password(call.parts.settings, actor.email)
    return Reply(204, content_type="", cookies=(session_cookie(call, secret, life),))


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/current-user/password/",
        change_password,
        OWN_ACCOUNT,
        "Change your password",
        PasswordBody,
        status=204,
    ),
)

"""Signing up, in and out, and who is signed in."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlsplit

import msgspec

from treadle import __version__
from treadle.access.first_administrator import forget_made_up_password
from treadle.access.identities import identify_by_id
from treadle.access.organization import read_organization
from treadle.access.password_links import check_password_link, use_password_link
from treadle.access.passwords import check_password_rules, hash_password
from treadle.access.sign_in import SignInAttempt, end_session, start_session, verify_sign_in
from treadle.access.sign_in_limits import Attempted, note_success
from treadle.access.users import NewUser, SignUpMode, read_sign_up_mode, read_user, sign_up
from treadle.access.workspaces import list_workspaces
from treadle.errors import Forbidden, Invalid, TreadleError
from treadle.web.authentication import check_same_site, session_secrets
from treadle.web.bodies import convert
from treadle.web.call import Call
from treadle.web.cookies import (
    check_form,
    csrf_cookies,
    ended_session_cookie,
    fresh_csrf_cookie,
    session_cookie,
)
from treadle.web.errors import status_of
from treadle.web.pages import HTML, base_of, page
from treadle.web.people import WhoAmIBody, who_am_i_body
from treadle.web.routing import PUBLIC, SIGNED_IN, Reply, Route, json_reply


class WorkspaceOfSession(msgspec.Struct):
    """A workspace with the role of the person."""

    id: int
    name: str
    title: str
    role: str
    projects: int


class SessionBody(msgspec.Struct):
    """What a page asks first."""

    user: WhoAmIBody | None
    workspaces: list[WorkspaceOfSession]
    sign_up: SignUpMode
    version: str
    #: The person's own choice; null: none, or nobody is signed in.
    language: str | None = None


class SignInForm(msgspec.Struct):
    """The fields of /user/login."""

    email: str
    password: str
    next: str = ""


class SignUpForm(SignInForm):
    """The fields of /user/signup."""

    first_name: str = ""
    last_name: str = ""
    invitation: str = ""


class NewPasswordForm(msgspec.Struct):
    """The fields of /user/reset-password: the token of the link, and the password to have."""

    token: str
    password: str
    next: str = ""


class NextBody(msgspec.Struct):
    """Where to go now, relative to the server's root."""

    next: str


@dataclass(frozen=True)
class _SignedIn:
    secret: str
    life: timedelta


def show_session(call: Call) -> Reply:
    with call.read() as tx:
        visitor = call.visitor
        workspaces = list_workspaces(tx, visitor) if visitor else []
        user = read_user(tx, visitor.user_id) if visitor else None
        body = SessionBody(
            who_am_i_body(user, read_organization(tx)) if user else None,
            [WorkspaceOfSession(w.id, w.name, w.title, w.role.value, w.project_count) for w in workspaces],
            read_sign_up_mode(tx, call.parts.settings.sign_up),
            __version__,
            user.language if user else None,
        )
    return Reply(200, msgspec.json.encode(body), headers=_UNCACHED, cookies=csrf_cookies(call))


def who_am_i(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(who_am_i_body(read_user(tx, call.actor.user_id), read_organization(tx)))


def show_form(call: Call) -> Reply:
    shown = page(call.path, call.parts)
    return Reply(shown.status, shown.body, shown.content_type, shown.headers, csrf_cookies(call))


def post_sign_in(call: Call) -> Reply:
    try:
        fields = call.fields()
        check_form(call, fields)
        form = convert(fields, SignInForm)
        return _enter(call, _sign_in(call, form), form.next)
    except TreadleError as error:
        return _refuse(call, error)


def post_sign_up(call: Call) -> Reply:
    try:
        fields = call.fields()
        check_form(call, fields)
        form = convert(fields, SignUpForm)
        return _enter(call, _sign_up(call, form), form.next)
    except TreadleError as error:
        return _refuse(call, error)


def post_new_password(call: Call) -> Reply:
    try:
        fields = call.fields()
        check_form(call, fields)
        form = convert(fields, NewPasswordForm)
        return _enter(call, _set_password(call, form), form.next)
    except TreadleError as error:
        return _refuse(call, error)


def sign_out(call: Call) -> Reply:
    settings = call.parts.settings
    check_same_site(call.method, call.headers, call.arrival, settings.trusted_origins)
    if call.method == "GET" and not _is_navigation(call):
        text = "Only a page that is opened, or a POST, signs out; this was asked for in the background."
        raise Forbidden("sign-out-in-background", text)
    secrets = session_secrets(call.cookie_header)
    if secrets:
        with call.parts.database.write() as tx:
            for secret in secrets:
                end_session(tx, secret)
    to = f"{base_of(call.path)}user/login"
    return Reply(302, b"", HTML, {"Location": to, **_UNCACHED}, (ended_session_cookie(call),))


_KEPT_IN_URL = "/?&=#%+,;:@!$'()*~"
_UNCACHED = {"Cache-Control": "no-store"}


def _check_is_named(call: Call, email: str) -> None:
    """Where a proxy says who asks, nobody else can be signed in: its word counts before the cookie."""
    if call.remote_email and email.strip().lower() != call.remote_email:
        text = f"The platform before this server knows you as {call.remote_email}: give that address."
        raise Invalid("other-person", text, fields={"email": [text]})


def _sign_in(call: Call, form: SignInForm) -> _SignedIn:
    _check_is_named(call, form.email)
    attempt = SignInAttempt(form.email, form.password, call.address)
    user_id = verify_sign_in(call.parts.database, attempt)
    if user_id is None:
        text = "The e-mail address and the password do not match."
        raise Invalid("sign-in-failed", text, fields={"non_field_errors": [text]})
    life = timedelta(days=call.parts.settings.session_days)
    with call.parts.database.write() as tx:
        if identify_by_id(tx, user_id) is None:
            raise Forbidden("user-inactive", "This account was closed. Ask an organisation admin.")
        return _SignedIn(start_session(tx, user_id, life), life)


def _sign_up(call: Call, form: SignUpForm) -> _SignedIn:
    _check_is_named(call, form.email)
    check_password_rules(form.password)
    new = NewUser(form.email, hash_password(form.password), form.first_name, form.last_name)
    settings = call.parts.settings
    life = timedelta(days=settings.session_days)
    with call.parts.database.write() as tx:
        user = sign_up(tx, new, setting=settings.sign_up, invitation=form.invitation or None)
        return _SignedIn(start_session(tx, user.id, life), life)


def _set_password(call: Call, form: NewPasswordForm) -> _SignedIn:
    check_password_rules(form.password)
    with call.parts.database.read() as tx:  # before a stranger makes us hash
        check_password_link(tx, form.token)
    password_hash = hash_password(form.password)
    life = timedelta(days=call.parts.settings.session_days)
    with call.parts.database.write() as tx:
        user_id, email = use_password_link(tx, form.token, password_hash)
        note_success(tx, Attempted(email, call.address, user_id))
        signed_in = _SignedIn(start_session(tx, user_id, life), life)
    forget_made_up_password(call.parts.settings, email)
    return signed_in


def _enter(call: Call, signed_in: _SignedIn, wanted: str) -> Reply:
    # As a header can carry it: a line end in it would begin another header.
    to = quote(wanted.lstrip("/"), safe=_KEPT_IN_URL) if _is_on_this_site(wanted) else ""
    cookies = (session_cookie(call, signed_in.secret, signed_in.life), fresh_csrf_cookie(call))
    if _wants_json(call):
        return Reply(200, msgspec.json.encode(NextBody(to)), headers=_UNCACHED, cookies=cookies)
    return Reply(302, b"", HTML, {"Location": base_of(call.path) + to, **_UNCACHED}, cookies)


def _refuse(call: Call, error: TreadleError) -> Reply:
    """A script gets the error as JSON; a form without one a page, with 200 where one may try again."""
    if _wants_json(call):
        raise error
    status = 200 if isinstance(error, Invalid) else status_of(error)
    texts = [error.message, *(text for texts in error.fields.values() for text in texts)]
    lines = "".join(f"<p>{html.escape(text)}</p>" for text in dict.fromkeys(texts))
    back = call.path.rstrip("/").rpartition("/")[2]
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Treadle</title></head><body>'
        f"<h1>That did not work</h1>{lines}"
        f'<p><a href="{base_of(call.path)}user/{back}">Try again</a></p></body></html>'
    )
    return Reply(status, body.encode(), HTML, _UNCACHED, csrf_cookies(call))


def _is_navigation(call: Call) -> bool:
    """Whether a person went to the address: task data can name it as a picture, which a page then fetches.

    Browsers tell the destination only over HTTPS and on one machine; elsewhere `Accept` shows a picture.
    """
    destination = call.headers.get("sec-fetch-dest")
    if destination is not None:
        return destination == "document"
    accepted = call.headers.get("accept", "")
    return "text/html" in accepted or "image/" not in accepted


def _wants_json(call: Call) -> bool:
    return "application/json" in call.headers.get("accept", "")


def _is_on_this_site(target: str) -> bool:
    try:
        parts = urlsplit(target)
    except ValueError:  # a bracket that no address of IPv6 closes
        return False
    return not parts.scheme and not parts.netloc and "\\" not in target and not target.startswith("//")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/session", show_session, PUBLIC, "Who is signed in, and where", None, SessionBody),
    Route("GET", "/api/current-user/whoami", who_am_i, SIGNED_IN, "Retrieve my user", None, WhoAmIBody),
    Route("GET", "/user/login/", show_form, PUBLIC, "The sign-in page"),
    Route("POST", "/user/login/", post_sign_in, PUBLIC, "Sign in", SignInForm, NextBody),
    Route("GET", "/user/signup/", show_form, PUBLIC, "The sign-up page"),
    Route("POST", "/user/signup/", post_sign_up, PUBLIC, "Sign up", SignUpForm, NextBody),
    Route("GET", "/user/reset-password/", show_form, PUBLIC, "The page of a link for a new password"),
    Route(
        "POST",
        "/user/reset-password/",
        post_new_password,
        PUBLIC,
        "Set a password",
        NewPasswordForm,
        NextBody,
    ),
    Route("GET", "/logout/", sign_out, PUBLIC, "Sign out", status=302),
    Route("POST", "/logout/", sign_out, PUBLIC, "Sign out", status=302),
)

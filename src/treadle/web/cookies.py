"""The two cookies, and the check that a form came from one of our pages."""

from __future__ import annotations

import hmac
from datetime import timedelta

from treadle.access.arrivals import read_prefix
from treadle.errors import Forbidden
from treadle.ids import new_secret
from treadle.web.authentication import CSRF_COOKIE, CSRF_FIELD, CSRF_HEADER, SESSION_COOKIE, check_same_site
from treadle.web.call import Call

#: The path that a page of ours has for its root. No page of another site can send it.
PAGE_BASE_HEADER = "X-Treadle-Base"
_CSRF_LIFE = timedelta(days=365)


def session_cookie(call: Call, secret: str, life: timedelta) -> str:
    """Signs a browser in; scripts of a page cannot read it."""
    return _cookie(call, SESSION_COOKIE, secret, life) + "; HttpOnly"


def ended_session_cookie(call: Call) -> str:
    """Signs a browser out."""
    return _cookie(call, SESSION_COOKIE, "", timedelta(0)) + "; HttpOnly"


def csrf_cookies(call: Call) -> tuple[str, ...]:
    """The cookie that our pages send back with each write; none where the browser has one."""
    if call.cookies.get(CSRF_COOKIE):
        return ()
    return (fresh_csrf_cookie(call),)


def fresh_csrf_cookie(call: Call) -> str:
    """Another one with each sign-in: an open page sees by it that the person may have changed."""
    return _cookie(call, CSRF_COOKIE, new_secret(24), _CSRF_LIFE)


def check_form(call: Call, fields: dict[str, object]) -> None:
    """The form came from a page that could read our cookie. Raises Forbidden("csrf", "cross-site")."""
    check_same_site(call.method, call.headers, call.arrival, call.parts.settings.trusted_origins)
    cookie = call.cookies.get(CSRF_COOKIE, "")
    sent = call.headers.get(CSRF_HEADER) or str(fields.get(CSRF_FIELD) or "")
    if cookie and hmac.compare_digest(cookie.encode(), sent.encode()):
        return
    lacking = f"carried no cookie {CSRF_COOKIE}" if not cookie else f"did not repeat the cookie {CSRF_COOKIE}"
    raise Forbidden(
        "csrf",
        f"This form {lacking} (sent from {call.headers.get('origin', 'no named origin')} to {call.site}). "
        f"Load /user/login first, then send the cookie's value as the field {CSRF_FIELD} or the header "
        f"{CSRF_HEADER}. In a browser: allow cookies for this site and reload the page.",
    )


def _cookie(call: Call, name: str, value: str, life: timedelta) -> str:
    secure = "; Secure" if _is_https(call) else ""
    path = _cookie_path(call)
    return f"{name}={value}; Path={path}; Max-Age={int(life.total_seconds())}; SameSite=Lax{secure}"


def _cookie_path(call: Call) -> str:
    """Of the sub-path, so that two servers on one host do not sign each other out.

    A page knows best where it is: a proxy may strip a sub-path and say nothing of it.
    """
    return read_prefix(call.headers.get(PAGE_BASE_HEADER, "")) or call.arrival.prefix or "/"


def _is_https(call: Call) -> bool:
    """Where no proxy tells the scheme, the page that asks does."""
    arrival = call.arrival
    if arrival.is_scheme_told:
        return arrival.scheme == "https"
    return arrival.scheme == "https" or call.headers.get("origin", "").lower() == f"https://{arrival.host}"

"""Laws of the house: who may ask for what."""

from __future__ import annotations

import inspect

from treadle.permissions import ADMINS_ALONE, ROLE_PERMISSIONS, Permission
from treadle.tracking.entrance import PERMISSIONS
from treadle.tracking.routes import ROWS
from treadle.web.routes import all_routes
from treadle.web.routing import OWN_ACCOUNT, PUBLIC, SIGNED_IN, Route

ROUTES = all_routes()
#: What strangers may ask for, with the reason; everything else knows who asks.
OPEN_TO_STRANGERS = {
    "/health/": "a probe has no account",
    "/ready/": "a probe has no account, and is told no more than well or not",
    "/metrics/": "the token of TREADLE_METRICS_TOKEN is nobody's; else an administrator's is asked for",
    "/version/": "a client looks before it signs in",
    "/api/version/": "a client looks before it signs in",
    "/api/session": "the sign-in page asks",
    "/api/appearance": "the sign-in page shows it",
    "/api/appearance/logo/{name}": "the sign-in page shows it",
    "/user/login/": "signing in",
    "/user/signup/": "signing up",
    "/user/reset-password/": "the link itself is the credential",
    "/logout/": "a session that is over can still be left",
    "/api/token/refresh/": "the refresh token itself is the credential",
    "/api/learning/hooks/{secret}/": "the address itself is the credential",
    "/docs/api/": "it holds nothing of this installation",
    "/docs/api/schema/json/": "it holds nothing of this installation",
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_every_route_declares_who_may_ask() -> None:
    declared = {PUBLIC, SIGNED_IN, OWN_ACCOUNT, *Permission}
    assert [name(route) for route in ROUTES if route.access not in declared] == []


def test_strangers_reach_only_what_is_listed() -> None:
    assert {route.path for route in ROUTES if route.access is PUBLIC} == OPEN_TO_STRANGERS.keys()


def test_every_permission_is_used_by_a_route() -> None:
    used = {route.access for route in ROUTES if isinstance(route.access, Permission)}
    at_the_door = {PERMISSIONS[row.need] for row in ROWS if row.need in PERMISSIONS}
    assert set(Permission) - used - at_the_door == set()


def test_every_permission_is_held_by_a_role_or_by_admins_alone() -> None:
    held = set().union(*ROLE_PERMISSIONS.values())
    assert {p for p in Permission if p not in held} == ADMINS_ALONE


def test_no_route_shadows_another() -> None:
    shapes = [(route.method, shape(route)) for route in ROUTES]
    twice = sorted({f"{method} {path}" for method, path in shapes if shapes.count((method, path)) > 1})
    assert twice == []


def test_every_route_is_well_formed() -> None:
    for route in ROUTES:
        assert route.method in METHODS, name(route)
        assert route.path.startswith("/"), name(route)
        assert route.summary, name(route)
        assert len(set(route.parameters)) == len(route.parameters), name(route)
        assert inspect.iscoroutinefunction(route.handler) is route.stream, name(route)


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def shape(route: Route) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in route.path.strip("/").split("/"))

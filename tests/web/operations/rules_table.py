"""What a project does by itself, for the tests that walk every route."""

from __future__ import annotations

from tests.web.operations.table import Operation

_RULES, _HOOK = "/api/learning/rules/", "/api/learning/rules/hook/"
_OF_PROJECT = {"project": "{project}"}

RULES = (
    Operation("GET", _RULES, query=_OF_PROJECT),
    Operation("PUT", _RULES, query=_OF_PROJECT, body={"spec": {"settings": {"epochs": 3}}}),
    Operation("POST", _HOOK, None, 201, body=_OF_PROJECT),
    Operation("DELETE", _HOOK, None, 204, query=_OF_PROJECT),
    # There is no order yet.
    Operation("POST", "/api/learning/order/", None, 400, body=_OF_PROJECT),
)

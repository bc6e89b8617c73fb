"""The operations of pre-labelling, for the tests that walk every route; what they do is tested elsewhere."""

from __future__ import annotations

from tests.web.operations.table import Operation

_PATH = "/api/learning/prelabel/"
#: No backend is connected in the world.
_BACKEND = "987654321"
_OF_BACKEND = {"project": "{project}", "backend": _BACKEND}

PRELABELLING = (
    Operation("POST", _PATH, None, 404, body={"project": "{project}", "backend": 987654321}),
    Operation("GET", _PATH, None, 404, query=_OF_BACKEND),
    Operation("GET", f"{_PATH}failures/", None, query={"backend": "{backend}"}),
)

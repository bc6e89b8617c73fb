"""Operations on versions of models, for the tests that walk every route."""

from __future__ import annotations

from tests.web.operations.table import Operation

_OF_PROJECT = {"project": "{project}"}

VERSIONS = (
    Operation("GET", "/api/learning/versions/", None, query=_OF_PROJECT),
    Operation("GET", "/api/learning/versions/", None, query={"backend": "{backend}"}),
    Operation("GET", "/api/learning/promotions/", None, query={"backend": "{backend}"}),
    Operation("GET", "/api/learning/quality/", None, query=_OF_PROJECT),
    # It chooses by itself what it predicts by.
    Operation(
        "POST", "/api/learning/versions/promote/", None, 501, body={"backend": "{backend}", "version": None}
    ),
)

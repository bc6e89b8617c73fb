"""How the server's own paths begin: what tells a sub-path of a proxy from them."""

from __future__ import annotations

#: Of the API, its files and what other protocols ask for.
_OF_PROGRAMS = frozenset(
    {
        "ajax-api",
        "api",
        "assets",
        "data",
        "docs",
        "gateway",
        "get-artifact",
        "graphql",
        "health",
        "logout",
        "metrics",
        "mlflow",
        "model-versions",
        "ready",
        "s3",
        "storage-data",
        "tasks",
        "user",
        "v1",
        "version",
    }
)
#: Of the pages; a test compares them with the router of the front end.
_OF_PAGES = frozenset(
    {
        "account",
        "admin",
        "audit-log",
        "compare",
        "deleted",
        "experiments",
        "jobs",
        "lineage",
        "members",
        "models",
        "organization",
        "people",
        "projects",
        "repos",
        "runs",
        "traces",
        "user",
    }
)
OWN_ROOTS = _OF_PROGRAMS | _OF_PAGES

"""The tasks of a project with their annotations, fetched from the server that the backend is connected to."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from treadle.errors import Invalid, Unavailable
from treadle.ml.calling import ProjectCall
from treadle.ml.fetching import fetcher_for


def fetch_tasks(project: ProjectCall, environment: Mapping[str, str] = os.environ) -> list[dict[str, object]]:
    """All tasks that have annotations, as an export of JSON has them.

    Raises Invalid("server-not-known"), Forbidden("file-refused"), NotFound, Unavailable.
    """
    fetcher = fetcher_for(project, environment)
    number = project_number(project)
    if not fetcher.server.base or not number:
        raise Invalid(
            "server-not-known",
            "There is nothing to learn from: the call named no project, or no /setup told where its server "
            "is. Connect the backend in the project's settings, or set LABEL_STUDIO_URL.",
        )
    path = f"/api/projects/{number}/export?exportType=JSON"
    try:
        return msgspec.convert(fetcher.read_json(path), list[dict[str, object]])
    except (ValueError, msgspec.ValidationError) as error:
        address = fetcher.server.url_of(path)
        text = f"{address} answered no list of tasks. Is {fetcher.server.base} a server of the project?"
        raise Unavailable("export-failed", text) from error


def project_number(project: ProjectCall) -> str:
    """The project's id on its server; "" where nobody told."""
    told = (project.project or {}).get("id")
    number = str(told) if told is not None else project.key.partition(".")[0]
    return number if number.isdigit() else ""

"""How far a project is."""

from __future__ import annotations

from typing import Any

from treadle.access import ProjectScope
from treadle.labeling import rendering
from treadle.labeling.progress import PersonProgress, Progress, read_progress
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply


def get_progress(call: Call) -> Reply:
    project_id = call.path_int("id")
    offset_min = call.query_int("utc_offset_minutes", 0) or 0
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        return json_reply(_progress(read_progress(tx, grant, utc_offset_min=offset_min)))


def _progress(found: Progress) -> dict[str, Any]:
    return {
        "tasks": found.tasks,
        "days": found.days,
        "annotators": [_person(each) for each in found.annotators],
        "labels": found.labels,
        "forecast": found.forecast,
    }


def _person(found: PersonProgress) -> dict[str, Any]:
    return {
        "user": found.person,
        "submitted": found.submitted,
        "skipped": found.skipped,
        "mean_lead_time_s": found.mean_lead_time_s,
        "last_at": rendering.instant(found.last_at),
        "days": found.days,
    }


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/projects/{id}/progress/",
        get_progress,
        Permission.PROJECT_READ,
        "How far a project is, who did how much, and when it will be done",
    ),
)

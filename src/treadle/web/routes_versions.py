"""Time travel over HTTP: which versions of a project's labels there are, and the project as it was."""

from __future__ import annotations

from typing import Any

from treadle.access import Grant, ProjectScope
from treadle.connectors import versions
from treadle.connectors.versions import AsOfOrder, Version
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.jobs import Job
from treadle.labeling.exports import ExportOrder
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.repo_bodies import Teller
from treadle.web.routing import Reply, Route, json_reply

_PAGE, _MOST_PER_PAGE = 100, 1_000


def list_versions(call: Call) -> Reply:
    """The commits of the project's labels, the newest first."""
    with call.read() as tx:
        found = versions.list_versions(tx, _grant(call, tx))
        told = Teller(tx, call.actor).commits([each.commit for each in found])
        return json_reply(
            {"results": [_told(each, commit) for each, commit in zip(found, told, strict=True)]}
        )


def get_as_of(call: Call) -> Reply:
    """The project as it was at a commit or a tag of its labels."""
    with call.read() as tx:
        version = versions.find_version(tx, _grant(call, tx), _ref(call))
        commit = Teller(tx, call.actor).commit(version.commit)
    told = version.told
    return json_reply(
        {
            "title": told.title,
            "label_config": told.label_config,
            "label_ids": told.label_ids,
            "task_count": told.task_count,
            "source_commits": told.source_commits,
            "commit": commit,
        }
    )


def list_tasks_as_of(call: Call) -> Reply:
    """The tasks of then by id, with the annotations that they had."""
    limit = call.query_page("limit", _PAGE, _MOST_PER_PAGE)
    with call.read() as tx:
        version = versions.find_version(tx, _grant(call, tx), _ref(call))
    after = call.query_int("after") or 0
    found = versions.read_as_of(call.parts.repos, version, after=after, limit=limit)
    return json_reply({"results": found, "next": found[-1]["id"] if len(found) == limit else None})


def start_export_as_of(call: Call, tx: Tx, grant: Grant, order: ExportOrder) -> Job:
    """Order an export of the version that ``as_of`` names."""
    version = versions.find_version(tx, grant, call.query_text("as_of"))
    if order.view_id is not None:
        text = "A view is of tasks as they are now. Export a version whole, or name tasks by ids."
        raise Invalid("query-invalid", text, fields={"view": [text]})
    of_version = AsOfOrder(version.commit.id, order.export_type, order.with_all, order.task_ids)
    return versions.start_export_as_of(tx, grant, version, of_version)


def _told(version: Version, commit: dict[str, Any]) -> dict[str, Any]:
    return {
        "commit": commit,
        "repo": version.repo.id,
        "repo_name": version.repo.name,
        "branch": version.commit.branch,
        "tags": version.tags,
    }


def _grant(call: Call, tx: Tx) -> Grant:
    return call.allow(tx, ProjectScope(call.path_int("id")))


def _ref(call: Call) -> str:
    ref = call.query_text("ref")
    if not ref:
        text = "Say of which version: ref=labels@v1, or labels@ and a commit."
        raise Invalid("query-invalid", text, fields={"ref": [text]})
    return ref


_EXPORT = Permission.EXPORT
_OF = "/api/projects/{id}"

ROUTES: tuple[Route, ...] = (
    Route("GET", f"{_OF}/versions/", list_versions, _EXPORT, "List versions of the labels"),
    Route("GET", f"{_OF}/as-of/", get_as_of, _EXPORT, "Get the project as it was"),
    Route("GET", f"{_OF}/as-of/tasks/", list_tasks_as_of, _EXPORT, "List the tasks as they were"),
)

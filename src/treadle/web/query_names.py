"""What routes read of the query, by name: for the description of the API, and for programs made from it.

`tests/laws/test_queries.py` holds it to what handlers read.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

INTEGERS = frozenset(
    (
        "actor",
        "backend",
        "before",
        "depth",
        "limit",
        "offset",
        "older_than_days",
        "owner",
        "page",
        "page_size",
        "project",
        "tabID",
        "task",
        "thumbnail",
        "utc_offset_minutes",
        "view",
        "workspace",
    )
)
FLAGS = frozenset(
    (
        "commit_to_project",
        "deleted",
        "download",
        "download_all_tasks",
        "download_resources",
        "force",
        "is_alone",
        "is_interactive",
        "organization-only",
        "peek",
        "random",
        "replace",
        "return_task_ids",
        "stage",
        "was_cancelled",
        "with_sizes",
        "worker",
    )
)
#: Names of which several may be given.
LISTS = frozenset(("ids",))
_KIND = "exportType export_type"
_IMPORT = "as commit_to_project preannotated_from_fields return_task_ids"

#: The names by method and path, as routes are declared; what is no number and no flag is a text.
QUERIES: Mapping[str, str] = MappingProxyType(
    {
        "GET /api/admin/doctor/events/": "seconds",
        "GET /api/admin/doctor/silence/": "seconds",
        "GET /api/admin/people/": "page page_size search state",
        "GET /api/admin/tokens/": "owner page page_size search",
        "GET /api/annotations/{id}/history/": "before",
        "GET /api/audit-log": "action actor before outcome page_size since until workspace",
        "GET /api/audit-log/export": "action actor format outcome since until workspace",
        "GET /api/dm/actions/": "project",
        "POST /api/dm/actions/": "id peek project tabID view",
        "GET /api/dm/actions/{action}/form/": "project",
        "GET /api/dm/columns/": "project",
        "GET /api/dm/project/": "project",
        "GET /api/dm/views/": "project",
        "POST /api/dm/views/": "project",
        "POST /api/dm/views/order/": "project",
        "DELETE /api/dm/views/reset/": "project",
        "DELETE /api/import/file-upload/{id}/": "force",
        "GET /api/jobs/": "kind page page_size project state workspace",
        "GET /api/learning/builtins/": "project",
        "GET /api/learning/prelabel/": "backend project version",
        "GET /api/learning/prelabel/failures/": "backend page page_size version",
        "GET /api/learning/promotions/": "backend",
        "GET /api/learning/quality/": "project",
        "GET /api/learning/rules/": "project",
        "PUT /api/learning/rules/": "project",
        "DELETE /api/learning/rules/hook/": "project",
        "GET /api/learning/trainings/": "page page_size project",
        "GET /api/learning/trainings/{id}/log/": "from",
        "GET /api/learning/versions/": "backend project",
        "GET /api/lineage/": "after depth direction limit node",
        "GET /api/ml/": "is_interactive project",
        "POST /api/ml/{id}/predict/test/": "random",
        "GET /api/organizations/{id}/memberships": "page page_size",
        "GET /api/predictions/": "project task",
        "GET /api/projects/": "page page_size search title workspace",
        "GET /api/projects/counts/": "page page_size search title workspace",
        "GET /api/projects/{id}/as-of/": "ref",
        "GET /api/projects/{id}/as-of/tasks/": "after limit ref",
        "GET /api/projects/{id}/export/": f"{_KIND} as_of download_all_tasks download_resources ids view",
        "GET /api/projects/{id}/exports/{export_id}/download/": _KIND,
        "GET /api/projects/{id}/exports/{export_id}/report/": _KIND,
        "DELETE /api/projects/{id}/file-uploads/": "force",
        "GET /api/projects/{id}/file-uploads/": "ids",
        "POST /api/projects/{id}/import/": _IMPORT,
        "POST /api/projects/{id}/import/predictions/": "return_task_ids",
        "GET /api/projects/{id}/next/": "peek",
        "GET /api/projects/{id}/progress/": "utc_offset_minutes",
        "POST /api/projects/{id}/reimport/": _IMPORT,
        "GET /api/projects/{id}/tasks/": "page page_size",
        "POST /api/projects/{id}/tasks/bulk/": _IMPORT,
        "GET /api/repos/": "name workspace",
        "GET /api/repos/{id}/archive/": "prefix ref",
        "POST /api/repos/{id}/archive/": "branch commit message prefix replace stage",
        "GET /api/repos/{id}/blame/": "path ref",
        "GET /api/repos/{id}/commits/": "after limit path ref",
        "GET /api/repos/{id}/diff/": "after from limit prefix to",
        "GET /api/repos/{id}/files/": "after delimiter glob limit prefix ref",
        "DELETE /api/repos/{id}/files/{path...}": "branch commit message stage",
        "GET /api/repos/{id}/files/{path...}": "download ref thumbnail",
        "PUT /api/repos/{id}/files/{path...}": "branch commit message stage",
        "GET /api/storages/": "project",
        "GET /api/storages/export/": "project",
        "GET /api/storages/export/{kind}/": "project",
        "GET /api/storages/items/{storage}/{key...}": "at thumbnail",
        "GET /api/storages/{kind}/": "project",
        "GET /api/tasks/": "fields page page_size project query view",
        "POST /api/tasks/{id}/annotations/": "was_cancelled",
        "GET /api/tracking/columns/": "experiment_ids search workspace",
        "GET /api/tracking/deleted/": "is_alone limit offset workspace",
        "GET /api/tracking/deleted/sizes/": "of workspace",
        "GET /api/tracking/experiments/": "deleted search workspace",
        "GET /api/tracking/models/history/": "name workspace",
        "GET /api/tracking/purge/": "older_than_days with_sizes workspace",
        "GET /api/tracking/views/": "experiment workspace",
        "GET /api/webhooks/": "project",
        "GET /api/webhooks/backends/{backend}/deliveries/": "before limit state",
        "GET /api/webhooks/info/": "organization-only",
        "GET /api/webhooks/{id}/deliveries/": "before limit state",
        "GET /api/workspaces/{id}/audit-log": "action actor before outcome page_size since until workspace",
        "GET /api/workspaces/{id}/audit-log/export": "action actor format outcome since until workspace",
        "GET /ready/": "worker",
        "GET /storage-data/uploaded/": "filepath",
    }
)


def describe_query(method: str, path: str) -> list[dict[str, Any]]:
    """The parameters of a route's query, as OpenAPI has them."""
    names = QUERIES.get(f"{method} {path}", "").split()
    return [{"name": name, "in": "query", "required": False, "schema": _schema(name)} for name in names]


def _schema(name: str) -> dict[str, Any]:
    if name in LISTS:
        return {"type": "array", "items": {"type": "string"}}
    return {"type": "integer" if name in INTEGERS else "boolean" if name in FLAGS else "string"}

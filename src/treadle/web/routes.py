"""Every route of the server: the modules that hold them, in one tuple, by how their paths begin.

A start imports none of them. `Areas` imports those that may answer at a path when it is first asked for.
"""

from __future__ import annotations

from treadle.web.areas import Area
from treadle.web.routing import Route

_PROJECT = "/api/projects/{}"
_REPO = "/api/repos/{}"

AREAS: tuple[Area, ...] = (
    Area("treadle.web.routes_server", ("/health", "/version", "/api/version")),
    Area("treadle.web.routes_operations", ("/ready", "/metrics")),
    Area("treadle.web.routes_docs", ("/docs/api",)),
    Area("treadle.web.routes_doctor", ("/api/admin/doctor",)),
    Area("treadle.web.routes_session", ("/api/session", "/api/current-user/whoami", "/user", "/logout")),
    Area(
        "treadle.web.routes_tokens",
        ("/api/token", "/api/tokens", "/api/current-user/token", "/api/current-user/reset-token", "/api/jwt"),
    ),
    Area("treadle.web.routes_s3_keys", ("/api/s3-keys", f"{_REPO}/auto-commit")),
    Area("treadle.web.routes_users", ("/api/users", "/api/current-user/hotkeys")),
    Area("treadle.web.routes_avatars", ("/api/users/{}/avatar", "/data/avatars")),
    Area("treadle.web.routes_password", ("/api/current-user/password",)),
    Area("treadle.web.routes_workspaces", ("/api/workspaces", "/api/invitations", f"{_PROJECT}/members")),
    Area("treadle.web.routes_organization", ("/api/organizations", "/api/invite")),
    Area("treadle.web.routes_audit", ("/api/audit-log", "/api/workspaces/{}/audit-log")),
    Area(
        "treadle.web.routes_service_accounts",
        ("/api/admin/service-accounts", "/api/workspaces/{}/service-accounts"),
    ),
    Area("treadle.web.routes_admin_people", ("/api/admin/people",)),
    Area("treadle.web.routes_admin", ("/api/admin/tokens", "/api/admin/s3-keys", "/api/admin/workspaces")),
    Area(
        "treadle.web.routes_appearance",
        ("/api/appearance", "/api/admin/appearance", "/api/current-user/language"),
    ),
    Area("treadle.web.routes_jobs", ("/api/jobs",)),
    Area("treadle.web.routes_projects", ("/api/projects", "/api/templates", "/api/dm/project")),
    Area("treadle.web.routes_progress", (f"{_PROJECT}/progress",)),
    Area("treadle.web.routes_duplication", (f"{_PROJECT}/duplicate",)),
    Area(
        "treadle.web.routes_tasks",
        ("/api/tasks", f"{_PROJECT}/tasks", f"{_PROJECT}/next", f"{_PROJECT}/label-stream-history"),
    ),
    Area(
        "treadle.web.routes_annotations",
        ("/api/tasks/{}/annotations", "/api/tasks/{}/drafts", "/api/annotations", "/api/drafts"),
    ),
    Area("treadle.web.routes_history", ("/api/annotations/{}/history", "/api/annotations/{}/restore")),
    Area("treadle.web.routes_predictions", ("/api/predictions", f"{_PROJECT}/model-versions")),
    Area("treadle.web.routes_views", ("/api/tasks", "/api/dm/columns", "/api/dm/views")),
    Area("treadle.web.routes_field_indexes", (f"{_PROJECT}/field-indexes",)),
    Area("treadle.web.routes_actions", ("/api/dm/actions",)),
    Area(
        "treadle.web.routes_trash",
        ("/api/deletions", "/api/projects/deleted", f"{_PROJECT}/deletions", f"{_PROJECT}/restore"),
    ),
    Area("treadle.web.routes_media", ("/data/upload", "/data/thumbnail")),
    Area(
        "treadle.web.routes_imports",
        (
            "/api/import",
            f"{_PROJECT}/import",
            f"{_PROJECT}/imports",
            f"{_PROJECT}/reimport",
            f"{_PROJECT}/reimports",
            f"{_PROJECT}/file-uploads",
            f"{_PROJECT}/tasks/bulk",
        ),
    ),
    Area("treadle.web.routes_exports", ("/api/exports", f"{_PROJECT}/export", f"{_PROJECT}/exports")),
    Area("treadle.web.routes_learning_prelabel", ("/api/learning/prelabel",)),
    Area("treadle.web.routes_learning_builtins", ("/api/learning/builtins",)),
    Area(
        "treadle.web.routes_learning_versions",
        ("/api/learning/versions", "/api/learning/promotions", "/api/learning/quality"),
    ),
    Area(
        "treadle.web.routes_learning_rules",
        ("/api/learning/rules", "/api/learning/order", "/api/learning/hooks"),
    ),
    Area("treadle.web.routes_learning_trainings", ("/api/learning/trainings",)),
    Area("treadle.web.routes_storages", ("/api/storages",)),
    Area("treadle.web.routes_webhooks", ("/api/webhooks",)),
    Area("treadle.web.routes_versions", (f"{_PROJECT}/versions", f"{_PROJECT}/as-of")),
    Area("treadle.web.routes_tracking", ("/api/tracking",)),
    Area("treadle.web.routes_tracking_models", ("/api/tracking/models",)),
    Area("treadle.web.routes_tracking_purge", ("/api/tracking/purge", "/api/tracking/deleted/sizes")),
    Area("treadle.web.routes_ml", ("/api/ml",)),
    Area("treadle.web.routes_callbacks", ("/storage-data",)),
    Area("treadle.web.routes_lineage", ("/api/lineage",)),
    Area("treadle.web.routes_repos", ("/api/repos",)),
    Area("treadle.web.routes_repos_refs", (f"{_REPO}/branches", f"{_REPO}/tags", f"{_REPO}/commits")),
    Area("treadle.web.routes_repos_files", (f"{_REPO}/files", f"{_REPO}/changes")),
    Area("treadle.web.routes_repos_archives", (f"{_REPO}/archive",)),
    Area(
        "treadle.web.routes_repos_history",
        tuple(
            f"{_REPO}/{what}" for what in ("commits", "blame", "diff", "merges", "cherry-picks", "reverts")
        ),
    ),
    Area("treadle.web.routes_repos_upkeep", (f"{_REPO}/gc", f"{_REPO}/fsck", f"{_REPO}/retention")),
)


def all_routes() -> tuple[Route, ...]:
    """Every route, with all that it takes to answer it."""
    return tuple(route for area in AREAS for route in area.load())

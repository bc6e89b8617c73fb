"""Every route of the server, in one tuple."""

from __future__ import annotations

from treadle.web import (
    repo_routes,
    routes_actions,
    routes_admin,
    routes_admin_people,
    routes_annotations,
    routes_audit,
    routes_avatars,
    routes_duplication,
    routes_exports,
    routes_field_indexes,
    routes_history,
    routes_imports,
    routes_jobs,
    routes_lineage,
    routes_media,
    routes_organization,
    routes_password,
    routes_predictions,
    routes_progress,
    routes_projects,
    routes_s3_keys,
    routes_server,
    routes_service_accounts,
    routes_session,
    routes_storages,
    routes_tasks,
    routes_tokens,
    routes_tracking,
    routes_tracking_models,
    routes_trash,
    routes_users,
    routes_versions,
    routes_views,
    routes_workspaces,
)
from treadle.web.call import Call
from treadle.web.openapi import describe, describe_as_page
from treadle.web.pages import HTML
from treadle.web.routing import PUBLIC, Reply, Route, json_reply


def get_schema(_call: Call) -> Reply:
    return json_reply(describe(ROUTES))


def get_schema_page(_call: Call) -> Reply:
    return Reply(200, describe_as_page(ROUTES).encode(), HTML)


ROUTES: tuple[Route, ...] = (
    *routes_server.ROUTES,
    *routes_session.ROUTES,
    *routes_tokens.ROUTES,
    *routes_s3_keys.ROUTES,
    *routes_users.ROUTES,
    *routes_avatars.ROUTES,
    *routes_password.ROUTES,
    *routes_workspaces.ROUTES,
    *routes_organization.ROUTES,
    *routes_audit.ROUTES,
    *routes_service_accounts.ROUTES,
    *routes_admin_people.ROUTES,
    *routes_admin.ROUTES,
    *routes_jobs.ROUTES,
    *routes_projects.ROUTES,
    *routes_progress.ROUTES,
    *routes_duplication.ROUTES,
    *routes_tasks.ROUTES,
    *routes_annotations.ROUTES,
    *routes_history.ROUTES,
    *routes_predictions.ROUTES,
    *routes_views.ROUTES,
    *routes_field_indexes.ROUTES,
    *routes_actions.ROUTES,
    *routes_trash.ROUTES,
    *routes_media.ROUTES,
    *routes_imports.ROUTES,
    *routes_exports.ROUTES,
    *routes_storages.ROUTES,
    *routes_versions.ROUTES,
    *routes_tracking.ROUTES,
    *routes_tracking_models.ROUTES,
    *routes_lineage.ROUTES,
    *repo_routes.ROUTES,
    Route("GET", "/docs/api/schema/json/", get_schema, PUBLIC, "This description"),
    Route("GET", "/docs/api/", get_schema_page, PUBLIC, "The operations as a page"),
)

"""Treadle's own operations beside Label Studio's, for the tests that walk every route."""

from __future__ import annotations

from typing import Any

from tests.web.operations.ml_table import BACKENDS
from tests.web.operations.prelabel_table import PRELABELLING
from tests.web.operations.rules_table import RULES
from tests.web.operations.storage_table import STORAGES
from tests.web.operations.table import ADMIN, Operation
from tests.web.operations.training_table import TRAININGS
from tests.web.operations.version_table import VERSIONS
from tests.web.operations.webhook_table import WEBHOOKS

_MEMBER = {"user": "{person}", "role": "viewer"}


def _op(method: str, path: str, status: int = 200, **more: Any) -> Operation:
    return Operation(method, path, None, status, **more)


#: What one does with oneself: no role is asked for.
PERSONAL = (
    _op("POST", "/api/token/", 409, is_personal=True),
    _op("GET", "/api/tokens", is_personal=True),
    _op("POST", "/api/tokens", 201, body={"name": "notebook"}, is_personal=True),
    _op("DELETE", "/api/tokens/{user}", 404, is_personal=True),
    _op("GET", "/api/s3-keys", is_personal=True),
    _op("POST", "/api/s3-keys", 201, body={"name": "laptop"}, is_personal=True),
    _op("DELETE", "/api/s3-keys/{user}", 404, is_personal=True),
    _op("PATCH", "/api/current-user/hotkeys/", body={"custom_hotkeys": {}}, is_personal=True),
    _op(
        "POST",
        "/api/current-user/password/",
        body={"current_password": "not mine", "password": "eight or more"},
        is_personal=True,
    ),
    _op("PUT", "/api/current-user/language", body={"language": "ko"}, is_personal=True),
    _op("POST", "/api/invitations/accept", body={"token": "none"}, is_personal=True),
    _op("POST", "/api/users/{user}/avatar/", 400, is_personal=True),
    _op("DELETE", "/api/users/{user}/avatar/", 204, is_personal=True),
    _op("GET", "/data/avatars/{user}", 404, is_personal=True),
    # One's own jobs, and those of a project that one changes.
    _op("GET", "/api/jobs/", is_personal=True),
    _op("GET", "/api/jobs/{job}/", is_personal=True),
    _op("POST", "/api/jobs/{job}/cancel/", 409, is_personal=True),
    _op("POST", "/api/jobs/{job}/retry/", 409, is_personal=True),
    # Those that one may restore.
    _op("GET", "/api/projects/deleted/", is_personal=True),
)
#: What watches the server asks.
WATCHING = (
    _op("GET", "/ready/", is_public=True),
    _op("GET", "/metrics/", refused=ADMIN),
)
#: What everybody sees before the sign-in, and what its administrators set.
APPEARANCE = (
    _op("GET", "/api/appearance", is_public=True),
    _op("GET", "/api/appearance/logo/none.png", 404, is_public=True),
    _op("GET", "/api/admin/appearance", refused=ADMIN),
    _op("PATCH", "/api/admin/appearance", body={"name": "Field notes"}, refused=ADMIN),
    _op("PUT", "/api/admin/appearance/logo", 400, refused=ADMIN),
    _op("DELETE", "/api/admin/appearance/logo", 204, refused=ADMIN),
)
WORKSPACES = (
    _op("GET", "/api/workspaces"),
    _op("POST", "/api/workspaces", 201, body={"name": "another-one"}),
    _op("GET", "/api/workspaces/{workspace}"),
    _op("GET", "/api/workspaces/{workspace}/members"),
    _op("POST", "/api/workspaces/{workspace}/members", 201, body=_MEMBER),
    _op("DELETE", "/api/workspaces/{workspace}/members/{member}", 204),
    _op("GET", "/api/projects/{project}/members"),
    _op("POST", "/api/projects/{project}/members", 201, body=_MEMBER),
    _op("DELETE", "/api/projects/{project}/members/{guest}", 204),
    _op("GET", "/api/workspaces/{workspace}/invitations"),
    _op("POST", "/api/workspaces/{workspace}/invitations", 201, body={"role": "viewer"}),
    _op("DELETE", "/api/workspaces/{workspace}/invitations/{invitation}", 204),
    _op("GET", "/api/audit-log"),
    _op("GET", "/api/workspaces/{workspace}/audit-log"),
    _op("GET", "/api/audit-log/export"),
    _op("GET", "/api/workspaces/{workspace}/audit-log/export"),
    _op("PATCH", "/api/workspaces/{workspace}", body={"title": "Main"}),
    _op("DELETE", "/api/workspaces/{workspace}", 409),
)
_SERVICE = "/api/workspaces/{workspace}/service-accounts/"
ADMINISTRATION = (
    _op("GET", _SERVICE),
    _op("POST", _SERVICE, 201, body={"name": "{fresh}", "role": "viewer"}),
    _op("GET", f"{_SERVICE}{{service}}/"),
    _op("PATCH", f"{_SERVICE}{{service}}/", body={"description": "Trains"}),
    _op("GET", f"{_SERVICE}{{service}}/tokens/"),
    _op("POST", f"{_SERVICE}{{service}}/tokens/", 201, body={"name": "nightly"}),
    _op("DELETE", f"{_SERVICE}{{service}}/tokens/{{user}}/", 404),
    _op("GET", "/api/admin/service-accounts/"),
    _op("GET", "/api/admin/people/"),
    _op("POST", "/api/admin/people/", 201, body={"email": "{email}"}),
    _op("GET", "/api/admin/people/{person}/"),
    _op("PATCH", "/api/admin/people/{person}/", body={"is_admin": True}),
    _op("POST", "/api/admin/people/{person}/password-link/", 201),
    _op("GET", "/api/admin/tokens/"),
    _op("DELETE", "/api/admin/tokens/{user}/", 404),
    _op("DELETE", "/api/admin/s3-keys/{user}/", 404),
    _op("GET", "/api/admin/workspaces/"),
    _op("GET", "/api/admin/doctor/"),
    _op("GET", "/api/admin/doctor/arrival/"),
    _op("GET", "/api/admin/doctor/silence/", query={"seconds": "0"}),
    _op("GET", "/api/admin/doctor/events/", query={"seconds": "0"}),
    _op("POST", "/api/admin/doctor/upload/"),
    _op("POST", "/api/admin/doctor/judgement/", body={"site": "http://localhost"}),
)
WORK = (
    _op("PUT", "/api/tasks/{task}/", body={"data": {"image": "https://example.com/0.jpg"}}),
    _op("POST", "/api/tasks/{task}/open/"),
    _op("POST", "/api/tasks/{task}/release/", 204),
    _op("GET", "/api/annotations/{annotation}/history/"),
    _op("GET", "/api/annotations/{annotation}/history/{version}/"),
    _op("POST", "/api/annotations/{changed}/restore/", body={"version": 1}),
    _op("GET", "/api/projects/{project}/deletions/"),
    _op("POST", "/api/deletions/{deletion}/restore/"),
    _op("POST", "/api/projects/{deleted}/restore/"),
    _op("GET", "/api/learning/builtins/", query={"project": "{project}"}),
    _op("GET", "/api/projects/{project}/field-indexes/"),
    _op("POST", "/api/projects/{project}/field-indexes/", 201, body={"path": "n"}),
    _op("DELETE", "/api/projects/{project}/field-indexes/{field_index}/", 204),
    _op("GET", "/api/projects/{project}/progress/"),
    _op("POST", "/api/projects/{project}/duplicate/", 201, body={"title": "Another one"}),
    _op("GET", "/data/thumbnail/{project}/{file}"),
    _op("GET", "/api/exports/files/{job}/"),
    _op("GET", "/api/exports/files/{job}/report/"),
)

REPOS = (
    _op("GET", "/api/repos/", is_personal=True),
    _op("GET", "/api/repos/deleted/", is_personal=True),
    _op("POST", "/api/repos/", 201, body={"name": "{fresh}", "workspace": "{workspace}"}),
    _op("GET", "/api/repos/{repo}/"),
    _op("PATCH", "/api/repos/{repo}/", body={"description": "Pictures"}),
    _op("DELETE", "/api/repos/{repo}/", 204),
    _op("POST", "/api/repos/{deleted_repo}/restore/"),
    _op("GET", "/api/repos/{repo}/auto-commit/"),
    _op("PUT", "/api/repos/{repo}/auto-commit/", body={"after_files": 0, "after_minutes": 0}),
    _op("GET", "/api/repos/{repo}/branches/"),
    _op("POST", "/api/repos/{repo}/branches/", 201, body={"name": "another"}),
    _op("GET", "/api/repos/{repo}/branches/master/"),
    _op("PUT", "/api/repos/{repo}/branches/empty/", body={"head": None, "expected_head": None}),
    _op("DELETE", "/api/repos/{repo}/branches/empty/", 204),
    _op("GET", "/api/repos/{repo}/tags/"),
    _op("POST", "/api/repos/{repo}/commits/", 201, body={"branch": "master"}),
    _op("GET", "/api/repos/{repo}/commits/{open_commit}/"),
    _op("DELETE", "/api/repos/{repo}/commits/{open_commit}/", 204),
    _op("POST", "/api/repos/{repo}/tags/", 201, body={"name": "v2", "at": "master"}),
    _op("DELETE", "/api/repos/{repo}/tags/v1/", 204),
    _op("GET", "/api/repos/{repo}/commits/"),
    _op("POST", "/api/repos/{repo}/commits/{open_commit}/finish/", body={"message": "m"}),
    _op("GET", "/api/repos/{repo}/files/"),
    _op("GET", "/api/repos/{repo}/files/a.txt"),
    _op("PUT", "/api/repos/{repo}/files/b.txt", 201),
    _op("DELETE", "/api/repos/{repo}/files/a.txt"),
    _op("POST", "/api/repos/{repo}/changes/", 201, body={"move": [{"from": "a.txt", "to": "b.txt"}]}),
    _op("GET", "/api/repos/{repo}/archive/"),
    _op("POST", "/api/repos/{repo}/archive/", 400),
    _op("GET", "/api/repos/{repo}/diff/"),
    _op("GET", "/api/repos/{repo}/blame/", query={"path": "a.txt"}),
    _op("POST", "/api/repos/{repo}/gc/", 202),
    _op("POST", "/api/repos/{repo}/fsck/", 202),
    _op("GET", "/api/repos/{repo}/retention/"),
    _op("PUT", "/api/repos/{repo}/retention/", body={"keep_days": 30, "keep_tags": True}),
    _op("POST", "/api/repos/{repo}/merges/", 201, body={"from": "tidy", "into": "master"}),
    _op("POST", "/api/repos/{repo}/cherry-picks/", 201, body={"commit": "tidy", "onto": "master"}),
    _op("POST", "/api/repos/{repo}/reverts/", 201, body={"commit": "tidy", "on": "tidy"}),
)

_OF_WORKSPACE = {"workspace": "{workspace}"}
_RUNS = {**_OF_WORKSPACE, "run_ids": ["a"]}
TRACKING = (
    _op("GET", "/api/tracking/models/history/", query={**_OF_WORKSPACE, "name": "finder"}),
    _op("GET", "/api/tracking/experiments/", query=_OF_WORKSPACE),
    _op("GET", "/api/tracking/columns/", query=_OF_WORKSPACE),
    _op("GET", "/api/tracking/deleted/", query=_OF_WORKSPACE),
    _op("GET", "/api/tracking/deleted/sizes/", query={**_OF_WORKSPACE, "of": "1"}),
    _op("GET", "/api/tracking/purge/", query={**_OF_WORKSPACE, "older_than_days": "30"}),
    _op("POST", "/api/tracking/purge/", 202, body={**_OF_WORKSPACE, "older_than_days": 30}),
    _op("POST", "/api/tracking/runs/", body=_OF_WORKSPACE),
    _op("POST", "/api/tracking/runs/groups/", body={**_OF_WORKSPACE, "by": "params.lr"}),
    _op("POST", "/api/tracking/runs/actions/", body={**_RUNS, "action": "delete"}),
    _op("POST", "/api/tracking/curves/", body={**_RUNS, "key": "loss"}),
    _op("GET", "/api/tracking/views/", query=_OF_WORKSPACE),
    _op("POST", "/api/tracking/views/", 201, body={**_OF_WORKSPACE, "name": "mine"}),
    # Shared ones are changed by who made them, and by who may write.
    _op("PATCH", "/api/tracking/views/{run_view}/", body={"name": "ours"}, is_personal=True),
    _op("DELETE", "/api/tracking/views/{run_view}/", 204, is_personal=True),
)

OWN: tuple[Operation, ...] = (
    *PERSONAL,
    *WATCHING,
    *APPEARANCE,
    *WORKSPACES,
    *ADMINISTRATION,
    *WORK,
    *REPOS,
    *STORAGES,
    *BACKENDS,
    *TRACKING,
    *TRAININGS,
    *PRELABELLING,
    *RULES,
    *VERSIONS,
    *WEBHOOKS,
)

#: Routes that are tried elsewhere: signing in and out is about no role.
UNASKED = frozenset(
    {
        ("GET", "/api/session"),
        ("GET", "/user/login/"),
        ("POST", "/user/login/"),
        ("GET", "/user/signup/"),
        ("POST", "/user/signup/"),
        ("GET", "/user/reset-password/"),
        ("POST", "/user/reset-password/"),
        ("GET", "/logout/"),
        ("POST", "/logout/"),
        ("POST", "/api/learning/hooks/{secret}/"),
        ("GET", "/docs/api/schema/json/"),
        ("GET", "/docs/api/"),
    }
)

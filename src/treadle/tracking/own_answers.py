"""What the door answers by itself of MLflow's server: nobody's first look starts it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from treadle.errors import NotFound, Unsupported
from treadle.tracking.names import internal_name, shown_name

SERVER_INFO = frozenset({"/api/3.0/mlflow/server-info", "/ajax-api/3.0/mlflow/server-info"})
_WORKSPACES = re.compile(r"/(?:api|ajax-api)/3\.0/mlflow/workspaces(?:/([^/]+))?")

#: What MLflow of this version says of itself as it is run here; a test compares it with what it says.
_SERVER = {
    "features_enabled": {"gateway": False},
    "multipart_downloads_enabled": False,
    "multipart_uploads_enabled": False,
    "presigned_upload_model_id_supported": True,
    "presigned_upload_run_id_supported": True,
    "store_type": "SqlStore",
    "trace_archival_enabled": False,
    "workspaces_enabled": True,
}


def server_info() -> bytes:
    """What clients ask before they sign in."""
    return msgspec.json.encode(_SERVER)


@cache
def installed_version() -> str | None:
    """Of the MLflow that is installed here; None: there is none."""
    try:
        return version("mlflow-skinny")
    except PackageNotFoundError:
        return None


def is_of_workspaces(path: str) -> bool:
    """Whether the path is of MLflow's own workspaces, which are Treadle's."""
    return _WORKSPACES.fullmatch(path) is not None


def answer_workspaces(method: str, path: str, names: Iterable[tuple[int, str]]) -> bytes:
    """One's own workspaces, or the one in the path. Raises NotFound, Unsupported for a change."""
    if method not in ("GET", "HEAD"):
        raise Unsupported(
            "workspaces-elsewhere",
            "Workspaces are made, renamed and deleted in Treadle itself: on its pages, or by POST "
            "/api/workspaces.",
        )
    found = _WORKSPACES.fullmatch(path)
    wanted = found[1] if found else None
    if wanted is None:
        return msgspec.json.encode({"workspaces": [_workspace(*one) for one in names]})
    for workspace_id, name in names:
        if wanted in (internal_name(workspace_id), shown_name(workspace_id, name)):
            return msgspec.json.encode({"workspace": _workspace(workspace_id, name)})
    raise NotFound("workspace-not-found", f"There is no workspace {wanted[:80]!r} that you can see.")


def check_pages() -> None:
    """Raises NotFound where MLflow's own pages are not installed."""
    if not _has_pages():
        raise NotFound(
            "pages-not-installed",
            "MLflow's own pages are not installed here. Add them by: pip install 'treadle[mlflow-ui]'. "
            "Experiments and models are on Treadle's own pages, too.",
        )


@cache
def _has_pages() -> bool:
    found = find_spec("mlflow")
    if found is None or found.origin is None:
        return False
    return (Path(found.origin).parent / "server" / "js" / "build" / "index.html").exists()


def _workspace(workspace_id: int, name: str) -> dict[str, str]:
    return {"name": shown_name(workspace_id, name), "description": name}

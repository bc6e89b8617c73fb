"""Addresses that backends of Label Studio fetch files from, beside those that its tasks name."""

from __future__ import annotations

from treadle.errors import NotFound
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routes_media import get_upload
from treadle.web.routing import AnyReply, Route

_UPLOADS = "upload"


def get_stored(call: Call) -> AnyReply:
    """An uploaded file by ``?filepath=upload/PROJECT/NAME``."""
    parts = call.query_text("filepath").lstrip("/").split("/")
    if len(parts) != 3 or parts[0] != _UPLOADS:
        with call.read():
            call.allow_list()
        text = f"{call.query_text('filepath')[:200]!r} is no uploaded file; give upload/PROJECT/NAME."
        raise NotFound("file-not-found", text)
    call.path_params = {"project_id": parts[1], "file_name": parts[2]}
    return get_upload(call)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/storage-data/uploaded/", get_stored, Permission.TASK_READ, "Download file by its place"),
)

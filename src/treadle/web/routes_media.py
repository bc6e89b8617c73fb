"""Uploaded files and small copies of pictures over HTTP."""

from __future__ import annotations

from treadle.access import ProjectScope
from treadle.errors import NotFound
from treadle.labeling import uploads
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.downloads import stream_object
from treadle.web.routing import AnyReply, Reply, Route

# Names are never given out twice, so what a name holds never changes.
_FOR_GOOD = "private, max-age=31536000, immutable"


def get_upload(call: Call) -> AnyReply:
    """An uploaded file, as it came."""
    project_id, name = call.path_int("project_id"), call.path_params["file_name"]
    with call.read() as tx:
        row = uploads.find(tx, call.allow(tx, ProjectScope(project_id)), name)
    return _send(call, row["object_key"], row["content_type"], f'"{row["id"]}"')


def get_thumbnail(call: Call) -> AnyReply:
    """The small copy of an uploaded picture: JPEG, at most 320 px, turned as it is shown."""
    project_id, name = call.path_int("project_id"), call.path_params["file_name"]
    with call.read() as tx:
        row = uploads.find(tx, call.allow(tx, ProjectScope(project_id)), name)
    if row["width_px"] is None:
        raise NotFound("no-picture", f"{name} is no picture.")
    return _send(call, uploads.thumbnail_key(project_id, name), "image/jpeg", f'"{row["id"]}-small"')


def _send(call: Call, key: str, content_type: str, etag: str) -> AnyReply:
    headers = {"Cache-Control": _FOR_GOOD, "ETag": etag}
    if call.headers.get("if-none-match") == etag:
        return Reply(304, content_type="", headers=headers)
    return stream_object(call, key, content_type, headers)


_READ = Permission.TASK_READ

ROUTES: tuple[Route, ...] = (
    Route("GET", "/data/upload/{project_id}/{file_name}", get_upload, _READ, "Download file"),
    Route("GET", "/data/thumbnail/{project_id}/{file_name}", get_thumbnail, _READ, "Small copy of a picture"),
)

"""Bytes of the object store over HTTP, whole or a range of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from treadle.web.call import Call
from treadle.web.routing import AnyReply, Reply, StreamReply

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def stream_object(call: Call, key: str, content_type: str, headers: Mapping[str, str]) -> AnyReply:
    """The object under ``key``, honouring a Range of one stretch. Raises NotFound("object-not-found")."""
    size_bytes = call.parts.objects.stat(key).size_bytes
    wanted = _RANGE.fullmatch(call.headers.get("range", ""))
    told = {"Accept-Ranges": "bytes", **headers}
    if wanted is None or not any(wanted.groups()):
        chunks = call.parts.objects.read(key)
        return StreamReply(chunks, content_type, {**told, "Content-Length": str(size_bytes)})
    start, end = _stretch(wanted, size_bytes)
    if start >= end:
        return Reply(416, headers={"Content-Range": f"bytes */{size_bytes}"})
    told |= {"Content-Range": f"bytes {start}-{end - 1}/{size_bytes}", "Content-Length": str(end - start)}
    return StreamReply(call.parts.objects.read(key, start, end), content_type, told, 206)


def _stretch(wanted: re.Match[str], size_bytes: int) -> tuple[int, int]:
    first, last = wanted.groups()
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    return int(first), min(size_bytes, int(last) + 1) if last else size_bytes

"""Bytes of the object store over HTTP, whole or a range of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from treadle.web.call import Call
from treadle.web.routing import AnyReply, Reply, StreamReply

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def stream_object(call: Call, key: str, content_type: str, headers: Mapping[str, str]) -> AnyReply:
    """The object under ``key``, honouring a Range of one stretch. Raises NotFound("object-not-found")."""
    objects = call.parts.objects
    size_bytes = objects.stat(key).size_bytes
    return stream_stretch(
        call, size_bytes, lambda start, end: objects.read(key, start, end), content_type, headers=headers
    )


def stream_stretch(
    call: Call,
    size_bytes: int,
    read: Callable[[int, int | None], Iterator[bytes]],
    content_type: str,
    *,
    headers: Mapping[str, str],
) -> AnyReply:
    """All that ``read`` gives, or the one stretch that Range asks for, unless If-Range names another ETag."""
    wanted = _RANGE.fullmatch(call.headers.get("range", ""))
    told = {"Accept-Ranges": "bytes", **headers}
    is_other = call.headers.get("if-range", headers.get("ETag")) != headers.get("ETag")
    if wanted is None or not any(wanted.groups()) or is_other:
        return StreamReply(read(0, None), content_type, {**told, "Content-Length": str(size_bytes)})
    start, end = _stretch(wanted, size_bytes)
    if start >= end:
        return Reply(416, headers={"Content-Range": f"bytes */{size_bytes}"})
    told |= {"Content-Range": f"bytes {start}-{end - 1}/{size_bytes}", "Content-Length": str(end - start)}
    return StreamReply(read(start, end), content_type, told, 206)


def _stretch(wanted: re.Match[str], size_bytes: int) -> tuple[int, int]:
    first, last = wanted.groups()
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    return int(first), min(size_bytes, int(last) + 1) if last else size_bytes

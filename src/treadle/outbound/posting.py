"""Sending a body to an address that a user gave."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult

from treadle.errors import Unavailable
from treadle.outbound.addresses import AllowList
from treadle.outbound.connecting import LATE, reach
from treadle.outbound.speaking import end, host_of, parse_url, quoted, secure, told_by, without_query

_SHORTEST_S = 0.1


@dataclass(frozen=True)
class Posted:
    """What was answered. body: how it begins.  retry_after: the header's words, if there was one."""

    status: int
    body: bytes
    retry_after: str


@dataclass(frozen=True)
class Post:
    """What is to be sent, and where to."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def check_url(url: str) -> str:
    """The host of an address that may be posted to. Raises Invalid("url-invalid")."""
    return parse_url(url).hostname or ""


def send_post(post: Post, allowed: AllowList, *, time_limit_s: float, most_bytes: int) -> Posted:
    """Post it once, to the address that was looked at; a redirect is an answer, and is not followed.

    Of the answer no more than ``most_bytes`` are read. Raises Invalid("url-invalid"),
    Forbidden("address-private"), Unavailable("url-unreachable"), each naming the address.
    """
    deadline_s = time.monotonic() + time_limit_s
    target = parse_url(post.url)
    try:
        return _send(post, target, allowed, deadline_s=deadline_s, most_bytes=most_bytes)
    except (OSError, http.client.HTTPException) as error:
        told = LATE if time.monotonic() > deadline_s else told_by(error)
        text = f"{without_query(post.url)} could not be reached: {told}."
        raise Unavailable("url-unreachable", text, fields={"url": [text]}) from error


def _send(
    post: Post, target: SplitResult, allowed: AllowList, *, deadline_s: float, most_bytes: int
) -> Posted:
    host = target.hostname or ""
    port = target.port or (443 if target.scheme == "https" else 80)
    # As for files: the connection is made here, to the address that was looked at.
    connection = http.client.HTTPConnection(host, port)
    connection.sock = reach(host, port, allowed, deadline_s)
    left_s = max(_SHORTEST_S, deadline_s - time.monotonic())
    connection.sock.settimeout(left_s)
    ending = threading.Timer(left_s, end, [connection])
    ending.daemon = True
    ending.start()
    try:
        if target.scheme == "https":
            secure(connection, deadline_s)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        headers = {**post.headers, "Host": host_of(target)}
        connection.request("POST", quoted(path), body=post.body, headers=headers)
        response = connection.getresponse()
        return Posted(
            response.status, _beginning(response, most_bytes), response.headers.get("retry-after") or ""
        )
    finally:
        ending.cancel()
        connection.close()


def _beginning(response: http.client.HTTPResponse, most_bytes: int) -> bytes:
    try:
        return response.read(most_bytes)
    except (OSError, http.client.HTTPException):  # the status was said, and that is what counts
        return b""

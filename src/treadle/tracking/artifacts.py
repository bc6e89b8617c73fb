"""The bytes of artifacts, served from the object store without MLflow and without its process.

Promises: an upload appears whole or not at all; up and down, a piece is in memory at a time; no key outside
the visitor's workspace is touched, whatever the address says.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from urllib.parse import parse_qs

import msgspec
from starlette.types import Receive, Send

from treadle.errors import Invalid, NotFound
from treadle.objects import ObjectStore
from treadle.streams import Body, BodyCut, send_pieces
from treadle.tracking.artifact_places import (
    Entry,
    disposition,
    find_place,
    is_folder,
    keys_at,
    list_folder,
    media_type,
)
from treadle.tracking.asked import Asked
from treadle.tracking.paths import artifact_key
from treadle.tracking.sources import Sources
from treadle.tracking.turns import Turns
from treadle.tracking.visitor import Visitor

_ROOT = re.compile(r"/(?:api|ajax-api)/2\.0/mlflow-artifacts/artifacts(?:/(.*))?", re.DOTALL)
#: One message to the client: a file of up to this size leaves at once.
_MESSAGE_BYTES = 1024 * 1024
_THREADS = 16
#: Those that may wait for slow clients, and how many of them one person has at once.
_SLOW_THREADS = 64
_MOST_UPLOADS = 24
#: A download holds no thread while it waits for its client, but a file and a piece of it.
_MOST_DOWNLOADS = 64
_TURN_S = 90.0
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
# What somebody uploaded can do nothing in a browser.
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
}
#: ``workspaces/ws-17`` alone is all that a workspace has.
_LEAST_NAMES = 3


@dataclass(frozen=True)
class _Goal:
    """Where an upload goes, and whose it is."""

    visitor: Visitor
    place: str


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes] = b""


class ArtifactBytes:
    """Answers what MLflow's clients ask below ``mlflow-artifacts/artifacts``."""

    def __init__(self, objects: ObjectStore, sources: Sources, max_upload_bytes: int) -> None:
        """sources: of versions of models, whose bytes not everybody replaces who uploads."""
        self._objects = objects
        self._sources = sources
        self._max_upload_bytes = max_upload_bytes
        self._threads = ThreadPoolExecutor(_THREADS, "artifacts")
        self._slow_threads = ThreadPoolExecutor(_SLOW_THREADS, "artifacts-slow")
        self._sending_threads = ThreadPoolExecutor(_THREADS, "artifacts-sent")
        self._uploads = Turns(_MOST_UPLOADS, _TURN_S, "Very many uploads of yours are on their way.")
        self._downloads = Turns(_MOST_DOWNLOADS, _TURN_S, "Very many downloads of yours are on their way.")

    async def answer(
        self, asked: Asked, query: bytes, visitor: Visitor, *, receive: Receive, send: Send
    ) -> None:
        """Answer one request of somebody who may.

        Raises Invalid("artifact-path", "body-too-large", "body-stalled", "range-not-satisfiable"),
        NotFound("artifact-not-found"), Forbidden("version-bytes"), Unavailable("disk-full", "turn-not-come"),
        before anything was sent.
        """
        assert visitor.workspace_id is not None
        found = _ROOT.fullmatch(asked.path)
        text = (found[1] if found else None) or ""
        place = find_place(visitor.workspace_id, text or ("" if asked.method == "PUT" else _queried(query)))
        if asked.method == "PUT":
            await self._take(asked, _Goal(visitor, place), receive=receive, send=send)
            return
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._operate, asked, place, not text)
        if isinstance(answer.body, bytes):
            await self._send(answer, asked.method == "HEAD", receive, send)
            return
        async with self._downloads.taken(visitor.user_id):
            await self._send(answer, False, receive, send)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False)
        self._slow_threads.shutdown(wait=False)
        self._sending_threads.shutdown(wait=False)
        self._sources.close()

    async def _take(self, asked: Asked, goal: _Goal, *, receive: Receive, send: Send) -> None:
        """Store the body; where it breaks off nobody is there to be told."""
        if asked.path.endswith("/") or goal.place.count("/") + 1 < _LEAST_NAMES:
            raise Invalid("artifact-path", "The path of an upload ends with the name of a file.")
        self._check_size(asked.body_bytes or 0)
        body = Body(receive)
        try:
            if asked.has_small_body and await body.take_first():
                await self._store_in(self._threads, goal, body)
            else:
                async with self._uploads.taken(goal.visitor.user_id):
                    await self._take_slowly(asked, goal, body)
        except BodyCut:
            return
        await self._send(_Answer(200, {}), False, receive, send)

    async def _take_slowly(self, asked: Asked, goal: _Goal, body: Body) -> None:
        is_whole = False if asked.has_small_body else await body.take_first()
        await self._store_in(self._threads if is_whole else self._slow_threads, goal, body)

    async def _store_in(self, threads: ThreadPoolExecutor, goal: _Goal, body: Body) -> None:
        await asyncio.get_running_loop().run_in_executor(threads, self._store, goal, body)

    def _store(self, goal: _Goal, body: Body) -> None:
        self._sources.check_may_store(goal.visitor, self._objects, goal.place)
        try:
            self._objects.put(artifact_key(goal.place), self._counted(body.pieces()))
        except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
            text = "cannot be a file: there is a folder of that name, or a file where a folder is."
            raise Invalid("artifact-path", f"{goal.place!r} {text}") from error

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        size_bytes = 0
        for piece in pieces:
            size_bytes += len(piece)
            self._check_size(size_bytes)
            yield piece

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_upload_bytes:
            raise Invalid(
                "body-too-large",
                f"The artifact has more than {self._max_upload_bytes} bytes, the most that this server takes "
                "(TREADLE_MAX_UPLOAD_BYTES). Nothing of it was stored.",
            )

    def _operate(self, asked: Asked, place: str, is_list: bool) -> _Answer:
        if asked.method == "DELETE":
            return self._delete(place)
        return self._list(place) if is_list else self._read(asked, place)

    def _list(self, place: str) -> _Answer:
        files = [_listed(one) for one in list_folder(self._objects, place)]
        return _json({"files": files} if files else {})

    def _delete(self, place: str) -> _Answer:
        if place.count("/") + 1 < _LEAST_NAMES:
            raise Invalid("artifact-path", "This would delete every artifact of the workspace. Name a part.")
        for key in list(keys_at(self._objects, place)):
            self._objects.delete(key)
        return _json({})

    def _read(self, asked: Asked, place: str) -> _Answer:
        key = artifact_key(place)
        try:
            size_bytes = self._objects.stat(key).size_bytes
        except NotFound as error:
            raise self._missing(place) from error
        wanted = _read_range(asked.headers.get("range", ""), size_bytes)
        start, end = wanted or (0, size_bytes)
        headers = {
            "content-type": media_type(place),
            "content-disposition": disposition(place),
            "content-length": str(end - start),
            "accept-ranges": "bytes",
        }
        if wanted:
            headers["content-range"] = f"bytes {start}-{end - 1}/{size_bytes}"
        status = 206 if wanted else 200
        if asked.method == "HEAD":
            return _Answer(status, headers)
        return _Answer(status, headers, _first_message(self._objects.read(key, start, end), end - start))

    def _missing(self, place: str) -> Invalid | NotFound:
        if is_folder(self._objects, place):
            text = f"Artifact path refers to a directory, not a file: {place!r}"
            return Invalid("artifact-path", text)
        return NotFound("artifact-not-found", f"No such artifact: {place!r}")

    async def _send(self, answer: _Answer, is_head: bool, receive: Receive, send: Send) -> None:
        headers = {**_ALWAYS, **answer.headers}
        body = answer.body
        if isinstance(body, bytes):
            headers.setdefault("content-length", str(len(body)))
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        if isinstance(body, bytes) or is_head:
            await send({"type": "http.response.body", "body": b"" if is_head else body})
            return
        await send_pieces(body, receive, send, self._sending_threads)


def is_of_artifacts(path: str) -> bool:
    """Whether the bytes at ``path`` are served here."""
    return _ROOT.fullmatch(path) is not None


def _queried(query: bytes) -> str:
    return parse_qs(query.decode("latin-1"), keep_blank_values=True).get("path", [""])[0]


def _read_range(text: str, size_bytes: int) -> tuple[int, int] | None:
    """From where up to where; None for all of it: one range is understood, anything else is not.

    Raises Invalid("range-not-satisfiable").
    """
    found = _RANGE.fullmatch(text.replace(" ", ""))
    if found is None or not (found[1] or found[2]) or max(len(found[1]), len(found[2])) > 19:
        return None
    if not found[1]:
        start, end = max(0, size_bytes - int(found[2])), size_bytes
    else:
        start, end = int(found[1]), min(int(found[2]) + 1 if found[2] else size_bytes, size_bytes)
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        details = {"content_range": f"bytes */{size_bytes}"}
        raise Invalid("range-not-satisfiable", f"The file has {size_bytes} bytes.", details=details)
    return start, end


def _listed(entry: Entry) -> dict[str, object]:
    """As MLflow lists it, which says no size of what has none."""
    told: dict[str, object] = {"path": entry.name, "is_dir": entry.is_folder}
    return {**told, "file_size": entry.size_bytes} if entry.size_bytes else told


def _first_message(chunks: Iterator[bytes], length: int) -> bytes | Iterator[bytes]:
    """All of it, where one message holds it."""
    if length > _MESSAGE_BYTES:
        return chain(chunks)
    pieces = list(chunks)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _json(value: object) -> _Answer:
    return _Answer(200, {"content-type": "application/json"}, msgspec.json.encode(value))

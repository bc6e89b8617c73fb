"""Files of a repo over HTTP: listed, read in ranges, put, removed, copied, moved and fetched."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import BinaryIO, cast
from urllib.parse import quote

import msgspec

from treadle.access import Grant, RepoScope, allow
from treadle.connectors.referencing import Selection, find_at_once, find_storage
from treadle.errors import Invalid, NotFound, TreadleError, Unavailable
from treadle.labeling.pictures import THUMBNAIL_PX, read_picture
from treadle.labeling.uploads import guess_type
from treadle.outbound.fetching import open_gate
from treadle.permissions import Permission
from treadle.repos.snapshots import NewReference, Snapshot
from treadle.repos.values import Commit, File, Folder, NewFile, check_path
from treadle.web.bodies import read_whole
from treadle.web.body_types import Number, Whole
from treadle.web.call import Call
from treadle.web.downloads import stream_stretch
from treadle.web.receiving import receive_body, waiting_room
from treadle.web.repo_bodies import entry_body, file_body
from treadle.web.repo_changes import (
    Goal,
    allow_change,
    check_message,
    commit_or_head,
    open_commit_of,
    read_goal,
    stage,
    tell_commit,
)
from treadle.web.routes_repos import repo_of
from treadle.web.routes_repos_refs import commit_at, page_size
from treadle.web.routing import AnyReply, Reply, Route, json_reply

_READ, _WRITE = Permission.REPO_READ, Permission.REPO_WRITE
_FILES_PER_PAGE = 1000
_IN_MEMORY_BYTES = 1024**2
_PICTURE_IN_MEMORY_BYTES = 8 * 1024**2
_MOST_PIXELS = 64_000_000  # what a request may unpack
_FOR_GOOD = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?[\w.+-]+=\"?[\w.+-]+\"?)*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{32}")
_UNKNOWN = "application/octet-stream"
#: Headers by which an answer is one person's.
_WHO_ASKS = "Authorization, Cookie, X-Treadle-Token"
#: Unpacking a picture takes hundreds of megabytes, fetching takes as long as somebody else wants.
_PAINTING = threading.BoundedSemaphore(2)
_FETCHING = threading.BoundedSemaphore(4)


class Copy(msgspec.Struct, rename={"source": "from", "ref": "from_ref", "repo": "from_repo"}):
    """A file, or with a slash at its end a folder, to be copied from a ref; else from the branch itself.

    repo: the id of another one, whose master is meant where no ref is.
    """

    source: str
    to: str
    ref: str = ""
    repo: Whole | None = None


class Move(msgspec.Struct, rename={"source": "from"}):
    """A file, or with a slash at its end a folder, to be moved."""

    source: str
    to: str


class Fetch(msgspec.Struct):
    """A file to be fetched from an address."""

    url: str
    path: str


class Refer(msgspec.Struct):
    """Files of a storage to be referred to: the one at a key, all below a prefix, else what it selects."""

    storage: Whole
    path: str = ""
    key: str | None = None
    prefix: str | None = None


class Changes(msgspec.Struct):
    """Several changes as one, in the order of the fields: on a branch, staged there, or in an open commit."""

    branch: str = "master"
    commit: str = ""
    stage: bool | Number = False
    message: str = ""
    copy: list[Copy] = []
    move: list[Move] = []
    delete: list[str] = []
    fetch: list[Fetch] = []
    reference: list[Refer] = []


def list_files(call: Call) -> Reply:
    """What lies at ``?ref=``: below a prefix, rolled up at a delimiter, or by a glob."""
    found = _open(call)
    if found is None:
        return json_reply({"commit": None, "results": [], "next": None})
    size = page_size(call, _FILES_PER_PAGE)
    page = list(islice(_entries(call, found), size + 1))
    shown = page[:size]
    more = shown[-1].path if len(page) > size else None
    results = [entry_body(each) for each in shown]
    return json_reply({"commit": found.commit.id, "results": results, "next": more})


def get_file(call: Call) -> AnyReply:
    """A file's bytes, or a stretch of them; ``?thumbnail=320`` is a small JPEG of a picture."""
    found = _open(call)
    path = call.path_params["path"]
    if found is None:
        raise NotFound("file-not-found", f"There is no file {path!r}: nothing was committed yet.")
    file = found.stat(path)
    is_small = bool(call.query_text("thumbnail"))
    etag = f'"{file.id}-small"' if is_small else f'"{file.id}"'
    headers = {"ETag": etag, "Cache-Control": _caching(call, found.commit), "Vary": _WHO_ASKS}
    if etag in call.headers.get("if-none-match", ""):
        return Reply(304, content_type="", headers=headers)
    if is_small:
        return Reply(200, _thumbnail(call, found, file), "image/jpeg", headers)
    if call.query_flag("download"):
        name = quote(file.path.rpartition("/")[2])
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    headers["Last-Modified"] = file.modified_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return stream_stretch(
        call,
        file.size_bytes,
        lambda start, end: found.read(path, start, end),
        _type_of(file),
        headers=headers,
    )


async def put_file(call: Call) -> Reply:
    """Put a file: as a commit of its own, ``?stage=1`` into the branch's open one, or ``?commit=ID``.

    ``If-None-Match: *`` refuses what is there already.
    """
    grant = await call.in_thread(allow_change, call)
    goal, path = read_goal(call), check_path(call.path_params["path"])
    only_if_absent = call.headers.get("if-none-match", "").strip() == "*"
    async with _content(call) as chunks:
        new = NewFile(path, chunks, _metadata(call))
        return await call.in_thread(lambda: _put(call, grant, goal, new, only_if_absent=only_if_absent))


def delete_file(call: Call) -> Reply:
    """Remove a file, or with a slash at its end all that lies below."""
    grant, goal = allow_change(call), read_goal(call)
    path = call.path.partition("/files/")[2]
    engine = call.parts.repos
    message = goal.message or f"Removed {path}"
    goal = replace(goal, message=message)
    commit = stage(call, grant, goal, lambda commit_id: engine.delete(grant, commit_id, path))
    return json_reply({"commit": commit.id})


def post_changes(call: Call) -> Reply:
    """Copy, move, delete, fetch and refer to files, all as one commit."""
    grant = allow_change(call)
    asked = call.decode(Changes)
    if not (asked.copy or asked.move or asked.delete or asked.fetch or asked.reference):
        raise Invalid("no-change", "Say what to copy, move, delete, fetch or refer to.")
    message = check_message(asked.message) or _told(asked)
    goal = Goal(asked.branch, asked.commit, bool(asked.stage), message)
    found = _find_references(call, grant, asked.reference)
    commit = stage(call, grant, goal, lambda commit_id: _change(call, grant, commit_id, asked, found))
    return json_reply(tell_commit(call, commit), 201)


def _open(call: Call) -> Snapshot | None:
    """The files at ``?ref=``; None for a branch without any commit."""
    with call.read() as tx:
        repo_id = repo_of(call, tx)
        commit = commit_at(tx, repo_id, call.query_text("ref") or "master")
    return None if commit is None else call.parts.repos.at(repo_id, commit.id)


def _entries(call: Call, found: Snapshot) -> Iterator[File | Folder]:
    after, glob = call.query_text("after"), call.query_text("glob")
    if not glob:
        return found.list(call.query_text("prefix").removeprefix("/"), after, call.query_text("delimiter"))
    return found.glob(glob, after)


def _caching(call: Call, commit: Commit) -> str:
    """What was asked for by the id of a finished commit never changes."""
    is_for_good = commit.state == "finished" and _COMMIT.fullmatch(call.query_text("ref"))
    return _FOR_GOOD if is_for_good else _ASK_AGAIN


def _type_of(file: File) -> str:
    told = file.metadata.get("content-type", "")
    return told if _TYPE.fullmatch(told) else guess_type(file.path)


def _thumbnail(call: Call, found: Snapshot, file: File) -> bytes:
    if call.query_int("thumbnail") != THUMBNAIL_PX:
        text = f"There is one size of thumbnails: {THUMBNAIL_PX}."
        raise Invalid("query-invalid", text, fields={"thumbnail": [text]})
    with _PAINTING, tempfile.SpooledTemporaryFile(max_size=_PICTURE_IN_MEMORY_BYTES) as spooled:
        opened = cast(BinaryIO, spooled)
        for chunk in found.read(file.path):
            opened.write(chunk)
        opened.seek(0)
        return read_picture(opened, file.path, most_pixels=_MOST_PIXELS).thumbnail


@asynccontextmanager
async def _content(call: Call) -> AsyncIterator[Iterator[bytes]]:
    """The body: what is small in memory, the rest on disk until the request is answered."""
    told = call.headers.get("content-length", "")
    if told.isdecimal() and int(told) <= _IN_MEMORY_BYTES:
        yield iter([await read_whole(call.chunks(), _IN_MEMORY_BYTES)])
        return
    async with waiting_room(call) as folder:
        yield (await receive_body(call, folder)).chunks()


def _metadata(call: Call) -> dict[str, str]:
    told = call.headers.get("content-type", "")
    is_meant = _TYPE.fullmatch(told) and told not in (_UNKNOWN, "application/x-www-form-urlencoded")
    return {"content-type": told} if is_meant else {}


def _put(call: Call, grant: Grant, goal: Goal, new: NewFile, *, only_if_absent: bool) -> Reply:
    commit_id = open_commit_of(call, grant, goal)
    engine = call.parts.repos
    if commit_id is not None:
        file = engine.put(grant, commit_id, new, only_if_absent=only_if_absent)
    else:
        goal = replace(goal, message=goal.message or f"Put {new.path}")
        commit_id = (_put_if_absent if only_if_absent else _put_at_once)(call, grant, goal, new)
        file = engine.at(_repo_id(grant), commit_id).stat(new.path)
    return json_reply({"file": file_body(file), "commit": commit_id}, 201, {"ETag": f'"{file.id}"'})


def _put_if_absent(call: Call, grant: Grant, goal: Goal, new: NewFile) -> str:
    engine = call.parts.repos
    return stage(call, grant, goal, lambda each: engine.put(grant, each, new, only_if_absent=True)).id


def _put_at_once(call: Call, grant: Grant, goal: Goal, new: NewFile) -> str:
    engine = call.parts.repos
    return commit_or_head(
        call, grant, goal.branch, lambda: engine.commit_files(grant, goal.branch, [new], goal.message)
    ).id


def _find_references(call: Call, grant: Grant, asked: list[Refer]) -> list[NewReference]:
    """What storages hold by now, all of it found before anything is changed."""
    found: list[NewReference] = []
    for each in asked:
        with call.read() as tx:
            storage = find_storage(tx, call.actor, each.storage, grant)
        selection = Selection(each.path, each.key, each.prefix)
        found += find_at_once(call.parts.settings, storage, selection)
    return found


def _change(call: Call, grant: Grant, commit_id: str, asked: Changes, references: list[NewReference]) -> None:
    """Do what was asked, one after the other; an error tells what stays in a commit that was open before."""
    done: list[str] = []
    try:
        for what, do in _steps(call, grant, commit_id, asked):
            do()
            done.append(what)
        call.parts.repos.reference(grant, commit_id, references)
    except TreadleError as error:
        if done and (asked.commit or asked.stage):
            error.message += f" What came before it is staged in commit {commit_id}: {', '.join(done)}."
            error.details["staged"] = done
        raise


def _steps(
    call: Call, grant: Grant, commit_id: str, asked: Changes
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each change, and what does it."""
    engine = call.parts.repos
    for copy in asked.copy:
        yield f"{copy.source} copied to {copy.to}", partial(_copy, call, grant, commit_id, copy)
    for move in asked.move:
        moving = partial(engine.move, grant, commit_id, move.source, move.to)
        yield f"{move.source} moved to {move.to}", moving
    for path in asked.delete:
        yield f"{path} deleted", partial(engine.delete, grant, commit_id, path)
    for fetch in asked.fetch:
        yield f"{fetch.url} fetched", partial(_fetch, call, grant, commit_id, fetch)


def _copy(call: Call, grant: Grant, commit_id: str, asked: Copy) -> None:
    engine, here = call.parts.repos, _repo_id(grant)
    if asked.repo not in (None, here):
        found = engine.at(asked.repo, _source(call, asked.repo, asked.ref or "master"))
        engine.copy_from(grant, commit_id, found, asked.source, path=asked.to)
        return
    source = _source(call, here, asked.ref) if asked.ref else None
    engine.copy(grant, commit_id, asked.source, asked.to, source_commit=source)


def _source(call: Call, repo_id: int, ref: str) -> str:
    with call.parts.database.read() as tx:
        allow(tx, call.actor, _READ, RepoScope(repo_id))
        found = commit_at(tx, repo_id, ref)
    if found is None:
        raise NotFound("ref-not-found", f"Nothing was committed to {ref!r} yet.")
    return found.id


def _fetch(call: Call, grant: Grant, commit_id: str, asked: Fetch) -> None:
    if not _FETCHING.acquire(blocking=False):
        text = "The server fetches for others just now. Try again."
        raise Unavailable("fetching-busy", text, details={"retry_after_s": 5})
    try:
        with open_gate(call.parts.settings).fetch(asked.url) as fetched:
            is_folder = not asked.path or asked.path.endswith("/")
            path = check_path(f"{asked.path}{fetched.name}" if is_folder else asked.path)
            kind = fetched.content_type
            metadata = {"content-type": kind} if _TYPE.fullmatch(kind) else {}
            call.parts.repos.put(grant, commit_id, NewFile(path, fetched.chunks, metadata))
    finally:
        _FETCHING.release()


def _told(asked: Changes) -> str:
    """A message for changes that came without one."""
    copied = [f"Copied {each.source} to {each.to}" for each in asked.copy]
    moved = [f"Moved {each.source} to {each.to}" for each in asked.move]
    named = [*copied, *moved, *(f"Removed {path}" for path in asked.delete)]
    if len(named) == 1 and not asked.fetch and not asked.reference:
        return named[0]
    counts = {
        "copied": len(asked.copy),
        "moved": len(asked.move),
        "deleted": len(asked.delete),
        "fetched": len(asked.fetch),
        "referred to": len(asked.reference),
    }
    text = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return text[:1].upper() + text[1:]


def _repo_id(grant: Grant) -> int:
    assert grant.repo_id is not None
    return grant.repo_id


_FILES = "/api/repos/{id}/files/"
_FILE = "/api/repos/{id}/files/{path...}"

ROUTES: tuple[Route, ...] = (
    Route("GET", _FILES, list_files, _READ, "List files of a repo"),
    Route("GET", _FILE, get_file, _READ, "Get a file of a repo"),
    Route("PUT", _FILE, put_file, _WRITE, "Put a file into a repo", status=201, stream=True),
    Route("DELETE", _FILE, delete_file, _WRITE, "Remove a file from a repo"),
    Route(
        "POST",
        "/api/repos/{id}/changes/",
        post_changes,
        _WRITE,
        "Copy, move, delete, fetch and refer to files of a repo",
        Changes,
        status=201,
    ),
)

"""Folders of a repo over HTTP: an archive becomes one commit, and what lies there one tar."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from treadle.access import Grant
from treadle.errors import Invalid, NotFound
from treadle.labeling.imports.archives import Archive
from treadle.permissions import Permission
from treadle.repos import commits
from treadle.repos.contents import FileBytes
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import Commit, File, NewFile, check_path
from treadle.settings import Settings
from treadle.web.call import Call
from treadle.web.handing import HANDED, HandedFiles
from treadle.web.receiving import receive_body, waiting_room
from treadle.web.repo_changes import (
    Goal,
    allow_change,
    commit_or_head,
    open_commit_of,
    read_goal,
    tell_commit,
)
from treadle.web.routes_repos import repo_of
from treadle.web.routes_repos_refs import commit_at
from treadle.web.routing import Reply, Route, StreamReply, json_reply
from treadle.web.tar_streams import Member, TarReader, malformed, write_tar

_TAR = "application/x-tar"
_ZIP = b"PK"
_GZIP = b"\x1f\x8b"
_MOST_MEMBERS = 2_000_000
#: As for archives that are imported: what gets so much larger is looked at for how much.
_SUSPICIOUS_BYTES = 256 * 1024**2
_MOST_RATIO = 200
_FILES_AT_ONCE = 256
_BYTES_AT_ONCE = 4 * 1024**2


async def put_archive(call: Call) -> Reply:
    """Put every file of a tar, tar.gz or zip below ``?prefix=``: as one commit, or into an open one.

    With ``?replace=1`` nothing else stays below the prefix.
    """
    grant = await call.in_thread(allow_change, call)
    goal = read_goal(call)
    handed = call.request.scope.get(HANDED)
    if handed is not None:
        commit = await call.in_thread(lambda: _put_handed(call, grant, goal, handed))
        return json_reply(await call.in_thread(tell_commit, call, commit), 201)
    async with waiting_room(call) as folder:
        body = await receive_body(call, folder)
        commit = await call.in_thread(lambda: _put_body(call, grant, goal, body.path))
        return json_reply(await call.in_thread(tell_commit, call, commit), 201)


def get_archive(call: Call) -> StreamReply:
    """The files below ``?prefix=`` at ``?ref=`` as a tar."""
    with call.read() as tx:
        repo_id = repo_of(call, tx)
        commit = commit_at(tx, repo_id, call.query_text("ref") or "master")
    prefix = call.query_text("prefix").removeprefix("/")
    found = call.parts.repos.at(repo_id, commit.id) if commit else None
    if found is None or next(found.list(prefix, limit=1), None) is None:
        raise NotFound("folder-not-found", f"There is nothing below {prefix!r} in repo {repo_id} there.")
    headers = {
        "Content-Disposition": 'attachment; filename="files.tar"',
        "Cache-Control": "private, no-cache",
    }
    return StreamReply(write_tar(_members(found, prefix)), _TAR, headers)


def _put_body(call: Call, grant: Grant, goal: Goal, body: Path) -> Commit:
    prefix = _prefix(call)
    if goal.commit or goal.is_staged:
        _check_whole(body, prefix, call.parts.settings)
    with _files(body, prefix, call.parts.settings) as files:
        return _put(call, grant, goal, files)


def _put(call: Call, grant: Grant, goal: Goal, files: Iterable[NewFile]) -> Commit:
    engine, prefix = call.parts.repos, _prefix(call)
    commit_id = open_commit_of(call, grant, goal)
    if commit_id is not None:
        engine.put_many(grant, commit_id, files)
        with call.parts.database.read() as tx:
            return commits.get(tx, commit_id, grant.repo_id)
    replaces = call.query_flag("replace")
    message = goal.message or f"Put files{f' below {prefix}' if prefix else ''}"
    deletes = [prefix] if replaces and prefix else []
    return commit_or_head(
        call,
        grant,
        goal.branch,
        lambda: engine.commit_files(
            grant, goal.branch, files, message, deletes=deletes, replace_all=replaces and not prefix
        ),
    )


class _Handed:
    """Files of this machine as they lie, below a prefix, from whoever is in this process."""

    def __init__(self, files: HandedFiles, prefix: str) -> None:
        self._files = files
        self._prefix = prefix
        self._place = ""

    def __iter__(self) -> Iterator[NewFile]:
        for new in self._files:
            self._place = new.chunks.path if isinstance(new.chunks, FileBytes) else ""
            yield replace(new, path=self._prefix + new.path)

    def check(self) -> None:
        """Look at each name and into each file before: what goes into an open commit stays there.

        Raises Invalid("path"), OSError.
        """
        for new in self._files.unwatched():
            check_path(self._prefix + new.path)
            if isinstance(new.chunks, FileBytes):
                self._place = new.chunks.path
                new.chunks.try_to_read()

    def is_unreadable(self, error: OSError) -> bool:
        """Whether it is the last of them that could not be read."""
        return self._place != "" and error.filename == self._place


def _put_handed(call: Call, grant: Grant, goal: Goal, handed: HandedFiles) -> Commit:
    files = _Handed(handed, _prefix(call))
    try:
        if goal.commit or goal.is_staged:
            files.check()
        return _put(call, grant, goal, files)
    except OSError as error:
        if not files.is_unreadable(error):
            raise
        raise Invalid("file", f"{error.filename} cannot be read ({error.strerror or error}).") from error


def _check_whole(body: Path, prefix: str, settings: Settings) -> None:
    """Read it to its end before: what goes into an open commit stays there."""
    with _files(body, prefix, settings) as files:
        for new in files:
            check_path(new.path)
            for _chunk in new.chunks:
                pass


def _prefix(call: Call) -> str:
    prefix = call.query_text("prefix").strip("/")
    return f"{prefix}/" if prefix else ""


@contextmanager
def _files(path: Path, prefix: str, settings: Settings) -> Iterator[Iterable[NewFile]]:
    """The files of an archive, by what it begins with. Raises Invalid("file-malformed") as they are read."""
    with path.open("rb") as file:
        begins = file.read(2)
        file.seek(0)
        if begins == _ZIP:
            yield _of_zip(Archive(file, "The archive", settings.max_unpacked_bytes), prefix)
            return
        packed_bytes = path.stat().st_size
        if begins == _GZIP:
            opened = cast(BinaryIO, gzip.GzipFile(fileobj=file))
            bounded = _Bounded(opened, settings.max_unpacked_bytes, packed_bytes * _MOST_RATIO)
            yield _of_tar(cast(BinaryIO, bounded), prefix)
            return
        if not begins:
            raise malformed("it is empty.")
        yield _of_tar(file, prefix)


class _Bounded:
    """An unpacked stream of so many bytes at most; beyond a size that is suspicious, of fewer."""

    def __init__(self, file: BinaryIO, most_bytes: int, likely_bytes: int) -> None:
        self._file = file
        self._most_bytes = min(most_bytes, max(likely_bytes, _SUSPICIOUS_BYTES))
        self._read_bytes = 0

    def read(self, size: int) -> bytes:
        """The next bytes. Raises Invalid("file-malformed")."""
        try:
            content = self._file.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise malformed(f"it cannot be unpacked to its end ({error}).") from error
        self._read_bytes += len(content)
        if self._read_bytes > self._most_bytes:
            raise malformed(f"it unpacks to more than {self._most_bytes} bytes.")
        return content


def _of_zip(archive: Archive, prefix: str) -> Iterator[NewFile]:
    for name in archive.names:
        yield NewFile(f"{prefix}{name}", archive.chunks(name))


def _of_tar(file: BinaryIO, prefix: str) -> Iterator[NewFile]:
    for number, member in enumerate(TarReader(file).members()):
        if number >= _MOST_MEMBERS:
            raise malformed(f"it holds more than {_MOST_MEMBERS:,} files.")
        path = member.path.removeprefix("./")
        if path.startswith("/") or ".." in path.split("/"):
            raise malformed(f"{path[:80]!r} in it leads out of its folder.")
        yield NewFile(f"{prefix}{path}", member.chunks, modified_at=member.modified_at)


def _members(found: Snapshot, prefix: str) -> Iterator[Member]:
    files = (entry for entry in found.list(prefix) if isinstance(entry, File))
    while some := list(islice(files, _FILES_AT_ONCE)):
        yield from _read_together(found, some)


def _read_together(found: Snapshot, files: list[File]) -> Iterator[Member]:
    """Small files are read at once, some megabytes of them; others as they are asked for."""
    waiting: list[File] = []
    waiting_bytes = 0
    for file in files:
        if file.size_bytes > _BYTES_AT_ONCE or waiting_bytes + file.size_bytes > _BYTES_AT_ONCE:
            yield from _small(found, waiting)
            waiting, waiting_bytes = [], 0
        if file.size_bytes > _BYTES_AT_ONCE:
            yield Member(file.path, file.size_bytes, file.modified_at, found.read(file.path))
            continue
        waiting.append(file)
        waiting_bytes += file.size_bytes
    yield from _small(found, waiting)


def _small(found: Snapshot, files: list[File]) -> Iterator[Member]:
    contents = found.read_many([file.path for file in files])
    for file, content in zip(files, contents, strict=True):
        yield Member(file.path, len(content), file.modified_at, iter([content]))


_ARCHIVE = "/api/repos/{id}/archive/"

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        _ARCHIVE,
        put_archive,
        Permission.REPO_WRITE,
        "Put a folder into a repo",
        status=201,
        stream=True,
    ),
    Route("GET", _ARCHIVE, get_archive, Permission.REPO_READ, "Get a folder of a repo"),
)

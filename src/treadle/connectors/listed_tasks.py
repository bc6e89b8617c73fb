"""The tasks of a project as a commit of its labels lists them, with the commits that their files stood at.

A task's data names a file by its source and its key. What stands there is another thing once the source is
synced, and nothing once it is removed; so the list says for each file which commit of a repo it was read at,
and those commits are kept as what the labels were made from.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any

import msgspec
from sqlalchemy import select

from treadle.connectors import storages
from treadle.connectors.storages import Storage
from treadle.db import Database, Tx
from treadle.db.schema import tasks
from treadle.db.storage_tables import storage_items
from treadle.errors import NotFound
from treadle.labeling.exports.repo_pictures import read_source_address
from treadle.labeling.formats import OpenPicture, Reason
from treadle.labeling.visibility import visible_tasks
from treadle.objects.spool import read_lines
from treadle.repos import commits
from treadle.repos.engine import RepoEngine
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import Commit

TASK_LIST = "tasks.jsonl"
_PAGE = 500
_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 8 * 1024**2
_LINE = b'{"id":%d,"inner_id":%d,"data":%b,"meta":%b,"files":%b}\n'
#: Instead of a commit: the file lies in no repo.
_ELSEWHERE = ""

_t, _i = tasks.c, storage_items.c
_Files = dict[str, str]


class ListedTask(msgspec.Struct):
    """One task of the list.

    files: by the address that stands in its data the commit that the file was read at; empty where it lies in
    no repo. None: the commit of the labels does not tell.
    """

    id: int
    data: msgspec.Raw
    inner_id: int = 0
    meta: msgspec.Raw = msgspec.Raw(b"{}")
    files: _Files | None = None


@dataclass(frozen=True)
class TaskList:
    """A list on its way into a commit. commits: all that files of its tasks stand at."""

    commits: frozenset[str]
    file: IO[bytes]

    def chunks(self) -> Iterator[bytes]:
        """Its text, from the beginning."""
        self.file.seek(0)
        while chunk := self.file.read(_CHUNK_BYTES):
            yield chunk


@contextmanager
def write_task_list(database: Database, project_id: int) -> Iterator[TaskList]:
    """Every task of the project, one line each, by id."""
    found: set[str] = set()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        for rows, files in _read_pages(database, project_id):
            for row, shown in zip(rows, files, strict=True):
                told = msgspec.json.encode(shown)
                file.write(_LINE % (row.id, row.inner_id, row.data.encode(), row.meta.encode(), told))
                found.update(shown.values())
        yield TaskList(frozenset(found - {_ELSEWHERE}), file)


def list_tasks(snapshot: Snapshot, after: int = 0) -> Iterator[ListedTask]:
    """The tasks of the list behind the id ``after``, by id."""
    decode = msgspec.json.Decoder(ListedTask).decode
    for line in read_lines(snapshot.attachment(TASK_LIST)):
        # The id stands first in every line, so that those in front need not be read.
        if int(line[6 : line.index(b",")]) > after:
            yield decode(line)


def pictures_then(database: Database, repos: RepoEngine, labels: Commit) -> OpenPicture:
    """What opens the pictures in repos as tasks showed them when their labels were committed."""
    files = _FilesThen(repos.at(labels.repo_id, labels.id))
    sources = frozenset(labels.provenance)

    @lru_cache(maxsize=64)
    def snapshot(commit_id: str) -> Snapshot:
        with database.read() as tx:
            repo_id = commits.get(tx, commit_id).repo_id
        return repos.at(repo_id, commit_id)

    def open_picture(address: str, task_id: int) -> Iterator[bytes] | Reason:
        place = read_source_address(address)
        if place is None:
            return Reason.PICTURE_ELSEWHERE
        told = files.of_task(task_id)
        if told is None:
            return Reason.PICTURE_NOT_TOLD
        commit_id = told.get(address)
        if commit_id == _ELSEWHERE:
            return Reason.PICTURE_ELSEWHERE
        if commit_id not in sources:  # Its repo was deleted for good, or the task showed nothing there.
            return Reason.PICTURE_MISSING
        try:
            return snapshot(commit_id).read(place[1])
        except NotFound:
            return Reason.PICTURE_MISSING

    return open_picture


class _FilesThen:
    """What a commit of labels tells of its tasks' files, for who asks in the order of tasks."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._tasks = list_tasks(snapshot)
        self._task: ListedTask | None = None

    def of_task(self, task_id: int) -> _Files | None:
        while self._task is None or self._task.id < task_id:
            following = next(self._tasks, None)
            if following is None:
                return None
            self._task = following
        return self._task.files if self._task.id == task_id else None


def _read_pages(database: Database, project_id: int) -> Iterator[tuple[Sequence[Any], list[_Files]]]:
    """Rows of tasks with the files that they show, a page in each transaction."""
    last = 0
    while True:
        page = (
            select(_t.id, _t.inner_id, _t.data, _t.meta)
            .where(_t.project_id == project_id, visible_tasks(project_id), _t.id > last)
            .order_by(_t.id)
            .limit(_PAGE)
        )
        with database.read() as tx:
            rows = tx.execute(page).all()
            files = _files_of(tx, project_id, [row.data for row in rows])
        if not rows:
            return
        last = rows[-1].id
        yield rows, files


def _files_of(tx: Tx, project_id: int, texts: Sequence[str]) -> list[_Files]:
    """For each text of a task's data the files that it shows."""
    shown = [set(_addresses_in(text)) for text in texts]
    found = _find_commits(tx, project_id, set().union(*shown))
    return [{address: found[address] for address in sorted(each) if address in found} for each in shown]


def _addresses_in(text: str) -> Iterator[str]:
    if "storages" not in text:
        return
    waiting: list[Any] = [msgspec.json.decode(text)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and read_source_address(value) is not None:
            yield value


def _find_commits(tx: Tx, project_id: int, addresses: Iterable[str]) -> _Files:
    """The commit that the file at each address stands at; of a source that is not the project's nothing."""
    wanted: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for address in addresses:
        storage_id, key = read_source_address(address) or (0, "")
        wanted[storage_id][key].append(address)
    sources = {each.id: each for each in storages.list_of_project(tx, project_id, "source")} if wanted else {}
    return {
        address: commit_id
        for storage_id, keys in wanted.items()
        if storage_id in sources
        for key, commit_id in _commits_of(tx, sources[storage_id], list(keys))
        for address in keys[key]
    }


def _commits_of(tx: Tx, source: Storage, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    whole = _read_whole_at(source)
    for start in range(0, len(keys), _PAGE):
        page = _i.key.in_(keys[start : start + _PAGE])
        of_source = (_i.storage_id == source.id) & (_i.place == 0) & (_i.state != "written")
        for row in tx.execute(select(_i.key, _i.state, _i.commit_id).where(of_source, page)):
            is_of_whole = whole is not None and row.state in ("new", "changed")
            yield row.key, (whole if is_of_whole else row.commit_id) or _ELSEWHERE


def _read_whole_at(source: Storage) -> str | None:
    """The commit at which all files of a source are that are not retired.

    Each of them was read at some commit; so that a commit of labels is made from few, it is the last one
    where that is sure.
    """
    whole: Mapping[str, Any] = source.meta.get("whole") or {}
    is_sure = source.status == "completed" and whole.get("options") == source.options
    return source.head if is_sure and whole.get("commit") == source.head else None

"""Finished work: what a model learns from, read a page after the other, and what is held out of it.

Finished is what was neither cancelled nor skipped nor rejected. Of several annotations of a task the ground
truth counts, else the one that was changed last. Tasks that show the same picture or text are never parted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote

import msgspec
from sqlalchemy import bindparam, func, literal_column, select

from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import file_uploads, tasks
from treadle.db.storage_tables import storage_items
from treadle.labeling.config import LabelConfig
from treadle.labeling.exports.choices import Detail
from treadle.labeling.exports.rows import read_tasks
from treadle.labeling.filters import TaskQuery, condition_of
from treadle.labeling.formats import ExportAnnotation, ExportTask
from treadle.objects import ObjectStore

REJECTED = "rejected"
_AT_ONCE = 500
_BRIEF = Detail(drafts_in_full=False)
_UPLOAD = "/data/upload/"
#: Of a file whose size another one has, too: so much of its beginning, middle and end tells it from others.
_PIECE_BYTES = 32 * 1024
_f, _i, _t = file_uploads.c, storage_items.c, tasks.c
_ETAGS = Prepared(
    select(_i.task_id, _i.etag, _i.place).where(
        one_of(_i.task_id, "ids"),
        _i.state.not_in([literal_column("'shown'"), literal_column("'written'")]),
        _i.etag != literal_column("''"),
    )
)
_SIZES = select(_f.size_bytes).where(_f.project_id == bindparam("project_id"))
_SHARED_SIZES = _SIZES.group_by(_f.size_bytes).having(func.count() > 1)
_ALIKE = select(_f.file_name, _f.object_key, _f.size_bytes).where(
    _f.project_id == bindparam("project_id"), _f.size_bytes.in_(_SHARED_SIZES)
)
T = TypeVar("T")


class LabelsThen(Protocol):
    """The labels of a project as they were at a commit."""

    @property
    def commit_id(self) -> str:
        """Its full name."""

    @property
    def label_config(self) -> str:
        """That of then."""

    def tasks(self) -> Iterator[ExportTask]:
        """The tasks whose labels it holds, by id."""


class _State(msgspec.Struct):
    last_action: str | None = None


class _Rest(msgspec.Struct):
    meta: msgspec.Raw = msgspec.Raw(b"{}")


_state = msgspec.json.Decoder(_State)
_rest = msgspec.json.Decoder(_Rest)
_data = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True)
class Work:
    """A task with the annotation to learn from.

    group: the same for tasks that show the same.  others: results of further people, for their agreement.
    named: the same for tasks that name the same, which is known without reading files.
    """

    task: ExportTask
    annotation: ExportAnnotation
    group: bytes
    others: tuple[bytes, ...] = ()
    named: bytes = b""

    def to_wire(self) -> bytes:
        """The task as an export has it, with this one annotation: a JSON object of one line."""
        task, annotation = self.task, self.annotation
        told = (
            b'{"id":%d,"data":%s,"meta":%s,"annotations":[{"id":%d,"result":%s,"was_cancelled":false,'
            b'"ground_truth":%s,"completed_by":%s,"created_at":"%s","updated_at":"%s"}],"predictions":[]}'
        )
        line = told % (
            task.task_id,
            task.data_json,
            _rest.decode(task.rest_json).meta,
            annotation.annotation_id,
            annotation.result_json,
            b"true" if annotation.ground_truth else b"false",
            b"%d" % annotation.completed_by if annotation.completed_by else b"null",
            annotation.created_at.encode(),
            annotation.updated_at.encode(),
        )
        return line.replace(b"\n", b" ")  # no text of JSON holds one


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A line of what a training learnt from: which annotation, as of when, and on which side it was.

    group: of what the task shows, as `Work` has it, in hexadecimal; "" in what older trainings kept.
    """

    task_id: int
    annotation_id: int
    updated_at: str
    is_held_out: bool
    group: str = ""


_entry = msgspec.json.Decoder(Entry)


@dataclass
class Reader:
    """Reads the finished work of a project."""

    database: Database
    grant: Grant
    config: LabelConfig
    #: Where uploads lie, to tell those that are the same from those that are not; None: names tell.
    objects: ObjectStore | None = None
    _alike: dict[str, bytes] = field(default_factory=dict, init=False)

    def read(self, query: TaskQuery) -> Iterator[Work]:
        """What is finished of the tasks that ``query`` names, by id. Memory holds a page."""
        return self._works(
            read_tasks(self.database, self.grant, query, lambda _count: None, with_all=False, detail=_BRIEF)
        )

    def read_then(self, then: LabelsThen) -> Iterator[Work]:
        """What was finished at a commit, by id."""
        return self._works(then.tasks())

    def _works(self, found: Iterator[ExportTask]) -> Iterator[Work]:
        alike = self._uploads_alike()
        for page in _pages(found):
            finished = [(task, of) for task in page if (of := finished_of(task))]
            etags = self._etags([task.task_id for task, _ in finished])
            for task, done in finished:
                named = etags.get(task.task_id) or self._group_of(task, {})
                group = self._group_of(task, alike) if alike and task.task_id not in etags else named
                yield Work(task, done[0], group, _of_others(done), named)

    def _etags(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Of tasks that came from a storage, their content there."""
        with self.database.read() as tx:
            rows = tx.rows(_ETAGS, {"ids": id_list(ids)})
        return {row["task_id"]: _digest(f"etag {row['etag']} {row['place']}".encode()) for row in rows}

    def _group_of(self, task: ExportTask, alike: Mapping[str, tuple[str, int]]) -> bytes:
        """By what the objects of the config show of the task."""
        data = _data.decode(task.data_json)
        shown = [data.get(name) for name in _shown_keys(self.config)] or [data]
        if not any(value not in (None, "") for value in shown):
            return _digest(b"task %d" % task.task_id)
        return _digest(b"\0".join(self._content_of(value, alike) for value in shown))

    def _content_of(self, value: object, alike: Mapping[str, tuple[str, int]]) -> bytes:
        if isinstance(value, str) and _UPLOAD in value:
            name = unquote(value.rpartition("/")[2])
            if self.objects is not None and name in alike:
                return self._hash(self.objects, name, *alike[name])
        return msgspec.json.encode(value, order="sorted")

    def _hash(self, objects: ObjectStore, name: str, key: str, size_bytes: int) -> bytes:
        if name not in self._alike:
            starts = {0, max(0, (size_bytes - _PIECE_BYTES) // 2), max(0, size_bytes - _PIECE_BYTES)}
            digest = hashlib.blake2b(b"%d" % size_bytes, digest_size=16)
            for start in sorted(starts):
                for chunk in objects.read(key, start, min(size_bytes, start + _PIECE_BYTES)):
                    digest.update(chunk)
            self._alike[name] = digest.digest()
        return self._alike[name]

    def _uploads_alike(self) -> dict[str, tuple[str, int]]:
        """The uploads whose size another one of the project has: place and size by name."""
        if self.objects is None:
            return {}
        with self.database.read() as tx:
            rows = tx.rows(_ALIKE, {"project_id": self.grant.project_id})
        return {row["file_name"]: (row["object_key"], row["size_bytes"]) for row in rows}


def count_annotated(tx: Tx, grant: Grant, query: TaskQuery) -> int:
    """How many of the tasks that the query names have an annotation that was not cancelled."""
    wanted = condition_of(tx, grant, query) & (_t.total_annotations > 0)
    return int(tx.execute(select(func.count()).select_from(tasks).where(wanted)).scalar_one())


def finished_of(task: ExportTask) -> list[ExportAnnotation]:
    """The finished annotations of a task, the one to learn from in front."""
    done = [one for one in task.annotations if not one.was_cancelled and not _is_rejected(one)]
    return sorted(done, key=lambda one: (one.ground_truth, one.updated_at, one.annotation_id), reverse=True)


def settle_groups(found: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """The group of each task by its ``group`` and ``named``: what it names, unless others show the same by
    another name.

    So a task falls to the side that was told before files were read, and stays there when another file of the
    same size comes.
    """
    names: dict[bytes, set[bytes]] = {}
    for group, named in found:
        names.setdefault(group, set()).add(named)
    return [group if len(names[group]) > 1 else named for group, named in found]


def held_out_of(groups: Iterable[bytes], part: float, seed: int) -> set[bytes]:
    """The groups that are held out: each for itself, whatever others there are.

    part: of the groups, 0 to 1, about. What a part holds out, a greater one does, too. Where there are two
    groups or more, neither side is empty unless ``part`` is 0: then the group nearest to the cut changes
    sides.
    """
    places = {group: _place_of(group, seed) for group in groups}
    if not part or len(places) < 2:
        return set()
    order = sorted(places, key=places.__getitem__)
    count = sum(place < part for place in places.values())
    return set(order[: min(max(count, 1), len(order) - 1)])


def _place_of(group: bytes, seed: int) -> float:
    """From 0 to below 1, evenly."""
    return int.from_bytes(_digest(b"%d " % seed + group)[:6], "big") / 2**48


def read_entries(lines: Iterator[bytes]) -> Iterator[Entry]:
    """Entries as they are kept, a line each."""
    return (_entry.decode(line) for line in lines)


def _is_rejected(annotation: ExportAnnotation) -> bool:
    # Most were never reviewed, and are not read for it.
    return b'"rejected"' in annotation.json and _state.decode(annotation.json).last_action == REJECTED


def _of_others(done: Sequence[ExportAnnotation]) -> tuple[bytes, ...]:
    """The newest result of each further person."""
    found: dict[int | None, bytes] = {}
    for each in done[1:]:
        if each.completed_by != done[0].completed_by:
            found.setdefault(each.completed_by, each.result_json)
    return tuple(found.values())


def _shown_keys(config: LabelConfig) -> list[str]:
    """The fields of a task's data that the config shows, in order."""
    names = [name for each in config.objects for name in each.variables]
    return list(dict.fromkeys(name.partition(".")[0].partition("[")[0] for name in names))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _pages(items: Iterator[T]) -> Iterator[list[T]]:
    while page := list(islice(items, _AT_ONCE)):
        yield page

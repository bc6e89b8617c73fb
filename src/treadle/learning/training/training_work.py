"""The work that one training learns from and is measured by, read once and kept while it lasts.

::

    jobs/JOB/work           a line each: task, annotation, as of when, and the task as a backend is told it
    trainings/ID/dataset    a line each: task, annotation, as of when, and the side (`dataset.Entry`)

The second stays. What somebody changes after it was read changes neither what is learnt nor what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

import msgspec
from sqlalchemy import select

from treadle.db.learning_tables import trainings
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.jobs import JobParts, JobRun
from treadle.labeling.config import parse_config
from treadle.labeling.selections import Selection
from treadle.learning.training.dataset import (
    Entry,
    LabelsThen,
    Reader,
    Work,
    held_out_of,
    read_entries,
    settle_groups,
)
from treadle.learning.training.gate import Finding, Gate
from treadle.learning.training.trainings import Spec
from treadle.objects import ObjectStore
from treadle.objects.spool import read_lines

_FOLDER = "trainings"
_REPORTED = 500
_NOTED_AT_ONCE = 1_000


class Kept(msgspec.Struct, frozen=True):
    """What was kept, and what the gate says of it."""

    findings: list[Finding]
    train_count: int
    held_out_count: int
    #: As it was when the work was read: labels that are renamed while a model learns them are still meant.
    label_config: str = ""


class _Annotation(msgspec.Struct):
    result: msgspec.Raw


class _Task(msgspec.Struct):
    id: int
    data: msgspec.Raw
    meta: msgspec.Raw
    annotations: list[_Annotation]


_task = msgspec.json.Decoder(_Task)
_THERE = Prepared(select(trainings.c.id).where(one_of(trainings.c.id, "ids")))


@dataclass(frozen=True)
class Question:
    """A held-out task as a backend is asked it, without its answer; and the answer."""

    task: bytes
    truth: bytes


@dataclass(frozen=True)
class WorkFile:
    """The work of one training on its way."""

    run: JobRun
    training_id: int

    @property
    def dataset_key(self) -> str:
        """The object that tells which annotations it learnt from."""
        return f"{_FOLDER}/{self.training_id}/dataset"

    def keep(
        self, label_config: str, selection: Selection, spec: Spec, then: LabelsThen | None = None
    ) -> Kept:
        """Read and keep all finished work of the selection, or of a commit, and split it."""
        config = parse_config(label_config)
        gate = Gate(config, held_out=spec.held_out)
        found: list[tuple[bytes, bytes]] = []
        reader = Reader(self.run.database, self.run.grant, config, self.run.objects)
        works = reader.read_then(then) if then is not None else reader.read(selection.query)
        if then is None:
            works = takewhile(lambda work: work.task.task_id <= selection.last_id, works)
        self.run.objects.put(self._key, self._lines(works, gate, found))
        groups = settle_groups(found)
        held_out = held_out_of(groups, spec.held_out, spec.seed)
        self.run.objects.put(self.dataset_key, self._entries(groups, held_out))
        count = sum(map(held_out.__contains__, groups))
        return Kept(gate.findings(), len(groups) - count, count, label_config)

    def learnt_from(self) -> Iterator[list[int]]:
        """The annotations on the side to learn from, some thousands at once."""
        entries = (entry for entry in self._sides() if not entry.is_held_out)
        while batch := list(islice(entries, _NOTED_AT_ONCE)):
            yield [entry.annotation_id for entry in batch]

    def to_train(self) -> Iterator[bytes]:
        """The tasks to learn from, as an export has them."""
        return (task for task, is_held_out in self._tasks() if not is_held_out)

    def held_out(self, without: frozenset[int] = frozenset()) -> Iterator[Question]:
        """The tasks to measure by, without some."""
        for text, is_held_out in self._tasks():
            task = _task.decode(text) if is_held_out else None
            if task is not None and task.id not in without:
                asked = b'{"id":%d,"data":%s,"meta":%s,"annotations":[],"predictions":[]}'
                truth = bytes(task.annotations[0].result)
                yield Question(asked % (task.id, bytes(task.data), bytes(task.meta)), truth)

    def forget(self) -> None:
        """Take away what was kept for the training alone."""
        self.run.objects.delete(self._key)

    def forget_sides(self) -> None:
        """Take away what tells which annotations it was, too."""
        self.run.objects.delete(self.dataset_key)

    @property
    def _key(self) -> str:
        return f"jobs/{self.run.job.id}/work"

    def _lines(self, works: Iterator[Work], gate: Gate, found: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
        for count, work in enumerate(works, start=1):
            if count % _REPORTED == 0:
                self.run.check_cancelled()
                self.run.report(0, 0, f"Read {count:,} tasks")
            gate.add(work)
            found.append((work.group, work.named))
            of = work.annotation
            head = f"{work.task.task_id} {of.annotation_id} {of.updated_at} "
            yield head.encode() + work.to_wire() + b"\n"

    def _entries(self, groups: list[bytes], held_out: set[bytes]) -> Iterator[bytes]:
        lines = read_lines(self.run.objects.read(self._key))
        for line, group in zip(lines, groups, strict=True):
            task_id, annotation_id, updated_at, _ = line.split(b" ", 3)
            of, as_of = int(task_id), updated_at.decode()
            entry = Entry(of, int(annotation_id), as_of, group in held_out, group.hex())
            yield msgspec.json.encode(entry) + b"\n"

    def _tasks(self) -> Iterator[tuple[bytes, bool]]:
        lines = read_lines(self.run.objects.read(self._key))
        for line, entry in zip(lines, self._sides(), strict=True):
            yield line.split(b" ", 3)[3], entry.is_held_out

    def entries_held_out(self) -> Iterator[Entry]:
        """What is held out, without the tasks themselves."""
        return (entry for entry in self._sides() if entry.is_held_out)

    def _sides(self) -> Iterator[Entry]:
        return read_sides(self.run.objects, self.dataset_key)


def read_sides(objects: ObjectStore, dataset_key: str) -> Iterator[Entry]:
    """What a training kept of what it learnt from. Raises NotFound where it is not there any more."""
    return read_entries(read_lines(objects.read(dataset_key)))


def sweep_datasets(parts: JobParts) -> int:
    """Remove what tells of trainings that went with their project; how many."""
    keys = {int(each.key.split("/")[1]): each.key for each in parts.objects.list(f"{_FOLDER}/")}
    with parts.database.read() as tx:
        there = {row["id"] for row in tx.rows(_THERE, {"ids": id_list(list(keys))})}
    gone = [key for training_id, key in keys.items() if training_id not in there]
    for key in gone:
        parts.objects.delete(key)
    return len(gone)

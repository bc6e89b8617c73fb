"""How good each version is while people work: what became of its regions, by label and by day.

Nothing is done for it when somebody saves. A follower of the events looks at what was saved, and keeps for
each annotation what it adds to the sums, so that a later save or a deletion takes exactly that away again.
Days are those, in UTC, on which annotations were made. A skip says nothing; an import is not work.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from treadle.db import Database, Tx, schema
from treadle.db.learning_tables import (
    annotation_quality,
    learning_positions,
    prediction_attempts,
    prediction_quality,
)
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.events import Event
from treadle.events.repeating import start_repeating
from treadle.events.settling import SettledEvents
from treadle.learning.measures.comparing import OUTCOMES, Sums, judge

FOLLOWER = "quality"
_EVERY_S = 2.0
_BATCH = 500
#: So many events that tell nothing here are passed over for good.
_PASSED = 5_000
_SAVED = ("annotation.created", "annotation.updated", "annotation.skipped")
_KINDS = frozenset(
    {*_SAVED, "annotations.deleted", "annotations.restored", "tasks.deleted", "tasks.restored"}
)

_a, _q, _s, _r = (
    table.c for table in (schema.annotations, annotation_quality, prediction_quality, prediction_attempts)
)
_POSITION = select(learning_positions.c.event_id).where(learning_positions.c.follower == FOLLOWER)
_READ = select(
    _a.id,
    _a.task_id,
    _a.project_id,
    _a.result,
    _a.prediction,
    _a.was_cancelled,
    _a.import_id,
    _a.created_at,
)
_BY_ID = Prepared(_READ.where(one_of(_a.id, "ids")))
_BY_TASK = Prepared(_READ.where(one_of(_a.task_id, "ids")))
_ATTEMPTS = Prepared(
    select(_r.task_id, _r.model_version, _r.state, _r.at)
    .where(one_of(_r.task_id, "ids"), _r.state != "failed")
    .order_by(_r.at)
)
_IS_TOUCHED = one_of(_q.annotation_id, "ids") | one_of(_q.task_id, "tasks")
_PARTS = Prepared(select(annotation_quality).where(_IS_TOUCHED))
_FORGET = Prepared(delete(annotation_quality).where(_IS_TOUCHED))
_PROJECTS = Prepared(select(projects.c.id).where(one_of(projects.c.id, "ids")))
_PART_COLUMNS = (
    "annotation_id",
    "task_id",
    "project_id",
    "model_version",
    "label",
    "day",
    *OUTCOMES,
)
#: What the sums are kept by: project, version, label, day.
_Key = tuple[int, str, str, str]
_SUM_KEY = ("project_id", "model_version", "label", "day")


class _Suggestion(msgspec.Struct):
    """What an annotation remembers of the prediction that it began from."""

    model_version: str | None = None
    result: msgspec.Raw = msgspec.Raw(b"[]")


_SUGGESTION = msgspec.json.Decoder(_Suggestion)


@dataclass
class _Touched:
    """What the events of a batch are about."""

    saved: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    tasks_back: set[int] = field(default_factory=set)
    tasks_gone: set[int] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Note what one event is about."""
        if event.kind in _SAVED and event.subject_id is not None:
            self.saved.add(event.subject_id)
            return
        told = msgspec.json.decode(event.payload)
        what, _, happened = event.kind.partition(".")
        ids = told.get(what, ())
        if what == "annotations":
            (self.gone if happened == "deleted" else self.saved).update(ids)
        else:
            (self.tasks_gone if happened == "deleted" else self.tasks_back).update(ids)


@dataclass(frozen=True)
class _Part:
    """What one annotation says of one version, by label."""

    annotation_id: int
    task_id: int
    project_id: int
    model_version: str
    day: str
    sums: Sums


def start_quality(database: Database) -> None:
    """Keep the sums true until the process ends."""
    start_repeating("quality", _EVERY_S, QualityFollower(database).look)


class QualityFollower:
    """Follows the events; of several workers one gets each batch done."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = SettledEvents()
        #: Events up to here tell of nothing, behind the place that is written down.
        self._passed = 0

    def look(self) -> int:
        """See to everything that happened since the last look; how many events told of something."""
        total = 0
        while True:
            count, has_more = self._step()
            total += count
            if not has_more:
                return total

    def _step(self) -> tuple[int, bool]:
        with self._database.read() as tx:
            written = tx.execute(_POSITION).scalar() or 0
            found = self._events.read(tx, max(written, self._passed), _BATCH)
            told = [event for event in found if event.kind in _KINDS]
            touched = _Touched()
            for event in told:
                touched.add(event)
            rows = _read_rows(tx, touched)
            attempts = _read_attempts(tx, rows)
        if not found:
            return 0, False
        has_more, end = len(found) >= _BATCH, found[-1].id
        if not told and end - written <= _PASSED:
            self._passed = end
            return 0, has_more
        parts = [part for row in rows if (part := _judge(row, attempts)) is not None]
        is_done = self._move(written, end, touched, parts)
        return (len(told), has_more) if is_done else (0, True)

    def _move(self, start: int, end: int, touched: _Touched, parts: Sequence[_Part]) -> bool:
        """Write it down, unless another worker was quicker."""
        with self._database.write() as tx:
            held = tx.execute(_POSITION.with_for_update()).scalar()
            if (held or 0) != start:
                return False
            if held is None:
                tx.execute(insert(learning_positions), {"follower": FOLLOWER, "event_id": end})
            else:
                here = learning_positions.c.follower == FOLLOWER
                tx.execute(learning_positions.update().where(here).values(event_id=end))
            _apply(tx, touched, parts)
        return True


def _read_rows(tx: Tx, touched: _Touched) -> Sequence[Mapping[str, Any]]:
    rows = tx.rows(_BY_ID, {"ids": id_list(sorted(touched.saved))}) if touched.saved else []
    back = tx.rows(_BY_TASK, {"ids": id_list(sorted(touched.tasks_back))}) if touched.tasks_back else []
    touched.saved.update(row["id"] for row in back)
    return list({row["id"]: row for row in (*rows, *back)}.values())


def _read_attempts(tx: Tx, rows: Iterable[Mapping[str, Any]]) -> Mapping[int, Sequence[Mapping[str, Any]]]:
    """Of the tasks that were annotated from nothing, what versions said of them before."""
    ids = sorted({row["task_id"] for row in rows if row["prediction"] is None and row["import_id"] is None})
    found = defaultdict(list)
    for row in tx.rows(_ATTEMPTS, {"ids": id_list(ids)}) if ids else []:
        found[row["task_id"]].append(row)
    return found


def _judge(row: Mapping[str, Any], attempts: Mapping[int, Sequence[Mapping[str, Any]]]) -> _Part | None:
    """What an annotation says of the version that it began from; None: of none."""
    if row["was_cancelled"]:
        return None
    if row["prediction"] is not None:
        suggestion = _SUGGESTION.decode(row["prediction"])
        version, suggested = suggestion.model_version or "", bytes(suggestion.result)
    else:
        version, suggested = _found_nothing(row, attempts.get(row["task_id"], ())), b"[]"
    sums = judge(suggested, row["result"]) if version else {}
    if not sums:
        return None
    day = row["created_at"].date().isoformat()
    return _Part(row["id"], row["task_id"], row["project_id"], version, day, sums)


def _found_nothing(row: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]]) -> str:
    """The version that had found nothing on the task when it was annotated; "" where none had."""
    before = [each for each in attempts if _at(each) <= _at(row, "created_at")]
    return before[-1]["model_version"] if before and before[-1]["state"] == "nothing" else ""


def _at(row: Mapping[str, Any], name: str = "at") -> datetime:
    at: datetime = row[name]
    return at


def _apply(tx: Tx, touched: _Touched, parts: Sequence[_Part]) -> None:
    ids = id_list(sorted(touched.saved | touched.gone))
    wanted = {"ids": ids, "tasks": id_list(sorted(touched.tasks_gone))}
    changes: dict[_Key, Counter[str]] = defaultdict(Counter)
    for row in tx.rows(_PARTS, wanted):
        key = tuple(row[name] for name in _SUM_KEY)
        changes[key].subtract({name: row[name] for name in OUTCOMES})
    tx.execute(_FORGET, wanted)
    project_ids = {"ids": id_list(sorted({part.project_id for part in parts}))}
    there = {row["id"] for row in tx.rows(_PROJECTS, project_ids)} if parts else set()
    rows = [row for part in parts if part.project_id in there for row in _rows_of(part)]
    tx.insert_rows(annotation_quality, _PART_COLUMNS, rows)
    for _annotation, _task, *told in rows:
        key, counts = (*told[: len(_SUM_KEY)],), told[len(_SUM_KEY) :]
        changes[key].update(dict(zip(OUTCOMES, counts, strict=True)))
    _add_to_sums(tx, changes)


def _rows_of(part: _Part) -> list[tuple[Any, ...]]:
    about = (part.annotation_id, part.task_id, part.project_id, part.model_version)
    return [(*about, label, part.day, *counts) for label, counts in part.sums.items()]


def _add_to_sums(tx: Tx, changes: Mapping[_Key, Counter[str]]) -> None:
    rows = [
        {**dict(zip(_SUM_KEY, key, strict=True)), **{name: counts[name] for name in OUTCOMES}}
        for key, counts in sorted(changes.items())
        if any(counts.values())
    ]
    if not rows:
        return
    upsert = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(prediction_quality)
    more = {name: _s[name] + upsert.excluded[name] for name in OUTCOMES}
    tx.execute(upsert.on_conflict_do_update(index_elements=_SUM_KEY, set_=more), rows)


# What is told of it.


@dataclass(frozen=True)
class Quality:
    """Sums of a project: by version, by version and label, by version and day."""

    versions: Sequence[Mapping[str, Any]]
    labels: Sequence[Mapping[str, Any]]
    days: Sequence[Mapping[str, Any]]


def quality_of(tx: Tx, project_id: int) -> Quality:
    """What became of what each version said in a project, as far as the follower has come."""
    return Quality(_sums(tx, project_id), _sums(tx, project_id, "label"), _sums(tx, project_id, "day"))


def _sums(tx: Tx, project_id: int, *by: str) -> Sequence[Mapping[str, Any]]:
    columns = (_s.model_version.label("version"), *(_s[name] for name in by))
    sums = [func.sum(_s[name]) for name in OUTCOMES]
    found = (
        select(*columns, *(each.label(name) for each, name in zip(sums, OUTCOMES, strict=True)))
        .where(_s.project_id == project_id)
        .group_by(*columns)
        .having(sum(sums[1:], sums[0]) > 0)
        .order_by(*columns)
    )
    return tx.rows(found)

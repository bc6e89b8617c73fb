"""How far a project is: who did how much on which day, and when it will be done.

``work_sums`` holds what each person submitted and skipped in each quarter of an hour, so that a million
annotations are some thousand rows, and every zone's days are exact. What came with an import is nobody's
work here and is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, cast, func, or_, select, text

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.prepared import Prepared
from treadle.db.schema import project_counters, projects, users, work_sums
from treadle.db.types import from_microseconds, to_microseconds
from treadle.errors import Invalid
from treadle.labeling import usage

_SLOT_US = 15 * 60 * 1_000_000
_SLOT_MIN = 15
_DAY_SLOTS = 96
_FARTHEST_ZONE_MIN = 14 * 60
_FORECAST_DAYS = 14
_LONGEST_FORECAST_DAYS = 36_500
_MOST_LABELS = 1_000
_EPOCH = date(1970, 1, 1)
_NOBODY = 0
_LONGEST_LEAD_MS = 10_000_000_000  # what is longer is no time of work, and sums must stay 64-bit numbers
_NAMES = ("slot", "user_id", "submitted", "skipped", "timed", "lead_time_ms")
_ADD = Prepared(
    text(
        f"INSERT INTO work_sums (project_id, {', '.join(_NAMES)}) "
        f"VALUES (:project_id, {', '.join(f':{name}' for name in _NAMES)}) "
        "ON CONFLICT (project_id, slot, user_id) DO UPDATE SET "
        + ", ".join(f"{name} = work_sums.{name} + excluded.{name}" for name in _NAMES[2:])
    )
)
_a = schema.annotations.c
_p, _c = projects.c, project_counters.c
_s = work_sums.c
_DAY = ((_s.slot + bindparam("shift")) // _DAY_SLOTS).label("day")


def _total(column: Any) -> Any:
    return cast(func.sum(column), BigInteger).label(column.name)


_DAYS: Select[Any] = (
    select(
        _DAY,
        _s.user_id,
        _total(_s.submitted),
        _total(_s.skipped),
        _total(_s.timed),
        _total(_s.lead_time_ms),
        func.max(_s.slot).label("last_slot"),
    )
    .where(_s.project_id == bindparam("project_id"), or_(_s.submitted > 0, _s.skipped > 0))
    .group_by(_DAY, _s.user_id)
    .order_by(_DAY, _s.user_id)
)
_OWN_DAYS = _DAYS.where(_s.user_id == bindparam("of_user"))
_COUNTS = (
    select(
        _p.maximum_annotations.label("overlap"),
        # Of those that are retired only what was labelled: the rest keeps nobody from the end.
        (_c.task_number - _c.retired_task_number).label("task_number"),
        _c.finished_task_number,
        _c.tasks_with_annotations,
        _c.skipped_annotations,
    )
    .join_from(projects, project_counters, _c.project_id == _p.id)
    .where(_p.id == bindparam("project_id"))
)
_PEOPLE = select(users.c.id, users.c.email, users.c.first_name, users.c.last_name).where(
    users.c.id.in_(bindparam("ids", expanding=True))
)
_LAST = Prepared(
    select(_a.created_at, _a.import_id)
    .where(_a.project_id == bindparam("project_id"), _a.completed_by == bindparam("of_user"))
    .order_by(_a.id.desc())
    .limit(1)
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Day:
    """What was done on one day of the asker's zone."""

    date: date
    submitted: int
    skipped: int


@dataclass(frozen=True)
class PersonProgress:
    """What one person did; ``person`` is None where the account is gone."""

    person: Row | None
    submitted: int
    skipped: int
    mean_lead_time_s: float | None
    last_at: datetime | None
    days: list[Day]


@dataclass(frozen=True)
class Forecast:
    """When the rest will be done: tasks a day over the last days with work, None where there are none."""

    per_day: float | None
    based_on_days: int
    done_on: date | None


@dataclass(frozen=True)
class Progress:
    """How far a project is; of others' work nothing where the actor may not see it."""

    tasks: Mapping[str, int]
    days: list[Day]
    annotators: list[PersonProgress]
    labels: list[dict[str, Any]]
    forecast: Forecast


def read_progress(tx: Tx, grant: Grant, *, utc_offset_min: int = 0) -> Progress:
    """The progress of the grant's project, by days of the zone ``utc_offset_min`` minutes east of UTC.

    Raises Invalid("offset-invalid") for an offset that is no multiple of a quarter of an hour up to 14 hours.
    """
    if utc_offset_min % _SLOT_MIN or abs(utc_offset_min) > _FARTHEST_ZONE_MIN:
        told = f"{utc_offset_min} minutes is the offset of no zone: multiples of 15 up to 840."
        raise Invalid("offset-invalid", told, fields={"utc_offset_minutes": [told]})
    assert grant.project_id is not None
    wanted = {
        "project_id": grant.project_id,
        "shift": utc_offset_min // _SLOT_MIN,
        "of_user": grant.actor.user_id,
    }
    rows = tx.rows(_OWN_DAYS if grant.is_narrow else _DAYS, wanted)
    counts = tx.rows(_COUNTS, wanted)[0]
    days = _by_day(rows)
    today = (tx.now + timedelta(minutes=utc_offset_min)).date()
    return Progress(
        tasks={
            "total": counts["task_number"],
            "finished": counts["finished_task_number"],
            "started": counts["tasks_with_annotations"],
            "skipped": sum(day.skipped for day in days) if grant.is_narrow else counts["skipped_annotations"],
        },
        days=days,
        annotators=_annotators(tx, grant.project_id, rows),
        labels=[] if grant.is_narrow else usage.most_used(tx, grant.project_id, _MOST_LABELS),
        forecast=Forecast(None, 0, None) if grant.is_narrow else _forecast(counts, days, today),
    )


def add_work(tx: Tx, project_id: int, rows: Iterable[Row], *, sign: int = 1) -> None:
    """Count annotations that came (``sign`` 1) or go (-1), in the transaction they do.

    rows: with created_at (an instant, or as it is stored), completed_by, was_cancelled, lead_time, import_id.
    """
    sums: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        if row["import_id"] is None:
            place = (_microseconds(row["created_at"]) // _SLOT_US, row["completed_by"] or _NOBODY)
            found = sums.setdefault(place, [0, 0, 0, 0])
            for n, number in enumerate(_numbers(row)):
                found[n] += sign * number
    for place, numbers in sorted(sums.items()):
        if any(numbers):
            tx.execute(_ADD, {"project_id": project_id, **dict(zip(_NAMES, (*place, *numbers), strict=True))})


def _microseconds(moment: datetime | int) -> int:
    return moment if isinstance(moment, int) else to_microseconds(moment)


def _numbers(row: Row) -> tuple[int, int, int, int]:
    if row["was_cancelled"]:
        return 0, 1, 0, 0
    if row["lead_time"] is None:
        return 1, 0, 0, 0
    return 1, 0, 1, int(min(max(row["lead_time"] * 1000, 0), _LONGEST_LEAD_MS))


def _by_day(rows: Iterable[Row]) -> list[Day]:
    submitted: Counter[int] = Counter()
    skipped: Counter[int] = Counter()
    for row in rows:
        submitted[row["day"]] += row["submitted"]
        skipped[row["day"]] += row["skipped"]
    return [Day(_date(day), submitted[day], skipped[day]) for day in submitted]


def _annotators(tx: Tx, project_id: int, rows: Iterable[Row]) -> list[PersonProgress]:
    by_person: dict[int, list[Row]] = {}
    for row in rows:
        by_person.setdefault(row["user_id"], []).append(row)
    people = {row["id"]: row for row in tx.rows(_PEOPLE, {"ids": list(by_person)})} if by_person else {}
    found = [_person(tx, project_id, people.get(who), who, days) for who, days in by_person.items()]
    return sorted(found, key=lambda each: -each.submitted)


def _person(tx: Tx, project_id: int, person: Row | None, user_id: int, days: list[Row]) -> PersonProgress:
    timed = sum(row["timed"] for row in days)
    lead_time_ms = sum(row["lead_time_ms"] for row in days)
    return PersonProgress(
        person=person,
        submitted=sum(row["submitted"] for row in days),
        skipped=sum(row["skipped"] for row in days),
        mean_lead_time_s=lead_time_ms / timed / 1000 if timed else None,
        last_at=_last_at(tx, project_id, user_id, days[-1]["last_slot"]),
        days=[Day(_date(row["day"]), row["submitted"], row["skipped"]) for row in days],
    )


def _last_at(tx: Tx, project_id: int, user_id: int, last_slot: int) -> datetime:
    """When they last did something; to a quarter of an hour where an import of theirs came after it."""
    row = tx.execute(_LAST, {"project_id": project_id, "of_user": user_id}).first()
    if row is None or row["import_id"] is not None:
        return from_microseconds(last_slot * _SLOT_US)
    at: datetime = row["created_at"]
    return at


def _forecast(counts: Row, days: list[Day], today: date) -> Forecast:
    active = [day for day in days if day.submitted][-_FORECAST_DAYS:]
    if not active:
        return Forecast(None, 0, None)
    per_day = sum(day.submitted for day in active) / len(active) / counts["overlap"]
    left = counts["task_number"] - counts["finished_task_number"]
    days_left = ceil(left / per_day)
    is_known = 0 < days_left <= _LONGEST_FORECAST_DAYS
    return Forecast(per_day, len(active), today + timedelta(days=days_left) if is_known else None)


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)

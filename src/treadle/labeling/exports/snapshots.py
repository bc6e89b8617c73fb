"""Snapshots: the whole project as JSON at one time, kept, and converted to other formats on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from treadle import jobs
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import export_conversions, exports, users
from treadle.errors import Conflict, NotFound
from treadle.jobs import JobKind, JobRun
from treadle.labeling import rendering, views
from treadle.labeling.export_keys import report_key
from treadle.labeling.exports.choices import ALL, BRIEF, Detail, SnapshotChoice
from treadle.labeling.exports.conversion import convert_file
from treadle.labeling.exports.job import (
    Written,
    check_fits,
    md5_of,
    project_of,
    write_file,
)
from treadle.labeling.filters import TaskQuery
from treadle.labeling.formats import find_format
from treadle.permissions import Permission

JOB_NAME = "snapshot"

#: What may be asked of a snapshot beside its title.
OPTIONS = ("task_filter_options", "annotation_filter_options", "serialization_options")

_e = exports.c
_x = export_conversions.c
_COLUMNS = select(
    exports, users.c.id.label("user_id"), users.c.email, users.c.first_name, users.c.last_name
).outerjoin(users, users.c.id == _e.created_by)
_ONE = _COLUMNS.where(_e.id == bindparam("export_id"), _e.project_id == bindparam("project_id"))
_ALL = _COLUMNS.where(_e.project_id == bindparam("project_id")).order_by(_e.id.desc())
_CONVERSIONS = select(export_conversions).where(_x.export_id == bindparam("export_id")).order_by(_x.id)


class SnapshotOrder(msgspec.Struct, frozen=True):
    """Which snapshot the worker shall write, in which format."""

    export_id: int
    export_type: str = "JSON"
    choice: SnapshotChoice = ALL
    detail: Detail = BRIEF


@dataclass(frozen=True)
class NewSnapshot:
    """What a snapshot shall be called and hold."""

    title: str = ""
    choice: SnapshotChoice = ALL
    detail: Detail = BRIEF
    #: What was asked for, as the client wrote it: told with the snapshot, and not read here.
    asked: Mapping[str, Any] = field(default_factory=dict)


def start_snapshot(tx: Tx, grant: Grant, new: NewSnapshot) -> tuple[int, jobs.Job]:
    """Order a snapshot of the grant's project; its id and the job. Raises NotFound("view-not-found")."""
    choice = new.choice
    if choice.view_id is not None:
        views.query_of(tx, grant, choice.view_id)
    export_id = tx.execute(
        insert(exports).returning(_e.id),
        {
            "project_id": grant.project_id,
            "title": new.title or f"{grant.actor.email} {tx.now:%Y-%m-%d %H:%M}",
            "created_by": grant.actor.user_id,
            "created_at": tx.now,
            "status": "created",
            "options": msgspec.json.encode(new.asked).decode(),
        },
    ).scalar_one()
    order = SnapshotOrder(int(export_id), choice=choice, detail=new.detail)
    return order.export_id, jobs.submit(tx, grant, JOB_NAME, order)


def convert_snapshot(tx: Tx, grant: Grant, export_id: int, export_type: str) -> tuple[int, jobs.Job | None]:
    """Order a snapshot in another format; the conversion's id, and the job unless it is there already.

    One that failed is ordered anew. Raises NotFound("snapshot-not-found"),
    Invalid("export-format-unknown"), Conflict("snapshot-unfinished").
    """
    name = find_format(export_type).name
    row = get_snapshot(tx, grant, export_id)
    check_fits(tx, row["project_id"], name)
    if row["status"] != "completed":
        text = f"Snapshot {export_id} is not written: it is {row['status']}. Wait for it, or make another."
        raise Conflict("snapshot-unfinished", text)
    conversions = tx.execute(_CONVERSIONS, {"export_id": export_id})
    known = next((each for each in conversions if each.export_type == name), None)
    if known is not None and known.status != "failed":
        return int(known.id), None
    if known is not None:
        tx.execute(delete(export_conversions).where(_x.id == known.id))
    conversion_id = tx.execute(
        insert(export_conversions).returning(_x.id),
        {"export_id": export_id, "export_type": name, "status": "created", "created_at": tx.now},
    ).scalar_one()
    return int(conversion_id), jobs.submit(tx, grant, JOB_NAME, SnapshotOrder(export_id, name))


def get_snapshot(tx: Tx, grant: Grant, export_id: int) -> Mapping[str, Any]:
    """The row of a snapshot of the grant's project. Raises NotFound("snapshot-not-found")."""
    wanted = {"export_id": export_id, "project_id": grant.project_id}
    row = tx.execute(_ONE, wanted).mappings().first()
    if row is None:
        raise _no_snapshot(export_id)
    return dict(row)


def list_snapshots(tx: Tx, grant: Grant) -> list[Mapping[str, Any]]:
    """The snapshots of the grant's project, newest first."""
    return [dict(row) for row in tx.execute(_ALL, {"project_id": grant.project_id}).mappings()]


def remove_snapshot(tx: Tx, grant: Grant, export_id: int) -> list[str]:
    """Delete a snapshot; the keys of its files, which the caller deletes after the commit."""
    row = get_snapshot(tx, grant, export_id)
    converted = tx.execute(_CONVERSIONS, {"export_id": export_id}).all()
    tx.execute(delete(exports).where(_e.id == row["id"]))
    # Also files that a job writes at this moment; one that ends later finds no row, and takes its own away.
    formats = ("JSON", *(each.export_type for each in converted))
    keys = [_key(SnapshotOrder(export_id, each)) for each in formats]
    return [*keys, *map(report_key, keys)]


def find_download(tx: Tx, grant: Grant, export_id: int, export_type: str) -> tuple[str, str, str]:
    """Key, file name and content type of a snapshot in a format.

    Raises NotFound("snapshot-not-converted") for a format that it was not converted to.
    """
    known = find_format(export_type)
    row = get_snapshot(tx, grant, export_id)
    key = row["object_key"] if known.name == "JSON" else _converted_key(tx, export_id, known.name)
    if key is None:
        raise NotFound(
            "snapshot-not-converted",
            f"Snapshot {export_id} is not there as {known.name}. POST …/convert first, and wait for it.",
        )
    name = f"project-{row['project_id']}-snapshot-{export_id}.{known.extension.lstrip('.')}"
    return str(key), name, known.content_type


def render_snapshot(tx: Tx, row: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot as Label Studio shows it."""
    converted = tx.execute(_CONVERSIONS, {"export_id": row["id"]}).all()
    asked = msgspec.json.decode(row["options"])
    return {
        "title": row["title"],
        "id": row["id"],
        "created_by": rendering.person(row) if row["user_id"] else None,
        "created_at": rendering.instant(row["created_at"]),
        "finished_at": rendering.instant(row["finished_at"]),
        "status": row["status"],
        "md5": row["md5"],
        "counters": rendering.raw(row["counters"]),
        "converted_formats": [
            {
                "id": each.id,
                "status": each.status,
                "export_type": each.export_type,
                "traceback": None,
                "report_url": _report_url(row["project_id"], row["id"], each.export_type),
            }
            for each in converted
        ],
        **{name: asked.get(name) for name in OPTIONS},
    }


def run_snapshot(run: JobRun) -> dict[str, Any]:
    """Write the snapshot, or its conversion."""
    return run.step("write", _write, run, run.decode(SnapshotOrder))


def undo_snapshot(run: JobRun) -> None:
    """Note that it failed, and leave no file."""
    order = run.decode(SnapshotOrder)
    run.objects.delete(_key(order))
    run.objects.delete(report_key(_key(order)))
    with run.database.write() as tx:
        _set_status(tx, order, {"status": "failed"})


SNAPSHOT_JOB = JobKind(JOB_NAME, run_snapshot, Permission.EXPORT, undo_snapshot)


def _write(run: JobRun, order: SnapshotOrder) -> dict[str, Any]:
    key = _key(order)
    with run.database.read() as tx:
        get_snapshot(tx, run.grant, order.export_id)
    if order.export_type == "JSON":
        written = _write_whole(run, order, key)
        counters = {"task_number": written.tasks, "annotation_number": written.annotations}
        values = {"md5": md5_of(run.objects, key), "counters": msgspec.json.encode(counters).decode()}
    else:
        written = convert_file(run, _key(SnapshotOrder(order.export_id)), order.export_type, key)
        values = {}
    with run.database.write() as tx:
        if not _set_status(tx, order, {"status": "completed", "object_key": key, **values}):
            raise _no_snapshot(order.export_id)
    return {
        "export": order.export_id,
        "export_type": order.export_type,
        "report_url": _report_url(project_of(run), order.export_id, order.export_type),
        **written.told(),
    }


def _write_whole(run: JobRun, order: SnapshotOrder, key: str) -> Written:
    query = _query(run, order.choice.view_id)
    return write_file(run, key, "JSON", query, with_all=True, choice=order.choice, detail=order.detail)


def _report_url(project_id: int, export_id: int, export_type: str) -> str:
    return f"api/projects/{project_id}/exports/{export_id}/report?exportType={export_type}"


def _query(run: JobRun, view_id: int | None) -> TaskQuery:
    if view_id is None:
        return TaskQuery()
    with run.database.read() as tx:
        return views.query_of(tx, run.grant, view_id)


def _set_status(tx: Tx, order: SnapshotOrder, values: Mapping[str, Any]) -> bool:
    """Whether it is there still."""
    if order.export_type == "JSON":
        statement = update(exports).where(_e.id == order.export_id)
        return tx.execute(statement.values(finished_at=tx.now, **values)).rowcount > 0
    conversion = (_x.export_id == order.export_id) & (_x.export_type == order.export_type)
    return tx.execute(update(export_conversions).where(conversion).values(**values)).rowcount > 0


def _no_snapshot(export_id: int) -> NotFound:
    return NotFound("snapshot-not-found", f"No Export matches the given query. There is no {export_id}.")


def _key(order: SnapshotOrder) -> str:
    return f"snapshots/{order.export_id}/{order.export_type}"


def _converted_key(tx: Tx, export_id: int, export_type: str) -> str | None:
    rows = tx.execute(_CONVERSIONS, {"export_id": export_id})
    return next((row.object_key for row in rows if row.export_type == export_type), None)

"""An export as a job: the worker writes a file, the web process streams it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, BinaryIO, cast

import msgspec

from treadle import jobs
from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.errors import Invalid
from treadle.jobs import JobKind, JobRun
from treadle.labeling import projects, views
from treadle.labeling.config import LabelConfig, parse_config
from treadle.labeling.export_keys import report_key
from treadle.labeling.exports.choices import ALL, BRIEF, Detail, SnapshotChoice
from treadle.labeling.exports.repo_pictures import repo_pictures
from treadle.labeling.exports.rows import count_tasks, read_tasks
from treadle.labeling.exports.stored_pictures import stored_pictures
from treadle.labeling.filters import TaskQuery
from treadle.labeling.formats import ExportTask, LossReport, OpenPicture, Outlet, find_format
from treadle.objects import ObjectStore
from treadle.permissions import Permission

JOB_NAME = "export"
_CHUNK_BYTES = 256 * 1024


class ExportOrder(msgspec.Struct, frozen=True):
    """What the worker shall write."""

    export_type: str
    with_all: bool = False  # also tasks that nobody annotated
    task_ids: list[int] = []  # empty: all
    view_id: int | None = None


def start_export(tx: Tx, grant: Grant, order: ExportOrder) -> jobs.Job:
    """Order an export of the grant's project.

    Raises Invalid("export-format-unknown"), Invalid("export-format-unfit") where the labels of the
    project's config cannot be written in the format.
    """
    assert grant.project_id is not None
    check_fits(tx, grant.project_id, order.export_type)
    return jobs.submit(tx, grant, JOB_NAME, order)


def check_fits(tx: Tx, project_id: int, export_type: str) -> None:
    """Nothing, when the project's labels can be written in the format. Raises Invalid."""
    known = find_format(export_type)
    if not known.fits(parse_config(projects.config_of(tx, project_id))):
        text = f"{known.name} cannot hold what this project's config labels. JSON can hold everything."
        raise Invalid("export-format-unfit", text, fields={"exportType": [text]})


def run_export(run: JobRun) -> dict[str, Any]:
    """Write the file; where it lies, and what the format could not express."""
    return run.step("write", _write, run, run.decode(ExportOrder))


def undo_export(run: JobRun) -> None:
    """Take the file of an export that failed or was cancelled away."""
    for key in _keys(run.job.id):
        run.objects.delete(key)


EXPORT_JOB = JobKind(JOB_NAME, run_export, Permission.EXPORT, undo_export)


def object_key(job_id: str) -> str:
    """Where the file of an export lies."""
    return f"exports/{job_id}"


def _keys(job_id: str) -> tuple[str, str]:
    key = object_key(job_id)
    return key, report_key(key)


def forget_old_exports(database: Database, objects: ObjectStore, kept: timedelta) -> int:
    """Delete the files of exports that ended longer than ``kept`` ago; how many."""
    with database.read() as tx:
        old = jobs.ended_before(tx, JOB_NAME, tx.now - kept)
    lying = {each.key for each in objects.list("exports/")}
    keys = [key for job_id in old for key in _keys(job_id) if key in lying]
    for key in keys:
        objects.delete(key)
    return len(keys)


def file_name(job: jobs.Job, extension: str) -> str:
    """``project-46-at-2026-11-21-00-45-e5f75066.json``, as Label Studio names it."""
    return f"project-{job.project_id}-at-{job.created_at:%Y-%m-%d-%H-%M}-{job.id[:8]}.{extension}"


@dataclass(frozen=True)
class Written:
    """What was written under a key."""

    tasks: int
    annotations: int
    left_out: dict[str, int]

    def told(self) -> dict[str, Any]:
        """What a job's result tells of it."""
        return {
            "task_count": self.tasks,
            "annotation_count": self.annotations,
            "left_out": self.left_out,
            "loss_count": sum(self.left_out.values()),
        }


def write_file(
    run: JobRun,
    key: str,
    export_type: str,
    query: TaskQuery,
    *,
    with_all: bool,
    choice: SnapshotChoice = ALL,
    detail: Detail = BRIEF,
) -> Written:
    """Write the grant's project in a format under ``key``, and its loss report beside it."""
    with run.database.read() as tx:
        total = count_tasks(tx, run.grant, query)
    report = _reporter(run, total)
    tasks = read_tasks(
        run.database, run.grant, query, report, with_all=with_all, choice=choice, detail=detail
    )
    written = write_tasks(run, key, export_type, tasks)
    run.report(total, total, f"Wrote {written.tasks} tasks")
    return written


def write_tasks(run: JobRun, key: str, export_type: str, tasks: Iterable[ExportTask]) -> Written:
    """Write tasks in a format under ``key``, and what was lost beside it."""
    with run.database.read() as tx:
        config = parse_config(projects.config_of(tx, project_of(run)))
    in_repos = repo_pictures(run.database, run.parts.repos, run.grant)
    return write_tasks_at(
        run, key, export_type, tasks, config=config, made_at=run.job.created_at, in_repos=in_repos
    )


def write_tasks_at(
    run: JobRun,
    key: str,
    export_type: str,
    tasks: Iterable[ExportTask],
    *,
    config: LabelConfig,
    made_at: datetime,
    in_repos: OpenPicture,
) -> Written:
    """As `write_tasks`, of labels that were made by another config, and said to be of another time.

    in_repos: what opens pictures that lie in repos, as they were at that time.
    """
    with tempfile.TemporaryFile(buffering=_CHUNK_BYTES) as file, LossReport() as losses:
        pictures = stored_pictures(run.database, run.objects, run.grant, in_repos)
        outlet = Outlet(cast(BinaryIO, file), made_at, losses, pictures)
        counts = find_format(export_type).write(tasks, config, outlet)
        run.objects.delete(report_key(key))  # That of an earlier run, which was cut off.
        if losses.total:
            run.objects.put(report_key(key), losses.chunks())
            run.log("\n".join(f"{count} x {reason}" for reason, count in losses.counts.most_common()))
        run.objects.put(key, _chunks(file))
        return Written(counts.tasks, counts.annotations, dict(losses.counts))


def md5_of(objects: ObjectStore, key: str) -> str:
    """The MD5 of a stored file in hexadecimal digits, as clients of Label Studio know it."""
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in objects.read(key):
        digest.update(chunk)
    return digest.hexdigest()


def project_of(run: JobRun) -> int:
    """The project that the job is for."""
    assert run.job.project_id is not None
    return run.job.project_id


def _write(run: JobRun, order: ExportOrder) -> dict[str, Any]:
    key = object_key(run.job.id)
    written = write_file(run, key, order.export_type, _query(run, order), with_all=order.with_all)
    known = find_format(order.export_type)
    return {
        "url": f"api/exports/files/{run.job.id}",
        "report_url": f"api/exports/files/{run.job.id}/report",
        "object_key": key,
        "file_name": file_name(run.job, known.extension),
        "content_type": known.content_type,
        **written.told(),
    }


def _query(run: JobRun, order: ExportOrder) -> TaskQuery:
    query = TaskQuery()
    if order.view_id is not None:
        with run.database.read() as tx:
            query = views.query_of(tx, run.grant, order.view_id)
    selected = _selected(order.task_ids)
    return TaskQuery(query.filters, query.ordering, selected)


def _selected(task_ids: Sequence[int]) -> dict[str, Any] | None:
    return {"all": False, "included": list(task_ids)} if task_ids else None


def _reporter(run: JobRun, total: int) -> Callable[[int], None]:
    def report(done: int) -> None:
        run.check_cancelled()
        run.report(min(done, total), max(total, 1), f"Read {done} tasks")

    return report


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk

"""An import of files from its order to its end, with what it left out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import Table, select

from tests.labeling.studio import Studio
from treadle import jobs
from treadle.db import Database, Tx, schema
from treadle.jobs import JobParts, JobState
from treadle.labeling import tasks, uploads
from treadle.labeling.imports import IMPORT_JOB, Plan, start_import
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Settings


@dataclass
class Import:
    """What came of an import."""

    job: jobs.Job
    tasks: list[dict[str, Any]]

    @property
    def result(self) -> dict[str, Any]:
        assert self.job.state is JobState.DONE, self.job.error
        found: dict[str, Any] = json.loads(self.job.result or "{}")
        return found

    @property
    def error(self) -> str:
        assert self.job.state is JobState.FAILED
        return str(json.loads(self.job.error or "{}")["message"])

    @property
    def left_out(self) -> list[str]:
        return [each["reason"] for each in self.result["left_out"]]


def run_import(studio: Studio, folder: Path, files: Mapping[str, bytes], **plan: Any) -> Import:
    """Import files by name, as a worker does."""
    parts = parts_of(studio.database, folder)
    kept = [uploads.store(parts.objects, studio.project_id, name, [files[name]]) for name in files]
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        job, _import_id = start_import(tx, grant, kept, plan=Plan(**plan))
    ended = jobs.run_in_place(parts, IMPORT_JOB, job.id)
    return Import(ended, list_tasks(studio))


def order_import(studio: Studio, parts: JobParts, files: Iterable[tuple[str, bytes]]) -> str:
    """Order an import of files; its job, which nobody runs yet."""
    kept = [uploads.store(parts.objects, studio.project_id, name, [content]) for name, content in files]
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
        return start_import(tx, grant, kept)[0].id


def parts_of(database: Database, folder: Path) -> JobParts:
    return JobParts(database, LocalObjects(folder / "objects"), Settings(data_dir=folder))


def list_tasks(studio: Studio) -> list[dict[str, Any]]:
    """Every task's data, with the results of its annotations and predictions."""
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_READ)
        rows = tasks.list_of_project(tx, grant, limit=10_000, offset=0)
        done, guessed = _results(tx, schema.annotations), _results(tx, schema.predictions)
    return [
        {
            "data": json.loads(row["data"]),
            "annotations": done.get(row["id"], []),
            "predictions": guessed.get(row["id"], []),
        }
        for row in rows
    ]


def _results(tx: Tx, table: Table) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in tx.execute(select(table.c.task_id, table.c.result).order_by(table.c.id)):
        found.setdefault(row.task_id, []).append(json.loads(row.result))
    return found


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def picture(width_px: int = 800, height_px: int = 600) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px), "teal").save(buffer, "JPEG")
    return buffer.getvalue()

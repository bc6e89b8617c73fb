"""An import as a job: fetch what lies elsewhere, read and check everything, write it in batches, show it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from treadle.jobs import JobKind, JobRun
from treadle.labeling import projects, uploads
from treadle.labeling.config import parse_config
from treadle.labeling.imports import writing
from treadle.labeling.imports.blocks import Block, from_file, to_file
from treadle.labeling.imports.checking import Checker, Staged
from treadle.labeling.imports.importing import JOB_NAME, ImportOrder, answer
from treadle.labeling.imports.materials import Materials
from treadle.labeling.imports.reading import ARCHIVES, TABULAR, extension_of
from treadle.labeling.imports.sources import Source, source_of
from treadle.labeling.imports.staging import stage_all
from treadle.outbound import open_gate
from treadle.permissions import Permission

#: What counting alone reads by: whatever a row holds, no object of a config misses it.
_ANY_DATA = "<View></View>"


def run_import(run: JobRun) -> dict[str, Any]:
    """Read and check, write, show; the answer with counts."""
    order = run.decode(ImportOrder)
    began = time.monotonic()
    if order.plan.urls:
        run.step("fetch", _fetch, run, order)
    summary = msgspec.convert(run.step("read", _read, run, order), Staged)
    if not order.plan.commits:
        kept: list[int] = run.step("keep", _keep, run, order)
        counted = answer(summary, time.monotonic() - began, kept)
        return {**counted, "annotation_count": None, "prediction_count": None, "import": order.import_id}
    run.step("write", _write, run, order, summary.task_count)
    shown: list[int] = run.step("show", _show, run, order)
    return {**answer(summary, time.monotonic() - began, shown), "import": order.import_id}


def undo_import(run: JobRun) -> None:
    """Take away the rows and the files of an import that failed or was cancelled before they showed."""
    order = run.decode(ImportOrder)
    if writing.undo(run.database, order.import_id):
        _remove_files(run, order)
    _forget_staging(run, order)


IMPORT_JOB = JobKind(JOB_NAME, run_import, Permission.TASK_WRITE, undo_import)


def _remove_files(run: JobRun, order: ImportOrder) -> None:
    with run.database.write() as tx:
        files = uploads.list_made(tx, _project_id(run), order.import_id)
        if order.owns_uploads:
            files += uploads.list_by_id(tx, order.upload_ids)
        uploads.remove(tx, [row["id"] for row in files])
    for row in files:
        _delete_bytes(run, row)
    # What was stored and has no row yet.
    for left in list(run.objects.list(f"uploads/{_project_id(run)}/import-{order.import_id}/")):
        run.objects.delete(left.key)


def _delete_bytes(run: JobRun, row: Any) -> None:
    run.objects.delete(row["object_key"])
    run.objects.delete(uploads.thumbnail_key(row["project_id"], row["file_name"]))


def _fetch(run: JobRun, order: ImportOrder) -> int:
    gate = open_gate(run.settings)
    for number, url in enumerate(order.plan.urls):
        run.check_cancelled()
        run.report(number, len(order.plan.urls), f"Fetched {number} of {len(order.plan.urls)} files")
        with gate.fetch(url) as fetched:
            # Numbered, since two addresses may end alike.
            name = f"{number}/{_with_extension(fetched.name, fetched.content_type)}"
            file = uploads.store_made(
                run.objects, _project_id(run), name, fetched.chunks, import_id=order.import_id
            )
        with run.database.write() as tx:
            uploads.add_made(tx, _project_id(run), run.actor.user_id, file)
    return len(order.plan.urls)


_EXTENSIONS = {
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "text/plain": ".txt",
    "application/zip": ".zip",
    "image/jpeg": ".jpg",
    "image/png": ".png",
}


def _with_extension(name: str, content_type: str) -> str:
    return name if extension_of(name) else name + _EXTENSIONS.get(content_type, "")


def _read(run: JobRun, order: ImportOrder) -> dict[str, Any]:
    sources = _sources(run, order)
    with run.database.read() as tx:
        config = parse_config(projects.config_of(tx, _project_id(run)))
    summary = Staged(found_formats=_count_formats(sources))
    summary.could_be_tasks_list = any(extension_of(source.name) in TABULAR for source in sources)
    checker = Checker(
        config if order.plan.commits else parse_config(_ANY_DATA), summary, order.plan.suggested_by
    )
    folder = run.settings.data_dir / "tmp"
    folder.mkdir(mode=0o700, exist_ok=True)
    materials = Materials(
        run.database,
        run.objects,
        folder,
        project_id=_project_id(run),
        import_id=order.import_id,
        user_id=run.actor.user_id,
        labels_as=order.plan.labels_as,
        unpacks=order.plan.commits,
        rows_are_tasks=order.plan.files_as_tasks_list,
        most_unpacked_bytes=run.settings.max_unpacked_bytes,
        summary=summary,
        check_cancelled=_looking_now_and_then(run),
    )
    blocks = stage_all(materials, checker, sources)
    run.objects.put(_staging_key(order), to_file(_watched(run, blocks, summary)))
    return msgspec.to_builtins(summary)  # type: ignore[no-any-return]


def _looking_now_and_then(run: JobRun) -> Callable[[], None]:
    looked_s = float("-inf")

    def look() -> None:
        nonlocal looked_s
        if time.monotonic() - looked_s > writing.REPORT_INTERVAL_S:
            looked_s = time.monotonic()
            run.check_cancelled()

    return look


def _watched(run: JobRun, blocks: Iterator[Block], summary: Staged) -> Iterator[Block]:
    looked_s = float("-inf")
    for block in blocks:
        if time.monotonic() - looked_s > writing.REPORT_INTERVAL_S:
            looked_s = time.monotonic()
            run.check_cancelled()
            run.report(0, 0, f"Read {summary.task_count} tasks")
        yield block


def _write(run: JobRun, order: ImportOrder, total: int) -> int:
    def report(written: int) -> None:
        run.check_cancelled()
        run.report(written, total, f"Wrote {written} of {total} tasks")

    blocks = from_file(run.objects.read(_staging_key(order)))
    return writing.write_all(run.database, order.import_id, blocks, report)


def _show(run: JobRun, order: ImportOrder) -> list[int]:
    writing.show(run.database, order.import_id)
    _forget_staging(run, order)
    return _forget_archives(run, order)


def _keep(run: JobRun, order: ImportOrder) -> list[int]:
    with run.database.write() as tx:
        writing.end_empty(tx, order.import_id)
    _forget_staging(run, order)
    return [source.upload_id for source in _sources(run, order) if source.upload_id is not None]


def _forget_archives(run: JobRun, order: ImportOrder) -> list[int]:
    """Delete the archives, whose content lies beside them now; the other files that came."""
    kept: list[Any] = []
    unpacked: list[Any] = []
    with run.database.write() as tx:
        for row in _files(tx, run, order):
            (unpacked if extension_of(row["file_name"]) in ARCHIVES else kept).append(row)
        uploads.remove(tx, [row["id"] for row in unpacked])
    for row in unpacked:
        _delete_bytes(run, row)
    return [row["id"] for row in kept]


def _sources(run: JobRun, order: ImportOrder) -> list[Source]:
    if order.plan.body_key is not None:
        return [Source("The body", order.plan.body_key)]
    with run.database.read() as tx:
        return [source_of(row) for row in _files(tx, run, order)]


def _files(tx: Any, run: JobRun, order: ImportOrder) -> list[Any]:
    """What was sent or fetched. An archive's own content is not among it."""
    if order.plan.urls:
        return uploads.list_made(tx, _project_id(run), order.import_id)[: len(order.plan.urls)]
    return uploads.list_by_id(tx, order.upload_ids)


def _count_formats(sources: list[Source]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for source in sources:
        if source.upload_id is not None:
            extension = extension_of(source.name)
            counted[extension] = counted.get(extension, 0) + 1
    return counted


def _forget_staging(run: JobRun, order: ImportOrder) -> None:
    run.objects.delete(_staging_key(order))
    if order.plan.body_key is not None:
        run.objects.delete(order.plan.body_key)


def _staging_key(order: ImportOrder) -> str:
    return f"imports/{order.import_id}/tasks"


def _project_id(run: JobRun) -> int:
    assert run.job.project_id is not None
    return run.job.project_id

"""Predictions for tasks that are there already, many at once: checked first, then written by batches."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
from sqlalchemy import bindparam, select, update

from treadle import jobs
from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import imports, predictions, tasks
from treadle.db.types import to_microseconds
from treadle.errors import Invalid
from treadle.jobs import JobKind, JobRun
from treadle.labeling import projects
from treadle.labeling.config import LabelConfig, parse_config
from treadle.labeling.imports import writing
from treadle.labeling.imports.beginning import begin, name_job
from treadle.labeling.imports.blocks import Block, from_file, to_file
from treadle.labeling.imports.json_stream import JsonStream, Window, not_json
from treadle.labeling.imports.quick_checks import SameConfig, prediction_decoder
from treadle.labeling.json_text import holds_nul
from treadle.labeling.predictions import checked_result
from treadle.labeling.visibility import visible_tasks
from treadle.permissions import Permission

#: Rows a transaction writes: they are long, of a kilobyte or more each.
BATCH = 200
_BATCH_BESIDE = 100

_t = tasks.c
_NAMED = (_t.project_id == bindparam("of_project"), one_of(_t.id, "task_ids"))
_KNOWN = Prepared(select(_t.id).where(*_NAMED, visible_tasks(bindparam("of_project"))))
_LOCKED = Prepared(
    select(_t.id)
    .where(*_NAMED, visible_tasks(bindparam("of_project")))
    .order_by(_t.id)
    .with_for_update(of=tasks)
)
_ADD = Prepared(
    update(tasks).where(*_NAMED).values(total_predictions=_t.total_predictions + bindparam("more"))
)
_NOTE = Prepared(
    update(imports)
    .where(imports.c.id == bindparam("of_import"))
    .values(prediction_count=imports.c.prediction_count + bindparam("more"))
)
_COLUMNS = ("task_id", "result", "model_version", "score")


class PredictionRow(msgspec.Struct):
    """One prediction of a bulk import."""

    task: Annotated[int, msgspec.Meta(ge=1, le=2**62)]
    result: msgspec.Raw
    model_version: str | None = ""
    score: float | None = None


class PredictionOrder(msgspec.Struct, frozen=True):
    """What the worker shall import: the JSON body under a key."""

    import_id: int
    body_key: str


_rows = msgspec.json.Decoder(list[PredictionRow])


def import_predictions(database: Database, grant: Grant, body: bytes) -> int:
    """Add a prediction to each named task of the grant's project, from a small JSON list; how many.

    All or none. Raises Invalid naming the row: a task of another project, a malformed result.
    """
    assert grant.project_id is not None
    blocks = list(_read(database, grant.project_id, [body]))
    count = sum(block.count for block in blocks)
    if count <= BATCH:
        with database.write() as tx:
            import_id = begin(tx, grant)
            rows = [row for block in blocks for row in _rows.decode(block.text)]
            _write_batch(tx, import_id, grant.project_id, rows)
            writing.finish(tx, import_id)
        return count
    with database.write() as tx:
        import_id = begin(tx, grant)
    try:
        _write_all(database, grant.project_id, import_id, blocks, report=_tell_nobody)
    except BaseException:
        writing.undo(database, import_id)
        raise
    with database.write() as tx:
        writing.finish(tx, import_id)
    return count


def start_predictions(tx: Tx, grant: Grant, body_key: str) -> tuple[jobs.Job, int]:
    """Order the import of the predictions in a kept JSON body; the job and the import's id."""
    import_id = begin(tx, grant)
    job = jobs.submit(tx, grant, PREDICTIONS_JOB.name, PredictionOrder(import_id, body_key))
    name_job(tx, import_id, job.id)
    return job, import_id


def _run(run: JobRun) -> dict[str, Any]:
    order = run.decode(PredictionOrder)
    count = run.step("read", _stage, run, order)
    run.step("write", _write, run, order, count)
    run.step("show", _show, run, order)
    return {"created": count, "import": order.import_id}


def _undo(run: JobRun) -> None:
    order = run.decode(PredictionOrder)
    writing.undo(run.database, order.import_id)
    _forget(run, order)


PREDICTIONS_JOB = JobKind("import-predictions", _run, Permission.PREDICTION_WRITE, _undo)


def _stage(run: JobRun, order: PredictionOrder) -> int:
    count = 0

    def counted() -> Iterator[Block]:
        nonlocal count
        for block in _read(run.database, _project_id(run), run.objects.read(order.body_key)):
            count += block.count
            yield block
            run.check_cancelled()

    run.objects.put(_staging_key(order), to_file(counted()))
    return count


def _write(run: JobRun, order: PredictionOrder, total: int) -> None:
    def report(written: int) -> None:
        run.check_cancelled()
        run.report(written, total, f"Wrote {written} of {total} predictions")

    blocks = from_file(run.objects.read(_staging_key(order)))
    _write_all(run.database, _project_id(run), order.import_id, blocks, report=report)


def _show(run: JobRun, order: PredictionOrder) -> None:
    with run.database.write() as tx:
        writing.finish(tx, order.import_id)
    _forget(run, order)


def _forget(run: JobRun, order: PredictionOrder) -> None:
    run.objects.delete(_staging_key(order))
    run.objects.delete(order.body_key)


def _read(database: Database, project_id: int, chunks: Iterable[bytes]) -> Iterator[Block]:
    """The rows of a JSON list, checked. Raises Invalid naming the row."""
    with database.read() as tx:
        config = parse_config(projects.config_of(tx, project_id))
    quick = prediction_decoder(SameConfig(config))
    stream = JsonStream(chunks, "The body")
    first = 0
    for window in stream.take_items():
        text, ids = _checked_window(config, quick, window, first)
        with database.read() as tx:
            _check_tasks(tx, project_id, ids, first)
        yield Block("plain", len(ids), text)
        first += len(ids)
    if stream.peek():
        raise stream.malformed("something follows behind its end")


def _checked_window(
    config: LabelConfig, quick: msgspec.json.Decoder[Any], window: Window, first: int
) -> tuple[bytes, list[int]]:
    """The window as rows that are stored as they are, and the tasks they name."""
    text = window.text
    if holds_nul(text):
        raise not_json("The body", "it holds the character NUL (\\u0000), which is kept nowhere")
    if b"\n" in text or b"\r" in text:
        text = msgspec.json.format(text, indent=-1)
    try:
        return text, [row.task for row in quick.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rows = [_checked(config, number, item) for number, item in enumerate(window.items, first)]
    return msgspec.json.encode(rows), [row.task for row in rows]


def _checked(config: LabelConfig, number: int, item: msgspec.Raw) -> PredictionRow:
    try:
        bytes(item).decode()
        row = msgspec.json.decode(item, type=PredictionRow)
        row.result = msgspec.Raw(checked_result(config, bytes(row.result)).encode())
    except Invalid as error:
        texts = error.fields.get("result", [error.message])
        raise _wrong(number, texts[0]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(number, f"{error}.") from error
    return row


def _check_tasks(tx: Tx, project_id: int, ids: Sequence[int], first: int) -> None:
    known = _known(tx, _KNOWN, project_id, ids)
    for number, task_id in enumerate(ids, first):
        if task_id not in known:
            raise _wrong(number, f"task: project {project_id} has no task {task_id}.")


def _known(tx: Tx, statement: Prepared, project_id: int, ids: Iterable[int]) -> set[int]:
    named = {"of_project": project_id, "task_ids": id_list(sorted(set(ids)))}
    return {row["id"] for row in tx.execute(statement, named).all()}


def _write_all(
    database: Database,
    project_id: int,
    import_id: int,
    blocks: Iterable[Block],
    *,
    report: Callable[[int], None],
) -> None:
    with database.read() as tx:
        written = writing.progress_of(tx, import_id).prediction_count
    skip, turns, told_s = written, writing.Turns(), time.monotonic()
    for block in blocks:
        rows = _rows.decode(block.text)[skip:]
        skip = max(0, skip - block.count)
        while rows:
            size = _BATCH_BESIDE if turns.is_shared else BATCH
            part, rows = rows[:size], rows[size:]
            with database.write() as tx:
                turns.look(tx)
                _write_batch(tx, import_id, project_id, part)
            written += len(part)
            turns.step_back()
            if time.monotonic() - told_s > writing.REPORT_INTERVAL_S:
                report(written)
                told_s = time.monotonic()
    report(written)


def _write_batch(tx: Tx, import_id: int, project_id: int, rows: Sequence[PredictionRow]) -> None:
    times = Counter(row.task for row in rows)
    known = _known(tx, _LOCKED, project_id, times)
    gone = next((row.task for row in rows if row.task not in known), None)
    if gone is not None:
        text = f"Task {gone} was deleted while predictions for it came in. Send the others again."
        raise Invalid("task-gone", text, fields={"non_field_errors": [text]})
    at = to_microseconds(tx.now)
    same = {"project_id": project_id, "import_id": import_id, "created_at": at, "updated_at": at}
    values = [(row.task, bytes(row.result).decode(), row.model_version or "", row.score) for row in rows]
    tx.insert_rows(predictions, _COLUMNS, values, same=same)
    for more in set(times.values()):
        of_tasks = [task_id for task_id, count in times.items() if count == more]
        tx.execute(_ADD, {"of_project": project_id, "task_ids": id_list(of_tasks), "more": more})
    tx.execute(_NOTE, {"of_import": import_id, "more": len(rows)})


def _tell_nobody(_written: int) -> None:
    return None


def _wrong(number: int, what: str) -> Invalid:
    sentence = f"Error at item {number}: {what}"
    return Invalid("row-malformed", sentence, fields={"non_field_errors": [sentence]})


def _staging_key(order: PredictionOrder) -> str:
    return f"imports/{order.import_id}/predictions"


def _project_id(run: JobRun) -> int:
    assert run.job.project_id is not None
    return run.job.project_id

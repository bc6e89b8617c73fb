"""Checked tasks on their way from reading to writing: by the block, in the client's own bytes.

A block is a JSON list, and its form says of what. The staging file is one block after another, each with
a line in front that says how long it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from treadle.labeling.imports.rows import StagedAnnotation, StagedPrediction, StagedTask, person_of

#: data: objects of data alone. plain: rows ``{"data": …}`` with nothing beside it. rows: the same with
#: annotations, predictions or meta. staged: tasks that were looked at one by one.
Form = Literal["data", "plain", "rows", "staged"]


@dataclass(frozen=True)
class Block:
    """Some neighbouring tasks, all of them checked."""

    form: Form
    count: int
    text: bytes
    file_upload_id: int | None = None


@dataclass(frozen=True)
class Batch:
    """Tasks to write in one transaction: texts of data, or whole tasks where there is more to them."""

    texts: list[str]
    tasks: list[StagedTask] | None
    file_upload_id: int | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def behind(self, count: int) -> Batch:
        """Without its first ``count`` tasks."""
        tasks = None if self.tasks is None else self.tasks[count:]
        return Batch(self.texts[count:], tasks, self.file_upload_id)

    def parts(self, size: int) -> Iterator[Batch]:
        """The same tasks, at most ``size`` at a time."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            tasks = None if self.tasks is None else self.tasks[part]
            yield Batch(self.texts[part], tasks, self.file_upload_id)


class _Header(msgspec.Struct, array_like=True):
    form: Form
    count: int
    file_upload_id: int | None
    size: int


class _Plain(msgspec.Struct, gc=False):
    data: Raw


class _Annotation(msgspec.Struct):
    result: Raw
    completed_by: object = None
    was_cancelled: bool | None = None
    ground_truth: bool | None = None
    lead_time: float | None = None


class _Prediction(msgspec.Struct):
    result: Raw
    model_version: object = None
    score: float | None = None


class _Row(msgspec.Struct):
    data: Raw
    meta: Raw | UnsetType = UNSET
    annotations: list[_Annotation] | None = None
    predictions: list[_Prediction] | None = None


_header = msgspec.json.Decoder(_Header)
_data = msgspec.json.Decoder(list[Raw])
_plain = msgspec.json.Decoder(list[_Plain])
_rows = msgspec.json.Decoder(list[_Row])
_staged = msgspec.json.Decoder(list[StagedTask])
_NO_META = Raw(b"{}")


def staged_block(tasks: list[StagedTask]) -> Block:
    """A block of tasks that were looked at one by one."""
    return Block("staged", len(tasks), msgspec.json.encode(tasks))


def to_file(blocks: Iterable[Block]) -> Iterator[bytes]:
    """The bytes of the staging file."""
    for block in blocks:
        header = _Header(block.form, block.count, block.file_upload_id, len(block.text))
        yield msgspec.json.encode(header) + b"\n"
        yield block.text


def from_file(chunks: Iterator[bytes]) -> Iterator[Block]:
    """The blocks of a staging file."""
    buffer = b""
    while True:
        while b"\n" not in buffer[:200]:
            piece = next(chunks, b"")
            if not piece:
                return
            buffer += piece
        line, _, buffer = buffer.partition(b"\n")
        header = _header.decode(line)
        pieces, size = [buffer], len(buffer)
        while size < header.size:
            pieces.append(next(chunks))
            size += len(pieces[-1])
        buffer = b"".join(pieces)
        text, buffer = buffer[: header.size], buffer[header.size :]
        yield Block(header.form, header.count, text, header.file_upload_id)


def to_batches(blocks: Iterable[Block], skip: int, size: int) -> Iterator[Batch]:
    """The tasks behind the first ``skip``, by batches of at most ``size``."""
    for block in blocks:
        if skip >= block.count:
            skip -= block.count
            continue
        whole = _read(block)
        yield from whole.behind(skip).parts(size)
        skip = 0


def _read(block: Block) -> Batch:
    if block.form == "data":
        return Batch([_text(item) for item in _data.decode(block.text)], None, block.file_upload_id)
    if block.form == "plain":
        texts = [_text(row.data) for row in _plain.decode(block.text)]
        return Batch(texts, None, block.file_upload_id)
    if block.form == "staged":
        tasks = _staged.decode(block.text)
    else:
        tasks = [_task(row, block.file_upload_id) for row in _rows.decode(block.text)]
    return Batch([_text(task.data) for task in tasks], tasks, block.file_upload_id)


def _task(row: _Row, file_upload_id: int | None) -> StagedTask:
    return StagedTask(
        data=row.data,
        meta=row.meta if isinstance(row.meta, Raw) and bytes(row.meta) != b"null" else _NO_META,
        annotations=[
            StagedAnnotation(
                result=item.result,
                result_count=len(_data.decode(item.result)),
                completed_by=person_of(item.completed_by),
                was_cancelled=bool(item.was_cancelled),
                ground_truth=item.ground_truth is not False,
                lead_time=item.lead_time,
            )
            for item in row.annotations or ()
        ],
        predictions=[
            StagedPrediction(item.result, str(item.model_version or ""), item.score)
            for item in row.predictions or ()
        ],
        file_upload_id=file_upload_id,
    )


def _text(raw: Raw) -> str:
    return bytes(raw).decode()

"""Everything that an import reads, checked against the config before the first row is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw

from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig
from treadle.labeling.imports.blocks import Block, Form, staged_block
from treadle.labeling.imports.json_stream import Window, not_json
from treadle.labeling.imports.quick_checks import MOST_TYPED_COLUMNS, SameConfig, row_decoders
from treadle.labeling.imports.reading import malformed
from treadle.labeling.imports.rows import StagedTask, stage
from treadle.labeling.json_text import holds_nul

#: How errors name the item of a window that is so far from its first one.
Place = Callable[[int], str]

#: Rows that are looked at for columns before a whole window is.
_FIRST = 16
#: Columns are told up to here: rows whose keys are all different have as many as there are rows.
_MOST_COLUMNS = 1_000
_LONGEST_COLUMN_CHARACTERS = 200
_keys = msgspec.json.Decoder(dict[str, Raw])
_rows_of_keys = msgspec.json.Decoder(list[dict[str, Raw]])


@dataclass
class Staged:
    """What was read, as the answer to an import tells it."""

    task_count: int = 0
    annotation_count: int = 0
    prediction_count: int = 0
    found_formats: dict[str, int] = field(default_factory=dict)
    data_columns: list[str] = field(default_factory=list)
    could_be_tasks_list: bool = False
    left_out: list[dict[str, Any]] = field(default_factory=list)
    left_out_count: int = 0


class Checker:
    """Checks windows and rows against a config, and counts them in ``summary``."""

    def __init__(self, config: LabelConfig, summary: Staged, suggested_by: Sequence[str] = ()) -> None:
        self.config = config
        self.summary = summary
        self.suggested_by = suggested_by
        self._key = SameConfig(config)
        self._columns: dict[str, None] = {}
        self._typed: frozenset[str] = frozenset()
        self._quick: list[tuple[Form, msgspec.json.Decoder[Any]]] = []

    def check_window(self, window: Window, name: str, place: Place, upload_id: int | None) -> Block:
        """The window's items as a block of tasks. Raises Invalid("row-malformed", "file-malformed")."""
        text = window.text
        if holds_nul(text):
            raise not_json(name, "it holds the character NUL (\\u0000), which is kept nowhere")
        if b"\n" in text or b"\r" in text:
            text = msgspec.json.format(text, indent=-1)
        if not self._quick:  # most rows are like the first ones
            self._learn(b"[" + b",".join(window.items[:_FIRST]) + b"]")
        form = None if self.suggested_by else self._quickly(text, len(window.items))
        if form is None:
            return self._carefully(_decoded(text, name), place, upload_id)
        return Block(form, len(window.items), text, upload_id)

    def check_rows(self, rows: Sequence[Any], place: Place, upload_id: int | None) -> Block:
        """Rows that another format said. Raises Invalid("row-malformed")."""
        text = msgspec.json.encode(rows)
        if holds_nul(text):
            raise not_json(place(0), "a row holds the character NUL, which is kept nowhere")
        form = None if self.suggested_by else self._quickly(text, len(rows))
        if form is not None:
            return Block(form, len(rows), text, upload_id)
        return self._carefully(rows, place, upload_id)

    def _carefully(self, rows: Sequence[Any], place: Place, upload_id: int | None) -> Block:
        return self._staged(
            [
                stage(self.config, row, place(number), upload_id, suggested_by=self.suggested_by)
                for number, row in enumerate(rows)
            ]
        )

    def take_tasks(self, tasks: list[StagedTask], name: str) -> Block:
        """Tasks that a reader of the file ``name`` made and checked, counted.

        Raises Invalid("file-malformed") for the character NUL.
        """
        block = self._staged(tasks)
        if holds_nul(block.text):
            raise malformed(name, "holds the character NUL, which is kept nowhere. Save it without.")
        return block

    def _staged(self, tasks: list[StagedTask]) -> Block:
        for task in tasks:
            self._note(_keys.decode(task.data))
            self.summary.annotation_count += len(task.annotations)
            self.summary.prediction_count += len(task.predictions)
        self._count(len(tasks))
        return staged_block(tasks)

    def _quickly(self, text: bytes, count: int) -> Form | None:
        form = self._try(text)
        if form is None and self._learn(text):
            form = self._try(text)
        if form is not None:
            self._count(count)
        return form

    def _try(self, text: bytes) -> Form | None:
        for place, (form, decoder) in enumerate(self._quick):
            try:
                rows = decoder.decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if form == "rows":
                self.summary.annotation_count += sum(len(row.annotations or ()) for row in rows)
                self.summary.prediction_count += sum(len(row.predictions or ()) for row in rows)
            self._quick.insert(0, self._quick.pop(place))  # the next window is likely alike
            return form
        return None

    def _learn(self, text: bytes) -> bool:
        """Look for columns that were not seen before; whether types were made anew."""
        found = _columns_of(text)
        if found is None or (self._quick and found.keys() <= self._typed):
            return False
        self._note(found)
        self._typed = frozenset(self._columns)
        columns = tuple(self._columns)
        self._quick = list(row_decoders(self._key, columns)) if len(columns) <= MOST_TYPED_COLUMNS else []
        return bool(self._quick)

    def _note(self, found: Iterable[str]) -> None:
        for column in found:
            if len(self._columns) < _MOST_COLUMNS:
                self._columns[column[:_LONGEST_COLUMN_CHARACTERS]] = None

    def _count(self, tasks: int) -> None:
        self.summary.task_count += tasks
        self.summary.data_columns = list(self._columns)


def _columns_of(text: bytes) -> dict[str, None] | None:
    """The keys of the data of rows; None where they are no objects, or not all of one kind."""
    columns: dict[str, None] = {}
    try:
        rows = _rows_of_keys.decode(text)
        nested = [row["data"] for row in rows if "data" in row]
        if nested and len(nested) < len(rows):
            return None
        found = [_keys.decode(data) for data in nested] or rows
    except (msgspec.DecodeError, RecursionError):
        return None
    for keys in found:
        columns.update(dict.fromkeys(keys))
    return columns


def _decoded(text: bytes, name: str) -> list[Any]:
    try:
        rows: list[Any] = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(name, str(error)) from error
    return rows


def no_task(name: str) -> Invalid:
    """The error for a source that holds nothing to label."""
    text = f"There is no task in {name}. Send a list of tasks, a table with rows, or files."
    return Invalid("import-empty", text, fields={"non_field_errors": [text]})

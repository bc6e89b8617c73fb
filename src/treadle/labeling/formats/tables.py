"""CSV and TSV: the rows of JSON_MIN, one line for each annotation, columns in alphabetical order.

Text is quoted, numbers are not, lists and objects are written as JSON.  The data stays as it is: a value
that begins with ``=`` is not changed, so a spreadsheet that calculates what it opens should import the file
as text.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable
from functools import partial
from typing import Any, BinaryIO

import msgspec

from treadle.labeling.config import LabelConfig
from treadle.labeling.formats.json_min import flat_rows
from treadle.labeling.formats.records import (
    ExportCounts,
    ExportFormat,
    ExportTask,
    Outlet,
    fits_all,
)

#: Rows wait on disk beyond this size, until all columns are known.
_IN_MEMORY_BYTES = 4 * 1024 * 1024


def _write(
    tasks: Iterable[ExportTask], config: LabelConfig, outlet: Outlet, *, separator: str
) -> ExportCounts:
    counts = ExportCounts()
    columns: set[str] = set()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as rows:
        for row in flat_rows(tasks, config, counts, outlet.losses):
            columns.update(row)
            rows.write(msgspec.json.encode(row) + b"\n")
        rows.seek(0)
        _write_table(rows, sorted(columns), outlet.out, separator)
    return counts


def _write_table(rows: Iterable[bytes], columns: list[str], out: BinaryIO, separator: str) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    table = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    table.writerow(columns)
    for line in rows:
        row = msgspec.json.decode(line)
        table.writerow([_cell(name, row.get(name)) for name in columns])
    text.detach()


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return msgspec.json.encode(value).decode()
    # Ids of people are names here, not numbers, as Label Studio has it.
    return str(value) if name == "annotator" else value


CSV = ExportFormat(
    name="CSV",
    title="CSV",
    description="One line for each annotation, values separated by commas, one column for each field of the "
    "data and each control.",
    tags=(),
    extension="csv",
    content_type="text/csv; charset=utf-8",
    fits=fits_all,
    write=partial(_write, separator=","),
)

TSV = ExportFormat(
    name="TSV",
    title="TSV",
    description="Like CSV, with tabs between the values.",
    tags=(),
    extension="tsv",
    content_type="text/tab-separated-values; charset=utf-8",
    fits=fits_all,
    write=partial(_write, separator="\t"),
)

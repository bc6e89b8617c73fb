"""Parquet files, where the extra that reads them is installed."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from treadle.errors import Unsupported
from treadle.labeling.imports.reading import malformed
from treadle.labeling.imports.tables import Rows

_PIECE = 1_000
_MOST_COLUMNS = 1_000
#: Unpacked, of the rows that a file keeps together.
_MOST_GROUP_BYTES = 1024**3


def read_parquet(file: BinaryIO, name: str) -> Iterator[Rows]:
    """The rows of a Parquet file by the names of its columns, numbered from 1.

    Raises Unsupported("extra-missing"), Invalid("file-malformed").
    """
    parquet = _library(name)
    arrow_error = importlib.import_module("pyarrow").ArrowException
    first = 1
    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
        _check(table, name)
        for batch in table.iter_batches(batch_size=_PIECE, use_threads=False):
            rows = [
                {key: _plain(value, key, name) for key, value in row.items()} for row in batch.to_pylist()
            ]
            yield Rows(rows, list(range(first, first + len(rows))))
            first += len(rows)
    except (arrow_error, OSError, ValueError) as error:
        raise malformed(name, f"cannot be read as Parquet: {error}") from error


def _library(name: str) -> Any:
    # Loaded when it is wanted: it takes as much memory as all of the rest.
    if importlib.util.find_spec("pyarrow") is None:
        text = (
            f"{name}: reading Parquet needs the extra: pip install 'treadle[parquet]'. Or send JSON or CSV."
        )
        raise Unsupported("extra-missing", text, fields={name: [text]})
    return importlib.import_module("pyarrow.parquet")


def _check(table: Any, name: str) -> None:
    found = table.metadata
    if found.num_columns > _MOST_COLUMNS:
        raise malformed(name, f"has {found.num_columns} columns; at most {_MOST_COLUMNS}.")
    for number in range(found.num_row_groups):
        if found.row_group(number).total_byte_size > _MOST_GROUP_BYTES:
            raise malformed(name, "keeps too many rows together; write it with smaller row groups.")


def _plain(value: Any, key: str, name: str) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        raise malformed(
            name, f"the column {key!r} holds bytes, which are no text. Leave it out, or send files."
        )
    if isinstance(value, dict):
        return {str(inner): _plain(each, key, name) for inner, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, key, name) for each in value]
    return value

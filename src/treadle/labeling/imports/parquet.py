"""Parquet files, where the extra that reads them is installed."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from treadle.errors import Unsupported
from treadle.labeling.imports.json_stream import MOST_ITEM_BYTES
from treadle.labeling.imports.reading import malformed
from treadle.labeling.imports.tables import Rows

_PIECE = 1_000
_MOST_COLUMNS = 1_000
_DELTAS = frozenset({"DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"})
#: Unpacked, of the rows that a file keeps together.
_MOST_GROUP_BYTES = 1024**3
#: Of one column of them: values that are all the same take no place in the file.
_MOST_GROUP_VALUES = 2**27
#: Of rows that are objects at once, and so of one row.
_MOST_OBJECT_BYTES = MOST_ITEM_BYTES
_VALUE_BYTES = 64  # what any value takes as an object, or thereabouts


def read_parquet(file: BinaryIO, name: str) -> Iterator[Rows]:
    """The rows of a Parquet file by the names of its columns, numbered from 1.

    Raises Unsupported("extra-missing"), Invalid("file-malformed").
    """
    parquet = _library(name)
    arrow = importlib.import_module("pyarrow")
    importlib.import_module("pyarrow.compute")
    first = 1
    rows: list[dict[str, Any]] = []
    size_bytes = 0
    try:
        for batch, more_bytes in _bounded_batches(arrow, parquet, file, name):
            if rows and (size_bytes + more_bytes > _MOST_OBJECT_BYTES or len(rows) >= _PIECE):
                yield Rows(rows, list(range(first, first + len(rows))))
                first += len(rows)
                rows, size_bytes = [], 0
            found = batch.to_pylist()
            rows += [{key: _plain(value, key, name) for key, value in row.items()} for row in found]
            size_bytes += more_bytes
        if rows:
            yield Rows(rows, list(range(first, first + len(rows))))
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise malformed(name, f"cannot be read as Parquet: {error}") from error


def _library(name: str) -> Any:
    # Loaded when it is wanted: it takes as much memory as all of the rest.
    if importlib.util.find_spec("pyarrow") is None:
        text = (
            f"{name}: reading Parquet needs the extra: pip install 'treadle[parquet]'. Or send JSON or CSV."
        )
        raise Unsupported("extra-missing", text, fields={name: [text]})
    return importlib.import_module("pyarrow.parquet")


def _bounded_batches(arrow: Any, parquet: Any, file: BinaryIO, name: str) -> Iterator[tuple[Any, int]]:
    """The rows by pieces that fit into memory as objects, and about how much each takes."""
    found = parquet.ParquetFile(file, pre_buffer=False).metadata
    _check(found, name)
    columns = [found.schema.column(place) for place in range(found.num_columns)]
    texts = {column.path: column for column in columns if column.physical_type == "BYTE_ARRAY"}
    deltas = _deltas(found) & texts.keys()
    if deep := [path for path in deltas if texts[path].max_repetition_level]:
        raise malformed(
            name, f"the lists in {deep[0]!r} have a delta encoding; write them plain or by dictionary."
        )
    # A text that comes again and again is held once, until it is known how large all of them are; the
    # library cannot do so where each tells its difference from the last, which are taken one by one.
    table = parquet.ParquetFile(file, pre_buffer=False, read_dictionary=[*(texts.keys() - deltas)])
    size, first = 1 if deltas else _PIECE, 1
    for number in range(found.num_row_groups):
        # Each group by itself, as each has its own texts: a batch of two cannot hold lists of them.
        for batch in table.iter_batches(batch_size=size, row_groups=[number], use_threads=False):
            yield from _bounded(arrow, batch, name, first)
            first += batch.num_rows


def _deltas(found: Any) -> set[str]:
    groups = [found.row_group(number) for number in range(found.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(found.num_columns)]
    return {chunk.path_in_schema for chunk in chunks if not _DELTAS.isdisjoint(chunk.encodings)}


def _bounded(arrow: Any, batch: Any, name: str, first: int) -> Iterator[tuple[Any, int]]:
    size_bytes = sum(_object_bytes(arrow, column) for column in batch.columns)
    half = batch.num_rows // 2
    if size_bytes <= _MOST_OBJECT_BYTES:
        yield batch, size_bytes
    elif half:
        yield from _bounded(arrow, batch.slice(0, half), name, first)
        yield from _bounded(arrow, batch.slice(half), name, first + half)
    else:
        most_mib = _MOST_OBJECT_BYTES // 1024**2
        raise malformed(name, f"row {first} unpacks to {size_bytes} bytes; at most {most_mib} MiB.")


def _object_bytes(arrow: Any, values: Any) -> int:
    """About how much memory the values take as objects."""
    kinds, compute, own_bytes = arrow.types, arrow.compute, _VALUE_BYTES * len(values)
    if kinds.is_dictionary(values.type):
        lengths = compute.binary_length(values.dictionary).take(values.indices)
        return own_bytes + (compute.sum(lengths).as_py() or 0)
    if kinds.is_nested(values.type):
        return own_bytes + sum(_object_bytes(arrow, part) for part in _parts(arrow, values))
    return own_bytes + int(values.nbytes)


def _parts(arrow: Any, values: Any) -> list[Any]:
    """What lists, objects and maps hold."""
    if not arrow.types.is_map(values.type):
        inner = values.flatten()
        return inner if isinstance(inner, list) else [inner]
    start, end = values.offsets[0].as_py(), values.offsets[-1].as_py()
    return [each.slice(start, end - start) for each in (values.keys, values.items)]


def _check(found: Any, name: str) -> None:
    if found.num_columns > _MOST_COLUMNS:
        raise malformed(name, f"has {found.num_columns} columns; at most {_MOST_COLUMNS}.")
    for number in range(found.num_row_groups):
        group = found.row_group(number)
        values = max((group.column(place).num_values for place in range(found.num_columns)), default=0)
        if group.total_byte_size > _MOST_GROUP_BYTES or values > _MOST_GROUP_VALUES:
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

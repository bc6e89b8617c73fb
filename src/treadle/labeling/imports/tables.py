"""Tables and lines of text, read twice or once, a piece at a time."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from treadle.labeling.imports.reading import malformed

_MOST_COLUMNS = 1_000
_LONGEST_LINE_CHARACTERS = 16 * 1024**2
_WHOLE = re.compile(r"[+-]?(?!0\d)\d{1,15}")
_DECIMAL = re.compile(r"[+-]?(?!0\d)(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
#: What is longer is text, whatever its digits.
_LONGEST_NUMBER_CHARACTERS = 400
#: Rows of a piece.
_PIECE = 1_000


@dataclass(frozen=True)
class Rows:
    """Some neighbouring rows, and the line on which each begins."""

    rows: list[dict[str, Any]]
    lines: list[int]


def read_table(file: BinaryIO, name: str, delimiter: str) -> Iterator[Rows]:
    """The rows of a table by the names of its columns; numbers where a whole column is numbers.

    Raises Invalid("file-malformed") naming the line.
    """
    kinds = _find_kinds(file, name, delimiter)
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    table = _read(file, name, delimiter)
    _line, header = next(table)
    for line, row in table:
        rows.append({column: kind(value) for column, kind, value in zip(header, kinds, row, strict=True)})
        lines.append(line)
        if len(rows) == _PIECE:
            yield Rows(rows, lines)
            rows, lines = [], []
    if rows:
        yield Rows(rows, lines)


def read_texts(file: BinaryIO, name: str, key: str) -> Iterator[Rows]:
    """A row for each line that is not blank. Raises Invalid("file-malformed") naming the line."""
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(read_lines(file, name), start=1):
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        rows.append({key: text})
        lines.append(number)
        if len(rows) == _PIECE:
            yield Rows(rows, lines)
            rows, lines = [], []
    if rows:
        yield Rows(rows, lines)


def read_lines(file: BinaryIO, name: str) -> Iterator[str]:
    """The lines of a text with their ends: not those characters that stand inside a text, such as U+2028.

    Raises Invalid("file-malformed") for what is no UTF-8, holds NUL, or is a line without end.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    number = 0
    try:
        while line := text.readline(_LONGEST_LINE_CHARACTERS):
            number += 1
            if "\0" in line:
                raise malformed(name, f"line {number} holds the character NUL. Save the file without it.")
            if len(line) == _LONGEST_LINE_CHARACTERS and not line.endswith("\n"):
                raise malformed(name, f"line {number} has more than {_LONGEST_LINE_CHARACTERS} characters.")
            yield line
    except UnicodeDecodeError as error:
        what = f"line {number + 1} or later is not UTF-8. Save the file as UTF-8 and send it again."
        raise malformed(name, what) from error
    finally:
        # Else the wrapper would close the file, which is read again; it may be closed already.
        with suppress(ValueError):
            text.detach()


def _find_kinds(file: BinaryIO, name: str, delimiter: str) -> list[Any]:
    """What turns a value of each column into what it is: a number only where all of them are."""
    table = _read(file, name, delimiter)
    _line, header = next(table, (0, None))
    if header is None:
        raise malformed(name, "is empty; the first line must name the columns.")
    whole, decimal = [True] * len(header), [True] * len(header)
    open_columns = list(range(len(header)))
    for _line, row in table:
        for place in open_columns:
            whole[place] = whole[place] and _WHOLE.fullmatch(row[place]) is not None
            decimal[place] = whole[place] or (decimal[place] and _is_decimal(row[place]))
        open_columns = [place for place in open_columns if decimal[place]]
    return [int if whole[place] else float if decimal[place] else str for place in range(len(header))]


def _is_decimal(value: str) -> bool:
    return len(value) <= _LONGEST_NUMBER_CHARACTERS and _DECIMAL.fullmatch(value) is not None


def _read(file: BinaryIO, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The header and the rows behind it, all of one length, each with the line on which it begins."""
    csv.field_size_limit(_LONGEST_LINE_CHARACTERS)  # of the process, which has no other wish
    reader = csv.reader(read_lines(file, name), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    for line, row in _numbered(reader, name):
        if header is None:
            header = [column.strip() for column in row]
            _check_header(name, header)
            yield line, header
        elif len(row) != len(header):
            raise malformed(name, f"line {line} has {len(row)} fields; the header has {len(header)}.")
        else:
            yield line, row


def _numbered(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise malformed(name, f"line {line}: {error}") from error
        if row is None:
            return
        if row:
            yield line, row


def _check_header(name: str, header: Sequence[str]) -> None:
    if len(header) > _MOST_COLUMNS:
        raise malformed(name, f"has {len(header)} columns; at most {_MOST_COLUMNS}.")
    if "" in header or len(set(header)) < len(header):
        raise malformed(name, "line 1: every column needs a name of its own.")


def in_pieces(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Neighbouring ones together."""
    piece: list[Any] = []
    for row in rows:
        piece.append(row)
        if len(piece) == _PIECE:
            yield piece
            piece = []
    if piece:
        yield piece

"""Files as rows: what lies in a JSON, CSV, TSV or text file, or is the file itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, data_keys
from treadle.labeling.json_text import holds_nul

_MOST_COLUMNS = 1_000
_LONGEST_FIELD_CHARACTERS = 64 * 1024**2
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

#: Extensions of files whose content is rows; every other file is a task by itself.
TABULAR = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt")
LINES = (".jsonl", ".ndjson")
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".avif", ".tif", ".tiff")
_KINDS = {
    "Image": PICTURES,
    "Audio": (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac"),
    "Video": (".mp4", ".webm", ".mov", ".ogv"),
    "HyperText": (".html", ".htm", ".xml"),
    "Pdf": (".pdf",),
}
_DEFAULT_KEYS = {"Image": "image", "Audio": "audio", "Video": "video", "HyperText": "html", "Pdf": "pdf"}


def extension_of(name: str) -> str:
    """``.jpg`` of ``A.JPG``."""
    return PurePosixPath(name).suffix.lower()


def read_rows(name: str, content: bytes, config: LabelConfig) -> Iterator[Any]:
    """The rows of a tabular file, each a JSON value.

    Raises Invalid("file-malformed") naming the file and the place in it.
    """
    extension = extension_of(name)
    if extension == ".json":
        return iter(read_json(content, name))
    text = _decode(name, content)
    if extension == ".txt":
        key = _key_for(config, "Text", "text")
        # Not splitlines, which also breaks at characters that stand inside a text, such as U+2028.
        lines = (line.rstrip("\r\n") for line in io.StringIO(text, newline=None))
        return ({key: line} for line in lines if line.strip())
    return iter(_read_table(name, text, "\t" if extension == ".tsv" else ","))


def read_json(content: bytes, name: str) -> list[Any]:
    """A list of rows, or one row alone. Raises Invalid("file-malformed")."""
    if holds_nul(content):
        raise _malformed(name, "holds the character NUL (\\u0000), which is kept nowhere. Leave it out.")
    try:
        value = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(name, f"is no JSON: {error}") from error
    return value if isinstance(value, list) else [value]


def file_row(url: str, name: str, config: LabelConfig) -> dict[str, Any]:
    """The row of a file that is a task by itself."""
    extension = extension_of(name)
    kind = next((kind for kind, known in _KINDS.items() if extension in known), None)
    if kind is None:
        key = _first_key(config) or "file"
    else:
        key = _key_for(config, kind, _DEFAULT_KEYS[kind])
    return {key: url}


def _key_for(config: LabelConfig, kind: str, default: str) -> str:
    of_kind = [key.root for key in data_keys(config) if key.tag == kind and key.required]
    return of_kind[0] if of_kind else _first_key(config) or default


def _first_key(config: LabelConfig) -> str | None:
    return next((key.root for key in data_keys(config) if key.required), None)


def _read_table(name: str, text: str, delimiter: str) -> list[dict[str, Any]]:
    csv.field_size_limit(_LONGEST_FIELD_CHARACTERS)  # of the process, which has no other wish
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [line for line in reader if line]
    except csv.Error as error:
        raise _malformed(name, f"line {reader.line_num}: {error}") from error
    if not lines:
        raise _malformed(name, "is empty; the first line must name the columns.")
    header, rows = [column.strip() for column in lines[0]], lines[1:]
    _check_header(name, header)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise _malformed(name, f"line {number} has {len(row)} fields; the header has {len(header)}.")
    columns = [_typed([row[place] for row in rows]) for place in range(len(header))]
    return [dict(zip(header, values, strict=True)) for values in zip(*columns, strict=True)]


def _check_header(name: str, header: Sequence[str]) -> None:
    if len(header) > _MOST_COLUMNS:
        raise _malformed(name, f"has {len(header)} columns; at most {_MOST_COLUMNS}.")
    if "" in header or len(set(header)) < len(header):
        raise _malformed(name, "line 1: every column needs a name of its own.")


def _typed(values: Sequence[str]) -> list[Any]:
    """Numbers, where every value of the column is one; a leading zero is text."""
    if all(_WHOLE.fullmatch(value) and not re.match(r"[+-]?0\d", value) for value in values):
        return [int(value) for value in values]
    if all(_DECIMAL.fullmatch(value) for value in values) and not any(
        re.match(r"[+-]?0\d", value) for value in values
    ):
        return [float(value) for value in values]
    return list(values)


def _decode(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"byte {error.start} is not UTF-8. Save the file as UTF-8 and send it again."
        raise _malformed(name, place) from error
    if "\0" in text:
        raise _malformed(name, f"character {text.index(chr(0))} is NUL. Save the file as UTF-8, without it.")
    return text


def _malformed(name: str, what: str) -> Invalid:
    sentence = f"{name}: {what}"
    return Invalid("file-malformed", sentence, fields={name: [sentence]})

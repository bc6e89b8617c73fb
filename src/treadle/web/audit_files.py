"""The audit log as a file: CSV for spreadsheets, JSON lines for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator

import msgspec

from treadle.access.audit import AuditEntry

_COLUMNS = (
    "id",
    "at",
    "actor_id",
    "actor",
    "action",
    "outcome",
    "subject",
    "workspace_id",
    "workspace",
    "detail",
)
# A spreadsheet takes a cell that begins so for a formula, and names come from anybody.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(batches: Iterable[list[AuditEntry]]) -> Iterator[bytes]:
    """A line of column names, then one for each entry."""
    yield _rows([_COLUMNS])
    for entries in batches:
        yield _rows([tuple(map(_cell, _values(entry))) for entry in entries])


def write_jsonl(batches: Iterable[list[AuditEntry]]) -> Iterator[bytes]:
    """An object a line."""
    for entries in batches:
        yield b"".join(msgspec.json.encode(_object(entry)) + b"\n" for entry in entries)


#: How it is written, and as what kind of file, by the name of the format.
FORMATS: dict[str, tuple[Callable[[Iterable[list[AuditEntry]]], Iterator[bytes]], str]] = {
    "csv": (write_csv, "text/csv; charset=utf-8"),
    "jsonl": (write_jsonl, "application/x-ndjson"),
}


def _values(entry: AuditEntry) -> tuple[object, ...]:
    return (
        entry.id,
        entry.at.isoformat(),
        entry.actor_id,
        entry.actor,
        entry.action,
        entry.outcome.value,
        entry.subject,
        entry.workspace_id,
        entry.workspace,
        entry.detail,
    )


def _object(entry: AuditEntry) -> dict[str, object]:
    return {**dict(zip(_COLUMNS, _values(entry), strict=True)), "detail": msgspec.Raw(entry.detail.encode())}


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _rows(rows: Iterable[tuple[object, ...]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()

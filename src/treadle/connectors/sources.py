"""What the files of a source become: tasks out of JSON, or one task for each other file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec

from treadle.connectors.places import Item, Place, flag_of
from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, data_keys
from treadle.labeling.config.task_data import look_up
from treadle.labeling.exports.repo_pictures import SOURCE_FILES
from treadle.labeling.imports.json_stream import JsonStream, read_json_lines
from treadle.labeling.imports.reading import LINES, can_show, extension_of, file_row

_TASK_FILES = (".json", *LINES)


@dataclass
class TaskRow:
    """One task to be, as an import knows its row.

    place: of several tasks in one file.  ends: of the last one of a file how many there are; with it the file
    is taken whole.
    """

    item: Item
    place: int
    row: Any
    ends: int = 0
    #: Other files of the place that its data shows.
    shows: set[str] = field(default_factory=set)


def address_of(storage_id: int, key: str) -> str:
    """What stands for a file of a source in a task's data."""
    return f"{SOURCE_FILES}{storage_id}/{quote(key)}"


def holds_tasks(key: str, options: Mapping[str, Any]) -> bool:
    """Whether a file's content is tasks; otherwise it is what a task shows."""
    return extension_of(key) in _TASK_FILES and not flag_of(options, "use_blob_urls")


def becomes_tasks(key: str, options: Mapping[str, Any], config: LabelConfig) -> bool:
    """Whether a sync makes tasks of a file: of others nothing in the label config shows anything."""
    return holds_tasks(key, options) or can_show(config, key)


def media_row(storage_id: int, item: Item, config: LabelConfig) -> TaskRow:
    """The task that a file is by itself."""
    return TaskRow(item, 0, file_row(address_of(storage_id, item.key), item.key, config), ends=1)


def why_no_task(task: TaskRow, config: LabelConfig) -> str:
    """What an item of a JSON file lacks of a task, and what to do; empty where it lacks nothing."""
    data = task.row.get("data", task.row) if isinstance(task.row, dict) else None
    if not isinstance(data, dict):
        return ""
    needed = [key.path for key in data_keys(config) if key.required]
    missing = ", ".join(repr(path) for path in needed if not look_up(data, path)[0])
    if not missing:
        return ""
    return (
        f"item {task.place} is no task: it has no {missing}, which the label config shows. Add that to it, "
        "or leave the file out by the source's filter, such as .*[.](jpe?g|png)."
    )


def read_rows(place: Place, item: Item, to_address: Callable[[str], str]) -> Iterator[TaskRow]:
    """The tasks in a JSON file: of a list each item, else the one that it is.

    Values that are addresses in the same place become ours (``to_address``, by key), so that a browser can
    show them. Raises Invalid("file-malformed").
    """
    last: TaskRow | None = None
    for number, row in enumerate(_read(place, item)):
        if last is not None:
            yield last
        last = _with_addresses(place, TaskRow(item, number, row), to_address)
    if last is not None:
        yield replace(last, ends=last.place + 1)


def _read(place: Place, item: Item) -> Iterator[Any]:
    if extension_of(item.key) in LINES:
        for window, _ in read_json_lines(place.read(item.key), item.key):
            yield from _decode(window.text, item.key)
        return
    stream = JsonStream(place.read(item.key), item.key)
    if stream.peek() == b"[":
        for window in stream.take_items():
            yield from _decode(window.text, item.key)
    elif stream.peek():
        yield msgspec.json.decode(stream.take_value())
    else:
        raise stream.malformed("it is empty")
    if stream.peek():
        raise stream.malformed("something follows behind its end")


def _decode(text: bytes, name: str) -> list[Any]:
    try:
        rows: list[Any] = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("file-malformed", f"{name} is no JSON: {error}", fields={name: [str(error)]}) from error
    return rows


def _with_addresses(place: Place, task: TaskRow, to_address: Callable[[str], str]) -> TaskRow:
    if not isinstance(task.row, dict):
        return task
    data = task.row["data"] if isinstance(task.row.get("data"), dict) else task.row

    def ours(value: Any) -> Any:
        if isinstance(value, list):
            return [ours(each) for each in value]
        key = place.key_of(value) if isinstance(value, str) and "/" in value else None
        if key is None:
            return value
        task.shows.add(key)
        return to_address(key)

    for name, value in data.items():
        if isinstance(value, (str, list)):
            data[name] = ours(value)
    return task

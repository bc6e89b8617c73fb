"""What backends of all ages answer, as values; what does not fit is told for the task that it is of."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw, Struct

from treadle.errors import Invalid
from treadle.learning.connections.backends import Generation
from treadle.learning.connections.calling import plain

_SHOWN_CHARACTERS = 120
_NO_RESULT = b"[]"
#: Whole numbers of JSON may be larger than any float.
_MOST_SCORE = sys.float_info.max
_LONGEST_NAME = 200
_MOST_NAMES = 1_000
#: What is no 64-bit number is no count and no step.
_MOST_COUNT = 2**63 - 1


@dataclass(frozen=True)
class Said:
    """What a backend said of one task.

    result: a JSON list of regions.  score: as it was said, of no known unit; None: none.
    model_version: as it was said, "" for not at all.  problem: why there is no result; "": there is one.
    dropped: how often each class came that is no label, where the backend left them out itself.
    """

    result: bytes = _NO_RESULT
    score: float | None = None
    model_version: str = ""
    problem: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """How a backend is: ``state`` is starting, loading, ready or failed; of those that tell none, ready."""

    generation: Generation
    state: str = "ready"
    reason: str = ""


@dataclass(frozen=True)
class RemoteJob:
    """A training as the backend tells of it.

    state: queued, running, loading, completed, failed, cancelled.  figures: (step, value) by name.
    version: what came of it, "" for nothing (yet).
    """

    state: str
    done: float = 0
    total: float = 0
    figures: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    version: str = ""
    message: str = ""


class _Predictions(Struct):
    results: list[Raw]
    model_version: Any = None
    errors: Any = None


class _Item(Struct):
    result: Raw = Raw(b"")
    score: Any = None
    model_version: Any = None
    task: Any = None
    dropped: Any = None


class _Task(Struct):
    id: Any = None


class _Job(Struct):
    state: str
    done: float = 0
    total: float = 0
    metrics: dict[str, list[tuple[int, float]]] = {}
    version: str = ""
    message: str = ""


_predictions = msgspec.json.Decoder(_Predictions)
_item = msgspec.json.Decoder(_Item)
_items = msgspec.json.Decoder(list[Raw])
_task = msgspec.json.Decoder(_Task)
_job = msgspec.json.Decoder(_Job)


def read_object(body: bytes, name: str, what: str) -> dict[str, Any]:
    """A JSON object. Raises Invalid("backend-answer")."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_answer(name, what, f"is no JSON ({error})") from error
    if not isinstance(content, dict):
        raise _no_answer(name, what, f"is {_shown(body)} where an object belongs")
    return content


def generation_of(health: Mapping[str, Any]) -> Generation:
    """Of which age a backend is that answered /health so."""
    if str(health.get("server", "")).startswith("treadle"):
        return "treadle"
    return "old" if "v2" in health else "current"


def text_of(version: Any) -> str:
    """The name of a version, however it was said: backends of 2022 say numbers.

    Raises Invalid("backend-answer") for what is too long for a name.
    """
    if version is None or isinstance(version, (dict, list, bool)):
        return ""
    name = str(version).replace("\0", "")
    if len(name) > _LONGEST_NAME:
        told = f"{_shown(name)} has {len(name)} characters: the name of a version has at most {_LONGEST_NAME}"
        raise Invalid("backend-answer", f"{told}.")
    return name


def read_job(body: bytes, name: str) -> RemoteJob:
    """Raises Invalid("backend-answer")."""
    try:
        job = _job.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_answer(name, "of a training", f"cannot be read ({error})") from error
    figures = {plain(metric): tuple(points) for metric, points in list(job.metrics.items())[:_MOST_NAMES]}
    version = text_of(job.version)
    return RemoteJob(plain(job.state), job.done, job.total, figures, version, plain(job.message))


def read_items(body: bytes, name: str) -> tuple[list[Raw], str, dict[int, str]]:
    """The items of a /predict, the version that is said of all, and what is said of single ones, by place.

    Raises Invalid("backend-answer").
    """
    try:
        content = _predictions.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = "to /predict"
        raise _no_answer(name, what, f'is not {{"results": […]}} ({error}); it is {_shown(body)}') from error
    return content.results, text_of(content.model_version), _errors(content.errors)


def read_item(item: Raw, task: bytes, version: str) -> Said:
    """What an item says of ``task``.  version: what holds where it names none."""
    try:
        content = _first(item)
        return Said(model_version=version) if content is None else _read(content, task, version)
    except Invalid as error:
        return _wrong(version, error.message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _wrong(version, f"The backend's answer for it cannot be read ({error}): {_shown(item)}.")


def _read(content: bytes, task: bytes, version: str) -> Said:
    said = _item.decode(content)
    named = text_of(said.model_version) or version
    if said.task is not None and str(said.task) != _id_of(task):
        return _wrong(named, f"The backend answered for task {_shown(said.task)} instead.")
    if not bytes(said.result).startswith(b"["):
        what = f"{_shown(said.result)} as its result" if bytes(said.result) else "no result"
        return _wrong(named, f"The backend answered with {what}, where a list of regions belongs.")
    if not _is_score(said.score):
        return _wrong(named, f"The backend answered with the score {_shown(said.score)}, which is no number.")
    score = None if said.score is None else float(said.score)
    return Said(bytes(said.result), score, named, dropped=_dropped(said.dropped))


def whole_item(items: Sequence[Raw]) -> bytes | None:
    """The first item as the object that it is, for who draws; None where there is none."""
    return _first(items[0]) if items else None


def _first(item: Raw) -> bytes | None:
    """An item, or the first of the several predictions that some backends give for a task."""
    text = bytes(item)
    if not text.startswith(b"["):
        return text
    several = _items.decode(text)
    return bytes(several[0]) if several else None


def _errors(errors: Any) -> dict[int, str]:
    found: dict[int, str] = {}
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict) and isinstance(error.get("task"), int):
            found[error["task"]] = plain(error.get("detail") or "It failed for a reason that was not told.")
    return found


def _dropped(counts: Any) -> Mapping[str, int]:
    found = counts.items() if isinstance(counts, dict) else ()
    return {plain(name): count for name, count in list(found)[:_MOST_NAMES] if _is_count(count)}


def _is_count(count: Any) -> bool:
    return isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST_COUNT


def _is_score(score: Any) -> bool:
    if score is None:
        return True
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    return is_number and -_MOST_SCORE <= score <= _MOST_SCORE


def _id_of(task: bytes) -> str:
    return str(_task.decode(task).id)


def _wrong(version: str, problem: str) -> Said:
    return Said(model_version=version, problem=problem)


def _no_answer(name: str, what: str, told: str) -> Invalid:
    return Invalid("backend-answer", f"The answer of {name} {what} {told}.")


def _shown(value: Any) -> str:
    text = bytes(value).decode(errors="replace") if isinstance(value, (bytes, Raw)) else repr(value)
    text = text.replace("\0", "")
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"

"""What a config expects of a task's data: which keys, of which kinds, and a sample of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from treadle.labeling.config.model import VARIABLE, LabelConfig, ObjectTag, as_index

_STEPS = re.compile(r"[^.\[\]]+")
_SAMPLE_PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='640' height='480'%3E"
    "%3Crect width='640' height='480' fill='%23d9e2ec'/%3E%3Ccircle cx='320' cy='220' r='120' "
    "fill='%23829ab1'/%3E%3Cpath d='M0 480 200 300 320 400 460 260 640 480z' fill='%23486581'/%3E%3C/svg%3E"
)
#: One 8-bit sample of silence: enough for a player to open.
_SAMPLE_SOUND = "data:audio/wav;base64,UklGRiUAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQEAAACAAA=="

#: Pages of a sample at most, however high the config counts.
_LONGEST_SAMPLE = 9
#: Lists in lists multiply: items of all lists of a sample, steps into one value, columns of a series.
_MOST_ITEMS = 1_000
_DEEPEST_SAMPLE = 20
_MOST_COLUMNS = 50

#: What the data behind an object may be, and a sample of it.
_KINDS: dict[str, tuple[tuple[type, ...], Any]] = {
    "Text": ((str, int, float), "The loom stands by the window, and the light is good until four."),
    "HyperText": ((str,), "<h3>A page</h3><p>The loom stands by the <b>window</b>.</p>"),
    "Image": ((str,), _SAMPLE_PICTURE),
    "Audio": ((str,), _SAMPLE_SOUND),
    "Video": ((str,), "data:video/mp4;base64,"),
    "Pdf": ((str,), "data:application/pdf;base64,"),
    "Paragraphs": (
        (list, str),
        [{"author": "Ann", "text": "Hello there."}, {"author": "Bob", "text": "Hi Ann, how are you?"}],
    ),
    "TimeSeries": ((dict, list, str), {}),
    "List": (
        (list,),
        [{"id": "a", "title": "First", "body": "1"}, {"id": "b", "title": "Second", "body": "2"}],
    ),
    "Table": ((dict, list, str), {"Colour": "blue", "Length": 12}),
    "Chat": ((list,), [{"role": "user", "content": "How long is the warp?"}]),
}


@dataclass(frozen=True, slots=True)
class DataKey:
    """One variable of a config: the path in a task's data, and the object that shows it."""

    path: str
    tag: str
    is_list: bool
    #: An object shows it.  The others (labels from data, headers, frame rates) may be missing.
    required: bool

    @property
    def root(self) -> str:
        """The top-level key of the data: ``images`` of ``images[0].url``."""
        first = _STEPS.search(self.path)
        return first.group() if first else self.path


def data_keys(config: LabelConfig) -> tuple[DataKey, ...]:
    """Every variable of the config once, those that tasks must have first, in document order."""
    found: dict[str, DataKey] = {}
    for tag in config.objects:
        for path in tag.variables:
            if _STEPS.search(path):
                found.setdefault(path, DataKey(path, tag.tag, tag.is_list, required="{{" not in path))
    for key in _other_keys(config):
        found.setdefault(key.path, key)
    return tuple(sorted(found.values(), key=lambda key: not key.required))


def _other_keys(config: LabelConfig) -> Iterator[DataKey]:
    shown = {id(tag.element) for tag in config.objects}
    for element in config.root.walk():
        for name, text in element.attributes.items():
            if name in ("value", "valueList") and id(element) in shown:
                continue
            for path in _variables(text):
                yield DataKey(path, element.tag, is_list=False, required=False)


def _variables(text: str) -> list[str]:
    # A price such as "$5" is no variable, and neither is a lone bracket.
    return [path for path in VARIABLE.findall(text) if path[0].isalpha() or path[0] == "_"]


def check_task_data(config: LabelConfig, data: Mapping[str, Any]) -> list[str]:
    """What is wrong with a task's data for this config, one sentence each; empty when it fits.

    A missing key is told in Label Studio's words, since scripts look for them.
    """
    problems: list[str] = []
    for key in data_keys(config):
        if key.required:
            problems.extend(_check_key(key, data))
    return problems


def _check_key(key: DataKey, data: Mapping[str, Any]) -> Iterator[str]:
    found, value = look_up(data, key.path)
    if not found:
        yield f'"{key.path}" key is expected in task data'
    elif key.is_list:
        if not isinstance(value, list) or not all(isinstance(page, str) for page in value):
            yield f'data["{key.path}"] must be a list of addresses, since {key.tag} has valueList'
    elif not _fits(key.tag, value):
        names = " or ".join(kind.__name__ for kind in _KINDS[key.tag][0])
        yield (
            f'data["{key.path}"] is of type "{type(value).__name__}", but the object tag "{key.tag}" '
            f"expects {names}"
        )


def _fits(tag: str, value: Any) -> bool:
    kinds = _KINDS.get(tag, ((object,), None))[0]
    return isinstance(value, kinds) and not isinstance(value, bool)


def look_up(data: Any, path: str) -> tuple[bool, Any]:
    """Whether a task's data has something at a path such as ``pages[0].url``, and what."""
    if isinstance(data, Mapping) and path in data:
        return True, data[path]
    for step in _STEPS.findall(path):
        if isinstance(data, Mapping) and step in data:
            data = data[step]
        elif isinstance(data, list) and (index := as_index(step)) is not None and index < len(data):
            data = data[index]
        else:
            return False, None
    return True, data


def sample_task(config: LabelConfig) -> dict[str, Any]:
    """Data that fits the config, to see it before the first import; nothing in it is fetched.

    What lies deeper than anybody means is left out, and long lists are as short as can be where many are.
    """
    sample: dict[str, Any] = {}
    left = _MOST_ITEMS
    for tag in config.objects:
        for path in tag.variables:
            steps = _STEPS.findall(path)
            if 0 < len(steps) <= _DEEPEST_SAMPLE:
                steps, items = _shorten(steps, left)
                left -= items
                _put(sample, steps, _sample_value(tag))
    return sample


def _shorten(steps: list[str], most: int) -> tuple[list[str], int]:
    """The steps with indexes that make at most so many items, and how many they make."""
    short, items = [], 1
    for step in steps:
        index = as_index(step)
        count = 1 if index is None else min(index, _LONGEST_SAMPLE) + 1
        short.append(step if items * count <= most or index is None else "0")
        items *= count if items * count <= most else 1
    return short, items


def _put(sample: dict[str, Any], steps: list[str], value: Any) -> None:
    first, *rest = steps
    if rest and isinstance(sample.get(first), dict):
        _put(sample[first], rest, value)
    else:
        sample.setdefault(first, _nest(rest, value))


def _nest(steps: list[str], value: Any) -> Any:
    for step in reversed(steps):
        if "{" in step:
            value = [value]
        elif (index := as_index(step)) is not None:
            value = [value] * (min(index, _LONGEST_SAMPLE) + 1)
        else:
            value = {step: value}
    return value


def _sample_value(tag: ObjectTag) -> Any:
    if tag.tag == "TimeSeries":
        value: Any = _sample_series(tag)
    else:
        value = _KINDS.get(tag.tag, ((), "sample"))[1]
    return [value, value] if tag.is_list else value


def _sample_series(tag: ObjectTag) -> dict[str, list[float]]:
    channels = (part for part in tag.element.walk() if part.tag == "Channel")
    columns = [str(part.get("column")) for part in islice(channels, _MOST_COLUMNS)]
    time = str(tag.get("timeColumn") or "time")
    series: dict[str, list[float]] = {column: [(i * 7 % 20) / 10 for i in range(100)] for column in columns}
    return {time: [float(i) for i in range(100)], **series}

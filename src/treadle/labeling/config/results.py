"""Whether a result fits its config: every item, every value, with the path of what does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from treadle.errors import Invalid
from treadle.labeling.config.model import ControlTag, LabelConfig, ObjectTag
from treadle.labeling.config.shapes import (
    DECODERS,
    SHAPES,
    Answer,
    Choices,
    Number,
    Rating,
    Taxonomy,
    Value,
    find_geometry,
)

#: Problems told at once; the rest follows when these are corrected.
MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """What a checked result holds."""

    #: Items of the result, relations too.
    result_count: int
    #: Regions and answers: items that share an id count once.
    region_count: int
    #: How often each ``control|object|type`` occurs.
    kinds: Mapping[str, int]


class Item(Struct):
    """The envelope of one item of a result; keys that are not here may hold anything."""

    type: str
    value: Raw | UnsetType = UNSET
    id: str | None = None
    from_name: str | None = None
    to_name: str | None = None
    origin: str | None = None
    original_width: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    original_height: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    image_rotation: Annotated[float, Meta(ge=-360, le=360)] | None = None
    original_length: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    item_index: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    parentID: str | None = None
    meta: dict[str, Any] | None = None
    score: float | None = None
    readonly: bool | None = None
    from_id: str | None = None
    to_id: str | None = None
    direction: Literal["left", "right", "bi"] | None = None
    labels: list[str] | None = None


_ITEMS = msgspec.json.Decoder(list[Item])
_PATH = re.compile(r" - at `\$(?P<path>.*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>\w+)`")


def validate_result(config: LabelConfig, result: bytes | str | list[Any]) -> ResultSummary:
    """Check the result of an annotation or a draft: every item must fit the config.

    result: JSON text, or the parsed list.  Keys that are not known are let through.

    Raises Invalid("result-malformed") with the paths of what is wrong under the field ``result``, such as
    ``result[3].value.width: 130 is not a percentage from 0 to 100``.
    """
    return _Check(config).run(result)


def validate_imported_result(config: LabelConfig, result: bytes | str | list[Any]) -> ResultSummary:
    """Like ``validate_result``, but items of controls that the config does not have are kept unchecked.

    For predictions and imports, which may be older than the config.
    """
    return _CheckImported(config).run(result)


class _Check:
    def __init__(self, config: LabelConfig) -> None:
        self._config = config
        self._problems: list[str] = []
        self._kinds: dict[str, int] = {}
        self._ids: set[str] = set()

    def run(self, result: bytes | str | list[Any]) -> ResultSummary:
        items = _decode_items(result)
        regions = sum(self._check_item(i, item) for i, item in enumerate(items))
        for i, item in enumerate(items):
            if item.type == "relation":
                self._check_relation(i, item)
        if self._problems:
            raise _malformed(self._problems)
        return ResultSummary(len(items), regions, self._kinds)

    def _wrong(self, path: str, message: str) -> None:
        self._problems.append(f"{path}: {message}")

    def _check_item(self, i: int, item: Item) -> bool:
        """Check one region or answer; tells whether it is the first with its id."""
        if item.type == "relation":
            return False
        if control := self._control(f"result[{i}]", item):
            self._check_region(f"result[{i}]", item, control)
        if item.id is None:
            return True
        known = item.id in self._ids
        self._ids.add(item.id)
        return not known

    def _control(self, at: str, item: Item) -> ControlTag | None:
        if not item.from_name:
            self._wrong(f"{at}.from_name", "is missing")
            return None
        control = self._config.control(item.from_name)
        if control is None:
            self._stranger(at, item.from_name)
        return control

    def _stranger(self, at: str, name: str) -> None:
        names = ", ".join(control.name for control in self._config.controls) or "none"
        self._wrong(f"{at}.from_name", f'the config has no control "{name}" (it has: {names})')

    def _check_region(self, at: str, item: Item, control: ControlTag) -> None:
        if item.type not in control.result_types:
            expected = " or ".join(control.result_types)
            self._wrong(
                f"{at}.type", f'"{item.type}" is not what {control.tag} "{control.name}" writes: {expected}'
            )
            return
        found = self._object(at, item, control)
        if item.value is UNSET:
            self._wrong(f"{at}.value", "is missing")
            return
        value = self._decode_value(f"{at}.value", item, found)
        if value is None:
            return
        self._check_words(f"{at}.value", item, control, value)
        kind = f"{item.from_name}|{item.to_name}|{item.type}"
        self._kinds[kind] = self._kinds.get(kind, 0) + 1

    def _object(self, at: str, item: Item, control: ControlTag) -> ObjectTag | None:
        if not item.to_name:
            self._wrong(f"{at}.to_name", "is missing")
            return None
        if control.tag == "Pairwise" and item.to_name in (control.name, ",".join(control.to_names)):
            return None
        found = self._config.object(item.to_name)
        if found is None or found.name not in control.to_names:
            names = " or ".join(control.to_names)
            self._wrong(f"{at}.to_name", f'"{item.to_name}" is not what "{control.name}" labels: {names}')
        return found

    def _decode_value(self, at: str, item: Item, found: ObjectTag | None) -> Value | None:
        assert isinstance(item.value, Raw)
        try:
            shape = SHAPES.get(item.type) or find_geometry(item.value, found.tag if found else None)
            if shape is None:
                self._wrong(at, "describes no region: it has neither a place nor a span")
                return None
            value: Value = DECODERS[shape].decode(item.value)
            self._problems.extend(f"{at}{path}: {text}" for path, text in value.check())
            if isinstance(value, Answer):
                self._check_repeated_geometry(at, item.value, found)
        except (msgspec.DecodeError, RecursionError) as error:
            self._problems.append(_explain(at, error))
            return None
        return value

    def _check_repeated_geometry(self, at: str, raw: Raw, found: ObjectTag | None) -> None:
        shape = find_geometry(raw, found.tag if found else None)
        if shape is not None:
            geometry: Value = DECODERS[shape].decode(raw)
            self._problems.extend(f"{at}{path}: {text}" for path, text in geometry.check())

    def _check_words(self, at: str, item: Item, control: ControlTag, value: Value) -> None:
        if not isinstance(value, Answer):
            self._check_labels(at, item, control, value)
        elif isinstance(value, Choices):
            self._check_paths(f"{at}.choices", control, value.choices)
        elif isinstance(value, Taxonomy):
            self._check_paths(f"{at}.taxonomy", control, value.taxonomy)
        elif isinstance(value, Rating):
            self._check_limits(f"{at}.rating", value.rating, 0, control.get("maxRating"))
        elif isinstance(value, Number):
            self._check_limits(f"{at}.number", value.number, control.get("min"), control.get("max"))

    def _check_limits(self, at: str, number: float, least: object, most: object) -> None:
        low, high = _as_number(least), _as_number(most)
        if (low is not None and number < low) or (high is not None and number > high):
            self._wrong(at, f"{number:g} is out of the control's range, {least} to {most}")

    def _check_labels(self, at: str, item: Item, control: ControlTag, value: Value) -> None:
        key = item.type if hasattr(value, item.type) else "labels"
        used: list[str] | None = getattr(value, key)
        if not used:
            return
        owner = control if control.labels else self._labelling(control)
        if owner is None:
            return
        if owner.is_dynamic or owner.label_keys.issuperset(used):
            return
        for i, name in enumerate(used):
            if name not in owner.label_keys:
                self._wrong(f"{at}.{key}[{i}]", _unknown("label", name, owner))

    def _labelling(self, control: ControlTag) -> ControlTag | None:
        # A video's boxes carry the labels of the Labels beside them, and so do plain shapes.
        beside = [
            c for c in self._config.controls if c.tag == "Labels" and set(c.to_names) & set(control.to_names)
        ]
        return beside[0] if len(beside) == 1 else None

    def _check_paths(self, at: str, control: ControlTag, paths: Iterable[str | list[str]]) -> None:
        for i, path in enumerate(paths):
            steps = (path,) if isinstance(path, str) else tuple(path)
            if control.is_dynamic or not control.labels:
                continue
            known = steps in control.label_paths or (len(steps) == 1 and steps[0] in control.label_keys)
            if not known and not _known_by_value(steps, control):
                self._wrong(f"{at}[{i}]", _unknown("choice", " / ".join(steps), control))

    def _check_relation(self, i: int, item: Item) -> None:
        for name, region in (("from_id", item.from_id), ("to_id", item.to_id)):
            if not region:
                self._wrong(f"result[{i}].{name}", "is missing")
            elif region not in self._ids:
                self._wrong(f"result[{i}].{name}", f'no region of this result has the id "{region}"')


class _CheckImported(_Check):
    def _stranger(self, at: str, name: str) -> None:
        """A control that is gone, or not there yet: its items are kept as they are."""


def _known_by_value(steps: tuple[str, ...], control: ControlTag) -> bool:
    # A nested choice may be written by values where the config has aliases.
    by_alias = {label.value: label.key for label in control.labels}
    return tuple(by_alias.get(step, step) for step in steps) in control.label_paths


def _unknown(what: str, name: str, control: ControlTag) -> str:
    known = ", ".join(label.key for label in control.labels[:10])
    more = ", …" if len(control.labels) > 10 else ""
    return f'{control.tag} "{control.name}" has no {what} "{name}" (it has: {known}{more})'


def _as_number(written: object) -> float | None:
    try:
        return float(written)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _decode_items(result: bytes | str | list[Any]) -> list[Item]:
    try:
        text = result if isinstance(result, (bytes, str)) else msgspec.json.encode(result)
        if isinstance(text, bytes):
            # Values are skipped over at first, and bytes that are no text would pass unseen.
            text.decode()
        return _ITEMS.decode(text)
    except UnicodeError as error:
        raise _malformed(["result: is not valid UTF-8"]) from error
    except (msgspec.DecodeError, RecursionError, TypeError, ValueError, OverflowError) as error:
        raise _malformed([_explain("result", error)]) from error


def _explain(at: str, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"{at}: is nested too deeply"
    message = str(error)
    if found := _PATH.search(message):
        at, message = at + found["path"], message[: found.start()]
    if missing := _MISSING.match(message):
        return f"{at}.{missing['name']}: is missing"
    first, _, rest = message.replace("`", "").partition(" ")
    # A name such as JSON keeps its capitals.
    return f"{at}: {first.lower() if first.istitle() else first} {rest}"


def _malformed(problems: list[str]) -> Invalid:
    told = list(_shorten(problems))
    return Invalid(
        "result-malformed",
        f"The result does not fit the labelling config: {told[0]}. Correct it and send it again.",
        fields={"result": told},
    )


def _shorten(problems: list[str]) -> Iterator[str]:
    yield from problems[:MAX_PROBLEMS]
    if len(problems) > MAX_PROBLEMS:
        yield f"… and {len(problems) - MAX_PROBLEMS} more"

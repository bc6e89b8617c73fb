"""Checks of many rows at once: the parser itself says that they fit, of types made for the config.

What these types take, the careful checks take too; what they refuse may still be right, and is then
looked at row by row, by the code that can say what is wrong. So nothing is decided here but "surely fine",
at a tenth of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias, Union

import msgspec
from msgspec import Meta

from treadle.labeling.config import ControlTag, LabelConfig, data_keys
from treadle.labeling.config.results import Item
from treadle.labeling.config.shapes import SLACK, Brush, KeyPoint, Percent, Point, Value
from treadle.labeling.imports.blocks import Form

_Side = Annotated[float, Meta(ge=0, le=100 + SLACK)]
#: What the data behind an object may be, for a parser; never a boolean, which Python takes for a number.
_DATA: dict[str, Any] = {
    **dict.fromkeys(("HyperText", "Image", "Audio", "Video", "Pdf"), str),
    "Text": Union[str, int, float],  # noqa: UP007 - made at run time
    "Paragraphs": Union[list[Any], str],  # noqa: UP007
}
_Decoder: TypeAlias = "msgspec.json.Decoder[Any]"
_Fields: TypeAlias = "list[tuple[str, Any] | tuple[str, Any, Any]]"
#: Rows of more columns are looked at one by one.
MOST_TYPED_COLUMNS = 200
_MOST_LABELS = 2_000


@dataclass(frozen=True, eq=False)
class SameConfig:
    """A config as a key: equal is what is the same one, since types are not made of its text."""

    config: LabelConfig

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameConfig) and other.config is self.config

    def __hash__(self) -> int:
        return id(self.config)


class Turnless(Value, kw_only=True):
    """A box that lies inside its picture; a turned one may have a corner outside."""

    x: Percent
    y: Percent
    width: _Side
    height: _Side
    rotation: Annotated[float, Meta(ge=-1e9, le=1e9)] = 0.0


class Outline(Value, kw_only=True):
    """A polygon with as many corners as one needs."""

    points: Annotated[list[Point], Meta(min_length=3)]
    closed: bool | None = None


class Oval(Value, kw_only=True):
    """An ellipse whose radii lie inside its picture."""

    x: Percent
    y: Percent
    radiusX: _Side
    radiusY: _Side
    rotation: Annotated[float, Meta(ge=-1e9, le=1e9)] = 0.0


class Answered(Value, kw_only=True, forbid_unknown_fields=True):
    """Choices for the task: with a place, they would repeat a region's."""

    choices: list[str]


class Written(Value, kw_only=True, forbid_unknown_fields=True):
    """Texts for the task."""

    text: str | list[str]


#: Shapes by the type of a result; the name of the labels' key is the type itself.
_SHAPES: dict[str, type[Value]] = {
    "rectanglelabels": Turnless,
    "polygonlabels": Outline,
    "ellipselabels": Oval,
    "keypointlabels": KeyPoint,
    "brushlabels": Brush,
}


def result_type(config: LabelConfig) -> Any:
    """The type of those results that surely fit the config; None where there is none to be made."""
    kinds = [kind for control in config.controls if (kind := _item_type(control))]
    if not kinds:
        return None
    return list[Union[tuple(kinds)]]  # type: ignore[misc]  # noqa: UP007


def _item_type(control: ControlTag) -> Any:
    if control.repeated or len(control.labels) > _MOST_LABELS:
        return None
    value = _value_type(control)
    if value is None or not control.to_names:
        return None
    fields: _Fields = [
        ("type", Literal[control.result_types[0]]),
        ("to_name", Literal[control.to_names]),
        ("value", value),
    ]
    fields += [
        (field.name, field.type, field.default)
        for field in msgspec.structs.fields(Item)
        if field.name not in ("type", "to_name", "value", "from_name")
    ]
    return msgspec.defstruct(
        "QuickItem", fields, tag_field="from_name", tag=control.name, kw_only=True, gc=False
    )


def _value_type(control: ControlTag) -> Any:
    kind = control.result_types[0]
    keys = control.label_keys
    if kind in _SHAPES:
        if not keys and not control.is_dynamic:
            return None
        named = _names(control) | None
        return msgspec.defstruct("QuickValue", [(kind, named, None)], bases=(_SHAPES[kind],), kw_only=True)
    if kind == "choices" and not control.per_region:
        return msgspec.defstruct(
            "QuickValue", [("choices", _names(control))], bases=(Answered,), kw_only=True
        )
    if kind == "textarea" and not control.per_region:
        return Written
    return None


def _names(control: ControlTag) -> Any:
    if control.is_dynamic or not control.label_keys:
        return list[str]
    return list[Literal[tuple(sorted(control.label_keys))]]  # type: ignore[misc]


@lru_cache(maxsize=64)
def row_decoders(config: SameConfig, columns: tuple[str, ...]) -> tuple[tuple[Form, _Decoder], ...]:
    """What reads a list of rows that surely fit, one for each form that they may have.

    columns: keys of the data; what has others is refused.
    """
    data = data_type(config.config, columns)
    if data is None:
        return ()
    plain, whole = plain_row_type(data), row_type(config.config, data)
    return (
        ("plain", _list_decoder(plain)),
        ("rows", _list_decoder(whole)),
        ("data", _list_decoder(data)),
    )


@lru_cache(maxsize=64)
def prediction_decoder(config: SameConfig) -> _Decoder:
    """What reads a list of predictions for tasks that surely fit."""
    fields: _Fields = [
        ("task", Annotated[int, Meta(ge=1, le=2**62)]),
        ("result", result_type(config.config) or list[_Nothing]),
        ("model_version", str | None, ""),
        ("score", float | None, None),
    ]
    return _list_decoder(msgspec.defstruct("QuickPrediction", fields))


def data_type(config: LabelConfig, columns: tuple[str, ...]) -> Any:
    """The type of data that has these keys at most, and all that the config shows; None without one."""
    if len(columns) > MOST_TYPED_COLUMNS:
        return None
    wanted: dict[str, Any] = {}
    for key in data_keys(config):
        if not key.required:
            continue
        kind = list[str] if key.is_list else _DATA.get(key.tag)
        if kind is None or key.root != key.path or wanted.get(key.path, kind) is not kind:
            return None
        wanted[key.path] = kind
    names = [*wanted, *(name for name in columns if name not in wanted)]
    fields = [
        (f"f{n}", wanted.get(name, Any), *(() if name in wanted else (None,))) for n, name in enumerate(names)
    ]
    rename = {f"f{n}": name for n, name in enumerate(names)}
    try:
        return msgspec.defstruct("QuickData", fields, rename=rename, forbid_unknown_fields=True, kw_only=True)
    except ValueError:  # a key with a quote or a backslash
        return None


def row_type(config: LabelConfig, data: Any) -> Any:
    """The type of rows ``{"data": …}`` that surely fit, with what came with the task."""
    result = result_type(config) or list[_Nothing]
    optional: Any = float | None
    flag: Any = bool | None
    annotation: _Fields = [
        ("result", result),
        ("was_cancelled", flag, None),
        ("ground_truth", flag, None),
        ("lead_time", optional, None),
    ]
    prediction: _Fields = [("result", result), ("score", optional, None)]
    fields: _Fields = [
        ("data", data),
        ("meta", dict[str, Any] | None, None),
        ("annotations", _list_of(msgspec.defstruct("QuickAnnotation", annotation)), None),
        ("predictions", _list_of(msgspec.defstruct("QuickPrediction", prediction)), None),
    ]
    return msgspec.defstruct("QuickRow", fields)


def plain_row_type(data: Any) -> Any:
    """The type of rows ``{"data": …}`` with nothing beside the data that is kept."""
    fields: _Fields = [
        ("data", data),
        ("meta", _Empty | None, None),
        ("annotations", _list_of(_Nothing), None),
        ("predictions", _list_of(_Nothing), None),
    ]
    return msgspec.defstruct("QuickPlainRow", fields)


def _list_decoder(kind: Any) -> _Decoder:
    return msgspec.json.Decoder(list[kind])


def _list_of(kind: Any) -> Any:
    return list[kind] | None


class _Empty(msgspec.Struct, forbid_unknown_fields=True):
    """{}"""


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No result has this."""

    never: Literal["never"]

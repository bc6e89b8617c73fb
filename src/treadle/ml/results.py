"""Regions as the wire has them: controls found by the label config, percent, one id per region.

What becomes of a class that is no label is said, never guessed: an error that names the labels; or, by
``unknown_labels``, an unlabelled region, nothing (counted), or what a table says.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias, cast

from msgspec.structs import replace

from treadle.errors import Invalid, Unsupported
from treadle.ml.labels import Control, LabelConfig, listed, read_labels, unknown_label
from treadle.ml.regions import Prediction, Region, Size, finite

#: "error", "unlabelled", "drop", or a table from classes to labels. In a table null drops a class, ""
#: keeps it unlabelled, and "*" says what becomes of those that it does not name.
UnknownLabels: TypeAlias = "Literal['error', 'unlabelled', 'drop'] | Mapping[str, str | None]"
Item: TypeAlias = "dict[str, object]"

#: By shape: the controls that write it, the one with labels first.
_SHAPES: dict[str, tuple[str, ...]] = {
    "rectangle": ("rectanglelabels", "rectangle"),
    "ellipse": ("ellipselabels", "ellipse"),
    "polygon": ("polygonlabels", "polygon"),
    "keypoint": ("keypointlabels", "keypoint"),
    "brush": ("brushlabels", "brush"),
    "span": ("labels", "paragraphlabels", "timeserieslabels"),
    "choice": ("choices", "taxonomy"),
    "text": ("textarea",),
    "number": ("number",),
    "rating": ("rating",),
    "datetime": ("datetime",),
}
_TAGS = {
    "rectangle": "RectangleLabels", "ellipse": "EllipseLabels", "polygon": "PolygonLabels",
    "keypoint": "KeyPointLabels", "brush": "BrushLabels", "span": "Labels", "choice": "Choices",
    "text": "TextArea", "number": "Number", "rating": "Rating", "datetime": "DateTime",
}  # fmt: skip
_SPATIAL = ("rectangle", "ellipse", "polygon", "keypoint", "brush")
#: Percent of the picture's width, of its height.
_ACROSS = ("x", "width", "radiusX")
_DOWN = ("y", "height", "radiusY")
_DOT_PERCENT = 0.5


_ids = random.Random()


class Surroundings(NamedTuple):
    """What regions of one task are written with."""

    config: LabelConfig
    #: The size of the task's picture in pixels; asked only where a region needs it.
    size: Callable[[], Size]
    #: The task's text, for the words of spans.
    text: Callable[[str], str | None] = lambda key: None
    unknown_labels: UnknownLabels = "error"


def write_prediction(said: Prediction | Sequence[Region] | Region | None, around: Surroundings) -> Item:
    """A prediction as the wire has it: ``result``, and where there are, ``score`` and ``dropped``.

    dropped: how often each class came that is no label. Raises Invalid: label-unknown, control-unknown, ….
    """
    result: list[Item] = []
    item: Item = {"result": result}
    if said is None:
        return item
    scores: list[float] = []
    dropped: list[str] = []
    for region in _regions(said):
        place = _place(region, around.config)
        known = _known(region, place, around, dropped)
        if known is not None:
            _write(known, place, around, result)
            if known.score is not None:
                scores.append(finite(known.score, "score"))
    given = said.score if isinstance(said, Prediction) else None
    if given is not None:
        item["score"] = finite(given, "score")
    elif scores:
        item["score"] = math.fsum(scores) / len(scores)
    if dropped:
        item["dropped"] = dict(Counter(dropped))
    return item


def _regions(said: Prediction | Sequence[Region] | Region) -> Sequence[Region]:
    if isinstance(said, Region):
        return (said,)
    regions = said.regions if isinstance(said, Prediction) else said
    for region in regions:
        if not isinstance(region, Region):
            raise Invalid(
                "prediction-region",
                f"predict returned {type(region).__name__} where a region belongs. "
                "For each task return a list of rectangle(…), choice(…), …, or a Prediction, or None.",
            )
    return regions


class _Place(NamedTuple):
    """Where a region is written: its control, and the one that holds its labels, with these."""

    control: Control
    owner: Control
    labels: frozenset[str]
    #: What every result of the control has.
    name: str
    to_name: str
    kind: str
    #: Its results hold labels as they are, with nothing of others above them.
    is_plain: bool


@lru_cache(maxsize=1024)
def _places(config: str, shape: str) -> tuple[_Place, ...]:
    """Those that hold a shape."""
    known = read_labels(config)
    found = [(control, _labelled_by(control, known)) for control in known.of_kinds(_SHAPES[shape])]
    return tuple(
        _Place(
            control,
            owner,
            frozenset(owner.labels),
            control.name,
            control.to_name,
            control.kind,
            (control.kind.endswith("labels") or control.kind == "choices") and not _is_nested(control),
        )
        for control, owner in found
    )


def _is_nested(control: Control) -> bool:
    return control.kind == "taxonomy" or control.attributes.get("allowNested") == "true"


def _place(region: Region, config: LabelConfig) -> _Place:
    places = _places(config.text, region.shape)
    if len(places) == 1 and region.control is None:
        return places[0]
    control = _control(region, config, [place.control for place in places])
    return next(place for place in places if place.control is control)


def _known(region: Region, place: _Place, around: Surroundings, dropped: list[str]) -> Region | None:
    """The region with labels of the config; None where it is dropped."""
    if not place.labels or place.labels.issuperset(region.labels):
        return region  # where the config has none, its labels come with the task's data
    control, owner = place.control, place.owner
    found = [_label(label, owner, around.unknown_labels) for label in region.labels]
    dropped += [label for label, known in zip(region.labels, found, strict=True) if known is None]
    labels = tuple(dict.fromkeys(label for label in found if label is not None))
    if not labels:
        return None
    return (
        replace(region, labels=tuple(label for label in labels if label), control=control.name)
        if (any(labels))
        else _unlabelled(region, control)
    )


def _unlabelled(region: Region, control: Control) -> Region | None:
    """An answer without its label says nothing."""
    if region.shape not in (*_SPATIAL, "span"):
        return None
    return replace(region, labels=(), control=control.name, id=region.id or _new_id())


def _label(label: str, control: Control, unknown: UnknownLabels) -> str | None:
    """The label of a class; "" for unlabelled, None for dropped."""
    if label in control.labels:
        return label
    for tag in control.label_tags:
        if label in tag.predicted_values:
            return tag.value
    if isinstance(unknown, Mapping):
        return _mapped(label, control, unknown)
    if unknown == "unlabelled":
        return ""
    if unknown == "drop":
        return None
    raise unknown_label(label, control.labels, control.name)


def _mapped(label: str, control: Control, table: Mapping[str, str | None]) -> str | None:
    if label in table:
        mapped = table[label]
        if mapped and mapped not in control.labels:
            raise unknown_label(mapped, control.labels, control.name)
        return mapped
    rest = table.get("*", "error")
    if rest in ("unlabelled", "drop"):
        return "" if rest == "unlabelled" else None
    raise unknown_label(label, control.labels, control.name)


def _control(region: Region, config: LabelConfig, fitting: Sequence[Control]) -> Control:
    """The control that writes a region: the one named, else the only one that fits."""
    if region.control is not None:
        named = config.control(region.control)
        if named not in fitting:
            raise Invalid(
                "control-unfit", f'The control "{named.name}" is {named.tag}: it holds no {region.shape}.'
            )
        return named
    if not fitting:
        raise Invalid(
            "control-unknown",
            f"The label config has no control for a {region.shape}. Add one: {_TAGS[region.shape]}. "
            f"It has: {_described(config.controls.values())}.",
        )
    return _only_one_with(region, fitting, config)


def _only_one_with(region: Region, fitting: Sequence[Control], config: LabelConfig) -> Control:
    holding = [one for one in fitting if set(region.labels) & set(_labelled_by(one, config).labels)]
    if region.labels and len(holding) == 1:
        return holding[0]
    raise Invalid(
        "control-ambiguous",
        f"{len(fitting)} controls hold a {region.shape}: {_described(fitting)}. Say which: control=….",
    )


def _described(controls: Iterable[Control]) -> str:
    return listed(f"{control.name} ({control.tag})" for control in controls)


def _labelled_by(control: Control, config: LabelConfig) -> Control:
    """Whose labels a plain shape carries: those of the Labels over the same source."""
    if control.labels or control.kind.endswith("labels") or control.kind in ("choices", "taxonomy"):
        return control
    beside = [one for one in config.of_kinds(["labels"]) if set(one.to_names) & set(control.to_names)]
    return beside[0] if len(beside) == 1 else control


def _write(region: Region, place: _Place, around: Surroundings, result: list[Item]) -> None:
    """Add what stands for a region to ``result``."""
    control, owner = place.control, place.owner
    value, size = _value(region, control, around)
    base: Item = {"id": region.id or _new_id(), "to_name": place.to_name}
    if region.score is not None:
        base["score"] = region.score
    if region.parent is not None:
        base["parentID"] = region.parent
    if size is not None and region.shape in _SPATIAL:
        base.update({"original_width": size[0], "original_height": size[1], "image_rotation": 0})
    if place.is_plain and region.labels:
        labelled, kind = {**value, place.kind: list(region.labels)}, place.kind
    else:
        labelled, kind = {**value, **_labels_of(region, control)}, _type_of(region, control)
    result.append({**base, "from_name": place.name, "type": kind, "value": labelled})
    if owner is not control and region.labels:
        result.append(_part(base, owner, owner.kind, {**value, owner.kind: list(region.labels)}))
    if region.text is not None and region.shape in _SPATIAL:
        result.append(
            _part(base, _writer(control, around.config), "textarea", {**value, "text": [region.text]})
        )


def _part(base: Item, control: Control, kind: str, value: Item) -> Item:
    return {**base, "from_name": control.name, "type": kind, "value": value}


def _type_of(region: Region, control: Control) -> str:
    """A shape without a label is written as the plain shape, which the control takes as well."""
    is_plain = region.shape in _SPATIAL and not region.labels
    return region.shape if is_plain else control.kind


def _labels_of(region: Region, control: Control) -> Item:
    if not region.labels:
        return {}
    if _is_nested(control):
        paths = {label.value: list(label.path) for label in control.label_tags}
        return {control.kind: [paths.get(label, [label]) for label in region.labels]}
    has_labels = control.kind.endswith("labels") or control.kind == "choices"
    return {control.kind: list(region.labels)} if has_labels else {}


def _writer(control: Control, config: LabelConfig) -> Control:
    """The control of texts beside a shape's."""
    beside = [one for one in config.of_kinds(["textarea"]) if set(one.to_names) & set(control.to_names)]
    if len(beside) == 1:
        return beside[0]
    raise Invalid("control-unknown", f'The label config has no TextArea of its own beside "{control.name}".')


def _value(region: Region, control: Control, around: Surroundings) -> tuple[Item, Size | None]:
    if region.shape == "span":
        return _span(region, control, around), None
    if region.shape not in _SPATIAL:
        return dict(region.geometry), None
    size = region.size or (around.size() if region.unit == "pixel" else None)
    value = dict(region.geometry) if region.unit == "percent" else _percent(region.geometry, cast(Size, size))
    if region.shape == "keypoint":
        value.setdefault("width", _DOT_PERCENT)
    return value, size


def _percent(geometry: Mapping[str, object], size: Size) -> Item:
    width, height = size
    if width <= 0 or height <= 0:
        raise Invalid("picture-size", f"A picture of {width} × {height} pixels has no percent.")
    out: Item = {}
    for name, value in geometry.items():
        if name == "points":
            out[name] = [[x * 100 / width, y * 100 / height] for x, y in cast("list[list[float]]", value)]
        elif name in _ACROSS:
            out[name] = cast(float, value) * 100 / width
        else:
            out[name] = cast(float, value) * 100 / height if name in _DOWN else value
    return out


def _span(region: Region, control: Control, around: Surroundings) -> Item:
    source = control.sources[0].tag.lower() if control.sources else "text"
    start, end = region.geometry["start"], region.geometry["end"]
    if source == "audio":
        return {"start": start, "end": end, "channel": region.geometry["channel"]}
    if source == "timeseries":
        return {"start": start, "end": end, "instant": start == end}
    if source == "paragraphs":
        return _paragraphs(region)
    if source != "text":
        raise Unsupported("span-source", f"Spans of {control.sources[0].tag} are not written yet.")
    value: Item = {"start": int(cast(float, start)), "end": int(cast(float, end))}
    words = region.text if region.text is not None else _words(value, control, around)
    return value if words is None else {**value, "text": words}


def _words(value: Item, control: Control, around: Surroundings) -> str | None:
    whole = around.text(control.value_key)
    return None if whole is None else whole[cast(int, value["start"]) : cast(int, value["end"])]


def _paragraphs(region: Region) -> Item:
    offsets = region.geometry["offsets"]
    if offsets is None:
        raise Invalid("span-offsets", "A span of a dialogue has offsets: span(…, offsets=(first, last)).")
    first, last = cast("tuple[int, int]", offsets)
    value: Item = {
        "start": str(region.geometry["start"]), "end": str(region.geometry["end"]),
        "startOffset": first, "endOffset": last,
    }  # fmt: skip
    return value if region.text is None else {**value, "text": region.text}


def _new_id() -> str:
    return f"{_ids.getrandbits(40):010x}"

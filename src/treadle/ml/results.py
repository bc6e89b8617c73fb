"""Regions as the wire has them: controls found by the label config, percent, one id per region.

What becomes of a class that is no label is said, never guessed: an error that names the labels; or, by
``unknown_labels``, an unlabelled region, nothing (counted), or what a table says.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, TypeAlias, cast

from treadle.errors import Invalid, Unsupported
from treadle.ml.labels import Control, LabelConfig, listed, read_labels, unknown_label
from treadle.ml.regions import Prediction, Region, Size

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


@dataclass(frozen=True)
class Surroundings:
    """What regions of one task are written with."""

    config: LabelConfig
    #: The size of the task's picture in pixels; asked only where a region needs it.
    size: Callable[[], Size]
    #: The task's text, for the words of spans.
    text: Callable[[str], str | None] = field(default=lambda key: None)
    unknown_labels: UnknownLabels = "error"


def write_prediction(said: Prediction | Sequence[Region] | Region | None, around: Surroundings) -> Item:
    """A prediction as the wire has it: ``result``, and where there are, ``score`` and ``dropped``.

    dropped: how often each class came that is no label. Raises Invalid: label-unknown, control-unknown, ….
    """
    if said is None:
        return {"result": []}
    regions = _regions(said)
    dropped: Counter[str] = Counter()
    kept = [known for region in regions if (known := _known(region, around, dropped)) is not None]
    item: Item = {"result": [part for region in kept for part in _write(region, around)]}
    given = said.score if isinstance(said, Prediction) else None
    score = Prediction(kept, given).mean_score()
    if score is not None:
        item["score"] = score
    if dropped:
        item["dropped"] = dict(dropped)
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


def _known(region: Region, around: Surroundings, dropped: Counter[str]) -> Region | None:
    """The region with labels of the config; None where it is dropped."""
    if not region.labels:
        return region
    control = _control(region, around.config)
    owner = _labelled_by(control, around.config)
    if not owner.labels or all(label in owner.labels for label in region.labels):
        return region  # where the config has none, its labels come with the task's data
    found = [_label(label, owner, around.unknown_labels) for label in region.labels]
    dropped.update(label for label, known in zip(region.labels, found, strict=True) if known is None)
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


def _control(region: Region, config: LabelConfig) -> Control:
    """The control that writes a region: the one named, else the only one that fits."""
    fitting = _fitting(config.text, region.shape)
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
    if len(fitting) == 1:
        return fitting[0]
    return _only_one_with(region, fitting, config)


@lru_cache(maxsize=1024)
def _fitting(config: str, shape: str) -> tuple[Control, ...]:
    return read_labels(config).of_kinds(_SHAPES[shape])


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


def _write(region: Region, around: Surroundings) -> list[Item]:
    control = _control(region, around.config)
    owner = _labelled_by(control, around.config)
    value, size = _value(region, control, around)
    base: Item = {"id": region.id or _new_id(), "to_name": control.to_name}
    base.update(_frame(region, control, size))
    parts = [_part(base, control, _type_of(region, control), {**value, **_labels_of(region, control)})]
    if owner is not control and region.labels:
        parts.append(_part(base, owner, owner.kind, {**value, owner.kind: list(region.labels)}))
    if region.text is not None and region.shape in _SPATIAL:
        parts.append(
            _part(base, _writer(control, around.config), "textarea", {**value, "text": [region.text]})
        )
    return parts


def _part(base: Item, control: Control, kind: str, value: Item) -> Item:
    return {**base, "from_name": control.name, "type": kind, "value": value}


def _frame(region: Region, control: Control, size: Size | None) -> Item:
    frame: Item = {}
    if region.score is not None:
        frame["score"] = region.score
    if region.parent is not None:
        frame["parentID"] = region.parent
    if size is not None and region.shape in _SPATIAL:
        frame.update({"original_width": size[0], "original_height": size[1], "image_rotation": 0})
    return frame


def _type_of(region: Region, control: Control) -> str:
    """A shape without a label is written as the plain shape, which the control takes as well."""
    is_plain = region.shape in _SPATIAL and not region.labels
    return region.shape if is_plain else control.kind


def _labels_of(region: Region, control: Control) -> Item:
    if not region.labels:
        return {}
    if control.kind == "taxonomy" or control.attributes.get("allowNested") == "true":
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

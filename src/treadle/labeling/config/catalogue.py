"""Every tag of the labelling language, its attributes and their defaults: one tuple, ``TAGS``.

The defaults are those that Label Studio 1.23's code applies (its manual differs in places). A tag or an
attribute that is not here is kept as it was written; it only has no default.
To add a tag: one line in ``TAGS``, and, when it writes results of a new shape, one entry in ``shapes.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: What an attribute may be: text, a switch, a number, or nothing unless it is written.
AttributeValue: TypeAlias = "str | bool | float | None"

#: object: shows data and can be labelled.  control: writes results.  label: a value of a control.
#: part: belongs to its parent (a channel, a bucket).  visual: only layout.
Role = Literal["object", "control", "label", "part", "visual"]


@dataclass(frozen=True, slots=True)
class TagKind:
    """What is known of one tag: what it is for, what it writes, and its attributes with defaults."""

    name: str
    role: Role
    defaults: dict[str, AttributeValue]
    #: Result types that a control writes, the usual one first.
    result_types: tuple[str, ...] = ()
    #: Objects that a control works on; empty: any.
    works_on: tuple[str, ...] = ()
    #: A control that means nothing without labels.
    needs_labels: bool = False


_CLASSIFICATION: dict[str, AttributeValue] = {
    "name": None, "toName": None, "required": False, "requiredMessage": None,
    "perRegion": False, "perItem": False, "visibleWhen": None, "whenTagName": None, "whenLabelValue": None,
    "whenChoiceValue": None, "whenRole": None,
}  # fmt: skip
_VISIBLE: dict[str, AttributeValue] = {
    "visibleWhen": None, "whenTagName": None, "whenLabelValue": None, "whenChoiceValue": None,
    "whenRole": None,
}  # fmt: skip
_REGION: dict[str, AttributeValue] = {
    "name": None, "toName": None, "required": False, "requiredMessage": None, **_VISIBLE,
}  # fmt: skip
_LABELS: dict[str, AttributeValue] = {
    **_REGION, "choice": "single", "maxUsages": None, "showInline": True, "opacity": 0.2, "fillColor": None,
    "strokeColor": "#f48a42", "strokeWidth": 1.0, "fillOpacity": None, "allowEmpty": False, "value": None,
}  # fmt: skip
_SMART: dict[str, AttributeValue] = {"smart": None, "smartOnly": False}
_RECTANGLE: dict[str, AttributeValue] = {"canRotate": True, "snap": "none", **_SMART}
_POLYGON: dict[str, AttributeValue] = {
    "strokeWidth": 2.0, "pointSize": "small", "pointStyle": "circle", "snap": "none", **_SMART,
}  # fmt: skip
_KEYPOINT: dict[str, AttributeValue] = {
    "opacity": 0.9, "fillColor": "#8bad00", "strokeWidth": 2.0, "snap": "none", **_SMART,
}  # fmt: skip
_VECTOR: dict[str, AttributeValue] = {
    "closable": False, "curves": False, "skeleton": False, "minPoints": None, "maxPoints": None,
    "pointSizeEnabled": 5.0, "pointSizeDisabled": 3.0, "snap": "none",
}  # fmt: skip
_PLAIN_SHAPE: dict[str, AttributeValue] = {
    **_REGION, "opacity": 0.2, "fillColor": "#f48a42", "strokeColor": "#f48a42", "strokeWidth": 1.0,
    "fillOpacity": None,
}  # fmt: skip
_SPAN_LABELS: dict[str, AttributeValue] = {
    **_REGION, "choice": "single", "maxUsages": None, "showInline": True, "allowEmpty": False, "value": None,
}  # fmt: skip
_LABEL: dict[str, AttributeValue] = {
    "value": None, "selected": False, "maxUsages": None, "hint": None, "hotkey": None, "alias": None,
    "showAlias": False, "aliasStyle": "opacity: 0.6", "size": "medium", "background": None,
    "selectedColor": "#fff", "granularity": None, "html": None, "category": None, "groupCanContain": None,
    "model_index": None, "predicted_values": None,
}  # fmt: skip
_CHOICE: dict[str, AttributeValue] = {
    "value": None, "alias": None, "selected": False, "hotkey": None, "html": None, "hint": None,
    "style": None, "color": None,
}  # fmt: skip
_TEXT: dict[str, AttributeValue] = {
    "name": None, "value": None, "valueType": "text", "saveTextResult": None, "selectionEnabled": True,
    "highlightColor": None, "showLabels": None, "granularity": "symbol", "encoding": "none",
}  # fmt: skip
_PLAYER: dict[str, AttributeValue] = {
    "name": None, "value": None, "hotkey": None, "sync": None, "muted": False,
}  # fmt: skip
_PLOT: dict[str, AttributeValue] = {
    "height": 200.0, "showAxis": True, "showYAxis": True, "fixedScale": None,
}  # fmt: skip

_SHAPED = ("Image",)
_IMAGE_OR_PDF = ("Image", "Pdf")
_TEXTUAL = ("Text", "HyperText")


def _shape(name: str, defaults: dict[str, AttributeValue], *result_types: str) -> TagKind:
    return TagKind(name, "control", defaults, result_types or (name.lower(),), _SHAPED)


def _shape_labels(name: str, defaults: dict[str, AttributeValue], plain: str) -> TagKind:
    return TagKind(
        name, "control", {**_LABELS, **defaults}, (name.lower(), plain), _SHAPED, needs_labels=True
    )


def _span_labels(name: str, defaults: dict[str, AttributeValue], *objects: str) -> TagKind:
    return TagKind(name, "control", {**_SPAN_LABELS, **defaults}, (name.lower(),), objects, needs_labels=True)


def _answer(name: str, defaults: dict[str, AttributeValue], *, needs_labels: bool = False) -> TagKind:
    return TagKind(
        name, "control", {**_CLASSIFICATION, **defaults}, (name.lower(),), needs_labels=needs_labels
    )


OBJECT_TAGS: tuple[TagKind, ...] = (
    TagKind("Text", "object", _TEXT),
    TagKind("Image", "object", {
        "name": None, "value": None, "valueList": None, "width": "100%", "maxWidth": "100%", "height": None,
        "maxHeight": "calc(100vh - 194px)", "smoothing": None, "zoom": True, "negativeZoom": False,
        "zoomBy": 1.1, "zoomControl": True, "brightnessControl": False, "contrastControl": False,
        "rotateControl": False, "selectionControl": True, "crosshair": False, "grid": False, "gridSize": 30.0,
        "gridColor": "#EEEEF4", "showLabels": None, "horizontalAlignment": "left", "verticalAlignment": "top",
        "defaultZoom": "auto", "crossOrigin": "none", "resize": None,
    }),
    TagKind("Audio", "object", {
        **_PLAYER, "zoom": None, "speed": None, "volume": None, "defaultZoom": None, "defaultSpeed": None,
        "defaultScale": None, "defaultVolume": None, "height": 96.0, "waveHeight": 32.0,
        "splitChannels": False, "spectrogram": False, "decoder": "webaudio", "player": "html5",
        "showLabels": None, "showScores": None, "cursorColor": None, "autoCenter": None,
    }),
    TagKind("Paragraphs", "object", {
        "name": None, "value": None, "valueType": "json", "layout": "none", "nameKey": "author",
        "textKey": "text", "audioUrl": None, "sync": None, "showPlayer": False, "saveTextResult": "yes",
        "contextScroll": False, "showLabels": None, "highlightColor": None, "granularity": None,
    }),
    TagKind("TimeSeries", "object", {
        "name": None, "value": None, "valueType": "url", "timeColumn": None, "sep": ",", "timeFormat": None,
        "timeDisplayFormat": None, "durationDisplayFormat": ".0f", "overviewChannels": None,
        "overviewWidth": "25%", "fixedScale": False, "multiAxis": False, "sync": None, "cursorColor": None,
    }),
    TagKind("Video", "object", {
        **_PLAYER, "frameRate": "24", "height": 600.0, "timelineHeight": None, "defaultPlaybackSpeed": 1.0,
        "minPlaybackSpeed": 0.25,
    }),
    TagKind("HyperText", "object", {**_TEXT, "inline": False, "clickableLinks": False}),
    TagKind("List", "object", {"name": None, "value": None, "title": None}),
    TagKind("Pdf", "object", {"name": None, "value": None}),
    TagKind("Table", "object", {"name": None, "value": None, "valueType": "json"}),
    # Chat is both: it shows a conversation and records the messages that are added to it.
    TagKind("Chat", "object", {
        "name": None, "value": None, "minMessages": None, "maxMessages": None, "messageroles": None,
        "editable": False, "llm": None,
    }, ("chatmessage",)),
)  # fmt: skip

REGION_TAGS: tuple[TagKind, ...] = (
    TagKind("Labels", "control", _LABELS, ("labels",), needs_labels=True),
    _shape_labels("RectangleLabels", _RECTANGLE, "rectangle"),
    _shape("Rectangle", {**_PLAIN_SHAPE, **_RECTANGLE}),
    _shape_labels("PolygonLabels", _POLYGON, "polygon"),
    _shape("Polygon", {**_PLAIN_SHAPE, **_POLYGON}),
    _shape_labels("BrushLabels", {"strokeWidth": 15.0, **_SMART}, "brush"),
    _shape("Brush", {**_REGION, "strokeWidth": 15.0, **_SMART}),
    _shape("MagicWand", {
        **_REGION, "opacity": 0.6, "blurRadius": 5.0, "defaultThreshold": 15.0,
    }, "magicwand", "brush", "brushlabels"),
    _span_labels("TimeSeriesLabels", {"opacity": 0.9, "strokeWidth": 1.0, "fillColor": None}, "TimeSeries"),
    _span_labels("ParagraphLabels", {}, "Paragraphs"),
    _span_labels("HyperTextLabels", {}, *_TEXTUAL),
    _shape_labels("KeyPointLabels", _KEYPOINT, "keypoint"),
    _shape("KeyPoint", {**_REGION, **_KEYPOINT}),
    TagKind("VideoRectangle", "control", {**_REGION, **_SMART}, ("videorectangle",), ("Video",)),
    _span_labels("TimelineLabels", {}, "Video"),
    _shape_labels("EllipseLabels", {"canRotate": True, **_SMART}, "ellipse"),
    _shape("Ellipse", {**_PLAIN_SHAPE, "canRotate": True, **_SMART}),
    _shape_labels("BitmaskLabels", {"strokeWidth": 15.0, **_SMART}, "bitmask"),
    _shape("Bitmask", {**_REGION, "strokeWidth": 15.0, **_SMART}),
    _shape_labels("VectorLabels", {**_VECTOR, "opacity": 1.0}, "vector"),
    _shape("Vector", {**_PLAIN_SHAPE, **_VECTOR}),
    TagKind("OcrLabels", "control", _LABELS, ("ocrlabels",), _IMAGE_OR_PDF, needs_labels=True),
    TagKind("VideoVector", "control", {**_REGION, **_VECTOR}, ("videovector",), ("Video",)),
    TagKind("VideoVectorLabels", "control", {**_LABELS, **_VECTOR}, ("videovectorlabels", "videovector"),
            ("Video",), needs_labels=True),
)  # fmt: skip

ANSWER_TAGS: tuple[TagKind, ...] = (
    _answer("Choices", {
        "choice": "single", "layout": "vertical", "showInline": False, "value": None, "allowNested": False,
    }, needs_labels=True),
    _answer("TextArea", {
        "rows": 1.0, "maxSubmissions": None, "editable": False, "transcription": False, "placeholder": None,
        "value": None, "showSubmitButton": None, "skipDuplicates": False, "displayMode": "tag",
    }),
    _answer("Rating", {
        "maxRating": 5.0, "defaultValue": 0.0, "size": "medium", "icon": "star", "hotkey": None,
    }),
    _answer("Pairwise", {"selectionStyle": None, "leftClass": None, "rightClass": None}),
    _answer("Ranker", {}),
    _answer("Taxonomy", {
        "apiUrl": None, "leafsOnly": False, "showFullPath": False, "pathSeparator": " / ", "maxUsages": None,
        "minWidth": None, "maxWidth": None, "dropdownWidth": None, "placeholder": None, "labeling": False,
        "legacy": False, "value": None,
    }),
    _answer("Number", {
        "min": None, "max": None, "step": None, "defaultValue": None, "slider": False, "hotkey": None,
    }),
    _answer("DateTime", {"only": None, "format": None, "min": None, "max": None, "step": None}),
    _answer("ReactCode", {"outputs": None}),
)  # fmt: skip

PART_TAGS: tuple[TagKind, ...] = (
    TagKind("Label", "label", _LABEL),
    TagKind("Choice", "label", _CHOICE),
    TagKind("Relations", "part", {"choice": "multiple"}),
    TagKind("Relation", "part", {"value": None, "background": "#fff"}),
    TagKind("Bucket", "part", {"name": None, "title": None, "default": False}),
    TagKind("Shortcut", "part", {"value": None, "alias": None, "hotkey": None, "background": "#333333"}),
    TagKind("Channel", "part", {
        **_PLOT, "column": None, "legend": None, "units": None, "displayFormat": ".1f",
        "interpolation": "curveStep", "strokeColor": None, "strokeWidth": 1.0, "markerColor": None,
        "markerSize": None, "markerSymbol": None, "timeRange": None, "dataRange": None,
    }),
    TagKind("MultiChannel", "part", _PLOT),
    # Filter searches the labels of a control; it writes nothing.
    TagKind("Filter", "part", {
        "name": None, "toName": None, "placeholder": "Quick Filter", "minlength": 3.0, "hotkey": None,
        "casesensetive": False, "cleanup": True,
    }),
)  # fmt: skip

VISUAL_TAGS: tuple[TagKind, ...] = (
    TagKind("View", "visual", {
        "display": "block", "style": None, "className": None, "idAttr": None, **_VISIBLE,
    }),
    TagKind("Header", "visual", {"value": None, "size": 4.0, "style": None, "underline": False}),
    TagKind("Style", "visual", {}),
    TagKind("Collapse", "visual", {"accordion": True, "bordered": None, "open": None}),
    TagKind("Panel", "visual", {"value": None, "open": None}),
    TagKind("Markdown", "visual", {
        "value": None, "style": None, "className": None, "idAttr": None, **_VISIBLE,
    }),
    TagKind("Dialog", "visual", {"name": None, "value": None}),
    TagKind("Repeater", "visual", {"on": None, "indexFlag": "{{idx}}", "mode": "list"}),
)  # fmt: skip

TAGS: tuple[TagKind, ...] = OBJECT_TAGS + REGION_TAGS + ANSWER_TAGS + PART_TAGS + VISUAL_TAGS

_BY_LOWER_NAME = {kind.name.lower(): kind for kind in TAGS}
_ATTRIBUTE_NAMES = {kind.name: {name.lower(): name for name in kind.defaults} for kind in TAGS}


def find_tag(name: str) -> TagKind | None:
    """The tag of that name in any case of letters, or None where it is not in the catalogue."""
    return _BY_LOWER_NAME.get(name.lower())


def attribute_name(kind: TagKind, written: str) -> str:
    """How the catalogue spells an attribute that was written in any case of letters; itself if unknown."""
    return _ATTRIBUTE_NAMES[kind.name].get(written.lower(), written)

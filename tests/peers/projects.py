"""Projects that are made the same way in Label Studio and in Treadle.

Every picture is named after what it is for, so that a difference tells of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_WIDTH_PX, _HEIGHT_PX = 800, 600


@dataclass(frozen=True)
class PeerProject:
    """A project by its config and what is imported to it."""

    name: str
    config: str
    tasks: tuple[dict[str, Any], ...]
    formats: tuple[str, ...]
    #: Names of pictures that are uploaded instead, each with one box.
    uploads: tuple[str, ...] = ()


def _region(name: str, kind: str, region_id: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": region_id,
        "from_name": name,
        "to_name": "img",
        "type": kind,
        "original_width": _WIDTH_PX,
        "original_height": _HEIGHT_PX,
        "image_rotation": 0,
        "value": value,
        **more,
    }


def box(*labels: str, region_id: str = "r", **changes: float) -> dict[str, Any]:
    """A rectangle of 30 × 15 percent with these labels."""
    value = {"x": 10.5, "y": 20.25, "width": 30, "height": 15, "rotation": 0, **changes}
    return _region("box", "rectanglelabels", region_id, {**value, "rectanglelabels": list(labels)})


def _polygon(label: str, *points: list[float], region_id: str = "p") -> dict[str, Any]:
    value = {"points": list(points), "closed": True, "polygonlabels": [label]}
    return _region("poly", "polygonlabels", region_id, value)


def _point(label: str, x: float, parent_id: str, region_id: str) -> dict[str, Any]:
    value = {"x": x, "y": 22, "width": 0.5, "keypointlabels": [label]}
    return _region("kp", "keypointlabels", region_id, value, parentID=parent_id)


def _choice(word: str) -> dict[str, Any]:
    return {"id": "c", "from_name": "q", "to_name": "img", "type": "choices", "value": {"choices": [word]}}


def _picture(name: str, *results: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    done = [{"result": result, "lead_time": 2.5, "ground_truth": False} for result in results]
    return {"data": {"image": f"https://example.com/{name}.jpg"}, "annotations": done, **more}


def _text(text: str, *spans: tuple[int, int, str]) -> dict[str, Any]:
    result = [
        {
            "id": f"s{start}",
            "from_name": "ner",
            "to_name": "t",
            "type": "labels",
            "value": {"start": start, "end": end, "text": text[start:end], "labels": [label]},
        }
        for start, end, label in spans
    ]
    done = {"result": result, "lead_time": 2.5, "ground_truth": False}
    return {"data": {"text": text}, "annotations": [done]}


_SKIPPED = {"result": [], "was_cancelled": True, "ground_truth": False}
_FLAT = ("JSON", "JSON_MIN", "CSV", "TSV")
_PICTURES = (*_FLAT, "COCO", "YOLO", "YOLO_OBB", "VOC")

BOXES = PeerProject(
    "boxes",
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Zebra"/><Label value="Ant"/></RectangleLabels>'
    '<Choices name="q" toName="img"><Choice value="good"/><Choice value="bad"/></Choices></View>',
    (
        _picture("plain", [box("Ant"), box("Zebra", region_id="s", x=0, y=0, width=100, height=100)]),
        _picture("answered", [box("Zebra"), _choice("good")]),
        _picture("turned", [box("Ant", rotation=30)]),
        _picture("edge", [box("Ant", x=90, y=-0.5, width=11)]),
        _picture("labels", [box("Ant", "Zebra")]),
        _picture("nothing", []),
        _picture("twice", [box("Ant")], [box("Zebra")]),
        _picture("skipped", annotations=[_SKIPPED]),
        {"data": {"image": "https://example.com/nobody.jpg"}},
    ),
    _PICTURES,
)
SHAPES = PeerProject(
    "shapes",
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Coin"/></RectangleLabels><PolygonLabels name="poly" toName="img">'
    '<Label value="Lake"/></PolygonLabels><EllipseLabels name="ell" toName="img">'
    '<Label value="Ball"/></EllipseLabels></View>',
    (
        _picture("polygon", [_polygon("Lake", [10, 10], [30, 12], [25, 30])]),
        _picture("both", [box("Coin"), _polygon("Lake", [10, 10], [30, 10], [30, 20], [10, 20])]),
        _picture(
            "ellipse",
            [
                _region(
                    "ell",
                    "ellipselabels",
                    "e",
                    {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 0, "ellipselabels": ["Ball"]},
                )
            ],
        ),
    ),
    _PICTURES,
)
POSES = PeerProject(
    "poses",
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Person"/></RectangleLabels><KeyPointLabels name="kp" toName="img">'
    '<Label value="nose" model_index="0"/><Label value="ear" model_index="1"/></KeyPointLabels></View>',
    (_picture("pose", [box("Person"), _point("nose", 15, "r", "k1"), _point("ear", 18, "r", "k2")]),),
    (*_FLAT, "COCO", "YOLO"),
)
TEXTS = PeerProject(
    "texts",
    '<View><Labels name="ner" toName="t"><Label value="Person"/><Label value="Place Name"/></Labels>'
    '<Text name="t" value="$text"/></View>',
    (
        _text("Ada Lovelace met Ada.", (0, 12, "Person"), (17, 20, "Person")),
        _text("She lives in New York, they say.", (13, 21, "Place Name")),
        _text("It's 3.5% of the others' $10, isn't it?"),
        _text("One here. Two there.", (0, 3, "Person")),
        _text("An anti-Roman view", (8, 13, "Place Name")),
        _text("Bank of England", (0, 15, "Place Name"), (8, 15, "Person")),
    ),
    (*_FLAT, "CONLL2003"),
)
ANSWERS = PeerProject(
    "answers",
    '<View><Text name="t" value="$text"/><Choices name="c" toName="t" choice="multiple"><Choice value="a"/>'
    '<Choice value="b"/></Choices><TextArea name="ta" toName="t"/><Rating name="ra" toName="t"/></View>',
    (
        {
            "data": {"text": 'say "hi",\nthen; é😀', "n": 1, "obj": {"k": [1, "a/b"]}, "id": 77},
            "annotations": [
                {
                    "lead_time": 2.5,
                    "ground_truth": False,
                    "result": [
                        {
                            "id": name,
                            "from_name": name,
                            "to_name": "t",
                            "type": kind,
                            "value": {key: said},
                        }
                        for name, kind, key, said in (
                            ("c", "choices", "choices", ["a", "b"]),
                            ("ta", "textarea", "text", ["one"]),
                            ("ra", "rating", "rating", 4),
                        )
                    ],
                }
            ],
        },
    ),
    _FLAT,
)
UPLOADS = PeerProject(
    "uploads",
    BOXES.config,
    (),
    ("COCO_WITH_IMAGES", "YOLO_WITH_IMAGES", "YOLO_OBB_WITH_IMAGES"),
    uploads=("first.png", "second.png"),
)

PROJECTS = (BOXES, SHAPES, POSES, TEXTS, ANSWERS, UPLOADS)

"""What YOLO found in a picture, as regions of the label config."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from treadle.ml import Region, brush, choice, keypoint, oriented, polygon, rectangle
from treadle.ml.builtin.yolo.tasks import Asked
from treadle.ml.yolo import Kind

Size = tuple[int, int]
#: Of a pose, points that are less sure were guessed.
_LEAST_POINT = 0.5
#: What pre-trained poses call their points, in order.
POINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


def regions(found: Any, asked: Asked, points: Sequence[str], size: Size) -> list[Region]:
    """The regions of one picture. found: as ultralytics tells it; points: what it calls those of a pose."""
    return list(_DRAWN[asked.kind](found, asked, points, size))


def classes(found: Any, asked: Asked, confidence: float) -> list[Region]:
    """The likeliest class of a picture; of several that may hold, each that is likelier than not."""
    likely = found.probs.data.cpu().numpy()
    names = found.names
    if asked.control.attributes.get("choice", "").lower() == "multiple":
        chosen = [place for place in np.argsort(-likely) if likely[place] >= max(confidence, 0.5)]
    else:
        chosen = [int(likely.argmax())] if likely.max() >= confidence else []
    if not chosen:
        return []
    score = float(np.mean([likely[place] for place in chosen]))
    return [choice(*(names[int(place)] for place in chosen), score=score, control=asked.shape_name)]


def _boxes(found: Any, asked: Asked, _points: Sequence[str], size: Size) -> Iterator[Region]:
    for number, box in enumerate(found.boxes):
        left, top, right, bottom = box.xyxy[0].tolist()
        yield rectangle(
            found.names[int(box.cls)],
            left,
            top,
            right - left,
            bottom - top,
            score=float(box.conf),
            size=size,
            control=asked.shape_name,
            id=f"y{number}" if asked.kind == "pose" else None,
        )


def _turned(found: Any, asked: Asked, _points: Sequence[str], size: Size) -> Iterator[Region]:
    for box in found.obb:
        x, y, width, height, radians = box.xywhr[0].tolist()
        label = found.names[int(box.cls)]
        degrees = float(np.degrees(radians))
        yield oriented(
            label, x, y, width, height, degrees, score=float(box.conf), size=size, control=asked.shape_name
        )


def _outlines(found: Any, asked: Asked, _points: Sequence[str], size: Size) -> Iterator[Region]:
    for outline, box in zip(found.masks.xy if found.masks is not None else (), found.boxes, strict=False):
        if len(outline) < 3:
            continue
        label, score = found.names[int(box.cls)], float(box.conf)
        if asked.shape.kind.startswith("brush"):
            yield brush(label, _filled(outline, size), score=score, control=asked.shape_name)
        else:
            yield polygon(label, outline.tolist(), score=score, size=size, control=asked.shape_name)


def _poses(found: Any, asked: Asked, points: Sequence[str], size: Size) -> Iterator[Region]:
    control = asked.points.name if asked.points else None
    boxes = list(_boxes(found, asked, points, size))
    for box, marked in zip(boxes, found.keypoints or (), strict=False):
        yield box
        sure = marked.conf[0].tolist() if marked.conf is not None else [1.0] * len(points)
        for name, (x, y), score in zip(points, marked.xy[0].tolist(), sure, strict=False):
            if score >= _LEAST_POINT and (x, y) != (0.0, 0.0):
                yield keypoint(name, x, y, score=score, size=size, control=control, parent=box.id)


def _filled(outline: Any, size: Size) -> Any:
    canvas = Image.new("1", size)
    ImageDraw.Draw(canvas).polygon([tuple(point) for point in outline.tolist()], fill=1)
    return np.asarray(canvas)


_Drawing = Callable[[Any, Asked, Sequence[str], Size], Iterator[Region]]
_DRAWN: dict[Kind, _Drawing] = {
    "detect": _boxes,
    "obb": _turned,
    "segment": _outlines,
    "pose": _poses,
}

"""The shapes that values of results have, one struct for each, and which result type has which.

Coordinates on pictures are percent of the picture, 0 to 100; ``SLACK`` beyond is let through, since models
and rounding overshoot.  Times are seconds, offsets count code points, frames count from 1.
``check()`` yields what a struct's types cannot say, as pairs of path and sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

#: Percent beyond the edge of a picture that is let through.
SLACK = 1.0

Percent = Annotated[float, Meta(ge=-SLACK, le=100 + SLACK)]
Finite = Annotated[float, Meta(ge=-1e9, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Byte = Annotated[int, Meta(ge=0, le=255)]
Point = tuple[Percent, Percent]
Wrong = Iterator[tuple[str, str]]
Names = list[str] | None


class Value(Struct):
    """What every value may carry: the labels, under the name of the result's type."""

    labels: Names = None
    rectanglelabels: Names = None
    polygonlabels: Names = None
    ellipselabels: Names = None
    keypointlabels: Names = None
    brushlabels: Names = None
    bitmasklabels: Names = None
    vectorlabels: Names = None
    timeserieslabels: Names = None
    hypertextlabels: Names = None
    paragraphlabels: Names = None
    timelinelabels: Names = None
    ocrlabels: Names = None
    videovectorlabels: Names = None

    def check(self) -> Wrong:
        return iter(())


class Rectangle(Value, kw_only=True):
    x: Finite
    y: Finite
    width: NotNegative
    height: NotNegative
    #: Degrees clockwise about the top left corner.
    rotation: Finite = 0.0

    def check(self) -> Wrong:
        # Turned about its corner, a box inside the picture may have that corner outside of it.
        if self.rotation % 360 == 0:
            yield from _outside(self, ("x", "y", "width", "height"))


class Ellipse(Value, kw_only=True):
    #: The centre.
    x: Percent
    y: Percent
    radiusX: NotNegative
    radiusY: NotNegative
    rotation: Finite = 0.0

    def check(self) -> Wrong:
        if self.rotation % 180 == 0:
            yield from _outside(self, ("radiusX", "radiusY"))


def _outside(value: Any, names: Sequence[str]) -> Wrong:
    for name in names:
        number = getattr(value, name)
        if not -SLACK <= number <= 100 + SLACK:
            yield f".{name}", f"{number:g} is not a percentage from 0 to 100"


class Polygon(Value, kw_only=True):
    points: list[Point]
    closed: bool | None = None

    def check(self) -> Wrong:
        fewest = 1 if self.closed is False else 3
        if len(self.points) < fewest:
            yield ".points", f"holds {len(self.points)} points, and needs at least {fewest}"


class KeyPoint(Value, kw_only=True):
    x: Percent
    y: Percent
    #: Size of the dot in percent of the picture's width.
    width: NotNegative | None = None


class Handle(Struct):
    x: Finite
    y: Finite


class Vertex(Struct):
    x: Percent
    y: Percent
    id: str | None = None
    prevPointId: str | None = None
    isBezier: bool | None = None
    controlPoint1: Handle | None = None
    controlPoint2: Handle | None = None


class Vector(Value, kw_only=True):
    vertices: Annotated[list[Vertex], Meta(min_length=1)]
    closed: bool | None = None


class Brush(Value, kw_only=True):
    format: Literal["rle"] | None = None
    rle: list[Byte] | None = None
    #: Drafts may hold a mask as strokes or as a picture until it is packed.
    touches: list[Any] | None = None
    maskDataURL: str | None = None

    def check(self) -> Wrong:
        if self.rle is None and self.touches is None and self.maskDataURL is None:
            yield ".rle", "is missing"


class Bitmask(Value, kw_only=True):
    imageDataURL: str

    def check(self) -> Wrong:
        if not self.imageDataURL.startswith("data:image/"):
            yield ".imageDataURL", "is not a picture: it must begin with data:image/"


class Span(Value, kw_only=True):
    """Part of a text, in code points, the end exclusive."""

    start: Count
    end: Count

    def check(self) -> Wrong:
        yield from _backwards(self.start, self.end)


class PathSpan(Value, kw_only=True):
    """Part of a page (XPaths) or of paragraphs (their numbers), with offsets inside each end."""

    start: str | Count
    end: str | Count
    startOffset: Count
    endOffset: Count
    globalOffsets: GlobalOffsets | None = None


class GlobalOffsets(Struct):
    start: Count
    end: Count


class Seconds(Value, kw_only=True):
    start: NotNegative
    end: NotNegative
    channel: Count | None = None

    def check(self) -> Wrong:
        yield from _backwards(self.start, self.end)


class TimeRange(Value, kw_only=True):
    """Part of a time series: numbers, or times in the column's own format."""

    start: float | str
    end: float | str
    instant: bool | None = None

    def check(self) -> Wrong:
        if isinstance(self.start, float) and isinstance(self.end, float):
            yield from _backwards(self.start, self.end)


def _backwards(start: float, end: float) -> Wrong:
    if start > end:
        yield ".end", f"{end:g} is before the start, {start:g}"


class KeyFrame(Struct):
    frame: Count
    x: Finite | None = None
    y: Finite | None = None
    width: NotNegative | None = None
    height: NotNegative | None = None
    rotation: Finite | None = None
    enabled: bool | None = None
    time: NotNegative | None = None


class VideoRectangle(Value, kw_only=True):
    sequence: list[KeyFrame]
    framesCount: NotNegative | None = None
    duration: NotNegative | None = None

    def check(self) -> Wrong:
        for i, frame in enumerate(self.sequence):
            for name in ("x", "y", "width", "height"):
                if getattr(frame, name) is None:
                    yield f".sequence[{i}].{name}", "is missing"


class VectorFrame(Struct):
    frame: Count
    vertices: list[Vertex]
    closed: bool | None = None
    enabled: bool | None = None
    time: NotNegative | None = None


class VideoVector(Value, kw_only=True):
    sequence: list[VectorFrame]
    framesCount: NotNegative | None = None
    duration: NotNegative | None = None


class FrameRange(Struct):
    start: Count
    end: Count


class Timeline(Value, kw_only=True):
    ranges: list[FrameRange]

    def check(self) -> Wrong:
        for i, part in enumerate(self.ranges):
            for path, sentence in _backwards(part.start, part.end):
                yield f".ranges[{i}]{path}", sentence


class Answer(Value):
    """A value without geometry of its own; in a region it repeats the region's."""

    key: ClassVar[str] = ""


class Choices(Answer, kw_only=True):
    key: ClassVar[str] = "choices"
    choices: list[str | list[str]]


class Taxonomy(Answer, kw_only=True):
    key: ClassVar[str] = "taxonomy"
    taxonomy: list[list[str]]


class TextArea(Answer, kw_only=True):
    key: ClassVar[str] = "text"
    text: str | list[str]


class Rating(Answer, kw_only=True):
    key: ClassVar[str] = "rating"
    rating: Count


class Number(Answer, kw_only=True):
    key: ClassVar[str] = "number"
    number: float


class DateTime(Answer, kw_only=True):
    key: ClassVar[str] = "datetime"
    datetime: str


class Pairwise(Answer, kw_only=True):
    key: ClassVar[str] = "selected"
    selected: Literal["left", "right"]


class Ranker(Answer, kw_only=True):
    key: ClassVar[str] = "ranker"
    ranker: dict[str, list[str]]


class Message(Struct):
    role: str
    content: Any = None


class ChatMessage(Answer, kw_only=True):
    key: ClassVar[str] = "chatmessage"
    chatmessage: Message


class ReactCode(Answer, kw_only=True):
    key: ClassVar[str] = "reactcode"
    reactcode: dict[str, Any]


class Keys(Struct):
    """Which geometry a value holds, where the result's type does not tell."""

    points: Raw | UnsetType = UNSET
    vertices: Raw | UnsetType = UNSET
    radiusX: Raw | UnsetType = UNSET
    rle: Raw | UnsetType = UNSET
    touches: Raw | UnsetType = UNSET
    maskDataURL: Raw | UnsetType = UNSET
    imageDataURL: Raw | UnsetType = UNSET
    sequence: Raw | UnsetType = UNSET
    ranges: Raw | UnsetType = UNSET
    startOffset: Raw | UnsetType = UNSET
    start: Raw | UnsetType = UNSET
    height: Raw | UnsetType = UNSET
    x: Raw | UnsetType = UNSET


#: Result types whose value has one shape always.
SHAPES: dict[str, type[Value]] = {
    "rectangle": Rectangle, "rectanglelabels": Rectangle, "ocrlabels": Rectangle,
    "polygon": Polygon, "polygonlabels": Polygon,
    "ellipse": Ellipse, "ellipselabels": Ellipse,
    "keypoint": KeyPoint, "keypointlabels": KeyPoint,
    "vector": Vector, "vectorlabels": Vector,
    "brush": Brush, "brushlabels": Brush, "magicwand": Brush,
    "bitmask": Bitmask, "bitmasklabels": Bitmask,
    "paragraphlabels": PathSpan,
    "timeserieslabels": TimeRange,
    "videorectangle": VideoRectangle,
    "videovector": VideoVector, "videovectorlabels": VideoVector,
    "timelinelabels": Timeline,
    "choices": Choices, "taxonomy": Taxonomy, "textarea": TextArea, "rating": Rating, "number": Number,
    "datetime": DateTime, "pairwise": Pairwise, "ranker": Ranker, "chatmessage": ChatMessage,
    "reactcode": ReactCode,
}  # fmt: skip

#: Geometry by the first key that a value holds, for types that label any object.
_BY_KEY: tuple[tuple[str, type[Value]], ...] = (
    ("points", Polygon), ("vertices", Vector), ("radiusX", Ellipse), ("rle", Brush), ("touches", Brush),
    ("maskDataURL", Brush), ("imageDataURL", Bitmask), ("sequence", VideoRectangle), ("ranges", Timeline),
    ("startOffset", PathSpan),
)  # fmt: skip

#: What ``start`` and ``end`` without offsets mean.
_BY_OBJECT: dict[str | None, type[Value]] = {"Text": Span, "HyperText": Span, "TimeSeries": TimeRange}

DECODERS = {shape: msgspec.json.Decoder(shape) for shape in {*SHAPES.values(), Span, Seconds}}
_KEYS = msgspec.json.Decoder(Keys)


def find_geometry(raw: Raw, object_tag: str | None) -> type[Value] | None:
    """The shape of the region that a value describes, or None where it describes none.

    Raises msgspec.ValidationError when the value is no object.
    """
    keys = _KEYS.decode(raw)
    for name, shape in _BY_KEY:
        if getattr(keys, name) is not UNSET:
            return shape
    if keys.start is not UNSET:
        return _BY_OBJECT.get(object_tag, Seconds)
    if keys.height is not UNSET:
        return Rectangle
    return None if keys.x is UNSET else KeyPoint

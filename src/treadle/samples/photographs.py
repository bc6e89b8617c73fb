"""The sample project "Garage and things": ten photographs, five ways to label them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from treadle.samples.projects import SamplePicture, SamplePrediction, SampleProject, SampleTask
from treadle.samples.shapes import find_coins, find_flower, find_motorcycle
from treadle.samples.sources import Source, scikit_image_picture, scikit_learn_picture

_CONFIG = """<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="box" toName="image">
    <Label value="motorcycle" background="#e8590c"/>
    <Label value="wheel" background="#1c7ed6"/>
    <Label value="cardboard box" background="#ae3ec9"/>
    <Label value="person" background="#0c8599"/>
    <Label value="building" background="#c2255c"/>
    <Label value="cat" background="#5f3dc4"/>
  </RectangleLabels>
  <PolygonLabels name="outline" toName="image">
    <Label value="tank" background="#2b8a3e"/>
    <Label value="flower" background="#d6336c"/>
    <Label value="rocket" background="#495057"/>
  </PolygonLabels>
  <EllipseLabels name="ellipse" toName="image">
    <Label value="coin" background="#a67c00"/>
    <Label value="cup" background="#862e2e"/>
    <Label value="lamp" background="#f08c00"/>
  </EllipseLabels>
  <KeyPointLabels name="point" toName="image" strokeWidth="4">
    <Label value="eye" background="#087f5b"/>
    <Label value="tip" background="#364fc7"/>
  </KeyPointLabels>
  <Choices name="condition" toName="image" choice="single-radio" showInLine="true">
    <Choice value="sharp"/>
    <Choice value="blurred"/>
    <Choice value="partly blurred"/>
  </Choices>
</View>"""

_INSTRUCTION = """Box motorcycles, wheels, cardboard boxes, people, buildings and cats. \
Outline tanks, flowers and rockets. Put an ellipse on coins, cups and lamps, and a point on eyes and \
on the tips of towers. Then say whether the picture is sharp. Dashed regions are suggestions that \
image processing computed: accept them, or mend them first."""

_CC0 = "CC0 1.0"
_CC_BY = "CC BY 2.0"
_STEREO = Source(
    "Middlebury 2014 stereo benchmark, in scikit-image",
    "Nera Nesic, Porter Westling, Xi Wang, York Kitajima, Greg Krathwohl, Daniel Scharstein",
    "none stated; the authors ask to be cited (GCPR 2014)",
)


@dataclass(frozen=True)
class _Photograph:
    title: str
    path: Callable[[], Path]
    source: Source
    predict: Callable[[Path], SamplePrediction] | None = None


def _skimage(name: str) -> Callable[[], Path]:
    return lambda: scikit_image_picture(name)


def _sklearn(name: str) -> Callable[[], Path]:
    return lambda: scikit_learn_picture(name)


_PHOTOGRAPHS = (
    _Photograph("Motorcycle, left eye", _skimage("motorcycle_left.png"), _STEREO, find_motorcycle),
    _Photograph(
        "Greek coins from Pompeii",
        _skimage("coins.png"),
        Source("Brooklyn Museum, in scikit-image", "Brooklyn Museum", "no known copyright restrictions"),
        find_coins,
    ),
    _Photograph(
        "Dahlia",
        _sklearn("flower.jpg"),
        Source("Flickr, in scikit-learn", "vultilion", _CC_BY),
        find_flower,
    ),
    _Photograph(
        "Coffee",
        _skimage("coffee.png"),
        Source("scikit-image", "Rachel Michetti, Pikolo Espresso Bar", _CC0),
    ),
    _Photograph("Pagoda", _sklearn("china.jpg"), Source("Flickr, in scikit-learn", "danielbuechele", _CC_BY)),
    _Photograph(
        "Chelsea the cat", _skimage("chelsea.png"), Source("scikit-image", "Stéfan van der Walt", _CC0)
    ),
    _Photograph(
        "Falcon 9 with DSCOVR",
        _skimage("rocket.jpg"),
        Source("SpaceX Photos, in scikit-image", "SpaceX", "public domain"),
    ),
    _Photograph(
        "Eileen Collins",
        _skimage("astronaut.png"),
        Source("NASA Great Images, in scikit-image", "NASA", "public domain"),
    ),
    _Photograph("Photographer", _skimage("camera.png"), Source("scikit-image", "Lav Varshney", _CC0)),
    _Photograph("Motorcycle, right eye", _skimage("motorcycle_right.png"), _STEREO),
)


@cache
def photographs_project() -> SampleProject:
    """The photographs, three of them with suggestions.

    Raises Unsupported("samples-not-installed").
    """
    return SampleProject(
        title="Garage and things",
        description="Ten photographs to box, outline and point at. Who took each, and its licence, "
        "stand in the columns credit and licence.",
        instruction=_INSTRUCTION,
        label_config=_CONFIG,
        color="#e8590c",
        tasks=tuple(_task(photograph) for photograph in _PHOTOGRAPHS),
    )


def _task(photograph: _Photograph) -> SampleTask:
    path = photograph.path()
    return SampleTask(
        data={
            "title": photograph.title,
            "source": photograph.source.name,
            "credit": photograph.source.credit,
            "licence": photograph.source.licence,
        },
        picture=SamplePicture("image", path.name, path.read_bytes()),
        prediction=photograph.predict(path) if photograph.predict else None,
    )

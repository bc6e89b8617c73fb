"""Suggestions for photographs, computed by scikit-image.

Every number in them is measured in the picture. The score of a region is its solidity, the part of
its convex hull that it fills: a whole coin has 0.98, a shape with holes and bays less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import degrees
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from treadle.samples.projects import SamplePrediction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

#: Smaller than the smallest coin, larger than the specks beside them.
_SMALLEST_COIN_PX = 300
#: A part that stands this much nearer to the camera than the floor behind it (disparity).
_ABOVE_FLOOR_PX = 6
#: From this row down one sees mostly floor.
_FLOOR_ROW = 300
#: How far the simplified outline may leave the measured one.
_OUTLINE_TOLERANCE_PX = 3.0
#: Arrays count pixels by their centres, pictures measure from the corner.
_HALF_PX = 0.5


@dataclass(frozen=True)
class _Canvas:
    width_px: int
    height_px: int

    def region(self, number: int, control: str, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """One region in Label Studio's format; ``kind`` as in ``rectanglelabels``."""
        return {
            "id": f"{control}-{number}",
            "from_name": control,
            "to_name": "image",
            "type": kind,
            "original_width": self.width_px,
            "original_height": self.height_px,
            "image_rotation": 0,
            "value": dict(value),
        }

    def x(self, x_px: float) -> float:
        """Percent of the width."""
        return round(float(x_px) / self.width_px * 100, 4)

    def y(self, y_px: float) -> float:
        """Percent of the height."""
        return round(float(y_px) / self.height_px * 100, 4)


def find_coins(path: Path) -> SamplePrediction:
    """An ellipse on every coin: watershed on the edges, then the ellipse of equal moments."""
    import numpy as np
    from scipy import ndimage
    from skimage import filters, measure, segmentation

    picture = np.asarray(Image.open(path))
    markers = np.zeros(picture.shape, dtype=np.int32)
    markers[picture < 30] = 1
    markers[picture > 150] = 2
    coins = segmentation.watershed(filters.sobel(picture), markers) == 2
    found = measure.regionprops(measure.label(ndimage.binary_fill_holes(coins)))
    canvas = _Canvas(picture.shape[1], picture.shape[0])
    large = [one for one in found if one.area > _SMALLEST_COIN_PX]
    regions = [_ellipse(canvas, number, one) for number, one in enumerate(large, start=1)]
    return _prediction("watershed (scikit-image)", regions)


def _ellipse(canvas: _Canvas, number: int, coin: Any) -> dict[str, Any]:
    row, column = coin.centroid
    # The minor axis across and the major axis down, then turned by the orientation.
    value = {
        "x": canvas.x(column + _HALF_PX),
        "y": canvas.y(row + _HALF_PX),
        "radiusX": canvas.x(coin.axis_minor_length / 2),
        "radiusY": canvas.y(coin.axis_major_length / 2),
        "rotation": round(degrees(-coin.orientation) % 180, 2),
        "ellipselabels": ["coin"],
    }
    region = canvas.region(number, "ellipse", "ellipselabels", value)
    return {**region, "score": round(float(coin.solidity), 3)}


def find_flower(path: Path) -> SamplePrediction:
    """An outline of the largest thing whose red is above Otsu's threshold."""
    import numpy as np
    from scipy import ndimage
    from skimage import filters, measure, morphology

    picture = np.asarray(Image.open(path))
    red = picture[..., 0]
    bright = morphology.opening(red > filters.threshold_otsu(red), morphology.disk(5))
    mask, flower = _largest(ndimage.binary_fill_holes(bright))
    contour = max(measure.find_contours(np.pad(mask, 1).astype(float), 0.5), key=len) - 1
    outline = measure.approximate_polygon(contour, _OUTLINE_TOLERANCE_PX)[:-1]
    canvas = _Canvas(picture.shape[1], picture.shape[0])
    points = [[canvas.x(column + _HALF_PX), canvas.y(row + _HALF_PX)] for row, column in outline]
    value = {"points": points, "closed": True, "polygonlabels": ["flower"]}
    region = canvas.region(1, "outline", "polygonlabels", value)
    return _prediction("Otsu on red (scikit-image)", [{**region, "score": round(float(flower.solidity), 3)}])


def find_motorcycle(path: Path) -> SamplePrediction:
    """A box around the largest thing that stands in front of the floor, by the measured depth."""
    import numpy as np
    from skimage import filters

    with np.load(path.with_name("motorcycle_disp.npz")) as file:
        disparity = file["arr_0"]
    known = np.isfinite(disparity)
    disparity = np.where(known, disparity, 0)
    near = disparity > filters.threshold_otsu(disparity[known])
    floor = _floor_disparity(disparity, known)
    _, motorcycle = _largest(near & (disparity > floor[:, None] + _ABOVE_FLOOR_PX))
    canvas = _Canvas(disparity.shape[1], disparity.shape[0])
    top, left, bottom, right = motorcycle.bbox
    value = {
        "x": canvas.x(left),
        "y": canvas.y(top),
        "width": canvas.x(right - left),
        "height": canvas.y(bottom - top),
        "rotation": 0,
        "rectanglelabels": ["motorcycle"],
    }
    region = canvas.region(1, "box", "rectanglelabels", value)
    return _prediction(
        "stereo depth (scikit-image)", [{**region, "score": round(float(motorcycle.solidity), 3)}]
    )


def _floor_disparity(disparity: NDArray[np.float64], known: Mask) -> NDArray[np.float64]:
    """The floor's disparity in each row: a line through the low ones of the lower rows."""
    import numpy as np

    rows = np.arange(_FLOOR_ROW, disparity.shape[0])
    low = [np.percentile(disparity[row][known[row]], 10) for row in rows]
    slope, start = np.polyfit(rows, low, 1)
    floor: NDArray[np.float64] = np.maximum(slope * np.arange(disparity.shape[0]) + start, 0)
    return floor


def _largest(mask: Mask) -> tuple[Mask, Any]:
    """The largest connected part of ``mask``, and scikit-image's measures of it."""
    from skimage import measure

    labelled = measure.label(mask)
    largest = max(measure.regionprops(labelled), key=lambda one: one.area)
    return labelled == largest.label, largest


def _prediction(method: str, regions: list[dict[str, Any]]) -> SamplePrediction:
    mean = sum(region["score"] for region in regions) / len(regions)
    return SamplePrediction(method, round(mean, 3), tuple(regions))

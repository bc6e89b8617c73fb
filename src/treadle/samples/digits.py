"""The sample project "Handwritten digits": one choice a picture, each with a suggestion."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

from treadle.samples.projects import SamplePicture, SamplePrediction, SampleProject, SampleTask
from treadle.samples.sources import package_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHOICES = "\n".join(f'    <Choice value="{digit}" hotkey="{digit}"/>' for digit in range(10))
_CONFIG = f"""<View>
  <Image name="image" value="$image"/>
  <Choices name="digit" toName="image" choice="single-radio" showInLine="true" required="true">
{_CHOICES}
  </Choices>
</View>"""

_COUNT = 60
_NEIGHBOURS = 5
#: 8 × 8 values of 0 to 16, drawn this much larger, so that each is a crisp square.
_SCALE = 32


@cache
def digits_project() -> SampleProject:
    """Sixty digits that people wrote on a form, with what their nearest neighbours say.

    Raises Unsupported("samples-not-installed").
    """
    drawn, written = _read_digits()
    every = len(drawn) // _COUNT
    chosen = range(0, every * _COUNT, every)
    return SampleProject(
        title="Handwritten digits",
        description="Sixty of the 1,797 digits of the UCI set (E. Alpaydin and C. Kaynak, 1998, CC BY 4.0) "
        "that come with scikit-learn.",
        instruction="Which digit is it? Press its key. The suggestion is the vote of the five most "
        "similar other digits, and its score their share.",
        label_config=_CONFIG,
        color="#1c7ed6",
        tasks=tuple(_task(drawn, written, index) for index in chosen),
    )


def _read_digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, 64) values of 0 to 16, row by row, and the (n,) digits that were written."""
    import numpy as np

    path = package_folder("sklearn") / "datasets" / "data" / "digits.csv.gz"
    table = np.loadtxt(path, delimiter=",")
    return table[:, :64], table[:, 64].astype(np.int64)


def _task(drawn: NDArray[np.float64], written: NDArray[np.int64], index: int) -> SampleTask:
    return SampleTask(
        data={
            "number": str(index),
            "source": "UCI handwritten digits, in scikit-learn",
            "credit": "E. Alpaydin, C. Kaynak",
            "licence": "CC BY 4.0",
        },
        picture=SamplePicture("image", f"digit-{index:04}.png", _draw(drawn[index])),
        prediction=_ask_neighbours(drawn, written, index),
    )


def _draw(values: NDArray[np.float64]) -> bytes:
    """A PNG with dark ink on white paper."""
    ink = (255 - values.reshape(8, 8) / 16 * 255).astype("uint8")
    large = Image.fromarray(ink).resize((8 * _SCALE, 8 * _SCALE), Image.Resampling.NEAREST)
    file = io.BytesIO()
    large.save(file, "PNG", optimize=True)
    return file.getvalue()


def _ask_neighbours(drawn: NDArray[np.float64], written: NDArray[np.int64], index: int) -> SamplePrediction:
    """The vote of the most similar others; a digit never votes on itself."""
    import numpy as np

    distance = ((drawn - drawn[index]) ** 2).sum(axis=1)
    distance[index] = np.inf
    votes = np.bincount(written[np.argsort(distance, kind="stable")[:_NEIGHBOURS]], minlength=10)
    digit = int(votes.argmax())
    side_px = 8 * _SCALE
    region = {
        "id": "digit-1",
        "from_name": "digit",
        "to_name": "image",
        "type": "choices",
        "original_width": side_px,
        "original_height": side_px,
        "image_rotation": 0,
        "value": {"choices": [str(digit)]},
    }
    return SamplePrediction("5 nearest neighbours", float(votes[digit]) / _NEIGHBOURS, (region,))

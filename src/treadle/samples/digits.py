"""The sample project "Handwritten digits": one choice a picture, sixty of them made, to learn from."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from PIL import Image

from treadle.samples.projects import SamplePicture, SampleProject, SampleTask
from treadle.samples.sources import package_folder

_CHOICES = "\n".join(f'    <Choice value="{digit}" hotkey="{digit}"/>' for digit in range(10))
_CONFIG = f"""<View>
  <Image name="image" value="$image"/>
  <Choices name="digit" toName="image" choice="single-radio" showInLine="true" required="true">
{_CHOICES}
  </Choices>
</View>"""

#: The first of the set; every digit comes about as often.
_COUNT = 300
_LABELLED = 60
#: 8 × 8 values of 0 to 16, drawn this much larger, so that each is a crisp square.
_SCALE = 32


@cache
def digits_project() -> SampleProject:
    """Three hundred digits that people wrote on a form; sixty are labelled as they were written.

    Raises Unsupported("samples-not-installed").
    """
    return SampleProject(
        title="Handwritten digits",
        description="The first 300 of the 1,797 digits of the UCI set (E. Alpaydin, C. Kaynak, 1998, "
        "CC BY 4.0) in scikit-learn. Sixty are labelled as the set tells. On the page Learning a model "
        "learns from these in seconds: use Image classification, train, let it serve, predict the others.",
        instruction="Which digit is it? Press its key, then Enter.",
        label_config=_CONFIG,
        color="#1c7ed6",
        tasks=tuple(_task(digit, index) for index, digit in enumerate(read_digits(_COUNT))),
    )


@dataclass(frozen=True)
class Digit:
    """A picture of a digit, and which was written."""

    file_name: str
    png: bytes
    written: str


def read_digits(count: int) -> Iterator[Digit]:
    """The first so many of the set. Raises Unsupported("samples-not-installed")."""
    path = package_folder("sklearn") / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt", encoding="ascii") as file:
        for number, row in enumerate(islice(csv.reader(file), count)):
            values = [float(value) for value in row]
            yield Digit(f"digit-{number:04}.png", _draw(values[:64]), str(int(values[64])))


def _task(digit: Digit, index: int) -> SampleTask:
    return SampleTask(
        data={
            "number": str(index),
            "source": "UCI handwritten digits, in scikit-learn",
            "credit": "E. Alpaydin, C. Kaynak",
            "licence": "CC BY 4.0",
        },
        picture=SamplePicture("image", digit.file_name, digit.png),
        annotation=(_choice(digit.written),) if index < _LABELLED else None,
    )


def _draw(values: Sequence[float]) -> bytes:
    """A PNG with dark ink on white paper."""
    ink = bytes(int(255 - value / 16 * 255) for value in values)
    large = Image.frombytes("L", (8, 8), ink).resize((8 * _SCALE, 8 * _SCALE), Image.Resampling.NEAREST)
    file = io.BytesIO()
    large.save(file, "PNG", optimize=True)
    return file.getvalue()


def _choice(digit: str) -> Mapping[str, Any]:
    side_px = 8 * _SCALE
    return {
        "id": "digit-1",
        "from_name": "digit",
        "to_name": "image",
        "type": "choices",
        "original_width": side_px,
        "original_height": side_px,
        "image_rotation": 0,
        "value": {"choices": [digit]},
    }

"""For each built-in backend a label config, and tasks with finished work that it learns from in a moment."""

from __future__ import annotations

import base64
import importlib.util
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import treadle

Json = dict[str, Any]
FOLDER = Path(treadle.__file__).parent / "ml" / "builtin"

TEXT_CONFIG = """<View><Text name="text" value="$text"/>
  <Choices name="mood" toName="text"><Choice value="Glad"/><Choice value="Sad"/></Choices></View>"""
IMAGE_CONFIG = """<View><Image name="image" value="$image"/>
  <Choices name="colour" toName="image"><Choice value="Red"/><Choice value="Blue"/></Choices></View>"""
BOX_CONFIG = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="Disc"/><Label value="Square"/></RectangleLabels>
  </View>"""

BROKEN = "data:image/png;base64," + base64.b64encode(b"no picture at all").decode()


@dataclass(frozen=True)
class Case:
    """How one built-in backend is walked."""

    name: str
    config: str
    tasks: Callable[[], list[Json]]
    #: The modules that it needs beyond the lock.
    needs: tuple[str, ...] = ()

    @property
    def model(self) -> Path:
        return FOLDER / self.name / "model.py"

    @property
    def is_installed(self) -> bool:
        return all(importlib.util.find_spec(module) is not None for module in self.needs)


def answered(number: int, data: Mapping[str, object], *results: Json) -> Json:
    """A task with one finished annotation."""
    return {"id": number, "data": dict(data), "annotations": [{"id": number, "result": list(results)}]}


def chosen(control: str, source: str, *labels: str) -> Json:
    return {
        "id": f"c{control}",
        "from_name": control,
        "to_name": source,
        "type": "choices",
        "value": {"choices": list(labels)},
    }


def text_tasks() -> list[Json]:
    glad = ("a bright and happy day", "we laughed and sang", "lovely warm sunshine", "happy songs at noon")
    sad = ("a dark and gloomy night", "we wept and waited", "cold grey rain", "gloomy rain at night")
    return [
        answered(number, {"text": text}, chosen("mood", "text", label))
        for number, (text, label) in enumerate(
            pair for both in zip(glad, sad, strict=True) for pair in zip(both, ("Glad", "Sad"), strict=True)
        )
    ]


def image_tasks(count: int = 12) -> list[Json]:
    tints = {"Red": (200, 30, 40), "Blue": (20, 40, 210)}
    noise = np.random.default_rng(0)
    tasks = []
    for number in range(count):
        label = ("Red", "Blue")[number % 2]
        pixels = np.array(tints[label]) + noise.integers(-20, 20, (24, 20, 3))
        tasks.append(answered(number, {"image": as_address(pixels)}, chosen("colour", "image", label)))
    return tasks


def as_address(pixels: Any) -> str:
    """A picture as an address that holds it. pixels: (height, width, 3) in 0 to 255."""
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def box_tasks(count: int = 12, side_px: int = 64, seed: int = 0) -> list[Json]:
    """Discs and squares on noise, one to three a picture."""
    noise = np.random.default_rng(seed)
    return [answered(number, *_drawn(noise, side_px)) for number in range(count)]


def _drawn(noise: np.random.Generator, side_px: int) -> list[Json]:
    pixels = noise.integers(90, 165, (side_px, side_px, 3)).astype(np.float64)
    ys, xs = np.mgrid[:side_px, :side_px]
    taken: list[tuple[float, float, float]] = []
    results = []
    for number in range(int(noise.integers(1, 4))):
        radius = noise.uniform(0.09, 0.17) * side_px
        x, y = noise.uniform(radius, side_px - radius, 2)
        if any(np.hypot(x - ox, y - oy) < 1.5 * (radius + other) for ox, oy, other in taken):
            continue
        taken.append((x, y, radius))
        is_disc = bool(noise.integers(2))
        across, down = abs(xs - x), abs(ys - y)
        inside = across**2 + down**2 <= radius**2 if is_disc else np.maximum(across, down) <= radius
        pixels[inside] = noise.choice([noise.integers(0, 60, 3), noise.integers(195, 255, 3)])
        results.append(_box(number, "Disc" if is_disc else "Square", (x, y, radius), side_px))
    return [{"image": as_address(pixels)}, *results]


def _box(number: int, label: str, at: tuple[float, float, float], side_px: int) -> Json:
    x, y, radius = (one * 100 / side_px for one in at)
    value = {"x": x - radius, "y": y - radius, "width": 2 * radius, "height": 2 * radius, "rotation": 0}
    return {
        "id": f"b{number}",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": side_px,
        "original_height": side_px,
        "value": {**value, "rectanglelabels": [label]},
    }


CASES = (
    Case("text_classifier", TEXT_CONFIG, text_tasks),
    Case("image_classifier", IMAGE_CONFIG, image_tasks),
    Case("detector", BOX_CONFIG, box_tasks, ("torch",)),
    Case("yolo", BOX_CONFIG, box_tasks, ("torch", "torchvision", "ultralytics")),
)

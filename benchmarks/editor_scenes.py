"""What is shown on the label pages that are measured: pictures with so many regions, and a long text."""

from __future__ import annotations

import io
import math
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from PIL import Image, ImageDraw, ImageFilter

#: Width and height of the pictures, px.
PICTURE = (2400, 1600)
_TASKS = 4
_MODEL = "bench"
_LABELS = ("Car", "Person", "Truck", "Bike", "Sign", "Tree", "Dog", "Cat")
_COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#46f0f0", "#f032e6", "#bcf60c")
_SPAN_LABELS = ("PER", "ORG", "LOC")
_TEXT = """the annotation of long documents needs a fast editor because people read more than they click and
every delay is felt by Maria Keller from Berlin who works at Acme Corp since March 2021"""
_TEXT_LENGTH = 100_000

Result = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """``boxes`` on a grid with gaps, and ``polygons`` of 40 corners over them; or a text with ``spans``."""

    name: str
    boxes: int = 0
    polygons: int = 0
    spans: int = 0

    @property
    def is_picture(self) -> bool:
        return self.spans == 0

    @property
    def count(self) -> int:
        """Of all regions."""
        return self.boxes + self.polygons + self.spans

    def points(self, surface: dict[str, float]) -> list[tuple[float, float]]:
        """Places on the screen in five boxes near the middle, where the whole picture lies on ``surface``."""
        columns, rows = _grid(self.boxes)
        middle = (rows // 2) * columns + columns // 2
        return [self._centre((middle + step * 3 + 1) % self.boxes, surface) for step in range(5)]

    def gap(self, surface: dict[str, float]) -> tuple[float, float]:
        """A place between boxes, near the middle."""
        columns, rows = _grid(self.boxes)
        return _on(surface, (columns // 2 + 0.98) / columns, (rows // 2 + 0.98) / rows)

    def _centre(self, index: int, surface: dict[str, float]) -> tuple[float, float]:
        columns, rows = _grid(self.boxes)
        return _on(surface, (index % columns + 0.3) / columns, (index // columns + 0.3) / rows)


SCENES = (
    Scene("100 boxes", boxes=100),
    Scene("1,000 boxes", boxes=1_000),
    Scene("5,000 boxes", boxes=5_000),
    Scene("5,000 and 500 polygons", boxes=5_000, polygons=500),
    Scene("text, 1,000 spans", spans=1_000),
)


def make_project(client: httpx.Client, scene: Scene, media_url: str) -> int:
    """A project of four tasks, each with a prediction that holds the scene's regions; its id."""
    body = {
        "title": f"Bench: {scene.name}",
        "label_config": _picture_config() if scene.is_picture else _text_config(),
        "show_collab_predictions": True,
        "maximum_annotations": 1,
    }
    project_id = int(client.post("/api/projects/", json=body).raise_for_status().json()["id"])
    tasks = [_task(scene, number, media_url) for number in range(_TASKS)]
    client.post(f"/api/projects/{project_id}/import", json=tasks).raise_for_status()
    shown = {"model_version": _MODEL, "show_collab_predictions": True}
    client.patch(f"/api/projects/{project_id}/", json=shown).raise_for_status()
    return project_id


def _task(scene: Scene, number: int, media_url: str) -> dict[str, Any]:
    text = _text() if scene.spans else ""
    result = _spans(scene.spans, text, number) if scene.spans else _boxes(scene.boxes, number)
    result += _polygons(scene.polygons, number)
    prediction = {"model_version": _MODEL, "score": 0.9, "result": result}
    data = {"text": text} if scene.spans else {"image": f"{media_url}/{number}.jpg"}
    return {"data": data, "predictions": [prediction]}


def _picture_config() -> str:
    labels = "".join(
        f'<Label value="{name}" background="{colour}"/>'
        for name, colour in zip(_LABELS, _COLOURS, strict=True)
    )
    polygons = labels.replace('value="', 'value="P-')
    return (
        '<View><Image name="image" value="$image" zoom="true" zoomControl="true"/>'
        f'<RectangleLabels name="box" toName="image">{labels}</RectangleLabels>'
        f'<PolygonLabels name="poly" toName="image">{polygons}</PolygonLabels></View>'
    )


def _text_config() -> str:
    labels = "".join(f'<Label value="{name}"/>' for name in _SPAN_LABELS)
    return f'<View><Labels name="ner" toName="text">{labels}</Labels><Text name="text" value="$text"/></View>'


def _grid(count: int) -> tuple[int, int]:
    columns = math.ceil(math.sqrt(max(count, 1) * PICTURE[0] / PICTURE[1]))
    return columns, math.ceil(max(count, 1) / columns)


def _on(surface: dict[str, float], across: float, down: float) -> tuple[float, float]:
    return surface["x"] + surface["w"] * across, surface["y"] + surface["h"] * down


def _boxes(count: int, seed: int) -> list[Result]:
    """On a grid, so that a press at a known place meets a known one."""
    chance = random.Random(seed)
    columns, rows = _grid(count)
    wide, high = 100 / columns, 100 / rows
    return [
        _result(
            f"b{seed}_{index}",
            "box",
            "rectanglelabels",
            {
                "x": (index % columns + 0.08) * wide,
                "y": (index // columns + 0.08) * high,
                "width": wide * chance.uniform(0.5, 0.8),
                "height": high * chance.uniform(0.5, 0.8),
                "rotation": 0,
                "rectanglelabels": [chance.choice(_LABELS)],
            },
        )
        for index in range(count)
    ]


def _polygons(count: int, seed: int, corners: int = 40) -> list[Result]:
    chance = random.Random(seed)
    columns, rows = _grid(count)
    return [
        _result(
            f"p{seed}_{index}",
            "poly",
            "polygonlabels",
            {
                "points": [
                    [
                        (index % columns + 0.5 + 0.4 * reach * math.cos(angle)) * 100 / columns,
                        (index // columns + 0.5 + 0.4 * reach * math.sin(angle)) * 100 / rows,
                    ]
                    for angle, reach in _spokes(corners, chance)
                ],
                "closed": True,
                "polygonlabels": [f"P-{chance.choice(_LABELS)}"],
            },
        )
        for index in range(count)
    ]


def _spokes(corners: int, chance: random.Random) -> list[tuple[float, float]]:
    return [(2 * math.pi * corner / corners, chance.uniform(0.6, 1)) for corner in range(corners)]


def _result(name: str, control: str, kind: str, value: dict[str, Any]) -> Result:
    return {
        "id": name,
        "from_name": control,
        "to_name": "image",
        "type": kind,
        "original_width": PICTURE[0],
        "original_height": PICTURE[1],
        "image_rotation": 0,
        "value": value,
    }


def _spans(count: int, text: str, seed: int) -> list[Result]:
    chance, stride, found = random.Random(seed), len(text) // count, []
    for index in range(count):
        start = index * stride + chance.randrange(stride // 3)
        end = start + chance.randrange(6, stride // 2)
        value = {"start": start, "end": end, "text": text[start:end], "labels": [chance.choice(_SPAN_LABELS)]}
        found.append(
            {
                "id": f"s{seed}_{index}",
                "from_name": "ner",
                "to_name": "text",
                "type": "labels",
                "value": value,
            }
        )
    return found


def _text() -> str:
    chance, words, text = random.Random(7), _TEXT.split(), ""
    while len(text) < _TEXT_LENGTH:
        text += " ".join(chance.choices(words, k=chance.randrange(40, 120))) + ".\n\n"
    return text[:_TEXT_LENGTH]


# -- pictures


@contextmanager
def media_server() -> Iterator[str]:
    """Serves the pictures on loopback, to every page that asks; yields its address."""
    server = _Server(("127.0.0.1", 0), _Pictures)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A browser that goes away in the middle of a picture is no news."""


class _Pictures(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    made: dict[str, bytes] = {}  # noqa: RUF012  # of all requests

    def do_GET(self) -> None:
        number = self.path.strip("/").removesuffix(".jpg")
        if not number.isdecimal():
            return self.send_error(404)
        body = self.made.get(number) or self.made.setdefault(number, _photograph(int(number)))
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _photograph(seed: int) -> bytes:
    """A JPEG of about a megabyte with shapes, soft edges and grain, as photographs have."""
    chance = random.Random(seed)
    low = Image.frombytes("RGB", (30, 20), chance.randbytes(30 * 20 * 3)).resize(
        PICTURE, Image.Resampling.BICUBIC
    )
    pen = ImageDraw.Draw(low)
    for _ in range(1500):
        x, y, side = chance.randrange(PICTURE[0]), chance.randrange(PICTURE[1]), chance.randrange(8, 60)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw = pen.rectangle if chance.random() < 0.5 else pen.ellipse
        draw((x, y, x + side, y + side), fill=colour)
    grain = Image.effect_noise(PICTURE, 24).convert("RGB")
    picture = Image.blend(low.filter(ImageFilter.GaussianBlur(1.2)), grain, 0.12)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()

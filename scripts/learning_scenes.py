"""A project whose model learns on the server that is to be pictured, and the pages that show it."""

from __future__ import annotations

import io
import random
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Page

from treadle.ml.trying import backend

MODEL = Path(__file__).with_name("shape_finder.py")
SIZE = (480, 360)
NAMES = ("circle", "square", "triangle")
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image">
    <Label value="circle"/><Label value="square"/><Label value="triangle"/>
  </RectangleLabels>
</View>"""
PICTURES, LABELLED, CORRECTED = 90, 60, 74
EPOCHS, HELD_AT = 60, 40
WAIT_S = 90.0
#: The scene of a model that is asked while somebody draws.
ASKED = "label-asked"
#: Epochs of the trainings before the one that runs.
TRAININGS = (8, 20)
Box = tuple[str, int, int, int, int]


@contextmanager
def serving_model() -> Iterator[str]:
    """The address of the model that learns, until the block ends."""
    with tempfile.TemporaryDirectory() as folder, backend(MODEL, Path(folder)) as url:
        yield url


@dataclass
class Teacher:
    """Labels, corrects and trains. ``ask``: sends JSON and gives the answer; url, token: of the server."""

    ask: Callable[..., Any]
    url: str
    token: str

    def teach(self, model_url: str, workspace: int) -> dict[str, str]:
        """The address of each page by its name."""
        self._workspace = workspace
        project = self._make("Shapes on paper")
        empty = self._make("Shapes on cloth")
        boxes = self._import(project)
        tasks = sorted(boxes)
        for task_id in tasks[:LABELLED]:
            self._annotate(task_id, [part(each) for each in boxes[task_id]])
        new = {"project": project, "url": model_url, "title": "shape-finder", "is_interactive": True}
        model = self.ask("POST", "/api/ml/", new)
        for epochs in TRAININGS:
            training = self._train(project, model["id"], {"epochs": epochs})
            self._wait(training, lambda told: told["version"] is not None and told["ended_at"])
            version = self._training(training)["version"]["id"]
            self.ask("POST", "/api/learning/versions/promote/", {"backend": model["id"], "version": version})
        self._predict(project, model["id"])
        for task_id in tasks[LABELLED:CORRECTED]:
            self._correct(task_id)
        # One more, which nobody predicted, to ask the model with.
        self._upload(project, {PICTURES: draw(PICTURES)[0]})
        newest = self.ask("GET", f"/api/tasks/?project={project}&page_size=1000")["tasks"][-1]["id"]
        training = self._train(project, model["id"], {"epochs": EPOCHS, "hold_at": HELD_AT})
        self._wait(training, lambda told: told["done"] >= HELD_AT)
        page = f"/projects/{project}/learning"
        return {
            "learning": page,
            "learning-connect": f"/projects/{empty}/learning",
            ASKED: f"/projects/{project}/label?task={newest}",
        }

    def _make(self, title: str) -> int:
        made = {"title": title, "label_config": CONFIG, "workspace": self._workspace}
        return int(self.ask("POST", "/api/projects/", made)["id"])

    def _import(self, project: int) -> dict[int, list[Box]]:
        """What is drawn in each task."""
        drawn = [draw(seed) for seed in range(PICTURES)]
        self._upload(project, {seed: content for seed, (content, _) in enumerate(drawn)})
        found = self.ask("GET", f"/api/tasks/?project={project}&page_size=1000")["tasks"]
        named = {Path(task["data"]["image"]).name.split("-", 1)[1]: task["id"] for task in found}
        return {named[f"{seed:03}.jpg"]: boxes for seed, (_, boxes) in enumerate(drawn)}

    def _upload(self, project: int, contents: Mapping[int, bytes]) -> None:
        mark = uuid.uuid4().hex
        body = b""
        for seed, content in contents.items():
            head = f'--{mark}\r\nContent-Disposition: form-data; name="f"; filename="{seed:03}.jpg"\r\n'
            body += head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + content + b"\r\n"
        body += f"--{mark}--\r\n".encode()
        headers = {
            "Authorization": f"Token {self.token}",
            "Content-Type": f"multipart/form-data; boundary={mark}",
        }
        request = urllib.request.Request(f"{self.url}/api/projects/{project}/import", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def _annotate(self, task_id: int, result: list[dict[str, Any]], prediction: int | None = None) -> None:
        more = {"parent_prediction": prediction} if prediction else {}
        answer = {"result": result, "lead_time": 9.5, **more}
        self.ask("POST", f"/api/tasks/{task_id}/annotations/", answer)

    def _correct(self, task_id: int) -> None:
        """Submits what the model said, the first shape moved, and sometimes one left out."""
        (said,) = self.ask("GET", f"/api/tasks/{task_id}/")["predictions"]
        result = said["result"]
        if result and task_id % 2:
            result[0]["value"]["x"] = max(0, result[0]["value"]["x"] - 3)
        if task_id % 5 == 0:
            result = result[:-1]
        self._annotate(task_id, result, said["id"])

    def _train(self, project: int, model: int, settings: dict[str, Any]) -> int:
        order = {"project": project, "backend": model, "spec": {"settings": settings}}
        return int(self.ask("POST", "/api/learning/trainings/", order)["id"])

    def _training(self, training: int) -> Any:
        return self.ask("GET", f"/api/learning/trainings/{training}/")

    def _wait(self, training: int, is_there: Callable[[Any], Any]) -> None:
        wait_for(lambda: is_there(self._training(training)))

    def _predict(self, project: int, model: int) -> None:
        order = {"project": project, "backend": model, "only": "missing"}
        job = self.ask("POST", "/api/learning/prelabel/", order)["job"]
        wait_for(lambda: self.ask("GET", f"/api/jobs/{job}/")["state"] not in ("queued", "running"))


def ask_with_the_first(page: Page) -> None:
    """Draw the first shape of the last picture; the model answers with the others."""
    name, x, y, wide, tall = draw(PICTURES)[1][0]
    page.get_by_role("button", name="Auto-annotate", exact=True).wait_for()
    page.keyboard.press("m")
    page.keyboard.press(str(NAMES.index(name) + 1))
    shown = page.locator(".stage img").first.bounding_box()
    assert shown is not None
    scale = shown["width"] / SIZE[0]
    page.mouse.move(shown["x"] + x * scale, shown["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(shown["x"] + (x + wide) * scale, shown["y"] + (y + tall) * scale, steps=4)
    page.mouse.up()
    page.locator("[data-testid=asking][data-phase=answered]").wait_for()


def wait_for(condition: Callable[[], Any]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError("What is to be pictured did not come to pass.")
        time.sleep(0.2)


def draw(seed: int) -> tuple[bytes, list[Box]]:
    """A picture of a few shapes, and where they are: label, x, y, width, height in pixels."""
    chance = random.Random(seed)
    picture = Image.new("RGB", SIZE, (236, 232, 224))
    pen = ImageDraw.Draw(picture)
    boxes = []
    for column in range(4):
        for row in range(3):
            if chance.random() < 0.55:
                continue
            wide, tall = chance.randint(34, 92), chance.randint(34, 92)
            x, y = column * 120 + chance.randint(8, 110 - wide), row * 120 + chance.randint(8, 110 - tall)
            name = chance.choices(NAMES, (5, 4, 2))[0]
            colour = tuple(chance.choice(((200, 60, 40), (30, 110, 180), (40, 140, 70), (160, 60, 160))))
            _draw_one(pen, name, (x, y, x + wide, y + tall), colour)
            boxes.append((name, x, y, wide + 1, tall + 1))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=95)
    return content.getvalue(), boxes


def _draw_one(
    pen: ImageDraw.ImageDraw, name: str, place: tuple[int, int, int, int], colour: tuple[int, ...]
) -> None:
    left, top, right, bottom = place
    if name == "circle":
        pen.ellipse(place, fill=colour)
    elif name == "square":
        pen.rectangle(place, fill=colour)
    else:
        pen.polygon(((left, bottom), (right, bottom), ((left + right) // 2, top)), fill=colour)


def part(box: Box) -> dict[str, Any]:
    """A box as a result."""
    name, x, y, wide, tall = box
    across, down = SIZE
    value = {"x": 100 * x / across, "y": 100 * y / down, "rotation": 0, "rectanglelabels": [name]}
    value |= {"width": 100 * wide / across, "height": 100 * tall / down}
    drawn = {"original_width": across, "original_height": down, "image_rotation": 0}
    where = {"from_name": "box", "to_name": "image", "type": "rectanglelabels"}
    return {"id": uuid.uuid4().hex[:10], **where, **drawn, "value": value}

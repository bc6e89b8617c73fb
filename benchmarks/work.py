"""What both servers are asked to do: the same requests, by the same client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import httpx
import msgspec

from benchmarks.servers import Server

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="car"/><Label value="bus"/></RectangleLabels>
</View>"""
_JSON = {"Content-Type": "application/json"}


class Desk:
    """A server with a client, and what it was given to work on."""

    def __init__(self, server: Server, client: httpx.Client) -> None:
        self.server = server
        self._client = client

    def get(self, url: str) -> httpx.Response:
        """Ask for something that is there."""
        return self._client.get(url).raise_for_status()

    def post(self, url: str, body: object) -> Any:
        """Send JSON; the answer's."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self._client.post(url, content=content, headers=_JSON).raise_for_status().json()

    def patch(self, url: str, body: object) -> Any:
        """Change something; the answer's JSON."""
        content = msgspec.json.encode(body)
        return self._client.patch(url, content=content, headers=_JSON).raise_for_status().json()

    def upload(self, url: str, name: str, chunks: Iterator[bytes]) -> httpx.Response:
        """Send one file of a form, as it is made."""
        return self._client.post(url, content=_form(name, chunks), headers=_FORM).raise_for_status()

    def make_project(self, title: str) -> int:
        """A new project; its id."""
        return int(self.post("/api/projects/", {"title": title, "label_config": CONFIG})["id"])

    def import_tasks(self, project_id: int, rows: Sequence[Any] | bytes) -> list[int]:
        """Import rows; the ids of the tasks."""
        url = f"/api/projects/{project_id}/import?commit_to_project=true&return_task_ids=true"
        return list(self.post(url, rows)["task_ids"])

    def filled(self, title: str, count: int) -> tuple[int, list[int]]:
        """A new project with so many tasks."""
        project_id = self.make_project(title)
        return project_id, self.import_tasks(project_id, task_rows(count))

    def submit(self, task_id: int) -> None:
        """An annotation of five boxes."""
        self.post(f"/api/tasks/{task_id}/annotations/", SUBMIT)


class Round:
    """Tasks, one after another, and again from the first."""

    def __init__(self, task_ids: Sequence[int]) -> None:
        self._each = cycle(task_ids)

    def next(self) -> int:
        """The next of them."""
        return next(self._each)


def boxes(count: int) -> list[dict[str, Any]]:
    """A result of so many boxes."""
    return [_box(number) for number in range(count)]


def task_rows(count: int) -> list[dict[str, Any]]:
    """Tasks as they are imported: four fields each."""
    return [{"data": _data(number)} for number in range(count)]


def annotated_rows(count: int) -> list[dict[str, Any]]:
    """Tasks with an annotation of five boxes each."""
    return [{"data": _data(number), "annotations": [{"result": boxes(5)}]} for number in range(count)]


def _data(number: int) -> dict[str, Any]:
    return {
        "image": f"/pictures/batch_{number % 97:03d}/{number:07d}.jpg",
        "number": number,
        "split": ("train", "val", "test")[number % 3],
        "score": number % 1000 / 1000,
    }


def _box(number: int) -> dict[str, Any]:
    value = {"x": number * 3.3, "y": 20.1, "width": 5.5, "height": 5.25, "rotation": 0}
    return {
        "id": f"r{number}",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 1920,
        "original_height": 1080,
        "image_rotation": 0,
        "value": {**value, "rectanglelabels": ["car"]},
    }


SUBMIT = {"result": boxes(5), "lead_time": 4.2}
_BOUNDARY = "treadle-benchmark"
_FORM = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}


def _form(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    yield head.encode()
    yield from chunks
    yield f"\r\n--{_BOUNDARY}--\r\n".encode()

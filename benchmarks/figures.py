"""What is measured: each figure is what one thing costs the server, and how long somebody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import msgspec

from benchmarks.server import MeasuredServer, data_folder, measured_server

ROUNDS = 5
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="car"/><Label value="bus"/></RectangleLabels>
</View>"""
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Figure:
    """What one operation costs. ``cpu``: of all processes of the server; None where it is not meant."""

    name: str
    unit: str
    cpu: float | None
    wall: float | None
    note: str = ""


@dataclass
class Bench:
    """A server at work, and what was found so far."""

    server: MeasuredServer
    client: httpx.Client
    figures: list[Figure]

    def measure(self, name: str, act: Callable[[], object], *, count: int, note: str = "") -> None:
        """Note what ``act`` costs: the median of some rounds, after one that is not counted."""
        self._round(act, count)
        rounds = [self._round(act, count) for _ in range(ROUNDS)]
        cpu, wall = (median(values) for values in zip(*rounds, strict=True))
        self.figures.append(Figure(name, "ms", cpu, wall, note))

    def measure_once(self, name: str, act: Callable[[], object], *, per: int, note: str = "") -> None:
        """Note what ``act`` costs for each of ``per`` things."""
        cpu, wall = self._round(act, 1)
        self.figures.append(Figure(name, "ms", cpu / per, wall / per, note))

    def _round(self, act: Callable[[], object], count: int) -> tuple[float, float]:
        cpu_ms, began_s = self.server.cpu_ms(), time.perf_counter()
        for _ in range(count):
            act()
        wall_ms = (time.perf_counter() - began_s) * 1000
        return (self.server.cpu_ms() - cpu_ms) / count, wall_ms / count

    def post(self, url: str, body: object) -> Any:
        """Send JSON; the answer's."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.client.post(url, content=content, headers=_JSON).raise_for_status().json()

    def get(self, url: str) -> httpx.Response:
        """Ask for something that is there."""
        return self.client.get(url).raise_for_status()


def boxes(count: int) -> list[dict[str, Any]]:
    """A result of so many boxes."""
    return [_box(number) for number in range(count)]


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


def task_rows(count: int) -> list[dict[str, Any]]:
    """Tasks as they are imported."""
    return [{"data": {"image": f"/pictures/{number}.jpg", "number": number}} for number in range(count)]


def measure_all() -> list[Figure]:
    """Every figure, on servers of its own."""
    with data_folder() as folder:
        with measured_server(folder) as server, server.client() as client:
            bench = Bench(server, client, [])
            idle = _measure_idle(server)
            _measure_work(bench)
            _measure_saves_beside(bench)
            grown = _measure_memory(server, "after all of this")
        starts = [_start_s(folder) for _ in range(ROUNDS)]
    start = Figure("start to healthy", "ms", None, median(starts) * 1000, f"existing data, of {ROUNDS}")
    return [start, *idle, *bench.figures, *grown]


def _start_s(folder: Path) -> float:
    with measured_server(folder) as server:
        return server.start_s


def _measure_idle(server: MeasuredServer) -> list[Figure]:
    time.sleep(10)  # until the worker has started
    cpu_ms = server.cpu_ms()
    time.sleep(10)
    share = Figure("CPU while nobody asks", "% of a core", (server.cpu_ms() - cpu_ms) / 100, None)
    return [*_measure_memory(server, "idle"), share]


def _measure_memory(server: MeasuredServer, when: str) -> list[Figure]:
    parts = {**server.memory_mib()}
    parts["all"] = sum(parts.values())
    return [Figure(f"memory of {name}, {when}", "MiB", None, mib, "PSS") for name, mib in parts.items()]


def _measure_work(bench: Bench) -> None:
    project_id = _make_project(bench, "Benchmark")
    url = f"/api/projects/{project_id}/import?return_task_ids=true"
    ids = bench.post(url, task_rows(2_000))["task_ids"]
    submit = {"result": boxes(5), "lead_time": 4.2}
    each = cycle(ids)
    bench.measure(
        "submit 5 boxes", lambda: bench.post(f"/api/tasks/{next(each)}/annotations/", submit), count=200
    )
    page = f"/api/tasks/?project={project_id}&page_size=100&fields=all"
    bench.measure("page of 100 tasks with annotations", lambda: bench.get(page), count=30)
    queue_id = _filled(bench, "Queue", 2_000)
    bench.measure("next task and submit", lambda: _label(bench, queue_id, submit), count=100)
    bench.measure("next task, as before", lambda: bench.get(f"/api/projects/{queue_id}/next"), count=100)
    _measure_volume(bench, project_id, ids)


def _filled(bench: Bench, title: str, count: int) -> int:
    project_id = _make_project(bench, title)
    bench.post(f"/api/projects/{project_id}/import", task_rows(count))
    return project_id


def _label(bench: Bench, project_id: int, body: object) -> None:
    task = bench.get(f"/api/projects/{project_id}/next").json()
    bench.post(f"/api/tasks/{task['id']}/annotations/", body)


def _measure_volume(bench: Bench, project_id: int, ids: Sequence[int]) -> None:
    bench.measure("list of projects", lambda: bench.get("/api/projects/"), count=100)
    big_id = _make_project(bench, "Big")
    rows = msgspec.json.encode(task_rows(100_000))
    bench.measure_once(
        "import, each task", lambda: bench.post(f"/api/projects/{big_id}/import", rows), per=100_000
    )
    beside = "beside 100,000 tasks"
    bench.measure("list of projects", lambda: bench.get("/api/projects/"), count=100, note=beside)
    big_page = f"/api/tasks/?project={big_id}&page_size=100&fields=all"
    bench.measure("page of 100 tasks", lambda: bench.get(big_page), count=30, note="of 100,000, unlabelled")
    predictions = [{"task": task_id, "result": boxes(5), "score": 0.5} for task_id in ids]
    url = f"/api/projects/{project_id}/import/predictions"
    bench.measure_once("import, each prediction", lambda: bench.post(url, predictions), per=len(ids))
    url = f"/api/projects/{project_id}/export?exportType=JSON"
    labelled = _labelled(bench, project_id)
    bench.measure_once("JSON export, each annotated task", lambda: bench.get(url), per=labelled)


def _labelled(bench: Bench, project_id: int) -> int:
    return int(bench.get(f"/api/projects/{project_id}/").json()["num_tasks_with_annotations"])


def _measure_saves_beside(bench: Bench) -> None:
    project_id = _filled(bench, "Beside", 1_000)
    bench.figures.append(_p95_of_saves(bench, project_id, "alone"))
    url = f"/api/projects/{project_id}/export?exportType=JSON&download_all_tasks=true"
    with _repeating(bench.server, url):
        bench.figures.append(_p95_of_saves(bench, project_id, "beside exports"))


def _p95_of_saves(bench: Bench, project_id: int, note: str) -> Figure:
    body, times = {"result": boxes(5)}, []
    for _ in range(200):
        task = bench.get(f"/api/projects/{project_id}/next").json()
        began_s = time.perf_counter()
        bench.post(f"/api/tasks/{task['id']}/annotations/", body)
        times.append((time.perf_counter() - began_s) * 1000)
    return Figure("p95 of a save", "ms", None, quantiles(times, n=20)[18], note)


@contextmanager
def _repeating(server: MeasuredServer, url: str) -> Iterator[None]:
    """Somebody who asks for ``url`` again and again."""
    enough = threading.Event()

    def ask() -> None:
        with server.client() as client:
            while not enough.is_set():
                client.get(url).raise_for_status()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def _make_project(bench: Bench, title: str) -> int:
    return int(bench.post("/api/projects/", {"title": title, "label_config": CONFIG})["id"])

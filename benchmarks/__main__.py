"""`python -m benchmarks`: what a labeller waits for, and what an administrator pays.

One server on SQLite, 2,000 tasks. Times are wall times at the client, which shares the machine; they
are to be compared with each other and with an earlier run on the same machine, not with a promise.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import quantiles

import httpx

from benchmarks.server import MeasuredServer, as_json, measured_server

_TASKS = 2_000
_SAVES = 200
_CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="car"/><Label value="bus"/></RectangleLabels>
</View>"""
_RESULT = [
    {
        "id": f"r{number}",
        "from_name": "box",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 1920,
        "original_height": 1080,
        "image_rotation": 0,
        "value": {"x": number, "y": 20, "width": 5, "height": 5, "rotation": 0, "rectanglelabels": ["car"]},
    }
    for number in range(10)
]


def main() -> None:
    """Measure, and print a line for each figure."""
    with measured_server() as server, server.client() as client:
        print(f"{'start, to the first answer':42} {server.start_s * 1000:9.0f} ms")
        project_id = make_project(client)
        measure_import(client, project_id)
        show_memory(server, "after the import")
        save_for_a_while(client, project_id, "next task and save, 10 regions")
        url = f"/api/tasks/?project={project_id}&page_size=100&fields=all"
        measure("page of 100 tasks", lambda: client.get(url).raise_for_status(), count=30)
        measure_saves_beside_exports(server, client, project_id)
        show_memory(server, "afterwards")


def make_project(client: httpx.Client) -> int:
    """A project with boxes; its id."""
    body = {"title": "Benchmark", "label_config": _CONFIG}
    return int(client.post("/api/projects/", json=body).raise_for_status().json()["id"])


def measure_import(client: httpx.Client, project_id: int) -> None:
    """Import all tasks in one request."""
    rows = [
        {"image": f"/data/upload/{project_id}/{number}.jpg", "number": number} for number in range(_TASKS)
    ]
    began_s = time.perf_counter()
    client.post(
        f"/api/projects/{project_id}/import",
        content=as_json(rows),
        headers={"Content-Type": "application/json"},
    ).raise_for_status()
    print(f"{f'import of {_TASKS} tasks':42} {(time.perf_counter() - began_s) * 1000:9.0f} ms")


def save_for_a_while(client: httpx.Client, project_id: int, what: str) -> None:
    """Take the next task and submit it, again and again."""
    handouts, saves = [], []
    for _ in range(_SAVES):
        began_s = time.perf_counter()
        task = client.get(f"/api/projects/{project_id}/next").raise_for_status().json()
        handed_s = time.perf_counter()
        body = {"result": _RESULT, "lead_time": 4.2}
        client.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()
        handouts.append(handed_s - began_s)
        saves.append(time.perf_counter() - handed_s)
    show(f"{what}: next", handouts)
    show(f"{what}: save", saves)


def measure(what: str, act: Callable[[], object], *, count: int) -> None:
    """Time ``act``, ``count`` times."""
    times = []
    for _ in range(count):
        began_s = time.perf_counter()
        act()
        times.append(time.perf_counter() - began_s)
    show(what, times)


def measure_saves_beside_exports(server: MeasuredServer, client: httpx.Client, project_id: int) -> None:
    """Save while somebody else exports without a pause."""
    with exporting(server, project_id):
        save_for_a_while(client, project_id, "beside exports")


@contextmanager
def exporting(server: MeasuredServer, project_id: int) -> Iterator[None]:
    """Somebody who downloads the project again and again."""
    enough = threading.Event()

    def export() -> None:
        with server.client() as client:
            while not enough.is_set():
                client.get(f"/api/projects/{project_id}/export?exportType=JSON").raise_for_status()

    thread = threading.Thread(target=export)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def show(what: str, times: list[float]) -> None:
    """Print median and 95th percentile of times in seconds."""
    parts = quantiles(times, n=20)
    print(f"{what:42} {parts[9] * 1000:9.1f} ms   p95 {parts[18] * 1000:7.1f} ms   ({len(times)})")


def show_memory(server: MeasuredServer, when: str) -> None:
    """Print what each part holds."""
    for part, mib in sorted(server.memory_mib().items()):
        print(f"{f'memory of {part}, {when}':42} {mib:9.0f} MiB")


if __name__ == "__main__":
    main()

"""What Treadle promises by itself: at a million tasks, beside heavy work, at start, in memory, on disk."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

import msgspec

from benchmarks.processes import memory_mib, peak_memory
from benchmarks.rows import Row
from benchmarks.seeding import seed_tasks
from benchmarks.servers import Server, treadle
from benchmarks.work import Desk, Round, annotated_rows, task_rows

Tell = Callable[[str], None]

_SMALL, _LARGE = 10_000, 1_000_000
_ROUNDS, _CALLS = 5, 30
_SAVES = 300
_IDLE_S = 10
_UPLOAD_BYTES = 2 * 10**9
_CHUNK = bytes(1024**2)
_ROOT = Path(__file__).resolve().parent.parent


def measure_scale(tell: Tell, large: int = _LARGE) -> list[Row]:
    """What a project of a million tasks costs beside one of 10,000, on one server."""
    tell(f"{large:,} tasks")
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as name:
        folder = Path(name)
        with treadle(folder) as server, server.client() as client:
            desk = Desk(server, client)
            projects = [(desk.make_project(f"{count} tasks"), count) for count in (_SMALL, large)]
        for project_id, count in projects:
            seed_tasks(folder, project_id, count)
        with treadle(folder) as server, server.client() as client:
            desk = Desk(server, client)
            for project_id, _count in projects:
                _index_field(desk, project_id, "category")
            return [
                _compare_sizes(desk, name, url, [project_id for project_id, _ in projects], large)
                for name, url in _READS.items()
            ]


def _index_field(desk: Desk, project_id: int, path: str) -> None:
    url = f"/api/projects/{project_id}/field-indexes/"
    desk.post(url, {"path": path})
    while any(each["state"] != "ready" for each in desk.get(url).json()):
        time.sleep(0.5)


def _first_page(project_id: int) -> str:
    return f"/api/tasks/?project={project_id}&page=1&page_size=100"


def _filtered_page(project_id: int) -> str:
    item = {"filter": "filter:tasks:data.category", "operator": "equal", "type": "String", "value": "c7"}
    query = {"filters": {"conjunction": "and", "items": [item]}, "ordering": ["tasks:id"]}
    return f"{_first_page(project_id)}&query={quote(msgspec.json.encode(query))}"


def _next_task(project_id: int) -> str:
    return f"/api/projects/{project_id}/next"


_READS: Mapping[str, Callable[[int], str]] = {
    "first page of 100 tasks": _first_page,
    "page of 100 of the 500 tasks that a filter finds, by an indexed field": _filtered_page,
    "next task": _next_task,
}


def _compare_sizes(desk: Desk, name: str, url: Callable[[int], str], projects: list[int], large: int) -> Row:
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(_ROUNDS + 1):
        for project_id, seen in zip(projects, spent, strict=True):
            before = desk.server.cpu_ms()
            for _ in range(_CALLS):
                desk.get(url(project_id))
            cost = (desk.server.cpu_ms() - before) / _CALLS
            if number:
                seen.append(cost)
    small_ms, large_ms = median(spent[0]), median(spent[1])
    note = f"of {large:,}; {small_ms:.2f} of {_SMALL:,}"
    return Row(name, "ms CPU", large_ms, None, small_ms * 1.5, f"1.5 × of {_SMALL:,}", note)


def measure_saves_beside(tell: Tell, imported: int = 100_000, exported: int = 10_000) -> list[Row]:
    """How long a save takes while one person exports and another imports."""
    tell("saves beside an export and an import")
    with _server() as (server, desk):
        _project_id, ids = desk.filled("Saves", 5_000)
        tasks = Round(ids)
        export_id = desk.make_project("Exported")
        desk.import_tasks(export_id, annotated_rows(exported))
        quiet_ms = _p95_of_saves(desk, tasks, lambda count: count < _SAVES)
        body = msgspec.json.encode(task_rows(imported))
        with _beside(server, lambda other: other.get(f"/api/projects/{export_id}/export?exportType=JSON")):
            importing = threading.Thread(target=_import_beside, args=(server, body))
            importing.start()
            busy_ms = _p95_of_saves(desk, tasks, lambda count: count < _SAVES or importing.is_alive())
            importing.join()
    note = f"{quiet_ms:.1f} alone; exporting {exported:,}, importing {imported:,}"
    return [Row("p95 of a save beside them", "ms", busy_ms, None, quiet_ms * 3, "3 × alone", note)]


def _import_beside(server: Server, body: bytes) -> None:
    with server.client() as client:
        other = Desk(server, client)
        other.import_tasks(other.make_project("Imported"), body)


def _p95_of_saves(desk: Desk, tasks: Round, goes_on: Callable[[int], bool]) -> float:
    times: list[float] = []
    while goes_on(len(times)):
        began_s = time.perf_counter()
        desk.submit(tasks.next())
        times.append((time.perf_counter() - began_s) * 1000)
        time.sleep(0.005)
    return quantiles(times, n=20)[18]


@contextmanager
def _beside(server: Server, act: Callable[[Desk], object]) -> Iterator[None]:
    """Somebody who does ``act`` again and again."""
    enough = threading.Event()

    def repeat() -> None:
        with server.client() as client:
            desk = Desk(server, client)
            while not enough.is_set():
                act(desk)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def measure_start(tell: Tell, idle_s: int = _IDLE_S) -> list[Row]:
    """How long a start takes on data that are there, and what stands idle afterwards."""
    tell("start and memory at idle")
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as name:
        folder = Path(name)
        with treadle(folder) as server, server.client() as client:
            Desk(server, client).filled("Start", 1_000)
        starts: list[float] = []
        for _ in range(5):
            with treadle(folder) as server:
                starts.append(server.start_s * 1000)
        with treadle(folder) as server, server.client() as client:
            Desk(server, client).get("/api/projects/")
            time.sleep(idle_s)
            parts = server.parts()
            before_ms = server.cpu_ms()
            time.sleep(idle_s)
            idle_percent = (server.cpu_ms() - before_ms) / (idle_s * 10)
            web, everything = memory_mib([parts["web"]]), memory_mib(list(parts.values()))
    return [
        Row("start to healthy", "ms", median(starts), None, 2000, "2 s", "existing data, median of 5"),
        Row("memory at idle, web process", "MiB PSS", web, None, 110, "110 MB"),
        Row("memory at idle, all processes", "MiB PSS", everything, None, 220, "220 MB"),
        Row("CPU while nobody asks", "% of a core", idle_percent),
    ]


def measure_memory(tell: Tell, upload_bytes: int = _UPLOAD_BYTES) -> list[Row]:
    """How much memory an import and a large upload take beyond what stood there."""
    tell("memory of an import and of an upload")
    with _server() as (server, desk):
        desk.filled("Warm", 1_000)
        project_id = desk.make_project("Import")
        body = msgspec.json.encode(task_rows(100_000))
        before = memory_mib(server.pids())
        with peak_memory(server.pids()) as peak:
            desk.import_tasks(project_id, body)
        imported = peak[0] - before
        before = memory_mib(server.pids())
        with peak_memory(server.pids()) as peak:
            chunks = (_CHUNK for _ in range(upload_bytes // len(_CHUNK)))
            desk.upload(f"/api/projects/{project_id}/import", "film.mp4", chunks)
        uploaded = peak[0] - before
    size = f"of {upload_bytes / 1e9:.3g} GB"
    return [
        Row("memory that an import of 100,000 tasks adds", "MiB PSS", imported, None, 150, "150 MB"),
        Row("memory that an upload adds", "MiB PSS", uploaded, None, 150, "150 MB", size),
    ]


def measure_size(tell: Tell) -> list[Row]:
    """What an installation takes on disk, without pip itself."""
    tell("installed size")
    size_mb = installed_mb("[server]")
    return [Row("installed, with everything a server needs", "MB", size_mb, 980, 150, "150 MB")]


def installed_mb(extras: str) -> float:
    """What this checkout takes with its extras, in a new environment."""
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as name:
        venv = Path(name) / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy"]
        subprocess.run([*install, "--python", str(venv / "bin" / "python"), f"{_ROOT}{extras}"], check=True)
        return size_mb_of(venv)


def size_mb_of(folder: Path) -> float:
    """What the files of a folder take."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) / 1e6


@contextmanager
def _server() -> Iterator[tuple[Server, Desk]]:
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as name,
        treadle(Path(name)) as server,
        server.client() as client,
    ):
        yield server, Desk(server, client)

"""One run: the same requests to both model servers in turn, round after round, and what Treadle promises."""

from __future__ import annotations

import json
import selectors
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NoReturn
from urllib.parse import urlsplit

from benchmarks.alone import installed_mb
from benchmarks.learning import busy
from benchmarks.learning.backends import COMMIT, Backend, installed_mb_of_theirs, ours, theirs
from benchmarks.rows import Row, table

Tell = Callable[[str], None]
_CLIENTS = 8
_PATIENCE_S = 60.0
_TEXT = "To have faith is to trust yourself to the water. When you swim you don't grab hold of the water. "
_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single">'
    '<Choice value="Positive"/><Choice value="Negative"/><Choice value="Neutral"/></Choices></View>'
)


@dataclass(frozen=True)
class Measured:
    """One round of one case: requests a second, the median's latency, CPU of the server for a request."""

    per_s: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float


def report(tell: Tell, *, is_short: bool) -> str:
    """What it was compared with, and the table."""
    head = (
        f"- Beside label-studio-ml-backend {COMMIT}: gunicorn, one worker of eight threads, as its image\n"
        f"  has it; {_CLIENTS} clients, a connection for each request, as Label Studio asks; the same model, "
        "which takes no time\n"
    )
    return f"{head}\n{table(compare(tell, is_short=is_short), peer='label-studio-ml-backend')}"


def compare(tell: Tell, *, is_short: bool) -> list[Row]:
    """Measure both in turn."""
    rounds, seconds = (2, 1.0) if is_short else (5, 4.0)
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as our_folder,
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as their_folder,
        ours(Path(our_folder)) as us,
        theirs(Path(their_folder)) as them,
    ):
        figures: dict[str, tuple[Measured, Measured]] = {}
        for name, content in _CASES.items():
            tell(f"{name}, {rounds} rounds")
            for backend in (us, them):
                _ask(backend, content, seconds / 2)
            both = [(_ask(us, content, seconds), _ask(them, content, seconds)) for _ in range(rounds)]
            figures[name] = (_middle([one for one, _ in both]), _middle([one for _, one in both]))
        rows = _rows(us, them, figures)
    tell(f"requests while {busy.TRAININGS} trainings run")
    rows += busy.measure(_CONFIG, _prediction_body(1), seconds)
    tell("installed size")
    size_mb = installed_mb("")
    return [*rows, Row("installed, SDK and commands", "MB", size_mb, installed_mb_of_theirs(), 40, "40 MB")]


def _rows(us: Backend, them: Backend, figures: Mapping[str, tuple[Measured, Measured]]) -> list[Row]:
    one, their_one = figures["predict, 1 task"]
    many, their_many = figures["predict, 100 tasks"]
    health, their_health = figures["health"]
    least = their_one.per_s * 10
    return [
        Row("predict, 1 task", "ms CPU", one.cpu_ms, their_one.cpu_ms, 0.4, "0.4 ms"),
        # Turned round, since a budget is the most that may be.
        Row(
            "predict, 1 task: time for a request",
            "ms",
            1000 / one.per_s,
            1000 / their_one.per_s,
            1000 / least,
            "1/10",
            f"{one.per_s:.0f} requests a second, theirs {their_one.per_s:.0f}",
        ),
        Row("predict, 1 task: p50", "ms", one.p50_ms, their_one.p50_ms),
        Row("predict, 100 tasks", "ms CPU", many.cpu_ms, their_many.cpu_ms, 2.0, "2 ms"),
        Row("health", "ms CPU", health.cpu_ms, their_health.cpu_ms),
        Row("health: p95", "ms", health.p95_ms, their_health.p95_ms, 50.0, "50 ms"),
        Row("start, until it is ready", "ms CPU", us.start_cpu_ms, them.start_cpu_ms, 400.0, "0.4 s"),
        Row("memory before the model", "MiB", us.memory_mib, them.memory_mib, 50.0, "50 MiB"),
    ]


def _middle(rounds: list[Measured]) -> Measured:
    return Measured(
        median(one.per_s for one in rounds),
        median(one.p50_ms for one in rounds),
        median(one.p95_ms for one in rounds),
        median(one.cpu_ms for one in rounds),
    )


def _ask(backend: Backend, content: bytes, seconds: float) -> Measured:
    """Ask for so long, with a request of each client under way at any time.

    One thread asks for all of them: threads that take turns would take more of the machine than the servers.
    """
    took_s: list[float] = []
    before_ms, began_s = backend.cpu_ms(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(_CLIENTS):
            _begin(selector, backend, content)
        while selector.get_map():
            for key, _events in selector.select(_PATIENCE_S) or _raise_silent(backend):
                asked: _Asked = key.data
                if not asked.has_ended():
                    continue
                selector.unregister(asked.connection)
                asked.connection.close()
                took_s.append(time.perf_counter() - asked.began_s)
                if time.perf_counter() < began_s + seconds:
                    _begin(selector, backend, content)
    wall_s, cpu = time.perf_counter() - began_s, backend.cpu_ms() - before_ms
    took_s.sort()
    count = len(took_s)
    return Measured(
        count / wall_s, took_s[count // 2] * 1e3, took_s[int(count * 0.95)] * 1e3, cpu / max(1, count)
    )


@dataclass
class _Asked:
    """A request under way."""

    connection: socket.socket
    began_s: float
    received: bytes = b""

    def has_ended(self) -> bool:
        """Take what has come; whether that was the last of the answer."""
        piece = self.connection.recv(262144)
        self.received = self.received or piece
        if not piece and b" 200 " not in self.received[:20]:
            raise RuntimeError(f"A request was answered {self.received[:200]!r}.")
        return not piece


def _begin(selector: selectors.BaseSelector, backend: Backend, content: bytes) -> None:
    parts, began_s = urlsplit(backend.url), time.perf_counter()
    connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_PATIENCE_S)
    connection.sendall(content)
    selector.register(connection, selectors.EVENT_READ, _Asked(connection, began_s))


def _raise_silent(backend: Backend) -> NoReturn:
    raise RuntimeError(f"{backend.url} has not answered for {_PATIENCE_S:.0f} s.")


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


def _prediction(count: int) -> bytes:
    return _request("POST", "/predict", json.dumps(_prediction_body(count)).encode())


def _prediction_body(count: int) -> dict[str, object]:
    tasks = [_task(number) for number in range(1, count + 1)]
    params = {"login": None, "password": None, "context": None}
    return {"tasks": tasks, "project": "1.1700000000", "label_config": _CONFIG, "params": params}


def _task(number: int) -> dict[str, object]:
    """A task with the fields that Label Studio 1.23 sends."""
    return {
        "id": number,
        "data": {"text": f"{number} {_TEXT}"},
        "meta": {},
        "created_at": "2026-11-20T23:48:37.344122Z",
        "updated_at": "2026-11-20T23:48:37.344130Z",
        "is_labeled": False,
        "overlap": 1,
        "inner_id": number,
        "total_annotations": 0,
        "cancelled_annotations": 0,
        "total_predictions": 0,
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": 1,
        "updated_by": None,
        "file_upload": None,
        "comment_authors": [],
        "annotations": [],
        "predictions": [],
    }


_CASES: Mapping[str, bytes] = {
    "predict, 1 task": _prediction(1),
    "predict, 100 tasks": _prediction(100),
    "health": _request("GET", "/health"),
}

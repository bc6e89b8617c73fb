"""The lazy start: what the first request takes, what others wait meanwhile, and what stands afterwards."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.processes import memory_mib
from benchmarks.rows import Row
from benchmarks.servers import Server, treadle
from benchmarks.tracking.seeding import in_file
from benchmarks.tracking.servers import API, Pair, Tracker, plain_mlflow, seconds_of, tracked

Tell = Callable[[str], None]
#: Of MLflow's tables, in the folder of either server.
_FILE = "mlflow.db"
_ASKS_EVERY_S = 0.02


@dataclass
class _Seen:
    """What was measured, a figure for each round."""

    empty_s: list[float] = field(default_factory=list)
    existing_s: list[float] = field(default_factory=list)
    their_empty_s: list[float] = field(default_factory=list)
    their_existing_s: list[float] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)
    resident_mib: list[float] = field(default_factory=list)


@contextmanager
def soon_started_pair(tell: Tell) -> Iterator[tuple[Pair, list[Row]]]:
    """Both servers, started at the same time and not measured, for a short run."""
    tell("both servers start")
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        ours, theirs = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-bench-"))) for _ in range(2)
        )
        starting = pool.submit(stack.enter_context, plain_mlflow(theirs))
        with ExitStack() as within:
            server = within.enter_context(treadle(ours))
            with tracked(server) as tracker:
                tracker.search_experiments()
            plain = starting.result()
            stack.push(within.pop_all())
        yield _pair(stack, plain, server, theirs, ours), []


@contextmanager
def started_pair(tell: Tell, rounds: int) -> Iterator[tuple[Pair, list[Row]]]:
    """Start both servers often enough; those of the last round, which go on, and what it took."""
    seen = _Seen()
    tell("the first request")
    for _ in range(rounds - 1):
        with ExitStack() as stack:
            _start_round(stack, seen)
    with ExitStack() as stack:
        yield _start_round(stack, seen), _rows(seen)


def _start_round(stack: ExitStack, seen: _Seen) -> Pair:
    ours, theirs = (
        Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-bench-"))) for _ in range(2)
    )
    with plain_mlflow(theirs) as server:
        seen.their_empty_s.append(server.start_s)
    with treadle(ours) as server, tracked(server) as tracker:
        seen.empty_s.append(seconds_of(tracker.search_experiments))
    plain = stack.enter_context(plain_mlflow(theirs))
    seen.their_existing_s.append(plain.start_s)
    server = stack.enter_context(treadle(ours))
    server.wait_until_idle()
    with _asking(server) as waits:
        seen.existing_s.append(seconds_of(lambda: _ten_at_once(server)))
    seen.waits_ms.append(max(waits))
    children = tracking_pids(server)
    assert len(children) == 1
    server.wait_until_idle()
    seen.resident_mib.append(memory_mib(children))
    return _pair(stack, plain, server, theirs, ours)


def _pair(stack: ExitStack, plain: Server, server: Server, theirs: Path, ours: Path) -> Pair:
    return Pair(
        stack.enter_context(tracked(plain)),
        stack.enter_context(tracked(server)),
        in_file(theirs / _FILE),
        in_file(ours / _FILE),
    )


def _rows(seen: _Seen) -> list[Row]:
    empty_s, their_empty_s = median(seen.empty_s), median(seen.their_empty_s)
    existing_s, their_existing_s = median(seen.existing_s), median(seen.their_existing_s)
    return [
        Row("first request, empty database", "s", empty_s, their_empty_s, 4.5, "4.5 s"),
        Row("first ten at once, existing one", "s", existing_s, their_existing_s, 3.5, "3.5 s"),
        Row("another request meanwhile, longest", "ms", median(seen.waits_ms), None, 200, "200 ms"),
        Row("the tracking process afterwards", "MiB PSS", median(seen.resident_mib), None, 260, "260 MB"),
    ]


def _ten_at_once(server: Server) -> None:
    def ask() -> None:
        with server.client() as client:
            Tracker(server, client).search_experiments()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _asking(server: Server) -> Iterator[list[float]]:
    """Somebody who asks something else meanwhile; how long each answer took, in milliseconds."""
    waits: list[float] = []
    enough = threading.Event()

    def ask() -> None:
        with server.client() as client:
            while not enough.wait(_ASKS_EVERY_S):
                waits.append(seconds_of(lambda: client.get("/api/projects/").raise_for_status()) * 1000)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        enough.set()
        thread.join()


def tracking_pids(server: Server) -> list[int]:
    """Its tracking process, if it has one."""
    return [
        pid for pid in server.pids() if b"treadle.tracking.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def measure_growth(tell: Tell, pair: Pair, requests: int) -> Row:
    """How the tracking process grows by requests of every kind."""
    tell(f"{requests:,} mixed requests")
    tracker = pair.ours
    children = tracking_pids(tracker.server)
    run_id = tracker.create_run(tracker.create_experiment("mixed"))
    before = memory_mib(children)
    for number in range(requests):
        (tracker.log_metric if number % 2 else tracker.get_run)(run_id)
        if number % 50 == 0:
            tracker.get(f"{API}/experiments/search?max_results=50")
            tracker.log_batch(run_id)
    grown = memory_mib(children) - before
    return Row(f"the tracking process grows by {requests:,} requests", "MiB PSS", grown, None, 60, "60 MB")

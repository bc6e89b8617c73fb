"""Large tables and long curves, the lazy start, memory, large artifacts: ours, beside plain MLflow's."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import memory_mib, peak_memory
from benchmarks.rows import Row
from benchmarks.servers import Server, treadle
from benchmarks.tracking.seeding import KEYS, seed_points, seed_runs
from benchmarks.tracking.servers import API, Tracker, plain_mlflow

Tell = Callable[[str], None]
_SMALL, _LARGE = 10_000, 100_000
_FEW = 100
_POINTS = 1_000_000
_BUCKETS = 1_000
_ROUNDS = 7
_WORKSPACE = 1
_INTERVAL = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
_CHUNK = bytes(1024**2)


@contextmanager
def tracked(server: Server) -> Iterator[Tracker]:
    """Somebody who tracks on the server, once it is idle."""
    with server.client() as client:
        tracker = Tracker(server, client)
        server.wait_until_idle()
        yield tracker


def measure_tables(tell: Tell, *, is_short: bool) -> list[Row]:
    """The runs table by the number of runs, the same search by plain MLflow, and what neighbours cost."""
    large = _SMALL * 2 if is_short else _LARGE
    tell(f"{_SMALL:,} and {large:,} runs")
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as name:
        folder = Path(name)
        few, small, many = _make_experiments(treadle(folder), ("few", "small", "large"))
        seed_runs(folder / "mlflow.db", few, _FEW)
        with treadle(folder) as server, tracked(server) as tracker:
            alone_ms = _cost(server, lambda: _table(tracker, few))
        seed_runs(folder / "mlflow.db", small, _SMALL)
        seed_runs(folder / "mlflow.db", many, large)
        with treadle(folder) as server, tracked(server) as tracker:
            beside_ms = _cost(server, lambda: _table(tracker, few))
            first_ms = _cost(server, lambda: _table(tracker, small))
            sorted_ms = _cost(server, lambda: _table(tracker, small, **_SORTED))
            large_ms = _cost(server, lambda: _table(tracker, many))
    theirs_ms, their_sorted_ms = _search_plain(_SMALL)
    return [
        Row("runs table of 10,000, first 100", "ms CPU", first_ms, theirs_ms, 12, "12 ms"),
        Row("the same, filtered and sorted", "ms CPU", sorted_ms, their_sorted_ms, 60, "60 ms"),
        Row(f"runs table of {large:,}, first 100", "ms CPU", large_ms, None, first_ms * 2, "2 × of 10,000"),
        Row(
            f"100 runs beside {large + _SMALL:,} of others",
            "ms CPU",
            beside_ms,
            None,
            alone_ms * 1.2,
            "1.2 × of alone",
            f"{alone_ms:.2f} alone",
        ),
    ]


_SORTED = {"filter": "metrics.m1 > 1.5 and params.p1 = '1'", "order_by": ["metrics.m2 DESC"]}
_COLUMNS = {
    "metrics": [f"m{key}" for key in range(KEYS)],
    "params": [f"p{key}" for key in range(KEYS)],
    "tags": [],
}


def _table(tracker: Tracker, experiment: str, **more: object) -> Any:
    body = {
        "workspace": _WORKSPACE,
        "experiment_ids": [experiment],
        "limit": 100,
        "columns": _COLUMNS,
        **more,
    }
    return tracker.post("/api/tracking/runs/", body)


def _search_plain(runs: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as name:
        folder = Path(name)
        [experiment] = _make_experiments(plain_mlflow(folder), ("plain",))
        seed_runs(folder / "mlflow.db", experiment, runs)
        with plain_mlflow(folder) as server, tracked(server) as tracker:
            newest = {"order_by": ["attributes.start_time DESC"]}
            return (
                _cost(server, lambda: tracker.search_runs(experiment, 100, **newest)),
                _cost(server, lambda: tracker.search_runs(experiment, 100, **_SORTED)),
            )


def _make_experiments(started: AbstractContextManager[Server], names: tuple[str, ...]) -> list[str]:
    with started as server, server.client() as client:
        return [Tracker(server, client).create_experiment(name) for name in names]


def _cost(server: Server, act: Callable[[], object]) -> float:
    act()
    server.wait_until_idle()
    return median(server.cpu_of(act) for _ in range(_ROUNDS))


def measure_curves(tell: Tell, *, is_short: bool) -> list[Row]:
    """A metric of a million points in a thousand buckets, with a roll-up and without one."""
    points = _POINTS // 10 if is_short else _POINTS
    tell(f"a metric of {points:,} points")
    with ExitStack() as stack:
        ours, theirs = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-bench-"))) for _ in range(2)
        )
        run_id = _seed_curve(treadle(ours), ours, points)
        with treadle(ours) as server, tracked(server) as tracker:
            tracker.search_experiments()  # the tracking process runs
            server.wait_until_idle()
            bare_ms = server.cpu_of(lambda: _curve(tracker, run_id))
            time.sleep(3)  # a roll-up may be made behind it
            rolled_ms = _cost(server, lambda: _curve(tracker, run_id))
            highest = max(value for value in _curve(tracker, run_id)["curves"][0]["max"] if value is not None)
            rolled_batch_ms = _cost(server, lambda: tracker.log_batch(run_id))
            fresh = tracker.create_run(tracker.create_experiment("fresh"))
            batch_ms = _cost(server, lambda: tracker.log_batch(fresh))
        plain_id = _seed_curve(plain_mlflow(theirs), theirs, points)
        with plain_mlflow(theirs) as server, tracked(server) as tracker:
            asked = f"{_INTERVAL}?run_ids={plain_id}&metric_key=loss&max_results={_BUCKETS}"
            plain_ms = _cost(server, lambda: tracker.get(asked))
    assert highest == 1e6, "the spike is lost"
    return [
        Row(f"{points:,} points, without a roll-up", "ms CPU", bare_ms, plain_ms, 500, "500 ms"),
        Row(f"{points:,} points, from a roll-up", "ms CPU", rolled_ms, plain_ms, 3, "3 ms"),
        Row(
            "a batch of 100 that is rolled up",
            "ms CPU",
            rolled_batch_ms,
            None,
            batch_ms * 1.1,
            "1.1 × of not",
        ),
    ]


def _curve(tracker: Tracker, run_id: str) -> Any:
    body = {"workspace": _WORKSPACE, "run_ids": [run_id], "key": "loss", "x": "step", "buckets": _BUCKETS}
    return tracker.post("/api/tracking/curves/", body)


def _seed_curve(started: AbstractContextManager[Server], folder: Path, points: int) -> str:
    with started as server, server.client() as client:
        tracker = Tracker(server, client)
        run_id = tracker.create_run(tracker.create_experiment("curve"))
    seed_points(folder / "mlflow.db", run_id, "loss", points)
    return run_id


def measure_start(tell: Tell, *, is_short: bool) -> list[Row]:
    """What the first tracking request takes, what others wait meanwhile, and what stands afterwards."""
    rounds, requests = (1, 400) if is_short else (3, 10_000)
    tell("the first request")
    empty_s, theirs_empty_s, existing_s, theirs_s = (list[float]() for _ in range(4))
    waits_ms, resident, grown = (list[float]() for _ in range(3))
    for number in range(rounds):
        with ExitStack() as stack:
            ours, theirs = (
                Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="treadle-bench-")))
                for _ in range(2)
            )
            with treadle(ours) as server, tracked(server) as tracker:
                empty_s.append(_timed(tracker.search_experiments))
            with treadle(ours) as server, tracked(server) as tracker:
                with _asking(server) as waits:
                    existing_s.append(_timed(lambda: _ten_at_once(server)))
                waits_ms.append(max(waits))
                children = _tracking(server)
                assert len(children) == 1
                server.wait_until_idle()
                resident.append(memory_mib(children))
                if number == rounds - 1:
                    grown.append(_growth(tracker, children, requests))
            for seconds in (theirs_empty_s, theirs_s):
                with plain_mlflow(theirs) as server:
                    seconds.append(server.start_s)
    return [
        Row("first request, empty database", "s", median(empty_s), median(theirs_empty_s), 4.5, "4.5 s"),
        Row("first ten at once, existing one", "s", median(existing_s), median(theirs_s), 3.5, "3.5 s"),
        Row("another request meanwhile, longest", "ms", median(waits_ms), None, 200, "200 ms"),
        Row("the tracking process afterwards", "MiB PSS", median(resident), None, 260, "260 MB"),
        Row(f"its growth by {requests:,} requests", "MiB PSS", median(grown), None, 60, "60 MB"),
    ]


def _timed(act: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s


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
            while not enough.wait(0.02):
                waits.append(_timed(lambda: client.get("/api/projects/").raise_for_status()) * 1000)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        enough.set()
        thread.join()


def _tracking(server: Server) -> list[int]:
    return [
        pid for pid in server.pids() if b"treadle.tracking.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def _growth(tracker: Tracker, children: list[int], requests: int) -> float:
    run_id = tracker.create_run(tracker.create_experiment("mixed"))
    before = memory_mib(children)
    for number in range(requests):
        act = (tracker.log_metric, tracker.get_run, tracker.log_metric, tracker.get_run)[number % 4]
        act(run_id)
        if number % 50 == 0:
            tracker.get(f"{API}/experiments/search?max_results=50")
            tracker.log_batch(run_id)
    return memory_mib(children) - before


def measure_artifacts(tell: Tell, *, is_short: bool) -> list[Row]:
    """A large artifact, up and down."""
    megabytes = 100 if is_short else 1024
    tell(f"an artifact of {megabytes} MiB")
    (plain_up, plain_down, _), (up, down, growth) = (
        _large_artifact(started, megabytes) for started in (plain_mlflow, treadle)
    )
    return [
        Row(f"upload of {megabytes} MiB", "ms CPU", up, plain_up, plain_up * 1.1, "1.1 × theirs"),
        Row(f"download of {megabytes} MiB", "ms CPU", down, plain_down, plain_down * 1.1, "1.1 × theirs"),
        Row("memory that both add", "MiB PSS", growth, None, 64, "64 MB"),
    ]


def _large_artifact(
    started: Callable[[Path], AbstractContextManager[Server]], megabytes: int
) -> tuple[float, float, float]:
    """CPU of the upload and of the download in milliseconds, and the most memory that they add in MiB."""
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as name,
        started(Path(name)) as server,
        tracked(server) as tracker,
    ):
        experiment = tracker.create_experiment("large")
        path = f"{experiment}/{tracker.create_run(experiment)}/artifacts/large.bin"
        server.wait_until_idle()
        before = memory_mib(server.pids())
        with peak_memory(server.pids()) as most:
            up_ms = server.cpu_of(lambda: tracker.upload(path, (_CHUNK for _ in range(megabytes))))
            down_ms = server.cpu_of(lambda: tracker.download(path))
        return up_ms, down_ms, most[0] - before

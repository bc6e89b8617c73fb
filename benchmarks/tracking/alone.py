"""Large tables and long curves, large artifacts: ours, and what plain MLflow has for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.processes import memory_mib, peak_memory
from benchmarks.rows import Row
from benchmarks.tracking.seeding import seed_points, seed_runs
from benchmarks.tracking.servers import Pair, Tracker, cost

Tell = Callable[[str], None]
_BUCKETS = 1_000
_INTERVAL = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"
_CHUNK = bytes(1024**2)
_SORTED = {"filter": "metrics.m1 > 1.5 and params.p1 = '1'", "order_by": ["metrics.m2 DESC"]}
_NEWEST = {"order_by": ["attributes.start_time DESC"]}


def measure_tables(tell: Tell, pair: Pair, small: int, large: int) -> list[Row]:
    """The runs table by the number of runs, and the same search by plain MLflow."""
    tell(f"{small:,} and {large:,} runs")
    ours, plain = pair.ours, pair.plain
    few, many, theirs = (
        tracker.create_experiment(name) for tracker, name in ((ours, "few"), (ours, "many"), (plain, "few"))
    )
    seed_runs(pair.our_tables, few, small)
    seed_runs(pair.our_tables, many, large)
    seed_runs(pair.plain_tables, theirs, small)
    first_ms = cost(ours.server, lambda: ours.list_runs(few))
    sorted_ms = cost(ours.server, lambda: ours.list_runs(few, **_SORTED))
    large_ms = cost(ours.server, lambda: ours.list_runs(many))
    theirs_ms = cost(plain.server, lambda: plain.search_runs(theirs, 100, **_NEWEST))
    their_sorted_ms = cost(plain.server, lambda: plain.search_runs(theirs, 100, **_SORTED))
    return [
        Row(f"runs table of {small:,}, first 100", "ms CPU", first_ms, theirs_ms, 12, "12 ms"),
        Row("the same, filtered and sorted", "ms CPU", sorted_ms, their_sorted_ms, 60, "60 ms"),
        Row(
            f"runs table of {large:,}, first 100", "ms CPU", large_ms, None, first_ms * 2, f"2 × of {small:,}"
        ),
    ]


def measure_curves(tell: Tell, pair: Pair, points: int) -> list[Row]:
    """A long metric in a thousand buckets, with a roll-up and without one."""
    tell(f"a metric of {points:,} points")
    ours, plain = pair.ours, pair.plain
    run_id, plain_id = (tracker.create_run(tracker.create_experiment("curve")) for tracker in (ours, plain))
    seed_points(pair.our_tables, run_id, "loss", points)
    seed_points(pair.plain_tables, plain_id, "loss", points)
    ours.server.wait_until_idle()
    before_ms = ours.server.cpu_ms()
    _curve(ours, run_id)
    bare_ms = ours.server.cpu_ms() - before_ms  # until it is answered: the roll-up is made behind it
    time.sleep(1)  # a roll-up may be made behind it
    rolled_ms = cost(ours.server, lambda: _curve(ours, run_id))
    highest = max(value for value in _curve(ours, run_id)["curves"][0]["max"] if value is not None)
    assert highest == 1e6, "the spike is lost"
    fresh = ours.create_run(ours.create_experiment("fresh"))
    # In turn: what is compared is a tenth.
    batches = [
        (
            cost(ours.server, lambda: ours.log_batch(fresh), 5),
            cost(ours.server, lambda: ours.log_batch(run_id), 5),
        )
        for _ in range(3)
    ]
    batch_ms, rolled_batch_ms = (sorted(each)[1] for each in zip(*batches, strict=True))
    asked = f"{_INTERVAL}?run_ids={plain_id}&metric_key=loss&max_results={_BUCKETS}"
    plain_ms = cost(plain.server, lambda: plain.get(asked), 3)
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
            f"{batch_ms:.1f} of not",
        ),
    ]


def _curve(tracker: Tracker, run_id: str) -> Any:
    body = {"workspace": 1, "run_ids": [run_id], "key": "loss", "x": "step", "buckets": _BUCKETS}
    return tracker.post("/api/tracking/curves/", body)


def measure_artifacts(tell: Tell, pair: Pair, megabytes: int) -> list[Row]:
    """A large artifact, up and down."""
    tell(f"an artifact of {megabytes} MiB")
    (plain_up, plain_down, _), (up, down, growth) = (
        _large_artifact(tracker, megabytes) for tracker in (pair.plain, pair.ours)
    )
    return [
        Row(f"upload of {megabytes} MiB", "ms CPU", up, plain_up, plain_up * 1.1, "1.1 × theirs"),
        Row(f"download of {megabytes} MiB", "ms CPU", down, plain_down, plain_down * 1.1, "1.1 × theirs"),
        Row("memory that both add", "MiB PSS", growth, None, 64, "64 MB"),
    ]


def _large_artifact(tracker: Tracker, megabytes: int) -> tuple[float, float, float]:
    """CPU of the upload and of the download in milliseconds, and the most memory that they add in MiB."""
    server, experiment = tracker.server, tracker.create_experiment("large")
    path = f"{experiment}/{tracker.create_run(experiment)}/artifacts/large.bin"
    server.wait_until_idle()
    before = memory_mib(server.pids())
    with peak_memory(server.pids()) as most:
        up_ms = server.cpu_of(lambda: tracker.upload(path, (_CHUNK for _ in range(megabytes))))
        down_ms = server.cpu_of(lambda: tracker.download(path))
    return up_ms, down_ms, most[0] - before

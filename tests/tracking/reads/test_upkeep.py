"""What is done after MLflow has answered never takes its answer back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from treadle.settings import Settings
from treadle.tracking.paths import tracking_database_url
from treadle.tracking.reads import ReadRequest, Reads, upkeep
from treadle.tracking.visitor import Visitor

RUN = "ab" * 16
VISITOR = Visitor(1, "edit@example.com", 1, "edit", ())


@pytest.fixture
def reads(tmp_path: Path) -> Iterator[Reads]:
    """Of a server on which nothing was tracked yet."""
    settings = Settings(data_dir=tmp_path)
    with closing(Reads(tracking_database_url(settings), settings)) as opened:
        yield opened


def logged(count: int) -> ReadRequest:
    body = json.dumps({"run_id": RUN, "metrics": [{"key": "loss"}] * count}).encode()
    return ReadRequest("POST", "/api/2.0/mlflow/runs/log-batch", "", body, VISITOR)


class Meeting(dict[tuple[str, str], int]):
    """Counts in which two threads meet."""

    def __init__(self) -> None:
        super().__init__()
        self._both = threading.Barrier(2)

    def __setitem__(self, key: tuple[str, str], count: int) -> None:
        super().__setitem__(key, count)
        self._both.wait(5)


def test_two_ranks_of_a_run_log_one_metric_at_once(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "_EACH", 1)
    monkeypatch.setattr(reads._upkeep, "_counts", Meeting())
    with ThreadPoolExecutor(2) as ranks:
        list(ranks.map(lambda _: reads.after(logged(1), 200), range(2)))


def test_an_answer_stands_where_there_is_no_thread_for_more(
    reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        reads.after(logged(1000), 200)

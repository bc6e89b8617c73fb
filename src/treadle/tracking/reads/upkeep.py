"""What is done beside the requests: our indexes and triggers, and roll-ups of metrics that become long."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

import msgspec

from treadle.tracking.reads import rollups
from treadle.tracking.reads.deleters import Deleted, find_verb, note_deleter, read_deleted_by
from treadle.tracking.reads.own_tables import add_own_tables
from treadle.tracking.reads.request import ReadRequest
from treadle.tracking.reads.tables import Tables
from treadle.tracking.reads.traces import tell_planner

_LOG = logging.getLogger(__name__)
_LOGGED_ONE = frozenset({"/api/2.0/mlflow/runs/log-metric", "/ajax-api/2.0/mlflow/runs/log-metric"})
_LOGGED_MANY = frozenset({"/api/2.0/mlflow/runs/log-batch", "/ajax-api/2.0/mlflow/runs/log-batch"})
#: After so many points of one metric its roll-up is looked after.
_EACH = 512
_MOST_COUNTED = 50_000
_Metric = tuple[str, str]


class Upkeep:
    """A thread that is started when there is something to do, and ends with the process."""

    def __init__(self, tables: Tables, *, has_wal: bool) -> None:
        self._tables = tables
        self._has_wal = has_wal
        self._counts: dict[_Metric, int] = {}
        self._counting = threading.Lock()
        self._waiting: queue.SimpleQueue[_Metric | Deleted | None] = queue.SimpleQueue()
        self._due: set[_Metric] = set()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        #: Does SQLite keep a write-ahead log, so that who reads waits for nobody who writes?
        self.has_log = False
        #: Are our tables there, and the triggers that keep them true?
        self.is_prepared = False

    def begin(self) -> None:
        """Make our tables in the background, once MLflow's are there."""
        if self._thread is not None:
            return
        try:
            is_time = self._tables.are_there()
        except self._tables.errors:
            return  # the next request asks again
        if is_time:
            self._start()

    def notice(self, request: ReadRequest) -> None:
        """MLflow has answered a request; count the points that it logged, keep who deleted what."""
        self.begin()
        path, body = request.path, request.body
        if find_verb(path) is not None:
            deleted = read_deleted_by(request, _parse(body))
            if deleted is not None:
                self._waiting.put(deleted)
                self._start()
        elif path in _LOGGED_ONE:
            sent = _parse(body)
            self._count(sent.get("run_id") or sent.get("run_uuid"), [sent])
        elif path in _LOGGED_MANY:
            sent = _parse(body)
            self._count(sent.get("run_id"), sent.get("metrics"))

    def notice_curve(self, run_id: str, key: str, points: int) -> None:
        """A curve of so many points was read."""
        if points >= rollups.LONG:
            self._ask((run_id, key))

    def close(self) -> None:
        """End the thread after what it is at."""
        thread = self._thread
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _count(self, run_id: Any, metrics: Any) -> None:
        if not isinstance(run_id, str) or not isinstance(metrics, list):
            return
        keys = [metric.get("key") for metric in metrics if isinstance(metric, dict)]
        with self._counting:
            due = [(run_id, key) for key in keys if isinstance(key, str) and self._is_due((run_id, key))]
        for metric in due:
            self._ask(metric)

    def _is_due(self, metric: _Metric) -> bool:
        """Count a point; is it time to look after its roll-up?"""
        if len(self._counts) > _MOST_COUNTED:
            self._counts.clear()
        count = self._counts.pop(metric, 0) + 1
        if count >= _EACH:
            return True
        self._counts[metric] = count
        return False

    def _ask(self, metric: _Metric) -> None:
        if metric not in self._due:
            self._due.add(metric)
            self._waiting.put(metric)
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="tracking-upkeep", daemon=True)
                thread.start()
                self._thread = thread

    def _work(self) -> None:
        self._prepare()
        while (due := self._waiting.get()) is not None:
            if not isinstance(due, Deleted):
                self._due.discard(due)
            if not (self.is_prepared or self._prepare()):
                continue
            if isinstance(due, Deleted):
                self._note(due)
            else:
                self._look_after(due)

    def _look_after(self, metric: _Metric) -> None:
        try:
            rollups.look_after(self._tables, *metric)
        except self._tables.errors:
            _LOG.warning("A roll-up of a metric was left for later", exc_info=True)

    def _note(self, deleted: Deleted) -> None:
        try:
            with self._tables.write() as writer:
                note_deleter(writer, deleted)
        except self._tables.errors:
            _LOG.warning("Who deleted a run or an experiment was not kept", exc_info=True)

    def _prepare(self) -> bool:
        try:
            if self._tables.is_sqlite and self._has_wal:
                self.has_log = self._tables.keep_a_log()
            with self._tables.write() as writer:
                add_own_tables(writer)
        except self._tables.errors:
            _LOG.warning("Indexes for reads of MLflow's tables were not made", exc_info=True)
            return False
        try:
            with self._tables.write() as writer:
                tell_planner(writer)
        except self._tables.errors:
            _LOG.warning("Searches in spans may be slow: SQLite was not told of them", exc_info=True)
        self.is_prepared = True
        return True


def _parse(body: bytes) -> dict[str, Any]:
    """What a client sent to log; MLflow has understood it, be it written as JSON in JSON."""
    try:
        sent = msgspec.json.decode(body)
        sent = msgspec.json.decode(sent) if isinstance(sent, str) else sent
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}

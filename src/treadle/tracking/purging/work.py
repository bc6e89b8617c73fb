"""What frees the deleted: rows of runs, logged models and experiments, bit by bit, then their bytes.

All that it has begun stands in MLflow's own database (`ledger`): whoever goes on, be it for another purge of
the workspace, first finishes what is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from treadle.objects import ObjectStore
from treadle.tracking.purging import ledger, rows, taking
from treadle.tracking.purging.ledger import Counted, Kind
from treadle.tracking.purging.places import Freeing, Left
from treadle.tracking.reads.tables import Reader, Tables

_TRACES_AT_ONCE = 100
_PAUSE_S = 0.002

_Rows = Callable[[Reader, Sequence[str]], int]


@dataclass
class Purge:
    """One purge of a workspace, begun or gone on with.

    look_up: called between transactions and before each object is looked at or goes; what it raises ends the
    work, which the next purge of the workspace finishes.  forget_experiment: called before an experiment's
    row goes.
    """

    tables: Tables
    objects: ObjectStore
    workspace: str
    job: str
    before_ms: int
    look_up: Callable[[], None]
    forget_experiment: Callable[[int], None] = field(default=lambda _experiment_id: None)

    def begin(self, living: Sequence[str] = ()) -> None:
        """Make what is missing of the ledger; living: jobs whose sums are not told yet."""
        with self.tables.write() as writer:
            ledger.prepare(writer)
            ledger.begin_counting(writer, self.workspace, self.job, living)
            if writer.is_sqlite:
                rows.free_marks(writer)

    def free(self) -> Left:
        """Finish what was begun, then free all that is old enough; what stays of the bytes, and why."""
        self._free_taken()
        for take in (taking.take_runs, taking.take_models, taking.take_experiments):
            while self._take(take):
                self._free_taken()
        return self._free_bytes()

    def counts(self) -> dict[Counted, int]:
        """What this job has freed."""
        with self.tables.read() as reader:
            return ledger.read_counts(reader, self.job)

    def _take(self, take: Callable[[Reader, str, int], list[str]]) -> list[str]:
        self.look_up()
        with self.tables.write() as writer:
            return take(writer, self.workspace, self.before_ms)

    def _free_taken(self) -> None:
        self._free_kind("run", rows.OF_RUNS, rows.free_runs)
        self._free_kind("model", rows.OF_MODELS, rows.free_models)
        for experiment_id in self._taken("experiment"):
            self._free_experiment(int(experiment_id))

    def _taken(self, kind: Kind) -> list[str]:
        with self.tables.read() as reader:
            return ledger.list_taken(reader, kind, self.workspace, taking.RUNS_AT_ONCE)

    def _free_kind(self, kind: Kind, parts: Sequence[rows.Part], free: _Rows) -> None:
        counted: Counted = "runs" if kind == "run" else "logged_models"
        while ids := self._taken(kind):
            self._free_parts(parts, ids)
            with self.tables.write() as writer:
                ledger.count(writer, self.job, {counted: free(writer, ids)})
                ledger.note_freed(writer, kind, ids)
            self.look_up()

    def _free_experiment(self, experiment_id: int) -> None:
        while traces := self._traces(experiment_id):
            self._free_parts(rows.OF_TRACES, traces)
            with self.tables.write() as writer:
                ledger.count(writer, self.job, {"traces": rows.free_traces(writer, traces)})
            self.look_up()
        self._free_parts(rows.OF_EXPERIMENTS, (experiment_id,))
        self.forget_experiment(experiment_id)
        with self.tables.write() as writer:
            models = rows.free_experiment(writer, experiment_id)
            ledger.count(writer, self.job, {"experiments": 1, "logged_models": models})
            ledger.note_freed(writer, "experiment", [str(experiment_id)])

    def _traces(self, experiment_id: int) -> list[str]:
        with self.tables.read() as reader:
            return rows.list_traces(reader, experiment_id, _TRACES_AT_ONCE)

    def _free_parts(self, parts: Sequence[rows.Part], ids: Sequence[Any]) -> None:
        """In transactions of some milliseconds each, with as long a gap for others behind each."""
        freed = 1
        while freed:
            began_s = time.monotonic()
            with self.tables.write() as writer:
                freed = rows.free_chunk(writer, parts, ids)
            time.sleep(max(_PAUSE_S, time.monotonic() - began_s))

    def _free_bytes(self) -> Left:
        return Freeing(self.tables, self.objects, self.workspace, self.job, self.look_up).free()

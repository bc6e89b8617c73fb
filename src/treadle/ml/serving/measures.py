"""What a model server counts, and how Prometheus reads it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_PREFIX = "treadle_ml_"
_COUNTERS = {
    "requests": ("Requests that were answered, by route and status.", ("route", "status")),
    "refused": ("Predictions that were refused, by reason.", ("reason",)),
    "failed_tasks": ("Tasks whose prediction failed alone.", ()),
    "trainings": ("Trainings that are over, by how they ended.", ("state",)),
}


class Histogram:
    """Counts of values up to each of a few bounds."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def note(self, value: float) -> None:
        """Count a value."""
        self._sum += value
        for number, bound in enumerate(self._bounds):
            if value <= bound:
                self._counts[number] += 1
                return
        self._counts[-1] += 1

    def lines(self, name: str) -> list[str]:
        """As Prometheus reads it."""
        told, below = [], 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            below += count
            told.append(f'{name}_bucket{{le="{bound}"}} {below}')
        return [*told, f"{name}_sum {self._sum:.6f}", f"{name}_count {below}"]


class Measures:
    """What one server has counted since it was started."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in _COUNTERS}
        self._histograms = {
            "predict_seconds": (Histogram(_SECONDS), "Time from a request for predictions to its answer."),
            "model_seconds": (Histogram(_SECONDS), "Time that the model took over a batch."),
            "load_seconds": (Histogram(_SECONDS), "Time that a version took to load."),
            "batch_tasks": (Histogram(_SIZES), "Tasks in a batch."),
        }
        self._answered_at_s = time.monotonic()

    def count(self, name: str, label: str = "", count: int = 1) -> None:
        """Count something that has one label or none."""
        self._counts[name][(label,) if label else ()] += count

    def note_request(self, route: str, status: int) -> None:
        """Count an answer."""
        self._answered_at_s = time.monotonic()
        self._counts["requests"][route, str(status)] += 1

    def quiet_s(self) -> float:
        """How long ago the last answer was given, or the server started."""
        return time.monotonic() - self._answered_at_s

    def note_predict(self, seconds: float) -> None:
        """Count how long a request for predictions took."""
        self._histograms["predict_seconds"][0].note(seconds)

    def note_batch(self, tasks: int, seconds: float) -> None:
        """Count a batch and how long the model took over it."""
        self._histograms["model_seconds"][0].note(seconds)
        self._histograms["batch_tasks"][0].note(tasks)

    def note_load(self, seconds: float) -> None:
        """Count how long a version took to load."""
        self._histograms["load_seconds"][0].note(seconds)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All of it as Prometheus reads it. gauges: what holds now, with what it means."""
        lines: list[str] = []
        for name, (about, labels) in _COUNTERS.items():
            full = f"{_PREFIX}{name}_total"
            lines += [f"# HELP {full} {about}", f"# TYPE {full} counter"]
            counts = self._counts[name] or ({(): 0} if not labels else {})
            for values, count in sorted(counts.items()):
                told = ",".join(f'{label}="{value}"' for label, value in zip(labels, values, strict=True))
                lines.append(f"{full}{{{told}}} {count}" if told else f"{full} {count}")
        for name, (histogram, about) in self._histograms.items():
            full = f"{_PREFIX}{name}"
            lines += [f"# HELP {full} {about}", f"# TYPE {full} histogram", *histogram.lines(full)]
        for name, (about, value) in gauges.items():
            full = f"{_PREFIX}{name}"
            lines += [f"# HELP {full} {about}", f"# TYPE {full} gauge", f"{full} {value:g}"]
        return "\n".join(lines) + "\n"

"""A sink that remembers what a training told."""

from __future__ import annotations

from collections import defaultdict


class Sink:
    """Keeps figures and lines; asks to stop after so many questions whether to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.metrics: defaultdict[str, list[tuple[int | None, float]]] = defaultdict(list)
        self.lines: list[str] = []
        self.done: tuple[float, float] | None = None
        self._stop_after = stop_after
        self._asked = 0

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        self.metrics[name].append((step, value))

    def log(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: float, total: float) -> None:
        self.done = (done, total)

    def should_stop(self) -> bool:
        self._asked += 1
        return self._stop_after is not None and self._asked > self._stop_after

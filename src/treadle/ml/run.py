"""A training as its author sees it: figures, progress, and whether to stop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from treadle.ml.calling import RunSink
from treadle.ml.regions import finite


class Run:
    """One training. What is written below ``folder`` belongs to the version that it makes."""

    def __init__(self, sink: RunSink, folder: Path, settings: Mapping[str, object]) -> None:
        self._sink = sink
        self.folder = folder
        #: What the form of the training said: epochs, image size, ….
        self.settings = settings
        self._figures: dict[str, list[float]] = {}

    @property
    def scratch(self) -> Path:
        """A folder for data sets and the like, which is gone when the training is over."""
        path = scratch_of(self.folder)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def metrics(self) -> dict[str, float]:
        """The last figure of each name."""
        return {name: figures[-1] for name, figures in self._figures.items()}

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Record a figure. Raises Invalid("region-number") for one that is not finite."""
        figure = finite(value, name)
        self._figures.setdefault(name, []).append(figure)
        self._sink.log_metric(name, figure, step)

    def log(self, text: str) -> None:
        """A line of the live log."""
        self._sink.log(text)

    def progress(self, done: float, total: float) -> None:
        """How far it is."""
        self._sink.progress(done, total)

    def should_stop(self) -> bool:
        """Whether somebody asked it to stop. What is finished by then may still be returned."""
        return self._sink.should_stop()

    def steps(self, total: int) -> Iterator[int]:
        """0, 1, … to ``total``, with progress told, until somebody asks it to stop."""
        for step in range(total):
            if self.should_stop():
                self.log(f"Stopped on request after {step} of {total}.")
                return
            yield step
            self.progress(step + 1, total)

    def is_stalled(self, name: str, patience: int, *, is_loss: bool = False) -> bool:
        """Whether the last ``patience`` figures of ``name`` bettered none before: early stop.

        A figure is better when it is higher, or lower where it is a loss.
        """
        figures = self._figures.get(name, [])
        if len(figures) <= patience:
            return False
        sign = -1 if is_loss else 1
        before = max(sign * figure for figure in figures[:-patience])
        return max(sign * figure for figure in figures[-patience:]) <= before


def scratch_of(folder: Path) -> Path:
    """Where a training of a version's folder keeps what is not to be kept."""
    return folder.resolve() / ".work"

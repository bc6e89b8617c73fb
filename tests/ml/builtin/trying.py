"""A built-in model in this process, as serving speaks to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ml.builtin.cases import FOLDER, Json
from treadle.ml.authors import find_author
from treadle.ml.calling import Author, ProjectCall, StoredVersion


@dataclass
class Sink:
    """What a training told."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    #: After so many steps of progress it is asked to stop.
    stop_after: int = 10**9
    steps: int = 0

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        self.figures.setdefault(name, []).append(value)

    def log(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: float, total: float) -> None:
        assert 0 < done <= total
        self.steps += 1

    def should_stop(self) -> bool:
        return self.steps >= self.stop_after


@dataclass
class Tried:
    """One built-in model, its project, and where its versions lie."""

    name: str
    config: str
    folder: Path
    extra: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.author: Author = find_author(FOLDER / self.name / "model.py")
        self.sink = Sink()

    @property
    def call(self) -> ProjectCall:
        return ProjectCall("1.1", self.config, extra_params=self.extra)

    def train(self, tasks: list[Json], **settings: object) -> StoredVersion | None:
        """What came of it, loaded by an author of its own, as another process would."""
        folder = self.folder / f"v{len(list(self.folder.glob('v*')))}"
        folder.mkdir()
        data: Json = {"tasks": tasks, "settings": settings}
        outcome = self.author.fit(self.call, "START_TRAINING", data, self.sink, folder=folder)
        if outcome is None:
            return None
        version = StoredVersion("v", folder, outcome)
        self.author = find_author(FOLDER / self.name / "model.py")
        self.author.load(self.call, version)
        return version

    def predict(self, tasks: list[Json], **settings: object) -> list[Any]:
        bare = [{"id": task["id"], "data": task["data"]} for task in tasks]
        return self.author.predict(self.call, bare, None, settings)


def labels(item: Json) -> list[str]:
    """All labels of a prediction, in order."""
    return [label for region in item["result"] for label in region["value"].get(region["type"], ["(none)"])]

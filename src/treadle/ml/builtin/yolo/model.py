"""YOLO by ultralytics (AGPL-3.0) for boxes, turned boxes, outlines, poses and classes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

from PIL.Image import Image

from treadle.errors import Invalid
from treadle.ml import Context, Dataset, Model, Region, Run, Task, Version
from treadle.ml.builtin.devices import device_of
from treadle.ml.builtin.parameters import Parameters
from treadle.ml.builtin.reading import read_all
from treadle.ml.builtin.yolo import engine
from treadle.ml.builtin.yolo.drawing import POINTS, classes, regions
from treadle.ml.builtin.yolo.sets import write_set
from treadle.ml.builtin.yolo.tasks import Asked, asked_of
from treadle.ml.builtin.yolo.weights import find_weights
from treadle.ml.yolo import Kind

#: Pictures that are looked at together.
_TOGETHER = 8
_MULTIPLE_PX, _SMALLEST_PX, _LARGEST_PX, _USUAL_PX = 32, 64, 640, 640


@dataclass(frozen=True)
class _Ready:
    """A net that can be asked."""

    net: Any
    kind: Kind
    model: str
    size_px: int
    classes: tuple[str, ...]
    points: tuple[str, ...]
    #: It was trained here.
    is_version: bool


class Yolo(Model):
    """One net, for the task that the label config asks for."""

    settings = Parameters(__file__)

    def load(self, version: Version | None) -> None:
        self._ready: _Ready | None = None
        self._on = device_of(self.device)
        if version is None:
            return
        outcome = version.outcome
        kind, model = cast(Kind, outcome["task"]), str(outcome["model"])
        names = tuple(cast("Sequence[str]", outcome["classes"]))
        net = engine.read_kept(Path(str(outcome["weights"])), model, kind, names)
        points = tuple(cast("Sequence[str]", outcome["points"]))
        size_px = int(cast(int, outcome["image_size"]))
        self._ready = _Ready(net, kind, model, size_px, names, points, True)

    def predict(self, tasks: Sequence[Task], context: Context) -> Sequence[list[Region] | None]:
        ready = self._ready_to_say()
        if ready is None:
            return [None for _ in tasks]
        wanted = ready.kind if ready.is_version else self.settings.word("task")
        asked = asked_of(self.labels, wanted)
        said: list[list[Region] | None] = []
        for at in range(0, len(tasks), _TOGETHER):
            pictures = [task.image(_key(asked)) for task in tasks[at : at + _TOGETHER]]
            said += self._say(ready, asked, pictures)
        return said

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | None:
        settings = self.settings
        asked = asked_of(self.labels, settings.word("task"))
        device = device_of(settings.word("device"), self.device)
        read = read_all(dataset, lambda example: max(example.task.image(_key(asked)).size), run)
        readable = Dataset(dataset.config, [example for example, _ in read], dataset.seed)
        size_px = settings.whole("image_size") or _size_for([side_px for _, side_px in read])
        data = write_set(readable, asked, run.scratch / "set")
        model, net, told = self._start(asked, settings.word("start"))
        run.log(f"{len(readable)} pictures to learn from, at {size_px} pixels, on {device}; {told}.")
        epochs = settings.whole("epochs")

        def note(epoch: int, figures: Mapping[str, float]) -> None:
            for name, value in figures.items():
                run.log_metric(name, value, epoch)
            run.progress(min(epoch + 1, epochs), epochs)

        best = engine.train(
            net,
            data,
            run.scratch / "run",
            on_epoch=note,
            is_stopped=run.should_stop,
            count=len(readable),
            epochs=epochs,
            imgsz=size_px,
            batch=settings.whole("batch"),
            device=device,
            seed=dataset.seed,
        )
        if best is None:
            return None
        weights, file = run.folder / "weights.pt", run.folder / "best.pt"
        engine.keep(best, weights)
        shutil.copyfile(engine.best_file(best), file)
        return {
            "weights": weights,
            "ultralytics": file,
            "task": asked.kind,
            "model": model,
            "classes": [best.names[place] for place in sorted(best.names)],
            "points": list(asked.point_labels),
            "image_size": size_px,
        }

    def _ready_to_say(self) -> _Ready | None:
        """The version, else pre-trained weights for what the config asks for; None where there are none."""
        kind = asked_of(self.labels, self.settings.word("task")).kind
        if self._ready is not None and (self._ready.is_version or self._ready.kind == kind):
            return self._ready
        model = self.settings.word("model")
        given = find_weights(engine.file_of(model, kind))
        if given is None:
            return None
        net = engine.read_given(given, kind)
        names = tuple(net.names[place] for place in sorted(net.names))
        self._ready = _Ready(net, kind, model, 224 if kind == "classify" else _USUAL_PX, names, POINTS, False)
        return self._ready

    def _start(self, asked: Asked, start: str) -> tuple[str, Any, str]:
        """The model, the net that a training begins with, and what that is."""
        ready, model = self._ready, self.settings.word("model")
        if start == "serving" and ready is not None and ready.is_version and ready.kind == asked.kind:
            return ready.model, ready.net, "it goes on from the version that serves"
        if start != "nothing":
            given = find_weights(engine.file_of(model, asked.kind))
            if given is not None:
                return model, engine.read_given(given, asked.kind), f"it goes on from {given.name}"
            if start == "pretrained":
                text = f"There is no {engine.file_of(model, asked.kind)}.pt, and it cannot be fetched here. "
                text += "Put it into backends/weights in the data folder, or start from nothing."
                raise Invalid("weights-missing", text)
        return model, engine.new_net(model, asked.kind), "it begins with nothing learnt"

    def _say(self, ready: _Ready, asked: Asked, pictures: Sequence[Image]) -> list[list[Region] | None]:
        settings = self.settings
        confidence = settings.number("confidence")
        found = engine.find(
            ready.net,
            pictures,
            size_px=_rounded(settings.whole("image_size") or ready.size_px),
            confidence=confidence,
            overlap=settings.number("nms_overlap"),
            most=settings.whole("most_regions"),
            device=self._on,
        )
        if ready.kind == "classify":
            return [classes(one, asked, confidence) for one in found]
        return [
            regions(one, asked, ready.points, picture.size)
            for one, picture in zip(found, pictures, strict=True)
        ]


def _key(asked: Asked) -> str | None:
    return asked.shape.value_key or None


def _size_for(sides_px: Sequence[int]) -> int:
    """The size in which pictures are learnt where none is given: theirs, 640 pixels at most."""
    return _rounded(min(max(int(median(sides_px)), _SMALLEST_PX), _LARGEST_PX))


def _rounded(side_px: int) -> int:
    return max(_MULTIPLE_PX, -(-side_px // _MULTIPLE_PX) * _MULTIPLE_PX)

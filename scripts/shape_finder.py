"""A model that finds shapes on a plain ground and learns to tell circles, squares and triangles.

It is served beside the server that is pictured. Its boxes are right from the start, its labels once trained.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from treadle.ml import Context, Dataset, Model, Region, Run, Task, Version, rectangle

LEAST_PX = 60
RATE = 0.012
Features = NDArray[np.float64]


class ShapeFinder(Model):
    def load(self, version: Version | None) -> None:
        self.names = list(self.labels.control().labels)
        self.weights = np.zeros((len(self.names), 5))
        if version is not None:
            self.weights = np.array(json.loads((version.folder / "weights.json").read_text()))

    def predict(self, tasks: Sequence[Task], context: Context) -> list[list[Region]]:
        drawn = [middle_of(each) for each in context.result]
        return [
            [self._region(box, features) for box, features in find(task) if not is_there(box, task, drawn)]
            for task in tasks
        ]

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object]:
        parts = dataset.split(0.25)
        learnt, checked = pairs_of(parts.train, self.names), pairs_of(parts.held_out, self.names)
        weights, order = np.zeros_like(self.weights), random.Random(0)
        epochs = int(str(run.settings.get("epochs", 40)))
        for epoch in range(1, epochs + 1):
            order.shuffle(learnt)
            loss = float(np.mean([learn(weights, features, name) for features, name in learnt]))
            right = [int(np.argmax(weights @ features)) == name for features, name in checked]
            run.log_metric("loss", loss, epoch)
            run.log_metric("accuracy", float(np.mean(right)), epoch)
            run.log(f"epoch {epoch}: loss {loss:.3f}, right {sum(right)} of {len(right)}")
            run.progress(epoch, epochs)
            while epoch == run.settings.get("hold_at") and not run.should_stop():
                time.sleep(0.05)
                run.progress(epoch, epochs)
            if run.should_stop():
                break
        (run.folder / "weights.json").write_text(json.dumps(weights.tolist()))
        return {"weights": run.folder / "weights.json"}

    def _region(self, box: tuple[int, int, int, int], features: Features) -> Region:
        likely = softmax(self.weights @ features)
        best = int(np.argmax(likely))
        return rectangle(self.names[best], *box, score=float(likely[best]))


def middle_of(drawn: Mapping[str, object]) -> tuple[float, float]:
    """Of a box that somebody drew, in percent."""
    value = drawn["value"]
    assert isinstance(value, Mapping)
    return value["x"] + value["width"] / 2, value["y"] + value["height"] / 2


def is_there(box: tuple[int, int, int, int], task: Task, drawn: Sequence[tuple[float, float]]) -> bool:
    """Whether somebody has drawn it already."""
    (left, top, wide, tall), (across, down) = box, task.size()
    return any(
        left <= x * across / 100 <= left + wide and top <= y * down / 100 <= top + tall for x, y in drawn
    )


def find(task: Task) -> list[tuple[tuple[int, int, int, int], Features]]:
    """The shapes of a picture: x, y, width, height in pixels, and what tells them apart."""
    pixels = np.asarray(task.image().convert("HSV"))
    marked, _count = ndimage.label(pixels[..., 1] > 110)
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(marked), 1):
        mask = marked[rows, columns] == number
        height, width = mask.shape
        if min(height, width) * max(height, width) < LEAST_PX:
            continue
        halves = mask[: height // 2].mean(), mask[height // 2 :].mean()
        features = np.array([1.0, mask.mean(), halves[0], halves[1], width / height])
        found.append(((columns.start, rows.start, width, height), features))
    return found


def pairs_of(dataset: Dataset, names: Sequence[str]) -> list[tuple[Features, int]]:
    """What each labelled shape looks like, and the place of its label."""
    pairs = []
    for example in dataset:
        boxes = find(example.task)
        for shape in example.shapes:
            across, down = example.task.size()
            left_part, top_part, right_part, bottom_part = shape.box
            middle = ((left_part + right_part) / 2 * across, (top_part + bottom_part) / 2 * down)
            for (left, top, wide, tall), features in boxes:
                if left <= middle[0] <= left + wide and top <= middle[1] <= top + tall:
                    pairs.append((features, names.index(shape.labels[0])))
    return pairs


def learn(weights: NDArray[np.float64], features: Features, name: int) -> float:
    """One step towards the right name; the loss before it."""
    likely = softmax(weights @ features)
    wanted = np.eye(len(likely))[name]
    weights += RATE * np.outer(wanted - likely, features)
    return float(-np.log(max(likely[name], 1e-9)))


def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(values - values.max())
    likely: NDArray[np.float64] = raised / raised.sum()
    return likely

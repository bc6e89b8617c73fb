"""What a model learns from: finished work, split by a seed, in the forms that trainers read.

Splits never part what shows the same picture or text. Classes are numbered by the order of labels.
"""

from __future__ import annotations

import hashlib
import importlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import Invalid, Unsupported
from treadle.ml import coco, yolo
from treadle.ml.examples import Example, finished
from treadle.ml.labels import Control, LabelConfig
from treadle.ml.rows import row_of
from treadle.ml.tasks import Files, Task

_LABELLED = (
    "rectanglelabels", "polygonlabels", "ellipselabels", "keypointlabels", "brushlabels", "labels", "choices",
    "taxonomy", "paragraphlabels", "timeserieslabels", "hypertextlabels",
)  # fmt: skip


class Dataset(Sequence[Example]):
    """Examples of one project, each a task with the annotation to learn from."""

    def __init__(self, config: LabelConfig, examples: Sequence[Example], seed: int = 0) -> None:
        self.config = config
        self.seed = seed
        self._examples = tuple(examples)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        return self._examples[place]

    def __iter__(self) -> Iterator[Example]:
        return iter(self._examples)

    def control(self, name: str | None = None, kinds: Sequence[str] = _LABELLED) -> Control:
        """The control of that name; without one, the only one with labels. Raises Invalid, naming them."""
        if name is not None:
            return self.config.control(name)
        labelled = self.config.of_kinds(kinds)
        return labelled[0] if len(labelled) == 1 else self.config.control()

    def classes(self, control: str | None = None) -> tuple[str, ...]:
        """The labels of a control: a class's place is its id."""
        return self.control(control).labels

    def counts(self, control: str | None = None) -> dict[str, int]:
        """How often each label was given, those never given with 0."""
        found = self.control(control)
        given = Counter(label for example in self for label in example.answers(found.name))
        return {label: given.get(label, 0) for label in found.labels}

    def split(self, held_out: float = 0.2, *, seed: int | None = None) -> Split:
        """Train and held-out, the same for the same seed and tasks, whatever order they come in.

        held_out: its part, 0 to 1. Where there are two groups or more, neither side is empty unless it is 0.
        """
        if not 0 <= held_out < 1:
            raise Invalid(
                "split-part", f"The held-out part is from 0 to below 1, and this one is {held_out}."
            )
        groups: dict[str, list[Example]] = {}
        for example in self:
            groups.setdefault(example.group, []).append(example)
        order = sorted(groups, key=lambda group: _shuffled(group, self.seed if seed is None else seed))
        held = _take(order, groups, round(len(self) * held_out), is_some=held_out > 0)
        train = [example for example in self if example.group not in held]
        rest = [example for example in self if example.group in held]
        return Split(Dataset(self.config, train, self.seed), Dataset(self.config, rest, self.seed))

    def to_yolo(
        self,
        folder: Path | str,
        kind: yolo.Kind = "detect",
        *,
        control: str | None = None,
        held_out: float = 0.2,
        seed: int | None = None,
    ) -> Path:
        """Write the set as ultralytics reads it: detect, obb, segment, pose or classify.

        Returns what its ``data=`` takes: the path of data.yaml, or the folder for classify.
        """
        split = self.split(held_out, seed=seed)
        writing = yolo.Writing(Path(folder), self.control(control, yolo.CONTROLS[kind]), self.config)
        return writing.write(kind, {"train": split.train, "val": split.held_out})

    def to_coco(
        self,
        folder: Path | str,
        *,
        control: str | None = None,
        held_out: float = 0.2,
        seed: int | None = None,
    ) -> Path:
        """Write the set as COCO: pictures, and train.json and val.json, whose category ids are label
        places.
        """
        split = self.split(held_out, seed=seed)
        sides = {"train": split.train, "val": split.held_out}
        return coco.write(Path(folder), self.control(control, yolo.CONTROLS["segment"]), sides)

    def rows(self, control: str | None = None) -> list[dict[str, object]]:
        """One mapping an example: id, the text or the path of the picture, and what was said of it."""
        found = self.control(control)
        return [row_of(example, found) for example in self]

    def to_hf(self, *, control: str | None = None, held_out: float = 0.2, seed: int | None = None) -> object:
        """A ``datasets.DatasetDict`` of train and test. Raises Unsupported where datasets is not
        installed.
        """
        try:
            datasets = importlib.import_module("datasets")
        except ImportError as error:
            told = f"to_hf needs Hugging Face's datasets: pip install datasets ({error})."
            raise Unsupported("datasets-missing", told) from error
        split = self.split(held_out, seed=seed)
        sides = {"train": split.train, "test": split.held_out}
        return datasets.DatasetDict(
            {name: datasets.Dataset.from_list(side.rows(control)) for name, side in sides.items()}
        )


@dataclass(frozen=True)
class Split:
    """Two sides of a dataset that share no picture."""

    train: Dataset
    held_out: Dataset


def read_dataset(
    tasks: Sequence[Mapping[str, object]], config: LabelConfig, files: Files, seed: int = 0
) -> Dataset:
    """The dataset of an export's JSON, or of tasks with their annotations. Raises Invalid("export-shape")."""
    for task in tasks:
        if not isinstance(task, Mapping) or "data" not in task or "annotations" not in task:
            raise Invalid(
                "export-shape",
                "A dataset is read from an export as JSON: a list of tasks with data and annotations.",
            )
    return Dataset(config, finished(Task(task, config, files) for task in tasks), seed)


def _shuffled(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{group}".encode()).digest()


def _take(
    order: Sequence[str], groups: Mapping[str, Sequence[Example]], wanted: int, *, is_some: bool
) -> set[str]:
    """Groups with about ``wanted`` examples; always some where that is asked for, never all."""
    taken: set[str] = set()
    count = 0
    for group in order[:-1]:
        if count >= wanted and (taken or not is_some):
            break
        taken.add(group)
        count += len(groups[group])
    return taken

"""Data sets as ultralytics reads them, of however few pictures."""

from __future__ import annotations

from pathlib import Path

from treadle.errors import Invalid
from treadle.ml import Dataset
from treadle.ml.builtin.yolo.tasks import Asked

_HELD_OUT = 0.1
#: Of fewer, a tenth says nothing.
FEWEST_TO_HOLD = 40


def write_set(dataset: Dataset, asked: Asked, folder: Path) -> Path:
    """What a training's ``data`` takes. Of few pictures none is held out: it is checked by those it learns.

    Raises Invalid("regions-none") where nobody drew or answered anything.
    """
    if not any(_labels(dataset, asked)):
        raise Invalid(
            "regions-none",
            f'Nobody used "{asked.shape.name}" in the {len(dataset)} tasks: nothing to learn.',
        )
    is_held = len(dataset) >= FEWEST_TO_HOLD
    data = dataset.to_yolo(
        folder, asked.kind, control=asked.control.name, held_out=_HELD_OUT if is_held else 0.0
    )
    if asked.kind == "classify":
        _complete_classes(folder)
    elif not is_held:
        lines = data.read_text("utf-8").replace("val: images/val", "val: images/train")
        data.write_text(lines, "utf-8")
    return data


def _labels(dataset: Dataset, asked: Asked) -> list[list[object]]:
    if asked.kind == "classify":
        return [list(example.answers(asked.control.name)) for example in dataset]
    return [list(example.drawn(asked.control)) for example in dataset]


def _complete_classes(folder: Path) -> None:
    """Each side has a folder for each class, and the side to check by has pictures."""
    train, held = folder / "train", folder / "val"
    if not any(held.glob("*/*")):
        if held.exists():
            held.rename(folder / "none")
        held.symlink_to(train, target_is_directory=True)
        return
    for side, other in ((train, held), (held, train)):
        for kind in other.iterdir():
            (side / kind.name).mkdir(exist_ok=True)

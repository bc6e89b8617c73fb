"""What the author of a model backend imports. Nothing of the server's comes with it.

    from treadle.ml import Model, rectangle

    class Detector(Model):
        def load(self, version): ...
        def predict(self, tasks, context): ...
        def fit(self, dataset, run): ...

Promised: one call of ``load`` per version and process; predictions bear the version that was loaded;
regions name labels, and a label that the config lacks is never guessed at. Heavy libraries are imported
when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.ml.dataset import Dataset, Split
    from treadle.ml.labels import Control, Label, LabelConfig
    from treadle.ml.model import Model, Version
    from treadle.ml.regions import (
        Prediction,
        Region,
        brush,
        choice,
        datetime,
        ellipse,
        keypoint,
        number,
        oriented,
        polygon,
        rating,
        rectangle,
        span,
        text,
    )
    from treadle.ml.run import Run
    from treadle.ml.tasks import Context, Task

#: Where each name is; it is imported when it is first asked for, since serving needs none of them.
_MODULES = {
    "Context": "tasks",
    "Control": "labels",
    "Dataset": "dataset",
    "Label": "labels",
    "LabelConfig": "labels",
    "Model": "model",
    "Prediction": "regions",
    "Region": "regions",
    "Run": "run",
    "Split": "dataset",
    "Task": "tasks",
    "Version": "model",
    "brush": "regions",
    "choice": "regions",
    "datetime": "regions",
    "ellipse": "regions",
    "keypoint": "regions",
    "number": "regions",
    "oriented": "regions",
    "polygon": "regions",
    "rating": "regions",
    "rectangle": "regions",
    "span": "regions",
    "text": "regions",
}

__all__ = [
    "Context",
    "Control",
    "Dataset",
    "Label",
    "LabelConfig",
    "Model",
    "Prediction",
    "Region",
    "Run",
    "Split",
    "Task",
    "Version",
    "brush",
    "choice",
    "datetime",
    "ellipse",
    "keypoint",
    "number",
    "oriented",
    "polygon",
    "rating",
    "rectangle",
    "span",
    "text",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found

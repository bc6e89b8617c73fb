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

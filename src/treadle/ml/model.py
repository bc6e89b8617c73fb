"""``Model``: what the author of a backend writes. Subclass it in ``model.py`` and run ``treadle ml
serve``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from treadle.errors import Unsupported
from treadle.ml.labels import LabelConfig
from treadle.ml.regions import Prediction, Region

if TYPE_CHECKING:
    from treadle.ml.dataset import Dataset
    from treadle.ml.run import Run
    from treadle.ml.tasks import Context, Task

#: What is said of one task.
Said: TypeAlias = "Prediction | Sequence[Region] | Region | None"


@dataclass(frozen=True)
class Version:
    """A trained state: what ``fit`` returned, with its files."""

    name: str
    #: Where the files are; read them, and do not write here.
    folder: Path
    #: What ``fit`` returned, with absolute paths.
    outcome: Mapping[str, object] = field(default_factory=dict)

    @property
    def metrics(self) -> Mapping[str, object]:
        """The figures of the training, the last of each name."""
        found = self.outcome.get("metrics")
        return found if isinstance(found, Mapping) else {}


class Model:
    """A model of one project. ``load`` comes first, then ``predict`` as often as somebody asks."""

    #: The label config of the project: ``self.labels.control("label").labels``.
    labels: LabelConfig = LabelConfig("")
    #: The settings of the connection, as they are at each call.
    settings: Mapping[str, object] = {}
    #: The project as Label Studio names it; "" where a call names none.
    project: str = ""
    #: The device to put weights on, as torch writes it; "" leaves it to the model.
    device: str = ""
    #: The events that a training follows, beside the button.
    train_events: frozenset[str] = frozenset()

    def load(self, version: Version | None) -> None:
        """Make ready to predict; once per version and process. None: nothing was trained yet."""

    def predict(self, tasks: Sequence[Task], context: Context) -> Sequence[Said]:
        """What is said of each task, in their order: one item a task."""
        raise NotImplementedError(f"{type(self).__name__} has no predict(tasks, context).")

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | Path | None:
        """Learn; return what ``load`` needs. Files named in it are kept; None: no version comes of it."""
        raise Unsupported(
            "fit-missing", f"{type(self).__name__} does not learn: it has no fit(dataset, run)."
        )

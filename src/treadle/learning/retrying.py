"""Which jobs of models can be done again once they failed or were cancelled, and how each is ordered anew."""

from __future__ import annotations

from treadle.labeling.retrying import Retry, same_again
from treadle.late import late
from treadle.permissions import Permission

prelabel_again = late("treadle.learning.predictions.prelabel:prelabel_again")
train_again = late("treadle.learning.training.trainings:train_again")

#: By name: what they do is imported by the first who does it.
RETRIES: tuple[Retry, ...] = (
    Retry("prelabel", Permission.PREDICTION_WRITE, prelabel_again),
    Retry("training", Permission.PROJECT_WRITE, train_again),
    Retry("order-queue", Permission.PROJECT_WRITE, same_again),
)

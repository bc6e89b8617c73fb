"""Which of our reads answers a request."""

from __future__ import annotations

from treadle.settings import Settings
from treadle.tracking.reads.request import ReadAnswer, ReadRequest


class Reads:
    """Our own reads of MLflow's database, for the life of one tracking process; may be asked from any thread."""

    def __init__(self, database_url: str, settings: Settings) -> None:
        self._database_url = database_url
        self._settings = settings

    def answer(self, request: ReadRequest) -> ReadAnswer | None:
        """What MLflow would answer, or what one of our screens asks; None: MLflow is to answer it itself."""
        return None

    def after(self, request: ReadRequest, status: int) -> None:
        """Look at what MLflow has answered to a request that was handed on to it."""

    def close(self) -> None:
        """Give all connections back."""

"""Our own reads of MLflow's tables: what its clients ask most, and what our screens show.

Promises: the answers to MLflow's own routes are MLflow's, field by field; every row is one of the visitor's
workspace; nothing of MLflow is imported. Refuses to guess: what it does not understand, MLflow answers.
"""

from __future__ import annotations

from treadle.tracking.reads.reading import Reads
from treadle.tracking.reads.request import ReadAnswer, ReadRequest

__all__ = ["ReadAnswer", "ReadRequest", "Reads"]

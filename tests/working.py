"""A real server with a worker beside it, both in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving import RunningServer, serve
from treadle.db import Database
from treadle.jobs import JobParts
from treadle.jobs.worker import Worker
from treadle.launch.worker import JOB_KINDS


@contextmanager
def serve_with_worker(database_url: str, data_dir: Path, **settings: Any) -> Iterator[RunningServer]:
    """As `tests.serving.serve`, with imports of files, exports and snapshots done."""
    with serve(database_url, data_dir, **settings) as server, working(server):
        yield server


@contextmanager
def working(server: RunningServer) -> Iterator[None]:
    """A worker in this process while the block runs."""
    # A database of its own, as in a process of its own: the worker is told of commits by others.
    database = Database.open(server.database.url)
    worker = Worker(JobParts(database, server.parts.objects, server.parts.settings), JOB_KINDS)
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()
        database.close()

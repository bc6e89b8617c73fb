"""A worker process with the kinds of jobs of the tests: python -m tests.jobs.worker_process [VERSION]."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import treadle
from tests.jobs.kinds import KINDS
from treadle.db import Database
from treadle.jobs import JobParts
from treadle.jobs.worker import Worker
from treadle.objects import LocalObjects
from treadle.settings import load_settings


def main() -> None:
    if len(sys.argv) > 1:
        treadle.__version__ = sys.argv[1]
    settings = load_settings(os.environ, {})
    parts = JobParts(Database.open(settings.url), LocalObjects(Path(settings.data_dir) / "objects"), settings)
    Worker(parts, KINDS).work()


if __name__ == "__main__":
    main()

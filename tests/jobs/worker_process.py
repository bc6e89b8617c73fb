"""A worker process with the tests' kinds of jobs: python -m tests.jobs.worker_process [VERSION [RELEASE]]."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import treadle
from tests.jobs.kinds import RELEASES
from treadle.db import Database
from treadle.jobs import JobKind, JobParts
from treadle.jobs.worker import Worker
from treadle.objects import LocalObjects
from treadle.settings import load_settings


def work(version: str, kinds: Iterable[JobKind]) -> None:
    """Work as the given version of the product, until the process is killed."""
    treadle.__version__ = version
    settings = load_settings(os.environ, {})
    parts = JobParts(Database.open(settings.url), LocalObjects(Path(settings.data_dir) / "objects"), settings)
    Worker(parts, kinds).work()


def main() -> None:
    version, release = [*sys.argv[1:], *("0.1.0", "tests")[len(sys.argv) - 1 :]]
    work(version, RELEASES[release])


if __name__ == "__main__":
    main()

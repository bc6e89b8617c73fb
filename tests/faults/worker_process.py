"""A worker process with the product's kinds of jobs: python -m tests.faults.worker_process VERSION."""

from __future__ import annotations

import sys

from tests.jobs.worker_process import work
from treadle.launch.worker import JOB_KINDS

if __name__ == "__main__":
    work(sys.argv[1], JOB_KINDS)

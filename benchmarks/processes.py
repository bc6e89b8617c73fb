"""What processes cost: CPU to the nanosecond, memory with shared pages divided among their users."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_SCHEDULED = 2  # the clock of a process that counts the time its threads ran, ended ones too
_SAMPLE_S = 0.05


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return list(dict.fromkeys(found))


def cpu_ms(pids: list[int]) -> float:
    """CPU time, user and system, that the processes have taken."""
    return sum(time.clock_gettime((~pid << 3) | _SCHEDULED) for pid in pids) * 1000


def memory_mib(pids: list[int]) -> float:
    """Proportional set size of the processes together."""
    return sum(_proportional_mib(pid) for pid in pids)


@contextlib.contextmanager
def peak_memory(pids: list[int]) -> Iterator[list[float]]:
    """Watches the processes meanwhile; the list then holds the most that they took, in MiB."""
    seen = [memory_mib(pids)]
    enough = threading.Event()

    def watch() -> None:
        while not enough.wait(_SAMPLE_S):
            seen[0] = max(seen[0], memory_mib(pids))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        enough.set()
        thread.join()


def _proportional_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

"""What a command costs, with everything that it starts.

Also a script, which starts the command: what a process starts takes at least as much memory as itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """CPU, user and system, of a command and its children; the memory of the largest; what it printed."""

    cpu_s: float
    peak_mb: float
    printed: str


def run(command: Sequence[str | Path], folder: Path, *, given: Path | None = None) -> Cost:
    """Run a command in a folder. given: the file that it reads. Raises RuntimeError when it fails."""
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as place:
        told = Path(place, "told")
        starter = [sys.executable, "-I", "-S", __file__, str(told), *map(str, command)]
        with Path(given or os.devnull).open("rb") as stdin, Path(place, "printed").open("w+") as printed:
            ended = subprocess.run(
                starter, cwd=folder, stdin=stdin, stdout=printed, stderr=subprocess.STDOUT, check=False
            )
            printed.seek(0)
            text = printed.read()
        if ended.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} failed: {text[-2000:]}")
        cpu_s, peak_mb = json.loads(told.read_text())
        return Cost(cpu_s, peak_mb, text)


def _start(told: str, command: list[str]) -> int:
    pid = os.posix_spawnp(command[0], command, os.environ)
    _pid, status, usage = os.wait4(pid, 0)
    Path(told).write_text(json.dumps([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000]))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(_start(sys.argv[1], sys.argv[2:]))

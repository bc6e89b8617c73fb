"""``python -m benchmarks``: what a labeller waits for and what an administrator pays, into RESULTS.md.

Times hang on the machine and on what else it does; they are to be compared with each other, and with an
earlier run on the same machine.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure, measure_all

RESULTS = Path(__file__).with_name("RESULTS.md")
_PACKAGES = ("treadle", "sqlalchemy", "starlette", "uvicorn", "msgspec", "dbos")

_HEAD = """# Results

Made by `make bench`. CPU is that of all processes of the server, wall time that of a client on the same
machine, one request after another; both are medians. SQLite with `synchronous=FULL`.

"""


def main() -> None:
    """Measure, print, and write the table."""
    load = os.getloadavg()[0]
    table = table_of(measure_all())
    text = f"{_HEAD}{describe_machine(load)}\n{table}"
    RESULTS.write_text(text, "utf-8")
    print(text)


def describe_machine(load: float) -> str:
    """When and on what it was measured; ``load``: of the last minute before."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"- {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, load before {load:.1f}, after "
        f"{os.getloadavg()[0]:.1f}\n"
        f"- {os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}\n"
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}\n"
    )


def table_of(figures: Iterable[Figure]) -> str:
    """The figures as a table of Markdown."""
    lines = ["| what | CPU | wall, or size | unit | |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.name} | {_number(each.cpu)} | {_number(each.wall)} | {each.unit} | {each.note} |"
        for each in figures
    ]
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()

"""``python -m benchmarks [--short] [--only PART]``: what things cost beside Label Studio, into RESULTS.md.

Times hang on the machine and on what else it does: only ratios of one run are a verdict.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from pathlib import Path

from benchmarks import alone, beside, label_page
from benchmarks.learning import comparing as learning
from benchmarks.learning import prelabel
from benchmarks.repos import comparing
from benchmarks.rows import Row, table
from benchmarks.servers import LABEL_STUDIO, Server, label_studio, treadle
from benchmarks.tracking import comparing as tracking
from benchmarks.work import Desk

RESULTS = Path(__file__).with_name("RESULTS.md")
_PACKAGES = ("treadle", "sqlalchemy", "starlette", "uvicorn", "msgspec", "dbos")
_HEAD = """# Results

Made by `make bench`: Label Studio {peer} and Treadle in turn on one machine, round after round, asked by
the same client; medians over the rounds. CPU is user and system time of all processes of a server, from
the request until the server is idle again. Both on SQLite, ours with `synchronous=FULL`. A budget that
says 1/20 means: at most a twentieth of Label Studio's CPU in the same run. A part can be measured anew by
itself (`python -m benchmarks --only beside`), so each says when it was.
"""
Part = Callable[[bool], str]
_BEGUN_S = time.monotonic()


def main() -> None:
    """Measure and print part by part; a full run writes each into its section of the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--short", action="store_true", help="smaller sizes, fewer rounds; writes nothing")
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    arguments = parser.parse_args()
    with _kept:
        for name in [arguments.only] if arguments.only else PARTS:
            section = measure(name, is_short=arguments.short)
            print(section, flush=True)
            if not arguments.short:
                write_section(name, section)


def measure(name: str, *, is_short: bool) -> str:
    """The section of one part: when and on what it was measured, and its table."""
    load = os.getloadavg()[0]
    lines = PARTS[name](is_short)
    return f"{_TITLES[name]}\n\n{_machine(load)}{lines}"


def write_section(name: str, section: str) -> None:
    """Put a section into the results, in the place of the one before it."""
    old = RESULTS.read_text("utf-8").split("\n## ")[1:] if RESULTS.exists() else []
    sections = {each.partition("\n")[0]: each for each in old} | {_TITLES[name]: section}
    kept = [sections[title] for title in _TITLES.values() if title in sections]
    head = _HEAD.format(peer=LABEL_STUDIO)
    RESULTS.write_text("".join([head, *(f"\n## {each.strip()}\n" for each in kept)]), "utf-8")


def measure_beside(is_short: bool) -> list[Row]:
    """Server CPU of both, operation by operation."""
    sizes = beside.SHORT if is_short else beside.FULL
    with _both(is_short) as (peer, server), peer.client() as peer_client, server.client() as client:
        return beside.compare(Desk(peer, peer_client), Desk(server, client), sizes, _tell)


def measure_label_page(is_short: bool) -> list[Row]:
    """What the label page costs the browser: theirs and ours, scene by scene."""
    with _both(is_short) as (peer, server):
        return label_page.compare(peer, server, _tell, is_short=is_short)


@contextmanager
def _both(is_short: bool) -> Iterator[tuple[Server, Server]]:
    """Label Studio and Treadle; in a short run the same ones for all parts, until its end."""
    if is_short:
        yield _kept_pair()
    else:
        with _pair() as both:
            yield both


@contextmanager
def _pair() -> Iterator[tuple[Server, Server]]:
    with (
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as theirs,
        tempfile.TemporaryDirectory(prefix="treadle-bench-") as ours,
        label_studio(Path(theirs)) as peer,
        treadle(Path(ours)) as server,
    ):
        yield peer, server


@cache
def _kept_pair() -> tuple[Server, Server]:
    return _kept.enter_context(_pair())


_kept = ExitStack()


def measure_alone(is_short: bool) -> list[Row]:
    """What holds for Treadle by itself."""
    return [
        *alone.measure_scale(_tell, 50_000 if is_short else 1_000_000),
        *alone.measure_saves_beside(_tell, 10_000 if is_short else 100_000, 2_000 if is_short else 10_000),
        *alone.measure_start(_tell, 3 if is_short else 10),
        *alone.measure_memory(_tell, 2 * 10**8 if is_short else 2 * 10**9),
        *alone.measure_size(_tell),
    ]


PARTS: Mapping[str, Part] = {
    "beside": lambda is_short: "\n" + table(measure_beside(is_short)),
    "label-page": lambda is_short: "\n" + table(measure_label_page(is_short)),
    "alone": lambda is_short: "\n" + table(measure_alone(is_short)),
    "repos": lambda is_short: comparing.report(_tell, is_short=is_short),
    "tracking": lambda is_short: tracking.report(_tell, is_short=is_short),
    "learning": lambda is_short: learning.report(_tell, is_short=is_short),
    "prelabel": lambda is_short: prelabel.report(_tell, is_short=is_short),
}
_TITLES = {
    "beside": "Server CPU beside Label Studio",
    "alone": "Scale, start, memory, size",
    "label-page": "The label page, main thread of the browser",
    "repos": "Versioned data beside git, DVC and Oxen",
    "tracking": "Tracking beside a plain MLflow server",
    "learning": "A model server beside label-studio-ml-backend",
    "prelabel": "Pre-labelling beside the model alone",
}


def _machine(load: float) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"- {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, load before {load:.1f}, after "
        f"{os.getloadavg()[0]:.1f}\n"
        f"- {os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}\n"
        f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}\n"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _tell(what: str) -> None:
    print(f"… {what} ({time.monotonic() - _BEGUN_S:.0f} s after the start)", flush=True)


if __name__ == "__main__":
    main()

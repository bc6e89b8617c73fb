"""One run: the same files to every engine in turn, and what Treadle promises of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.repos import gateway
from benchmarks.repos.measuring import run
from benchmarks.repos.peers import PEERS, VERSIONS, Figures, at_home_in
from benchmarks.repos.rows import RepoRow, table
from benchmarks.repos.workload import FULL, SHORT, Sizes, size_of, write_large, write_small

Tell = Callable[[str], None]
_ROOT = Path(__file__).resolve().parent.parent.parent


def report(tell: Tell, *, is_short: bool) -> str:
    """What it was compared with, and the table."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    others = ", ".join(VERSIONS.values())
    head = f"- Beside git {git} (loose objects), {others}; their figures are of whole processes\n"
    rows = compare(tell, is_short=is_short)
    tell(f"the S3 gateway and {gateway.NGINX}")
    return f"{head}{gateway.TERMS}\n{table([*rows, *gateway.measure_gateway(is_short=is_short)])}"


def compare(tell: Tell, *, is_short: bool) -> list[RepoRow]:
    """Measure every engine. Everything lies in one temporary folder; nothing of it stays."""
    sizes = SHORT if is_short else FULL
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as name:
        folder = Path(name)
        small, large, place = folder / "small", folder / "large", folder / "place"
        place.mkdir()
        tell(f"{sizes.files:,} small files and {sizes.large:,} large ones to measure with")
        write_small(small, sizes.files)
        write_large(large, sizes.large)
        os.sync()
        rounds = [_round(small, large, place, tell) for _ in range(sizes.rounds)]
        ours, copied = (_medians([each[side] for each in rounds]) for side in (0, 1))
        tell("Treadle in a warm process")
        size = "short" if is_short else "full"
        ours |= _act(small, place, sizes.files, size)
        tell(f"Treadle with {sizes.made:,} files")
        ours |= {f"{key}_many": value for key, value in _act(None, place, sizes.made, size).items()}
        theirs = {"cp -r": copied}
        with at_home_in(folder):
            for peer, engine in PEERS.items():
                tell(peer)
                theirs[peer] = engine.measure(small, large, place, sizes)
    return _rows(ours, theirs, sizes)


def _round(small: Path, large: Path, place: Path, tell: Tell) -> tuple[Figures, Figures]:
    tell("cp -r and Treadle, each a process of its own")
    copied = {name: _copy(source, place / "copy") for name, source in (("commit", small), ("large", large))}
    repo = _make(place)
    cpu_s, figures = _ours("commit", repo, small, "")
    ours = {"commit": cpu_s, "memory": figures["peak_mb"], "disk": size_of(repo) / 1e6}
    shutil.rmtree(repo)
    repo = _make(place)
    ours["large"], _figures = _ours("commit", repo, large, "first/")
    before_bytes = size_of(repo)
    ours["copy"], _figures = _ours("commit", repo, large, "second/")
    ours["copy_disk"] = (size_of(repo) - before_bytes) / 1e6
    shutil.rmtree(repo)
    return ours, copied


def _medians(figures: Sequence[Figures]) -> Figures:
    return {key: median(each[key] for each in figures) for key in figures[0]}


def _copy(source: Path, target: Path) -> float:
    os.sync()
    cpu_s = run(["cp", "-r", source, target], source).cpu_s
    shutil.rmtree(target)
    return cpu_s


def _act(small: Path | None, place: Path, count: int, size: str) -> Figures:
    """Every verb on a repo of so many files: those of a folder, or made ones."""
    repo = _make(place)
    _cpu_s, made = _ours("commit", repo, small, "") if small else _ours("commit-made", repo, count)
    _cpu_s, figures = _ours("act", repo, count, size)
    shutil.rmtree(repo)
    return {**figures, "first_memory": made["peak_mb"]}


def _make(place: Path) -> Path:
    repo = place / "treadle"
    run([sys.executable, "-m", "benchmarks.repos.making", repo], _ROOT)
    os.sync()
    return repo


def _ours(verb: str, repo: Path, *given: object) -> tuple[float, Figures]:
    command = [sys.executable, "-m", "benchmarks.repos.starting", verb, str(repo), *map(str, given)]
    cost = run(command, _ROOT)
    return cost.cpu_s, json.loads(cost.printed.splitlines()[-1])


def _rows(ours: Figures, theirs: Mapping[str, Figures], sizes: Sizes) -> list[RepoRow]:
    copied = theirs["cp -r"]
    files, many = f"{sizes.files:,}", f"{sizes.made:,}"

    def row(what: str, unit: str, key: str, most: float | None = None) -> RepoRow:
        peers = {peer: figures[key] for peer, figures in theirs.items() if key in figures}
        return RepoRow(what, unit, ours[key], most if sizes is FULL else None, peers)

    cpu, whole = "s CPU", "s CPU of the process"
    return [
        row(f"one commit of {files} files of 1.2 KB", whole, "commit", min(3, 0.6 * copied["commit"])),
        row("its memory at the peak", "MB", "memory", 120),
        row("its disk", "MB", "disk", 30),
        row(f"a commit of {sizes.changed} changed on {files}", cpu, "changed", 0.1),
        row(f"a commit of {sizes.changed} changed on {many}", cpu, "changed_many", 0.1),
        row(f"memory of the first commit of {many}", "MB", "first_memory_many", 200),
        row(f"{sizes.large:,} files of 1 MiB", whole, "large", min(4, copied["large"] + 2)),
        row("a second copy of them", whole, "copy", 1),
        row("disk that it adds", "MB", "copy_disk", 1),
        row(f"difference of those two commits of {files}", cpu, "diff", 0.07),
        row(f"difference of those two commits of {many}", cpu, "diff_many", 0.1),
        row("a folder of 1,000 files", cpu, "list", 0.003),
        row(f"a folder of 1,000 files of {many}", cpu, "list_many", 0.003),
        row(f"{sizes.reads:,} random files, together", cpu, "read", 0.5),
        row(f"{sizes.reads:,} random files, one by one", cpu, "read_singly", 0.5),
        row(f"{sizes.reads:,} random files of {many}, together", cpu, "read_many"),
        row(f"{sizes.puts:,} durable puts into an open commit", cpu, "put", 0.4),
        row("the same from 8 writers at once", cpu, "put_by_8", 0.2),
    ]

"""Where a model of the old kinds learns: a folder of its own, in which the files beside the server are seen.

Such models write relative paths: data sets, ``runs/detect/train/weights/best.pt``. In a folder that is
new each time, the path that they name is the one that this training wrote, whatever was trained before or
is beside it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from treadle.ml.run import scratch_of

#: What trainings write: an old one there would change the names of a new one.
_NOT_SHOWN = frozenset({"runs", "__pycache__", "versions", "cache.db"})
_COPIED_BYTES = 64 * 1024 * 1024

Snapshot = Mapping[str, tuple[int, int]]


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Work in a new folder below ``folder``, which is gone afterwards."""
    before = Path.cwd()
    work = scratch_of(folder)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _show(before, work, folder.resolve())
    os.chdir(work)
    try:
        with _runs_below(work):
            yield work
    finally:
        os.chdir(before)
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _runs_below(work: Path) -> Iterator[None]:
    """Let ultralytics write below ``work``: it may have fixed the place at its import, or in a file."""
    settings = getattr(sys.modules.get("ultralytics.utils"), "SETTINGS", None)
    if not isinstance(settings, dict) or "runs_dir" not in settings:
        yield
        return
    before = settings["runs_dir"]
    # Past its own setter, which writes a file of the person's.
    dict.__setitem__(settings, "runs_dir", str(work / "runs"))
    try:
        yield
    finally:
        dict.__setitem__(settings, "runs_dir", before)


def _show(source: Path, work: Path, hidden: Path) -> None:
    """Link what is in ``source``: files as such; folders made anew, with links to what they hold."""
    for entry in os.scandir(source):
        path = Path(entry.path)
        if entry.name in _NOT_SHOWN or entry.name.startswith(".") or hidden.is_relative_to(path.resolve()):
            continue
        if not entry.is_dir():
            (work / entry.name).symlink_to(path.resolve())
            continue
        (work / entry.name).mkdir()
        for inner in os.scandir(path):
            (work / entry.name / inner.name).symlink_to(Path(inner.path).resolve())


def prepare_model_dir(target: Path, source: Path | None) -> Snapshot:
    """Fill the folder that a model may write to with what it wrote before; what is in it then."""
    target.mkdir(parents=True, exist_ok=True)
    if source is None or not source.is_dir():
        return {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        is_hidden = any(part.startswith(".") or part in _NOT_SHOWN for part in name.parts)
        if path.is_dir() or is_hidden or path.resolve().is_relative_to(target.resolve()):
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if path.stat().st_size <= _COPIED_BYTES:
            shutil.copy2(path, target / name)
        else:
            (target / name).symlink_to(path.resolve())
    return snapshot(target)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """The files below a folder, each with its size and when it was changed."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            state = path.stat()
            found[path.relative_to(folder).as_posix()] = (state.st_size, state.st_mtime_ns)
    return found

"""The files that every engine gets: small ones such as labelling makes, and large ones of noise."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LABELS = ("car", "person", "bicycle", "statue", "bus")
_IN_A_FOLDER = 1_000
_LARGE_IN_A_FOLDER = 256
LARGE_BYTES = 1024**2
#: The folder whose files are listed: it is there at every size.
LISTED = "annotations/d0003/"


@dataclass(frozen=True)
class Sizes:
    """How much is measured. reads: random files; large: files of 1 MiB; made: files of the largest repo."""

    files: int
    made: int
    large: int
    reads: int
    puts: int
    changed: int
    rounds: int


FULL = Sizes(files=100_000, made=1_000_000, large=2_000, reads=10_000, puts=1_000, changed=100, rounds=3)
SHORT = Sizes(files=4_000, made=10_000, large=32, reads=1_000, puts=100, changed=100, rounds=1)


def path_of(number: int) -> str:
    """Where a small file lies."""
    return f"annotations/d{number // _IN_A_FOLDER:04d}/{number:08d}.json"


def content_of(number: int, version: int = 0) -> bytes:
    """A small file: about 1.2 KB of an annotation; another for each version."""
    made = random.Random(number * 1_000_003 + version)
    regions = [_region(made) for _ in range(4)]
    image = f"s3://images/batch-{number // _IN_A_FOLDER:03d}/{number:08d}.jpg"
    annotation = {
        "id": number,
        "task": {"id": number, "data": {"image": image}},
        "completed_by": made.randrange(40),
        "unique_id": f"{made.getrandbits(128):032x}",
        "created_at": f"2026-11-{made.randrange(1, 29):02d}T10:{made.randrange(60):02d}:00.000000Z",
        "lead_time": round(made.random() * 90, 3),
        "result": regions,
        "version": version,
    }
    return json.dumps(annotation).encode()


def changed(sizes: Sizes, of: int) -> list[int]:
    """The numbers of the files that change, of so many."""
    return sorted(random.Random(99).sample(range(of), sizes.changed))


def read(sizes: Sizes, of: int) -> list[str]:
    """The paths that are read, in no order, of so many files."""
    made = random.Random(5)
    return [path_of(made.randrange(of)) for _ in range(sizes.reads)]


def write_small(folder: Path, count: int) -> None:
    """Write small files below a folder."""
    for number in range(count):
        path = folder / path_of(number)
        if number % _IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(content_of(number))


def write_changes(folder: Path, sizes: Sizes, version: int) -> None:
    """Write another version of the files that change over what is there."""
    for number in changed(sizes, sizes.files):
        (folder / path_of(number)).write_bytes(content_of(number, version))


def write_large(folder: Path, count: int) -> None:
    """Write large files below a folder."""
    for number in range(count):
        path = folder / f"images/b{number // _LARGE_IN_A_FOLDER:02d}/{number:05d}.bin"
        if number % _LARGE_IN_A_FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(LARGE_BYTES))


def files_below(folder: Path) -> Iterator[tuple[str, str]]:
    """(path below the folder, path on the disk) of every file, in order."""
    skip = len(str(folder)) + 1
    todo = [str(folder)]
    found: list[str] = []
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                (todo if entry.is_dir(follow_symlinks=False) else found).append(entry.path)
    found.sort()
    return ((path[skip:], path) for path in found)


def size_of(folder: Path) -> int:
    """Bytes that the files below a folder take on the disk."""
    files = (Path(root, name) for root, _folders, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_blocks * 512 for file in files)


def _region(made: random.Random) -> dict[str, object]:
    value: dict[str, object] = {
        side: round(made.random() * 80, 6) for side in ("x", "y", "width", "height")
    } | {"rotation": 0, "rectanglelabels": [made.choice(_LABELS)]}
    return {
        "id": f"{made.getrandbits(40):010x}",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 1920,
        "original_height": 1080,
        "value": value,
    }

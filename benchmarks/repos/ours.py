"""What the engine of repos does, in a process of its own, which `starting` begins.

Prints a JSON object of figures: seconds of CPU by verb, and the most memory that the process took.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.repos.installation import OWNER, REPO, database_url
from benchmarks.repos.workload import (
    FULL,
    LISTED,
    SHORT,
    Sizes,
    changed,
    content_of,
    files_below,
    path_of,
    read,
)
from treadle.access import Grant, RepoScope, allow
from treadle.db import Database
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.repos import branches, catalogue, commits
from treadle.repos.contents import FileBytes
from treadle.repos.engine import RepoEngine
from treadle.repos.values import NewFile

_BRANCH = "master"
_ROUNDS = 5
_WRITERS = 8


@dataclass(frozen=True)
class Opened:
    """An installation with one repo."""

    engine: RepoEngine
    grant: Grant
    repo_id: int

    def head(self) -> str:
        """The last commit."""
        with self.engine.database.read() as tx:
            head = branches.get(tx, self.repo_id, _BRANCH).head
        assert head is not None, "there is a commit"
        return head

    def start(self) -> str:
        """A new open commit."""
        with self.engine.database.write() as tx:
            return commits.start(tx, self.grant, _BRANCH).id


def commit_folder(folder: Path, source: Path, below: str) -> None:
    """One commit of the files of a folder, put below a path."""
    with _opened(folder) as repo:
        new = (NewFile(below + path, FileBytes(place)) for path, place in files_below(source))
        repo.engine.commit_files(repo.grant, _BRANCH, new, "files of a folder")


def commit_made(folder: Path, count: int) -> None:
    """One commit of small files that are made as they are put."""
    with _opened(folder) as repo:
        new = (NewFile(path_of(number), [content_of(number)]) for number in range(count))
        repo.engine.commit_files(repo.grant, _BRANCH, new, "made files")


def act(folder: Path, count: int, sizes: Sizes) -> dict[str, float]:
    """Every verb on a repo of so many files, in this process, which has warmed up."""
    with _opened(folder) as repo:
        figures = {"changed": _middle(lambda version: _change(repo, count, sizes, version))}
        with repo.engine.database.read() as tx:
            head = commits.get(tx, repo.head(), repo.repo_id)
        before = head.parents[0]
        figures["diff"] = _middle(lambda _round: len(list(repo.engine.diff(repo.repo_id, before, head.id))))
        figures["list"] = _middle(
            lambda _round: len(list(repo.engine.at(repo.repo_id, head.id).list(LISTED)))
        )
        snapshot = repo.engine.at(repo.repo_id, head.id)
        paths = read(sizes, count)
        figures["read"] = _middle(lambda _round: len(list(snapshot.read_many(paths))))
        figures["read_singly"] = _middle(lambda _round: sum(_read(snapshot.read(path)) for path in paths))
        figures["put"] = _middle(lambda version: _put(repo, sizes, version, writers=1))
        figures["put_by_8"] = _middle(lambda version: _put(repo, sizes, -version, writers=_WRITERS))
        return figures


def _change(repo: Opened, count: int, sizes: Sizes, version: int) -> None:
    new = [NewFile(path_of(number), [content_of(number, version)]) for number in changed(sizes, count)]
    with _counted():
        repo.engine.commit_files(repo.grant, _BRANCH, new, "changed")


def _put(repo: Opened, sizes: Sizes, version: int, *, writers: int) -> None:
    opened = repo.start()
    new = [NewFile(f"put/{number}", [content_of(number, 100 + version)]) for number in range(sizes.puts)]
    with ThreadPoolExecutor(writers) as threads, _counted():
        list(threads.map(lambda each: repo.engine.put(repo.grant, opened, each), new))
    repo.engine.finish(repo.grant, opened, "puts")


def _read(chunks: Iterator[bytes]) -> int:
    return sum(len(chunk) for chunk in chunks)


_counts: list[float] = []


@contextmanager
def _counted() -> Iterator[None]:
    """Only what is in the block counts for the verb."""
    began_s = time.process_time()
    yield
    _counts.append(time.process_time() - began_s)


def _middle(verb: Callable[[int], object]) -> float:
    """Seconds of CPU that a verb takes: the median of its rounds, without a first one that warms up."""
    spent = []
    for number in range(_ROUNDS + 1):
        _counts.clear()
        began_s = time.process_time()
        verb(number + 1)
        whole_s = time.process_time() - began_s
        spent.append(_counts[0] if _counts else whole_s)
    return median(spent[1:])


@contextmanager
def _opened(folder: Path) -> Iterator[Opened]:
    database = Database.open(database_url(folder))
    try:
        with database.read() as tx:
            repo = catalogue.find(tx, [1], REPO)[0]
            grant = allow(tx, OWNER, Permission.REPO_WRITE, RepoScope(repo.id))
        yield Opened(RepoEngine(database, LocalObjects(folder / "objects")), grant, repo.id)
    finally:
        database.close()


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def main(verb: str, place: str, *given: str) -> None:
    """Do a verb to the installation at a place, and tell what it cost."""
    folder = Path(place)
    figures: dict[str, float] = {}
    if verb == "commit":
        commit_folder(folder, Path(given[0]), given[1] if len(given) > 1 else "")
    elif verb == "commit-made":
        commit_made(folder, int(given[0]))
    else:
        figures = act(folder, int(given[0]), SHORT if given[1] == "short" else FULL)
    print(json.dumps(figures | {"peak_mb": _peak_mb()}))

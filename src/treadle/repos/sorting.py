"""Entries in the order of their paths, however many there are."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, cast

from treadle.errors import telling_a_full_disk
from treadle.repos.nodes import Entry

#: So many are sorted in memory; runs of as many wait in temporary files.
RUN_ENTRIES = 100_000
_READ_ENTRIES = 1_000


def sorted_entries(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries in the order of paths; of equal paths the last one. Memory: some 100,000 of them.

    Raises Unavailable("disk-full").
    """
    source = iter(entries)
    run = _sorted_run(source)
    if len(run) < RUN_ENTRIES:
        yield from _last_of_each(iter(run))
        return
    with ExitStack() as files:
        runs = []
        while run:
            file = cast(BinaryIO, files.enter_context(tempfile.TemporaryFile()))
            with telling_a_full_disk("a large commit"):
                _write_run(file, run)
            runs.append(_read_run(file))
            run = _sorted_run(source)
        yield from _last_of_each(heapq.merge(*runs, key=_path))


def _path(entry: Entry) -> str:
    return entry.path


def _sorted_run(source: Iterator[Entry]) -> list[Entry]:
    return sorted(islice(source, RUN_ENTRIES), key=_path)


def _last_of_each(entries: Iterator[Entry]) -> Iterator[Entry]:
    # Both the sort and the merge keep the order of equal paths.
    last = next(entries, None)
    for entry in entries:
        if last is not None and entry.path != last.path:
            yield last
        last = entry
    if last is not None:
        yield last


def _write_run(file: BinaryIO, run: list[Entry]) -> None:
    for at in range(0, len(run), _READ_ENTRIES):
        marshal.dump([tuple(entry) for entry in run[at : at + _READ_ENTRIES]], file)
    file.flush()
    file.seek(0)


def _read_run(file: BinaryIO) -> Iterator[Entry]:
    while True:
        try:
            rows = marshal.load(file)
        except EOFError:
            return
        yield from map(Entry._make, rows)

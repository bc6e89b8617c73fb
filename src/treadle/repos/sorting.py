"""Entries in the order of their paths, however many there are."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice, pairwise
from operator import itemgetter
from struct import Struct
from typing import IO

from treadle.errors import telling_a_full_disk
from treadle.repos.nodes import Entry

#: So many are sorted in memory; runs of as many wait in temporary files.
RUN_ENTRIES = 16_384
_READ_ENTRIES = 512

_SIZE = Struct("<I")
_path = itemgetter(0)
_make_entry = partial(tuple.__new__, Entry)


def sorted_entries(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries in the order of paths; of equal paths the last one. Memory: some 16,000 of them.

    Raises Unavailable("disk-full").
    """
    source = iter(entries)
    run = _sorted_run(source)
    if len(run) < RUN_ENTRIES:
        yield from _last_of_each(iter(run))
        return
    with ExitStack() as files:
        runs, ends = [], []
        while run:
            file = files.enter_context(tempfile.TemporaryFile())
            ends.append((run[0].path, run[-1].path))
            with telling_a_full_disk("a large commit"):
                _write_run(file, run)
            run.clear()  # before the next one is gathered
            runs.append(_read_run(file))
            run = _sorted_run(source)
        yield from _last_of_each(_joined(runs, ends))


def _joined(runs: list[Iterator[Entry]], ends: list[tuple[str, str]]) -> Iterator[Entry]:
    if all(last <= first for (_first, last), (first, _last) in pairwise(ends)):
        return chain.from_iterable(runs)  # they came in order, as files of a folder do
    return heapq.merge(*runs, key=_path)


def _sorted_run(source: Iterator[Entry]) -> list[Entry]:
    run = list(islice(source, RUN_ENTRIES))
    run.sort(key=_path)
    return run


def _last_of_each(entries: Iterator[Entry]) -> Iterator[Entry]:
    # Both the sort and the merge keep the order of equal paths.
    last = next(entries, None)
    if last is None:
        return
    for entry in entries:
        if entry[0] != last[0]:
            yield last
        last = entry
    yield last


def _write_run(file: IO[bytes], run: list[Entry]) -> None:
    # From memory: marshal asks a file for every few bytes.
    for at in range(0, len(run), _READ_ENTRIES):
        rows = marshal.dumps([tuple(entry) for entry in run[at : at + _READ_ENTRIES]])
        file.write(_SIZE.pack(len(rows)))
        file.write(rows)
    file.flush()
    file.seek(0)


def _read_run(file: IO[bytes]) -> Iterator[Entry]:
    while head := file.read(_SIZE.size):
        yield from map(_make_entry, marshal.loads(file.read(*_SIZE.unpack(head))))

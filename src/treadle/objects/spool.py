"""An object as a file that can be sought in, whichever store it lies in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from treadle.objects.local import LocalObjects
from treadle.objects.store import ObjectStore

_IN_MEMORY_BYTES = 8 * 1024**2


@contextmanager
def open_spooled(objects: ObjectStore, key: str) -> Iterator[BinaryIO]:
    """The object's bytes: the file itself where it is one, else a copy. Raises NotFound."""
    if isinstance(objects, LocalObjects):
        with objects.open(key) as found:
            yield found
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        for chunk in objects.read(key):
            file.write(chunk)
        file.seek(0)
        yield cast(BinaryIO, file)


def read_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines in a stream of bytes, without their ends."""
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest

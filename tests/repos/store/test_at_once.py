"""What was read and verified a moment ago is read again without waiting; anything else is not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repos.store.repo import Repo
from tests.repos.store.test_contents import noise
from treadle.objects import MemoryObjects
from treadle.repos.chunks import CHUNK_BYTES, PIECE_BYTES
from treadle.repos.contents import Damaged
from treadle.repos.verified import Verified

SIZE_BYTES = CHUNK_BYTES + 3 * PIECE_BYTES + 5


def put_large(repo: Repo, size_bytes: int = SIZE_BYTES) -> tuple[bytes, bytes]:
    """The id of a content of chunks that nobody has read, and its bytes."""
    content = noise(size_bytes)
    id = repo.put(content)
    repo.reopen()
    return id, content


def at_once(repo: Repo, id: bytes, start: int = 0, end: int | None = None) -> bytes | None:
    """What is read without waiting."""
    read = repo.contents.read_at_once(id, start, end)
    return None if read is None else bytes(read)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that is not held in memory, where the machine's temporary folder lies on a disk."""
    with tempfile.TemporaryDirectory(prefix="treadle-test-") as folder:
        yield Path(folder)


@pytest.fixture
def quick(local: Repo, tmp_path: Path) -> Repo:
    """A repo in a folder whose file system tells what lies in memory."""
    place = tmp_path / "probe"
    place.write_bytes(b"x")
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT)
    except (AttributeError, OSError):
        pytest.skip("this file system cannot tell what lies in memory")
    finally:
        os.close(descriptor)
    return local


def test_only_what_was_verified_is_read_at_once(quick: Repo) -> None:
    id, content = put_large(quick)
    assert at_once(quick, id) is None
    assert b"".join(quick.contents.read(id, 10, 20)) == content[10:20]
    assert at_once(quick, id, 11, PIECE_BYTES) == content[11:PIECE_BYTES]
    assert at_once(quick, id, 11, PIECE_BYTES + 1) is None
    assert b"".join(quick.contents.read(id)) == content
    for start, end in ((0, None), (CHUNK_BYTES - 7, CHUNK_BYTES + 7), (SIZE_BYTES - 1, None), (9, 9)):
        assert at_once(quick, id, start, end) == content[start:end]
    assert at_once(quick, id, 0, 2 * SIZE_BYTES) == content


def test_a_chunk_that_was_touched_is_verified_anew(quick: Repo, tmp_path: Path) -> None:
    id, content = put_large(quick)
    assert b"".join(quick.contents.read(id)) == content
    first, second = (tmp_path / key for key in quick.contents.chunks_of(id))
    damaged = bytearray(second.read_bytes())
    damaged[100] ^= 1
    second.write_bytes(damaged)
    assert at_once(quick, id, 0, 9) == content[:9]
    assert at_once(quick, id) is None
    with pytest.raises(Damaged):
        list(quick.contents.read(id))
    first.unlink()
    assert at_once(quick, id, 0, 9) is None


def test_what_lies_behind_a_network_is_waited_for() -> None:
    repo = Repo(MemoryObjects())
    id, content = put_large(repo)
    assert b"".join(repo.contents.read(id)) == content
    assert at_once(repo, id) is None


def test_what_was_verified_is_forgotten_in_a_minute() -> None:
    now_s = 0.0
    verified = Verified(clock=lambda: now_s)
    old, new = (1, 10, 5, 5), (1, 10, 6, 6)
    verified.note("a", old, range(2, 4))
    now_s = 50.0
    verified.note("a", old, range(5))  # that makes it no younger
    assert verified.stamp("a", range(5)) == old
    assert verified.stamp("a", range(1, 6)) is None
    now_s = 60.1
    assert verified.stamp("a", range(1)) is None
    verified.note("a", old, range(5))
    verified.note("a", new, range(1))
    assert verified.stamp("a", range(1)) == new
    assert verified.stamp("a", range(2)) is None

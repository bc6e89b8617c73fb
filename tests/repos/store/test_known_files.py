"""Files that were stored before are not read again, unless anything tells that they may be others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.repos.store.repo import PREFIX, Repo
from treadle.objects import LocalObjects, MemoryObjects
from treadle.repos import kept_open
from treadle.repos.contents import FileBytes
from treadle.repos.kept_open import Kept, OpenFiles
from treadle.repos.known_files import KnownFiles, Mark
from treadle.repos.mounts import kind_at
from treadle.repos.shelf import LocalShelf
from treadle.repos.writing import LARGE_BYTES

SIZE = 2 * LARGE_BYTES
_READV = os.readv


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a minute had gone by, on a usual disk."""
    monkeypatch.setattr("treadle.repos.known_files._RESTED_S", -1.0)
    monkeypatch.setattr("treadle.repos.known_files.kind_of_file", lambda *_: "ext4")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "picture.bin"
    place.write_bytes(b"a" * SIZE)
    return place


def put(repo: Repo, file: Path) -> tuple[bytes, int]:
    """Store the file: the id of its content, and how many of its bytes were read at full speed."""
    told: list[int] = []
    read: list[int] = []

    def read_counted(descriptor: int, views: list[memoryview]) -> int:
        read.append(_READV(descriptor, views))
        return read[-1]

    writer = repo.contents.writer()
    with patch("os.readv", read_counted):
        stored = writer.put_stream(FileBytes(file, told.append))
    assert stored.size_bytes == file.stat().st_size == sum(told)
    repo.publish(writer)
    assert repo.contents.read_whole(stored.id) == file.read_bytes()
    return stored.id, sum(read)


def chunks_of(folder: Path) -> Iterator[Path]:
    return (folder / PREFIX / "chunks").glob("*/*")


def test_a_file_that_is_as_it_was_is_not_read_again(local: Repo, file: Path) -> None:
    first = put(local, file)
    assert first[1] == SIZE
    assert put(local, file) == (first[0], 0)
    local.reopen()
    assert put(local, file) == (first[0], 0)
    other = file.rename(file.with_name("other.bin"))
    assert put(local, other)[1] == SIZE


def test_a_file_that_was_written_is_read_though_its_size_and_time_are_set_back(
    local: Repo, file: Path
) -> None:
    first, _read = put(local, file)
    before = file.stat()
    with file.open("r+b") as opened:
        opened.write(b"b")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    second, read = put(local, file)
    assert (second != first, read) == (True, SIZE)


def test_a_file_that_was_written_just_now_is_not_remembered(
    local: Repo, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.repos.known_files._RESTED_S", 60.0)
    assert [put(local, file)[1] for _ in range(2)] == [SIZE, SIZE]
    assert not (Path(local.objects.root) / PREFIX / "known-files").exists()  # type: ignore[attr-defined]


@pytest.mark.parametrize("loss", ["chunk", "cut chunk", "pack", "records", "cut records"])
def test_what_is_lost_is_stored_anew(local: Repo, file: Path, tmp_path: Path, loss: str) -> None:
    id, _read = put(local, file)
    records = tmp_path / PREFIX / "known-files"
    if "chunk" in loss:
        for chunk in chunks_of(tmp_path):
            os.truncate(chunk, 100) if "cut" in loss else chunk.unlink()
    elif loss == "pack":
        local.packs.clear()
    elif "cut" in loss:
        os.truncate(records, records.stat().st_size - 1)
    else:
        records.write_bytes(b"x" * 200)
    local.reopen()
    assert put(local, file) == (id, SIZE)
    assert put(local, file) == (id, 0)


@dataclass
class Sentence:
    """What is to be deleted, and what was revived."""

    condemned: set[str]
    revived: list[str] = field(default_factory=list)

    def revive(self, key: str) -> None:
        self.revived.append(key)


def test_a_chunk_that_is_to_be_deleted_is_stored_anew(local: Repo, file: Path, tmp_path: Path) -> None:
    id, _read = put(local, file)
    condemned = Sentence({str(chunk.relative_to(tmp_path)) for chunk in chunks_of(tmp_path)})
    writer = local.contents.writer(condemned)
    assert writer.put_stream(FileBytes(file)).id == id
    assert set(condemned.revived) == condemned.condemned
    writer.abandon()


def test_with_too_many_it_begins_anew(local: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.repos.known_files._MOST_FILES", 2)
    files = [tmp_path / f"{number}.bin" for number in range(3)]
    for number, place in enumerate(files):
        place.write_bytes(bytes([number]) * SIZE)
        put(local, place)
    assert [put(local, place)[1] for place in (files[2], files[0])] == [0, SIZE]


def test_behind_a_network_nothing_is_remembered(file: Path) -> None:
    objects = MemoryObjects()
    repo = Repo(objects)
    assert [put(repo, file)[1] for _ in range(2)] == [SIZE, SIZE]
    assert [each.key for each in objects.list(f"{PREFIX}/known")] == []


def test_two_who_remember_at_once_lose_nothing_that_is_stored(file: Path, tmp_path: Path) -> None:
    ours, theirs = Repo(LocalObjects(tmp_path)), Repo(LocalObjects(tmp_path))
    first, _read = put(ours, file)
    theirs.packs = ours.packs
    theirs.reopen()
    other = file.with_name("other.bin")
    other.write_bytes(b"c" * SIZE)
    put(theirs, other)
    ours.packs = theirs.packs
    ours.reopen()
    assert [put(ours, place)[1] for place in (file, other)] == [0, 0]
    assert put(ours, file)[0] == first


@pytest.mark.parametrize("kind", ["fuse.sshfs", "nfs4", "vfat", ""])
def test_where_others_say_what_the_time_is_nothing_is_remembered(
    local: Repo, file: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("treadle.repos.known_files.kind_of_file", lambda *_: kind)
    assert [put(local, file)[1] for _ in range(2)] == [SIZE, SIZE]


def test_a_file_lies_on_the_nearest_mount_above_it() -> None:
    lines = [
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
        "23 22 0:40 / /mnt/my\\040pictures rw shared:1 - fuse.sshfs far rw",
        "24 22 8:2 / /mnt/two rw - xfs /dev/sdb rw",
        "25 24 0:41 / /mnt/two rw - nfs4 far:/two rw",
    ]
    places = ("/a", "/mnt/my pictures/a", "/mnt/my pictures of all/a", "/mnt/two/a")
    assert [kind_at(place, lines) for place in places] == ["ext4", "fuse.sshfs", "ext4", "nfs4"]
    assert kind_at("(unreachable)/a", lines) == ""


class Meddled(KnownFiles):
    """Others add a file whenever anybody is about to look into the records."""

    is_meddled = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name == "_records" and self.is_meddled:
            self.is_meddled = False
            self.add({b"b" * 16: b"2" * 33})
        return found


def test_what_is_known_is_found_while_others_add(tmp_path: Path) -> None:
    files = Meddled(LocalShelf(LocalObjects(tmp_path)), "known-files")
    mark = Mark(b"a" * 16, True)
    files.add({mark.bytes: b"1" * 33})
    for files.is_meddled in (False, True, True):
        assert files.find(mark) == b"1" * 33


def test_records_of_many_repos_hold_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.repos.shelf._SMALL_BYTES", 0)
    monkeypatch.setattr("treadle.repos.kept_open.INDEXES", OpenFiles(lambda: 2))
    mark = Mark(b"a" * 16, True)
    many = [KnownFiles(LocalShelf(LocalObjects(tmp_path)), f"{number}/known-files") for number in range(9)]
    for files in many:
        files.add({mark.bytes: b"1" * 33})
        assert files.find(mark) == b"1" * 33
    held = [each for each in mapped_files() if each.startswith(str(tmp_path))]
    assert len(held) == 2


def mapped_files() -> set[str]:
    """Files that this process has mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if len(line.split(maxsplit=5)) > 5}


def test_how_many_files_may_be_open_is_asked_when_they_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _kind: (400, 400))
    held = [Kept(lambda: b"", kept_open.INDEXES) for _ in range(150)]
    for each in held:
        each.get()
    assert 0 < sum(each.is_open for each in held) <= 100

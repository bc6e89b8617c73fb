"""What is damaged in a repo is found, and told by the names that people know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.repos.history.conftest import Yard
from treadle.objects import LocalObjects
from treadle.repos import commits
from treadle.repos.checking import Problem, fsck
from treadle.repos.collecting import collect
from treadle.repos.engine import RepoEngine
from treadle.repos.values import Commit, NewFile

LARGE = os.urandom(8 * 1024 * 1024 + 10)


def problems(yard: Yard) -> list[Problem]:
    return list(fsck(yard.engine, yard.repo_id))


def named(found: list[Problem]) -> list[tuple[str, str | None, str | None]]:
    return [(each.kind, each.path, each.commit) for each in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the objects of the yard lie."""
    return tmp_path / "objects"


@pytest.fixture
def commit(yard: Yard) -> Commit:
    """A commit with a little and a large file, and an attachment."""
    first = yard.engine.commit_files(
        yard.grant,
        "master",
        [NewFile("a/small", [b"small" * 50]), NewFile("large", [LARGE])],
        "first",
        attachments={"notes": [os.urandom(300)]},
    )
    yard.commit("master", {"b": b"another"})
    assert problems(yard) == []
    return first


def objects(folder: Path, end: str) -> Iterator[Path]:
    """The files of the store, the oldest first."""
    found = (each for each in folder.rglob("*") if each.is_file() and each.name.endswith(end))
    return iter(sorted(found, key=lambda each: each.stat().st_mtime_ns))


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_every_flipped_bit_of_a_pack_names_what_it_hits(yard: Yard, commit: Commit, folder: Path) -> None:
    """Step by step over the whole pack; its contents are two small files and the list of chunks."""
    pack = next(objects(folder, ".pack"))
    told: set[tuple[str, str | None]] = set()
    for at in range(0, pack.stat().st_size, 7):
        flip(pack, at)
        found = named(problems(yard))
        flip(pack, at)
        assert found, at
        assert {each[2] for each in found} <= {commit.id, yard.head("master")}
        told.update(each[:2] for each in found)
    assert told >= {("file", "a/small"), ("file", "large"), ("attachment", "notes"), ("folder", None)}
    assert problems(yard) == []


def test_a_flipped_bit_of_a_chunk_names_the_file(yard: Yard, commit: Commit, folder: Path) -> None:
    with yard.database.write() as tx:
        opened = commits.start(tx, yard.grant, "master").id
    yard.engine.put(yard.grant, opened, NewFile("staged", [LARGE]))
    chunk = max(
        (each for each in (folder / "repos").rglob("chunks/*/*")), key=lambda each: each.stat().st_size
    )
    flip(chunk, 5_000_000)
    assert named(problems(yard)) == [("file", "large", commit.id), ("staged", "staged", opened)]
    chunk.unlink()
    assert named(problems(yard)) == [("file", "large", commit.id), ("staged", "staged", opened)]


def test_a_damaged_index_and_a_pack_that_is_gone_are_told(yard: Yard, commit: Commit, folder: Path) -> None:
    index = next(objects(folder, ".index"))
    flip(index, 60)
    found = problems(yard)
    assert ("pack", None, None) in named(found)
    assert index.stem in found[0].detail
    flip(index, 60)
    index.with_suffix(".pack").unlink()
    assert {each[:2] for each in named(problems(yard))} >= {("attachment", "notes"), ("folder", None)}
    index.unlink()
    assert ("pack", None, None) in named(problems(yard))


def test_a_pack_that_no_row_lists_is_told_and_does_no_harm(yard: Yard, commit: Commit, folder: Path) -> None:
    pack = next(objects(folder, ".pack"))
    stray = pack.with_name(f"{'0' * 32}.pack")
    stray.write_bytes(b"left by a writer that died")
    (found,) = problems(yard)
    assert (found.kind, stray.name in found.detail) == ("unlisted", True)


def test_a_row_that_says_something_else_than_its_tree_is_told(yard: Yard, commit: Commit) -> None:
    with yard.database.write() as tx:
        tx.connection.exec_driver_sql(f"UPDATE repo_commits SET file_count = 7 WHERE key = '{commit.id}'")
    assert named(problems(yard)) == [("commit", None, commit.id)]


def test_what_fsck_found_damaged_is_mended_by_another_put(yard: Yard, folder: Path) -> None:
    files = {"small": os.urandom(100), "large": LARGE}
    first = yard.commit("master", files)
    flip(next(objects(folder, ".pack")), 50)
    flip(max((folder / "repos").rglob("chunks/*/*"), key=lambda each: each.stat().st_size), 5_000_000)
    assert {each.path for each in problems(yard)} == {"small", "large"}
    elsewhere = Yard(RepoEngine(yard.database, LocalObjects(folder)), yard.grant)
    elsewhere.commit("master", {f"again/{path}": data for path, data in files.items()})
    assert elsewhere.files(first.id) == files
    assert problems(yard) == []
    collect(yard.engine, yard.repo_id, grace=timedelta(0))
    collect(yard.engine, yard.repo_id, grace=timedelta(0))
    assert elsewhere.files(first.id) == files

"""The garbage collection: what nothing names goes, and nothing else, whoever writes meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from tests.repos.history.conftest import Yard
from treadle.db.repo_tables import repo_packs
from treadle.db.upkeep_tables import repo_condemned
from treadle.errors import Unavailable
from treadle.repos import collecting, commits, retention
from treadle.repos.checking import fsck
from treadle.repos.collecting import Collected, collect
from treadle.repos.contents import Damaged
from treadle.repos.leases import LIFETIME
from treadle.repos.values import NewFile

NOW = timedelta(0)
LARGE = os.urandom(9 * 1024 * 1024)


def clear(yard: Yard, *, grace: timedelta = NOW, lifetime: timedelta = LIFETIME) -> Collected:
    return collect(yard.engine, yard.repo_id, grace=grace, lifetime=lifetime)


def stored(yard: Yard) -> set[str]:
    return {each.key for each in yard.engine.objects.list(f"repos/{yard.repo_id}/")}


def count_packs(yard: Yard) -> int:
    with yard.database.read() as tx:
        return int(tx.execute(select(func.count()).select_from(repo_packs)).scalar_one())


def open_commit(yard: Yard) -> str:
    with yard.database.write() as tx:
        return commits.start(tx, yard.grant, "master").id


def abandon(yard: Yard, commit_id: str) -> None:
    with yard.database.write() as tx:
        commits.abandon(tx, yard.grant, commit_id)


def drop_all_but_heads(yard: Yard) -> None:
    with yard.database.write() as tx:
        retention.change(tx, yard.grant, retention.Rules(keep_days=1))
        tx.connection.exec_driver_sql("UPDATE repo_commits SET finished_at = 0")
    retention.drop_old(yard.database, yard.repo_id)


def check_whole(yard: Yard, wanted: dict[str, bytes]) -> None:
    assert yard.files(str(yard.head("master"))) == wanted
    assert list(fsck(yard.engine, yard.repo_id)) == []


def test_what_nothing_names_goes_and_the_rest_stays(yard: Yard) -> None:
    kept = {"kept": b"1", "large": LARGE}
    files = [NewFile(path, [content]) for path, content in kept.items()]
    files += [NewFile("old/notes", [b"few words"])]
    files += [NewFile(f"old/{number}", [os.urandom(500)]) for number in range(50)]
    yard.engine.commit_files(yard.grant, "master", files, "old")
    last = yard.engine.commit_files(
        yard.grant, "master", (), "last", deletes=["old/"], attachments={"notes": [b"few words"]}
    )
    opened = open_commit(yard)
    yard.engine.put(yard.grant, opened, NewFile("staged", [LARGE[1:]]))
    gone = open_commit(yard)
    yard.engine.put(yard.grant, gone, NewFile("gone", [LARGE[2:]]))
    assert clear(yard).objects_waiting == 0
    abandon(yard, gone)
    drop_all_but_heads(yard)
    before = stored(yard)
    first = clear(yard)
    assert (first.objects_deleted, first.packs_dropped, first.packs_written) == (0, 1, 1)
    assert stored(yard) > before
    second = clear(yard)
    assert second.bytes_freed > 9_000_000
    assert (second.objects_waiting, len(stored(yard))) == (0, 4 + 2 * 2)  # chunks and packs
    check_whole(yard, kept)
    assert b"".join(yard.engine.at(yard.repo_id, opened).read("staged")) == LARGE[1:]
    assert b"".join(yard.engine.at(yard.repo_id, last.id).attachment("notes")) == b"few words"


def test_bytes_stay_for_a_while_for_those_who_read_them(yard: Yard) -> None:
    gone = open_commit(yard)
    yard.engine.put(yard.grant, gone, NewFile("gone", [LARGE]))
    abandon(yard, gone)
    for _ in range(3):
        assert clear(yard, grace=timedelta(hours=1)).objects_deleted == 0
    waiting = clear(yard, grace=timedelta(hours=1))
    assert (waiting.objects_waiting, waiting.bytes_waiting > len(LARGE)) == (2, True)
    assert clear(yard).objects_deleted == 2


def test_many_small_packs_become_one(yard: Yard) -> None:
    wanted = {f"f{number}": b"%d" % number for number in range(12)}
    for path, content in wanted.items():
        yard.commit("master", {path: content})
    clear(yard)
    assert count_packs(yard) == 1
    clear(yard)
    assert len(stored(yard)) == 2
    check_whole(yard, wanted)


def test_a_large_file_that_is_being_put_is_not_cleared_away(yard: Yard) -> None:
    gone = open_commit(yard)
    yard.engine.put(yard.grant, gone, NewFile("gone", [LARGE]))
    abandon(yard, gone)
    opened = open_commit(yard)

    def chunks() -> Iterator[bytes]:
        yield LARGE
        # The first chunks were found in the store, and nothing names them yet.
        for _ in range(3):
            clear(yard)
        yield b"end"

    yard.engine.put(yard.grant, opened, NewFile("new", chunks()))
    for _ in range(3):
        clear(yard)
    assert b"".join(yard.engine.at(yard.repo_id, opened).read("new")) == LARGE + b"end"


def test_what_is_condemned_is_stored_anew(yard: Yard) -> None:
    content = os.urandom(3000)
    leave_unneeded(yard, content)
    assert clear(yard, grace=timedelta(hours=1)).objects_waiting == 4  # a pack of two files, two chunks
    last = yard.commit("master", {"again": content, "large again": LARGE})
    for _ in range(3):
        clear(yard)
    check_whole(yard, {"again": content, "b": b"1", "large again": LARGE})
    with yard.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(repo_condemned)).scalar_one() == 0
    assert last.file_count == 3


def leave_unneeded(yard: Yard, content: bytes) -> None:
    """A repo in which nothing needs a small and a large content any more."""
    yard.commit("master", {"a": content, "large": LARGE})
    yard.commit("master", {"a": None, "large": None, "b": b"1"})
    drop_all_but_heads(yard)


def test_what_goes_while_somebody_writes_is_not_what_they_wrote(yard: Yard) -> None:
    content = os.urandom(3000)
    leave_unneeded(yard, content)
    with yard.engine.leases.hold(yard.repo_id):
        assert clear(yard).packs_dropped == 0  # condemned, and somebody may not know yet

    def files() -> Iterator[NewFile]:
        yield NewFile("again", [content])
        yield NewFile("large again", [LARGE])
        done = clear(yard)
        assert (done.packs_dropped, done.objects_deleted) == (1, 0)  # its bytes stay for those who read

    yard.engine.commit_files(yard.grant, "master", files(), "again")
    check_whole(yard, {"again": content, "b": b"1", "large again": LARGE})


def test_what_was_reused_before_it_was_condemned_is_looked_at_once_more(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(3000)
    leave_unneeded(yard, content)
    is_put, goes_on = threading.Event(), threading.Event()

    def files() -> Iterator[NewFile]:
        yield NewFile("again", [content])
        yield NewFile("large again", [LARGE])
        is_put.set()
        goes_on.wait()

    write = partial(yard.engine.commit_files, yard.grant, "master", files(), "again")
    writer = threading.Thread(target=write)
    writer.start()
    is_put.wait()
    clear(yard)

    def end_writing(step: str) -> None:
        if step == "gc.marked":
            goes_on.set()
            writer.join()

    monkeypatch.setattr(collecting, "reach", end_writing)
    for _ in range(3):
        clear(yard)
    check_whole(yard, {"again": content, "b": b"1", "large again": LARGE})


def test_a_writer_that_was_thought_dead_fails_and_leaves_nothing(yard: Yard) -> None:
    opened = open_commit(yard)

    def chunks() -> Iterator[bytes]:
        yield LARGE
        clear(yard, lifetime=timedelta(seconds=-1))
        yield b"end"

    with pytest.raises(Unavailable, match="Send it anew"):
        yard.engine.put(yard.grant, opened, NewFile("new", chunks()))
    assert list(yard.engine.at(yard.repo_id, opened).list()) == []
    clear(yard)
    clear(yard)
    assert stored(yard) == set()


def test_nothing_is_deleted_of_a_repo_that_cannot_be_read(yard: Yard) -> None:
    yard.commit("master", {"a": b"1"})
    pack = next(key for key in stored(yard) if key.endswith(".pack"))
    size_bytes = yard.engine.objects.stat(pack).size_bytes
    yard.engine.objects.put(pack, [bytes(size_bytes)])
    before = stored(yard)
    with pytest.raises(Damaged):
        clear(yard)
    assert stored(yard) == before


def test_collections_beside_writers_take_nothing_from_them(yard: Yard) -> None:
    """Writers put the same contents again and again, which one of them always has just deleted."""
    contents = [os.urandom(2000) for _ in range(6)]
    large = [LARGE[number * 300_000 :][:300_000] for number in range(3)]
    is_over = threading.Event()
    failed: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for turn in range(8):
                wanted = {f"{name}/{each}": contents[(turn + each) % 6] for each in range(3)}
                yard.commit(name, {**wanted, f"{name}/large": large[turn % 3]}, str(turn))
                yard.commit(name, {f"{name}/": None})
            yard.commit(name, {**wanted, f"{name}/large": large[turn % 3]})
        except BaseException as error:
            failed.append(error)
            raise

    def sweep() -> None:
        try:
            while not is_over.is_set():
                drop_all_but_heads(yard)
                clear(yard)
        except BaseException as error:
            failed.append(error)
            raise

    writers = [threading.Thread(target=write, args=(name,)) for name in ("one", "two", "three")]
    sweeper = threading.Thread(target=sweep)
    for thread in (*writers, sweeper):
        thread.start()
    for thread in writers:
        thread.join()
    is_over.set()
    sweeper.join()
    assert failed == []
    drop_all_but_heads(yard)
    for _ in range(3):
        clear(yard)
    for name in ("one", "two", "three"):
        files = yard.files(str(yard.head(name)))
        assert files.pop(f"{name}/large") == large[1]
        assert list(files.values()) == [contents[(7 + each) % 6] for each in range(3)]
    assert list(fsck(yard.engine, yard.repo_id)) == []
    # The chunks that the heads have in common, and packs; nothing else is left.
    assert len([key for key in stored(yard) if "/chunks/" in key]) == 1

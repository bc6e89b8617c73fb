"""Several at once: finishes, resets and writers, in one process and as if in several."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.repos.bench import Bench, open_bench, reopened
from treadle.db import Database, Tx
from treadle.errors import Conflict
from treadle.repos import branches, commits, publishing, staging
from treadle.repos.staging import Staged
from treadle.repos.values import Commit, NewFile


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return open_bench(database, tmp_path)


def outcome(work: Future[Commit]) -> str:
    """The id of the commit, or the code of what was refused."""
    try:
        return work.result().id
    except Conflict as refused:
        return refused.code


def meanwhile(act: Callable[[], object]) -> Iterator[bytes]:
    """Bytes of an attachment, while which are read something else happens."""
    act()
    yield b"bytes"


def test_one_of_two_finishes_makes_the_commit(bench: Bench) -> None:
    opened = bench.start()
    bench.put(opened, "a")
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(each.finish, opened) for each in (bench, bench, reopened(bench), reopened(bench))]
    outcomes = [outcome(each) for each in made]
    assert sorted(outcomes) == sorted([opened, *["commit-finished"] * 3])
    assert bench.files(opened) == {"a": b"bytes"}


def test_commits_that_are_made_at_once_all_reach_the_branch(bench: Bench) -> None:
    own = [bench.start() for _ in range(4)]
    for number, opened in enumerate(own):
        bench.put(opened, f"own/{number}")
    engines = [bench, reopened(bench)]
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(engines[number % 2].finish, opened) for number, opened in enumerate(own)]
        done += [pool.submit(engines[number % 2].commit, {f"bulk/{number}": b"bytes"}) for number in range(4)]
    assert all(each.result().state == "finished" for each in done)
    head = bench.head()
    assert head is not None
    assert len(bench.listed(head)) == 8
    with bench.engine.database.read() as tx:
        assert len(commits.first_parents(tx, head)) == 8
        assert branches.get(tx, bench.repo_id, "master").version == 8


def test_a_branch_that_moves_under_a_finish_is_followed(bench: Bench) -> None:
    first = bench.commit({"a": b"1"})
    second = bench.commit({"b": b"1"})
    opened = bench.start()
    bench.put(opened, "c")
    back = meanwhile(lambda: bench.reset(first.id, second.id))
    finished = bench.finish(opened, attachments={"note": back})
    assert finished.parents == (first.id,)
    assert bench.listed(opened) == ["a", "c"]
    assert b"".join(reopened(bench).at(opened).attachment("note")) == b"bytes"


def test_a_branch_that_moves_under_a_bulk_commit_is_followed_unless_its_head_was_named(bench: Bench) -> None:
    first = bench.commit({"a": b"1"})

    def files(path: str) -> Iterator[NewFile]:
        yield NewFile("mine", [path.encode()])
        bench.commit({path: b"other"})

    made = bench.engine.commit_files(bench.grant, "master", files("theirs"), "m", deletes=["a"])
    assert bench.files(made.id) == {"mine": b"theirs", "theirs": b"other"}
    with pytest.raises(Conflict, match="'mine'"):
        bench.engine.commit_files(bench.grant, "master", files("mine"), "m")
    with pytest.raises(Conflict) as refused:
        bench.engine.commit_files(bench.grant, "master", files("b"), "m", expected_head=bench.head())
    assert refused.value.code == "branch-moved"
    assert first.id != bench.head()


def test_every_put_that_was_answered_before_a_finish_is_in_it_and_no_other(bench: Bench) -> None:
    opened = bench.start()
    answered: list[str] = []
    refused: list[str] = []
    begun = threading.Semaphore(0)

    def write(engine: Bench, writer: int) -> None:
        for number in range(200):
            path = f"{writer}/{number}"
            try:
                engine.put(opened, path, path.encode())
            except Conflict:
                refused.append(path)
                return
            answered.append(path)
            begun.release()

    engines = [bench, reopened(bench)]
    with ThreadPoolExecutor(9) as pool:
        writers = [pool.submit(write, engines[writer % 2], writer) for writer in range(8)]
        for _ in range(40):
            begun.acquire()
        bench.finish(opened)
        for each in writers:
            each.result()
    assert bench.files(opened) == {path: path.encode() for path in answered}
    assert len(answered) >= 40


def test_a_failed_finish_elsewhere_loses_nothing_of_what_is_put_after_it(bench: Bench) -> None:
    opened = bench.start()
    bench.put(opened, "a")
    elsewhere = reopened(bench)

    def fail_and_put() -> None:
        def broken() -> Iterator[bytes]:
            yield b"half"
            raise Conflict("broken", "It broke.")

        with pytest.raises(Conflict, match="broke"):
            elsewhere.finish(opened, attachments={"note": broken()})
        elsewhere.put(opened, "b")

    with pytest.raises(Conflict) as refused:
        bench.finish(opened, attachments={"note": meanwhile(fail_and_put)})
    assert refused.value.code == "commit-reopened"
    assert bench.finish(opened).file_count == 2


def test_a_shared_commit_whose_finish_died_is_open_again_for_the_next_put(bench: Bench) -> None:
    shared = bench.shared()
    bench.put(shared, "a")
    with bench.engine.leases.hold(bench.repo_id) as lease:  # somebody is at it
        with bench.engine.database.write() as tx:
            publishing.seal(tx, commits.get(tx, shared), lease)
        assert bench.shared() == shared
        with pytest.raises(Conflict):
            bench.put(shared, "b")
    with bench.engine.leases.hold(bench.repo_id):  # somebody is at something else
        assert bench.shared() == shared
        bench.put(shared, "b")
    assert bench.finish(shared).file_count == 2


def test_a_commit_that_is_abandoned_under_its_finish_is_not_made(bench: Bench) -> None:
    opened = bench.start()
    bench.put(opened, "a")

    def abandon() -> None:
        with bench.engine.database.write() as tx:
            commits.abandon(tx, bench.grant, opened)

    with pytest.raises(Exception, match="abandoned"):
        bench.finish(opened, attachments={"note": meanwhile(abandon)})
    assert bench.head() is None


def test_writers_at_once_all_write_whoever_of_them_is_refused(bench: Bench) -> None:
    opened = bench.start()
    bench.put(opened, "taken")

    def write(number: int) -> None:
        for at in range(5):
            bench.put(opened, f"{number}/{at}")
            with pytest.raises(Conflict):
                bench.put(opened, "taken", b"other", only_if_absent=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert bench.files(opened)["taken"] == b"bytes"
    assert len(bench.listed(opened)) == 41


def test_a_transaction_that_fails_is_told_to_all_in_it_and_the_next_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, put = bench.start(), staging._put

    def put_or_fail(tx: Tx, commit_row: int, row: Staged) -> None:
        put(tx, commit_row, row)
        if row.path == "bad":
            raise OSError("the disk failed")

    def write(number: int) -> None:
        with pytest.raises(OSError):
            bench.put(opened, "bad")
        while True:  # with whom it shares a transaction hangs on the moment
            with suppress(OSError):
                bench.put(opened, f"{number}")
                return

    monkeypatch.setattr(staging, "_put", put_or_fail)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert bench.listed(opened) == [f"{number}" for number in range(8)]

"""Files put, finished, listed, read and compared, on both databases and real files."""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.repos.bench import Bench, names, open_bench, reopened
from treadle.db import Database
from treadle.db.repo_tables import repo_staged
from treadle.db.schema import events
from treadle.errors import Conflict, Invalid, NotFound, TreadleError, Unavailable, Unsupported
from treadle.repos import commits, finishing, staging
from treadle.repos.failpoints import armed
from treadle.repos.finishing import ANY_HEAD
from treadle.repos.planning import Prefer
from treadle.repos.snapshots import NewReference, Reference
from treadle.repos.tree import Tree
from treadle.repos.values import NewFile

LARGE = random.Random(1).randbytes(9 * 1024**2)  # of more than one chunk
TREE = {"a-b": b"1", "a/b/c": b"2", "a/b/d": b"3", "a/e": b"4", "b": b"5", "ä": b"6"}


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return open_bench(database, tmp_path)


def code_of(refused: pytest.ExceptionInfo[TreadleError]) -> str:
    return refused.value.code


def test_what_was_put_is_read_while_the_commit_is_open_and_after_it(bench: Bench) -> None:
    opened = bench.start()
    wanted = {"a/large.bin": LARGE, "a/small.txt": b"small", "empty": b""}
    for path, content in wanted.items():
        assert bench.put(opened, path, content).size_bytes == len(content)
    assert bench.files(opened) == wanted
    assert bench.head() is None
    finished = bench.finish(opened)
    assert (finished.state, finished.file_count, finished.size_bytes) == ("finished", 3, len(LARGE) + 5)
    assert bench.head() == finished.id == opened
    fresh = reopened(bench)
    assert fresh.files(opened) == wanted
    border = slice(8 * 1024**2 - 2, 8 * 1024**2 + 2)
    assert b"".join(fresh.at(opened).read("/a/large.bin", border.start, border.stop)) == LARGE[border]
    with bench.engine.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(repo_staged)).scalar() == 0
        (event,) = tx.execute(select(events).where(events.c.kind == "commit.finished")).all()
    assert event.subject_id == finished.row_id


@pytest.mark.parametrize("is_open", [True, False])
def test_a_listing_is_in_order_and_folds_pages_and_matches(bench: Bench, is_open: bool) -> None:
    if is_open:
        commit_id = bench.start()
        assert bench.engine.put_many(bench.grant, commit_id, files_of(TREE)) == len(TREE)
    else:
        commit_id = bench.commit(TREE).id
    assert bench.listed(commit_id) == sorted(TREE)
    assert bench.listed(commit_id, "a/") == ["a/b/c", "a/b/d", "a/e"]
    assert bench.listed(commit_id, "a", "a-b") == ["a/b/c", "a/b/d", "a/e"]
    assert bench.listed(commit_id, delimiter="/") == ["a-b", "a/", "b", "ä"]
    assert bench.listed(commit_id, "a/", delimiter="/") == ["a/b/", "a/e"]
    assert bench.listed(commit_id, delimiter="/", after="a/") == ["b", "ä"]
    assert bench.listed(commit_id, delimiter="/", after="a/", limit=1) == ["b"]
    assert bench.listed(commit_id, delimiter="b") == ["a-b", "a/b", "a/e", "b", "ä"]
    assert bench.listed(commit_id, "absent/") == bench.listed(commit_id, "a\0") == []
    matched = {
        "*": ["a-b", "b", "ä"],
        "a/*": ["a/e"],
        "/a/**": ["a/b/c", "a/b/d", "a/e"],
        "**/[cd]": ["a/b/c", "a/b/d"],
        "**/b": ["b"],
        "{b,a/?}": ["a/e", "b"],
        "a/b/[!c]": ["a/b/d"],
        "a.b": [],
    }
    for pattern, paths in matched.items():
        assert names(list(bench.at(commit_id).glob(pattern))) == paths, pattern
    assert names(list(bench.at(commit_id).glob("**", after="a/b/d"))) == ["a/e", "b", "ä"]
    for wrong in ("{a", "[z-a]"):
        with pytest.raises(Invalid):
            bench.at(commit_id).glob(wrong)


def files_of(files: dict[str, bytes]) -> Iterator[NewFile]:
    return (NewFile(path, [content]) for path, content in files.items())


def test_an_open_commit_shows_what_was_changed_in_it_over_what_it_stands_on(bench: Bench) -> None:
    base = bench.commit(TREE)
    opened = bench.start()
    bench.put(opened, "a/e", b"changed")
    bench.delete(opened, "a/b/")
    bench.put(opened, "a/b/new")
    bench.delete(opened, "b")
    wanted = {"a-b": b"1", "a/b/new": b"bytes", "a/e": b"changed", "ä": b"6"}
    assert bench.files(opened) == wanted
    for gone in ("b", "a/b/c", "absent"):
        with pytest.raises(NotFound):
            bench.at(opened).stat(gone)
        with pytest.raises(NotFound):
            bench.delete(opened, gone)
    changed = [
        ("a/b/c", True, False),
        ("a/b/d", True, False),
        ("a/b/new", False, True),
        ("a/e", True, True),
        ("b", True, False),
    ]
    assert bench.changed(base.id, opened) == changed
    assert bench.changed(base.id, opened, prefix="a/", after="a/b/d", limit=1) == [("a/b/new", False, True)]
    finished = bench.finish(opened)
    assert bench.files(opened) == wanted
    assert bench.changed(base.id, opened) == changed
    assert (finished.parents, finished.generation) == ((base.id,), 2)
    again = bench.commit(wanted, branch="side")
    assert bench.changed(opened, again.id) == []  # what was put at another time is the same
    opened = bench.start()
    bench.delete(opened, "/")
    assert bench.files(opened) == {}
    assert bench.finish(opened).file_count == 0
    assert bench.changed(None, opened) == []


def test_a_commit_takes_nothing_once_it_is_finished(bench: Bench) -> None:
    opened = bench.start()
    seen = bench.at(opened)
    bench.put(opened, "a")
    listing = seen.list()
    assert names([next(listing)]) == ["a"]
    bench.finish(opened)
    assert names(list(listing)) == []
    assert b"".join(seen.read("a")) == b"bytes"
    assert seen.commit.state == "finished"
    for act in (
        lambda: bench.put(opened, "b"),
        lambda: bench.delete(opened, "a"),
        lambda: bench.finish(opened),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert code_of(refused) == "commit-finished"
    with pytest.raises(NotFound):
        bench.put("0" * 32, "a")


def test_a_commit_that_changes_nothing_is_made_when_it_is_asked_for(bench: Bench) -> None:
    bench.commit({"a": b"1"})
    opened = bench.start()
    bench.put(opened, "a", b"1")
    with pytest.raises(Conflict) as refused:
        bench.finish(opened)
    assert code_of(refused) == "commit-empty"
    bench.put(opened, "b")  # it is open again
    bench.delete(opened, "b")
    assert bench.finish(opened, allow_empty=True).file_count == 1


def test_a_put_may_depend_on_what_is_there(bench: Bench) -> None:
    base = bench.commit({"old": b"1", "folder/file": b"2"})
    opened = bench.start()
    first = bench.put(opened, "new", b"1", only_if_absent=True, digests=("md5", "sha256"))
    assert first.metadata == {
        "md5": hashlib.md5(b"1").hexdigest(),
        "sha256": hashlib.sha256(b"1").hexdigest(),
    }
    old = bench.at(base.id).stat("old")
    for path, more, code in (
        ("new", {"only_if_absent": True}, "file-exists"),
        ("old", {"only_if_absent": True}, "file-exists"),
        ("new", {"expected_id": "01" + "0" * 64}, "file-changed"),
        ("absent", {"expected_id": old.id}, "file-changed"),
    ):
        with pytest.raises(Conflict) as refused:
            bench.put(opened, path, **more)
        assert code_of(refused) == code
    bench.put(opened, "old", b"2", expected_id=old.id)
    bench.delete(opened, "new")
    bench.put(opened, "new", only_if_absent=True)
    bench.delete(opened, "folder/")
    bench.put(opened, "folder/file", only_if_absent=True)
    with pytest.raises(Invalid):
        bench.put(opened, "a", digests=("crc32",))


def test_files_are_copied_moved_and_put_by_reference(bench: Bench) -> None:
    base = bench.commit({"a/x": b"1", "a/y/z": b"2"})
    opened = bench.start()
    bench.put(opened, "large", LARGE)
    bench.put(opened, "fresh", b"3")
    copy, grant = bench.engine.copy, bench.grant
    assert copy(grant, opened, "a", "b/") == 2
    assert copy(grant, opened, "a/x", "c", source_commit=base.id) == 1
    assert copy(grant, opened, "large", "large2") == copy(grant, opened, "fresh", "fresh2") == 1
    assert bench.engine.move(grant, opened, "a/", "a/deeper") == 2
    with pytest.raises(NotFound):
        copy(grant, opened, "absent", "b")
    wanted = {
        "a/deeper/x": b"1",
        "a/deeper/y/z": b"2",
        "b/x": b"1",
        "b/y/z": b"2",
        "c": b"1",
        "fresh": b"3",
        "fresh2": b"3",
        "large": LARGE,
        "large2": LARGE,
    }
    assert bench.files(opened) == wanted
    bench.finish(opened)
    assert reopened(bench).files(opened) == wanted
    opened = bench.start()
    told = Reference(7, "key", "1", 9, "s3://bucket/key")
    assert bench.engine.reference(grant, opened, [NewReference("outside", told, {"kind": "far"})]) == 1
    assert bench.at(opened).stat("outside").id.startswith("03")
    bench.finish(opened)
    with pytest.raises(Unsupported):
        bench.at(opened).read("outside")
    bench = reopened(bench)
    bench.engine.read_reference = lambda found, start, end, *, repo_id, path: iter(
        [f"{found} {start} {end} {repo_id} {path}".encode()]
    )
    read = b"".join(bench.at(opened).read("outside", 1, 2))
    assert read == f"{told} 1 2 {bench.repo_id} outside".encode()
    assert bench.at(opened).stat("outside").metadata == {"kind": "far"}


def test_an_attachment_is_read_and_never_listed(bench: Bench) -> None:
    source = bench.commit({"raw": b"1"}, branch="raw")
    opened = bench.start()
    bench.put(opened, "1.json", b"{}")
    finished = bench.finish(
        opened,
        attachments={"tasks.jsonl": [b"task", b"s"], "large": [LARGE]},
        metadata={"treadle": {"version": 1}},
        provenance=[source.id],
    )
    assert (finished.attachments, finished.provenance) == (("large", "tasks.jsonl"), (source.id,))
    assert finished.metadata == {"treadle": {"version": 1}}
    assert bench.listed(opened) == ["1.json"]
    assert b"".join(bench.at(opened).attachment("tasks.jsonl")) == b"tasks"
    assert b"".join(bench.at(opened).attachment("large")) == LARGE
    with pytest.raises(NotFound):
        bench.at(opened).attachment("absent")


def test_a_shared_open_commit_is_seen_over_the_head_of_now(bench: Bench) -> None:
    shared = bench.shared()
    bench.put(shared, "staged")
    bench.commit({"direct": b"1"})
    assert bench.listed(shared) == ["direct", "staged"]
    assert bench.shared() == shared
    bench.finish(shared)
    assert bench.listed(shared) == ["direct", "staged"]
    assert bench.shared() != shared


def test_what_was_put_before_the_branch_moved_goes_onto_its_new_head(bench: Bench) -> None:
    bench.commit({"a": b"1", "b": b"1", "f/g": b"1", "f/h": b"1"})
    mine, collides, deletes = bench.start(), bench.start(), bench.start()
    bench.put(mine, "a", b"2")
    bench.put(collides, "b", b"3")
    bench.put(collides, "c", b"3")
    bench.delete(deletes, "f/")
    head = bench.commit({"b": b"2", "f/g": b"2"})
    finished = bench.finish(mine)
    assert finished.parents == (head.id,)
    assert bench.files(mine) == {"a": b"2", "b": b"2", "f/g": b"2", "f/h": b"1"}
    for opened, path in ((collides, "'b'"), (deletes, "'f/g'")):
        with pytest.raises(Conflict, match=path) as refused:
            bench.finish(opened)
        assert code_of(refused) == "commit-collides"
    bench.finish(collides, prefer="theirs")
    assert bench.files(collides)["b"] == b"2"
    bench.finish(deletes, prefer="ours")
    assert bench.listed(deletes) == ["a", "b", "c"]


def test_a_page_of_an_open_commit_reads_no_more_than_it_shows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.commit({**{f"a/{number}/x": b"1" for number in range(100)}, "b": b"2"})
    opened = bench.start()
    bench.delete(opened, "a/")
    files = {f"c/{folder}/{number:02}": b"3" for folder in range(9) for number in range(20)}
    bench.engine.put_many(bench.grant, opened, files_of(files))
    read: list[str] = []
    scan, read_page = Tree.scan, staging.read_page

    def noting(found: Iterable[Any]) -> Iterator[Any]:
        for each in found:
            read.append(each.path)
            yield each

    monkeypatch.setattr(Tree, "scan", lambda *args: noting(scan(*args)))
    monkeypatch.setattr(staging, "read_page", lambda *args, **more: list(noting(read_page(*args, **more))))
    assert bench.listed(opened, limit=1) == ["b"]
    assert len(read) < 10
    assert bench.listed(opened, "c/", "", "/") == [f"c/{folder}/" for folder in range(9)]
    assert len(read) < 60


THEIRS = {"a/gone": b"their", "a/new": b"their", "b": b"their"}


@pytest.mark.parametrize(
    ("prefer", "theirs", "kept"),
    [
        (None, {}, {}),
        (None, {"d": b"their"}, {"d": b"their"}),
        ("ours", THEIRS, {"a/new": b"their"}),
        ("theirs", THEIRS, THEIRS),
    ],
    ids=["unmoved", "moved", "ours", "theirs"],
)
def test_many_staged_files_are_finished_without_holding_them_all(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    prefer: Prefer | None,
    theirs: dict[str, bytes],
    kept: dict[str, bytes],
) -> None:
    bench.commit({"a/gone": b"1", "a/kept": b"2", "b": b"3", "c": b"4"})
    opened = bench.start()
    for path in ("a/", "b"):
        bench.delete(opened, path)
    wanted = {"a/kept": b"2", **{f"new/{number}": b"%d" % number for number in range(9)}}
    for path, content in wanted.items():
        bench.put(opened, path, content)
    if theirs:
        bench.commit(theirs)
    monkeypatch.setattr(finishing, "_FEW", 4)
    monkeypatch.delattr(finishing, "_edited")  # it holds every change
    bench.finish(opened, prefer=prefer)
    assert bench.files(opened) == {**wanted, "c": b"4", **kept}


def test_a_file_and_a_folder_of_one_name_are_not_finished(bench: Bench) -> None:
    bench.commit({"a/b/c": b"1", "d": b"1"})
    for path, told in (("a/b", "'a/b' is a file, and 'a/b/c'"), ("d/e/f", "'d' is a file, and 'd/e/f'")):
        opened = bench.start()
        bench.put(opened, path)
        with pytest.raises(Conflict, match=told):
            bench.finish(opened)
        bench.delete(opened, "a/b/" if path == "a/b" else "d")
        bench.finish(opened)
        with pytest.raises(Conflict, match="is a file, and"):
            bench.commit({path + "/x": b"1"})
    many = {f"n/{number:04}": b"1" for number in range(1_500)}
    with pytest.raises(Conflict, match="'n/0001' is a file, and 'n/0001/x'"):
        bench.commit({**many, "n/0001-": b"1", "n/0001/x": b"1"})


def test_files_become_one_commit_whatever_their_order_and_number(bench: Bench) -> None:
    shuffled = [(f"{number % 7}/{number:05}", b"%d" % number) for number in range(3_000)]
    random.Random(2).shuffle(shuffled)
    twice = [NewFile("0/00000", [b"first"]), *files_of(dict(shuffled))]
    made = bench.engine.commit_files(bench.grant, "master", twice, "many")
    assert made.file_count == 3_000
    assert b"".join(bench.at(made.id).read("0/00000")) == b"0"
    edited = bench.commit({"0/00000": b"new", "extra": b"1"}, deletes=["1/", "/2/00002", "absent"])
    assert bench.changed(made.id, edited.id, after="2/00002") == [("extra", False, True)]
    kept = {path: content for path, content in shuffled if path[:2] != "1/" and path != "2/00002"}
    alone = bench.commit({**kept, "0/00000": b"new", "extra": b"1"}, replace_all=True, allow_empty=True)
    assert alone.root == edited.root
    assert bench.commit({"only": b"1"}, replace_all=True).file_count == 1


def test_a_commit_on_an_expected_head_is_refused_when_the_branch_has_moved(bench: Bench) -> None:
    first = bench.commit({"a": b"1"}, expected_head=None)
    for wrong in (None, "0" * 32):
        with pytest.raises(Conflict) as refused:
            bench.commit({"b": b"1"}, expected_head=wrong)
        assert code_of(refused) == "branch-moved"
    bench.commit({"b": b"1"}, expected_head=first.id)
    bench.commit({"c": b"1"}, expected_head=ANY_HEAD)


def test_a_full_disk_refuses_and_loses_nothing(bench: Bench) -> None:
    opened = bench.start()
    bench.put(opened, "a")
    with armed("put.chunk-written=ENOSPC"), pytest.raises(Unavailable):
        bench.put(opened, "large", LARGE)
    with armed("finish.half-pack=ENOSPC"), pytest.raises(Unavailable):
        bench.finish(opened)
    bench.put(opened, "b")
    bench.finish(opened)
    assert bench.listed(opened) == ["a", "b"]


def test_abandoning_frees_what_was_put(bench: Bench) -> None:
    opened = bench.shared()
    bench.put(opened, "a")
    with bench.engine.database.write() as tx:
        commits.abandon(tx, bench.grant, opened)
        assert tx.execute(select(repo_staged)).all() == []
    with pytest.raises(NotFound):
        bench.put(opened, "a")
    with pytest.raises(NotFound):
        bench.at(opened)


def test_a_path_that_could_mean_something_else_is_refused(bench: Bench) -> None:
    opened = bench.start()
    odd = ["", "/", "a//b", "../a", "a/../b", ".", "a/.", "a\0b", "a/", "//a", "\ud800"]
    for path in [*odd, "x" * 1025, "ä" * 513]:
        with pytest.raises(Invalid):
            bench.put(opened, path)
        with pytest.raises(Invalid):
            bench.commit({path: b"1"})
    assert bench.files(opened) == {}
    assert bench.head() is None


def test_a_path_is_its_bytes(bench: Bench) -> None:
    forms = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    odd = [
        *forms,
        "x" * 1024,
        "a b",
        "-",
        "a\nb",
        "con",
        "A",
        "a\\b",
        "%2e%2e",
        "..a",
        "\x01",
        "\U0010ffff",
        "😀",
        "\ue000",
    ]
    opened = bench.start()
    for path in odd:
        bench.put(opened, path, path.encode())
    expected = sorted(odd, key=str.encode)
    assert bench.listed(opened) == expected
    bench.finish(opened)
    assert bench.files(opened) == {path: path.encode() for path in expected}
    assert bench.listed(opened) == expected

"""Merge, cherry-pick and revert."""

from __future__ import annotations

import threading

import pytest

from tests.repos.history.conftest import Yard
from treadle.errors import Conflict, Invalid, NotFound
from treadle.repos import merging
from treadle.repos.values import Commit, MergeConflict, MergeConflicts


def fork(
    yard: Yard, base: dict[str, bytes], ours: dict[str, bytes | None], theirs: dict[str, bytes | None]
) -> Commit:
    """The head of the branch side, both made from one commit; ours is on master."""
    start = yard.commit("master", base)
    yard.branch("side", start)
    yard.commit("master", ours)
    return yard.commit("side", theirs)


def conflicts_of(yard: Yard, source: Commit, **how: object) -> tuple[MergeConflict, ...]:
    before = yard.head("master")
    with pytest.raises(MergeConflicts) as caught:
        merging.merge(yard.engine, yard.grant, into="master", source=source.id, **how)  # type: ignore[arg-type]
    assert yard.head("master") == before
    return caught.value.conflicts


def test_a_merge_holds_both_sides_and_has_two_parents(yard: Yard) -> None:
    theirs = fork(
        yard,
        {"a": b"1", "b": b"1", "c": b"1", "same": b"1"},
        {"a": b"2", "ours": b"2", "same": b"3"},
        {"b": None, "theirs/x": b"3", "same": b"3"},
    )
    ours = yard.head("master")
    merged = merging.merge(yard.engine, yard.grant, into="master", source=theirs.id, metadata={"why": "so"})
    assert yard.files(merged.id) == {"a": b"2", "c": b"1", "ours": b"2", "same": b"3", "theirs/x": b"3"}
    assert merged.parents == (ours, theirs.id)
    assert (merged.message, merged.metadata) == ("Merge side into master", {"why": "so"})
    assert yard.head("master") == merged.id
    assert merging.merge(yard.engine, yard.grant, into="master", source=theirs.id) == merged


def test_paths_that_both_changed_are_told_and_decided_each(yard: Yard) -> None:
    base = {"mod": b"1", "gone": b"1", "mine": b"1"}
    theirs = fork(
        yard,
        base,
        {"mod": b"2", "gone": None, "mine": b"2", "new": b"2"},
        {"mod": b"3", "gone": b"3", "mine": b"3", "new": b"3"},
    )
    found = conflicts_of(yard, theirs)
    sizes = [(each.path, each.base is None, each.ours is None, each.theirs is None) for each in found]
    assert sizes == [
        ("gone", False, True, False),
        ("mine", False, False, False),
        ("mod", False, False, False),
        ("new", True, False, False),
    ]
    partly = {"/gone": "base", "mod": "theirs", "new": "delete"}
    assert [each.path for each in conflicts_of(yard, theirs, resolutions=partly)] == ["mine"]
    merged = merging.merge(
        yard.engine, yard.grant, into="master", source=theirs.id, prefer="ours", resolutions=partly
    )
    assert yard.files(merged.id) == {"gone": b"1", "mine": b"2", "mod": b"3"}


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ("ours", {"a": b"file", "d/x": b"1", "d/y": b"2"}),
        ("theirs", {"a/b": b"folder", "a/c": b"folder", "d": b"file"}),
        ("delete", {}),
    ],
)
def test_a_file_and_a_folder_of_one_name_are_a_conflict(
    yard: Yard, choice: str, wanted: dict[str, bytes]
) -> None:
    theirs = fork(
        yard, {}, {"a": b"file", "d/x": b"1", "d/y": b"2"}, {"a/b": b"folder", "a/c": b"folder", "d": b"file"}
    )
    found = conflicts_of(yard, theirs)
    shown = [(each.path, each.ours and each.ours.path, each.theirs and each.theirs.path) for each in found]
    assert shown == [("a", "a", "a/b"), ("d", "d/x", "d")]
    chosen = {"a": choice, "d": choice}
    merged = merging.merge(yard.engine, yard.grant, into="master", source=theirs.id, resolutions=chosen)
    assert yard.files(merged.id) == wanted


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"prefer": "both"}, "no side"),
        ({"resolutions": {"a": "mine"}}, "not 'mine'"),
        ({"resolutions": {"a/../b": "ours"}}, "no path"),
        ({"resolutions": {"a": "base"}}, "a file and a folder"),
    ],
)
def test_a_choice_that_is_none_is_refused(yard: Yard, how: dict[str, str], told: str) -> None:
    theirs = fork(yard, {}, {"a": b"file"}, {"a/b": b"folder"})
    with pytest.raises(Invalid, match=told):
        merging.merge(yard.engine, yard.grant, into="master", source=theirs.id, **how)  # type: ignore[arg-type]


def test_sides_that_merged_each_other_come_from_the_merge_of_what_they_merged(yard: Yard) -> None:
    left = fork(yard, {"a": b"1", "b": b"1"}, {"a": b"2"}, {"b": b"2"})
    head = yard.head("master")
    assert head is not None
    merging.merge(yard.engine, yard.grant, into="master", source=left.id)
    merging.merge(yard.engine, yard.grant, into="side", source=head)
    yard.commit("master", {"a": b"1"})  # back to what one of the two bases has
    crossed = yard.commit("side", {"b": b"3"})
    merged = merging.merge(yard.engine, yard.grant, into="master", source=crossed.id)
    assert yard.files(merged.id) == {"a": b"1", "b": b"3"}


def test_a_branch_without_commits_moves_to_what_is_merged(yard: Yard) -> None:
    first = yard.commit("side", {"a": b"1"})
    assert merging.merge(yard.engine, yard.grant, into="master", source=first.id).id == first.id
    assert yard.head("master") == first.id
    with pytest.raises(NotFound):
        merging.merge(yard.engine, yard.grant, into="master", source="0" * 32)


def test_two_merges_at_once_both_land(yard: Yard) -> None:
    start = yard.commit("master", {"base": b"1"})
    sources = []
    for name in ("one", "two", "three"):
        yard.branch(name, start)
        sources.append(yard.commit(name, {name: b"1"}))
    ready = threading.Barrier(len(sources))
    failed: list[BaseException] = []

    def work(source: Commit) -> None:
        ready.wait()
        try:
            merging.merge(yard.engine, yard.grant, into="master", source=source.id)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = yard.head("master")
    assert (failed, head is not None) == ([], True)
    assert yard.files(str(head)) == {"base": b"1", "one": b"1", "two": b"1", "three": b"1"}


def test_a_commit_is_picked_and_taken_back(yard: Yard) -> None:
    start = yard.commit("master", {"a": b"1", "b": b"1"})
    yard.branch("side", start)
    yard.commit("side", {"other": b"1"})
    fix = yard.commit("side", {"a": b"2", "b": None}, "A fix\nand why")
    picked = merging.cherry_pick(yard.engine, yard.grant, onto="master", commit_id=fix.id)
    assert yard.files(picked.id) == {"a": b"2"}
    assert (picked.message, picked.parents) == ("A fix\nand why", (start.id,))
    with pytest.raises(Conflict, match="nothing to do"):
        merging.cherry_pick(yard.engine, yard.grant, onto="master", commit_id=fix.id)
    reverted = merging.revert(yard.engine, yard.grant, on="master", commit_id=picked.id)
    assert (yard.files(reverted.id), reverted.message) == ({"a": b"1", "b": b"1"}, 'Revert "A fix"')
    assert reverted.metadata == {"reverts": picked.id}
    yard.commit("master", {"a": b"9"})
    with pytest.raises(MergeConflicts):
        merging.cherry_pick(yard.engine, yard.grant, onto="master", commit_id=fix.id)

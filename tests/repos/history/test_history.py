"""What happened to one path."""

from __future__ import annotations

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.repos.history.conftest import Yard
from treadle.errors import NotFound
from treadle.repos import history, merging
from treadle.repos.history import match_lines

lines = st.lists(st.sampled_from("abc"), max_size=12)


def messages(yard: Yard, commit_id: str, path: str, **page: object) -> list[str]:
    found = history.path_log(yard.engine, yard.repo_id, commit_id, path, **page)  # type: ignore[arg-type]
    return [commit.message for commit, _ in found]


def test_the_log_of_a_path_has_the_commits_that_changed_it(yard: Yard) -> None:
    first = yard.commit("master", {"a/x": b"1", "b": b"1"}, "first")
    yard.branch("side", first)
    yard.commit("master", {"b": b"2"}, "other")
    yard.commit("side", {"a/x": b"2"}, "on the side")
    side = yard.commit("side", {"c": b"2"}, "aside")
    merging.merge(yard.engine, yard.grant, into="master", source=side.id, message="merged")
    yard.commit("master", {"a/x": None, "a/y": b"1"}, "moved")
    last = yard.commit("master", {"a/x": b"3"}, "back").id
    assert messages(yard, last, "/a/x") == ["back", "moved", "on the side", "first"]
    assert messages(yard, last, "a/") == ["back", "moved", "on the side", "first"]
    assert messages(yard, last, "b") == ["other", "first"]
    assert messages(yard, last, "nowhere") == []
    page = history.path_log(yard.engine, yard.repo_id, last, "a/x", limit=2)
    assert [change.new is None for _, change in page] == [False, True]
    after = page[-1][0].id
    assert messages(yard, last, "a/x", limit=1, after=after) == ["on the side"]


def test_each_line_is_told_with_the_commit_that_brought_it(yard: Yard) -> None:
    first = yard.commit("master", {"t": b"one\ntwo\nthree\n"}, "first")
    yard.branch("side", first)
    ours = yard.commit("master", {"t": b"zero\none\ntwo\nthree\n"}, "ours")
    side = yard.commit("side", {"t": b"one\ntwo\nthree\nfour\n"}, "side")
    yard.commit("side", {"else": b"1"})
    text = {"t": b"zero\none\n2\nthree\nfour\n"}
    merged = merging.merge(yard.engine, yard.grant, into="master", source=side.id, prefer="ours")
    last = yard.commit("master", text, "last")
    told = history.blame(yard.engine, yard.repo_id, last.id, "t")
    assert [(line.text, line.commit) for line in told.lines or ()] == [
        ("zero", ours.id),
        ("one", first.id),
        ("2", last.id),
        ("three", first.id),
        ("four", last.id),
    ]
    assert (told.commit.id, told.is_complete) == (last.id, True)
    assert {each.id for each in told.commits} == {first.id, ours.id, last.id}
    assert merged.id not in {each.id for each in told.commits}


def test_a_file_that_is_no_text_is_told_with_the_commit_of_its_bytes(yard: Yard) -> None:
    first = yard.commit("master", {"p": b"\x89PNG\0"}, "first")
    last = yard.commit("master", {"q": b"1"})
    told = history.blame(yard.engine, yard.repo_id, last.id, "p")
    assert (told.commit.id, told.lines) == (first.id, None)
    with pytest.raises(NotFound, match="no file"):
        history.blame(yard.engine, yard.repo_id, first.id, "q")


def test_a_text_of_more_versions_than_are_compared_says_so(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_VERSIONS", 2)
    made = [yard.commit("master", {"t": b"kept\n%d\n" % number}) for number in range(5)]
    told = history.blame(yard.engine, yard.repo_id, made[-1].id, "t")
    assert [line.commit for line in told.lines or ()] == [made[2].id, made[4].id]
    assert not told.is_complete


@given(lines, lines)
def test_matched_lines_are_equal_and_in_order(old: list[str], new: list[str]) -> None:
    places = match_lines(old, new)
    assert all(old[was] == new[now] for now, was in places.items())
    order = [places[now] for now in sorted(places)]
    assert order == sorted(set(order))
    whole = SequenceMatcher(None, old, new).get_matching_blocks()
    assert len(places) >= max(block.size for block in whole)

"""Where the histories of commits meet."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from treadle.repos.ancestry import Forebear, is_ancestor, meeting_points

History = dict[str, Forebear]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to a dozen commits, each with up to three parents among those before it."""
    made: History = {}
    for number in range(draw(st.integers(2, 12))):
        parents = draw(st.lists(st.sampled_from(sorted(made)), max_size=3, unique=True)) if made else []
        generation = 1 + max((made[parent].generation for parent in parents), default=0)
        made[f"c{number:02}"] = Forebear(f"c{number:02}", generation, tuple(parents))
    return made


def ancestors(history: History, commit_id: str) -> set[str]:
    return {commit_id} | reached(history, history[commit_id].parents)


def reached(history: History, commit_ids: Iterable[str]) -> set[str]:
    return {found for commit_id in commit_ids for found in ancestors(history, commit_id)}


@given(histories(), st.data())
def test_sides_meet_at_their_common_ancestors_that_no_other_common_one_comes_from(
    history: History, data: st.DataObject
) -> None:
    side = st.lists(st.sampled_from(sorted(history)), min_size=1, max_size=2, unique=True)
    ours, theirs = data.draw(side), data.draw(side)
    common = reached(history, ours) & reached(history, theirs)
    best = {one for one in common if not any(one in ancestors(history, other) - {other} for other in common)}
    assert set(meeting_points(history.__getitem__, ours, theirs)) == best


@given(histories(), st.data())
def test_an_ancestor_is_told_from_any_other_commit(history: History, data: st.DataObject) -> None:
    older, newer = (data.draw(st.sampled_from(sorted(history))) for _ in range(2))
    assert is_ancestor(history.__getitem__, older, newer) == (older in ancestors(history, newer))

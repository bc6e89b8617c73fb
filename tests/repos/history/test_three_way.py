"""What becomes of the paths that two sides changed since a common base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hypothesis import given
from hypothesis import strategies as st

from treadle.repos.nodes import Entry
from treadle.repos.three_way import (
    UNDECIDED,
    Clash,
    Files,
    Step,
    View,
    clashes,
    decide,
    is_same,
    merge_steps,
    merge_views,
    steps_between,
)

PATHS = ("a", "a-b", "a/b", "a/b/c", "d", "ü")
contents = st.integers(0, 2)
#: Contents by path; files and folders of one name are told elsewhere.
folders = st.dictionaries(st.sampled_from(PATHS), contents, max_size=5)


class Listed:
    """Files in a dictionary."""

    def __init__(self, held: Mapping[str, Entry]) -> None:
        self.held = held

    def lookup(self, path: str) -> Entry | None:
        return self.held.get(path)

    def scan(self, prefix: str = "", after: str = "") -> Iterator[Entry]:
        return (self.held[path] for path in sorted(self.held) if path.startswith(prefix) and path > after)


def entry(path: str, content: int, metadata: str = "") -> Entry:
    return Entry(path, bytes([1, content]), content, 0, metadata)


def listed(held: Mapping[str, int]) -> Listed:
    return Listed({path: entry(path, content) for path, content in held.items()})


def differ(old: Files, new: Files) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    paths = sorted({each.path for each in old.scan()} | {each.path for each in new.scan()})
    pairs = ((path, old.lookup(path), new.lookup(path)) for path in paths)
    return (step for step in pairs if step[1] != step[2])


def steps(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[Step]:
    return steps_between(differ, View(listed(old)), View(listed(new)))


@given(folders, folders, folders)
def test_each_path_becomes_what_the_side_that_changed_it_made_of_it(
    base: dict[str, int], ours: dict[str, int], theirs: dict[str, int]
) -> None:
    found = {each.path: each for each in merge_steps(steps(base, ours), steps(base, theirs))}
    assert list(found) == sorted(found)
    for path in PATHS:
        before, mine, other = base.get(path), ours.get(path), theirs.get(path)
        if before == mine == other:
            assert path not in found
        elif mine != other and before not in (mine, other):
            assert found[path].result is UNDECIDED
        else:
            wanted = other if mine == before else mine
            assert found[path].result == (None if wanted is None else entry(path, wanted))


@given(folders, folders, folders, folders)
def test_a_merge_that_nobody_wrote_down_is_a_side_like_another(
    base: dict[str, int], one: dict[str, int], two: dict[str, int], last: dict[str, int]
) -> None:
    views = [View(listed(each)) for each in (base, one, two, last)]
    virtual = merge_views(differ, views[0], views[1], views[2])
    for path, old, new in steps_between(differ, virtual, views[3]):
        assert new == views[3].files.lookup(path)
        assert not is_same(old, new)
        merged = decide(*(view.files.lookup(path) for view in views[:3]))
        assert old is merged or old == merged
    changed = {path for path, _, _ in steps_between(differ, virtual, views[3])}
    for path in set(PATHS) - changed:
        merged = decide(*(view.files.lookup(path) for view in views[:3]))
        assert is_same(merged, views[3].files.lookup(path))


def test_the_same_bytes_keep_what_both_sides_say_of_them() -> None:
    merged = decide(None, entry("a", 1, '{"md5":"0","x":"1"}'), entry("a", 1, '{"type":"png","x":"1"}'))
    assert isinstance(merged, Entry)
    assert merged.metadata == '{"md5":"0","type":"png","x":"1"}'
    base = entry("a", 0, '{"x":"1","y":"2"}')
    assert decide(base, entry("a", 1, '{"x":"1"}'), entry("a", 1, '{"x":"3","y":"2"}')) == entry(
        "a", 1, '{"x":"3"}'
    )
    assert decide(None, entry("a", 1, '{"x":"1"}'), entry("a", 1, '{"x":"2"}')) is UNDECIDED


@given(folders, st.dictionaries(st.sampled_from(PATHS), st.none() | contents, max_size=5))
def test_a_file_at_the_name_of_a_folder_is_found(
    before: dict[str, int], change: dict[str, int | None]
) -> None:
    held = {path: each for path, each in before.items() if not any(f"{path}/" in other for other in before)}
    changes = {path: None if each is None else entry(path, each) for path, each in change.items()}
    after = {path for path in {*held, *changes} if changes.get(path, path) is not None}
    wanted = {file for file in after for other in after if other.startswith(f"{file}/")}
    found = set(clashes(listed(held), changes))
    assert {clash.file for clash in found} == wanted
    assert all(clash.below in after and clash.below.startswith(f"{clash.file}/") for clash in found)


def test_a_folder_that_goes_makes_room_for_a_file() -> None:
    held = listed({"a/b": 1, "a/c": 1})
    gone = {"a": entry("a", 0), "a/b": None}
    assert list(clashes(held, gone)) == [Clash("a", "a/c")]
    assert list(clashes(held, {**gone, "a/c": None})) == []

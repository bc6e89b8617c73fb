"""Trees of files: equal files make equal trees, an edit and a difference cost what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.repos.store.repo import Repo
from treadle.errors import Defect, Invalid
from treadle.objects import MemoryObjects
from treadle.repos import nodes
from treadle.repos.tree import Change, Entry, Tree, build, diff, node_ids, reachable_ids, sorted_entries

PATHS = sorted(
    f"{folder}{name}" for folder, name in product(("", "a/", "a/é/", "b-", "b/c/"), map(str, range(40)))
)
edits = st.lists(
    st.dictionaries(st.sampled_from(PATHS), st.one_of(st.none(), st.integers(0, 3)), max_size=120),
    min_size=1,
    max_size=6,
)


def entry(path: str, version: int = 0) -> Entry:
    """The entry of a file whose content is this version of it."""
    metadata = '{"é": "1"}' if version == 2 else ""
    return Entry(
        path, b"\1" + f"{version}{path}".encode().ljust(32)[:32], version, 10**15 - version, metadata
    )


def many(count: int) -> list[Entry]:
    """So many entries in ten folders, in order."""
    return [entry(f"folder{number % 10}/{number:06d}.json") for number in sorted(range(count), key=str)]


def change(repo: Repo, tree: Tree, changes: Sequence[Change]) -> Tree:
    """The tree with the changes, readable."""
    writer = repo.contents.writer()
    edited = tree.edit(writer, changes)
    repo.publish(writer)
    return edited


@contextmanager
def small_nodes() -> Iterator[None]:
    """Nodes of about four rows, and of eight at most: deep trees, and ends that no path decides."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("nodes.LEAF_BITS", "nodes.INNER_BITS"):
            patch.setattr(f"treadle.repos.{name}", 2)
        for name in ("building.LEAF_ROWS", "building.INNER_ROWS"):
            patch.setattr(f"treadle.repos.{name}", 8)
        yield


@settings(max_examples=60, deadline=None)
@given(edits)
def test_after_any_edits_a_tree_is_the_one_that_is_built_of_its_files(
    batches: list[dict[str, int | None]],
) -> None:
    repo = Repo(MemoryObjects())
    model: dict[str, Entry] = {}
    tree = Tree(repo.contents, None, -1)
    with small_nodes():
        for batch in batches:
            before, old = dict(model), tree
            changes = [(path, None if to is None else entry(path, to)) for path, to in sorted(batch.items())]
            for path, to in changes:
                model.pop(path, None)
                if to is not None:
                    model[path] = to
            tree = change(repo, tree, changes)
            built = repo.build(model[path] for path in sorted(model))
            assert (tree.root, tree.height) == (built.root, built.height)
            assert tree.totals() == (len(model), sum(each.size_bytes for each in model.values()))
            assert list(tree.scan()) == [model[path] for path in sorted(model)]
            assert list(diff(old, tree)) == [
                (path, before.get(path), model.get(path))
                for path in sorted(before.keys() | model.keys())
                if before.get(path) != model.get(path)
            ]
            assert {path: tree.lookup(path) for path in PATHS} == {path: model.get(path) for path in PATHS}


def test_a_tree_is_read_from_its_root_alone() -> None:
    repo = Repo(MemoryObjects())
    entries = sorted(many(3_000))
    tree = repo.build(entries)
    repo.reopen()
    again = Tree(repo.contents, tree.root, tree.height)
    assert tree.height == 2
    assert again.totals() == tree.totals() == (3_000, sum(each.size_bytes for each in entries))
    assert list(again.scan()) == entries
    assert again.lookup("folder3/000003.json") == entry("folder3/000003.json")
    assert again.lookup("folder3/0") is again.lookup("z") is None


def test_a_scan_takes_a_prefix_and_goes_on_behind_a_path() -> None:
    tree = Repo(MemoryObjects()).build(sorted(many(1_000)))
    paths = [each.path for each in tree.scan("folder3/")]
    assert paths == [f"folder3/{number:06d}.json" for number in range(3, 1_000, 10)]
    assert [each.path for each in tree.scan("folder3/", after=paths[41])] == paths[42:]
    assert list(tree.scan("folder3/", after="folder4")) == list(tree.scan("x")) == []


def test_folders_are_rolled_up_without_reading_what_is_in_them() -> None:
    repo = Repo(MemoryObjects())
    tree = repo.build(sorted([*many(2_000), entry("a"), entry("folder3"), entry("folder3.json"), entry("z")]))
    folders = [f"folder{number}/" for number in range(10)]
    found = [each if isinstance(each, str) else each.path for each in tree.children()]
    assert found == ["a", *folders[:3], "folder3", "folder3.json", *folders[3:], "z"]
    assert list(tree.children(after="folder8/")) == ["folder9/", entry("z")]
    assert list(tree.children("folder3/", after="folder3/001983.json")) == [entry("folder3/001993.json")]
    assert list(tree.children("nowhere/")) == []


def test_an_edit_writes_and_a_difference_reads_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Repo(MemoryObjects())
    tree = repo.build(sorted(many(20_000)))
    changed = "folder3/000003.json"
    edited = change(repo, tree, [(changed, entry(changed, 1)), ("new", entry("new"))])
    added = set(node_ids(edited)) - set(node_ids(tree))
    assert len(added) <= 2 * (tree.height + 1)
    repo.reopen()
    read: list[bytes] = []
    read_node = repo.contents.node

    def counting(id: bytes) -> nodes.Node:
        read.append(id)
        return read_node(id)

    monkeypatch.setattr(repo.contents, "node", counting)
    old, new = (Tree(repo.contents, each.root, each.height) for each in (tree, edited))
    assert [path for path, _old, _new in diff(old, new)] == ["folder3/000003.json", "new"]
    assert len(read) <= 2 * len(added)


def test_a_difference_takes_a_prefix_and_goes_on_behind_a_path() -> None:
    repo = Repo(MemoryObjects())
    tree = repo.build(sorted(many(300)))
    changed = [each.path for each in sorted(many(300))[::7]]
    edited = change(repo, tree, [(path, entry(path, 1)) for path in changed])
    in_folder = [path for path in changed if path.startswith("folder4/")]
    assert [path for path, *_ in diff(tree, edited, "folder4/")] == in_folder
    assert [path for path, *_ in diff(tree, edited, "folder4/", after=in_folder[1])] == in_folder[2:]
    assert [path for path, *_ in diff(Tree(repo.contents, None, -1), tree, "folder9/")] == [
        each.path for each in tree.scan("folder9/")
    ]


def test_names_without_borders_make_no_endless_node() -> None:
    paths = [path for path in (f"{number:07d}" for number in range(70_000)) if not nodes.is_border(path, 0)]
    repo = Repo(MemoryObjects())
    tree = repo.build(map(entry, paths[:60_000]))
    leaves = [repo.contents.node(id) for id in node_ids(tree)]
    assert max(len(leaf.paths) for leaf in leaves) == nodes.LEAF_ROWS
    changes = [(paths[3], None), (paths[30_000] + "a", entry(paths[30_000] + "a"))]
    edited = change(repo, tree, changes)
    again = repo.build(each for each in edited.scan())
    assert again.root == edited.root


def test_what_a_tree_needs_are_its_nodes_and_its_contents() -> None:
    repo = Repo(MemoryObjects())
    tree = repo.build(sorted(many(500)))
    edited = change(repo, tree, [("new", entry("new"))])
    seen: set[bytes] = set()
    needed = set(reachable_ids(tree, seen))
    assert needed == set(node_ids(tree)) | {each.id for each in tree.scan()}
    assert set(reachable_ids(edited, seen)) >= {entry("new").id, edited.root}
    assert set(reachable_ids(edited, seen)) == set()


def test_entries_are_sorted_and_the_last_of_a_path_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.repos.sorting.RUN_ENTRIES", 100)
    entries = [*reversed(many(950)), entry("folder3/000003.json", 1), entry("folder3/000003.json", 2)]
    expected = {each.path: each for each in entries}
    assert list(sorted_entries(entries)) == [expected[path] for path in sorted(expected)]


def test_what_is_out_of_order_or_no_path_is_refused() -> None:
    repo = Repo(MemoryObjects())
    writer = repo.contents.writer()
    with pytest.raises(Defect, match="behind"):
        build(repo.contents, writer, [entry("b"), entry("a")])
    with pytest.raises(Defect, match="behind"):
        Tree(repo.contents, None, -1).edit(writer, [("a", None), ("a", entry("a"))])
    with pytest.raises(Invalid, match="NUL"):
        build(repo.contents, writer, [entry("a\0b")])

"""Bringing what happened on one line of commits to another: merge, cherry-pick, revert.

Promises: a merge costs what both sides changed, not what they hold; two merges at once both land, or the
second says what conflicts; nothing of a merge with conflicts is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from treadle.access import Grant
from treadle.db import Tx
from treadle.errors import Conflict, Invalid
from treadle.repos import branches, commits
from treadle.repos.ancestry import FindCommit, Forebears, is_ancestor, meeting_points
from treadle.repos.catalogue import repo_id_of
from treadle.repos.contents import Contents
from treadle.repos.engine import RepoEngine
from treadle.repos.failpoints import reach
from treadle.repos.leases import Lease
from treadle.repos.nodes import Entry
from treadle.repos.opened import tree_of
from treadle.repos.publishing import Words
from treadle.repos.snapshots import file_of
from treadle.repos.three_way import (
    UNDECIDED,
    Clash,
    Outcome,
    Value,
    View,
    clashes,
    is_same,
    merge_steps,
    merge_views,
    steps_between,
)
from treadle.repos.tree import Tree, diff
from treadle.repos.values import Commit, MergeConflict, MergeConflicts, check_path

Side = Literal["ours", "theirs"]
Resolution = Literal["ours", "theirs", "base", "delete"]
RESOLUTIONS: tuple[Resolution, ...] = ("ours", "theirs", "base", "delete")

_TRIES = 8
#: Beyond so many levels of merges that cross each other, one of several bases stands for all.
_DEEPEST = 20


@dataclass(frozen=True)
class Choices:
    """What is to become of paths that both sides changed.

    by_path: ours is the branch that is merged into, base what both came from.  prefer: for all others.
    """

    prefer: Side | None = None
    by_path: Mapping[str, Resolution] = field(default_factory=dict)

    def of(self, path: str) -> Resolution | None:
        """The choice for a path, if there is one."""
        return self.by_path.get(path, self.prefer)


def parse_choices(prefer: str | None, resolutions: Mapping[str, str] | None) -> Choices:
    """The choices as somebody wrote them. Raises Invalid("prefer", "resolution", "path")."""
    side: Side | None = "ours" if prefer == "ours" else "theirs" if prefer == "theirs" else None
    if side != prefer:
        raise Invalid("prefer", f"Prefer ours or theirs, or neither; {prefer!r} is no side.")
    by_path: dict[str, Resolution] = {}
    for path, word in (resolutions or {}).items():
        known = next((each for each in RESOLUTIONS if each == word), None)
        if known is None:
            raise Invalid("resolution", f"{path!r} can become ours, theirs, base or delete; not {word!r}.")
        by_path[check_path(path)] = known
    return Choices(side, by_path)


def base(tx: Tx, one: str, other: str) -> str | None:
    """The newest commit that both come from, if there is one. Raises NotFound("commit-not-found")."""
    found = meeting_points(Forebears(tx).find, (one,), (other,))
    return found[0] if found else None


def merge(
    engine: RepoEngine,
    grant: Grant,
    *,
    into: str,
    source: str,
    message: str = "",
    prefer: str | None = None,
    resolutions: Mapping[str, str] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Commit:
    """Bring what the commit ``source`` holds to the branch ``into``: a commit with two parents.

    Where the branch holds it already, its head; where it has no commit yet, it moves to ``source``.
    Raises MergeConflicts, NotFound("branch-not-found", "commit-not-found"), Conflict("branch-moved") when
    it moved each time, Invalid("prefer", "resolution").
    """
    choices = parse_choices(prefer, resolutions)

    def attempt(lease: Lease) -> Commit | None:
        with engine.database.read() as tx:
            target = _Target.find(tx, grant, into)
            theirs = _finished(tx, grant, source)
            if target.head is not None:
                find = Forebears(tx).find
                if is_ancestor(find, theirs.id, target.head.id):
                    return target.head
                contents = engine.contents(theirs.repo_id)
                shared = _shared_view(contents, find, (target.head.id,), (theirs.id,))
        if target.head is None:
            return _move(engine, grant, into, theirs)
        reach("merge.base-found")
        ours = tree_of(contents, target.head)
        changes = plan(shared, ours, tree_of(contents, theirs), choices)
        told = message or f"Merge {theirs.branch or theirs.id[:12]} into {into}"
        parents = (target.head.id, theirs.id)
        words = Words(told, metadata or {})
        return _publish(engine, grant, lease, _Work(target, parents, ours, changes, words))

    return _try_again(engine, grant, into, attempt)


def cherry_pick(
    engine: RepoEngine, grant: Grant, *, onto: str, commit_id: str, message: str | None = None
) -> Commit:
    """Do again on the branch what a commit changed since its first parent.

    Raises MergeConflicts, Conflict("nothing-to-change", "branch-moved"), NotFound.
    """

    def words(picked: Commit) -> Words:
        return Words(picked.message if message is None else message, {"picked_from": picked.id})

    return _apply(engine, grant, onto, _Turn(commit_id, words, is_back=False))


def revert(
    engine: RepoEngine, grant: Grant, *, on: str, commit_id: str, message: str | None = None
) -> Commit:
    """Take back on the branch what a commit changed since its first parent.

    Raises MergeConflicts, Conflict("nothing-to-change", "branch-moved"), NotFound.
    """

    def words(reverted: Commit) -> Words:
        first_line = reverted.message.partition("\n")[0] or reverted.id[:12]
        return Words(f'Revert "{first_line}"' if message is None else message, {"reverts": reverted.id})

    return _apply(engine, grant, on, _Turn(commit_id, words, is_back=True))


def plan(shared: View, ours: Tree, theirs: Tree, choices: Choices) -> dict[str, Entry | None]:
    """What is to be changed in ``ours`` to hold both sides. Raises MergeConflicts, Invalid("resolution")."""
    changes: dict[str, Entry | None] = {}
    conflicts: dict[str, MergeConflict] = {}
    for outcome in _outcomes(shared, ours, theirs):
        result = outcome.result if outcome.result is not UNDECIDED else _chosen(outcome, choices)
        if result is UNDECIDED:
            conflicts[outcome.path] = _conflict(outcome)
        elif not is_same(result, outcome.ours):
            changes[outcome.path] = result
    for clash in _unsettled(ours, changes, choices):
        conflicts.setdefault(clash.file, _clash_conflict(shared, ours, changes, clash))
    if conflicts:
        reach("merge.conflicts-stored")
        raise MergeConflicts(tuple(conflicts[path] for path in sorted(conflicts)))
    return changes


@dataclass(frozen=True)
class _Target:
    """A branch, as it was found."""

    row: Mapping[str, Any]
    head: Commit | None

    @classmethod
    def find(cls, tx: Tx, grant: Grant, name: str) -> _Target:
        row = branches.find_row(tx, repo_id_of(grant), name)
        return cls(row, None if row["head"] is None else commits.get(tx, row["head"]))


@dataclass(frozen=True)
class _Turn:
    """A commit whose change is done again, or taken back."""

    commit_id: str
    words: Callable[[Commit], Words]
    is_back: bool


@dataclass(frozen=True)
class _Work:
    """What is to be published."""

    target: _Target
    parents: Sequence[str]
    ours: Tree
    changes: Mapping[str, Entry | None]
    words: Words


def _apply(engine: RepoEngine, grant: Grant, branch: str, turn: _Turn) -> Commit:
    def attempt(lease: Lease) -> Commit | None:
        with engine.database.read() as tx:
            target = _Target.find(tx, grant, branch)
            commit = _finished(tx, grant, turn.commit_id)
            before = commits.get(tx, commit.parents[0]) if commit.parents else None
        contents = engine.contents(commit.repo_id)
        steps = tree_of(contents, before), tree_of(contents, commit)
        old, new = reversed(steps) if turn.is_back else steps
        reach("merge.base-found")
        ours = tree_of(contents, target.head)
        changes = plan(View(old), ours, new, Choices())
        if not changes:
            raise Conflict(
                "nothing-to-change",
                f"Branch {branch!r} already is as it would be after that. There is nothing to do.",
            )
        parents = () if target.head is None else (target.head.id,)
        work = _Work(target, parents, ours, changes, turn.words(commit))
        return _publish(engine, grant, lease, work)

    return _try_again(engine, grant, branch, attempt)


def _try_again(
    engine: RepoEngine, grant: Grant, branch: str, attempt: Callable[[Lease], Commit | None]
) -> Commit:
    for _ in range(_TRIES):
        with engine.leases.hold(repo_id_of(grant)) as lease:
            commit = attempt(lease)
        if commit is not None:
            return commit
    raise branches.moved(branch, None)


def _publish(engine: RepoEngine, grant: Grant, lease: Lease, work: _Work) -> Commit | None:
    """Write the tree and move the branch to its commit; None when the branch has moved."""
    writer = engine.contents(lease.repo_id).writer(lease)
    try:
        tree = work.ours.edit(writer, sorted(work.changes.items()))
        reach("merge.before-swap")
        return engine.publish_tree(
            grant,
            work.target.row["name"],
            tree,
            writer,
            parents=work.parents,
            message=work.words.message,
            metadata=work.words.metadata,
            expected_head=work.target.row["head"],
            lease=lease,
        )
    except Conflict as error:
        writer.abandon()
        if error.code != "branch-moved":
            raise
        return None
    except BaseException:
        writer.abandon()
        raise


def _move(engine: RepoEngine, grant: Grant, branch: str, to: Commit) -> Commit:
    with engine.database.write() as tx:
        branches.reset(tx, grant, branch, to=to.id, expected_head=None)
    return to


def _finished(tx: Tx, grant: Grant, commit_id: str) -> Commit:
    branches.find_finished(tx, repo_id_of(grant), commit_id)
    return commits.get(tx, commit_id)


def _shared_view(
    contents: Contents,
    find: FindCommit,
    ours: Collection[str],
    theirs: Collection[str],
    *,
    depth: int = 0,
) -> View:
    """What both sides come from. Of several bases, which sides that merged each other have: their merge."""
    found = meeting_points(find, ours, theirs)
    if depth == _DEEPEST:
        found = found[:1]
    if not found:
        return View(tree_of(contents, None))
    views = [View(Tree(contents, find(each).root, find(each).height)) for each in found]
    view = views[0]
    for number in range(1, len(found)):
        below = _shared_view(contents, find, found[:number], found[number : number + 1], depth=depth + 1)
        view = merge_views(_differ, below, view, views[number])
    return view


def _differ(old: object, new: object) -> Iterable[tuple[str, Entry | None, Entry | None]]:
    assert isinstance(old, Tree)
    assert isinstance(new, Tree)
    return diff(old, new)


def _outcomes(shared: View, ours: Tree, theirs: Tree) -> Iterator[Outcome]:
    mine = steps_between(_differ, shared, View(ours))
    return merge_steps(mine, steps_between(_differ, shared, View(theirs)))


def _chosen(outcome: Outcome, choices: Choices) -> Value:
    choice = choices.of(outcome.path)
    if choice is None:
        return UNDECIDED
    if choice == "base" and outcome.base is UNDECIDED:
        raise Invalid("resolution", f"{outcome.path!r} has several bases. Choose ours, theirs or delete.")
    results = {"ours": outcome.ours, "theirs": outcome.theirs, "base": outcome.base, "delete": None}
    return results[choice]


def _unsettled(ours: Tree, changes: dict[str, Entry | None], choices: Choices) -> list[Clash]:
    """The clashes of files and folders without a choice; the others are settled in ``changes``."""
    while True:
        found = list(clashes(ours, changes))
        settled = {clash.file for clash in found if choices.of(clash.file) is not None}
        for file in settled:
            _settle(ours, changes, file, choices.of(file))
        if not settled:
            return found


def _settle(ours: Tree, changes: dict[str, Entry | None], file: str, choice: Resolution | None) -> None:
    if choice == "base":
        raise Invalid("resolution", f"{file!r} is a file and a folder. Choose ours, theirs or delete.")
    side_of_file: Side = "ours" if ours.lookup(file) is not None else "theirs"
    if choice != side_of_file:
        _drop(ours, changes, file)
    if choice == side_of_file or choice == "delete":
        added = [path for path in changes if path.startswith(f"{file}/")]
        for path in {*added, *(entry.path for entry in ours.scan(f"{file}/"))}:
            _drop(ours, changes, path)


def _drop(ours: Tree, changes: dict[str, Entry | None], path: str) -> None:
    if ours.lookup(path) is None:
        changes.pop(path, None)
    else:
        changes[path] = None


def _conflict(outcome: Outcome) -> MergeConflict:
    values = (outcome.base, outcome.ours, outcome.theirs)
    return MergeConflict(
        outcome.path, *(file_of(each) if isinstance(each, Entry) else None for each in values)
    )


def _clash_conflict(
    shared: View, ours: Tree, changes: Mapping[str, Entry | None], clash: Clash
) -> MergeConflict:
    """A conflict in which one side has the file, and the other shows a file of its folder."""
    mine = ours.lookup(clash.file)
    entries = (
        (mine, changes.get(clash.below)) if mine else (ours.lookup(clash.below), changes.get(clash.file))
    )
    before = shared.over.get(clash.file, shared.files.lookup(clash.file))
    return MergeConflict(
        clash.file, *(file_of(each) if isinstance(each, Entry) else None for each in (before, *entries))
    )

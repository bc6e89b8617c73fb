"""What the commands of versioned data do: ask a server, print what it says."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from treadle.cli.following import follow
from treadle.cli.listing import list_entries, tell_staged
from treadle.cli.printing import Printer, ProgressBar, shown_commit
from treadle.cli.servers import open_client
from treadle.client.archives import list_folder, write_file
from treadle.client.names import HEAD, Place, parse_place
from treadle.client.repos import Client, RemoteRepo, Side
from treadle.client.targets import Target
from treadle.client.values import Change, Commit, Entry, File, Put
from treadle.errors import Conflict, Invalid
from treadle.settings import Settings

_CHUNK_BYTES = 256 * 1024
_MARKS = {"added": "A", "removed": "D", "changed": "M"}
_SIDES = ("ours", "theirs", "base", "delete")


@dataclass(frozen=True)
class Ask:
    """One command as it was typed."""

    client: Client
    arguments: Namespace
    out: Printer

    def place(self, name: str = "place") -> Place:
        """A place that was named."""
        return parse_place(getattr(self.arguments, name))

    def open(self, place: Place) -> RemoteRepo:
        """Its repo."""
        return self.client.repo(place.repo_name)

    def target(self, place: Place) -> Target:
        """Where a change goes."""
        return Target.of(place.ref, message=self.arguments.message, is_staged=self.arguments.stage)


def run_verb(name: str, settings: Settings, arguments: Namespace) -> int:
    """Do one of `VERBS`; the exit status."""
    with open_client(settings, arguments) as client:
        return VERBS[name](Ask(client, arguments, Printer(arguments.json))) or 0


def _create_repo(ask: Ask) -> None:
    place = ask.place("repo")
    made = ask.client.create_repo(
        place.repo, workspace=place.workspace, description=ask.arguments.description
    )
    about = made.about
    ask.out.tell(f"{about.workspace.name}/{about.name}", about)


def _list_repos(ask: Ask) -> None:
    for each in ask.client.list_repos(ask.arguments.workspace):
        name = f"{each.workspace.name}/{each.name}"
        ask.out.tell(f"{each.files:>12,}  {each.size_bytes:>18,}  {name}", each)


def _delete_repo(ask: Ask) -> None:
    repo = ask.open(ask.place("repo"))
    repo.delete()
    name = f"{repo.about.workspace.name}/{repo.about.name}"
    text = f"Deleted {name}; for 30 days it can be restored: treadle repo restore {name}"
    ask.out.tell(text, {"deleted": repo.about.id})


def _restore_repo(ask: Ask) -> None:
    about = ask.client.restore_repo(ask.place("repo").repo_name).about
    ask.out.tell(f"{about.workspace.name}/{about.name}", about)


def _put(ask: Ask) -> None:
    place = ask.place()
    repo = ask.open(place)
    is_new = _is_new_branch(repo, place)
    _put_into(ask, repo, place)
    if is_new:
        text = f"The branch {place.ref} is new, and holds this alone. One that begins at master is made by"
        ask.out.remark(f"{text}: treadle branch create {place.repo_name}@NAME")


def _put_into(ask: Ask, repo: RemoteRepo, place: Place) -> None:
    target = ask.target(place)
    if ask.arguments.recursive is not None:
        count, commit = _put_folder(repo, place, target, Path(ask.arguments.recursive))
        _tell_put(ask, place, commit.id, f"{count:,} files", value=commit)
        return
    if ask.arguments.reference is not None:
        commit = _refer(ask, repo, place, target)
        _tell_put(ask, place, commit.id, f"what lies at {ask.arguments.reference}", value=commit)
        return
    source: str = ask.arguments.file
    if not place.path or place.path.endswith("/"):
        if source == "-":
            raise Invalid("place", f"Which file? Write {place.at('name')}.")
        place = place.at(place.path + source.rstrip("/").rpartition("/")[2])
    if source.startswith(("http://", "https://")):
        commit = repo.change(target, fetch=[{"url": source, "path": place.path}])
        _tell_put(ask, place, commit.id, f"/{place.path}", value=commit)
        return
    stream = sys.stdin.buffer if source == "-" else None
    put = (
        repo.put(place.path, _read(stream), target)
        if stream
        else _put_file(repo, place, target, Path(source))
    )
    _tell_put(ask, place, put.commit, f"/{put.file.path}", value=put)


def _refer(ask: Ask, repo: RemoteRepo, place: Place, target: Target) -> Commit:
    if ask.arguments.storage is None:
        raise Invalid("storage", "In which storage? Give --storage with its number, as its project shows it.")
    asked = {"storage": ask.arguments.storage, "prefix": ask.arguments.reference, "path": place.path}
    try:
        return repo.change(target, reference=[asked])
    except Invalid as error:
        if error.code != "references-too-many" or ask.arguments.stage or place.is_commit:
            raise
        job = repo.start_referring(
            str(error.details["kind"]),
            ask.arguments.storage,
            to=place.ref_or_head,
            prefix=ask.arguments.reference,
            folder=place.path,
            message=ask.arguments.message,
        )
    done = follow(ask.client, job, "Referring")
    return repo.commit(str(done["commit"]))


def _put_file(repo: RemoteRepo, place: Place, target: Target, path: Path) -> Put:
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            bar = ProgressBar(place.path, size_bytes=size_bytes)
            chunks = _watched(_read(file), bar)
            try:
                return repo.put(place.path, chunks, target, size_bytes=size_bytes)
            finally:
                bar.end()
    except OSError as error:
        text = f"{path} cannot be read ({error.strerror or error}). For a folder, give -r."
        raise Invalid("file", text) from error


def _put_folder(repo: RemoteRepo, place: Place, target: Target, folder: Path) -> tuple[int, Commit]:
    prefix = f"{place.path.rstrip('/')}/" if place.path else ""
    files = list_folder(folder)
    bar = ProgressBar(str(folder), size_bytes=sum([each.size_bytes for each in files]))
    try:
        return len(files), repo.put_files(files, target, prefix, bar.add)
    finally:
        bar.end()


def _tell_put(ask: Ask, place: Place, commit: str, what: str, *, value: object) -> None:
    is_open = ask.arguments.stage or place.is_commit
    how = f"in the open commit {commit}" if is_open else f"as commit {commit}"
    ask.out.tell(f"Put {what} into {place.repo_name}@{place.ref_or_head}, {how}.", value)


def _is_new_branch(repo: RemoteRepo, place: Place) -> bool:
    is_usual = place.ref_or_head == HEAD or place.is_commit
    return not is_usual and all(each.name != place.ref for each in repo.branches())


def _ls(ask: Ask) -> None:
    place = ask.place()
    repo = ask.open(place)
    entry: Entry | None = None
    for entry in list_entries(repo, place, is_recursive=ask.arguments.recursive):
        if isinstance(entry, File):
            when = entry.modified_at.strftime("%Y-%m-%d %H:%M")
            ask.out.tell(f"{entry.size_bytes:>15,}  {when}  {entry.path}", entry)
        else:
            ask.out.tell(f"{'':>15}  {'':16}  {entry.path}", entry)
    if entry is None:
        ask.out.remark(f"There is nothing at {place}.")
    if not ask.arguments.json and (staged := tell_staged(repo, place)):
        ask.out.remark(staged)


def _cat(ask: Ask) -> None:
    place = ask.place()
    for chunk in ask.open(place).read(place.path, place.ref_or_head):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _get(ask: Ask) -> None:
    place = ask.place()
    repo = ask.open(place)
    if ask.arguments.output == "-" and not ask.arguments.recursive:
        _cat(ask)
        return
    if ask.arguments.recursive:
        _get_folder(ask, repo, place)
        return
    goal = Path(ask.arguments.output or ".")
    goal = goal / place.path.rpartition("/")[2] if goal.is_dir() else goal
    bar = ProgressBar(place.path)
    try:
        size_bytes = write_file(goal, repo.read(place.path, place.ref_or_head), bar.add)
    finally:
        bar.end()
    ask.out.tell(f"Got {goal}, {size_bytes:,} bytes.", {"path": str(goal), "size_bytes": size_bytes})


def _get_folder(ask: Ask, repo: RemoteRepo, place: Place) -> None:
    prefix = f"{place.path.rstrip('/')}/" if place.path else ""
    goal = Path(ask.arguments.output or place.repo)
    bar = ProgressBar(str(goal))
    try:
        count = repo.get_folder(goal, place.ref_or_head, prefix, bar.add)
    finally:
        bar.end()
    ask.out.tell(f"Got {count:,} files into {goal}.", {"path": str(goal), "files": count})


def _rm(ask: Ask) -> None:
    place = ask.place()
    path = f"{place.path.rstrip('/')}/" if ask.arguments.recursive else place.path
    if not path.strip("/"):
        raise Invalid("place", f"What of {place.repo_name}? Write {place.at('name')}, or delete the repo.")
    commit = ask.open(place).remove(path, ask.target(place))
    ask.out.tell(f"Removed /{path} from {place.repo_name}, commit {commit}.", {"commit": commit})


def _cp(ask: Ask) -> None:
    source, goal = ask.place("source"), ask.place("destination")
    target = ask.target(goal)
    each: dict[str, str | int] = {"from": source.path, "from_ref": source.ref_or_head, "to": goal.path}
    if source.repo_name != goal.repo_name:
        each["from_repo"] = ask.open(source).about.id
    commit = ask.open(goal).change(target, copy=[each]).id
    ask.out.tell(f"Copied to {goal}, commit {commit}.", {"commit": commit})


def _mv(ask: Ask) -> None:
    source, goal = ask.place("source"), ask.place("destination")
    if (source.repo_name, source.ref_or_head) != (goal.repo_name, goal.ref_or_head):
        raise Invalid("place", "Files are moved on one branch. Elsewhere: cp, then rm.")
    commit = ask.open(goal).change(ask.target(goal), move=[{"from": source.path, "to": goal.path}]).id
    ask.out.tell(f"Moved to {goal}, commit {commit}.", {"commit": commit})


def _diff(ask: Ask) -> None:
    old = ask.place("old")
    new = parse_place(ask.arguments.new) if ask.arguments.new else None
    if new is not None and new.repo_name != old.repo_name:
        raise Invalid("place", "Name the same repo twice: two commits of one are compared.")
    if new is None:
        changes = ask.open(old).diff(old.ref_or_head, prefix=old.path)
    else:
        changes = ask.open(old).diff(new.ref_or_head, old.ref_or_head, new.path or old.path)
    for change in changes:
        ask.out.tell(_shown_change(change), change)


def _shown_change(change: Change) -> str:
    return f"{_MARKS.get(change.change, '?')}  {change.path}"


def _log(ask: Ask) -> None:
    place = ask.place()
    repo = ask.open(place)
    for commit in repo.log(place.ref_or_head, place.path, ask.arguments.limit):
        ask.out.tell(shown_commit(commit), commit)


def _blame(ask: Ask) -> None:
    place = ask.place()
    found = ask.open(place).blame(place.path, place.ref_or_head)
    if found.results is None:
        ask.out.tell(shown_commit(found.commit), found.commit)
        return
    for line in found.results:
        ask.out.tell(f"{line.commit[:12]}  {line.number:>6}  {line.text}", line)


def _merge(ask: Ask) -> int:
    place, into = ask.place("source"), ask.arguments.into
    repo = ask.open(place)
    before = next((each.head for each in repo.branches() if each.name == into), None)
    try:
        commit = repo.merge(
            place.ref_or_head,
            into,
            message=ask.arguments.message,
            prefer=ask.arguments.prefer,
            resolutions=_resolutions(ask.arguments.resolve),
        )
    except Conflict as error:
        if error.code != "merge-conflicts":
            raise
        _tell_conflicts(ask, error)
        return 1
    if commit.id == before:
        ask.out.tell(f"Nothing to merge: {into} has all of {place} already.", commit)
    else:
        ask.out.tell(f"Merged {place} into {into}, commit {commit.id}.", commit)
    return 0


def _resolutions(texts: Iterable[str]) -> dict[str, Side]:
    found: dict[str, Side] = {}
    for text in texts:
        path, _, side = text.rpartition("=")
        if not path or side not in _SIDES:
            raise Invalid("resolution", f"{text!r}: write PATH=ours, PATH=theirs, PATH=base or PATH=delete.")
        found[path.lstrip("/")] = cast(Side, side)
    return found


def _tell_conflicts(ask: Ask, error: Conflict) -> None:
    conflicts: list[dict[str, Any]] = cast(Any, error.details).get("conflicts", [])
    for each in conflicts:
        ask.out.tell(f"C  {each['path']}", each)
    ask.out.remark(f"treadle: {error.message} (--prefer ours|theirs, or --resolve PATH=ours for one.)")


def _list_branches(ask: Ask) -> None:
    for each in ask.open(ask.place("repo")).branches():
        ask.out.tell(f"{each.head or '-':<32}  {each.name}", each)


def _create_branch(ask: Ask) -> None:
    place = ask.place()
    made = ask.open(place).create_branch(_named(place), "" if ask.arguments.empty else ask.arguments.at)
    ask.out.tell(f"{place.repo_name}@{made.name} is at {made.head or 'nothing yet'}.", made)


def _reset_branch(ask: Ask) -> None:
    place = ask.place()
    moved = ask.open(place).reset_branch(_named(place), ask.arguments.head, ask.arguments.expected)
    ask.out.tell(f"{place.repo_name}@{moved.name} is at {moved.head}.", moved)


def _delete_branch(ask: Ask) -> None:
    place = ask.place()
    ask.open(place).delete_branch(_named(place))
    ask.out.tell(f"Removed the branch {place.ref}; its commits stay.", {"removed": place.ref})


def _list_tags(ask: Ask) -> None:
    for each in ask.open(ask.place("repo")).tags():
        ask.out.tell(f"{each.commit}  {each.name}  {each.message}".rstrip(), each)


def _create_tag(ask: Ask) -> None:
    place = ask.place()
    made = ask.open(place).create_tag(_named(place), ask.arguments.at, ask.arguments.message)
    ask.out.tell(f"{place.repo_name}@{made.name} is {made.commit}.", made)


def _delete_tag(ask: Ask) -> None:
    place = ask.place()
    ask.open(place).delete_tag(_named(place))
    ask.out.tell(f"Removed the tag {place.ref}; its commit stays.", {"removed": place.ref})


def _named(place: Place) -> str:
    if not place.ref:
        raise Invalid("place", f"Which one? Write {place.repo_name}@NAME.")
    return place.ref


def _start_commit(ask: Ask) -> None:
    place = ask.place()
    started = ask.open(place).start_commit(place.ref_or_head)
    ask.out.tell(started.id, started)


def _finish_commit(ask: Ask) -> None:
    place = ask.place()
    repo = ask.open(place)
    try:
        commit = repo.finish_commit(
            _open_one(repo, place), ask.arguments.message, prefer=ask.arguments.prefer
        )
    except Conflict as error:
        if error.code == "commit-collides":
            ask.out.remark("treadle: --prefer ours keeps what was put, --prefer theirs what the branch has.")
        raise
    ask.out.tell(f"{place.repo_name}@{commit.branch} is at {commit.id}.", commit)


def _abandon_commit(ask: Ask) -> None:
    place = ask.place()
    repo = ask.open(place)
    commit = _open_one(repo, place)
    repo.abandon_commit(commit)
    ask.out.tell(f"Forgot the open commit {commit}.", {"abandoned": commit})


def _open_one(repo: RemoteRepo, place: Place) -> str:
    """The open commit that a place names: by its id, or the shared one of a branch."""
    if place.is_commit:
        return place.ref
    branch = repo.branch(place.ref_or_head)
    if branch.open_commit is None:
        raise Invalid("no-open-commit", f"Nothing is staged on {place.repo_name}@{branch.name}.")
    return branch.open_commit


def _fsck(ask: Ask) -> int:
    repo = ask.open(ask.place("repo"))
    result = follow(ask.client, repo.start_fsck(references=ask.arguments.references), "Checking")
    problems = cast(list[dict[str, Any]], result.get("problems", []))
    for each in problems:
        told = f"{each.get('kind', 'problem')}  {each.get('path') or '-'}  {each.get('detail', '')}"
        ask.out.tell(told, each)
    if not problems:
        ask.out.tell(f"{repo.about.name} is whole.", result)
    return 1 if problems else 0


def _gc(ask: Ask) -> None:
    repo = ask.open(ask.place("repo"))
    result = follow(ask.client, repo.start_gc(), "Collecting")
    ask.out.tell(f"Freed {int(result.get('bytes_freed', 0)):,} bytes of {repo.about.name}.", result)


def _read(file: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _watched(chunks: Iterable[bytes], bar: ProgressBar) -> Iterator[bytes]:
    for chunk in chunks:
        bar.add(0, len(chunk))
        yield chunk


#: What each command does; an exit status other than 0 is returned.
VERBS: Mapping[str, Callable[[Ask], int | None]] = {
    "repo create": _create_repo,
    "repo list": _list_repos,
    "repo delete": _delete_repo,
    "repo restore": _restore_repo,
    "put": _put,
    "ls": _ls,
    "cat": _cat,
    "get": _get,
    "rm": _rm,
    "cp": _cp,
    "mv": _mv,
    "diff": _diff,
    "log": _log,
    "blame": _blame,
    "merge": _merge,
    "branch list": _list_branches,
    "branch create": _create_branch,
    "branch reset": _reset_branch,
    "branch delete": _delete_branch,
    "tag list": _list_tags,
    "tag create": _create_tag,
    "tag delete": _delete_tag,
    "commit start": _start_commit,
    "commit finish": _finish_commit,
    "commit abandon": _abandon_commit,
    "fsck": _fsck,
    "gc": _gc,
}

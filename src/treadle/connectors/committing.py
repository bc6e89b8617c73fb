"""Commit labels: everything that was labelled since the last commit becomes one more, and nothing else does.

The commit carries the number of its job. A worker that is killed behind the commit, and before it could write
down that it made it, finds it again by that number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import delete

from treadle import events
from treadle.access import Grant, RepoScope, allow
from treadle.connectors import storages
from treadle.connectors.commit_formats import Generated, generate
from treadle.connectors.items import NewItem, put_items
from treadle.connectors.listed_tasks import TASK_LIST, write_task_list
from treadle.connectors.pending import Pending, count_pending, find_pending, last_event, marks_of
from treadle.connectors.places import flag_of, text_of
from treadle.connectors.repo_kind import path_of, repo_of
from treadle.connectors.storages import Storage
from treadle.db import Database, Tx
from treadle.db.storage_tables import storage_items
from treadle.errors import Conflict
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling import projects
from treadle.labeling.config import parse_config
from treadle.labeling.exports.rows import read_tasks
from treadle.labeling.filters import TaskQuery
from treadle.labeling.formats import ExportTask
from treadle.labeling.formats.classes import ClassTable
from treadle.labeling.formats.json_tasks import task_text
from treadle.lineage import Edge, Node, add_edges
from treadle.permissions import Permission
from treadle.repos import branches, commits
from treadle.repos.values import Commit, NewFile

JOB_NAME = "commit-labels"
#: What the metadata of a commit says stands under this name, in this version.
METADATA, VERSION = "treadle", 1
_MARK = "labels"
_PAGE = 500
#: How often somebody else may move the branch while we write.
_TRIES = 5
_LOOK_BACK = 20

_i = storage_items.c


class CommitOrder(msgspec.Struct, frozen=True):
    """To which target to commit, and with which words."""

    storage_id: int
    message: str


class Told(msgspec.Struct, frozen=True):
    """What a commit of labels tells of its project, in its metadata.

    label_ids: numbers of classes by name.  prefix, named_by_task: how its files are called, by the options
    that its target had then.
    """

    version: int
    project: int
    title: str
    label_config: str
    label_ids: dict[str, int]
    source_commits: list[str]
    task_count: int
    job: str
    prefix: str
    named_by_task: bool

    def path_of(self, task_id: int) -> str:
        """The file that a task's labels stand in."""
        return path_of({"prefix": self.prefix, "named_by_task": self.named_by_task}, task_id)


class _AnnotationId(msgspec.Struct):
    id: int


class _Labels(msgspec.Struct):
    id: int
    annotations: list[_AnnotationId]


def start_commit(tx: Tx, grant: Grant, storage_id: int, message: str) -> Job:
    """Order one commit of all labels that were made since the last.

    Raises Conflict("nothing-to-commit"), Conflict("storage-busy") where somebody else was quicker; Forbidden
    where the actor may not write the repo.
    """
    storage = storages.lock(tx, storage_id)
    allow(tx, grant.actor, Permission.REPO_WRITE, RepoScope(repo_of(storage.options)))
    if storages.unfinished_job(tx, storage) is None and not count_pending(tx, storage):
        since = f"since commit {storage.head}" if storage.head else "yet"
        raise Conflict("nothing-to-commit", f"There is nothing to commit: nobody labelled a task {since}.")
    return storages.start_job(tx, grant, storage, kind=JOB_NAME, order=CommitOrder(storage_id, message))


def run_commit(run: JobRun) -> dict[str, Any]:
    """Write the commit, and note what it holds."""
    order = run.decode(CommitOrder)
    position = run.step("begin", _begin, run, order)
    commit_id = run.step("commit", _commit, run, order)
    return run.step("record", _record, run, order, position, commit_id)


def undo_commit(run: JobRun) -> None:
    """Say at the target that it failed; what was labelled is still to be committed."""
    storage_id = run.decode(CommitOrder).storage_id
    error: dict[str, Any] = msgspec.json.decode(run.job.error or "{}")
    with run.database.write() as tx:
        storages.note(tx, storage_id, status="failed", problem=error.get("message", ""))
        storage = storages.get(tx, storage_id)
    for generated in generate(run, storage):
        generated.forget()


COMMIT_JOB = JobKind(JOB_NAME, run_commit, Permission.PROJECT_WRITE, undo_commit)


def _begin(run: JobRun, order: CommitOrder) -> int:
    """The event up to which all will be in the commit; what comes later may be, too."""
    with run.database.write() as tx:
        storages.note(tx, order.storage_id, status="in_progress", problem="")
        return last_event(tx)


def _commit(run: JobRun, order: CommitOrder) -> str | None:
    for _ in range(_TRIES):
        with run.database.read() as tx:
            storage = storages.get(tx, order.storage_id)
            grant = allow(tx, run.actor, Permission.REPO_WRITE, RepoScope(repo_of(storage.options)))
            head = branches.get(tx, repo_of(storage.options), text_of(storage.options, "branch")).head
            made = _find_made(tx, run.job.id, head)
            pending = find_pending(tx, storage)
        if made is not None or not pending.count:
            return made
        try:
            return _Labelling(run, storage, grant, pending).commit(order.message, head).id
        except Conflict as error:
            if error.code == "commit-empty":  # Whatever changed was changed back.
                _note_as_written(run, storage, pending)
                return None
            if error.code != "branch-moved":
                raise
    raise Conflict(
        "branch-busy",
        f"Others moved branch {text_of(storage.options, 'branch')} {_TRIES} times meanwhile. Commit again.",
    )


def _note_as_written(run: JobRun, storage: Storage, pending: Pending) -> None:
    items = [
        NewItem(path_of(storage.options, task_id), 0, mark, task_id, "written", storage.round, storage.head)
        for task_id, mark in pending.changed.items()
    ]
    with run.database.write() as tx:
        put_items(tx, storage.id, items)


def _find_made(tx: Tx, job_id: str, head: str | None) -> str | None:
    """The commit that an earlier run of the job made."""
    if head is None:
        return None
    line = commits.first_parents(tx, head, limit=_LOOK_BACK)
    return next((each.id for each in line if (told := told_by(each)) and told.job == job_id), None)


def told_by(commit: Commit) -> Told | None:
    """What a commit of labels tells of its project; None for any other, whatever its maker put there."""
    try:
        return msgspec.convert(commit.metadata.get(METADATA), Told)
    except msgspec.ValidationError:
        return None


@dataclass(frozen=True)
class _Labelling:
    """What is to be committed."""

    run: JobRun
    storage: Storage
    grant: Grant
    pending: Pending

    def commit(self, message: str, head: str | None) -> Commit:
        """Write it on top of ``head``. Raises Conflict("branch-moved")."""
        generated = generate(self.run, self.storage)
        try:
            for each in generated:
                each.make()
            with write_task_list(self.run.database, self.storage.project_id) as listed:
                told = self._tell(listed.commits)
                return self.run.parts.repos.commit_files(
                    self.grant,
                    text_of(self.storage.options, "branch"),
                    self._files(generated),
                    message,
                    deletes=self._deletes(generated, head),
                    metadata={METADATA: msgspec.to_builtins(told)},
                    provenance=told.source_commits,
                    attachments={TASK_LIST: listed.chunks()},
                    expected_head=head,
                )
        finally:
            for each in generated:
                each.forget()

    def _tell(self, shown: Iterable[str]) -> Told:
        """shown: the commits that files of tasks stand at, which an export of this version reads."""
        with self.run.database.read() as tx:
            origins = _sources_of(tx, self.storage.project_id, shown)
            return _tell(tx, self.run, self.storage, origins)

    def _files(self, generated: Sequence[Generated]) -> Iterator[NewFile]:
        ids = sorted(self.pending.changed)
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            self.run.check_cancelled()
            self.run.report(start, len(ids), f"Wrote {start:,} of {len(ids):,} tasks")
            with self.run.database.read() as tx:
                marks = marks_of(tx, self.storage.project_id, page)
            for task in read_labels(self.run.database, self.run.grant, page):
                yield NewFile(
                    path_of(self.storage.options, task.task_id),
                    [task_text(task)],
                    {_MARK: marks.get(task.task_id, "")},
                )
        for each in generated:
            yield from each.files()

    def _deletes(self, generated: Sequence[Generated], head: str | None) -> list[str]:
        gone = list(self.pending.gone.values())
        if head is not None:
            before = self.run.parts.repos.at(repo_of(self.storage.options), head)
            gone += [path for each in generated for path in each.left_over(before)]
        return gone


def read_labels(database: Database, grant: Grant, task_ids: Sequence[int]) -> Iterator[ExportTask]:
    """The tasks with their annotations, as nobody in particular sees them: without anybody's drafts."""
    nobody = replace(grant, actor=replace(grant.actor, user_id=0))
    query = TaskQuery(selected={"all": False, "included": list(task_ids)})
    yield from read_tasks(database, nobody, query, _tell_nobody, with_all=False)


def _tell(tx: Tx, run: JobRun, storage: Storage, origins: Sequence[str]) -> Told:
    row = projects.get(tx, storage.project_id)
    classes = ClassTable(parse_config(row["label_config"]))
    return Told(
        version=VERSION,
        project=storage.project_id,
        title=row["title"],
        label_config=row["label_config"],
        label_ids={name: number for number, name in classes.names()},
        source_commits=list(origins),
        task_count=row["task_number"],
        job=run.job.id,
        prefix=text_of(storage.options, "prefix"),
        named_by_task=flag_of(storage.options, "named_by_task"),
    )


def _sources_of(tx: Tx, project_id: int, shown: Iterable[str]) -> list[str]:
    """The commits that the project's tasks were read from: the heads of its sources, then what it shows."""
    heads = [each.head for each in storages.list_of_project(tx, project_id, "source") if each.head]
    return [each for each in dict.fromkeys([*heads, *sorted(shown)]) if commits.find(tx, each) is not None]


def _record(run: JobRun, order: CommitOrder, position: int, commit_id: str | None) -> dict[str, Any]:
    with run.database.read() as tx:
        storage = storages.get(tx, order.storage_id)
        commit = None if commit_id is None else commits.get(tx, commit_id)
    written: list[NewItem] = []
    gone: list[str] = []
    edges: list[Edge] = []
    if commit is not None:
        written, gone = _changes_of(run, storage, commit)
        edges = list(_edges_to(run, storage, commit, [item.key for item in written]))
    with run.database.write() as tx:
        put_items(tx, storage.id, written)
        if gone:
            tx.execute(delete(storage_items).where(_i.storage_id == storage.id, _i.key.in_(gone)))
        add_edges(tx, edges)
        done = {"status": "completed", "last_sync_at": tx.now, "last_sync_count": len(written)}
        storages.note(tx, storage.id, position=position, head=commit_id or storage.head, **done)
        if commit is not None:
            _tell_event(tx, run, storage, commit, len(written) + len(gone))
    return {"storage": storage.id, "commit": commit_id, "tasks": len(written), "deleted": len(gone)}


def _changes_of(run: JobRun, storage: Storage, commit: Commit) -> tuple[list[NewItem], list[str]]:
    """What the commit wrote and deleted, read out of itself."""
    before = commit.parents[0] if commit.parents else None
    written, gone = [], []
    for change in run.parts.repos.diff(commit.repo_id, before, commit.id):
        if change.new is None:
            gone.append(change.path)
        elif (mark := change.new.metadata.get(_MARK)) is not None:
            task_id = int(change.path.rpartition("/")[2].removesuffix(".json"))
            written.append(NewItem(change.path, 0, mark, task_id, "written", storage.round, commit.id))
    return written, gone


def _edges_to(run: JobRun, storage: Storage, commit: Commit, paths: Sequence[str]) -> Iterator[Edge]:
    snapshot, end = run.parts.repos.at(commit.repo_id, commit.id), Node("commit", commit.id)
    for start in range(0, len(paths), _PAGE):
        for text in snapshot.read_many(paths[start : start + _PAGE]):
            labels = msgspec.json.decode(text, type=_Labels)
            for each in labels.annotations:
                yield Edge(Node("annotation", str(each.id)), end)


def _tell_event(tx: Tx, run: JobRun, storage: Storage, commit: Commit, count: int) -> None:
    events.record(
        tx,
        "labels.committed",
        actor_id=run.actor.user_id,
        project_id=storage.project_id,
        subject_id=storage.id,
        payload={"storage": storage.id, "commit": commit.id, "tasks": count},
    )


def _tell_nobody(_count: int) -> None:
    return None

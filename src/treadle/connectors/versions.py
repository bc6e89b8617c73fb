"""Time travel: a project as it was at a commit of its labels, read out of that commit and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from itertools import islice
from typing import Any, Protocol

import msgspec
from sqlalchemy import select

from treadle import jobs
from treadle.access import Grant
from treadle.connectors import storages
from treadle.connectors.committing import COMMIT_JOB, Told, told_by
from treadle.connectors.listed_tasks import ListedTask, list_tasks, pictures_then
from treadle.connectors.places import text_of
from treadle.connectors.repo_kind import repo_of
from treadle.db import Database, Tx, schema
from treadle.db.repo_tables import repo_commits
from treadle.errors import Invalid, NotFound
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling.config import LabelConfig, parse_config
from treadle.labeling.export_keys import report_key
from treadle.labeling.exports.conversion import read_task
from treadle.labeling.exports.job import write_tasks_at
from treadle.labeling.formats import ExportTask, find_format
from treadle.objects import ObjectStore
from treadle.permissions import Permission
from treadle.repos import branches, catalogue, commits, refs, tags
from treadle.repos.engine import RepoEngine
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import Commit, File, Repo

JOB_NAME = "export-as-of"
_PAGE = 500
_MOST_VERSIONS = 1_000
_j, _c = schema.jobs.c, repo_commits.c
_REST = b'{"meta":%b,"inner_id":%d,"drafts":[],"predictions":[]}'


@dataclass(frozen=True)
class Version:
    """A commit of a project's labels. told: the project as the commit tells of it."""

    repo: Repo
    commit: Commit
    told: Told
    tags: tuple[str, ...] = ()

    @property
    def config(self) -> LabelConfig:
        """The label config of then."""
        return parse_config(self.told.label_config)


@dataclass(frozen=True)
class LabelsThen:
    """The labels of a version, to be learnt from."""

    version: Version
    snapshot: Snapshot

    @property
    def commit_id(self) -> str:
        """Its full name."""
        return self.version.commit.id

    @property
    def ref(self) -> str:
        """A name that always means it."""
        repo = self.version.repo
        return f"{repo.workspace}/{repo.name}@{self.commit_id}"

    @property
    def label_config(self) -> str:
        """That of then."""
        return self.version.told.label_config

    def tasks(self) -> Iterator[ExportTask]:
        """The tasks whose labels were committed, by id."""
        return _labelled(self.snapshot, self.version)


class ReposParts(Protocol):
    """What is open in a process that reads commits."""

    @property
    def database(self) -> Database:
        """The open database."""

    @property
    def repos(self) -> RepoEngine:
        """The engine of repos."""


class AsOfOrder(msgspec.Struct, frozen=True):
    """What to export, of which commit."""

    commit_id: str
    export_type: str
    with_all: bool = False
    task_ids: list[int] = []


class _Made(msgspec.Struct):
    commit: str | None = None


class _OfProject(msgspec.Struct):
    project: int = 0


def list_versions(tx: Tx, grant: Grant) -> list[Version]:
    """The commits of the labels of the grant's project with their tags, the newest first."""
    found: dict[str, Version] = {}
    for repo, branch in _homes(tx, grant):
        named: dict[str, list[str]] = {}
        for tag in tags.list_all(tx, repo.id):
            named.setdefault(tag.commit, []).append(tag.name)
        head = {each.name: each.head for each in branches.list_all(tx, repo.id)}.get(branch)
        line = commits.first_parents(tx, head, limit=_MOST_VERSIONS) if head else []
        tagged = [commits.get(tx, commit_id) for commit_id in named]
        for commit in (*line, *tagged):
            told = told_by(commit)
            if told is not None and told.project == grant.project_id:
                version = Version(repo, commit, told, tuple(sorted(named.get(commit.id, ()))))
                found.setdefault(commit.id, version)
    return sorted(found.values(), key=lambda each: each.commit.finished_at or each.commit.created_at)[::-1]


def find_version(tx: Tx, grant: Grant, ref: str) -> Version:
    """The version that ``labels@v1`` names, where the project's labels are or were; without ``@`` its branch.

    Raises NotFound("version-not-found"), Invalid("ref").
    """
    named = refs.parse(ref)
    for repo, branch in _homes(tx, grant):
        if repo.name != named.repo or (named.workspace or repo.workspace) != repo.workspace:
            continue
        commit = refs.find(tx, repo.id, named.ref if "@" in ref else branch)
        told = told_by(commit) if commit is not None else None
        if commit is not None and told is not None and told.project == grant.project_id:
            return Version(repo, commit, told)
    text = f"Project {grant.project_id} has no version {ref!r}: name a commit or a tag of its labels."
    raise NotFound("version-not-found", text)


def read_as_of(engine: RepoEngine, version: Version, *, after: int, limit: int) -> list[dict[str, Any]]:
    """The tasks of a version behind the id ``after``, with the annotations that they had."""
    snapshot = engine.at(version.repo.id, version.commit.id)
    found = []
    for task in islice(list_tasks(snapshot, after), limit):
        labels = _read_labels(snapshot, version, task.id)
        annotations = labels["annotations"] if labels else msgspec.Raw(b"[]")
        data = labels["data"] if labels else task.data
        found.append({"id": task.id, "inner_id": task.inner_id, "data": data, "annotations": annotations})
    return found


def labels_then(parts: ReposParts, grant: Grant, ref: str) -> LabelsThen:
    """What was labelled at the version that ``ref`` names, as `find_version` has it, which see for errors."""
    with parts.database.read() as tx:
        version = find_version(tx, grant, ref)
    return LabelsThen(version, parts.repos.at(version.repo.id, version.commit.id))


def start_export_as_of(tx: Tx, grant: Grant, version: Version, order: AsOfOrder) -> Job:
    """Order an export of a version. Raises Invalid("export-format-unknown", "export-format-unfit")."""
    known = find_format(order.export_type)
    if not known.fits(version.config):
        text = f"{known.name} cannot hold what the config of that version labels. JSON can hold everything."
        raise Invalid("export-format-unfit", text, fields={"exportType": [text]})
    return jobs.submit(tx, grant, JOB_NAME, order)


def run_export_as_of(run: JobRun) -> dict[str, Any]:
    """Write the file; where it lies."""
    return run.step("write", _write, run, run.decode(AsOfOrder))


def undo_export_as_of(run: JobRun) -> None:
    """Take the file away."""
    for key in (_key(run.job.id), report_key(_key(run.job.id))):
        run.objects.delete(key)


AS_OF_JOB = JobKind(JOB_NAME, run_export_as_of, Permission.EXPORT, undo_export_as_of)


def forget_old_as_of(database: Database, objects: ObjectStore, kept: timedelta) -> int:
    """Delete the files of exports that ended longer than ``kept`` ago; how many."""
    with database.read() as tx:
        old = jobs.ended_before(tx, JOB_NAME, tx.now - kept)
    lying = {each.key for each in objects.list("exports/")}
    keys = [key for job_id in old for key in (_key(job_id), report_key(_key(job_id))) if key in lying]
    for key in keys:
        objects.delete(key)
    return len(keys)


def _write(run: JobRun, order: AsOfOrder) -> dict[str, Any]:
    with run.database.read() as tx:
        commit = commits.get(tx, order.commit_id)
        told = told_by(commit)
        assert told is not None, "it was found as a version"
        version = Version(catalogue.get(tx, commit.repo_id), commit, told)
    known, key = find_format(order.export_type), _key(run.job.id)
    made_at = commit.finished_at or commit.created_at
    tasks = _exported(run, version, order)
    written = write_tasks_at(
        run,
        key,
        order.export_type,
        tasks,
        config=version.config,
        made_at=made_at,
        in_repos=pictures_then(run.database, run.parts.repos, commit),
    )
    return {
        "url": f"api/exports/files/{run.job.id}",
        "report_url": f"api/exports/files/{run.job.id}/report",
        "object_key": key,
        "file_name": f"project-{run.job.project_id}-as-of-{commit.id[:8]}.{known.extension}",
        "content_type": known.content_type,
        "commit": commit.id,
        **written.told(),
    }


def _exported(run: JobRun, version: Version, order: AsOfOrder) -> Iterator[ExportTask]:
    snapshot = run.parts.repos.at(version.repo.id, version.commit.id)
    wanted = frozenset(order.task_ids)
    labelled = _labelled(snapshot, version)
    tasks = _with_unlabelled(snapshot, labelled) if order.with_all else labelled
    for count, task in enumerate(tasks):
        if count % _PAGE == 0:
            run.check_cancelled()
            run.report(count, version.commit.file_count, f"Read {count:,} tasks")
        if not wanted or task.task_id in wanted:
            yield task


def _labelled(snapshot: Snapshot, version: Version) -> Iterator[ExportTask]:
    """The tasks of the project that were committed, by id."""
    paths = sorted(_label_files(snapshot, version))
    for start in range(0, len(paths), _PAGE):
        page = [path for _, path in paths[start : start + _PAGE]]
        for text in snapshot.read_many(page):
            if _is_of(text, version):
                yield read_task(text)


def _label_files(snapshot: Snapshot, version: Version) -> Iterator[tuple[int, str]]:
    """Id and path of each file of labels."""
    prefix = version.told.path_of(0).rpartition("/")[0]
    for found in snapshot.list(prefix=f"{prefix}/" if prefix else ""):
        if not isinstance(found, File):
            continue
        name = found.path.removeprefix(f"{prefix}/") if prefix else found.path
        stem = name.removesuffix(".json")
        if stem.isdecimal() and version.told.path_of(int(stem)) == found.path:
            yield int(stem), found.path


def _with_unlabelled(snapshot: Snapshot, labelled: Iterator[ExportTask]) -> Iterator[ExportTask]:
    """The same, and among them the tasks that nobody had labelled, by id."""
    last: int | None = None
    listed = (_unlabelled(task) for task in list_tasks(snapshot))
    for task in merge(labelled, listed, key=lambda each: (each.task_id, not each.annotations)):
        if task.task_id != last:
            yield task
        last = task.task_id


def _unlabelled(task: ListedTask) -> ExportTask:
    rest = _REST % (bytes(task.meta), task.inner_id)
    return ExportTask(task.id, task.inner_id, bytes(task.data), rest, ())


def _read_labels(snapshot: Snapshot, version: Version, task_id: int) -> dict[str, msgspec.Raw] | None:
    try:
        text = b"".join(snapshot.read(version.told.path_of(task_id)))
    except NotFound:
        return None
    return msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if _is_of(text, version) else None


def _is_of(text: bytes, version: Version) -> bool:
    """Whether labels are of the version's project: several may commit to one repo."""
    try:
        return msgspec.json.decode(text, type=_OfProject).project == version.told.project
    except msgspec.DecodeError:
        return False  # Somebody else put it there.


def _homes(tx: Tx, grant: Grant) -> list[tuple[Repo, str]]:
    """The repos that the project's labels are or were committed to and that are there, each with a branch."""
    assert grant.project_id is not None
    targets = [each for each in storages.list_of_project(tx, grant.project_id, "target") if each.is_repo]
    now = [(repo_of(each.options), text_of(each.options, "branch")) for each in targets]
    found = []
    for repo_id, branch in dict.fromkeys([*now, *_former_homes(tx, grant.project_id)]):
        with suppress(NotFound):  # Somebody deleted it.
            found.append((catalogue.get(tx, repo_id), branch))
    return found


def _former_homes(tx: Tx, project_id: int) -> list[tuple[int, str]]:
    """The same by the commits that were made, whatever became of the targets."""
    made = (
        select(_j.result)
        .where(_j.project_id == project_id, _j.kind == COMMIT_JOB.name, _j.result.is_not(None))
        .order_by(_j.created_at.desc())
        .limit(_MOST_VERSIONS)
    )
    results = [msgspec.json.decode(text, type=_Made) for text in tx.execute(made).scalars()]
    keys = [each.commit for each in results if each.commit is not None]
    rows = tx.execute(select(_c.repo_id, _c.branch).where(_c.key.in_(keys)).distinct()).all()
    return sorted((row.repo_id, row.branch or "") for row in rows)


def _key(job_id: str) -> str:
    return f"exports/{job_id}"

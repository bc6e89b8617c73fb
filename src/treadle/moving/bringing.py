"""Bringing all of a Label Studio here: people, then one project after another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import select

from treadle.access import Actor, Grant, ProjectScope, WorkspaceScope, allow
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.schema import file_uploads, imports, projects
from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unavailable
from treadle.labeling import uploads
from treadle.labeling.imports import writing as showing
from treadle.labeling.imports.beginning import begin, name_job
from treadle.labeling.imports.json_stream import JsonStream
from treadle.labeling.pictures import read_picture
from treadle.labeling.project_options import KEPT_OPTIONS
from treadle.labeling.projects import SETTABLE, bring
from treadle.moving import said
from treadle.moving.ledger import Ledger, new_ids
from treadle.moving.peer import OF_ONE_THING, Peer
from treadle.moving.people import bring_people, ensure_owner, find_workspace
from treadle.moving.writing import Counts, Goal, settle_places, write_tasks
from treadle.objects import ObjectStore
from treadle.permissions import Permission, Role

#: Tasks that one transaction writes: whoever saves meanwhile waits for few.
_BATCH = 100
_CHUNK_BYTES = 256 * 1024
#: So that nobody takes it for one whose web process died.
_JOB = "import-label-studio"
_DECISION = "ids are kept"
#: What is not brought, with where a project tells of it.
_NOT_BROUGHT = {
    "views": "/api/dm/views/",
    "webhooks": "/api/webhooks/",
    "model backends": "/api/ml/",
    "source storages": "/api/storages/",
    "target storages": "/api/storages/export",
}
#: What the other side says of one thing: see `_check_others_can_come`.
_OF_ONE = (Invalid, Forbidden, NotFound, Unavailable)
_FILES = select(file_uploads.c.id).where(one_of(file_uploads.c.id, "ids"))

#: Told what is done: a sentence, how much of how much.
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Place:
    """Where everything goes."""

    database: Database
    objects: ObjectStore
    #: For an export on its way: in files without a name, which a kill takes along.
    folder: Path
    #: The workspace's name; "": the first one.
    workspace: str = ""
    #: What people may in it who have no role there.
    role: Role = Role.EDITOR


@dataclass
class Report:
    """What came of it."""

    source: str
    version: str
    keeps_ids: bool = False
    #: Of what came, now or before, and should have kept its id: how many could not, by their kind.
    renumbered: dict[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    #: Projects that could not be brought, with the reason.
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "source": self.source,
            "label_studio": self.version,
            "ids_kept": self.keeps_ids,
            "ids_taken_here": self.renumbered,
            "brought": self.counts.came,
            "there_already": self.counts.there,
            "not_brought": self.counts.left,
            "failed": self.failed,
        }


def bring_all(place: Place, peer: Peer, told: Told) -> Report:
    """Bring everything that was not brought before.

    Raises Unauthenticated, Unavailable, Invalid of the other side; NotFound("workspace-not-found").
    """
    report = Report(peer.name, peer.version())
    ledger = Ledger(peer.name)
    who, everybody = peer.whoami(), peer.users()
    with place.database.write() as tx:
        actor, is_first = ensure_owner(tx, who)
        workspace_id = find_workspace(tx, actor, place.workspace)
        managing = allow(tx, actor, Permission.MEMBERS_MANAGE, WorkspaceScope(workspace_id))
        report.keeps_ids = _decide(tx, ledger)
        new = bring_people(tx, ledger, everybody, managing, role=place.role) + is_first
        report.counts.add(report.counts.came, "users", new)
        report.counts.add(report.counts.there, "users", len(everybody) - new)
    for project in peer.projects():
        _Project(place, peer, ledger, report, project, actor, workspace_id, everybody, told).try_to_bring()
    if report.keeps_ids:
        with place.database.read() as tx:
            report.renumbered = ledger.count_changed(tx, but=_DECISION)
    return report


def list_pairs(database: Database, source: str) -> Iterator[tuple[str, int, int]]:
    """Kind, old id and new id of everything that came from there."""
    with database.read() as tx:
        yield from (row for row in Ledger(source).all(tx) if row[0] != _DECISION)


def _decide(tx: Tx, ledger: Ledger) -> bool:
    """Whether old ids are kept: where there was no project yet when it began."""
    known = ledger.find(tx, _DECISION, [0])
    if known:
        return bool(known[0])
    is_empty = tx.execute(select(projects.c.id).limit(1)).first() is None
    ledger.note(tx, _DECISION, {0: int(is_empty)})
    return is_empty


@dataclass
class _Project:
    """One project on its way."""

    place: Place
    peer: Peer
    ledger: Ledger
    report: Report
    old: said.Project
    actor: Actor
    workspace_id: int
    everybody: Sequence[said.Who]
    told: Told

    @property
    def title(self) -> str:
        return str(self.old.fields.get("title") or f"project {self.old.id}")

    def try_to_bring(self) -> None:
        """Bring it, or note why that cannot be; the others come all the same."""
        try:
            self._bring()
        except _OF_ONE as error:
            _check_others_can_come(error)
            said_of_fields = "; ".join(text for texts in error.fields.values() for text in texts)
            self.report.failed[f"{self.old.id} ({self.title})"] = said_of_fields or error.message

    def _bring(self) -> None:
        counts = self.report.counts
        if self._is_deleted():
            counts.add(counts.left, "projects that were deleted here since", 1)
            return
        grant, is_new = self._project()
        counts.add(counts.came if is_new else counts.there, "projects", 1)
        files = self._files(grant)
        goal = self._goal(grant, files)
        done = 0
        for batch in self._batches():
            with self.place.database.write() as tx:
                write_tasks(tx, goal, batch, counts)
            done += len(batch)
            self.told(self.title, done, self.old.task_number or done)
        self._show(goal)
        if is_new:
            for name, path in _NOT_BROUGHT.items():
                counts.add(counts.left, name, self.peer.count(path, self.old.id))

    def _show(self, goal: Goal) -> None:
        with self.place.database.write() as tx:
            settle_places(tx, goal.project_id)
            is_empty = showing.progress_of(tx, goal.import_id).task_count == 0
            if is_empty:
                showing.end_empty(tx, goal.import_id)
        if not is_empty:
            showing.show(self.place.database, goal.import_id)

    def _is_deleted(self) -> bool:
        """Whether it came before, and somebody deleted it here."""
        with self.place.database.read() as tx:
            known = self.ledger.find(tx, "project", [self.old.id]).get(self.old.id)
            here = (projects.c.id == known) & projects.c.deleted_at.is_(None)
            return known is not None and tx.execute(select(projects.c.id).where(here)).first() is None

    def _project(self) -> tuple[Grant, bool]:
        with self.place.database.write() as tx:
            known = self.ledger.find(tx, "project", [self.old.id])
            if known:
                scope = ProjectScope(known[self.old.id])
                return allow(tx, self.actor, Permission.TASK_WRITE, scope), False
            making = allow(tx, self.actor, Permission.PROJECT_WRITE, WorkspaceScope(self.workspace_id))
            ids = new_ids(tx, projects, [self.old.id], keeps=self.report.keeps_ids)
            self.ledger.note(tx, "project", ids)
            bring(tx, making, self._values(), project_id=ids[self.old.id], made=self._made(tx))
            scope = ProjectScope(ids[self.old.id])
            return allow(tx, self.actor, Permission.TASK_WRITE, scope), True

    def _values(self) -> dict[str, Any]:
        """Its settings, which are checked as anybody's."""
        kept = {name: self.old.fields.get(name) for name in (*SETTABLE, *KEPT_OPTIONS)}
        del kept["pinned_at"]
        return {name: value for name, value in kept.items() if value is not None}

    def _made(self, tx: Tx) -> dict[str, Any]:
        made_by = self.old.created_by.id if self.old.created_by else 0
        return {
            "created_by": self.ledger.find(tx, "user", [made_by]).get(made_by),
            "created_at": self.old.created_at,
            "pinned_at": self.old.pinned_at,
        }

    def _goal(self, grant: Grant, files: Mapping[str, int]) -> Goal:
        assert grant.project_id is not None
        with self.place.database.write() as tx:
            people = self.ledger.find(tx, "user", [who.id for who in self.everybody])
            rules = tx.execute(
                select(projects.c.maximum_annotations, projects.c.skip_queue).where(
                    projects.c.id == grant.project_id
                )
            ).one()
            return Goal(
                self.ledger,
                self.report.keeps_ids,
                grant.project_id,
                self.old.id,
                self._import(tx, grant),
                rules.maximum_annotations,
                rules.skip_queue,
                people,
                {who.email.lower(): people[who.id] for who in self.everybody},
                files,
            )

    def _import(self, tx: Tx, grant: Grant) -> int:
        """The import that was cut off, or a new one: its tasks do not show before the last is there."""
        running = select(imports.c.id).where(
            imports.c.project_id == grant.project_id, imports.c.job_id == _JOB, imports.c.state == "running"
        )
        row = tx.execute(running).first()
        if row is not None:
            return int(row[0])
        import_id = begin(tx, grant)
        name_job(tx, import_id, _JOB)
        return import_id

    def _batches(self) -> Iterator[list[said.Task]]:
        with tempfile.TemporaryFile(dir=self.place.folder) as file:
            for chunk in self.peer.tasks(self.old.id):
                file.write(chunk)
            file.seek(0)
            found = _tasks(file, self.title)
            while batch := list(islice(found, _BATCH)):
                yield batch

    def _files(self, grant: Grant) -> dict[str, int]:
        """The uploads by their names, here."""
        assert grant.project_id is not None
        counts, kept = self.report.counts, {}
        listed = self.peer.uploads(self.old.id)
        with self.place.database.read() as tx:
            known = self.ledger.find(tx, "file", [upload.id for upload in listed])
            here = set(tx.execute(_FILES, {"ids": id_list(list(known.values()))}).scalars())
        for number, upload in enumerate(listed):
            name = PurePosixPath(upload.file).name
            if upload.id in known:
                if known[upload.id] in here:
                    kept[name] = known[upload.id]
                counts.add(counts.there, "files", 1)
                continue
            try:
                kept[name] = self._file(grant.project_id, upload, name)
            except NotFound:
                counts.add(counts.left, "files that are listed and not there", 1)
            except _OF_ONE as error:
                _check_others_can_come(error)
                counts.add(counts.left, "files that are not given", 1)
            else:
                counts.add(counts.came, "files", 1)
            self.told(f"{self.title}: files", number + 1, len(listed))
        return kept

    def _file(self, project_id: int, upload: said.Upload, name: str) -> int:
        key = uploads.object_key(project_id, name)
        stored = self.place.objects.put(key, self.peer.file(upload))
        file = uploads.StoredFile(name, key, stored.size_bytes, uploads.guess_type(name))
        picture = self._measure(key, name, project_id)
        with self.place.database.write() as tx:
            ids = new_ids(tx, file_uploads, [upload.id], keeps=self.report.keeps_ids)
            made = uploads.add(tx, project_id, self.actor.user_id, file, upload_id=ids[upload.id])
            if picture is not None:
                width_px, height_px, content_type = picture
                uploads.note_picture(
                    tx, made, width_px=width_px, height_px=height_px, content_type=content_type
                )
            self.ledger.note(tx, "file", ids)
        return made

    def _measure(self, key: str, name: str, project_id: int) -> tuple[int, int, str] | None:
        if not uploads.guess_type(name).startswith("image/"):
            return None
        with tempfile.TemporaryFile(dir=self.place.folder) as file:
            for chunk in self.place.objects.read(key):
                file.write(chunk)
            file.seek(0)
            try:
                picture = read_picture(file, name)
            except TreadleError:  # a drawing, or no picture at all: it is kept as it is
                return None
        self.place.objects.put(uploads.thumbnail_key(project_id, name), [picture.thumbnail])
        return picture.width_px, picture.height_px, picture.content_type


def _check_others_can_come(error: TreadleError) -> None:
    if isinstance(error, Unavailable) and error.code not in OF_ONE_THING:
        raise error


def _tasks(file: BinaryIO, name: str) -> Iterator[said.Task]:
    stream = JsonStream(iter(lambda: file.read(_CHUNK_BYTES), b""), name)
    for window in stream.take_items():
        yield from (_task(item, name) for item in window.items)


def _task(item: msgspec.Raw, name: str) -> said.Task:
    try:
        return msgspec.json.decode(item, type=said.Task)
    except msgspec.DecodeError as error:
        text = f"A task of {name} is not as Label Studio writes it: {error}."
        raise Invalid("peer-answer", text) from error

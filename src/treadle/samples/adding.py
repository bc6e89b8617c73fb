"""Sample projects into a database, once."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from sqlalchemy import bindparam, insert, select, update

from treadle.access import Actor, Grant, ProjectScope, WorkspaceScope, allow
from treadle.db import Database, Tx
from treadle.db.schema import installation
from treadle.errors import NotFound
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import pictures, predictions, projects, tasks, uploads
from treadle.labeling.annotations import NewAnnotation
from treadle.labeling.predictions import NewPrediction
from treadle.objects import ObjectStore
from treadle.permissions import Permission
from treadle.samples.coins import coins_project
from treadle.samples.digits import digits_project
from treadle.samples.photographs import photographs_project
from treadle.samples.projects import SamplePicture, SampleProject, SampleTask
from treadle.samples.topics import topics_project

_LOG = logging.getLogger(__name__)

#: Every sample project; the name stands in the database. Lists show the newest first, so that the
#: photographs, which a newcomer is to meet first, come last.
SAMPLES: tuple[tuple[str, Callable[[], SampleProject]], ...] = (
    ("topics", topics_project),
    ("digits-to-learn", digits_project),
    ("coins", coins_project),
    ("photographs", photographs_project),
)

#: The value of a sample's row while it is being added is the id of its project, afterwards this.
_ADDED = "added"
_value = installation.c.value
_MARK = select(_value).where(installation.c.key == bindparam("name"))
_INSERT_MARK = insert(installation)
_UPDATE_MARK = update(installation).where(installation.c.key == bindparam("name")).values(value=_ADDED)


def add_samples(database: Database, objects: ObjectStore, actor: Actor, workspace_id: int) -> int:
    """Add the sample projects that were never added; how many that were.

    What a person deleted stays deleted. One that a crash cut short is taken away and added anew.
    Raises Unsupported("samples-not-installed"), Forbidden where the actor may not make projects there.
    """
    count = 0
    for name, make in SAMPLES:
        with database.read() as tx:
            mark = tx.execute(_MARK, {"name": _key(name)}).scalar()
        if mark == _ADDED:
            continue
        sample = make()
        adding = _Adding(database, objects, actor)
        project_id = adding.begin(name, sample, workspace_id)
        adding.complete(name, sample, project_id)
        count += 1
        _LOG.info("The sample project %s was added", sample.title, extra={"project": project_id})
    return count


def _key(name: str) -> str:
    return f"sample:{name}"


@dataclass(frozen=True)
class _KeptPicture:
    """A picture whose bytes are kept, before its row is written."""

    field: str
    file: uploads.StoredFile
    measured: pictures.Picture


class _Adding:
    """The parts that every step of the adding needs."""

    def __init__(self, database: Database, objects: ObjectStore, actor: Actor) -> None:
        self._database = database
        self._objects = objects
        self._actor = actor

    def begin(self, name: str, sample: SampleProject, workspace_id: int) -> int:
        """Make the empty project and write down that it is being filled."""
        with self._database.write() as tx:
            self._remove_begun(tx, name)
            grant = allow(tx, self._actor, Permission.PROJECT_WRITE, WorkspaceScope(workspace_id))
            project = projects.create(
                tx,
                grant,
                {
                    "title": sample.title,
                    "description": sample.description,
                    "expert_instruction": sample.instruction,
                    "label_config": sample.label_config,
                    "color": sample.color,
                },
            )
            tx.execute(_INSERT_MARK, {"key": _key(name), "value": str(project["id"])})
        return int(project["id"])

    def _remove_begun(self, tx: Tx, name: str) -> None:
        begun = tx.execute(_MARK, {"name": _key(name)}).scalar()
        if begun is None:
            return
        tx.execute(installation.delete().where(installation.c.key == _key(name)))
        try:
            grant = allow(tx, self._actor, Permission.PROJECT_DELETE, ProjectScope(int(begun)))
        except NotFound:
            return  # somebody deleted it meanwhile
        projects.remove(tx, grant)

    def complete(self, name: str, sample: SampleProject, project_id: int) -> None:
        """Keep the pictures, then add all tasks in one transaction, in which the sample is done."""
        kept = [self._keep(project_id, task.picture) if task.picture else None for task in sample.tasks]
        with self._database.write() as tx:
            scope = ProjectScope(project_id)
            may_add = allow(tx, self._actor, Permission.TASK_WRITE, scope)
            may_predict = allow(tx, self._actor, Permission.PREDICTION_WRITE, scope)
            may_label = allow(tx, self._actor, Permission.ANNOTATION_WRITE, scope)
            for task, picture in zip(sample.tasks, kept, strict=True):
                task_id = _add_task(tx, may_add, task, picture)
                _add_prediction(tx, may_predict, task, task_id)
                if task.annotation is not None:
                    new = NewAnnotation(msgspec.json.encode(task.annotation))
                    annotation_verbs.submit(tx, may_label, task_id, new)
            tx.execute(_UPDATE_MARK, {"name": _key(name)})

    def _keep(self, project_id: int, picture: SamplePicture) -> _KeptPicture:
        measured = pictures.read_picture(io.BytesIO(picture.content), picture.file_name)
        file = uploads.store(self._objects, project_id, picture.file_name, [picture.content])
        self._objects.put(uploads.thumbnail_key(project_id, file.file_name), [measured.thumbnail])
        return _KeptPicture(picture.field, file, measured)


def _add_task(tx: Tx, grant: Grant, task: SampleTask, picture: _KeptPicture | None) -> int:
    data = dict(task.data)
    upload_id = None
    if picture is not None and grant.project_id is not None:
        data = {picture.field: uploads.url_of(grant.project_id, picture.file.file_name), **data}
        upload_id = uploads.add(tx, grant.project_id, grant.actor.user_id, picture.file)
        uploads.note_picture(
            tx,
            upload_id,
            width_px=picture.measured.width_px,
            height_px=picture.measured.height_px,
            content_type=picture.measured.content_type,
        )
    return int(tasks.create(tx, grant, msgspec.json.encode(data), file_upload_id=upload_id)["id"])


def _add_prediction(tx: Tx, grant: Grant, task: SampleTask, task_id: int) -> None:
    if task.prediction is None:
        return
    result = msgspec.json.encode(task.prediction.result)
    new = NewPrediction(result, task.prediction.model_version, task.prediction.score_0_1)
    predictions.add(tx, grant, task_id, new)

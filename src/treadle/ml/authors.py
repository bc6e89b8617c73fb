"""Of a file that somebody wrote, the author that serving speaks to.

The file holds one class: a ``treadle.ml.Model``, or one that was written for ``label_studio_ml``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from treadle.errors import Invalid, TreadleError
from treadle.late import late
from treadle.ml import outcomes
from treadle.ml.calling import DEVICE, Author, ProjectCall, RunSink, StoredVersion
from treadle.ml.compat.finder import provide_names
from treadle.ml.fetching import fetcher_for
from treadle.ml.labels import LabelConfig, listed, read_labels
from treadle.ml.model import Model, Said, Version
from treadle.ml.modules import Source, classes_of, run_source
from treadle.ml.results import Surroundings, UnknownLabels, write_prediction
from treadle.ml.run import Run, scratch_of
from treadle.ml.tasks import Context, Files, Task

#: What only some models and only trainings need is imported for these.
make_compat_author = late("treadle.ml.compat.author:CompatAuthor")
read_dataset = late("treadle.ml.dataset:read_dataset")

_MOST_PROJECTS = 8
_OLD_BASE = "LabelStudioMLBase"


def find_author(path: Path) -> Author:
    """The author of the model in a file. Raises Invalid: model-missing, model-import, model-class, …."""
    provide_names()
    source = Source.of(path)
    found = classes_of(run_source(source), is_model)
    if len(found) != 1:
        raise Invalid(
            "model-class",
            f"{path} has {len(found)} classes that are models ({listed(one.__name__ for one in found)}), not "
            "one. Subclass treadle.ml.Model, or label_studio_ml.model.LabelStudioMLBase, once.",
        )
    if issubclass(found[0], Model):
        return OwnAuthor(found[0])
    author: Author = make_compat_author(source, found[0])
    return author


def is_model(kind: type) -> bool:
    """Whether a class is somebody's model and not the base of one."""
    bases = {base.__name__ for base in kind.__mro__[1:]}
    return _OLD_BASE in bases or (issubclass(kind, Model) and kind is not Model)


@dataclass
class _Loaded:
    model: Model
    version: Version | None
    project: ProjectCall
    config: LabelConfig
    files: Files


class OwnAuthor:
    """A ``treadle.ml.Model``, one instance a project."""

    #: It learns from the whole dataset, whatever the event.
    wants_tasks = True

    def __init__(self, kind: type[Model]) -> None:
        self._kind = kind
        self._environ = dict(os.environ)
        self._loaded: dict[str, _Loaded] = {}

    @property
    def name(self) -> str:
        return self._kind.__name__

    @property
    def train_events(self) -> frozenset[str]:
        return frozenset(self._kind.train_events)

    def load(self, project: ProjectCall, version: StoredVersion | None) -> None:
        known = None if version is None else _version(version)
        model = self._kind()
        loaded = _Loaded(model, known, project, LabelConfig(""), fetcher_for(project, self._environ))
        self._tell(loaded, project, {})
        model.device = self._environ.get(DEVICE, "")
        model.load(known)
        self._loaded.pop(project.key, None)
        self._loaded[project.key] = loaded
        while len(self._loaded) > _MOST_PROJECTS:
            del self._loaded[next(iter(self._loaded))]

    def predict(
        self,
        project: ProjectCall,
        tasks: list[dict[str, object]],
        context: dict[str, object] | None,
        settings: dict[str, object],
    ) -> list[dict[str, object] | list[dict[str, object]]]:
        loaded = self._ready(project)
        self._tell(loaded, project, settings)
        asked = [Task(task, loaded.config, loaded.files) for task in tasks]
        around = _context(context, loaded)
        try:
            said = self._said(loaded.model, asked, around)
        except (TreadleError, OSError) as error:
            # One broken picture does not take the others with it.
            if len(asked) == 1:
                return [_failed(error)]
            return [self._alone(loaded, task, around) for task in asked]
        return [_item(one, task, loaded) for one, task in zip(said, asked, strict=True)]

    def fit(
        self, project: ProjectCall, event: str, data: dict[str, object], run: RunSink, *, folder: Path
    ) -> dict[str, object] | None:
        loaded = self._ready(project)
        settings = cast("Mapping[str, object]", data.get("settings") or data.get("params") or {})
        self._tell(loaded, project, dict(settings))
        tasks = cast("Sequence[Mapping[str, object]]", data.get("tasks") or _of_event(data))
        dataset = read_dataset(tasks, loaded.config, loaded.files, int(cast(int, settings.get("seed") or 0)))
        _check_work(dataset, tasks)
        training = Run(run, folder, loaded.model.settings)
        try:
            outcome = loaded.model.fit(dataset, training)
            if outcomes.is_empty(outcome):
                return None
            packed = outcomes.pack(outcome, folder, [folder, scratch_of(folder), Path.cwd()])
        finally:
            shutil.rmtree(scratch_of(folder), ignore_errors=True)
        return {"metrics": training.metrics, **packed}

    def _ready(self, project: ProjectCall) -> _Loaded:
        if project.key not in self._loaded:
            self.load(project, None)
        return self._loaded[project.key]

    def _tell(self, loaded: _Loaded, project: ProjectCall, settings: Mapping[str, object]) -> None:
        """What the model sees of its project, as it is now."""
        if project.label_config != loaded.config.text or not loaded.config.text:
            loaded.config = read_labels(project.label_config)
        if (project.hostname, project.access_token) != (loaded.project.hostname, loaded.project.access_token):
            loaded.files = fetcher_for(project, self._environ)
            loaded.project = project
        extra = project.extra_params if isinstance(project.extra_params, Mapping) else {}
        loaded.model.labels = loaded.config
        loaded.model.settings = {**extra, **settings}
        loaded.model.project = project.key

    def _said(self, model: Model, tasks: list[Task], context: Context) -> Sequence[Said]:
        said = model.predict(tasks, context)
        count = len(said) if isinstance(said, Sequence) else -1
        if count != len(tasks):
            told = f"{count} items" if count >= 0 else type(said).__name__
            raise Invalid(
                "predict-count",
                f"{self.name}.predict returned {told} for {len(tasks)} tasks: one item a task, in order.",
            )
        return said

    def _alone(
        self, loaded: _Loaded, task: Task, context: Context
    ) -> dict[str, object] | list[dict[str, object]]:
        try:
            return _item(self._said(loaded.model, [task], context)[0], task, loaded)
        except (TreadleError, OSError) as error:
            return _failed(error)


def _item(said: Said, task: Task, loaded: _Loaded) -> dict[str, object]:
    unknown = cast(UnknownLabels, loaded.model.settings.get("unknown_labels") or "error")
    around = Surroundings(loaded.config, task.size, _text_of(task), unknown)
    try:
        return write_prediction(said, around)
    except (TreadleError, OSError) as error:
        return _failed(error)


def _failed(error: Exception) -> dict[str, object]:
    return {"result": [], "error": str(error) or type(error).__name__}


def _text_of(task: Task) -> Callable[[str], str | None]:
    def read(key: str) -> str | None:
        value = task.data.get(key)
        return value if isinstance(value, str) else None

    return read


def _context(wire: dict[str, object] | None, loaded: _Loaded) -> Context:
    drawn = cast("Sequence[Mapping[str, object]]", (wire or {}).get("result") or ())
    name = None if loaded.version is None else loaded.version.name
    return Context(drawn, loaded.model.settings, wire or None, version=name)


def _version(stored: StoredVersion) -> Version:
    return Version(stored.name, stored.folder, outcomes.unpack(stored.outcome, stored.folder))


def _of_event(data: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """The task of an event about an annotation, as an export has it."""
    task, annotation = data.get("task"), data.get("annotation")
    if isinstance(task, Mapping) and isinstance(annotation, Mapping):
        return [{**task, "annotations": [annotation]}]
    return ()


def _check_work(dataset: Sequence[object], tasks: Sequence[object]) -> None:
    if len(dataset) == 0:
        raise Invalid(
            "dataset-empty",
            f"None of the {len(tasks)} tasks has finished work: nothing to learn from. Label some first "
            "(cancelled and rejected annotations are left out).",
        )

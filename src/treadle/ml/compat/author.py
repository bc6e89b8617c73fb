"""The author of a model that was written for ``label_studio_ml``.

A version of such a model is what its ``fit`` returned, the files that it names, the variables of the
environment that it set and, in the current style, what it kept by ``set`` and wrote to MODEL_DIR.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from treadle.ml import outcomes
from treadle.ml.calling import ProjectCall, RunSink, StoredVersion
from treadle.ml.compat.answers import items_of
from treadle.ml.compat.files import fill_media
from treadle.ml.compat.present import Present, PresentState, State, within
from treadle.ml.compat.styles import call_fit, call_predict, events_of, make, style_of
from treadle.ml.compat.workplace import prepare_model_dir, snapshot, workplace
from treadle.ml.modules import Source, classes_of, run_source

_log = logging.getLogger(__name__)
_MOST_PROJECTS = 8
_MODEL_DIR = "model_dir"
#: Variables of the environment that models ask the server's address and token by.
_ADDRESSES = ("LABEL_STUDIO_URL", "LABEL_STUDIO_HOST")
_TOKENS = ("LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN")


@dataclass
class _Loaded:
    model: Any
    around: Present
    version: StoredVersion | None


class CompatAuthor:
    """A class derived from ``LabelStudioMLBase``, one instance for a project and version."""

    def __init__(self, source: Source, kind: type) -> None:
        self._source = source
        self._kind = kind
        self._style = style_of(kind)
        self._environ = dict(os.environ)
        self._loaded: dict[str, _Loaded] = {}
        self._is_fresh = True
        _keep_state(kind)

    @property
    def name(self) -> str:
        return self._kind.__name__

    @property
    def train_events(self) -> frozenset[str]:
        return events_of(self._kind, self._style)

    def load(self, project: ProjectCall, version: StoredVersion | None) -> None:
        around = self._around(project, version)
        self._loaded.pop(project.key, None)
        self._loaded[project.key] = _Loaded(self._made(around, self._kind_in(around)), around, version)
        while len(self._loaded) > _MOST_PROJECTS:
            del self._loaded[next(iter(self._loaded))]

    def predict(
        self,
        project: ProjectCall,
        tasks: list[dict[str, object]],
        context: dict[str, object] | None,
        settings: dict[str, object],
    ) -> list[dict[str, object] | list[dict[str, object]]]:
        loaded = self._ready(project, settings)
        with within(loaded.around):
            fill_media(tasks, loaded.around)
            try:
                return items_of(call_predict(loaded.model, tasks, context), len(tasks), self.name)
            except AssertionError:
                if len(tasks) == 1:
                    raise
            # Many are written for one task at a time and say so.
            answers = [items_of(call_predict(loaded.model, [task], context), 1, self.name) for task in tasks]
            return [answer[0] for answer in answers]

    def fit(
        self, project: ProjectCall, event: str, data: dict[str, object], run: RunSink, *, folder: Path
    ) -> dict[str, object] | None:
        loaded = self._ready(project, {})
        folder = folder.resolve()
        beside = Path.cwd()
        self._import_what_writes_runs()
        with workplace(folder) as work:
            training = _Training(folder, [work, beside, folder])
            around = self._to_learn_in(loaded, training)
            with within(around):
                model = loaded.model if self._style == "old" else self._made(around, self._kind_in(around))
                fill_media(cast("list[dict[str, object]]", data.get("tasks") or []), around)
                with _environ_put_back() as before:
                    returned = call_fit(model, self._style, event, data, workdir=str(folder))
                    changed = {name: value for name, value in os.environ.items() if before.get(name) != value}
            return training.outcome(returned, self._told(changed), around.state)

    def _import_what_writes_runs(self) -> None:
        """Where it writes can be told to it only when it is there."""
        if "ultralytics" in self._source.path.read_text("utf-8", errors="replace"):
            with suppress(ImportError):
                importlib.import_module("ultralytics.utils")

    def _to_learn_in(self, loaded: _Loaded, training: _Training) -> Present:
        """What is around the model as it learns: a state that only a version keeps, and a folder to write
        to.
        """
        around = loaded.around
        if self._style == "old":
            return around
        written = around.settings.get("MODEL_DIR") or self._environ.get("MODEL_DIR")
        training.prepare(Path(written) if written else None)
        settings = {**around.settings, "MODEL_DIR": str(training.model_dir)}
        return Present(around.project, self._environ, State(around.state.lasting()), {}, settings)

    def _around(self, project: ProjectCall, version: StoredVersion | None) -> Present:
        outcome = {} if version is None else outcomes.unpack(version.outcome, version.folder)
        settings: dict[str, str | None] = dict(cast("Mapping[str, str]", outcome.get("env") or {}))
        if not any(name in self._environ for name in (*_ADDRESSES, *_TOKENS)):
            # Both or none: a token of the environment is for the address of the environment.
            settings.update(dict.fromkeys(_ADDRESSES, project.hostname) if project.hostname else {})
            settings.update(dict.fromkeys(_TOKENS, project.access_token) if project.access_token else {})
        if version is not None and outcome.get(_MODEL_DIR):
            settings["MODEL_DIR"] = str(version.folder.resolve() / _MODEL_DIR)
        state = State(cast("Mapping[str, object]", outcome.get("state")), self._state_file(project, version))
        learned = cast("dict[str, object]", outcome.get("train_output") or {})
        return Present(project, self._environ, state, learned, settings)

    def _made(self, around: Present, kind: type) -> Any:
        told = {
            "label_config": around.project.label_config or None,
            "train_output": around.train_output,
            "hostname": around.project.hostname,
            "access_token": around.project.access_token,
            "project_id": around.project_id,
        }
        with within(around):
            return make(kind, self._style, told)

    def _kind_in(self, around: Present) -> type:
        """The class; of the current style one whose module began with this very surroundings."""
        if self._style == "old":
            return self._kind
        is_first, self._is_fresh = self._is_fresh, False
        if is_first and not self._told(around.settings):
            return self._kind
        with within(around):
            module = run_source(self._source)
        return next(one for one in classes_of(module, lambda one: one.__name__ == self.name))

    def _ready(self, project: ProjectCall, settings: Mapping[str, object]) -> _Loaded:
        """The model of a project, as the project is now."""
        if project.key not in self._loaded:
            self.load(project, None)
        loaded = self._loaded[project.key]
        known = loaded.around.project
        extra = (
            {**project.extra_params, **settings} if isinstance(project.extra_params, Mapping) else settings
        )
        if _seen(known) != _seen(project):
            self.load(project, loaded.version)
            loaded = self._loaded[project.key]
        loaded.around.project = replace(project, extra_params=dict(extra) or project.extra_params)
        if extra:
            loaded.around.state.set("extra_params", json.dumps(extra))
        return loaded

    def _told(self, variables: Mapping[str, str | None]) -> dict[str, str | None]:
        """Those that the model itself speaks of: libraries set and read others."""
        written = self._source.path.read_text("utf-8", errors="replace")
        return {name: value for name, value in variables.items() if name in written}

    def _state_file(self, project: ProjectCall, version: StoredVersion | None) -> Path | None:
        folder = self._environ.get("MODEL_DIR")
        if not folder or self._style == "old":
            return None
        key = re.sub(r"[^\w.-]", "_", project.key) or "none"
        return (
            Path(folder) / ".treadle-state" / key / f"{'untrained' if version is None else version.name}.json"
        )


class _Training:
    """One training: where it writes, and what comes of it."""

    def __init__(self, folder: Path, places: list[Path]) -> None:
        self._folder = folder
        self._places = places
        self.model_dir = folder / _MODEL_DIR
        self._before: Mapping[str, tuple[int, int]] | None = None

    def prepare(self, source: Path | None) -> None:
        self._before = prepare_model_dir(self.model_dir, source)

    def outcome(
        self, returned: object, told: Mapping[str, str | None], state: State
    ) -> dict[str, object] | None:
        """What to keep; None where nothing came of it."""
        found: dict[str, object] = {}
        is_mapping = isinstance(returned, Mapping)
        if is_mapping and returned and outcomes.is_empty(returned):
            return None
        if is_mapping and returned:
            found["train_output"] = outcomes.pack(returned, self._folder, self._places)
        variables = outcomes.pack(told, self._folder, self._places)
        if variables and (found or _names_file(variables)):
            found["env"] = variables
        if state.is_changed:
            found["state"] = outcomes.plain(state.lasting(), "state")
        if self._before is not None and snapshot(self.model_dir) != self._before:
            found[_MODEL_DIR] = True
        else:
            shutil.rmtree(self.model_dir, ignore_errors=True)
        return found or None


def _keep_state(kind: type) -> None:
    """Where ``label_studio_ml`` itself is installed, what ``set`` keeps is kept by us: by version,
    without a sync.
    """
    for base in kind.__mro__:
        module: Any = sys.modules.get(base.__module__)
        if base.__name__ == "LabelStudioMLBase" and hasattr(module, "CACHE"):
            module.CACHE = PresentState()


@contextmanager
def _environ_put_back() -> Iterator[Mapping[str, str]]:
    """What a training sets belongs to its version, not to whatever this process loads next."""
    before = dict(os.environ)
    try:
        yield before
    finally:
        for name in set(os.environ) | set(before):
            if name not in before:
                del os.environ[name]
            elif os.environ.get(name) != before[name]:
                os.environ[name] = before[name]


def _names_file(packed: Mapping[str, object]) -> bool:
    return any(isinstance(value, Mapping) for value in packed.values())


def _seen(project: ProjectCall) -> tuple[str, str, str]:
    """What an instance is made with."""
    return project.label_config, project.hostname, project.access_token

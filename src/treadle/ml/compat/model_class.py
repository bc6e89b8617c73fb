"""``LabelStudioMLBase`` of both styles in one: the old with train_output, the current with setup, get and
set.
"""

from __future__ import annotations

import json
import sys
from abc import ABC
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from treadle.ml.compat.calls import is_preload_needed
from treadle.ml.compat.files import get_local_path
from treadle.ml.compat.interface import LabelInterface, NameFilter, TypeName
from treadle.ml.compat.parsed import Parsed, parse_config
from treadle.ml.compat.present import present

#: The functions that ``predict_fn`` and ``update_fn`` registered.
_registered: dict[str, Callable[..., Any]] = {}


def predict_fn(function: Callable[..., Any]) -> Callable[..., Any]:
    """Predict by this function where the class has no method of its own."""
    _registered["predict"] = function
    return function


def update_fn(function: Callable[..., Any]) -> Callable[..., Any]:
    """Learn by this function where the class has no method of its own."""
    _registered["fit"] = function
    return function


class LabelStudioMLBase(ABC):  # noqa: B024
    """What classes of models are derived from. It is made with what a call says, however it is called."""

    INITIAL_MODEL_VERSION = "0.0.1"
    TRAIN_EVENTS: Iterable[str] = (
        "ANNOTATION_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATION_DELETED",
        "START_TRAINING",
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        """Old: label_config, train_output, **kwargs. Current: project_id, label_config."""
        around = present()
        texts = [one for one in given if isinstance(one, str)]
        config = next((one for one in texts if one.lstrip().startswith("<")), None)
        self._around = around
        self.project_id: str = str(named.get("project_id") or around.project_id)
        self.hostname: str = named.get("hostname") or around.project.hostname
        self.access_token: str = named.get("access_token") or around.project.access_token
        self.train_output: dict[str, Any] = named.get("train_output") or around.train_output or {}
        self.use_label_config(named.get("label_config") or config or around.project.label_config)
        if not self.get("model_version"):
            self.set("model_version", self.INITIAL_MODEL_VERSION)
        self.setup()

    def setup(self) -> None:
        """Called at the end of the making; for classes of the current style."""
        return

    def predict(self, tasks: Sequence[Mapping[str, Any]], context: Any = None, **kwargs: Any) -> Any:
        """One prediction a task."""
        function = _registered.get("predict")
        return None if function is None else function(tasks, context, helper=self, **kwargs)

    def fit(self, *given: Any, **named: Any) -> Any:
        """Learn; what is returned is kept."""
        function = _registered.get("fit")
        return {} if function is None else function(*given, helper=self, **named)

    def process_event(self, event: str, data: Any, job_id: str, additional_params: Mapping[str, Any]) -> Any:
        """Call ``fit`` where the event is one to learn at."""
        if event not in self.TRAIN_EVENTS:
            return None
        return self.fit((), event=event, data=data, job_id=job_id, **additional_params)

    def use_label_config(self, label_config: str) -> None:
        """Read a label config."""
        self.label_config = label_config
        self.parsed_label_config: Parsed = parse_config(label_config)
        self.label_interface = _interface(label_config) if label_config else None

    def get(self, key: str) -> Any:
        """What ``set`` kept, or None."""
        return self._around.state.get(key)

    def set(self, key: str, value: Any) -> None:
        """Keep a value: for this version, over restarts."""
        self._around.state.set(key, value)

    def has(self, key: str) -> bool:
        """Whether ``set`` kept something."""
        return self._around.state.has(key)

    def set_extra_params(self, extra_params: Any) -> None:
        """Keep the connection's settings."""
        self.set("extra_params", extra_params)

    @property
    def extra_params(self) -> Any:
        """The connection's settings."""
        found = self.get("extra_params") or self._around.project.extra_params
        return json.loads(found) if isinstance(found, str) and found.strip() else found or {}

    @property
    def model_version(self) -> Any:
        """What the model itself calls its version; predictions bear the one that Treadle stamps."""
        return self.get("model_version")

    def bump_model_version(self) -> Any:
        """The next minor version, where it is one of three numbers."""
        parts = str(self.model_version).split(".")
        if len(parts) == 3 and all(part.isdigit() for part in parts):
            self.set("model_version", f"{parts[0]}.{int(parts[1]) + 1}.0")
        return self.model_version

    def get_label_studio_access_token(self) -> str | None:
        """The token that is shown to the server."""
        return next(iter(self._around.files().server.tokens), None)

    def get_local_path(
        self,
        url: str,
        project_dir: str | None = None,
        ls_host: str | None = None,
        ls_access_token: str | None = None,
        *,
        task_id: Any = None,
        **more: Any,
    ) -> str:
        """The path of a file with what ``url`` names."""
        return get_local_path(
            url, None, project_dir, ls_host, access_token=ls_access_token, task_id=task_id, **more
        )

    def preload_task_data(self, task: Mapping[str, Any], value: Any = None, read_file: bool = True) -> Any:
        """A value of a task's data with the texts of the files that it names, or their paths."""
        if isinstance(value, dict):
            return {key: self.preload_task_data(task, one, read_file) for key, one in value.items()}
        if isinstance(value, list):
            return [self.preload_task_data(task, one, read_file) for one in value]
        if not isinstance(value, str) or not is_preload_needed(value):
            return value
        path = self.get_local_path(value, task_id=task.get("id"))
        if not read_file:
            return path
        with open(path, encoding="utf-8") as file:
            return file.read()

    def get_first_tag_occurence(
        self,
        control_type: TypeName,
        object_type: TypeName,
        name_filter: NameFilter = None,
        to_name_filter: NameFilter = None,
    ) -> tuple[str, str, str]:
        """The names of the first control of a type and of its object, and the field that this shows."""
        found: Any = self.label_interface
        return found.get_first_tag_occurence(control_type, object_type, name_filter, to_name_filter)  # type: ignore[no-any-return]

    def build_label_map(self, tag_name: str, names: Sequence[str]) -> dict[str, str]:
        """The label for each name of the model's: by predicted_values, by the name, by the name in any
        case.
        """
        found: Any = self.label_interface
        mapped: dict[str, str] = {}
        for label, tag in (found.get_control(tag_name).labels_attrs or {}).items():
            for name in _names_of(label, tag, names):
                mapped[name] = label
        return mapped


def _names_of(label: str, tag: Any, names: Sequence[str]) -> list[str]:
    written = [name.strip() for name in tag.attr.get("predicted_values", "").split(",")]
    predicted = [name for name in written if name and name in names]
    if predicted:
        return predicted
    if label in names:
        return [label]
    return [name for name in names if name.lower() == label.lower()][:1]


def _interface(config: str) -> Any:
    """Label Studio's own where the model has imported it, for its classes are then asked for."""
    theirs = sys.modules.get("label_studio_sdk.label_interface")
    kind = getattr(theirs, "LabelInterface", LabelInterface)
    return kind(config)

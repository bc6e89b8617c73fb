"""Of which style a class is, and how its methods are called.

Old: label_config and train_output at the making, ``fit(completions, …)``. Current: project_id, ``setup``,
``fit(event, data)``. A class says which it is by what it defines.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

Style = Literal["old", "current"]
Named = Mapping[str, Any]

START = "START_TRAINING"
_BASE = "LabelStudioMLBase"
_OLD_EVENTS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "PROJECT_UPDATED")
#: Label Studio sends these where classes know the one.
_PLURAL = {"ANNOTATIONS_CREATED": "ANNOTATION_CREATED", "ANNOTATIONS_DELETED": "ANNOTATION_DELETED"}


def style_of(kind: type) -> Style:
    """The style of a class."""
    base = _base_of(kind)
    asked = _parameters(vars(base)["__init__"])
    if "train_output" in asked:
        return "old"
    if "project_id" in asked:
        return "current"
    own = _own(kind, base)
    if "setup" in own or "project_id" in own.get("__init__", ()) or "context" in own.get("predict", ()):
        return "current"
    if "__init__" in own or "fit" not in own:
        return "old"
    return "current" if own["fit"][1:2] == ("event",) else "old"


def events_of(kind: type, style: Style) -> frozenset[str]:
    """The events that ``fit`` is called for; with the names that Label Studio sends for them."""
    base = _base_of(kind)
    says_itself = any("TRAIN_EVENTS" in vars(one) for one in kind.__mro__[: kind.__mro__.index(base)])
    events = _OLD_EVENTS if style == "old" and not says_itself else cast(Any, kind).TRAIN_EVENTS
    return frozenset((*events, *(many for many, one in _PLURAL.items() if one in events)))


def make(kind: Callable[..., Any], style: Style, told: Named) -> Any:
    """An instance, made with what its ``__init__`` takes of ``told``."""
    wanted = ("label_config", "train_output", "hostname", "access_token")
    names = wanted if style == "old" else ("project_id", "label_config")
    return kind(**accepted(cast(Any, kind).__init__, {name: told[name] for name in names}))


def call_predict(model: Any, tasks: Sequence[Any], context: Any) -> Any:
    """The answer of ``predict``."""
    offered = {"context": context, "login": None, "password": None}
    if "context" in _parameters(model.predict):
        offered = {"context": context}
    return model.predict(list(tasks), **accepted(model.predict, offered))


def call_fit(model: Any, style: Style, event: str, data: dict[str, Any], *, workdir: str) -> Any:
    """What ``fit`` returns, called as its style is."""
    event, data = _PLURAL.get(event, event), _singular(data)
    if style == "current":
        return model.fit(event, _with_annotation(event, data))
    tasks = data.get("tasks") or ()
    offered = {"event": event, "data": data, "job_id": None, "workdir": workdir}
    names = [name for name in _positional(model.fit) if name not in offered]
    first = (tasks,) if names or (_takes_more(model.fit) and not _positional(model.fit)) else ()
    return model.fit(*first, **accepted(model.fit, offered))


def accepted(function: Callable[..., Any], offered: Named) -> dict[str, Any]:
    """What of ``offered`` a function takes by name."""
    parameters = inspect.signature(function).parameters.values()
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return dict(offered)
    names = {one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    return {name: value for name, value in offered.items() if name in names}


def _base_of(kind: type) -> type:
    return next(one for one in kind.__mro__ if one.__name__ == _BASE)


def _own(kind: type, base: type) -> dict[str, tuple[str, ...]]:
    """The parameters of the methods that a class does not have from its base."""
    found: dict[str, tuple[str, ...]] = {}
    for one in reversed(kind.__mro__[: kind.__mro__.index(base)]):
        for name, value in vars(one).items():
            if inspect.isfunction(value):
                found[name] = _parameters(value)
    return found


def _parameters(function: Any) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _positional(function: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, one in inspect.signature(function).parameters.items() if one.kind in kinds]


def _takes_more(function: Callable[..., Any]) -> bool:
    kinds = [one.kind for one in inspect.signature(function).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds


def _singular(data: dict[str, Any]) -> dict[str, Any]:
    """One annotation where an event tells of several: the last."""
    several = data.get("annotations") or data.get("annotation")
    if isinstance(several, list) and several:
        return {**data, "annotation": several[-1]}
    return data


def _with_annotation(event: str, data: dict[str, Any]) -> dict[str, Any]:
    """Classes learn from it which project they are of, also when a button was pressed."""
    if event != START or "annotation" in data:
        return data
    project = data.get("project")
    number = project.get("id") if isinstance(project, dict) else str(project or "").split(".", 1)[0]
    found = [one for task in data.get("tasks") or () for one in task.get("annotations") or ()]
    return {**data, "annotation": {**(found[-1] if found else {"result": []}), "project": number}}

"""The model backends that come with Treadle, over HTTP: which fit a project, and what they may be told."""

from __future__ import annotations

from typing import Any

from treadle.access import ProjectScope
from treadle.labeling import projects
from treadle.learning.connections.builtin import BUILTINS, Builtin, Parameter
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply


def list_builtins(call: Call) -> Reply:
    """Every built-in backend, and why it does not fit the project's label config, where it does not."""
    project_id = call.query_int("project") or 0
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        config = projects.config_of(tx, project_id)
    is_offered = call.parts.settings.builtin_backends
    return json_reply([_render(builtin, config, is_offered=is_offered) for builtin in BUILTINS])


def _render(builtin: Builtin, label_config: str, *, is_offered: bool) -> dict[str, Any]:
    return {
        "name": builtin.name,
        "title": builtin.title,
        "description": builtin.description,
        "licence": builtin.licence,
        "fits": builtin.fits(label_config),
        "is_offered": is_offered,
        "is_installed": builtin.is_installed,
        "install": builtin.install,
        "connection": [_parameter(one) for one in builtin.connection],
        "training": [_parameter(one) for one in builtin.training],
        "starts": list(builtin.starts),
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    told = {
        "name": parameter.name,
        "kind": parameter.kind,
        "default": parameter.default,
        "label": parameter.label,
        "help": parameter.help,
    }
    bounds = {"least": parameter.least, "most": parameter.most, "choices": parameter.choices}
    return {**told, **{name: value for name, value in bounds.items() if value is not None}}


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/learning/builtins/",
        list_builtins,
        Permission.LEARNING_READ,
        "List built-in model backends",
    ),
)

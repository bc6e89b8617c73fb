"""What a project does by itself, and the order of its queue by a model, over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from treadle.access import ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.learning.rules import rules
from treadle.learning.rules.rules import ProjectRules, Rules
from treadle.permissions import Permission
from treadle.web.body_types import Number, Whole
from treadle.web.call import Call
from treadle.web.routing import PUBLIC, Reply, Route, empty, json_reply


class RulesBody(Struct):
    """Rules as they are set; what is left out does nothing."""

    train_after: Number | None = None
    train_every_hours: float | None = None
    backend: Whole | None = None
    spec: dict[str, Any] = {}
    promote: Literal["never", "when_better"] = "never"
    prelabel_after_promotion: bool = False
    order: Literal["off", "uncertainty", "diversity"] = "off"
    order_after_promotion: bool = False


class ProjectBody(Struct):
    """A project."""

    project: Whole


def get_rules(call: Call) -> Reply:
    project_id = _asked_project(call)
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        return json_reply(_told(tx, rules.find(tx, project_id)))


def put_rules(call: Call) -> Reply:
    project_id, body = _asked_project(call), call.decode(RulesBody)
    new = Rules(**{name: getattr(body, name) for name in RulesBody.__struct_fields__})
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        return json_reply(_told(tx, rules.change(tx, grant, new)))


def order_queue(call: Call) -> Reply:
    """Order the queue anew by the rules; the job that does."""
    project_id = call.decode(ProjectBody).project
    with call.write() as tx:
        return json_reply({"job": rules.order_now(tx, call.allow(tx, ProjectScope(project_id)))}, 202)


def make_hook(call: Call) -> Reply:
    """An address that trains when it is called; it is told this once, and the one before ends."""
    project_id = call.decode(ProjectBody).project
    with call.write() as tx:
        secret = rules.make_hook(tx, call.allow(tx, ProjectScope(project_id)))
    path = f"/api/learning/hooks/{secret}/"
    return json_reply({"path": f"{call.arrival.prefix}{path}", "url": f"{call.site}{path}"}, 201)


def end_hook(call: Call) -> Reply:
    project_id = _asked_project(call)
    with call.write() as tx:
        rules.end_hook(tx, call.allow(tx, ProjectScope(project_id)))
    return empty()


def call_hook(call: Call) -> Reply:
    """Ask for a training: at once, or after the one that runs."""
    is_training = rules.call_hook(call.parts.database, call.path_params["secret"])
    return json_reply({"state": "waits" if is_training else "starts"}, 202)


def _asked_project(call: Call) -> int:
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("project", "Say of which project.", fields={"project": ["This field is required."]})
    return project_id


def _told(tx: Tx, found: ProjectRules) -> dict[str, Any]:
    said, state = found.rules, found.state
    facts = rules.gather(tx, found.project_id, said)
    return {
        **{name: getattr(said, name) for name in RulesBody.__struct_fields__},
        "set_by": found.set_by,
        "last_trained_at": facts.trained_at,
        "annotations_since": rules.since_last(found, facts),
        "next_at": rules.next_at(found, facts),
        "problem": state.problem,
        "hook_made_at": None if state.hook is None else state.hook.made_at,
    }


_READ, _WRITE = Permission.LEARNING_READ, Permission.PROJECT_WRITE
_RULES = "/api/learning/rules/"
_HOOK = "/api/learning/rules/hook/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _RULES, get_rules, _READ, "What a project does by itself"),
    Route("PUT", _RULES, put_rules, _WRITE, "Set what a project does by itself", RulesBody),
    Route(
        "POST", "/api/learning/order/", order_queue, _WRITE, "Order the queue anew", ProjectBody, status=202
    ),
    Route("POST", _HOOK, make_hook, _WRITE, "An address that trains", ProjectBody, status=201),
    Route("DELETE", _HOOK, end_hook, _WRITE, "End the address that trains", status=204),
    Route("POST", "/api/learning/hooks/{secret}/", call_hook, PUBLIC, "Train", status=202),
)

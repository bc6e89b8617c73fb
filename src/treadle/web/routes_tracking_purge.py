"""Freeing deleted runs and their bytes: how much there is, and the job that frees it."""

from __future__ import annotations

import re
import time
from dataclasses import asdict

import msgspec

from treadle.access import WorkspaceScope
from treadle.errors import Invalid
from treadle.permissions import Permission
from treadle.tracking import purging
from treadle.tracking.names import internal_name
from treadle.tracking.purging.taking import place_of_experiment
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply

#: So long an answer with sizes takes at most; what was not looked at by then is told as such.
_PATIENCE_S = 2.0
_MOST_PLACES = 100
_MOST_DAYS = 36_500
#: An experiment, or a run of one: ``3``, ``3/9f86d081884c7d659a2feaa0c55ad015``.
_PLACE = re.compile(r"[0-9]{1,9}(/[0-9A-Za-z_-]{1,64})?")


class PurgeBody(msgspec.Struct):
    """What to free: what was deleted at least so many days ago."""

    workspace: Id
    older_than_days: purging.Days


class Purgeable(msgspec.Struct):
    """What a purge would free now; ``is_whole``: ``size_bytes`` is all of it, else it is at least so much."""

    experiments: int
    runs: int
    logged_models: int
    traces: int
    noted: int
    size_bytes: int
    objects: int
    is_whole: bool
    job: str | None


class SizeLine(msgspec.Struct):
    """Bytes of one experiment or run; null: it was not looked at in time, ask for it again."""

    of: str
    size_bytes: int | None


class Sizes(msgspec.Struct):
    """In the order in which they were asked."""

    results: list[SizeLine]


def get_purge(call: Call) -> Reply:
    """What a purge would free, and the job that is at it, if there is one.

    ``with_sizes=0``: without looking at files, for who only asks whether there is anything.
    """
    until_s = time.monotonic() + _PATIENCE_S
    workspace_id, days = _workspace(call), call.query_int("older_than_days", 0) or 0
    if not 0 <= days <= _MOST_DAYS:
        text = f"Give a number of days from 0 to {_MOST_DAYS}."
        raise Invalid("query-invalid", text, fields={"older_than_days": [text]})
    with call.read() as tx:
        grant = call.allow(tx, WorkspaceScope(workspace_id))
        job, before_ms = purging.running_purge(tx, grant), purging.cutoff_ms(tx, days)
    workspace = internal_name(workspace_id)
    with purging.opened(call.parts.settings) as tables:
        if tables is None:
            return json_reply(Purgeable(0, 0, 0, 0, 0, 0, 0, is_whole=True, job=job))
        with tables.read() as reader:
            old = purging.count_old(reader, workspace, before_ms)
            if not call.query_flag("with_sizes", True):
                return json_reply(Purgeable(**asdict(old), size_bytes=0, objects=0, is_whole=False, job=job))
            places = purging.list_old_places(reader, workspace, before_ms)
    size = purging.measure(call.parts.objects, places, until_s=until_s)
    return json_reply(Purgeable(**asdict(old), **asdict(size), job=job))


def post_purge(call: Call) -> Reply:
    asked = call.decode(PurgeBody)
    with call.write() as tx:
        grant = call.allow(tx, WorkspaceScope(asked.workspace))
        return json_reply({"job": purging.start_purge(tx, grant, asked.older_than_days).id}, 202)


def get_sizes(call: Call) -> Reply:
    """Bytes of experiments and runs, deleted or not, as far as one comes in two seconds."""
    until_s = time.monotonic() + _PATIENCE_S
    workspace_id = _workspace(call)
    asked = [each for each in call.query_text("of").split(",") if each]
    wrong = [each for each in asked if not _PLACE.fullmatch(each)]
    if wrong or len(asked) > _MOST_PLACES:
        text = f"Name up to {_MOST_PLACES} experiments (3) or runs (3/RUN_ID), with commas between."
        raise Invalid("query-invalid", text, fields={"of": [text]})
    with call.read() as tx:
        call.allow(tx, WorkspaceScope(workspace_id))
    workspace = internal_name(workspace_id)
    return json_reply(Sizes([_size(call, workspace, each, until_s) for each in asked]))


def _size(call: Call, workspace: str, of: str, until_s: float) -> SizeLine:
    place = place_of_experiment(workspace, of)
    size = purging.measure(call.parts.objects, [place], until_s=until_s)
    return SizeLine(of, size.size_bytes if size.is_whole else None)


def _workspace(call: Call) -> int:
    workspace_id = call.query_int("workspace")
    if workspace_id is None:
        raise Invalid(
            "query-invalid", "Say which workspace: ?workspace=ID.", fields={"workspace": ["Required."]}
        )
    return workspace_id


_READ, _MANAGE = Permission.TRACKING_READ, Permission.TRACKING_MANAGE
_PURGE = "/api/tracking/purge/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _PURGE, get_purge, _MANAGE, "What a purge would free", None, Purgeable),
    Route("POST", _PURGE, post_purge, _MANAGE, "Free what was deleted", PurgeBody, status=202),
    Route(
        "GET", "/api/tracking/deleted/sizes/", get_sizes, _READ, "Sizes of experiments and runs", None, Sizes
    ),
)

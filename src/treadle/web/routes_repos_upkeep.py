"""Keeping a repo in order over HTTP: freeing, checking, and how long old commits are kept."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from treadle.connectors.upkeep import start_fsck, start_gc
from treadle.permissions import Permission
from treadle.repos import retention
from treadle.repos.catalogue import repo_id_of
from treadle.repos.retention import Rules
from treadle.web.call import Call
from treadle.web.routes_repos import grant_of, repo_of
from treadle.web.routing import Reply, Route, json_reply


class RetentionBody(msgspec.Struct):
    """How many days a commit is kept that no branch's head is; null: for good. What is left out stays."""

    keep_days: Annotated[int, msgspec.Meta(ge=1, le=100000)] | UnsetType | None = UNSET
    keep_tags: bool | UnsetType = UNSET


class CheckBody(msgspec.Struct):
    """What to check besides every byte; ``references``: what files refer to in storages."""

    references: bool = False


def post_gc(call: Call) -> Reply:
    """Free what no commit holds any more, by a job."""
    with call.write() as tx:
        return json_reply({"job": start_gc(tx, grant_of(call, tx)[1]).id}, 202)


def post_fsck(call: Call) -> Reply:
    """Check every byte, by a job whose result names what is damaged."""
    asked = call.decode(CheckBody) if call.body else CheckBody()
    with call.write() as tx:
        job = start_fsck(tx, grant_of(call, tx)[1], references=asked.references)
        return json_reply({"job": job.id}, 202)


def get_retention(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(_told(retention.get(tx, repo_of(call, tx))))


def put_retention(call: Call) -> Reply:
    asked = call.decode(RetentionBody)
    with call.write() as tx:
        grant = grant_of(call, tx)[1]
        before = retention.get(tx, repo_id_of(grant))
        keep_days = before.keep_days if asked.keep_days is UNSET else asked.keep_days
        keep_tags = before.keep_tags if asked.keep_tags is UNSET else asked.keep_tags
        return json_reply(_told(retention.change(tx, grant, Rules(keep_days, keep_tags))))


def _told(rules: Rules) -> RetentionBody:
    return RetentionBody(rules.keep_days, rules.keep_tags)


_READ, _WRITE, _DELETE = Permission.REPO_READ, Permission.REPO_WRITE, Permission.REPO_DELETE
_RETENTION = "/api/repos/{id}/retention/"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/repos/{id}/gc/", post_gc, _WRITE, "Free what no commit holds", status=202),
    Route(
        "POST",
        "/api/repos/{id}/fsck/",
        post_fsck,
        _WRITE,
        "Check every byte of a repo",
        CheckBody,
        status=202,
    ),
    Route("GET", _RETENTION, get_retention, _READ, "How long old commits are kept", None, RetentionBody),
    Route("PUT", _RETENTION, put_retention, _DELETE, "Say how long", RetentionBody, RetentionBody),
)

"""Jobs over HTTP: how far they are, what they say, stopping and repeating them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from treadle.access import Actor
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.jobs import JobState, listing, request_cancel
from treadle.jobs.listing import JobFilter
from treadle.labeling import retrying
from treadle.labeling.retrying import Retrying
from treadle.learning import retrying as learning_retrying
from treadle.web.call import Call
from treadle.web.routing import SIGNED_IN, Reply, Route, json_reply

_RETRYING = Retrying((*retrying.RETRIES, *learning_retrying.RETRIES))
_PAGE_SIZE = 50
_MOST_PER_PAGE = 500


class ProgressBody(msgspec.Struct):
    """``total`` is 0 while nobody knows it."""

    done: int
    total: int


class PersonBody(msgspec.Struct):
    """Who submitted a job."""

    id: int
    email: str
    first_name: str
    last_name: str


class ProjectBody(msgspec.Struct):
    """What a job works on."""

    id: int
    title: str


class JobBody(msgspec.Struct, kw_only=True):
    """A job; ``state`` is queued, running, done, failed or cancelled, the last three for good."""

    id: str
    kind: str
    state: str
    progress: ProgressBody
    message: str
    #: Once it is done; null in a list where it is long.
    result: msgspec.Raw | None
    #: Once it failed: ``{"category", "code", "message", "fields"}``.
    error: msgspec.Raw | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: null: whoever submitted it is no longer here.
    actor: PersonBody | None
    #: null: it works on no project, or that is deleted.
    project: ProjectBody | None
    workspace_id: int | None
    cancel_requested: bool
    #: The job that failed or was cancelled, and that this one does again.
    retry_of: str | None
    may_cancel: bool
    may_retry: bool


class LoggedJobBody(JobBody, kw_only=True):
    """A job with what it wrote down, a line each."""

    log: str


class JobPage(msgspec.Struct):
    """A page of jobs, newest first."""

    count: int
    next: str | None
    previous: str | None
    results: list[JobBody]


def list_jobs(call: Call) -> Reply:
    """Those that one sees (see `jobs.listing`); ``?project= &workspace= &state= &kind=``."""
    page, size = call.query_page(), call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE)
    only = JobFilter(
        call.query_int("project"), call.query_int("workspace"), call.query_text("kind") or None, _states(call)
    )
    with call.read() as tx:
        total, rows = listing.list_seen(tx, call.actor, only, limit=size, offset=(page - 1) * size)
    later = call.page_url(page + 1) if page * size < total else None
    earlier = call.page_url(page - 1) if page > 1 else None
    return json_reply(JobPage(total, later, earlier, [JobBody(**_fields(row)) for row in rows]))


def get_job(call: Call) -> Reply:
    with call.read() as tx:
        return _answer(tx, call.actor, call.path_params["id"], 200)


def cancel_job(call: Call) -> Reply:
    """Ask a job to stop; it ends a little later, having undone what it did."""
    with call.write() as tx:
        job = listing.get_seen(tx, call.actor, call.path_params["id"])
        request_cancel(tx, call.actor, job)
        return _answer(tx, call.actor, job.id, 202)


def retry_job(call: Call) -> Reply:
    """Order again what a failed or cancelled job did not do; the new job, of who asks."""
    with call.write() as tx:
        job = _RETRYING.retry(tx, call.actor, listing.get_seen(tx, call.actor, call.path_params["id"]))
        return _answer(tx, call.actor, job.id, 201)


def _answer(tx: Tx, actor: Actor, job_id: str, status: int) -> Reply:
    row = listing.read(tx, actor, listing.get_seen(tx, actor, job_id).id)
    return json_reply(LoggedJobBody(**_fields(row), log=row["log"]), status)


def _states(call: Call) -> list[JobState]:
    names = [name for name in call.query_text("state").split(",") if name]
    known = [state.value for state in JobState]
    wrong = [name for name in names if name not in known]
    if wrong:
        text = f"{wrong[0]!r} is no state of a job. There are: {', '.join(known)}."
        raise Invalid("query-invalid", text, fields={"state": [text]})
    return [JobState(name) for name in names]


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    state = JobState(row["state"])
    is_over = row["finished_at"] is not None
    person = PersonBody(row["actor_id"], row["email"], row["first_name"], row["last_name"])
    has_project = row["project_title"] is not None
    return {
        "id": row["id"],
        "kind": row["kind"],
        "state": state.value,
        "progress": ProgressBody(row["progress_done"], row["progress_total"]),
        "message": row["message"],
        "result": _raw(row["result"]),
        # It stands in the row from the moment of the failure, while what was done is being undone.
        "error": _raw(row["error"]) if is_over else None,
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "actor": None if row["actor_id"] is None else person,
        "project": ProjectBody(row["project_id"], row["project_title"]) if has_project else None,
        "workspace_id": row["workspace_id"],
        "cancel_requested": row["cancel_requested"],
        "retry_of": row["retry_of"],
        "may_cancel": not is_over and not row["cancel_requested"],
        "may_retry": has_project and _RETRYING.can_be_retried(row["kind"], state, row["payload"]),
    }


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


_ONE = "/api/jobs/{id}/"

ROUTES: tuple[Route, ...] = (
    # Who sees which job is asked of each: see `jobs.listing`.
    Route("GET", "/api/jobs/", list_jobs, SIGNED_IN, "List jobs", None, JobPage),
    Route("GET", _ONE, get_job, SIGNED_IN, "Get a job", None, LoggedJobBody),
    Route(
        "POST", "/api/jobs/{id}/cancel/", cancel_job, SIGNED_IN, "Stop a job", None, LoggedJobBody, status=202
    ),
    Route(
        "POST", "/api/jobs/{id}/retry/", retry_job, SIGNED_IN, "Repeat a job", None, LoggedJobBody, status=201
    ),
)

"""Sources and targets of projects over HTTP, as Label Studio's clients ask for them, and what is ours."""

from __future__ import annotations

import mimetypes
import tempfile
from collections.abc import Mapping
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from treadle.access import Grant, ProjectScope
from treadle.connectors import opening, sources, storages
from treadle.connectors.committing import start_commit
from treadle.connectors.opening import AnyKind
from treadle.connectors.pending import count_pending
from treadle.connectors.places import Direction, Field, Form, fields_for, read_form, text_of
from treadle.connectors.referencing import ReferenceOrder, start_referencing
from treadle.connectors.repo_kind import REPO, repo_of, shown_options
from treadle.connectors.showing import ShownFile, find_shown, find_source, forget_thumbnails
from treadle.connectors.storages import NewStorage, Storage
from treadle.connectors.syncing import start_sync
from treadle.connectors.targets import start_writing
from treadle.db import Tx
from treadle.errors import Conflict, Invalid, NotFound, Unsupported
from treadle.jobs import Job
from treadle.labeling import projects
from treadle.labeling.config import parse_config
from treadle.labeling.exports.repo_pictures import SOURCE_FILES
from treadle.labeling.pictures import read_picture
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.bodies import whole_number
from treadle.web.call import Call
from treadle.web.downloads import stream_object, stream_stretch
from treadle.web.job_replies import wait_to_end, wants_no_wait
from treadle.web.routing import SIGNED_IN, AnyReply, Reply, Route, StreamReply, empty, json_reply

_MOST_FILES = 100
_LONGEST_MESSAGE = 10_000
_SPOOLED_BYTES = 8 * 1024**2
#: What a file shows does not change under its ETag.
_AWHILE = "private, max-age=60"


def list_kinds(call: Call) -> Reply:
    """The kinds that a source or a target can be."""
    with call.read():
        known = opening.list_kinds(_direction(call))
    return json_reply([{"name": each.name, "title": each.title} for each in known])


def get_form(call: Call) -> Reply:
    """The fields of a kind, in the layout of Label Studio's forms."""
    direction = _direction(call)
    with call.read():
        kind = opening.find_kind(call.path_params["kind"], direction)
    title = {"type": "text", "name": "title", "label": "Storage Title", "required": False, "value": ""}
    told = [title, *(_field(each) for each in fields_for(kind, direction))]
    return json_reply([{"columnCount": 1, "fields": [each]} for each in told])


def list_storages(call: Call) -> Reply:
    """The sources or targets of a project, or those of one kind."""
    direction = _direction(call)
    project_id = _project_of(call.query)
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        kind = call.path_params.get("kind")
        if kind is not None:
            opening.find_kind(kind, direction)
        found = storages.list_of_project(tx, project_id, direction, kind)
        return json_reply([_told(tx, each) for each in found])


def create_storage(call: Call) -> Reply:
    """Add a source or a target, once it can be reached."""
    direction, given = _direction(call), call.fields()
    project_id = _project_of(given)
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        kind = opening.find_kind(call.path_params["kind"], direction)
        form = opening.complete(tx, grant, read_form(kind, direction, given), kind=kind, direction=direction)
    opening.open_form(call.parts, kind, form).check(direction)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        words = {name: _words(given, name) for name in ("title", "description")}
        new = NewStorage(direction, kind.name, form, **words)
        return json_reply(_told(tx, storages.create(tx, grant, new, call.parts.signing_key)), 201)


def check_storage(call: Call) -> Reply:
    """Try to reach a storage as it is described; with the id of one that is there its secrets are known."""
    direction, given = _direction(call), call.fields()
    storage_id = _number(given, "id")
    with call.read() as tx:
        kind = opening.find_kind(call.path_params["kind"], direction)
        if storage_id is None:
            grant = call.allow(tx, ProjectScope(_project_of(given)))
            form = read_form(kind, direction, given)
        else:
            grant, storage = _find(call, tx, storage_id)
            form = _changed_form(call, kind, storage, given)
        form = opening.complete(tx, grant, form, kind=kind, direction=direction)
    opening.open_form(call.parts, kind, form).check(direction)
    return json_reply({})


def list_files(call: Call) -> Reply:
    """The first files that a source would read, and whether each would become a task."""
    given = call.fields()
    with call.read() as tx:
        kind = opening.find_kind(call.path_params["kind"], "source")
        project_id = _project_of(given)
        grant = call.allow(tx, ProjectScope(project_id))
        form = opening.complete(tx, grant, read_form(kind, "source", given), kind=kind, direction="source")
        head = opening.head_of_form(tx, grant, kind, form)
        config = parse_config(projects.config_of(tx, project_id))
    place = opening.open_form(call.parts, kind, form, head)
    limit = _number(given, "limit") or _MOST_FILES
    found = islice(place.list(), max(0, min(limit, _MOST_FILES)))
    told = [
        {
            "key": each.key,
            "last_modified": each.modified_at,
            "size": each.size_bytes,
            "is_task": sources.becomes_tasks(each.key, form.options, config),
        }
        for each in found
    ]
    return json_reply({"files": told})


def get_storage(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(_told(tx, _find_asked(call, tx)[1]))


def change_storage(call: Call) -> Reply:
    """Change what a storage is made of, once it can be reached so."""
    given = call.fields()
    with call.read() as tx:
        grant, storage = _find_asked(call, tx)
        kind = opening.find_kind(storage.kind, storage.direction)
        form = _changed_form(call, kind, storage, given)
        form = opening.complete(tx, grant, form, kind=kind, direction=storage.direction)
    opening.open_form(call.parts, kind, form).check(storage.direction)
    with call.write() as tx:
        grant, storage = _find_asked(call, tx)
        words = {
            name: _words(given, name) if name in given else getattr(storage, name)
            for name in ("title", "description")
        }
        changed = storages.change(tx, grant, storage, form, key=call.parts.signing_key, **words)
        return json_reply(_told(tx, changed))


def delete_storage(call: Call) -> Reply:
    """Forget a storage; its tasks stay, and so does what was written to it."""
    with call.write() as tx:
        grant, storage = _find_asked(call, tx)
        storages.remove(tx, grant, storage)
    forget_thumbnails(call.parts.objects, storage.id)
    return empty()


async def sync_storage(call: Call) -> Reply:
    """Read a source anew, or write a target whole; with ``Prefer: respond-async`` the job that does."""
    job = await call.in_thread(_start_sync, call)
    if job is not None and wants_no_wait(call):
        return json_reply({"job": job.id}, 202)
    if job is not None:
        await wait_to_end(call, job)
    return await call.in_thread(get_storage, call)


def commit_labels(call: Call) -> Reply:
    """Make one commit of everything that was labelled since the last."""
    message = _words(call.fields(), "message").strip()
    if not message or len(message) > _LONGEST_MESSAGE:
        text = f"Say what this commit is, in at most {_LONGEST_MESSAGE:,} characters."
        raise Invalid("message", text, fields={"message": [text]})
    with call.write() as tx:
        grant, storage = _find_repo_target(call, tx)
        return json_reply({"job": start_commit(tx, grant, storage.id, message).id}, 202)


def refer_to_files(call: Call) -> Reply:
    """Put every file that a source selects, or all below a prefix, into a repo, by reference."""
    given = call.fields()
    with call.write() as tx:
        grant, storage = _find_asked(call, tx)
        repo = opening.complete(
            tx, grant, Form({"repo": _words(given, "repo")}), kind=REPO, direction="target"
        )
        order = ReferenceOrder(
            storage.id,
            repo_of(repo.options),
            text_of(repo.options, "branch"),
            _words(given, "folder"),
            _words(given, "message") or f"Files of {storage.name}",
            _words(given, "prefix") if "prefix" in given else None,
        )
        return json_reply({"job": start_referencing(tx, grant, order).id}, 202)


def get_pending(call: Call) -> Reply:
    """What a commit of labels would hold."""
    with call.read() as tx:
        _, storage = _find_repo_target(call, tx)
        count = count_pending(tx, storage)
    branch = text_of(storage.options, "branch")
    told = {"tasks": count, "since": storage.head, "branch": branch, "repo": repo_of(storage.options)}
    return json_reply(told)


def get_item(call: Call) -> AnyReply:
    """A file of a source that a task shows; ``?thumbnail=320``: a small JPEG of a picture.

    ``?at=…``: of a repo as it was at that time, for labels that were made then.
    """
    storage_id, key = call.path_int("storage"), call.path_params["key"]
    with call.read() as tx, told_as(NotFound("file-not-found", f"There is no file at {call.path}.")):
        storage = find_source(tx, storage_id)
        grant = call.allow(tx, ProjectScope(storage.project_id))
        shown = find_shown(tx, grant, storage, key, at=_time(call))
    if call.query_text("thumbnail"):
        return _send_thumbnail(call, shown)
    return _send_item(call, shown)


def _time(call: Call) -> datetime | None:
    text = call.query_text("at")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError) as error:
        said = f"at is {text[:40]!r}; give a time such as 2026-11-21T10:00:00Z."
        raise Invalid("query-invalid", said, fields={"at": [said]}) from error


def _send_item(call: Call, shown: ShownFile) -> AnyReply:
    content_type = mimetypes.guess_type(shown.key)[0] or "application/octet-stream"
    headers = {"Cache-Control": _AWHILE}
    if shown.etag:
        headers["ETag"] = f'"{shown.etag.strip(chr(34))}"'
        if call.headers.get("if-none-match") == headers["ETag"]:
            return Reply(304, content_type="", headers=headers)
    place = shown.open(call.parts, call.parts.signing_key)
    if shown.size_bytes is None:
        return StreamReply(place.read(shown.key), content_type, headers)

    def read(start: int, end: int | None) -> Any:
        return place.read(shown.key, start, end)

    return stream_stretch(call, shown.size_bytes, read, content_type, headers=headers)


def _send_thumbnail(call: Call, shown: ShownFile) -> AnyReply:
    objects, headers = call.parts.objects, {"Cache-Control": _AWHILE}
    try:
        return stream_object(call, shown.thumbnail_key, "image/jpeg", headers)
    except NotFound:
        small = _make_thumbnail(call, shown)
    objects.put(shown.thumbnail_key, [small])
    return Reply(200, small, "image/jpeg", headers)


def _make_thumbnail(call: Call, shown: ShownFile) -> bytes:
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as file:
        for chunk in shown.read(call.parts, call.parts.signing_key):
            file.write(chunk)
        file.seek(0)
        try:
            return read_picture(file, shown.key).thumbnail  # type: ignore[arg-type]
        except Invalid as error:
            raise NotFound("no-picture", error.message) from error


def _start_sync(call: Call) -> Job | None:
    with call.write() as tx:
        grant, storage = _find_asked(call, tx)
        if storage.direction == "source":
            return start_sync(tx, grant, storage.id)
        if not storage.is_repo:
            return start_writing(tx, grant, storage.id)
        try:
            return start_commit(tx, grant, storage.id, "Labels")
        except Conflict as error:
            if error.code != "nothing-to-commit":
                raise
            return None


def _direction(call: Call) -> Direction:
    return "target" if call.path.startswith("/api/storages/export") else "source"


def _find_asked(call: Call, tx: Tx) -> tuple[Grant, Storage]:
    return _find(call, tx, call.path_int("id"))


def _find(call: Call, tx: Tx, storage_id: int) -> tuple[Grant, Storage]:
    """The storage in the path's direction and kind, and the grant of its project. Raises NotFound."""
    with told_as(storages.no_storage(storage_id)):
        found = storages.find(tx, _direction(call), call.path_params["kind"], storage_id)
        return call.allow(tx, ProjectScope(found.project_id)), found


def _find_repo_target(call: Call, tx: Tx) -> tuple[Grant, Storage]:
    grant, found = _find_asked(call, tx)
    if not found.is_repo:
        text = f"{found.name} is no repo, and has no commits. Its annotations are written as they are saved."
        raise Unsupported("storage-no-commits", text)
    return grant, found


def _changed_form(call: Call, kind: AnyKind, storage: Storage, given: Mapping[str, Any]) -> Form:
    before = storages.form_of(storage, call.parts.signing_key)
    return read_form(kind, storage.direction, given, before=before, only_given=True)


def _project_of(given: Mapping[str, Any]) -> int:
    project_id = _number(given, "project")
    if project_id is None:
        raise Invalid("project", "Say of which project.", fields={"project": ["This field is required."]})
    return project_id


def _number(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    return whole_number(name, None if value is None else str(value), None)


def _words(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid("body-invalid", f"{name} must be a text.", fields={name: ["Expected a text."]})
    return value or ""


def _field(field: Field) -> dict[str, Any]:
    told = {
        "type": field.type,
        "name": field.name,
        "label": field.label,
        "required": field.required,
        "value": field.default,
        "description": field.help,
        "secret": field.secret,
    }
    if field.choices:
        told["options"] = [{"value": value, "label": label} for value, label in field.choices]
    return told


def _told(tx: Tx, storage: Storage) -> dict[str, Any]:
    """A storage as Label Studio tells it, with its fields but for secrets, and what became of its files."""
    return {
        **shown_options(storage.options),
        "id": storage.id,
        "type": storage.kind,
        "synchronizable": True,
        "project": storage.project_id,
        "title": storage.title,
        "description": storage.description,
        "created_at": storage.created_at,
        "last_sync": storage.last_sync_at,
        "last_sync_count": storage.last_sync_count,
        "last_sync_job": storage.last_job,
        "status": storage.status,
        "traceback": storage.problem or None,
        "meta": storage.meta,
        "counts": storages.count_items(tx, storage),
        **({"commit": storage.head, "branch": storage.options.get("branch")} if storage.is_repo else {}),
    }


_READ, _WRITE = Permission.TASK_READ, Permission.PROJECT_WRITE


def _routes(root: str, what: str) -> tuple[Route, ...]:
    kind, one = f"{root}/{{kind}}/", f"{root}/{{kind}}/{{id}}/"
    return (
        Route("GET", f"{root}/types/", list_kinds, SIGNED_IN, f"List the kinds of {what} storages"),
        Route("GET", f"{root}/", list_storages, _WRITE, f"List all {what} storages of a project"),
        Route("GET", kind, list_storages, _WRITE, f"List {what} storages of one kind"),
        Route("POST", kind, create_storage, _WRITE, f"Create new {what} storage", dict, status=201),
        Route("GET", f"{kind}form/", get_form, SIGNED_IN, f"The form of {what} storages"),
        Route("POST", f"{kind}validate/", check_storage, _WRITE, f"Validate {what} storage", dict),
        Route("GET", one, get_storage, _WRITE, f"Get {what} storage"),
        Route("PATCH", one, change_storage, _WRITE, f"Update {what} storage", dict),
        Route("DELETE", one, delete_storage, _WRITE, f"Delete {what} storage", status=204),
        Route("POST", f"{one}sync/", sync_storage, _WRITE, f"Sync {what} storage", stream=True),
    )


_SOURCE = "/api/storages/{kind}/{id}/"
_TARGET = "/api/storages/export/{kind}/{id}/"

ROUTES: tuple[Route, ...] = (
    *_routes("/api/storages", "import"),
    *_routes("/api/storages/export", "export"),
    Route("POST", "/api/storages/{kind}/files/", list_files, _WRITE, "List files of an import storage", dict),
    Route("POST", f"{_SOURCE}references/", refer_to_files, _WRITE, "Refer to files", dict, status=202),
    Route("POST", f"{_TARGET}commit/", commit_labels, _WRITE, "Commit labels", dict, status=202),
    Route("GET", f"{_TARGET}pending/", get_pending, _WRITE, "What a commit of labels would hold"),
    Route("GET", f"{SOURCE_FILES}{{storage}}/{{key...}}", get_item, _READ, "File that a task shows"),
)

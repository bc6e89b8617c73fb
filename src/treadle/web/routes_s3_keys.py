"""The S3 gateway's access keys, and when what it stages becomes a commit by itself."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from treadle.access import Actor, RepoScope
from treadle.access.s3_keys import S3Key, create_key, find_workspace_id, list_keys, revoke_key
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.permissions import Permission, Role
from treadle.repos.auto_commits import AutoCommit, change_setting, read_setting
from treadle.web.body_types import Number, Whole
from treadle.web.call import Call
from treadle.web.routing import OWN_ACCOUNT, Reply, Route, empty, json_reply


class NewS3Key(msgspec.Struct):
    """A key to be made: for one workspace, by id or name, or all; ``role``: the most that it may."""

    name: str
    workspace: Whole | str | None = None
    role: str | None = None


class S3KeyWorkspace(msgspec.Struct):
    """The only workspace that a key reaches."""

    id: int
    name: str


class S3KeyBody(msgspec.Struct):
    """A key that works."""

    id: int
    name: str
    access_key_id: str
    workspace: S3KeyWorkspace | None
    role: str | None
    created_at: datetime
    last_used_at: datetime | None


class NewS3KeyBody(S3KeyBody):
    """A key with its secret, which is shown this once."""

    secret_access_key: str


class S3KeyList(msgspec.Struct):
    """My keys, newest first."""

    results: list[S3KeyBody]


class AutoCommitBody(msgspec.Struct):
    """After how many staged files, and how many minutes since the first; 0: not by that.

    What is left out stays as it is.
    """

    after_files: Number | UnsetType = UNSET
    after_minutes: Number | UnsetType = UNSET


def get_s3_keys(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply(S3KeyList([_body(key) for key in list_keys(tx, call.actor)]))


def post_s3_key(call: Call) -> Reply:
    asked = call.decode(NewS3Key)
    role = _read_role(asked.role)
    with call.write() as tx:
        key, secret = create_key(
            tx,
            call.actor,
            call.parts.signing_key,
            name=asked.name,
            workspace_id=_read_workspace(tx, call.actor, asked.workspace),
            role=role,
        )
    fields = msgspec.structs.asdict(_body(key))
    return json_reply(NewS3KeyBody(**fields, secret_access_key=secret.reveal()), 201)


def delete_s3_key(call: Call) -> Reply:
    key_id = call.path_int("id")
    with call.write() as tx:
        revoke_key(tx, call.actor, key_id)
    return empty()


def get_auto_commit(call: Call) -> Reply:
    with call.read() as tx:
        grant = call.allow(tx, RepoScope(call.path_int("id")))
        return json_reply(_setting_body(read_setting(tx, grant)))


def put_auto_commit(call: Call) -> Reply:
    asked = call.decode(AutoCommitBody)
    with call.write() as tx:
        grant = call.allow(tx, RepoScope(call.path_int("id")))
        before = read_setting(tx, grant)
        after_files = before.after_files if asked.after_files is UNSET else asked.after_files
        after_minutes = before.after_minutes if asked.after_minutes is UNSET else asked.after_minutes
        setting = AutoCommit(after_files, after_minutes)
        change_setting(tx, grant, setting)
    return json_reply(_setting_body(setting))


def _setting_body(setting: AutoCommit) -> AutoCommitBody:
    return AutoCommitBody(setting.after_files, setting.after_minutes)


def _read_role(text: str | None) -> Role | None:
    if text is None:
        return None
    try:
        return Role(text)
    except ValueError as error:
        said = f"{text[:40]!r} is no role; give {', '.join(role.value for role in Role)}, or leave it out."
        raise Invalid("role", said, fields={"role": [said]}) from error


def _read_workspace(tx: Tx, actor: Actor, asked: int | str | None) -> int | None:
    return find_workspace_id(tx, actor, asked) if isinstance(asked, str) else asked


def _body(key: S3Key) -> S3KeyBody:
    place = S3KeyWorkspace(key.workspace_id, key.workspace or "") if key.workspace_id is not None else None
    return S3KeyBody(
        key.id,
        key.name,
        key.access_key_id,
        place,
        key.role.value if key.role else None,
        key.created_at,
        key.last_used_at,
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/s3-keys", get_s3_keys, OWN_ACCOUNT, "List my S3 access keys", None, S3KeyList),
    Route(
        "POST",
        "/api/s3-keys",
        post_s3_key,
        OWN_ACCOUNT,
        "Create an S3 access key",
        NewS3Key,
        NewS3KeyBody,
        201,
    ),
    Route("DELETE", "/api/s3-keys/{id}", delete_s3_key, OWN_ACCOUNT, "Revoke an S3 key of mine", status=204),
    Route(
        "GET",
        "/api/repos/{id}/auto-commit/",
        get_auto_commit,
        Permission.REPO_READ,
        "When staged files become a commit by themselves",
        None,
        AutoCommitBody,
    ),
    Route(
        "PUT",
        "/api/repos/{id}/auto-commit/",
        put_auto_commit,
        Permission.REPO_WRITE,
        "Set when staged files become a commit by themselves",
        AutoCommitBody,
        AutoCommitBody,
    ),
)

"""People."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from treadle.access import ORGANIZATION
from treadle.access.organization import read_organization
from treadle.access.passwords import check_password_rules, hash_password
from treadle.access.people import deactivate_person
from treadle.access.users import (
    NewUser,
    add_user,
    change_profile,
    list_users,
    read_user,
    read_visible_user,
)
from treadle.errors import Forbidden, Invalid
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.people import PersonBody, person_body
from treadle.web.routing import OWN_ACCOUNT, SIGNED_IN, Reply, Route, empty, json_reply


class NewUserForm(msgspec.Struct):
    """A person to be added; without a password they come in by a reset of it."""

    email: str
    password: str = ""
    first_name: str = ""
    last_name: str = ""


class ProfileForm(msgspec.Struct):
    """What to change of a person; what is left out stays."""

    first_name: str | None = None
    last_name: str | None = None


class HotkeysBody(msgspec.Struct):
    """A person's own keys by act, such as ``"annotation:submit": {"key": "ctrl+enter", "active": true}``."""

    custom_hotkeys: dict[Annotated[str, Meta(min_length=1, max_length=100)], dict[str, Any]]


def get_users(call: Call) -> Reply:
    with call.read() as tx:
        seen = list_users(tx, call.actor, list(call.allow_anywhere(tx)))
        organization = read_organization(tx)
    return json_reply([person_body(user, organization) for user in seen])


def get_user(call: Call) -> Reply:
    user_id = call.path_int("id")
    with call.read() as tx:
        user = read_visible_user(tx, call.actor, user_id, list(call.allow_anywhere(tx)))
        return json_reply(person_body(user, read_organization(tx)))


def post_user(call: Call) -> Reply:
    form = call.decode(NewUserForm)
    if form.password:
        check_password_rules(form.password)
    password_hash = hash_password(form.password) if form.password else None
    new = NewUser(form.email, password_hash, form.first_name, form.last_name)
    with call.write() as tx:
        grant = call.allow(tx, ORGANIZATION)
        user = add_user(tx, new, actor_id=grant.actor.user_id)
        return json_reply(person_body(user, read_organization(tx)), 201)


def patch_user(call: Call) -> Reply:
    user_id = call.path_int("id")
    form = call.decode(ProfileForm)
    changes = {name: value for name, value in msgspec.structs.asdict(form).items() if value is not None}
    with call.write() as tx:
        call.check_is_whole()
        workspace_ids = list(call.allow_anywhere(tx))
        user = read_visible_user(tx, call.actor, user_id, workspace_ids)
        if user.id != call.actor.user_id and not call.actor.is_admin:
            raise Forbidden("not-allowed", "Only they themselves and an organisation admin may change this.")
        return json_reply(person_body(change_profile(tx, user_id, changes), read_organization(tx)))


def delete_user(call: Call) -> Reply:
    user_id = call.path_int("id")
    with call.write() as tx:
        deactivate_person(tx, call.allow(tx, ORGANIZATION), user_id)
    return empty()


def get_hotkeys(call: Call) -> Reply:
    with call.read() as tx:
        user = read_user(tx, call.actor.user_id)
    return json_reply({"custom_hotkeys": msgspec.Raw(user.hotkeys.encode())})


def patch_hotkeys(call: Call) -> Reply:
    keys = call.decode(HotkeysBody)
    _check_hotkeys(keys)
    text = msgspec.json.encode(keys.custom_hotkeys).decode()
    with call.write() as tx:
        change_profile(tx, call.actor.user_id, {"hotkeys": text})
    return json_reply(keys)


def _check_hotkeys(keys: HotkeysBody) -> None:
    wrong = [
        f"{name}: give key as a text of 1 to {_LONGEST_KEY} characters, and active as true or false."
        for name, value in keys.custom_hotkeys.items()
        if not _is_key(value.get("key")) or not isinstance(value.get("active", True), bool)
    ]
    if wrong:
        raise Invalid("hotkeys-malformed", wrong[0], fields={"custom_hotkeys": wrong[:_MOST_TOLD]})


def _is_key(key: object) -> bool:
    # null: the action has no key.
    return key is None or (isinstance(key, str) and 1 <= len(key) <= _LONGEST_KEY)


_LONGEST_KEY = 50
_MOST_TOLD = 20

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/users/", get_users, Permission.MEMBERS_READ, "List users", None, list[PersonBody]),
    Route(
        "POST",
        "/api/users/",
        post_user,
        Permission.ORGANIZATION_ADMIN,
        "Create new user",
        NewUserForm,
        PersonBody,
        201,
    ),
    Route("GET", "/api/users/{id}/", get_user, Permission.MEMBERS_READ, "Get user info", None, PersonBody),
    Route(
        "PATCH",
        "/api/users/{id}/",
        patch_user,
        Permission.MEMBERS_READ,
        "Update user details",
        ProfileForm,
        PersonBody,
    ),
    Route(
        "DELETE", "/api/users/{id}/", delete_user, Permission.ORGANIZATION_ADMIN, "Delete user", status=204
    ),
    Route("GET", "/api/current-user/hotkeys/", get_hotkeys, SIGNED_IN, "Get user hotkeys", None, HotkeysBody),
    Route(
        "PATCH",
        "/api/current-user/hotkeys/",
        patch_hotkeys,
        OWN_ACCOUNT,
        "Update user hotkeys",
        HotkeysBody,
        HotkeysBody,
    ),
)

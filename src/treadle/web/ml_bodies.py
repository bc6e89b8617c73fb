"""Backends on the wire: Label Studio's fields, and ours beside them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from treadle.db import Tx
from treadle.errors import Invalid
from treadle.labeling import rendering
from treadle.late import late
from treadle.learning.connections import backends, connecting
from treadle.learning.connections.backends import STATES, Backend, NewBackend
from treadle.learning.connections.calling import parse_address
from treadle.learning.connections.connection_settings import check_extra_params, check_settings
from treadle.settings import Secret
from treadle.web.body_types import Id
from treadle.web.call import Call

find_builtin = late("treadle.learning.connections.builtin:find_builtin")

#: The title of one that is given none, as Label Studio calls it.
_UNTITLED = "default"
_LONGEST = {"title": 300, "description": 20_000, "basic_auth_user": 1_000, "basic_auth_pass": 10_000}
_MOST_EXTRA_BYTES = 100_000
_TIMEOUTS_S = (0.1, 7_200.0)
_REQUIRED = "This field is required."
_NO_PASSWORD = "Authentication username and password is required for Basic Authentication."
_MOVED = (
    "The backend moves to another server, which does not get the password or token of the one before: "
    "give it again, or set auth_method to NONE."
)
_PORTS = {"http": 80, "https": 443}
_NO_TOKEN = "A token is required, as basic_auth_pass."


class BackendBody(Struct):
    """What a client sends of a backend; null is as good as nothing."""

    url: str | UnsetType | None = UNSET
    builtin: str | UnsetType | None = UNSET
    project: Id | UnsetType = UNSET
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    is_interactive: bool | UnsetType = UNSET
    auth_method: Literal["NONE", "BASIC_AUTH", "TOKEN"] | UnsetType = UNSET
    basic_auth_user: str | UnsetType | None = UNSET
    basic_auth_pass: str | UnsetType | None = UNSET
    extra_params: Raw | UnsetType = UNSET
    timeout: float | UnsetType | None = UNSET
    auto_update: bool | UnsetType = UNSET
    hostname: str | UnsetType | None = UNSET
    settings: dict[str, Any] | UnsetType | None = UNSET


class InteractiveBody(Struct):
    """What somebody has drawn on a task."""

    task: Id
    context: Raw | UnsetType = UNSET


def backend_body(tx: Tx, backend: Backend, *, is_whole: bool = True) -> dict[str, Any]:
    """A backend as clients know it; never its secret.

    is_whole: with its extra parameters, which may be some, for who may change it.
    """
    state = connecting.state_of(tx, backend)
    serving = backends.serving_version(tx, backend.id)
    return {
        "id": backend.id,
        "state": state,
        "readable_state": STATES[state],
        "is_interactive": backend.is_interactive,
        "url": backend.url,
        "error_message": backend.problem or None,
        "title": backend.title,
        "auth_method": backend.auth_method,
        "basic_auth_user": backend.auth_user,
        "basic_auth_pass_is_set": backend.sealed_secret is not None,
        "description": backend.description,
        "extra_params": Raw(backend.extra_params.encode()) if backend.extra_params and is_whole else None,
        "model_version": backend.model_version,
        "timeout": backend.timeout_s,
        "created_at": rendering.instant(backend.created_at),
        "updated_at": rendering.instant(backend.updated_at),
        "auto_update": backend.auto_update,
        "project": backend.project_id,
        "builtin": backend.builtin,
        "settings": backend.settings,
        "generation": backend.generation,
        "hostname": backend.hostname or backend.called_as,
        "checked_at": rendering.instant(backend.checked_at),
        "serving_version": serving and {name: serving[name] for name in ("id", "name", "number")},
        "versions": backends.version_numbers(tx, backend.id),
        "can_train": backend.generation != "",
        "can_follow": backend.can_follow,
    }


def brief_body(tx: Tx, backend: Backend) -> dict[str, Any]:
    """As much of a backend as the label page needs: who labels is not told where it is, nor what it says."""
    return {
        "id": backend.id,
        "title": backend.title,
        "is_interactive": backend.is_interactive,
        "timeout": backend.timeout_s,
        "state": connecting.state_of(tx, backend),
        "project": backend.project_id,
        "versions": backends.version_numbers(tx, backend.id),
    }


def new_backend(body: BackendBody, label_config: str, called_as: str) -> NewBackend:
    """What a client wants connected. Raises Invalid("validation", "backend-url")."""
    _check(body)
    builtin, url = _text(body.builtin), _text(body.url).strip()
    settings = _settings(body, {}, label_config, builtin)
    extra_params = _extra_params(body, "")
    check_extra_params(extra_params, settings)
    given: dict[str, Any] = {
        "settings": settings,
        "extra_params": extra_params,
        "description": _text(body.description),
        "is_interactive": body.is_interactive is True,
        "auto_update": body.auto_update is not False,
        "timeout_s": _timeout(body, 100.0),
        "hostname": _address(body),
        "called_as": called_as,
    }
    if builtin:
        return NewBackend(title=_text(body.title) or find_builtin(builtin).title, builtin=builtin, **given)
    if not url:
        raise _invalid(url=_REQUIRED)
    parse_address(url)
    method, secret = body.auth_method or "NONE", Secret(_text(body.basic_auth_pass))
    user = _text(body.basic_auth_user)
    _check_auth(method, user, is_secret=bool(secret))
    title = _text(body.title) or _UNTITLED
    return NewBackend(title=title, url=url, auth_method=method, auth_user=user, secret=secret, **given)


def changes_of(body: BackendBody, backend: Backend, label_config: str, key: Secret) -> dict[str, Any]:
    """What a client wants changed, by columns. Raises Invalid("validation", "backend-url")."""
    _check(body)
    if body.project is not UNSET and body.project != backend.project_id:
        raise _invalid(project="A backend stays in its project: connect it to the other one, too.")
    settings = _settings(body, backend.settings, label_config, backend.builtin)
    columns: dict[str, Any] = {
        "settings": settings,
        "extra_params": _extra_params(body, backend.extra_params),
        "timeout_s": _timeout(body, backend.timeout_s),
    }
    check_extra_params(columns["extra_params"], settings)
    for name in ("title", "description"):
        if getattr(body, name) is not UNSET:
            columns[name] = _text(getattr(body, name))
    for name in ("is_interactive", "auto_update"):
        if getattr(body, name) is not UNSET:
            columns[name] = getattr(body, name)
    if body.hostname is not UNSET:
        columns["hostname"] = _address(body)
    return {**columns, **({} if backend.builtin else _whereabouts(body, backend, key))}


def _whereabouts(body: BackendBody, backend: Backend, key: Secret) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if body.url is not UNSET:
        columns["url"] = _text(body.url).strip()
        parse_address(columns["url"])
    if body.auth_method is not UNSET:
        columns["auth_method"] = body.auth_method
    if body.basic_auth_user is not UNSET:
        columns["auth_user"] = _text(body.basic_auth_user)
    if _text(body.basic_auth_pass):
        columns["sealed_secret"] = backends.sealed(key, Secret(_text(body.basic_auth_pass)))
    method = columns.get("auth_method", backend.auth_method)
    if method == "NONE":
        return {**columns, "auth_user": "", "sealed_secret": None}
    if _origin(columns.get("url", backend.url)) != _origin(backend.url) and "sealed_secret" not in columns:
        raise _invalid(basic_auth_pass=_MOVED)
    is_secret = columns.get("sealed_secret", backend.sealed_secret) is not None
    _check_auth(method, columns.get("auth_user", backend.auth_user), is_secret=is_secret)
    return columns


def _origin(url: str) -> tuple[str, str | None, int]:
    target = parse_address(url)
    return target.scheme, target.hostname, target.port or _PORTS[target.scheme]


def base_of(call: Call, *, is_builtin: bool) -> str:
    """Where this server is for a backend: as it was asked, prefix included; on this machine for our own."""
    here = call.request.scope.get("server")
    if is_builtin and here and here[1]:
        host = f"[{here[0]}]" if ":" in here[0] else here[0]
        return f"http://{host}:{here[1]}"
    return call.site


def _check(body: BackendBody) -> None:
    for name, longest in _LONGEST.items():
        if len(_text(getattr(body, name))) > longest:
            raise _invalid(**{name: f"Ensure this field has no more than {longest} characters."})


def _check_auth(method: str, user: str, *, is_secret: bool) -> None:
    if method == "BASIC_AUTH" and not (user and is_secret):
        raise _invalid(non_field_errors=_NO_PASSWORD)
    if method == "TOKEN" and not is_secret:
        raise _invalid(basic_auth_pass=_NO_TOKEN)


def _settings(body: BackendBody, before: Any, label_config: str, builtin: str) -> dict[str, Any]:
    """Those that were set with those that are: what is not named stays, null unsets."""
    if body.settings is UNSET or body.settings is None:
        return dict(before)
    own = find_builtin(builtin).connection if builtin else ()
    return check_settings({**before, **body.settings}, label_config, own=own)


def _extra_params(body: BackendBody, before: str) -> str:
    if body.extra_params is UNSET:
        return before
    text = bytes(body.extra_params)
    if len(text) > _MOST_EXTRA_BYTES:
        raise _invalid(extra_params=f"Give at most {_MOST_EXTRA_BYTES} bytes.")
    try:
        value = msgspec.json.decode(text)
    except RecursionError as error:
        raise _invalid(extra_params="It is nested too deeply.") from error
    return "" if value is None else msgspec.json.encode(value).decode()


def _timeout(body: BackendBody, before: float) -> float:
    if body.timeout is UNSET or body.timeout is None:
        return before
    least, most = _TIMEOUTS_S
    if not least <= body.timeout <= most:
        raise _invalid(timeout=f"Give {least:g} to {most:g} seconds.")
    return body.timeout


def _address(body: BackendBody) -> str:
    text = _text(body.hostname).strip().rstrip("/")
    if text:
        try:
            parse_address(text)
        except Invalid as error:
            said = (
                "Give an address such as http://studio.example:8080, where the backend reaches this server."
            )
            raise _invalid(hostname=said) from error
    return text


def _text(value: str | UnsetType | None) -> str:
    return value if isinstance(value, str) else ""


def _invalid(**fields: str) -> Invalid:
    return Invalid("validation", "Validation error", fields={name: [text] for name, text in fields.items()})

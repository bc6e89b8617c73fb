"""What callers send, read into frozen values: Label Studio's servers of every age, and others like them."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import NoReturn, TypeVar
from xml.parsers import expat

import msgspec

from treadle.errors import Invalid

_NOTHING = b"null"
_SHOWN_CHARACTERS = 200
_MISSING = msgspec.Raw(b"")
_T = TypeVar("_T")
Name = int | float | str | dict[str, object] | None


class Parameters(msgspec.Struct, frozen=True):
    """``params`` of a prediction."""

    context: msgspec.Raw = msgspec.Raw(_NOTHING)
    login: object = None
    password: object = None


class PredictBody(msgspec.Struct, frozen=True):
    """The body of /predict; tasks stay the JSON that they came as."""

    tasks: list[msgspec.Raw]
    project: Name = None
    label_config: str | None = None
    params: Parameters | None = None
    #: What pins a version, and settings that hold for this call alone.
    model_version: str | int | None = None
    extra_params: msgspec.Raw = _MISSING

    @property
    def context(self) -> bytes:
        """JSON; NO_CONTEXT where nobody draws."""
        return bytes(self.params.context) if self.params is not None else _NOTHING


class SetupBody(msgspec.Struct, frozen=True):
    """The body of /setup."""

    project: Name = None
    schema: str | None = None
    label_config: str | None = None
    hostname: str | None = None
    access_token: str | None = None
    extra_params: msgspec.Raw = msgspec.Raw(_NOTHING)
    model_version: str | int | None = None


class EventBody(msgspec.Struct, frozen=True):
    """The body of /webhook, as far as it is read here."""

    action: str | None = None
    project: Name = None
    label_config: str | None = None
    promote: bool | None = None


class TrainBody(msgspec.Struct, frozen=True):
    """The body of /train, as servers of 2022 and ours send it."""

    annotations: list[msgspec.Raw] | None = None
    tasks: list[msgspec.Raw] | None = None
    project: Name = None
    label_config: str | None = None
    params: msgspec.Raw = msgspec.Raw(_NOTHING)
    promote: bool | None = None


class NamedBody(msgspec.Struct, frozen=True):
    """The body of what only names something."""

    project: Name = None
    project_src: Name = None
    project_dst: Name = None
    job: str | int | None = None
    model_version: str | int | None = None
    config: str | None = None
    label_config: str | None = None
    schema: str | None = None
    keep: bool = False


def read_predict(content: bytes) -> PredictBody:
    """Raises Invalid("body-not-json", "tasks-missing", "task-not-object", "body-wrong")."""
    try:
        body = _predict.decode(content)
    except msgspec.ValidationError as error:
        body = _predict_otherwise(content, error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(error) from error
    for task in body.tasks:
        if bytes(memoryview(task)[:1]) != b"{":
            raise Invalid("task-not-object", f"A task is {_shown(task)}: send objects with a data field.")
    context = body.context.lstrip()
    if not context.startswith((b"{", b"n")):
        raise Invalid("body-wrong", f"params.context is {_shown(context)}: send an object or null.")
    return body


def _predict_otherwise(content: bytes, error: msgspec.ValidationError) -> PredictBody:
    """The same where tasks are one object, or parameters none that we know."""
    fields = read_object(content)
    tasks = fields.get("tasks")
    if tasks is None:
        raise Invalid("tasks-missing", 'The body has no tasks: send {"tasks": […], …}.') from error
    if isinstance(tasks, dict):
        fields["tasks"] = [tasks]
    elif not isinstance(tasks, list):
        raise Invalid("tasks-missing", 'tasks is no list: send {"tasks": […], …}.') from error
    params = fields.get("params")
    if not isinstance(params, dict):
        fields["params"] = None
    try:
        return _predict.decode(msgspec.json.encode(fields))
    except msgspec.ValidationError as other:
        raise _wrong(other) from other


def read_setup(content: bytes) -> SetupBody:
    """Raises Invalid("body-not-json", "body-wrong")."""
    return _read(_setup, content)


def read_event(content: bytes) -> EventBody:
    """Raises Invalid("body-not-json", "body-wrong")."""
    return _read(_event, content)


def read_train(content: bytes) -> TrainBody:
    """Raises Invalid("body-not-json", "body-wrong")."""
    return _read(_train, content)


def read_named(content: bytes) -> NamedBody:
    """A body that may be empty. Raises Invalid("body-not-json", "body-wrong")."""
    return _read(_named, content) if content.strip() else NamedBody()


def read_object(content: bytes) -> dict[str, object]:
    """Any JSON object. Raises Invalid("body-not-json", "body-wrong")."""
    return _read(_object, content)


def project_key(name: Name) -> str:
    """The key of a project, however a call names it: a text, a number, or the object of a webhook."""
    if isinstance(name, dict):
        return _key_of_object(name)
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return "" if name is None else str(name).strip()


def _key_of_object(about: dict[str, object]) -> str:
    """Label Studio's "id.created", of the project that a webhook tells of."""
    number, created = about.get("id"), about.get("created_at")
    if number is None:
        return ""
    try:
        at = datetime.fromisoformat(str(created).replace("Z", "+00:00"))
    except ValueError:
        return str(number)
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return f"{number}.{int(at.timestamp())}"


def version_name(name: str | int | None) -> str:
    """The version that a call names; "" for none."""
    return "" if name is None else str(name)


@lru_cache(maxsize=256)
def check_config(config: str) -> None:
    """Raises Invalid("label-config") for what is no XML, or more than a label config needs."""
    if not config.strip():
        return
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(config, True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        text = f"The label config is no XML ({error}). Correct it in the project's settings."
        raise Invalid("label-config", text) from error


def _refuse_doctype(*_: object) -> NoReturn:
    raise Invalid("label-config", "The label config declares a document type, which it needs none of.")


def _read(decoder: msgspec.json.Decoder[_T], content: bytes) -> _T:
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise _wrong(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_json(error) from error


def _no_json(error: Exception) -> Invalid:
    return Invalid("body-not-json", f"The body is no JSON ({error}).")


def _wrong(error: Exception) -> Invalid:
    return Invalid("body-wrong", f"The body is not what this address takes: {error}.")


def _shown(value: bytes | msgspec.Raw) -> str:
    return bytes(value)[:_SHOWN_CHARACTERS].decode(errors="replace")


_predict = msgspec.json.Decoder(PredictBody)
_setup = msgspec.json.Decoder(SetupBody)
_event = msgspec.json.Decoder(EventBody)
_train = msgspec.json.Decoder(TrainBody)
_named = msgspec.json.Decoder(NamedBody)
_object = msgspec.json.Decoder(dict[str, object])

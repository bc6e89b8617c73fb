"""Speaking to a backend of any age, synchronously, from any thread."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import IO, Any
from urllib.parse import quote

import msgspec
from msgspec import Raw

from treadle.access.backend_tokens import sign_backend_token
from treadle.access.sealing import unseal
from treadle.errors import Invalid, NotFound, Unavailable, Unsupported
from treadle.late import late
from treadle.learning.connections.backends import UNTRAINED, Backend, Generation
from treadle.learning.connections.calling import Address, Question, Reply, Wire, basic, plain, told_by
from treadle.learning.connections.said import (
    Health,
    RemoteJob,
    Said,
    generation_of,
    read_item,
    read_items,
    read_job,
    read_object,
    text_of,
    whole_item,
)
from treadle.learning.connections.telling import Told, told_of
from treadle.outbound import AllowList
from treadle.settings import Secret, Settings, variable

__all__ = [
    "UNTRAINED",
    "BackendClient",
    "Health",
    "RemoteJob",
    "Said",
    "Told",
    "open_client",
    "told_of",
]

ensure_builtin = late("treadle.learning.connections.builtin:ensure")

_HEALTH_S, _HEALTH_CONNECT_S = 3.0, 1.0
_SHORT_S = 15.0
#: Backends of Label Studio train within the request.
_TRAIN_S = 12 * 3600.0
#: A version's files move at so many bytes a second, or not at all; after so long nothing more is waited for.
_LEAST_BYTES_S, _MOVED_S = 256 * 1024, 300.0
_MOST_PREDICTED_BYTES = 256 * 1024 * 1024
_MOST_LOG_BYTES = 8 * 1024 * 1024
_SPOOLED_BYTES = 8 * 1024 * 1024
_SERVER_ERROR = 500
_NOT_FOUND = 404
_NO_CONTEXT = b"null"


def open_client(settings: Settings, key: Secret, backend: Backend) -> BackendClient:
    """Whoever speaks to the backend; close it when done.

    key: the installation's. A built-in backend is started where it does not run.
    Raises Invalid("backend-url"), Unavailable("sealed-elsewhere"); of a built-in one what starting it raises.
    """
    allowed = AllowList.parse_whole(settings.ml_allow, variable("ml_allow"))
    if backend.builtin:
        running = ensure_builtin(settings, backend.builtin)
        address = Address(running.url, f"Bearer {running.token.reveal()}")
        allowed = AllowList(is_open=True)
    else:
        address = Address(backend.url, _authorization(backend, key))
    return BackendClient(Wire(address, allowed, backend.name), backend, key)


def _authorization(backend: Backend, key: Secret) -> str:
    secret = unseal(key, backend.sealed_secret).reveal() if backend.sealed_secret else ""
    if backend.auth_method == "TOKEN" and not (secret.isascii() and secret.isprintable()):
        text = f"The token of {backend.name} holds other than letters from A to Z, digits and signs."
        raise Invalid("backend-auth", text)
    if backend.auth_method == "BASIC_AUTH":
        return basic(backend.auth_user, secret)
    return f"Bearer {secret}" if backend.auth_method == "TOKEN" and secret else ""


class BackendClient:
    """One backend, as it was when the client was opened.

    Every call raises Unavailable("backend-down", "backend-slow", "backend-busy", "backend-failed",
    "backend-ended"), Invalid("backend-answer", "backend-auth") and Forbidden("address-private"), each saying
    what happened; ``retry_after_s`` is in the details of "backend-busy".
    """

    def __init__(self, line: Wire, backend: Backend, key: Secret) -> None:
        self._line = line
        self._backend = backend
        self._key = key
        self._generation: Generation = backend.generation
        self._version = backend.model_version
        self._is_one_by_one = False

    def __enter__(self) -> BackendClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def backend(self) -> Backend:
        """Whom this speaks to."""
        return self._backend

    @property
    def generation(self) -> Generation:
        """Of which age it is, asked where that is not known yet."""
        return self._generation or self.health().generation

    @property
    def can_follow(self) -> bool:
        """Whether its trainings can be followed and cancelled, and its versions chosen."""
        return self.generation == "treadle"

    def close(self) -> None:
        """Give back its connections."""
        self._line.close()

    def abort(self) -> None:
        """End what is asked just now, from another thread: that raises Unavailable("backend-ended")."""
        self._line.break_off()

    # How it is.

    def health(self) -> Health:
        """How it is, within three seconds."""
        call = Question("GET", "/health", limit_s=_HEALTH_S, connect_s=_HEALTH_CONNECT_S)
        reply = self._line.ask(call)
        state, said = "ready", _object_or_none(reply.body)
        if said is None or not (reply.is_good or said.get("state") == "failed"):
            self._line.check(reply, call)
            said = read_object(reply.body, self._backend.name, "to /health")
        self._generation = generation_of(said)
        if self._generation == "treadle":
            state = plain(said.get("state") or "ready")
        return Health(self._generation, state, plain(said.get("reason") or ""))

    def setup(self, told: Told, *, limit_s: float | None = None) -> str:
        """Tell it of the project; the version that it predicts by, "" where it says none.

        limit_s: how long that may take; None: as long as predictions.
        """
        generation = self.generation
        body = {
            "project": told.key,
            "schema": told.label_config,
            "label_config": told.label_config,
            "hostname": told.hostname,
            "access_token": self.token_for(told).reveal(),
            "extra_params": Raw(told.extra_params),
        }
        call = self._post("/setup", body, limit_s=limit_s or self._backend.timeout_s)
        said = read_object(self._ask(call).body, self._backend.name, "to /setup")
        version = text_of(said.get("model_version"))
        if generation == "treadle" and not version:
            raise Invalid(
                "backend-answer", f"{self._backend.name} answered /setup without its model_version."
            )
        self._version = version
        return version

    def token_for(self, told: Told) -> Secret:
        """What the backend may call back by: its own token, unless another was told."""
        if told.token or not self._backend.id:
            return told.token
        now = datetime.now(timezone.utc)
        return sign_backend_token(self._key, self._backend.id, self._backend.token_serial, now)

    # Predictions.

    def predict(
        self,
        tasks: Sequence[bytes],
        told: Told,
        *,
        version: str = "",
        context: bytes | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[Said]:
        """What it says of each task (JSON objects, as the wire has tasks), in order, exactly one a task.

        version: by which; "" for the one that serves; only ours know others.  context: JSON, of who draws.
        settings: over those of the connection, for this call; only ours take them.
        A backend that takes no batches, or fails for one, is asked task by task; it is told of the project
        again where it failed. What it says of a task that cannot be used is that task's problem.
        """
        if not tasks:
            return []
        if self._is_one_by_one and len(tasks) > 1:
            return self._one_by_one(tasks, told, version, context=context, settings=settings)
        call = self._predicting(tasks, told, version, context=context, settings=settings)
        reply = self._told_again(call, told)
        if reply.status >= _SERVER_ERROR:
            if len(tasks) > 1:
                return self._one_by_one(tasks, told, version, context=context, settings=settings)
            return [Said(model_version=version or self._version, problem=self._failure(reply))]
        items, said_version, errors = read_items(self._line.check(reply, call).body, self._backend.name)
        if len(items) != len(tasks):
            if len(tasks) > 1:
                self._is_one_by_one = len(items) == 1
                return self._one_by_one(tasks, told, version, context=context, settings=settings)
            problem = f"The backend answered with {len(items)} items for one task."
            return [Said(model_version=said_version or self._version, problem=problem)]
        named = said_version or version or self._version
        found = [read_item(item, task, named) for item, task in zip(items, tasks, strict=True)]
        return [
            replace(said, problem=errors[place]) if place in errors else said
            for place, said in enumerate(found)
        ]

    def interact(self, task: bytes, told: Told, context: bytes) -> bytes:
        """Its answer to who draws: JSON, an object with a ``result``.  context: JSON.

        Raises Invalid("backend-answer") also where it has nothing to say in a form that can be shown.
        """
        call = self._predicting([task], told, "", context=context, settings=None)
        reply = self._line.check(self._told_again(call, told), call)
        items, _version, errors = read_items(reply.body, self._backend.name)
        said = whole_item(items)
        if errors:
            raise Invalid("backend-answer", next(iter(errors.values())))
        if said is None:
            text = f"{self._backend.name} answered with no result for what was drawn."
            raise Invalid("backend-answer", text)
        problem = read_item(Raw(said), task, self._version).problem
        if problem:
            raise Invalid("backend-answer", problem)
        return said

    def _predicting(
        self,
        tasks: Sequence[bytes],
        told: Told,
        version: str,
        *,
        context: bytes | None,
        settings: Mapping[str, Any] | None,
    ) -> Question:
        params = {"login": None, "password": None, "context": Raw(context or _NO_CONTEXT)}
        body: dict[str, Any] = {
            "tasks": [Raw(task) for task in tasks],
            "project": told.key,
            "label_config": told.label_config,
            "params": params,
        }
        if self.generation == "treadle":
            body["extra_params"] = Raw(_with_settings(told.extra_params, settings or {}))
            if version:
                body["model_version"] = version
        limit_s = self._backend.timeout_s
        return self._post("/predict", body, limit_s=limit_s, most_bytes=_MOST_PREDICTED_BYTES)

    def _told_again(self, call: Question, told: Told) -> Reply:
        """The answer to ``call``, asked again after a /setup where the backend failed or had gone."""
        try:
            reply = self._line.ask(call)
        except Unavailable as error:
            if error.code != "backend-down":
                raise
            self.setup(told)
            return self._line.ask(call)
        if reply.status < _SERVER_ERROR or reply.is_busy:
            return self._line.check(reply, call) if reply.is_busy else reply
        if self.generation == "treadle":  # it kept what it was told
            return reply
        self.setup(told)
        reply = self._line.ask(call)
        return self._line.check(reply, call) if reply.is_busy else reply

    def _one_by_one(
        self,
        tasks: Sequence[bytes],
        told: Told,
        version: str,
        *,
        context: bytes | None,
        settings: Mapping[str, Any] | None,
    ) -> list[Said]:
        return [
            said
            for task in tasks
            for said in self.predict([task], told, version=version, context=context, settings=settings)
        ]

    def _failure(self, reply: Reply) -> str:
        said = told_by(reply.body)
        return f"The backend answered {reply.status}{f': {said}' if said else ''}."

    # Trainings.

    def train(
        self, told: Told, tasks: Iterable[bytes], settings: Mapping[str, Any], *, promote: bool = False
    ) -> str:
        """Let it train on these tasks (JSON objects with their annotations); its name of the training.

        Backends of Label Studio train before they answer, which takes as long as it takes; most have no name
        for it (""). Of these, current ones fetch the tasks by themselves.  promote: whether the version that
        comes of it is to serve at once; others than ours do as they do.
        """
        if self.generation == "current":
            return self._start_training(told)
        with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as file:
            size_bytes = _write_training(file, told, tasks, settings, promote=promote)
            file.seek(0)
            limit_s = _TRAIN_S if self.generation == "old" else max(self._backend.timeout_s, 600.0)
            call = Question("POST", "/train", file, size_bytes, limit_s=limit_s, can_repeat=False)
            return _job_named(self._ask(call).body)

    def _start_training(self, told: Told) -> str:
        # Models look there for the number of the project: most were written for events of annotations.
        annotation: dict[str, Any] = {"project": told.project.get("id"), "result": []}
        body = {"action": "START_TRAINING", "project": told.project, "annotation": annotation}
        call = self._post("/webhook", body, limit_s=_TRAIN_S, can_repeat=False)
        return _job_named(self._ask(call).body)

    def job(self, name: str) -> RemoteJob:
        """How a training is. Raises NotFound("backend-job") where the backend knows it no more."""
        call = self._get(f"/jobs/{quote(name, safe='')}", most_bytes=_MOST_LOG_BYTES)
        return read_job(self._found(call, name).body, self._backend.name)

    def job_log(self, name: str, start: int) -> bytes:
        """What a training wrote from byte ``start`` on, a piece of it. Raises NotFound("backend-job")."""
        call = self._get(f"/jobs/{quote(name, safe='')}/log?from={start}", most_bytes=_MOST_LOG_BYTES)
        return self._found(call, name).body

    def cancel(self, name: str, *, keep: bool) -> None:
        """End a training; keep: ask it to stop, and keep what it has. Raises NotFound("backend-job")."""
        self._found(self._post(f"/jobs/{quote(name, safe='')}/cancel", {"keep": keep}), name)

    def _found(self, call: Question, name: str) -> Reply:
        self._check_follows("follow trainings")
        reply = self._line.ask(call)
        if reply.status == _NOT_FOUND:
            raise NotFound("backend-job", f"{self._backend.name} knows no training {name} (any more).")
        return self._line.check(reply, call)

    # Versions.

    def versions(self, told: Told) -> list[str]:
        """The names of the versions that it knows; none where it knows no versions."""
        return self.known_versions(told) or []

    def known_versions(self, told: Told) -> list[str] | None:
        """The names of its versions; None where it does not know what versions are."""
        if self.generation == "old":
            call = self._post("/versions", {"project": told.key}, limit_s=_SHORT_S)
        else:
            call = self._get(f"/versions?project={quote(told.key, safe='')}")
        reply = self._line.ask(call)
        if reply.status == _NOT_FOUND:
            return None
        said = read_object(self._line.check(reply, call).body, self._backend.name, "to /versions")
        found = said.get("versions")
        if not isinstance(found, list):
            raise Invalid(
                "backend-answer", f"{self._backend.name} answered /versions without a list of them."
            )
        return [text_of(version) for version in found]

    def promote(self, told: Told, name: str) -> None:
        """Let that version serve. Raises Unsupported("backend-versions") for others than ours."""
        self._check_follows("choose the version that serves")
        body = {"project": told.key, "model_version": name}
        self._ask(self._post("/promote", body, limit_s=self._backend.timeout_s))

    def archive(self, told: Told, name: str, most_bytes: int) -> Iterator[bytes]:
        """The files of a version as a tar, of so many bytes at most; one that drips is not waited for.

        Raises Unsupported("backend-versions") for others than ours.
        """
        self._check_follows("give away the files of a version")
        path = f"/versions/archive?project={quote(told.key, safe='')}&name={quote(name, safe='')}"
        call = self._get(path, limit_s=_MOVED_S, most_bytes=most_bytes)
        return self._line.stream(replace(call, least_bytes_s=_LEAST_BYTES_S))

    def import_version(self, told: Told, name: str, file: IO[bytes], size_bytes: int) -> None:
        """Give it the files of a version that it has lost: a tar of `archive`, from where the file stands.

        Raises Unsupported("backend-versions") for others than ours.
        """
        self._check_follows("take the files of a version")
        path = f"/versions/import?project={quote(told.key, safe='')}&name={quote(name, safe='')}"
        kind = "application/x-tar"
        limit_s = _MOVED_S + size_bytes / _LEAST_BYTES_S
        self._ask(Question("POST", path, file, size_bytes, limit_s=limit_s, can_repeat=False, kind=kind))

    def send_event(self, body: bytes) -> None:
        """Tell it what happened: the body of a webhook of Label Studio's."""
        limit_s = self._backend.timeout_s
        self._ask(Question("POST", "/webhook", body, limit_s=limit_s, can_repeat=False))

    def _check_follows(self, what: str) -> None:
        if not self.can_follow:
            text = f"{self._backend.name} is no backend of Treadle's, and cannot {what}."
            raise Unsupported("backend-versions", text)

    def _ask(self, call: Question) -> Reply:
        return self._line.check(self._line.ask(call), call)

    def _get(self, path: str, *, limit_s: float = _SHORT_S, most_bytes: int = 1024 * 1024) -> Question:
        return Question("GET", path, limit_s=limit_s, most_bytes=most_bytes)

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        limit_s: float = _SHORT_S,
        most_bytes: int = 1024 * 1024,
        can_repeat: bool = True,
    ) -> Question:
        content = msgspec.json.encode(body)
        return Question("POST", path, content, limit_s=limit_s, most_bytes=most_bytes, can_repeat=can_repeat)


def _with_settings(extra_params: bytes, settings: Mapping[str, Any]) -> bytes:
    """The parameters of the connection with those of a call over them."""
    if not settings:
        return extra_params
    try:
        given = msgspec.json.decode(extra_params)
    except RecursionError as error:
        text = "The extra parameters of the connection are nested too deeply. Set simpler ones."
        raise Invalid("backend-parameters", text) from error
    return msgspec.json.encode({**(given if isinstance(given, dict) else {}), **settings})


def _write_training(
    file: IO[bytes], told: Told, tasks: Iterable[bytes], settings: Mapping[str, Any], *, promote: bool
) -> int:
    head = {
        "project": told.key,
        "label_config": told.label_config,
        "params": {"login": None, "password": None, **settings},
        "settings": dict(settings),
        "promote": promote,
    }
    size_bytes = file.write(msgspec.json.encode(head)[:-1] + b',"annotations":[')
    for number, task in enumerate(tasks):
        size_bytes += file.write(b"," + task if number else task)
    return size_bytes + file.write(b"]}")


def _job_named(body: bytes) -> str:
    said = _object_or_none(body) or {}
    return text_of(said.get("job") or said.get("job_id"))


def _object_or_none(body: bytes) -> dict[str, Any] | None:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return content if isinstance(content, dict) else None

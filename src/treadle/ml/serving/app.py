"""The protocol of Label Studio's ML backends, of all its ages: the answer to each request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from treadle import __version__
from treadle.errors import Conflict, Invalid, NotFound, TreadleError, Unavailable
from treadle.ml.serving.answers import (
    WRONG_METHOD,
    Answer,
    as_json,
    as_refusal,
)
from treadle.ml.serving.bodies import (
    check_config,
    project_key,
    read_event,
    read_named,
    read_object,
    read_predict,
    read_setup,
    read_train,
    version_name,
)
from treadle.ml.serving.boundaries import answered
from treadle.ml.serving.connections import Connection
from treadle.ml.serving.credentials import Gate, is_secret
from treadle.ml.serving.frames import PartAnswer
from treadle.ml.serving.handing_over import check_may_import, hand_over, take_back
from treadle.ml.serving.measures import Measures
from treadle.ml.serving.options import Options
from treadle.ml.serving.pool import Pool
from treadle.ml.serving.projects import KnownProject, Projects, Setup, settings_of
from treadle.ml.serving.queues import Group
from treadle.ml.serving.requests import Request
from treadle.ml.serving.trainings import START_TRAINING, Trainings
from treadle.ml.versions import UNTRAINED

_LOG_BYTES = 256 * 1024
_KNOWN_EVENTS = frozenset(
    {
        START_TRAINING,
        "ANNOTATION_CREATED",
        "ANNOTATIONS_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATION_DELETED",
        "ANNOTATIONS_DELETED",
        "TASKS_CREATED",
        "TASKS_DELETED",
        "PROJECT_CREATED",
        "PROJECT_UPDATED",
        "PROJECT_DELETED",
        "LABEL_LINK_CREATED",
        "LABEL_LINK_UPDATED",
        "LABEL_LINK_DELETED",
    }
)
#: States of a training by the names that servers of 2022 know.
_OLD_STATES = {
    "queued": "queued",
    "running": "started",
    "loading": "started",
    "completed": "finished",
    "failed": "failed",
    "cancelled": "canceled",
}


@dataclass(frozen=True)
class Asked:
    """A request with what its address says, as a handler sees it."""

    request: Request
    limit_bytes: int
    #: What the address holds in its place, such as a training's id.
    number: str = ""

    async def body(self) -> bytes:
        """The body as a whole."""
        return await self.request.body(self.limit_bytes)

    def parameter(self, name: str) -> str | None:
        """A parameter of the address."""
        return self.request.parameter(name)


Handler = Callable[[Asked], Awaitable[Answer]]


class Application:
    """Answers requests; what is slow happens elsewhere."""

    def __init__(
        self, options: Options, projects: Projects, pool: Pool, *, trainings: Trainings, measures: Measures
    ) -> None:
        self._options = options
        self._projects = projects
        self._pool = pool
        self._trainings = trainings
        self._measures = measures
        self._gate = Gate(options)
        self._secret = options.webhook_secret.reveal()
        self._prefix = options.prefix.rstrip("/")
        self._routes: Mapping[str, Mapping[str, Handler]] = {
            "/": {"GET": self._health},
            "/health": {"GET": self._health},
            "/ready": {"GET": self._ready},
            "/setup": {"POST": self._setup},
            "/predict": {"POST": self._predict},
            "/webhook": {"POST": self._webhook},
            "/train": {"POST": self._train},
            "/versions": {"GET": self._versions, "POST": self._versions},
            "/versions/archive": {"GET": self._archive},
            "/versions/import": {"POST": self._import},
            "/promote": {"POST": self._promote},
            "/job_status": {"POST": self._job_status},
            "/is_training": {"GET": self._is_training},
            "/jobs": {"GET": self._jobs},
            "/jobs/{id}": {"GET": self._job},
            "/jobs/{id}/log": {"GET": self._job_log},
            "/jobs/{id}/cancel": {"POST": self._job_cancel},
            "/metrics": {"GET": self._metrics},
            "/validate": {"POST": self._validate},
            "/duplicate_model": {"POST": self._duplicate},
            "/delete": {"POST": self._delete},
        }

    async def __call__(self, request: Request, connection: Connection) -> Answer | None:
        """The answer to a request; None where whoever asks is gone."""
        route = ""
        try:
            route, number = self._route(request, connection)
            handler = self._handler(route, request.method)
            answer = await answered(handler(Asked(request, self._options.max_body_bytes, number)))
        except ConnectionResetError:
            return None
        except TreadleError as error:
            answer = as_refusal(error)
        self._measures.note_request(route, answer.status)
        return answer

    def _route(self, request: Request, connection: Connection) -> tuple[str, str]:
        """The route, and what stands in its place. Raises Unauthenticated, NotFound("address")."""
        path = request.path
        if self._prefix and path.startswith(f"{self._prefix}/"):
            path = path[len(self._prefix) :]
        is_by_secret = False
        if self._secret:
            first, slash, rest = path[1:].partition("/")
            if is_secret(first, self._secret):
                path, is_by_secret = slash + rest or "/", True
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        if not self._gate.is_open:
            self._gate.check(request.headers, path, client=connection.client, is_by_secret=is_by_secret)
        if path in self._routes:
            return path, ""
        parts = path.split("/")
        if len(parts) in (3, 4) and parts[1] == "jobs" and parts[2]:
            route = "/".join(["", "jobs", "{id}", *parts[3:]])
            if route in self._routes:
                return route, parts[2]
        raise NotFound("address", f"There is no {path} here: this is an ML backend, asked at /health.")

    def _handler(self, route: str, method: str) -> Handler:
        methods = self._routes[route]
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            allowed = ", ".join(methods)
            raise Invalid(WRONG_METHOD, f"{route} takes {allowed}, not {method}.", details={"allow": allowed})
        return handler

    # How it is.

    async def _health(self, _asked: Asked) -> Answer:
        pool = self._pool
        state = pool.state
        content: dict[str, object] = {
            "status": "DOWN" if state == "failed" else "UP",
            "model_class": pool.name or self._options.model.stem,
            "state": state,
            "training": self._trainings.running,
            "server": f"treadle {__version__}",
        }
        if state == "failed":
            content["reason"] = pool.reason
        return as_json(content, 503 if state == "failed" else 200)

    async def _ready(self, _asked: Asked) -> Answer:
        if self._pool.state != "ready":
            text = f"The model is {self._pool.state}. {self._pool.reason}".strip()
            raise Unavailable("not-ready", text, details={"retry_after_s": 1})
        return as_json({"status": "UP", "state": "ready"})

    async def _metrics(self, asked: Asked) -> Answer:
        if not (asked.request.accepts(b"text/plain") or asked.request.accepts(b"openmetrics")):
            return as_json({})
        gauges = {
            "ready": ("Whether a model process answers.", float(self._pool.state == "ready")),
            "waiting_tasks": ("Tasks that wait for the model.", float(self._pool.waiting)),
            "trainings_running": ("Trainings under way.", float(self._trainings.running)),
            "trainings_waiting": ("Trainings that wait for their turn.", float(self._trainings.waiting)),
            "model_restarts": ("Model processes started again.", float(self._pool.restarts)),
        }
        return Answer(self._measures.text(gauges).encode(), kind=b"text/plain; version=0.0.4; charset=utf-8")

    # Predictions.

    async def _setup(self, asked: Asked) -> Answer:
        body = read_setup(await asked.body())
        config = body.schema or body.label_config or ""
        check_config(config)
        key = project_key(body.project)
        self._projects.note_key(key)
        project = self._projects.get(key)
        # Nothing is loaded here: Label Studio waits three seconds, and asks on every page.
        project.keep(
            Setup(
                project.key,
                config,
                body.hostname or "",
                body.access_token or "",
                msgspec.Raw(bytes(body.extra_params)),
                version_name(body.model_version),
            )
        )
        return as_json({"model_version": project.version(project.setup, "") or UNTRAINED})

    async def _predict(self, asked: Asked) -> Answer:
        began_s = time.perf_counter()
        body = read_predict(await asked.body())
        if body.label_config:
            check_config(body.label_config)
        project = self._projects.get(project_key(body.project))
        setup = project.setup
        version = project.version(setup, version_name(body.model_version))
        extra = bytes(body.extra_params) or None
        group = Group(
            project.project(setup, body.label_config or "", extra),
            version,
            body.context,
            project.settings if extra is None else settings_of(extra),
        )
        tasks = body.tasks
        if not tasks:
            return _predictions([], version, [])
        size = self._pool.size_of_a_turn
        parts = [tasks[at : at + size] for at in range(0, len(tasks), size)]
        answers = await self._pool.predict(group, [(_list_of(part), len(part)) for part in parts])
        self._measures.note_predict(time.perf_counter() - began_s)
        return _predictions(answers, version, [len(part) for part in parts])

    # Trainings.

    async def _webhook(self, asked: Asked) -> Answer:
        content = await asked.body()
        body = read_event(content)
        action = body.action or ""
        if action != START_TRAINING and action not in self._pool.train_events:
            status = "ok" if action in _KNOWN_EVENTS else "Unknown event"
            return as_json({"status": status}, 201 if action in _KNOWN_EVENTS else 200)
        about = body.project if isinstance(body.project, dict) else {}
        config = body.label_config or about.get("label_config")
        return self._ask_for_training(
            self._projects.get(project_key(body.project)),
            str(config or ""),
            action,
            content,
            is_promoted=body.promote is not False,
        )

    async def _train(self, asked: Asked) -> Answer:
        content = await asked.body()
        body = read_train(content)
        tasks = body.annotations if body.annotations is not None else body.tasks
        fields = {name: msgspec.Raw(value) for name, value in _raw_fields.decode(content).items()}
        if tasks is not None:
            fields["tasks"] = msgspec.Raw(_list_of(tasks))
        fields.pop("annotations", None)
        return self._ask_for_training(
            self._projects.get(project_key(body.project)),
            body.label_config or "",
            START_TRAINING,
            msgspec.json.encode(fields),
            is_promoted=body.promote is not False,
        )

    def _ask_for_training(
        self, project: KnownProject, config: str, event: str, data: bytes, *, is_promoted: bool
    ) -> Answer:
        check_config(config)
        called = project.project(project.setup, config)
        job = self._trainings.ask(called, event, data, is_promoted=is_promoted)
        return as_json({"status": "ok", "job": job.id, "state": job.state}, 201)

    async def _job_status(self, asked: Asked) -> Answer:
        body = read_named(await asked.body())
        try:
            job = self._trainings.find(str(body.job or ""))
        except NotFound as error:
            # Gone, as servers of Label Studio ask for it.
            return as_json({"status": 410, "code": error.code, "detail": error.message}, 410)
        told = {"job_status": _OLD_STATES[job.state], "created_at": job.created_at, "error": None}
        return as_json({**told, "error": job.message} if job.state == "failed" else told)

    async def _is_training(self, asked: Asked) -> Answer:
        key = self._projects.get(asked.parameter("project") or "").key
        is_training = (
            self._trainings.is_training(key)
            if asked.parameter("project")
            else bool(self._trainings.running or self._trainings.waiting)
        )
        return as_json({"is_training": is_training})

    async def _jobs(self, asked: Asked) -> Answer:
        found = await asyncio.to_thread(self._trainings.list, asked.parameter("project"))
        return as_json({"jobs": found})

    async def _job(self, asked: Asked) -> Answer:
        return as_json(self._trainings.find(asked.number))

    async def _job_log(self, asked: Asked) -> Answer:
        start = asked.parameter("from") or "0"
        try:
            at = int(start)
        except ValueError as error:
            raise Invalid("from", f"from is {start!r}: give a number of bytes.") from error
        content = self._trainings.read_log(asked.number, at, _LOG_BYTES)
        return Answer(content, kind=b"text/plain; charset=utf-8")

    async def _job_cancel(self, asked: Asked) -> Answer:
        body = read_named(await asked.body())
        return as_json(self._trainings.cancel(asked.number, is_kept=body.keep))

    # Versions.

    async def _versions(self, asked: Asked) -> Answer:
        named = read_named(await asked.body()).project if asked.request.method == "POST" else None
        key = project_key(named) if named is not None else asked.parameter("project")
        known = [self._projects.get(key)] if key is not None else self._projects.known()
        names = sorted({name for project in known for name in project.versions.names()})
        current = [project.versions.current() or UNTRAINED for project in known]
        content: dict[str, object] = {"versions": [UNTRAINED, *names]}
        if len(set(current)) == 1:
            content["current_version"] = current[0]
        return as_json(content)

    async def _archive(self, asked: Asked) -> Answer:
        project = self._projects.get(asked.parameter("project") or "")
        return await hand_over(project.versions, asked.parameter("name") or "")

    async def _import(self, asked: Asked) -> Answer:
        check_may_import(self._options)
        name = asked.parameter("name") or ""
        await take_back(self._projects.get(asked.parameter("project") or "").versions, name, asked.request)
        return as_json({"status": "ok", "version": name}, 201)

    async def _promote(self, asked: Asked) -> Answer:
        body = read_named(await asked.body())
        name = version_name(body.model_version)
        if not name:
            raise Invalid("model-version", "Say which version is to serve, as model_version.")
        project = self._projects.get(project_key(body.project))
        await self._trainings.promote(project.project(project.setup, ""), name)
        return as_json({"model_version": project.versions.current() or UNTRAINED})

    # What servers of 2022 ask, too.

    async def _validate(self, asked: Asked) -> Answer:
        body = read_named(await asked.body())
        check_config(body.config or body.label_config or body.schema or "")
        return as_json({"status": "ok"})

    async def _duplicate(self, asked: Asked) -> Answer:
        body = read_named(await asked.body())
        source, target = project_key(body.project_src), project_key(body.project_dst)
        if not source or not target:
            raise Invalid("projects-missing", "Say which model to copy, as project_src and project_dst.")
        name = await asyncio.to_thread(self._projects.duplicate, source, target)
        return as_json({"status": "ok", "model_version": name or UNTRAINED}, 201)

    async def _delete(self, asked: Asked) -> Answer:
        body = read_object(await asked.body())
        key = project_key(body.get("project"))  # type: ignore[arg-type] # whatever it is, it is a text then
        if self._trainings.is_training(self._projects.get(key).key):
            raise Conflict("training", f"Project {key} is being trained. Cancel that first, then delete.")
        await asyncio.to_thread(self._projects.put_away, key)
        return as_json({"status": "ok"})


def _list_of(parts: list[msgspec.Raw]) -> bytes:
    return b"[" + b",".join(parts) + b"]"


def _predictions(answers: list[PartAnswer], version: str, counts: list[int]) -> Answer:
    """Parts put together again; nothing of them is opened."""
    items = b",".join(answer.items for answer in answers)
    told = (version or UNTRAINED).encode()
    errors: list[dict[str, object]] = []
    at = 0
    for answer, count in zip(answers, counts, strict=True):
        errors += [{"task": at + number, "detail": text} for number, text in answer.errors]
        at += count
    more = b',"errors":' + msgspec.json.encode(errors) if errors else b""
    return Answer(b'{"results":[' + items + b'],"model_version":"' + told + b'"' + more + b"}")


_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])

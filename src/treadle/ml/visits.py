"""A visit to an ML backend: asks it as Label Studio does, a connection for each request."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

#: The project that is asked for, as Label Studio names it.
KEY = "9000001.1700000000"
_SETUP_S, _PATIENCE_S = 3.0, 100.0
_SHOWN_CHARACTERS = 160


@dataclass(frozen=True)
class Reply:
    """What a backend answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> object:
        """Raises Failed where it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failed(f"the answer is no JSON: {self.shown}") from error

    def object(self) -> dict[str, object]:
        """Raises Failed where it is no JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise Failed(f"the answer is no JSON object: {self.shown}")
        return value

    @property
    def shown(self) -> str:
        """Its beginning."""
        return self.body[:_SHOWN_CHARACTERS].decode(errors="replace")


class Failed(Exception):
    """A check found something wrong."""


class Noted(Exception):
    """A check found something worth knowing."""


@dataclass
class Visit:
    """A backend, and what to ask it for."""

    address: str
    label_config: str
    tasks: tuple[Mapping[str, object], ...]
    authorization: str
    version: str = ""

    def ask(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask as Label Studio does: a connection for each request."""
        parts = urlsplit(self.address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE_S)
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "Connection": "close", **(headers or {})}
        if self.authorization:
            sent.setdefault("Authorization", self.authorization)
        began_s = time.perf_counter()
        try:
            connection.request(method, f"{parts.path}{path}", content, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, told, content, time.perf_counter() - began_s)

    def good(self, method: str, path: str, body: object = None) -> Reply:
        """The same; what is not 2xx fails the check."""
        reply = self.ask(method, path, body)
        if not 200 <= reply.status < 300:
            raise Failed(f"{method} {path} answered {reply.status}: {reply.shown}")
        return reply

    def setup(self, **fields: object) -> str:
        """The version that /setup tells."""
        body = {
            "project": KEY,
            "schema": self.label_config,
            "hostname": "http://127.0.0.1:9",
            "access_token": "0" * 40,
            "extra_params": None,
            **fields,
        }
        reply = self.good("POST", "/setup", body)
        if reply.seconds > _SETUP_S:
            raise Failed(f"/setup took {reply.seconds:.1f} s, and Label Studio waits {_SETUP_S:.0f}")
        version = reply.object().get("model_version")
        if not isinstance(version, str) or not version:
            raise Failed(f"model_version is {version!r}: give a text, never null; predictions need one")
        return version

    def predict(self, tasks: Sequence[Mapping[str, object]], **fields: object) -> list[object]:
        """The items of an answer, as many as there were tasks."""
        reply = self.good("POST", "/predict", self.prediction(tasks, **fields))
        results = reply.object().get("results")
        if not isinstance(results, list):
            raise Failed(f"results is no list: {reply.shown}")
        if len(results) != len(tasks):
            raise Failed(f"{len(results)} results for {len(tasks)} tasks: Label Studio throws all away")
        return results

    def prediction(self, tasks: Sequence[Mapping[str, object]], **fields: object) -> dict[str, object]:
        """The body of /predict."""
        return {
            "tasks": list(tasks),
            "project": KEY,
            "label_config": self.label_config,
            "params": {"login": None, "password": None, "context": None},
            **fields,
        }


def basic(credentials: str) -> str:
    """The header of HTTP Basic for "name:password"."""
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"

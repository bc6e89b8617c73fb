"""The tasks of a project with their annotations, fetched from the server that the backend is connected to.

Label Studio hands backends a token that its newer versions refuse, and its personal tokens must be exchanged
first: the operator's token goes before that of /setup, and each is tried in all the ways that there are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

import msgspec

from treadle.errors import Invalid, Unauthenticated, Unavailable
from treadle.ml.calling import ProjectCall

_TOKENS = ("TREADLE_TOKEN", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN")
_ADDRESSES = ("TREADLE_URL", "LABEL_STUDIO_URL", "LABEL_STUDIO_HOST")
_PATIENCE_S = 300.0
_REFUSED = frozenset({401, 403})


class _NoRedirect(HTTPRedirectHandler):
    """Credentials go to the server that they are for, and nowhere else."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def fetch_tasks(project: ProjectCall, environment: Mapping[str, str] = os.environ) -> list[dict[str, object]]:
    """All tasks that have annotations, as an export of JSON has them.

    Raises Invalid("server-not-known"), Unauthenticated("token-refused"), Unavailable("export-failed").
    """
    server = next((environment[name] for name in _ADDRESSES if environment.get(name)), project.hostname)
    number = project_number(project)
    if not server or not number:
        raise Invalid(
            "server-not-known",
            "There is nothing to learn from: the call named no project, or no /setup told where its server "
            "is. Connect the backend in the project's settings, or set LABEL_STUDIO_URL.",
        )
    address = f"{server.rstrip('/')}/api/projects/{number}/export?exportType=JSON"
    for header in _credentials(server, project, environment):
        content = _get(address, header)
        if content is not None:
            return _tasks_of(content, address)
    raise Unauthenticated(
        "token-refused",
        f"{server} refused every token: give one of a member of project {number} as LABEL_STUDIO_API_KEY "
        "or TREADLE_TOKEN, and start the model server again.",
    )


def project_number(project: ProjectCall) -> str:
    """The project's id on its server; "" where nobody told."""
    told = (project.project or {}).get("id")
    number = str(told) if told is not None else project.key.partition(".")[0]
    return number if number.isdigit() else ""


def _credentials(server: str, project: ProjectCall, environment: Mapping[str, str]) -> Iterator[str]:
    tokens = [environment.get(name, "") for name in _TOKENS] + [project.access_token]
    for token in dict.fromkeys(filter(None, tokens)):
        yield f"Token {token}"
        yield f"Bearer {token}"
        exchanged = _exchange(server, token)
        if exchanged:
            yield f"Bearer {exchanged}"
    yield ""


def _exchange(server: str, token: str) -> str:
    """The access token that a personal token of Label Studio is good for; "" for none."""
    if token.count(".") != 2:
        return ""
    body = json.dumps({"refresh": token}).encode()
    request = Request(f"{server.rstrip('/')}/api/token/refresh", body, {"Content-Type": "application/json"})
    try:
        with _opener().open(request, timeout=_PATIENCE_S) as answer:
            return str(json.load(answer).get("access", ""))
    except (URLError, HTTPException, OSError, ValueError, AttributeError):
        return ""


def _get(address: str, header: str) -> bytes | None:
    """The body; None where the credentials were refused."""
    request = Request(address, headers={"Authorization": header} if header else {})
    try:
        with _opener().open(request, timeout=_PATIENCE_S) as answer:
            content: bytes = answer.read()
            return content
    except HTTPError as error:
        if error.code in _REFUSED:
            return None
        raise _failed(address, f"HTTP {error.code}") from error
    except (URLError, HTTPException, OSError) as error:
        raise _failed(address, str(getattr(error, "reason", error))) from error


def _tasks_of(content: bytes, address: str) -> list[dict[str, object]]:
    try:
        return msgspec.json.decode(content, type=list[dict[str, object]])
    except msgspec.DecodeError as error:
        raise _failed(address, "the answer is no list of tasks") from error


def _failed(address: str, why: str) -> Unavailable:
    text = f"{address} could not be fetched ({why}). Start the training again when the server answers."
    return Unavailable("export-failed", text)


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirect)

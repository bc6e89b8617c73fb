"""Asking a running Label Studio."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import msgspec

from treadle.errors import Forbidden, Invalid, NotFound, TreadleError, Unauthenticated, Unavailable
from treadle.moving.said import Page, Project, Snapshot, Upload, Who
from treadle.settings import Secret

T = TypeVar("T")

_TIMEOUT_S = 600.0
_TRIES = 4
_PAUSE_S = 1.0
_ASK_AGAIN_S = 1.0
_PAGE = 100
_CHUNK_BYTES = 256 * 1024
#: Of an answer that is read as a whole.
_MOST_BYTES = 256 * 1024**2
#: How long an export may take there.
_EXPORT_S = 4 * 3600.0
#: Codes of Unavailable that speak of one project or file: others may be had.
OF_ONE_THING = frozenset({"peer-export", "peer-failed"})
#: Answers of what stands before a server that is away, and of one that has too much to do.
_AWAY = frozenset({http.client.BAD_GATEWAY, http.client.SERVICE_UNAVAILABLE, http.client.GATEWAY_TIMEOUT})
#: All that belongs to a task, whole; whoever did it by their id.
EXPORT = {
    "title": "for Treadle",
    "serialization_options": {
        "drafts": {"only_id": False},
        "predictions": {"only_id": False},
        "annotations__completed_by": {"only_id": True},
        "interpolate_key_frames": False,
    },
}
_DONE = "completed"
_FAILED = "failed"


class Peer:
    """A Label Studio at an address, asked as whoever has the token."""

    def __init__(self, url: str, token: Secret) -> None:
        """Raises Invalid("address")."""
        self._at = _parse(url)
        self._token = token
        self._access = ""

    @property
    def name(self) -> str:
        """What it is called where something is written down about it."""
        return f"{self._at.netloc}{self._at.path}".rstrip("/")

    def version(self) -> str:
        """Which Label Studio it is."""
        told = self._get("/api/version", {}, dict[str, Any])
        return str(told.get("release", "unknown"))

    def whoami(self) -> Who:
        """Whose token it is."""
        return self._get("/api/current-user/whoami", {}, Who)

    def users(self) -> list[Who]:
        """Everybody in it."""
        return self._get("/api/users/", {}, list[Who])

    def projects(self) -> Iterator[Project]:
        """Every project, the first one first, with all of its settings."""
        found: list[int] = []
        number = 1
        while True:
            page = self._get("/api/projects/", {"page": number, "page_size": _PAGE}, Page)
            found += [msgspec.json.decode(raw, type=_Numbered).id for raw in page.results]
            if page.next is None:
                break
            number += 1
        for project_id in sorted(found):
            text = self._get(f"/api/projects/{project_id}/", {}, msgspec.Raw)
            project = msgspec.json.decode(text, type=Project)
            project.fields = msgspec.json.decode(text)
            yield project

    def uploads(self, project_id: int) -> list[Upload]:
        """The files that were uploaded to a project."""
        return self._get(f"/api/projects/{project_id}/file-uploads", {"all": "true"}, list[Upload])

    def count(self, path: str, project_id: int) -> int:
        """How many things of a plain list a project has; 0 where it does not tell."""
        try:
            return len(self._get(path, {"project": project_id}, list[msgspec.Raw]))
        except (NotFound, Invalid):
            return 0

    def file(self, upload: Upload) -> Iterator[bytes]:
        """The bytes of a file. Raises NotFound, at the first one."""
        return self._stream("GET", f"/data/{quote(upload.file)}")

    def tasks(self, project_id: int) -> Iterator[bytes]:
        """The JSON list of all tasks of a project as of one moment: an export that is made and taken away."""
        below = f"/api/projects/{project_id}/exports/"
        made = self._ask("POST", below, Snapshot, EXPORT)
        try:
            patience_s = _EXPORT_S
            while made.status not in (_DONE, _FAILED):
                if patience_s <= 0:
                    text = f"{self.name} did not export project {project_id} within {_EXPORT_S / 3600:.0f} h."
                    raise Unavailable("peer-export", text)
                time.sleep(_ASK_AGAIN_S)
                patience_s -= _ASK_AGAIN_S
                made = self._get(f"{below}{made.id}", {}, Snapshot)
            if made.status == _FAILED:
                raise Unavailable("peer-export", f"{self.name} could not export project {project_id}.")
            yield from self._stream("GET", f"{below}{made.id}/download?exportType=JSON")
        finally:
            with suppress(TreadleError):  # it then stays among the project's exports, named for us
                self._ask("DELETE", f"{below}{made.id}", msgspec.Raw)

    def _get(self, path: str, query: Mapping[str, object], kind: type[T]) -> T:
        return self._ask("GET", f"{path}?{urlencode(query)}" if query else path, kind)

    def _ask(self, method: str, target: str, kind: type[T], body: object = None) -> T:
        content = bytearray()
        for chunk in self._stream(method, target, body):
            content += chunk
            if len(content) > _MOST_BYTES:
                text = f"{self.name} answered {method} {target} with more than {_MOST_BYTES:,} bytes."
                raise Invalid("peer-answer", text)
        try:
            return msgspec.json.decode(content or b"null", type=kind)
        except msgspec.DecodeError as error:
            text = f"{self.name} answered {method} {target} with something else than a Label Studio: {error}."
            raise Invalid("peer-answer", text) from error

    def _stream(self, method: str, target: str, body: object = None) -> Iterator[bytes]:
        """The body of a good answer. Raises TreadleError for another, and for one that breaks off."""
        has_begun = has_refreshed = False
        for attempt in range(_TRIES):
            connection = self._connect()
            try:
                sent = None if body is None else msgspec.json.encode(body)
                connection.request(method, f"{self._at.path.rstrip('/')}{target}", sent, self._headers())
                answer = connection.getresponse()
                if answer.status == http.client.UNAUTHORIZED and not has_refreshed:
                    has_refreshed = True
                    if self._can_refresh():
                        continue
                # What makes something is asked for once.
                is_final = method == "POST" or attempt == _TRIES - 1
                if is_final or answer.status < http.client.INTERNAL_SERVER_ERROR:
                    has_begun = True
                    yield from self._read(answer, method, target)
                    return
            except (OSError, http.client.HTTPException) as error:
                if attempt == _TRIES - 1 or method != "GET" or has_begun:
                    text = f"{self.name} does not answer ({error or type(error).__name__})."
                    raise Unavailable("peer-away", text) from error
            finally:
                connection.close()
            time.sleep(_PAUSE_S * 2**attempt)

    def _read(self, answer: http.client.HTTPResponse, method: str, target: str) -> Iterator[bytes]:
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise self._refusal(answer, f"{method} {target.partition('?')[0]}")
        while chunk := answer.read(_CHUNK_BYTES):
            yield chunk
        if answer.length:
            raise ConnectionError(f"{answer.length} bytes before the end of an answer")

    def _refusal(self, answer: http.client.HTTPResponse, asked: str) -> Exception:
        said = answer.read(2000).decode("utf-8", "replace")
        text = f"{self.name} answered {asked} with {answer.status}: {said[:200]}"
        if answer.status == http.client.UNAUTHORIZED:
            return Unauthenticated("peer-token", f"{self.name} does not take this token.")
        if answer.status == http.client.FORBIDDEN:
            return Forbidden("peer-refused", text)
        if answer.status == http.client.NOT_FOUND:
            return NotFound("peer-not-found", text)
        if answer.status in _AWAY:
            return Unavailable("peer-away", text)
        if answer.status >= http.client.INTERNAL_SERVER_ERROR:
            return Unavailable("peer-failed", text)
        return Invalid("peer-answer", text)

    def _headers(self) -> dict[str, str]:
        token = self._token.reveal()
        shown = f"Bearer {self._access}" if self._access else f"Token {token}"
        return {"Authorization": shown, "Content-Type": "application/json", "Accept": "*/*"}

    def _can_refresh(self) -> bool:
        """A personal access token gives others, which end after five minutes."""
        token = self._token.reveal()
        if token.count(".") != 2:
            return False
        connection = self._connect()
        try:
            body = msgspec.json.encode({"refresh": token})
            path = f"{self._at.path.rstrip('/')}/api/token/refresh/"
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            return False
        try:
            self._access = msgspec.json.decode(told, type=_Access).access
        except msgspec.DecodeError:
            return False
        return True

    def _connect(self) -> http.client.HTTPConnection:
        host = self._at.hostname or ""
        if self._at.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._at.port, timeout=_TIMEOUT_S, context=context)
        return http.client.HTTPConnection(host, self._at.port, timeout=_TIMEOUT_S)


class _Access(msgspec.Struct):
    access: str


class _Numbered(msgspec.Struct):
    id: int


def _parse(url: str) -> SplitResult:
    try:
        parsed = urlsplit(url)
        is_good = parsed.scheme in ("http", "https") and bool(parsed.hostname) and parsed.port != 0
    except ValueError:
        is_good = False
    if not is_good or parsed.username or parsed.query:
        raise Invalid(
            "address", f"{url!r} is no address of a Label Studio. Give one such as https://ls.example.com."
        )
    return parsed

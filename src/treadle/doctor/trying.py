"""Tries the way to a server from outside, as a client of its own: every request on a new connection.

Promises: it ends within the time that its `Plan` allows, reads a bounded piece of any answer, and follows
nothing that an answer names. Standard library alone, so that a command starts at once.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from treadle.doctor.checks import Check
from treadle.doctor.way import Arrived, Events, Seen, Silence, Trouble, Upload
from treadle.errors import Forbidden, Unauthenticated, Unavailable

#: Where a server answers about itself; see `treadle.web.routes_doctor`.
ROOT = "/api/admin/doctor"
_CONNECT_S, _ANSWER_S, _LOOK_S = 10.0, 30.0, 90.0
_MOST_BYTES = 4 * 1024**2
_ANNOUNCED_PIECE = b"\0" * 65_536
_MOST_REASON = 200
_BROKEN = (OSError, http.client.HTTPException)


class Site(NamedTuple):
    """The address of a server. prefix: before every path, without a slash at its end."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def origin(self) -> str:
        """As a browser writes it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == {"http": 80, "https": 443}.get(self.scheme)
        return f"{self.scheme}://{name}{'' if is_usual else f':{self.port}'}"

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}"


@dataclass(frozen=True)
class Plan:
    """How long and how large.

    wait_s: how long an answer is waited for.  apart_s: between two events.  sent_bytes: bodies that are sent
    whole.  announced_bytes: bodies of which only the beginning is sent, besides the largest that the server
    takes.  quiet_s: how long a refusal of those is waited for, and a second event that is not due yet.
    """

    wait_s: float = 30.0
    apart_s: float = 5.0
    quiet_s: float = 1.0
    sent_bytes: tuple[int, ...] = (512 * 1024, 2 * 1024**2, 12 * 1024**2)
    announced_bytes: tuple[int, ...] = (128 * 1024**2,)


@dataclass(frozen=True)
class _Answer:
    """status: 0 where there is none, and ``problem`` says why."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    took_s: float = 0.0
    problem: str = ""
    is_distrusted: bool = False
    certificate_days: float | None = None


class _Said(msgspec.Struct):
    """What is read of an answer of ours that is an error, or of /health."""

    status: str = ""
    detail: str = ""
    code: str = ""


def try_way(site: Site, token: str, plan: Plan, *, authorization: str = "") -> Seen:
    """What a client with an administrator's token sees at ``site``.

    authorization: what a platform before the server wants of its own.
    Raises Unauthenticated, Forbidden where the server itself refuses it.
    """
    line = _Line(site, token, authorization)
    began = datetime.now(timezone.utc)
    answer = line.ask("GET", f"{ROOT}/arrival/")
    middle = began + (datetime.now(timezone.utc) - began) / 2
    server = answer.headers.get("server", "")[:_MOST_REASON]
    seen = Seen(site=str(site), server=server, certificate_days=answer.certificate_days)
    arrived = _read_arrived(answer)
    if arrived is None:
        return msgspec.structs.replace(seen, trouble=_diagnose(line, answer))
    with ThreadPoolExecutor(1) as waiting:
        silence = waiting.submit(_try_silence, line, plan)
        uploads = _try_uploads(line, plan, arrived.most_upload_bytes)
        events = _try_events(line, plan)
        return msgspec.structs.replace(
            seen,
            arrived=arrived,
            sent_origin=site.origin,
            uploads=uploads,
            events=events,
            silence=silence.result(),
            clock_ahead_s=(middle - arrived.now).total_seconds(),
        )


def ask_installation(site: Site, token: str, *, authorization: str = "") -> list[Check]:
    """What the server says of its machine and its parts. Raises Unavailable("server-unreachable")."""
    answer = _Line(site, token, authorization).ask("GET", f"{ROOT}/", timeout_s=_LOOK_S)
    try:
        if answer.status == 200:
            return msgspec.json.decode(answer.body, type=list[Check])
    except msgspec.DecodeError:
        pass
    said = _read_said(answer)
    text = said.detail if said else answer.problem or f"It answered {answer.status}."
    raise Unavailable("server-unreachable", f"{site} did not look at itself: {text[:_MOST_REASON]}")


class _Line:
    """One server, asked again and again."""

    def __init__(self, site: Site, token: str, authorization: str) -> None:
        self.site = site
        # Not by Authorization: a platform before the server may keep that for itself.
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Origin": site.origin,
            "X-Treadle-Token": token,
        }
        if authorization:
            self._headers["Authorization"] = authorization

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        prefix: str | None = None,
        timeout_s: float = _ANSWER_S,
    ) -> _Answer:
        """One answer, whatever it is. prefix: another than the site's."""
        began_s = time.monotonic()
        target = quote(self.site.prefix if prefix is None else prefix) + path
        connection = self._open(timeout_s)
        try:
            connection.connect()
            days = _days_left(connection)
            _send(connection, method, target, body, self._headers)
            response = connection.getresponse()
            headers = {name.lower(): text for name, text in response.getheaders()}
            content = response.read(_MOST_BYTES)
            took_s = time.monotonic() - began_s
            return _Answer(response.status, headers, content, took_s, certificate_days=days)
        except ssl.SSLCertVerificationError as error:
            return _Answer(problem=error.verify_message, is_distrusted=True)
        except _BROKEN as error:
            return _Answer(took_s=time.monotonic() - began_s, problem=_reason(error))
        finally:
            connection.close()

    def announce(self, path: str, size_bytes: int, quiet_s: float) -> int:
        """The status of the refusal of a body of that size, of which only a piece is sent; 200: none came."""
        connection, is_begun = self._open(_CONNECT_S), False
        try:
            connection.putrequest("POST", quote(self.site.prefix) + path, skip_accept_encoding=True)
            for name, text in {**self._headers, "Content-Length": str(size_bytes)}.items():
                connection.putheader(name, text)
            connection.endheaders(_ANNOUNCED_PIECE)
            is_begun = True
            connection.sock.settimeout(quiet_s)
            return connection.getresponse().status
        except TimeoutError:
            return 200 if is_begun else 0
        except _BROKEN:
            return 0
        finally:
            connection.close()

    def listen(self, path: str, plan: Plan) -> Events:
        """Whether the second event comes with the first."""
        connection = self._open(plan.apart_s + _ANSWER_S)
        status, is_first_here = 0, False
        try:
            connection.request("GET", quote(self.site.prefix) + path, None, self._headers)
            sock = connection.sock
            response = connection.getresponse()
            status = response.status
            came = response.read1(_MOST_REASON)
            is_first_here = b"\n\n" in came
            sock.settimeout(plan.quiet_s)
            came += response.read1(_MOST_REASON)
            return Events(plan.apart_s, came.count(b"\n\n") > 1, status)
        except TimeoutError:
            return Events(plan.apart_s, False, status if is_first_here else 0)
        except _BROKEN:
            return Events(plan.apart_s, False, 0)
        finally:
            connection.close()

    def _open(self, timeout_s: float) -> http.client.HTTPConnection:
        host, port = self.site.host, self.site.port
        if self.site.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
        return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _try_uploads(line: _Line, plan: Plan, most_bytes: int) -> list[Upload]:
    """Growing bodies, up to the first that does not come through."""
    tried: list[Upload] = []
    for size_bytes in plan.sent_bytes:
        answer = line.ask("POST", f"{ROOT}/upload/", body=b"\0" * size_bytes)
        tried.append(Upload(size_bytes, answer.status))
        if not tried[-1].came_through:
            return tried
    for size_bytes in sorted({*plan.announced_bytes, most_bytes}):
        tried.append(Upload(size_bytes, line.announce(f"{ROOT}/upload/", size_bytes, plan.quiet_s), True))
        if not tried[-1].came_through:
            return tried
    return tried


def _try_silence(line: _Line, plan: Plan) -> Silence:
    answer = line.ask("GET", f"{ROOT}/silence/?seconds={plan.wait_s:g}", timeout_s=plan.wait_s + _ANSWER_S)
    return Silence(plan.wait_s, answer.took_s, answer.status)


def _try_events(line: _Line, plan: Plan) -> Events:
    return line.listen(f"{ROOT}/events/?seconds={plan.apart_s:g}", plan)


def _read_arrived(answer: _Answer) -> Arrived | None:
    if answer.status != 200:
        return None
    try:
        return msgspec.json.decode(answer.body, type=Arrived)
    except msgspec.DecodeError:
        return None


def _read_said(answer: _Answer) -> _Said | None:
    """What an answer of ours says; None: it is another's."""
    try:
        said = msgspec.json.decode(answer.body, type=_Said)
    except msgspec.DecodeError:
        return None
    return said if said.code or said.status else None


def _diagnose(line: _Line, answer: _Answer) -> Trouble:
    """What stands in the way. Raises Unauthenticated, Forbidden."""
    if answer.status == 0:
        code: Literal["certificate", "no-answer"] = "certificate" if answer.is_distrusted else "no-answer"
        return Trouble(code, f"{line.site}: {answer.problem}")
    place = answer.headers.get("location", "")[:_MOST_REASON]
    if answer.status // 100 == 3:
        return Trouble("moved", f"It answered {answer.status} and leads to {place or 'nowhere'}.", place)
    told = f"It answered {answer.status}{_by(answer)}."
    if answer.status in (502, 503, 504):
        return Trouble("bad-gateway", told)
    said = _read_said(answer)
    if answer.status in (401, 403):
        if said is None:
            return Trouble("proxy-sign-in", told)
        raise _refused(said, answer.status)
    if said is not None and "TREADLE_BASE_PATH" in said.detail:
        return Trouble("prefix-kept", said.detail[:_MOST_REASON])
    return _find_server(line, told)


def _find_server(line: _Line, told: str) -> Trouble:
    """Where it answers, if anywhere below the address."""
    if not _is_up(line, line.site.prefix):
        for more in dict.fromkeys((line.site.prefix, "/treadle-doctor")):
            if more and _is_up(line, f"{line.site.prefix}{more}"):
                path = f"{line.site.prefix}{more}/health"
                return Trouble(
                    "prefix-twice", f"{told} The server answers at {path} instead of /health below it."
                )
    return Trouble("not-treadle", told)


def _is_up(line: _Line, prefix: str) -> bool:
    answer = line.ask("GET", "/health", prefix=prefix)
    said = _read_said(answer)
    return answer.status == 200 and said is not None and said.status == "UP"


def _refused(said: _Said, status: int) -> Unauthenticated | Forbidden:
    text = f"{said.detail[:500]} Give the token of an organisation admin."
    kind = Unauthenticated if status == 401 else Forbidden
    return kind(said.code or "refused", text)


def _by(answer: _Answer) -> str:
    server = answer.headers.get("server", "")[:_MOST_REASON]
    return f", by {server}" if server else ""


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | None,
    headers: dict[str, str],
) -> None:
    sent = headers if body is None else {**headers, "Content-Type": "application/octet-stream"}
    try:
        connection.request(method, target, body, sent)
    except (BrokenPipeError, ConnectionResetError):
        # Whoever refuses a body answers before its end: what was said is still to be read.
        if body is None or connection.sock is None:
            raise


def _days_left(connection: http.client.HTTPConnection) -> float | None:
    sock = connection.sock
    if not isinstance(sock, ssl.SSLSocket):
        return None
    ends = (sock.getpeercert() or {}).get("notAfter")
    return (ssl.cert_time_to_seconds(ends) - time.time()) / 86_400 if isinstance(ends, str) else None


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:_MOST_REASON]

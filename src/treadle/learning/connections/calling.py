"""Calling a backend over HTTP: through the outbound gate, to a deadline, a bounded answer, no redirects."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

import msgspec

from treadle.errors import Invalid, TreadleError, Unavailable
from treadle.learning.connections.timed_sockets import TimedSocket
from treadle.outbound import AllowList
from treadle.outbound.connecting import reach

_LONGEST_URL = 2_000
_CONNECT_S = 10.0
#: A connection that nobody used for so long may be closed at the other end.
_KEPT_S = 20.0
_MOST_IDLE = 4
_PIECE_BYTES = 256 * 1024
_MOST_SAID_BYTES = 1024 * 1024
_SHOWN_CHARACTERS = 300
#: Longer pauses are not asked for: who does is asked when we see fit.
_LONGEST_PAUSE_S = 3600
_DETAILS = ("reason", "detail", "error", "message")
_BUSY_STATUSES = frozenset({429, 503})

Body: TypeAlias = "bytes | IO[bytes]"


@dataclass(frozen=True)
class Address:
    """Where a backend is: ``http://host:port/path``, and what is sent with every call."""

    url: str
    #: The value of Authorization; "" for none.
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


@dataclass(frozen=True)
class Question:
    """What is asked of a backend.

    limit_s: for the whole call; with least_bytes_s for each wait, and an answer that brings fewer bytes a
    second is ended, too.  connect_s: of that, for the connection.  can_repeat: whether it does no harm
    when it arrives twice.
    """

    method: str
    path: str
    body: Body | None = None
    body_bytes: int = 0
    limit_s: float = 100.0
    connect_s: float = _CONNECT_S
    most_bytes: int = 1024 * 1024
    can_repeat: bool = True
    kind: str = "application/json"
    least_bytes_s: int = 0


@dataclass(frozen=True)
class Reply:
    """What a backend answered."""

    status: int
    body: bytes
    retry_after_s: int | None = None
    location: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it did what it was asked for."""
        return 200 <= self.status < 300

    @property
    def is_busy(self) -> bool:
        """Whether it asks to come again."""
        return self.status in _BUSY_STATUSES


class _NotReached(TimeoutError):
    """There was no connection in time."""


@dataclass
class _Kept:
    connection: http.client.HTTPConnection
    timed: TimedSocket
    used_s: float = 0.0
    is_new: bool = True


def parse_address(url: str) -> SplitResult:
    """The parts of a backend's address. Raises Invalid("backend-url")."""
    try:
        target = urlsplit(url.strip())
        is_whole = target.scheme in ("http", "https") and bool(target.hostname)
        target.port  # noqa: B018 - raises for what is no port
        (target.hostname or "").encode("idna")
        target.path.encode("ascii")
    except UnicodeEncodeError as error:
        raise _wrong_url("holds letters behind its host that stand in percent there, as %C3%BC") from error
    except (ValueError, UnicodeError) as error:
        raise _wrong_url(f"is no address ({error})") from error
    if not is_whole or len(url) > _LONGEST_URL or not url.strip().isprintable() or " " in url.strip():
        raise _wrong_url("is no http or https address")
    if target.username is not None or target.password is not None:
        raise _wrong_url("holds a name or a password: give these as the backend's authentication")
    if target.query or target.fragment:
        raise _wrong_url("has a ? or a # part, which the backend's own addresses would stand behind")
    return target


def basic(user: str, password: str) -> str:
    """The value of Authorization for a name and a password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


@dataclass
class Wire:
    """Speaks with one backend; connections are kept for the next call, whichever thread makes it.

    name: as errors call the backend.
    """

    address: Address
    allowed: AllowList
    name: str
    _idle: list[_Kept] = field(default_factory=list)
    _busy: set[TimedSocket] = field(default_factory=set)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _is_ended: bool = False

    def __post_init__(self) -> None:
        self._target = parse_address(self.address.url)

    def ask(self, call: Question) -> Reply:
        """The answer as a whole, whatever its status.

        Raises Unavailable("backend-down", "backend-slow", "backend-ended"), Invalid("backend-answer") for
        what is no HTTP or too large, Forbidden("address-private").
        """
        with self._telling(call):
            kept, response = self._send(call)
            try:
                body = self._read(response, call.most_bytes)
            except BaseException:
                self._drop(kept)
                raise
            self._put_back(kept, response)
        pause_s = _seconds(response.headers.get("retry-after", ""))
        location = response.headers.get("location", "")
        return Reply(response.status, body, pause_s, location)

    def stream(self, call: Question) -> Iterator[bytes]:
        """The answer as it arrives, where its status is good. Raises as `ask`, and as `check`."""
        with self._telling(call):
            kept, response = self._send(call)
            began_s, size_bytes = time.monotonic(), 0
            try:
                if not 200 <= response.status < 300:
                    self.check(Reply(response.status, self._read(response, _MOST_SAID_BYTES)), call)
                self._check_size(response.length or 0, call.most_bytes)
                while piece := response.read1(_PIECE_BYTES):
                    size_bytes += len(piece)
                    self._check_size(size_bytes, call.most_bytes)
                    yield piece
                    if call.least_bytes_s:
                        latest_s = began_s + size_bytes / call.least_bytes_s
                        kept.timed.deadline_s = min(latest_s, time.monotonic()) + call.limit_s
                if response.length:
                    raise ConnectionResetError("it broke off before its end")
            finally:
                self._drop(kept)

    def check(self, reply: Reply, call: Question) -> Reply:
        """The reply, if its status is good.

        Raises Unavailable("backend-busy", "backend-failed"), Invalid("backend-auth", "backend-answer").
        """
        if reply.is_good:
            return reply
        said = told_by(reply.body)
        what = f"{self.name} answered {reply.status} to {call.method} {call.path}"
        told = f"{what}: {said}" if said else f"{what}."
        if reply.is_busy:
            raise Unavailable("backend-busy", told, details={"retry_after_s": reply.retry_after_s or 5})
        if reply.status in (401, 403):
            text = f"{what}: the name, password or token that it was given is missing or wrong there."
            raise Invalid("backend-auth", text)
        if 300 <= reply.status < 400:
            text = (
                f"{what}, which leads on to {reply.location[:200]!r}. Give the address that it is at itself."
            )
            raise Invalid("backend-answer", text)
        if reply.status >= 500:
            raise Unavailable("backend-failed", told, details={"status": reply.status})
        raise Invalid("backend-answer", told, details={"status": reply.status})

    def break_off(self) -> None:
        """End what is asked just now, and take no further calls; from any thread."""
        with self._turn:
            self._is_ended = True
            for timed in self._busy:
                timed.break_off()
        self.close()

    def close(self) -> None:
        """Give back the connections that nobody uses."""
        with self._turn:
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.connection.close()

    def _telling(self, call: Question) -> _Telling:
        return _Telling(self, call)

    def _send(self, call: Question) -> tuple[_Kept, http.client.HTTPResponse]:
        deadline_s = time.monotonic() + call.limit_s
        kept = (self._take(deadline_s) if call.can_repeat else None) or self._open(call, deadline_s)
        try:
            return kept, self._exchange(kept, call)
        except (ConnectionError, http.client.BadStatusLine):
            self._drop(kept)
            if kept.is_new or self._is_ended:
                raise
        except BaseException:
            self._drop(kept)
            raise
        # It was closed at the other end meanwhile, as is everybody's right.
        if hasattr(call.body, "seek"):
            call.body.seek(0)  # type: ignore[union-attr] # it has one
        fresh = self._open(call, deadline_s)
        try:
            return fresh, self._exchange(fresh, call)
        except BaseException:
            self._drop(fresh)
            raise

    def _exchange(self, kept: _Kept, call: Question) -> http.client.HTTPResponse:
        headers = {"User-Agent": "Treadle", "Accept": "*/*"}
        if self.address.authorization:
            headers["Authorization"] = self.address.authorization
        if call.body is not None:
            size = len(call.body) if isinstance(call.body, bytes) else call.body_bytes
            headers |= {"Content-Type": call.kind, "Content-Length": str(size)}
        path = self._target.path.rstrip("/") + call.path
        kept.connection.request(call.method, path, body=call.body, headers=headers)
        return kept.connection.getresponse()

    def _open(self, call: Question, deadline_s: float) -> _Kept:
        host = self._target.hostname or ""
        is_secure = self._target.scheme == "https"
        port = self._target.port or (443 if is_secure else 80)
        try:
            plain = reach(host, port, self.allowed, min(deadline_s, time.monotonic() + call.connect_s))
        except TimeoutError as error:
            raise _NotReached(str(error)) from error
        timed = TimedSocket(plain, deadline_s)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A machine that went away without a word is noticed, however long an answer may take.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if is_secure:
                timed.wait_no_longer()
                timed.plain = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
            self._note_busy(timed)
        except BaseException:
            timed.plain.close()
            raise
        # The connection is made here, to the address that was looked at; http.client only speaks over it.
        connection = http.client.HTTPConnection(host, port)
        connection.auto_open = 0
        connection.sock = timed
        return _Kept(connection, timed)

    def _take(self, deadline_s: float) -> _Kept | None:
        newest_s = time.monotonic() - _KEPT_S
        while True:
            with self._turn:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                return None
            if kept.used_s >= newest_s:
                kept.timed.deadline_s = deadline_s
                self._note_busy(kept.timed)
                return kept
            kept.connection.close()

    def _note_busy(self, timed: TimedSocket) -> None:
        with self._turn:
            if self._is_ended:
                raise ConnectionAbortedError("the call was ended")
            self._busy.add(timed)

    def _put_back(self, kept: _Kept, response: http.client.HTTPResponse) -> None:
        is_over = response.will_close or kept.connection.sock is None
        response.close()  # all of it is read, which http.client does not always see
        with self._turn:
            self._busy.discard(kept.timed)
            is_over = is_over or self._is_ended or len(self._idle) >= _MOST_IDLE
            if not is_over:
                kept.used_s, kept.is_new = time.monotonic(), False
                self._idle.append(kept)
        if is_over:
            kept.connection.close()

    def _drop(self, kept: _Kept) -> None:
        with self._turn:
            self._busy.discard(kept.timed)
        kept.connection.close()
        kept.timed.plain.close()

    def _read(self, response: http.client.HTTPResponse, most_bytes: int) -> bytes:
        pieces, size_bytes = [], 0
        while piece := response.read1(_PIECE_BYTES):
            size_bytes += len(piece)
            self._check_size(size_bytes, most_bytes)
            pieces.append(piece)
        if response.length:
            raise ConnectionResetError("it broke off before its end")
        return b"".join(pieces)

    def _check_size(self, size_bytes: int, most_bytes: int) -> None:
        if size_bytes > most_bytes:
            text = f"{self.name} answered with more than {most_bytes} bytes, the most that is taken."
            raise Invalid("backend-answer", text)

    @property
    def is_ended(self) -> bool:
        """Whether `break_off` was called."""
        return self._is_ended


@dataclass(frozen=True)
class _Telling:
    """Says in words what went wrong on the way."""

    line: Wire
    call: Question

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if error is None or isinstance(error, TreadleError):
            return
        line, call = self.line, self.call
        if line.is_ended and isinstance(error, (OSError, http.client.HTTPException)):
            raise Unavailable("backend-ended", f"The call to {line.name} was ended.") from error
        if isinstance(error, (_NotReached, http.client.IncompleteRead)):
            told = "it broke off within its answer"
            if isinstance(error, _NotReached):
                told = f"nothing came back within {call.connect_s:g} seconds"
            raise _down(line, told) from error
        if isinstance(error, TimeoutError):
            text = f"{line.name} did not answer {call.method} {call.path} within {call.limit_s:g} seconds."
            raise Unavailable("backend-slow", text) from error
        if isinstance(error, OSError):
            raise _down(line, told_of_fault(error)) from error
        if isinstance(error, http.client.HTTPException):
            text = f"{line.name} at {line.address.url} answered what is no HTTP ({type(error).__name__})."
            raise Invalid("backend-answer", text) from error


def _down(line: Wire, told: str) -> Unavailable:
    text = f"{line.name} at {line.address.url} does not answer: {told}. Look whether it runs there."
    return Unavailable("backend-down", text, details={"why": told})


def told_by(body: bytes) -> str:
    """What an answer that tells of an error says in words, shortened; "" where that is a page or nothing."""
    text = _detail(body) or body[: 4 * _SHOWN_CHARACTERS].decode(errors="replace").strip()
    if not text or text.startswith("<"):
        return ""
    return plain(text)


def plain(said: Any) -> str:
    """What a backend says in words as it may be kept and shown: one line, shortened, of whole characters.

    No database keeps a NUL, and no index a name as long as a book.
    """
    text = said if isinstance(said, str) else _json(said)
    return " ".join(text[: 4 * _SHOWN_CHARACTERS].replace("\0", "").split())[:_SHOWN_CHARACTERS]


def _json(said: Any) -> str:
    try:
        return msgspec.json.encode(said).decode()
    except RecursionError:
        return ""


def _seconds(text: str) -> int | None:
    """A Retry-After; of what is no number of seconds, None."""
    return min(int(text[:9]), _LONGEST_PAUSE_S) if text.isascii() and text.isdecimal() else None


def _detail(body: bytes) -> str:
    """What stands where errors in JSON say it; never a traceback."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if not isinstance(content, dict):
        return ""
    return next((plain(content[name]) for name in _DETAILS if content.get(name)), "")


def told_of_fault(error: OSError) -> str:
    """What happened to a connection, in words."""
    if isinstance(error, ssl.SSLError):
        return f"its certificate or its TLS is not accepted ({error.reason or error})"
    if isinstance(error, socket.gaierror):
        return "no machine of that name is known here"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens at that port"
    return error.strerror or str(error) or type(error).__name__


def _wrong_url(what: str) -> Invalid:
    text = f"The address of the backend {what}. Give one such as http://localhost:9090."
    return Invalid("backend-url", text, fields={"url": [text]})

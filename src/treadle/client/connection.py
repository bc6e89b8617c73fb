"""Asking one server: what is safe again when it is away, errors as what a caller can act on."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from treadle import __version__
from treadle.client.addresses import Address
from treadle.client.transport import Body, HttpTransport, Response, Transport
from treadle.errors import (
    Conflict,
    Defect,
    Forbidden,
    Invalid,
    NotFound,
    TreadleError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024
_PAUSES_S = (0.1, 0.4, 1.6)
_MOST_ERROR_BYTES = 1024**2
_SAFE = frozenset({"GET", "HEAD"})
_AGAIN = frozenset({429, 502, 503, 504})
_CLASSES: dict[int, type[TreadleError]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    409: Conflict,
    412: Conflict,
    413: Invalid,
    416: Invalid,
    429: Unavailable,
    500: Defect,
    501: Unsupported,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
    507: Unavailable,
}

Query = Mapping[str, "str | int | None"]


class Answer:
    """An answer whose body is read by whoever asked; a context that gives its connection back."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, most_bytes: int | None = None) -> bytes:
        """The rest of the body, or the next bytes of it. Raises Unavailable("answer-broken-off")."""
        try:
            return self._response.read(most_bytes)
        except (OSError, http.client.HTTPException) as error:
            raise _broken_off(str(error) or type(error).__name__) from error

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives."""
        while chunk := self.read(CHUNK_BYTES):
            yield chunk

    def decode(self, kind: type[T]) -> T:
        """The body as JSON of a ``kind``. Raises Defect("answer-unknown")."""
        try:
            return msgspec.json.decode(self.read(), type=kind)
        except msgspec.DecodeError as error:
            text = f"The server's answer cannot be read ({error}). Are both of one version?"
            raise Defect("answer-unknown", text) from error

    def close(self) -> None:
        """Give the connection back; end it where something of the body was left."""
        self._response.close()


class Connection:
    """Asks one server, from any number of threads."""

    def __init__(
        self,
        address: Address,
        token: str = "",
        transport: Transport | None = None,
        *,
        authorization: str = "",
    ) -> None:
        """transport: what carries the requests, where that is not HTTP to the address.

        authorization: what a platform before the server wants; the token then goes beside it.
        """
        self.address = address
        self._transport = transport or HttpTransport(address)
        #: Whether local files are taken as they lie, instead of being sent.
        self.takes_files = self._transport.takes_files
        self._headers = {"User-Agent": f"treadle/{__version__}", "Accept": "application/json"}
        if authorization:
            self._headers["Authorization"] = authorization
        if token:
            name, kind = ("X-Treadle-Token", "") if authorization else ("Authorization", "Token ")
            self._headers[name] = f"{kind}{token}"

    def ask(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, where it is a good one; what is safe is asked again when the server is away.

        path: unquoted, below the server's prefix.  body: bytes as they are, or chunks that are sent
        as they come. Raises as `raise_error` says, Unavailable("server-unreachable").
        """
        target = self._target(path, query or {})
        sent = {**self._headers, **(headers or {})}
        pauses_s = list(_PAUSES_S) if method in _SAFE else []
        while True:
            try:
                answer = Answer(self._transport.send(method, target, body, sent))
                if answer.status < 300 or answer.status == 304:
                    return answer
                if answer.status not in _AGAIN or not pauses_s:
                    with answer:
                        raise_error(answer, self.address)
                answer.close()
            except (OSError, http.client.HTTPException) as error:
                if not pauses_s:
                    raise unreachable(self.address, error) from error
            time.sleep(pauses_s.pop(0))

    def ask_json(
        self,
        kind: type[T],
        method: str,
        path: str,
        query: Query | None = None,
        *,
        sent: Any = None,
    ) -> T:
        """Ask with ``sent`` as JSON, unless it is None; the answer as a ``kind``."""
        body = None if sent is None else msgspec.json.encode(sent)
        headers = {} if sent is None else {"Content-Type": "application/json"}
        with self.ask(method, path, query, body=body, headers=headers) as answer:
            return answer.decode(kind)

    def close(self) -> None:
        """End what is kept open."""
        self._transport.close()

    def _target(self, path: str, query: Query) -> str:
        told = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        return f"{self.address.prefix}{quote(path)}{'?' if told else ''}{told}"


class _Told(msgspec.Struct):
    detail: str = ""
    code: str = ""
    validation_errors: dict[str, list[str]] = {}
    details: dict[str, Any] = {}


def raise_error(answer: Answer, address: Address) -> None:
    """Raises what the answer says: of the class that its status stands for, in the server's words."""
    if answer.status // 100 == 3:
        place = answer.headers.get("Location", "elsewhere")
        raise Invalid("server-moved", f"{address} leads to {place}. Give that address instead.")
    kind = _CLASSES.get(answer.status, Invalid if answer.status < 500 else Defect)
    try:
        told = msgspec.json.decode(answer.read(_MOST_ERROR_BYTES), type=_Told)
    except msgspec.DecodeError:
        told = _Told()
    if not told.detail:
        text = f"{address} answered {answer.status} without saying why. Is it a Treadle, of this version?"
        raise kind("answer-unknown", text)
    raise kind(told.code or "refused", told.detail, fields=told.validation_errors, details=told.details)


def _broken_off(told: str) -> Unavailable:
    return Unavailable("answer-broken-off", f"The server's answer broke off ({told}). Try again.")


def unreachable(address: Address, error: Exception) -> Unavailable:
    """What to say when the server did not answer."""
    told = str(error) or type(error).__name__
    text = f"{address} does not answer ({told}). Is it running, and is that its address?"
    return Unavailable("server-unreachable", text)

"""The tracking process as the web process sees it: started by the first request, and an answer to each.

Promises: nothing runs before somebody asks; ten who ask at once start it once; it ends when nobody asks for a
while, and with the web process, however that ends. Killed, it comes back: a request that only reads is asked
again, another one is answered 503, which MLflow's client repeats. Where it cannot run, 503 says why.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from starlette.types import Message, Receive, Scope, Send

from treadle.errors import TreadleError, Unavailable, Unsupported
from treadle.settings import Settings
from treadle.tracking.channel import Connection, Head
from treadle.tracking.exchanges import (
    Gone,
    Outgoing,
    Part,
    converse,
    first_part,
    outgoing_of,
    outgoing_to,
    pass_on,
    refusal,
    refuse,
)
from treadle.tracking.supervisor import END_S, Supervisor
from treadle.tracking.visitor import TrackingLevel, Visitor

__all__ = ["Reply", "Tracking", "TrackingLevel", "Visitor"]

CHILD = "treadle.tracking.child"
#: What the extra ``tracking`` brings.
_NEEDED = ("mlflow", "flask", "flask_cors", "alembic", "graphene", "numpy", "pandas", "aiohttp")
_TRIES = 3
_ONLY_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Reply:
    """An answer as a whole; names of headers in small letters."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Tracking:
    """Asks the tracking process; one for each web process, used by its one event loop.

    module: what the process runs, for tests that take a guard away.
    """

    def __init__(self, settings: Settings, *, module: str = CHILD) -> None:
        self._supervisor = Supervisor(settings, module)
        #: Held from a change of the registry to the line of the history that tells it.
        self.registry_turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The number of the tracking process, while there is one."""
        return self._supervisor.pid

    @property
    def starts(self) -> int:
        """How often the tracking process was started."""
        return self._supervisor.starts

    async def hand_on(
        self, scope: Scope, receive: Receive, send: Send, visitor: Visitor, *, path: str
    ) -> None:
        """Answer a request that the door let in by what the tracking process answers; streams both ways.

        path: without the server's prefix, decoded. Of the headers those of the door, of its own and of the
        person's credentials are not handed on.
        """
        try:
            await self._hand_on(outgoing_of(scope, visitor, path), receive, send)
        except Gone:
            return
        except TreadleError as error:
            await refuse(send, error, self._supervisor.retry_after_s())

    async def ask(
        self,
        method: str,
        path: str,
        visitor: Visitor,
        body: bytes = b"",
        *,
        content_type: str = "application/json",
    ) -> Reply:
        """Ask a question of our own; ``path`` may end in a query. A refusal is a reply, as MLflow's are."""
        outgoing = outgoing_to(method, path, visitor, size_bytes=len(body), content_type=content_type)
        try:
            with self._supervisor.asking():
                connection, head = await self._begin(outgoing, Part(body, has_more=False), _nothing_more)
                return await _collect(connection, head)
        except TreadleError as error:
            status, headers, content = refusal(error, self._supervisor.retry_after_s())
            return Reply(status, tuple(headers), content)

    def end(self) -> None:
        """End the tracking process; to be called after the end of the event loop."""
        running = self._supervisor.stop()
        if running is not None:
            running.wait(END_S)

    async def close(self) -> None:
        """End the tracking process; nobody is answered any more."""
        running = self._supervisor.stop()
        if running is not None:
            await asyncio.to_thread(running.wait, END_S)

    async def _hand_on(self, outgoing: Outgoing, receive: Receive, send: Send) -> None:
        first = await first_part(receive)
        with self._supervisor.asking():
            connection, head = await self._begin(outgoing, first, receive)
            try:
                await pass_on(connection, head, send)
            except ConnectionError:
                return  # the answer breaks off for who asked, too
            finally:
                connection.let_go()

    async def _begin(self, outgoing: Outgoing, first: Part, receive: Receive) -> tuple[Connection, Head]:
        _check_installed()
        for tries_left in reversed(range(_TRIES)):
            connection = await self._supervisor.connect()
            try:
                head = await converse(connection, outgoing, first, receive)
            except ConnectionError as error:
                if not tries_left or first.has_more or outgoing.method not in _ONLY_READS:
                    raise _interrupted() from error
                continue
            except BaseException:
                connection.abort()
                raise
            self._supervisor.note_answer()
            return connection, head
        raise _interrupted()


async def _collect(connection: Connection, head: Head) -> Reply:
    chunks = []
    try:
        while chunk := await connection.chunk():
            chunks.append(chunk)
    except ConnectionError as error:
        raise _interrupted() from error
    finally:
        connection.let_go()
    return Reply(head.status, tuple(head.headers), b"".join(chunks))


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


@cache
def _missing() -> tuple[str, ...]:
    return tuple(name for name in _NEEDED if find_spec(name) is None)


def _check_installed() -> None:
    if missing := _missing():
        raise Unsupported(
            "tracking-not-installed",
            f"Experiments and models need MLflow, which this server does not have ({', '.join(missing)}). "
            "Its administrator installs it with: pip install 'treadle[tracking]', and starts it again.",
        )


def _interrupted() -> Unavailable:
    return Unavailable(
        "tracking-interrupted",
        "The tracking process ended before it answered. It is started again: look whether the change was "
        "made, or send it again.",
    )

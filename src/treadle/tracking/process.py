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

from treadle.errors import Forbidden, TreadleError, Unauthenticated, Unavailable, Unsupported
from treadle.settings import Settings
from treadle.tracking.channel import PATIENCE_S, Connection, Head, Silent
from treadle.tracking.exchanges import (
    ALIVE,
    Gone,
    Outgoing,
    Part,
    converse,
    first_part,
    first_part_soon,
    outgoing_of,
    outgoing_to,
    pass_on,
    refusal,
    refuse,
)
from treadle.tracking.supervisor import END_S, Supervisor
from treadle.tracking.turns import Turns
from treadle.tracking.visitor import TrackingLevel, Visitor

__all__ = ["Reply", "Tracking", "TrackingLevel", "Visitor"]

CHILD = "treadle.tracking.child"
#: What the extra ``tracking`` brings.
_NEEDED = ("mlflow", "flask", "flask_cors", "alembic", "graphene", "numpy", "pandas", "aiohttp")
_TRIES = 3
_ONLY_READS = frozenset({"GET", "HEAD"})
#: How long one waits for those who change the same model.
_TURN_S = 30.0
#: How long a process that hears takes to say so, on a machine with much to do.
_ALIVE_S = 20.0
_NOBODY = Visitor(0, "", None, "read", ())
_NO_BODY = Part(b"", has_more=False)


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
        #: By workspace and model, held from a change of it to the line of the history that tells it.
        self.model_turns = Turns(1, _TURN_S, "Somebody else has been changing this model for a while.")

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
        person's credentials are not handed on. Raises Unauthenticated and Forbidden of `receive`, before
        anything was sent: whoever looked again at who sends the body tells of it.
        """
        try:
            await self._hand_on(outgoing_of(scope, visitor, path, self._supervisor.key), receive, send)
        except Gone:
            return
        except (Unauthenticated, Forbidden):
            raise
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
        key = self._supervisor.key
        outgoing = outgoing_to(method, path, content_type, len(body), visitor=visitor, key=key)
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
        first = await (first_part if outgoing.size_bytes == 0 else first_part_soon)(receive)
        with self._supervisor.asking():
            connection, head = await self._begin(outgoing, first, receive)
            try:
                await pass_on(connection, head, send)
            except (ConnectionError, Silent, asyncio.TimeoutError):
                return  # the answer breaks off for who asked, too
            finally:
                connection.let_go()

    async def _begin(self, outgoing: Outgoing, first: Part, receive: Receive) -> tuple[Connection, Head]:
        _check_installed()
        for tries_left in reversed(range(_TRIES)):
            connection = await self._supervisor.connect()
            pid = self._supervisor.pid
            try:
                head = await converse(connection, outgoing, first, receive)
            except ConnectionError as error:
                if not tries_left or first.has_more or outgoing.method not in _ONLY_READS:
                    raise _interrupted() from error
                continue
            except Silent as error:
                if not await self._is_alive():
                    self._supervisor.give_up(pid)
                raise _silent() from error
            except BaseException:
                connection.abort()
                raise
            self._supervisor.note_answer()
            return connection, head
        raise _interrupted()

    async def _is_alive(self) -> bool:
        """Whether the process hears anything: one that is busy for long, as with a migration, still does."""
        question = outgoing_to("GET", ALIVE, "text/plain", 0, visitor=_NOBODY, key=self._supervisor.key)
        connection = await self._supervisor.connect()
        try:
            await asyncio.wait_for(converse(connection, question, _NO_BODY, _nothing_more), _ALIVE_S)
        except ConnectionError:
            return True  # it has ended by itself, which is seen to
        except asyncio.TimeoutError:
            return False
        finally:
            connection.abort()
        return True


async def _collect(connection: Connection, head: Head) -> Reply:
    chunks = []
    try:
        while chunk := await connection.chunk():
            chunks.append(chunk)
    except (ConnectionError, Silent) as error:
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


def _silent() -> Unavailable:
    return Unavailable(
        "tracking-silent",
        f"The tracking process has not answered for {PATIENCE_S:.0f} s. Look whether the change was made, or "
        "send it again.",
    )

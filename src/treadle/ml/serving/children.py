"""A child process that is spoken to in frames, from one event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Generic, TypeVar, cast

import msgspec

from treadle.ml.serving.frames import Stop, ToModel, Unpacker, packed

M = TypeVar("M")
#: How long what a dead child said last may take to come.
_LAST_WORDS_S = 1.0


class Child(asyncio.Protocol, Generic[M]):
    """One process; it ends with this one, and when it ends ``on_end`` is called with its exit status.

    It is told of its end of the socket and of the tether, then of the ``arguments``.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        decoder: msgspec.msgpack.Decoder[M],
        on_message: Callable[[M], None],
        on_end: Callable[[int], None],
    ) -> None:
        self._command = f"from {module} import main; main()"
        self._arguments = arguments
        self._unpacker = Unpacker(decoder)
        self._on_message = on_message
        self._on_end = on_end
        self._status: int | None = None
        self._is_connected = False
        self._has_ended = False
        self._process: subprocess.Popen[bytes]
        self._transport: asyncio.Transport

    async def start(self, environment: Mapping[str, str], output: IO[bytes] | None = None) -> None:
        """Start it; its output goes to ``output``, else where ours goes. Raises OSError."""
        self._loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        tether, self._tether = os.pipe()
        try:
            # In this thread: the kernel ends the child with the thread that started it.
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._command, str(theirs.fileno()), str(tether), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno(), tether],
                env=dict(environment),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            os.close(self._tether)
            raise
        finally:
            theirs.close()
            os.close(tether)
        threading.Thread(target=self._watch, name="child", daemon=True).start()
        ours.setblocking(False)
        await self._loop.create_unix_connection(lambda: self, sock=ours)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def send(self, message: ToModel | Stop) -> None:
        """Send it a message; one that is gone hears nothing."""
        if self._is_connected:
            self._transport.write(packed(message))

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send it, and what it started, a signal."""
        if self._status is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _watch(self) -> None:
        status = self._process.wait()
        with suppress(RuntimeError):  # the loop is over
            self._loop.call_soon_threadsafe(self._note_end, status)

    def _note_end(self, status: int) -> None:
        self._status = status
        os.close(self._tether)
        if self._is_connected:
            # What it started may hold the socket open.
            self._loop.call_later(_LAST_WORDS_S, self._transport.abort)
        self._tell_end()

    def _tell_end(self) -> None:
        if self._status is not None and not self._is_connected and not self._has_ended:
            self._has_ended = True
            self._on_end(self._status)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._is_connected = True

    def data_received(self, data: bytes) -> None:
        for message in self._unpacker.feed(data):
            self._on_message(message)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_connected = False
        self._tell_end()


def told_end(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    names: Any = {number.value: number.name for number in signal.Signals}
    hint = ": the machine may be out of memory" if -status == signal.SIGKILL else ""
    return f"was ended by {names.get(-status, f'signal {-status}')}{hint}"

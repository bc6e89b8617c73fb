"""Keeps the tracking process: starts it for the first who asks, again when it dies, and ends it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from treadle.errors import Unavailable
from treadle.local_socket import socket_address
from treadle.settings import Settings
from treadle.tracking.channel import Channel, Connection
from treadle.tracking.paths import clear_sockets, new_socket_path
from treadle.tracking.running import Running
from treadle.tracking.signing import KEY_BYTES

logger = logging.getLogger("treadle.tracking")

_BACKLOG = 2048
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
#: Ended so often in a row before it answered anything, it is left alone for a while.
_TRIES = 3
#: What has been told to end is killed after so long.
END_S = 3.0


class Supervisor:
    """The one tracking process of a web process, or none; used by one event loop."""

    def __init__(self, settings: Settings, module: str) -> None:
        self._settings = settings
        self._module = module
        self._running: Running | None = None
        self._door: _Door | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._asking = 0
        self._asked_at_s = 0.0
        self._failures = 0
        self._not_before_s = 0.0
        self._last_words = ""
        self._is_closed = False
        #: By which a visitor is signed for each of its processes.
        self.key = secrets.token_bytes(KEY_BYTES)
        #: How often it was started.
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        return self._running.pid if self._running else None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Somebody asks inside the block: the process is kept."""
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            self._asked_at_s = time.monotonic()

    async def connect(self) -> Connection:
        """A connection to the process, which is started where it is not there.

        Raises Unavailable("tracking-unavailable") saying why.
        """
        door = self._opened()
        try:
            return await door.channel.connect()
        except OSError as error:
            if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
                self._end_running()  # somebody took its socket away
            raise _unavailable(f"its socket cannot be reached ({error.strerror or error})") from error

    def note_answer(self) -> None:
        """It has answered: it works."""
        if self._running is not None:
            self._running.has_answered = True

    def give_up(self, pid: int | None) -> None:
        """Nobody hears of the process of that number any more: kill it, if it is still the one."""
        if self._running is not None and self._running.pid == pid:
            logger.error("The tracking process stands still: it is ended", extra={"pid": pid})
            self._running.kill()

    def retry_after_s(self) -> int:
        """How long who was refused should wait."""
        return max(1, round(self._not_before_s - time.monotonic()))

    def stop(self) -> Running | None:
        """Tell the process to end, and start none any more; the one that is ending, to be waited for."""
        self._is_closed = True
        if self._idle is not None:
            self._idle.cancel()
        running = self._running
        self._end_running()
        return running

    def _opened(self) -> _Door:
        if self._is_closed:
            raise _unavailable("the server is ending")
        if self._running is None or self._door is None:
            self._check_pause()
            self._start()
        assert self._door is not None
        return self._door

    def _check_pause(self) -> None:
        if time.monotonic() < self._not_before_s:
            raise _unavailable(f"it ended again and again, the last time with: {self._last_words}")

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            if self._door is None:
                clear_sockets(self._settings.data_dir)
                self._door = _Door(self._settings.data_dir)
            told = (self._module, self._door.descriptor, self._settings, self._hear_of_end)
            self._running = Running(*told, key=self.key)
        except OSError as error:
            raise _unavailable(f"it cannot be started ({error.strerror or error})") from error
        self.starts += 1
        self._watch_idleness(self._settings.tracking_idle_s)

    def _hear_of_end(self, ended: Running) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._see_to_end, ended)
        except RuntimeError:  # the loop is closed: the server has ended, too
            return

    def _see_to_end(self, ended: Running) -> None:
        if ended is not self._running:
            return  # it was told to
        self._running, self._last_words = None, ended.last_words
        self._failures = 0 if ended.has_answered else self._failures + 1
        logger.warning(
            "The tracking process ended by itself", extra={"status": ended.status, "last": ended.last_words}
        )
        if self._failures >= _TRIES:
            self._give_up()
        elif self._asking:
            # Those who have connected since, or wait to be let in, are waiting for the next one.
            self._start_again()

    def _start_again(self) -> None:
        try:
            self._start()
        except Unavailable:
            self._close_door()

    def _give_up(self) -> None:
        pause_s = min(_FIRST_PAUSE_S * 2**self._failures, _LONGEST_PAUSE_S)
        self._not_before_s = time.monotonic() + pause_s
        self._close_door()

    def _watch_idleness(self, left_s: float) -> None:
        assert self._loop is not None
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self._loop.call_later(max(left_s, 0.01), self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._running is None:
            return
        left_s = self._asked_at_s + self._settings.tracking_idle_s - time.monotonic()
        if self._asking or left_s > 0:
            self._watch_idleness(left_s if left_s > 0 else self._settings.tracking_idle_s)
            return
        logger.info("The tracking process ends: nobody has asked for a while")
        self._end_running()

    def _end_running(self) -> None:
        # The door first: who comes now gets another one, and not the one that is leaving.
        running, self._running = self._running, None
        self._close_door()
        if running is None:
            return
        running.terminate()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_later(END_S, running.kill)

    def _close_door(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            door.close()


class _Door:
    """The socket that a process is given to answer on. The web process keeps it open: who comes while one
    process has died and the next is starting waits in the queue of the socket, and is not refused."""

    def __init__(self, data_dir: Path) -> None:
        self._path = new_socket_path(data_dir)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with socket_address(self._path) as place:
                self._socket.bind(place)
            os.chmod(self._path, 0o600)
            self._socket.listen(_BACKLOG)
        except OSError:
            self._socket.close()
            raise
        self.channel = Channel(self._path)

    @property
    def descriptor(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._socket.close()
        self.channel.close()


def _unavailable(why: str) -> Unavailable:
    return Unavailable("tracking-unavailable", f"Experiments and models are not available: {why}. Try again.")

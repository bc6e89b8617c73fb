"""Sockets of which every wait ends at one deadline, however little arrives and however often."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

_BUFFER_BYTES = 64 * 1024
LATE = "it did not answer in time"


class TimedSocket:
    """A connected socket, as far as `http.client` asks for one.

    Whoever sends a byte now and then would never time out; here the whole of a call has one deadline.
    """

    def __init__(self, plain: socket.socket, deadline_s: float) -> None:
        """deadline_s: of `time.monotonic`."""
        self.plain = plain
        self.deadline_s = deadline_s
        self._readers = 0
        self._is_closed = False

    def sendall(self, content: Any) -> None:
        """Send all of it. Raises OSError."""
        self.wait_no_longer()
        self.plain.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What arrives."""
        self._readers += 1
        return io.BufferedReader(_Incoming(self), _BUFFER_BYTES)

    def close(self) -> None:
        """Close it, once nobody reads from it any more."""
        self._is_closed = True
        if self._readers == 0:
            self.plain.close()

    def break_off(self) -> None:
        """End it at once, whichever thread waits for it."""
        try:
            # Not as a secure socket does it, which would forget its keys while another thread reads.
            socket.socket.shutdown(self.plain, socket.SHUT_RDWR)
        except OSError:
            pass

    def wait_no_longer(self) -> None:
        """Hold the next wait to the deadline. Raises TimeoutError when that is over."""
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(LATE)
        self.plain.settimeout(left_s)

    def forget_reader(self) -> None:
        """Somebody who read from it is done."""
        self._readers -= 1
        if self._is_closed and self._readers == 0:
            self.plain.close()


class _Incoming(io.RawIOBase):
    def __init__(self, timed: TimedSocket) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._timed.wait_no_longer()
        return self._timed.plain.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._timed.forget_reader()

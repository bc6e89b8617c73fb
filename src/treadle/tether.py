"""What ties a part to the command that started it.

The parent holds the writing end of a pipe and never writes: its reading end comes to an end when the
parent does, also by ``kill -9``. What was acknowledged is on disk by then, so a part ends at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from functools import cache

_PR_SET_PDEATHSIG = 1
#: The tether of this process, where it hangs on one.
_own: list[int] = []


def end_with_parent(descriptor: int) -> None:
    """End this process when the other end of the pipe ``descriptor`` is closed."""
    end_at_close(descriptor)
    # The kernel does it as well, should a long call into C keep the thread from running.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_at_close(descriptor: int) -> None:
    """The same, whichever process or thread started this one, and whether or not that goes on."""
    _own[:] = [descriptor]
    threading.Thread(target=_watch, args=(descriptor,), name="tether", daemon=True).start()


@cache
def tether_for_others() -> int:
    """A descriptor that what this process starts is to be given, to end with what this one ends with.

    Of a part that is the whole command, so that what it starts outlives it; else it is this process.
    """
    if _own:
        return _own[0]
    reading, _writing = os.pipe()  # the writing end stays open for as long as we run
    return reading


def _watch(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)

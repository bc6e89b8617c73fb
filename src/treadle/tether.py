"""What ties a part to the command that started it.

The parent holds the writing end of a pipe and never writes: its reading end comes to an end when the
parent does, also by ``kill -9``. What was acknowledged is on disk by then, so a part ends at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading

_PR_SET_PDEATHSIG = 1


def end_with_parent(descriptor: int) -> None:
    """End this process when the other end of the pipe ``descriptor`` is closed."""
    threading.Thread(target=_watch, args=(descriptor,), name="tether", daemon=True).start()
    # The kernel does it as well, should a long call into C keep the thread from running.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)

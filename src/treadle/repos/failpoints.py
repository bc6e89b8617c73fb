"""The steps of writing at which a test can kill the process, or have the disk refuse.

In a server nothing is armed and `reach` returns at once. A test starts a process with
``TREADLE_FAILPOINT=finish.half-pack=kill``, or ``…:3=ENOSPC`` for the third time it is reached.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: Every step, in the order of the verb's work. The first part is the verb.
FAILPOINTS = (
    "put.chunk-written",  # in its partial file, without its name
    "put.chunks-durable",  # under their names, and no row tells of them
    "put.before-row",
    "put.after-row",  # acknowledged to nobody yet
    "finish.sealed",
    "finish.half-pack",
    "finish.pack-without-index",
    "finish.packs-written",
    "finish.in-transaction",
    "finish.after-transaction",
    "merge.base-found",
    "merge.conflicts-stored",
    "merge.before-swap",
    "gc.marked",
    "gc.in-repack",
    "gc.row-gone",  # and the bytes are still there
    "gc.bytes-gone",
    "multipart.between-parts",
    "multipart.completing",
    "multipart.completed",
)
VARIABLE = "TREADLE_FAILPOINT"
_FAULTS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO}


@dataclass
class _Armed:
    name: str
    times: int
    act: Callable[[], None]


def reach(name: str) -> None:
    """Tell that a step is reached: dies, or raises OSError, where a test armed it."""
    if _armed is not None and _armed.name == name:
        _armed.times -= 1
        if _armed.times == 0:
            _armed.act()


@contextmanager
def armed(text: str) -> Iterator[None]:
    """Within it, ``name[:nth]=kill|ENOSPC|EIO`` is armed in this process. Raises ValueError."""
    global _armed
    before = _armed
    _armed = _parse(text)
    try:
        yield
    finally:
        _armed = before


def _parse(text: str) -> _Armed | None:
    if not text:
        return None
    step, _, fault = text.partition("=")
    name, _, nth = step.partition(":")
    if name not in FAILPOINTS:
        raise ValueError(f"{VARIABLE}: {name!r} is none of {', '.join(FAILPOINTS)}.")
    return _Armed(name, int(nth or 1), _kill if fault in ("", "kill") else _refusing(_FAULTS[fault]))


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refusing(number: int) -> Callable[[], None]:
    def refuse() -> None:
        raise OSError(number, os.strerror(number))

    return refuse


_armed = _parse(os.environ.get(VARIABLE, ""))

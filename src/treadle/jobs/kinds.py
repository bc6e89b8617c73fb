"""What a kind of job is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from treadle.jobs.run import JobRun
from treadle.permissions import Permission


@dataclass(frozen=True)
class JobKind:
    """A kind of job: its name, stored in every row, what it does, and what one must hold for it.

    run: the work, as steps; returns what JSON can hold, the job's result.
    undo: takes away what an ended run left, whatever it had come to. It runs when the job failed or
    was cancelled, may be interrupted and run again, and must not need the permission any more.
    is_followed: the work is done elsewhere, and the job mostly waits for it: it takes no place from those
    that work here.
    """

    name: str
    run: Callable[[JobRun], object]
    permission: Permission
    undo: Callable[[JobRun], None] | None = None
    is_followed: bool = False

"""What was looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

#: fault: something that people do fails, or will.  warning: it works, and worse than it should.
#: untried: nothing could be said.
State = Literal["well", "warning", "fault", "untried"]
#: way: from whoever asks to the server.  machine: what the server runs on.  parts: what it works with.
Place = Literal["way", "machine", "parts"]


class Fix(msgspec.Struct, frozen=True):
    """What to change. where: in which file or program.  lines: as they are to stand there."""

    where: str
    lines: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    name: as a list has it.  code: which fault it is, stable; "" for none.  seen: what shows it.
    wrong: what that breaks.  fixes: any one of them helps, unless the words before say otherwise.
    """

    place: Place
    name: str
    state: State
    seen: str
    code: str = ""
    wrong: str = ""
    fixes: tuple[Fix, ...] = ()


def well(place: Place, name: str, seen: str) -> Check:
    """Nothing is wrong there."""
    return Check(place=place, name=name, state="well", seen=seen)


def untried(place: Place, name: str, why: str) -> Check:
    """Nothing can be said of it."""
    return Check(place=place, name=name, state="untried", seen=why)


def faults_of(checks: Iterable[Check]) -> list[Check]:
    """Those that found a fault."""
    return [check for check in checks if check.state == "fault"]

"""Refusals at the door in the audit log: each kind once a minute, however often it happens.

Strangers share what is written of strangers: whoever has many addresses does not fill the log by them.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

from treadle.access.audit import write_audit
from treadle.db import Tx
from treadle.errors import TreadleError
from treadle.tracking.notes import Notes

_WINDOW_S = 60.0
#: Of one person in a window, and of all strangers; the rest is a number in the next line.
_MOST_LINES = 20
#: Of the strangers of one network: the others are to be seen, too.
_MOST_OF_NETWORK = 5
_REMEMBERED = 4096
_STRANGERS = "strangers"
#: What one household or machine has of addresses, and often all of it.
_NETWORK_BITS = {4: 24, 6: 64}


@dataclass(frozen=True)
class Refusal:
    """What was refused to whom; ``actor_id`` is None for a stranger, who is told apart by address.

    route: as the table writes it, so that names in an address do not make a new kind of it.
    """

    error: TreadleError
    method: str
    route: str
    address: str
    actor_id: int | None = None
    #: As the request named it.
    workspace: str = ""
    #: Where somebody who may see it was refused.
    workspace_id: int | None = None

    @property
    def kind(self) -> Hashable:
        """What counts as the same again."""
        return self.error.code, self.method, self.route, self.workspace


@dataclass
class _Window:
    ends_at: float
    kinds: set[Hashable]
    left_out: int = 0


class _Windows:
    """What was written of whom within a minute, of those who were refused last."""

    def __init__(self, most_lines: int, clock: Callable[[], float]) -> None:
        self._most_lines = most_lines
        self._clock = clock
        self._open: OrderedDict[Hashable, _Window] = OrderedDict()

    def take(self, who: Hashable, kind: Hashable) -> int | None:
        """Room for one more line, with how many before it were left out; None: there is none."""
        window = self._of(who)
        if kind in window.kinds or len(window.kinds) >= self._most_lines:
            window.left_out += 1
            return None
        left_out, window.left_out = window.left_out, 0
        window.kinds.add(kind)
        return left_out

    def leave_out(self, who: Hashable) -> None:
        """Count one that is not written for another reason."""
        self._of(who).left_out += 1

    def _of(self, who: Hashable) -> _Window:
        """The window of now; it begins with what the last one left out."""
        now, known = self._clock(), self._open.get(who)
        if known is not None and known.ends_at > now:
            return known
        window = self._open[who] = _Window(now + _WINDOW_S, set(), known.left_out if known else 0)
        self._open.move_to_end(who)
        while len(self._open) > _REMEMBERED:
            self._open.popitem(last=False)
        return window


class RefusalLog:
    """Has refusals written down; nobody waits for it."""

    def __init__(self, notes: Notes, clock: Callable[[], float] = time.monotonic) -> None:
        self._notes = notes
        self._lock = threading.Lock()
        self._people = _Windows(_MOST_LINES, clock)
        self._networks = _Windows(_MOST_OF_NETWORK, clock)
        # Alone, so that networks without number do not make it forgotten.
        self._strangers = _Windows(_MOST_LINES, clock)

    def note(self, refusal: Refusal) -> None:
        """One line in the audit log, unless this person had the same one, or very many, within a minute."""
        with self._lock:
            left_out = self._take_turn(refusal)
        if left_out is not None:
            self._notes.add(partial(_write, refusal, left_out))

    def _take_turn(self, refusal: Refusal) -> int | None:
        """How many before it were left out; None: this one is, too."""
        if refusal.actor_id is not None:
            return self._people.take(refusal.actor_id, refusal.kind)
        network = network_of(refusal.address)
        if self._networks.take(network, refusal.kind) is None:
            self._strangers.leave_out(_STRANGERS)
            return None
        return self._strangers.take(_STRANGERS, (network, refusal.kind))


def network_of(address: str) -> str:
    """The network that an address lies in; what is no address stands for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, _NETWORK_BITS[parsed.version]), strict=False))


def _write(refusal: Refusal, left_out: int, tx: Tx) -> None:
    detail = {
        "code": refusal.error.code,
        "method": refusal.method,
        "path": refusal.route,
        "workspace": refusal.workspace[:80],
        "address": refusal.address,
        "left_out": left_out,
    }
    write_audit(
        tx,
        "access.refused",
        actor_id=refusal.actor_id,
        subject=refusal.error.message[:500],
        workspace_id=refusal.workspace_id,
        detail=detail,
    )

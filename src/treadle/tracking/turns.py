"""So many at once for each key: who changes one model, and whose bodies are on their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from treadle.errors import Unavailable

_AGAIN_AFTER_S = 5
#: More than these wait in vain: each holds a connection, and the beginning of a body.
_MOST_WAITING = 200


@dataclass
class _Turn:
    left: asyncio.Semaphore
    #: Those who hold it or wait for it.
    people: int = 0


class Turns:
    """Who comes later waits, and is told so after a while. Used by one event loop."""

    def __init__(self, each: int, patience_s: float, why: str) -> None:
        """each: how many at once for a key.  why: what who has waited for too long is told first."""
        self._each = each
        self._patience_s = patience_s
        self._why = why
        self._turns: dict[Hashable, _Turn] = {}

    @asynccontextmanager
    async def taken(self, *keys: Hashable, patience_s: float | None = None) -> AsyncIterator[None]:
        """A turn of each key, inside the block. Raises Unavailable("turn-not-come").

        patience_s: for who waits no longer than that.
        """
        patience_s = self._patience_s if patience_s is None else patience_s
        held = []
        try:
            for key in sorted(set(keys), key=repr):  # in one order: nobody waits for each other
                await self._take(key, patience_s)
                held.append(key)
            yield
        finally:
            for key in held:
                self._turns[key].left.release()
                self._leave(key)

    async def _take(self, key: Hashable, patience_s: float) -> None:
        turn = self._turns.setdefault(key, _Turn(asyncio.Semaphore(self._each)))
        if turn.people >= self._each + _MOST_WAITING:
            raise self._not_come()
        turn.people += 1
        try:
            await asyncio.wait_for(turn.left.acquire(), patience_s)
        except asyncio.TimeoutError as error:
            self._leave(key)
            raise self._not_come() from error
        except asyncio.CancelledError:
            self._leave(key)
            raise

    def _leave(self, key: Hashable) -> None:
        turn = self._turns[key]
        turn.people -= 1
        if not turn.people:
            del self._turns[key]

    def _not_come(self) -> Unavailable:
        details = {"retry_after_s": _AGAIN_AFTER_S}
        return Unavailable("turn-not-come", f"{self._why} Try again.", details=details)

"""When what was not taken is sent again, and when no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from treadle.webhooks.receivers import Answer, Queue

#: So long something is sent again at the least.
KEPT_TRYING = timedelta(hours=30)
#: A receiver that takes nothing for so long is told nothing any more.
PATIENCE = timedelta(hours=72)
_FIRST_S, _LONGEST_S, _GROWTH = 5.0, 3600.0, 3.0
#: After so many failures in a row it is not the parcel that is at fault.
_MANY = 5


@dataclass(frozen=True)
class Verdict:
    """What is to become of a delivery that was tried, and of the queue it stood in.

    due_at: when it is tried again; None: no more.  rests_until: before then nothing is sent from the queue.
    """

    is_delivered: bool
    due_at: datetime | None
    failures: int
    failing_since: datetime | None
    rests_until: datetime | None
    gives_up: bool = False


def judge(answer: Answer, queue: Queue, *, attempt: int, created_at: datetime, now: datetime) -> Verdict:
    """What becomes of it. attempt: how often the delivery was tried, from 1; created_at: since when.

    A receiver that is away keeps the order: nothing is sent before it is tried anew. What a receiver that is
    there refuses steps aside, and others go before it.
    """
    if answer.is_delivered:
        return Verdict(True, None, 0, None, None)
    failures, since = queue.failures + 1, queue.failing_since or now
    is_over = answer.is_final or now - created_at >= KEPT_TRYING
    due_at = None if is_over else now + wait(attempt)
    rests_until = None
    if answer.is_away or failures >= _MANY:
        asked = timedelta(seconds=min(answer.retry_after_s or 0.0, _LONGEST_S))
        rests_until = now + max(wait(failures), asked)
        # It is the first in its queue, and stays so.
        due_at = now if due_at is not None and answer.is_away else due_at
    gives_up = now - since >= PATIENCE
    return Verdict(False, due_at, failures, since, rests_until, gives_up)


def wait(failures: int) -> timedelta:
    """How long to wait after so many failures: 5 seconds, 15, 45, 2 minutes … an hour."""
    return timedelta(seconds=min(_LONGEST_S, _FIRST_S * _GROWTH ** min(failures - 1, 20)))

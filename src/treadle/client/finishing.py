"""Finishing an open commit though answers are lost: it is finished once, however often that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from treadle.client.values import Commit
from treadle.errors import Conflict, Unavailable

#: The code of the error where it is not known what became of a commit.
FINISH_UNKNOWN = "finish-unknown"
#: What is waited before it is asked again.
_PAUSES_S = (0.2, 1.0, 4.0)
#: Nothing was said, or not by the server: what was asked for may be done.
_LOST = frozenset({"server-unreachable", "answer-broken-off", "answer-unknown"})


def finish_surely(commit: str, finish: Callable[[], Commit], look: Callable[[], Commit]) -> Commit:
    """The commit, finished; asked for again where no answer came.

    finish: asks for it once.  look: the commit as it is.  Raises Unavailable("finish-unknown") where every
    answer was lost, and what ``finish`` raises; then it was not finished by this.
    """
    lost: Unavailable | None = None
    for pause_s in (*_PAUSES_S, None):
        try:
            return finish()
        except Conflict as error:
            if lost is None or error.code != "commit-finished":
                raise
            return look()
        except Unavailable as error:
            if error.code not in _LOST:
                raise
            lost = error
        if pause_s is not None:
            time.sleep(pause_s)
    text = f"No word came of whether commit {commit} was finished. Finish it again: that does no harm."
    raise Unavailable(FINISH_UNKNOWN, text) from lost

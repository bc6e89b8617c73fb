"""Looking again and again in a thread of its own, whatever a look runs into."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from treadle.errors import TreadleError

logger = logging.getLogger(__name__)


def start_repeating(name: str, every_s: float, look: Callable[[], object]) -> None:
    """Look every so many seconds until the process ends; no fault of one look keeps the next from coming."""
    threading.Thread(target=_repeat, args=(name, every_s, look), name=name, daemon=True).start()


def _repeat(name: str, every_s: float, look: Callable[[], object]) -> None:
    pause = threading.Event()
    while not pause.wait(every_s):
        with outliving(name):
            look()


@contextmanager
def outliving(what: str, **about: object) -> Iterator[None]:
    """Whatever goes wrong within is logged, and over: to be put around one item of many.

    What passes by itself is a warning, a defect is logged with its trace.
    """
    told = {"what": what, **about}
    try:
        yield
    except (DBAPIError, OSError, TreadleError) as error:
        logger.warning("It waits for the next look", extra={**told, "error": str(error)})
    except Exception:
        logger.exception("It waits for the next look, after a defect", extra=told)

"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_EVERY_S = 0.02


def wait_until(
    condition: Callable[[], T | None], timeout_s: float = 60.0, look_every_s: float = _LOOK_EVERY_S
) -> T:
    """The first true value of ``condition``. Raises AssertionError after ``timeout_s`` seconds."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline_s, f"{condition} was not true within {timeout_s} s"
        time.sleep(look_every_s)


def run_coroutine(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns, run in a thread of its own.

    The thread of the tests may have a loop already: Playwright's, while the shared browser is open.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()

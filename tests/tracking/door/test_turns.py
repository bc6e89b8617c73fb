"""Turns: so many at once for each key, and who waits in vain is told so."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.waiting import run_coroutine
from treadle.errors import Unavailable
from treadle.tracking.turns import Turns


def test_who_waits_too_long_or_behind_too_many_is_told_so_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("treadle.tracking.turns._MOST_WAITING", 1)

    async def play() -> None:
        turns = Turns(2, 0.05, "Busy.")

        async def take(*keys: str) -> None:
            async with turns.taken(*keys):
                pass

        async with AsyncExitStack() as held:
            for _ in range(2):
                await held.enter_async_context(turns.taken("a"))
            await take("b")
            waiting = asyncio.ensure_future(take("b", "a"))
            while turns._turns["a"].people < 3:
                await asyncio.sleep(0)
            with pytest.raises(Unavailable):  # at once
                await take("a", "a")
            with pytest.raises(Unavailable):  # after a while
                await waiting
            await take("b")
        await take("a", "b")
        assert turns._turns == {}

    run_coroutine(play())

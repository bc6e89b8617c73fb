"""A body on its way to a thread."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from tests.waiting import run_coroutine
from treadle import streams
from treadle.errors import Invalid
from treadle.gateways.s3.errors import to_s3_error


def test_a_thread_is_not_held_by_a_body_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STALL_S", 0.05)

    async def run() -> None:
        begun = [b"x" * 2 * 1024 * 1024]

        async def receive() -> Message:
            if not begun:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": begun.pop(), "more_body": True}

        body = streams.Body(receive)
        assert not await body.take_first()
        with pytest.raises(Invalid, match="Nothing more of the body came") as stalled:
            await asyncio.wait_for(asyncio.to_thread(list, body.pieces()), 10)
        assert to_s3_error(stalled.value).code == "RequestTimeout"

    run_coroutine(run())

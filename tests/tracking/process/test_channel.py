"""The channel to the tracking process, against small servers that do one thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.waiting import run_coroutine
from treadle.tracking.channel import Channel, Silent

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PIECE = b"x" * 65536
MANY = 1000
REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
_SETTLED_S = 0.2


def with_channel(path: Path, answer: Answering, ask: Callable[[Channel], Awaitable[None]]) -> None:
    async def run() -> None:
        server = await asyncio.start_unix_server(answer, path)
        channel = Channel(path)
        await ask(channel)
        channel.close()
        server.close()

    run_coroutine(run())


def test_a_kept_connection_carries_one_answer_after_another(tmp_path: Path) -> None:
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while line := await reader.readline():
            if line != b"\r\n":
                continue
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-Odd: 1\r\n\r\npaper")

    async def ask(channel: Channel) -> None:
        for _ in range(3):
            connection = await channel.connect()
            connection.write(REQUEST)
            head = await connection.head()
            assert (head.status, dict(head.headers)[b"x-odd"]) == (201, b"1")
            assert (await connection.chunk(), await connection.chunk()) == (b"paper", b"")
            connection.let_go()

    with_channel(tmp_path / "s", answer, ask)
    assert connections == 1


def test_what_is_not_taken_is_not_read(tmp_path: Path) -> None:
    sent = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MANY * len(PIECE)))
        for _ in range(MANY):
            writer.write(PIECE)
            await writer.drain()
            sent += len(PIECE)

    async def ask(channel: Channel) -> None:
        connection = await channel.connect()
        connection.write(REQUEST)
        taken = len(await connection.chunk())
        seen = -1
        while seen != sent:  # until the writer stands still
            seen = sent
            await asyncio.sleep(_SETTLED_S)
        assert sent < 40 * len(PIECE)
        while chunk := await connection.chunk():
            taken += len(chunk)
        assert taken == MANY * len(PIECE)

    with_channel(tmp_path / "s", answer, ask)


def test_what_is_not_read_is_not_written(tmp_path: Path) -> None:
    finished = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await finished.wait()

    async def ask(channel: Channel) -> None:
        connection = await channel.connect()
        connection.write(b"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n", is_last=False)

        async def write_all() -> None:
            for _ in range(MANY):
                connection.write_more(PIECE, is_last=False)
                await connection.drain()

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(write_all(), _SETTLED_S)
        connection.abort()
        finished.set()

    with_channel(tmp_path / "s", answer, ask)


def test_an_answer_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.tracking.channel.PATIENCE_S", 0.05)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline() == b"POST / HTTP/1.1\r\n":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal")
        await reader.read()
        writer.close()

    async def ask(channel: Channel) -> None:
        for request in (REQUEST, REQUEST.replace(b"GET", b"POST")):
            connection = await channel.connect()
            connection.write(request)
            with pytest.raises(Silent):
                while await connection.chunk():
                    pass
            assert not connection.is_usable

    with_channel(tmp_path / "s", answer, ask)


@pytest.mark.parametrize(
    "told", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", b"nonsense\r\n\r\n"]
)
def test_an_answer_that_breaks_off_is_an_error(tmp_path: Path, told: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(told)
        writer.close()

    async def ask(channel: Channel) -> None:
        connection = await channel.connect()
        connection.write(REQUEST)
        with pytest.raises(ConnectionError):
            while await connection.chunk():
                pass
        connection.let_go()
        assert not connection.is_usable

    with_channel(tmp_path / "s", answer, ask)

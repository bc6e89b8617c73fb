"""Where one request ends and the next begins: nobody's body is ever another one's request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive

from tests.tracking.process.front import EDITOR
from tests.waiting import run_coroutine
from treadle.errors import Invalid
from treadle.tracking.channel import Channel, Connection
from treadle.tracking.exchanges import Outgoing, Part, converse, outgoing_of

SMUGGLED = b'GET /smuggled HTTP/1.1\r\nx-treadle-visitor: {"user_id":1}\r\n\r\n'
ANSWER = b"HTTP/1.1 422 No\r\ncontent-length: 2\r\n\r\nno"
#: More than a socket takes at once.
MUCH = b"x" * 4_000_000
KEY = bytes(32)


def outgoing(*headers: tuple[bytes, bytes], path: str = "/first") -> Outgoing:
    scope: Any = {"method": "POST", "query_string": b"", "headers": list(headers)}
    return outgoing_of(scope, EDITOR, path, KEY)


def parts(*contents: bytes) -> Receive:
    left = list(contents)

    async def receive() -> Message:
        content = left.pop(0)
        return {"type": "http.request", "body": content, "more_body": bool(left)}

    return receive


async def ask(connection: Connection, request: Outgoing, first: Part, receive: Receive) -> None:
    await converse(connection, request, first, receive)
    while await connection.chunk():
        pass
    connection.let_go()


def heads_seen(path: Path, play: Callable[[Channel], Awaitable[None]]) -> list[list[str]]:
    """By connection, the targets of what a server takes for requests; it answers before it reads a body."""
    seen: list[list[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        targets: list[str] = []
        seen.append(targets)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                targets.append(head.split()[1].decode())
                writer.write(ANSWER)
                told = re.search(rb"content-length: (\d+)", head)
                await reader.readexactly(int(told[1]) if told else 0)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_unix_server(serve, path)
        channel = Channel(path)
        await play(channel)
        channel.close()
        server.close()

    run_coroutine(run())
    return seen


def test_a_connection_that_is_owed_a_body_carries_nothing_more(tmp_path: Path) -> None:
    async def play(channel: Channel) -> None:
        second = outgoing((b"content-length", b"%d" % len(SMUGGLED)), path="/second")
        # As much is owed as the second one's head is long: its body would be a request.
        owed = b"%d" % (6 + len(second.head))
        connection = await channel.connect()

        async def one_byte_after_the_answer() -> Message:
            await connection.head()
            return {"type": "http.request", "body": b"6", "more_body": True}

        first = outgoing((b"content-length", owed))
        await ask(connection, first, Part(b"12345", True), one_byte_after_the_answer)
        await ask(await channel.connect(), second, Part(SMUGGLED, False), parts())

    assert heads_seen(tmp_path / "s", play) == [["/first"], ["/second"]]


def test_a_connection_whose_body_still_waits_to_be_sent_is_not_kept(tmp_path: Path) -> None:
    async def play(channel: Channel) -> None:
        connection = await channel.connect()
        first = outgoing((b"content-length", b"%d" % len(MUCH)))
        connection.write(first.head, is_last=False)
        while await connection.chunk():
            pass
        connection.write_more(MUCH, is_last=True)
        connection.let_go()
        assert not connection.is_usable

    assert heads_seen(tmp_path / "s", play) == [["/first"]]


def test_an_answer_that_comes_early_waits_for_nobodys_body(tmp_path: Path) -> None:
    async def play(channel: Channel) -> None:
        async def never() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        first = outgoing((b"content-length", b"10"))
        head = await converse(await channel.connect(), first, Part(b"12345", True), never)
        assert head.status == 422

    assert heads_seen(tmp_path / "s", play) == [["/first"]]


def test_a_body_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.tracking.exchanges.STALL_S", 0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_unix_server(serve, tmp_path / "s")
        connection = await (channel := Channel(tmp_path / "s")).connect()
        first = outgoing((b"content-length", b"10"))
        with pytest.raises(Invalid) as refused:
            await converse(connection, first, Part(b"12345", True), asyncio.Event().wait)  # type: ignore[arg-type]
        assert refused.value.code == "body-stalled"
        channel.close()
        server.close()

    run_coroutine(run())


def test_an_answer_that_nobody_asked_for_ends_the_connection(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER + ANSWER)

    async def run() -> None:
        server = await asyncio.start_unix_server(serve, tmp_path / "s")
        channel = Channel(tmp_path / "s")
        connection = await channel.connect()
        await ask(connection, outgoing(), Part(b"", False), parts())
        assert not connection.is_usable
        channel.close()
        server.close()

    run_coroutine(run())


def test_what_the_door_reads_or_says_is_not_handed_on() -> None:
    names = (
        b"authorization",
        b"cookie",
        b"x-api-key",
        b"x-treadle-visitor",
        b"x-mlflow-workspace",
        b"x_a",
        b"te",
    )
    head = outgoing(*((name, b"from outside") for name in names), (b"x-mlflow-experiment-id", b"3")).head
    assert (head.count(b"from outside"), head.count(b"x-treadle-visitor: ")) == (0, 1)
    assert b"x-mlflow-experiment-id: 3\r\n" in head


def test_a_body_is_framed_once_however_it_came() -> None:
    both = outgoing((b"transfer-encoding", b"chunked"), (b"content-length", b"3"))
    assert (both.size_bytes, b"content-length" in both.head) == (None, False)
    assert both.head.count(b"transfer-encoding: chunked\r\n") == 1
    same = outgoing((b"content-length", b"3"), (b"content-length", b"3"))
    assert (same.size_bytes, same.head.count(b"content-length: 3\r\n")) == (3, 1)
    assert outgoing().size_bytes == 0
    for told in ((b"3", b"4"), (b"+3",), (b"3, 3",), (b"",)):
        with pytest.raises(Invalid):
            outgoing(*((b"content-length", one) for one in told))


@pytest.mark.parametrize("contents", [(b"12345", b"678901"), (b"12345", b"6789"), (b"12345678901",)])
def test_a_body_of_another_length_than_was_said_is_not_sent(
    tmp_path: Path, contents: tuple[bytes, ...]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def run() -> None:
        server = await asyncio.start_unix_server(serve, tmp_path / "s")
        connection = await (channel := Channel(tmp_path / "s")).connect()
        first, *more = contents
        with pytest.raises(Invalid):
            await converse(
                connection, outgoing((b"content-length", b"10")), Part(first, bool(more)), parts(*more)
            )
        channel.close()
        server.close()

    run_coroutine(run())

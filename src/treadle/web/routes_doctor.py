"""What an installation is asked when something is wrong with it: by `treadle doctor`, and by its own page.

For organisation admins. What takes its time, here or on the wire, has few places: who finds none comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

import msgspec

from treadle import __version__
from treadle.access import ORGANIZATION
from treadle.doctor.checks import Check
from treadle.doctor.installed import Opened, look_at_machine, look_at_parts
from treadle.doctor.machine import Runner
from treadle.doctor.way import Arrived, Seen, judge
from treadle.errors import Invalid, Unavailable
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, StreamReply, json_reply

_MOST_WAIT_S, _MOST_APART_S = 600, 30
_MOST_BODY_BYTES = 64 * 1024**2
_MOST_AT_ONCE = 8
#: How often it is looked whether who waits is still there.
_LOOK_EVERY_S = 1.0
_LONGEST_SAID = 300
#: What tells one proxy from another.
_NOTICED = ("via", "x-forwarded-scheme", "x-forwarded-server", "x-real-ip", "x-scheme", "cf-ray")
_NEVER_KEPT = {"Cache-Control": "no-store"}


class WaitedBody(msgspec.Struct):
    """How long this answer was held back."""

    seconds: float


class ReceivedBody(msgspec.Struct):
    """How much arrived."""

    size_bytes: int


class _Places:
    """How many are waited for just now, in this process."""

    def __init__(self) -> None:
        self._taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place, until the block ends. Raises Unavailable("doctor-busy")."""
        self.check()
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    def check(self) -> None:
        """Raises Unavailable("doctor-busy") where none is left."""
        if self._taken >= _MOST_AT_ONCE:
            text = "Others look at this server just now. Try again in a minute."
            raise Unavailable("doctor-busy", text, details={"retry_after_s": 30})


_PLACES = _Places()


async def get_examination(call: Call) -> Reply:
    """Look at the server's machine and at what it works with."""
    await call.in_thread(_check_may, call)
    with _PLACES.one():
        return json_reply(await call.in_thread(_examine, call), headers=_NEVER_KEPT)


def _examine(call: Call) -> list[Check]:
    parts = call.parts
    machine = look_at_machine(parts.settings, Runner.of_this_process())
    opened = Opened(parts.settings, lambda: parts.database, lambda: parts.objects, parts.signing_key)
    rest = look_at_parts(opened, machine, is_served=True)
    return [*machine, *rest]


def get_arrival(call: Call) -> Reply:
    """What arrived of this request, and what of it was believed."""
    _check_may(call)
    return json_reply(_arrived(call), headers=_NEVER_KEPT)


def post_judgement(call: Call) -> Reply:
    """What is wrong with the way in, by what a browser saw; ``arrived`` is what came of this request."""
    _check_may(call)
    seen = call.decode(Seen)
    return json_reply(judge(msgspec.structs.replace(seen, arrived=_arrived(call), trouble=None)))


async def post_upload(call: Call) -> Reply:
    """Take a body and keep nothing of it, to see how large one may be."""
    await call.in_thread(_check_may, call)
    size_bytes = 0
    with _PLACES.one():
        async for chunk in call.chunks():
            size_bytes += len(chunk)
            if size_bytes > _MOST_BODY_BYTES:
                text = f"A body that is only tried has at most {_MOST_BODY_BYTES} bytes."
                raise Invalid("body-too-large", text)
    return json_reply(ReceivedBody(size_bytes))


async def get_silence(call: Call) -> Reply:
    """Answer after ``?seconds=`` (at most 600), and say nothing before: who gives up first, and when?"""
    await call.in_thread(_check_may, call)
    wait_s = _asked_s(call, _MOST_WAIT_S)
    with _PLACES.one():
        left_s = wait_s
        while left_s > 0 and not await call.request.is_disconnected():
            await asyncio.sleep(min(left_s, _LOOK_EVERY_S))
            left_s -= _LOOK_EVERY_S
    return json_reply(WaitedBody(wait_s), headers=_NEVER_KEPT)


async def get_events(call: Call) -> StreamReply:
    """Two events, ``?seconds=`` apart (at most 30): do they arrive one by one?"""
    await call.in_thread(_check_may, call)
    apart_s = _asked_s(call, _MOST_APART_S)
    _PLACES.check()
    # What every stream of events says to proxies that keep answers.
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return StreamReply(_events(apart_s), "text/event-stream", headers)


async def _events(apart_s: float) -> AsyncIterator[bytes]:
    with _PLACES.one():
        yield b"data: first\n\n"
        await asyncio.sleep(apart_s)
        yield b"data: second\n\n"


def _check_may(call: Call) -> None:
    with call.read() as tx:
        call.allow(tx, ORGANIZATION)


def _asked_s(call: Call, most_s: float) -> float:
    """Raises Invalid("query-invalid")."""
    text = call.query_text("seconds", "1")
    try:
        asked_s = float(text)
    except ValueError:
        asked_s = -1.0
    if not 0 <= asked_s <= most_s:
        told = f"seconds is {text[:40]!r}; give a number from 0 to {most_s:g}."
        raise Invalid("query-invalid", told, fields={"seconds": [told]})
    return asked_s


def _arrived(call: Call) -> Arrived:
    found, settings, headers = call.arrival, call.parts.settings, call.headers
    return Arrived(
        peer=found.peer,
        client=found.client,
        scheme=found.scheme,
        is_scheme_told=found.is_scheme_told,
        host=found.host,
        prefix=found.prefix,
        was_kept=found.was_kept,
        is_trusted=found.is_trusted,
        is_own_host=found.is_own_host,
        origin=headers.get("origin", "")[:_LONGEST_SAID],
        said={name: text[:_LONGEST_SAID] for name, text in found.said},
        noticed=[name for name in _NOTICED if name in headers],
        base_paths=[path.strip() for path in settings.base_path.split(",") if path.strip()],
        trusts_named=bool(settings.trusted_proxies.strip()),
        most_upload_bytes=settings.max_upload_bytes,
        version=__version__,
        now=datetime.now(timezone.utc),
    )


_MAY = Permission.ORGANIZATION_READ
_ROOT = "/api/admin/doctor"

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        f"{_ROOT}/",
        get_examination,
        _MAY,
        "Look for what is wrong with the server's machine and its parts",
        None,
        list[Check],
        stream=True,
    ),
    Route("GET", f"{_ROOT}/arrival/", get_arrival, _MAY, "Tell what arrived of this request", None, Arrived),
    Route(
        "POST",
        f"{_ROOT}/judgement/",
        post_judgement,
        _MAY,
        "Tell what is wrong with the way to the server",
        Seen,
        list[Check],
        only_reads=True,
    ),
    Route(
        "POST",
        f"{_ROOT}/upload/",
        post_upload,
        _MAY,
        "Take a body and keep nothing of it",
        None,
        ReceivedBody,
        stream=True,
        only_reads=True,
    ),
    Route(
        "GET",
        f"{_ROOT}/silence/",
        get_silence,
        _MAY,
        "Answer after a while",
        None,
        WaitedBody,
        stream=True,
    ),
    Route("GET", f"{_ROOT}/events/", get_events, _MAY, "Send two events, one by one", stream=True),
)

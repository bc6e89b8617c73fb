"""Versions over HTTP as tars: to the studio that keeps them, and back where a folder was lost.

Whoever gives a version gives what is run when it is loaded, so none is taken where everybody may call.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from treadle.errors import Forbidden, telling_a_full_disk
from treadle.ml.archives import archive_of, spool_name, take_archive
from treadle.ml.serving.answers import Answer
from treadle.ml.serving.options import Options
from treadle.ml.serving.requests import Request
from treadle.ml.versions import Versions

_TAR = b"application/x-tar"
_WRITTEN_AT_ONCE = 4 * 1024 * 1024


async def hand_over(versions: Versions, name: str) -> Answer:
    """A version's tar. Raises NotFound("version-not-found"), Conflict("version-broken")."""
    archive = await asyncio.to_thread(archive_of, versions, name)
    length = str(archive.size_bytes).encode()
    return Answer(b"", kind=_TAR, headers=((b"content-length", length),), pieces=archive.pieces)


def check_may_import(options: Options) -> None:
    """Raises Forbidden("import-open") where everybody may call."""
    if not options.needs_credentials:
        text = (
            "This model server lets everybody in, so it takes no version from anybody: its files are run. "
            "Start it with TREADLE_ML_TOKEN or TREADLE_ML_BASIC_AUTH, and give the same to whoever calls."
        )
        raise Forbidden("import-open", text)


async def take_back(versions: Versions, name: str, request: Request) -> None:
    """Make a version of the body, which is its tar; it may be larger than other bodies.

    Raises NotFound("version-not-found") for no name of a version, Invalid("archive-…"),
    Unavailable("disk-full"), ConnectionResetError.
    """
    spool = versions.place(name).with_name(spool_name(name))
    try:
        with telling_a_full_disk(f"the archive of version {name}"):
            await _spool(spool, request)
        await asyncio.to_thread(take_archive, versions, name, spool)
    finally:
        with suppress(OSError):
            spool.unlink(missing_ok=True)


async def _spool(spool: Path, request: Request) -> None:
    await asyncio.to_thread(spool.parent.mkdir, parents=True, exist_ok=True)
    with await asyncio.to_thread(spool.open, "xb") as file:
        held: list[bytes] = []
        held_bytes = 0
        async for piece in request.pieces():
            held.append(piece)
            held_bytes += len(piece)
            if held_bytes >= _WRITTEN_AT_ONCE:
                await asyncio.to_thread(file.write, b"".join(held))
                held, held_bytes = [], 0
        await asyncio.to_thread(file.write, b"".join(held))

"""Bodies that may be large: to disk as they arrive, a piece at a time."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import Invalid, telling_a_full_disk
from treadle.web.call import Call
from treadle.web.multipart import FormReceiver, Part

#: What is written at once: each write is a hop to a thread and back.
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Received:
    """A body on disk, until the request is answered."""

    path: Path
    size_bytes: int

    def chunks(self) -> Iterator[bytes]:
        """Its bytes."""
        return Part("body", "body", self.path).chunks()


@asynccontextmanager
async def waiting_room(call: Call) -> AsyncIterator[Path]:
    """A folder for what arrives, gone with all that is in it at the end of the request.

    Raises Unavailable("disk-full") where the body of the ``with`` finds no room.
    """
    room = await call.in_thread(_room, call)
    with telling_a_full_disk("the upload"), tempfile.TemporaryDirectory(dir=room) as folder:
        yield Path(folder)


async def receive_body(call: Call, folder: Path) -> Received:
    """The body as it is. Raises Invalid("body-too-large")."""
    path = folder / "body"
    with path.open("wb") as file:
        size_bytes = await _receive(call, file.write)
    return Received(path, size_bytes)


async def receive_form(call: Call, folder: Path) -> list[Part]:
    """The parts of a form. Raises Invalid("form-malformed", "body-too-large")."""
    receiver = FormReceiver(
        call.headers.get("content-type", ""), folder, call.parts.settings.max_upload_bytes
    )
    try:
        await _receive(call, receiver.feed)
        return receiver.finish()
    finally:
        receiver.close()


async def _receive(call: Call, write: Callable[[bytes], object]) -> int:
    total_bytes, pieces, waiting_bytes = 0, [], 0
    limit_bytes = call.parts.settings.max_upload_bytes
    async for chunk in call.chunks():
        total_bytes += len(chunk)
        if total_bytes > limit_bytes:
            raise Invalid(
                "body-too-large",
                f"The upload has more than {limit_bytes} bytes, the most that the server takes "
                "(TREADLE_MAX_UPLOAD_BYTES). Send it in parts.",
            )
        pieces.append(chunk)
        waiting_bytes += len(chunk)
        if waiting_bytes >= _PIECE_BYTES:
            await call.in_thread(write, b"".join(pieces))
            pieces, waiting_bytes = [], 0
    if pieces:
        await call.in_thread(write, b"".join(pieces))
    return total_bytes


def _room(call: Call) -> Path:
    folder = call.parts.settings.data_dir / "tmp"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder

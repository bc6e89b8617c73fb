"""The tracking process, which dies within an answer to one path."""

from __future__ import annotations

import os

from starlette.types import Receive, Scope, Send

from treadle.tracking.child import __main__ as child
from treadle.tracking.child import serving
from treadle.tracking.child.app import TrackingApplication

SAID_BYTES, SENT_BYTES = 1_000_000, 300_000


class Breaking(TrackingApplication):
    """Answers at one path more, and not to the end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A part of what it says that it sends; else as the real one."""
        if scope["path"] != "/breaking":
            await super().__call__(scope, receive, send)
            return
        length = [(b"content-length", b"%d" % SAID_BYTES)]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": bytes(SENT_BYTES), "more_body": True})
        os._exit(1)


if __name__ == "__main__":
    serving.TrackingApplication = Breaking  # type: ignore[attr-defined]
    child.main()

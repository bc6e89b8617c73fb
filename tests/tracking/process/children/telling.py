"""The tracking process, which also tells what a process that it starts would inherit."""

from __future__ import annotations

import subprocess

from starlette.types import Receive, Scope, Send

from treadle.tracking.child import __main__ as child
from treadle.tracking.child import serving
from treadle.tracking.child.app import TrackingApplication


class Telling(TrackingApplication):
    """Answers at one path more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What `env` prints; else as the real one."""
        if scope["path"] != "/inherited":
            await super().__call__(scope, receive, send)
            return
        printed = subprocess.check_output(["cat", "/proc/self/environ"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": printed})


if __name__ == "__main__":
    serving.TrackingApplication = Telling  # type: ignore[attr-defined]
    child.main()

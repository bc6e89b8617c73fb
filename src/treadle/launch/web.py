"""The web process."""

from __future__ import annotations

import os
import socket

import uvicorn

from treadle.launch.listening import listen
from treadle.launch.logs import start_logging
from treadle.launch.opening import check_is_shared, keep_temporary_files_in, refusing
from treadle.settings import Settings, load_settings
from treadle.web.app import create_app
from treadle.web.parts import open_parts

_DRAIN_S = 5
_WAIT_S = 5.0


def main(descriptors: list[int]) -> None:
    """Serve on the socket that the parent opened."""
    (listening,) = descriptors
    serve_on(socket.socket(fileno=listening), load_settings(os.environ, {}))


def serve_web(settings: Settings) -> None:
    """Serve on the host and port of the settings: one of many web processes on one PostgreSQL."""
    with refusing(settings):
        check_is_shared(settings)
        listening = listen(settings.host, settings.port, _WAIT_S)
    serve_on(listening, settings)


def serve_on(listening: socket.socket, settings: Settings) -> None:
    """Serve until a signal ends it; requests on their way get up to five seconds."""
    start_logging(settings, "web")
    with refusing(settings):
        parts = open_parts(settings)
        keep_temporary_files_in(settings.data_dir)
    config = uvicorn.Config(
        create_app(parts),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    uvicorn.Server(config).run(sockets=[listening])
    parts.close()

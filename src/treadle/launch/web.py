"""The web process."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import cast

import uvicorn

from treadle.late import late
from treadle.launch.application import create_application
from treadle.launch.listening import listen
from treadle.launch.logs import start_logging
from treadle.launch.opening import check_is_shared, keep_temporary_files_in, refusing
from treadle.settings import Settings, load_settings
from treadle.web.parts import Parts, open_parts

logger = logging.getLogger(__name__)

_DRAIN_S = 5
_WAIT_S = 5.0
#: A start does not wait for what tells MLflow of trainings.
_REGISTER_AFTER_S = 10.0

open_registrar = late("treadle.learning.serving.registrar:Registrar")


def main(descriptors: list[int]) -> None:
    """Serve on the sockets that the parent opened: of the network, and the one in the data folder."""
    listening, local = descriptors
    serve_on(
        socket.socket(fileno=listening), load_settings(os.environ, {}), local=socket.socket(fileno=local)
    )


def serve_web(settings: Settings) -> None:
    """Serve on the host and port of the settings: one of many web processes on one PostgreSQL."""
    with refusing(settings):
        check_is_shared(settings)
        listening = listen(settings.host, settings.port, _WAIT_S)
    serve_on(listening, settings)


def serve_on(listening: socket.socket, settings: Settings, *, local: socket.socket | None = None) -> None:
    """Serve until a signal ends it; requests on their way get up to five seconds.

    local: whoever speaks on it holds the data folder, and is its owner.
    """
    start_logging(settings, "web")
    with refusing(settings):
        parts = open_parts(settings)
        keep_temporary_files_in(settings.data_dir)
    _Server(parts, local).run(sockets=[listening])
    parts.close()


class _Server(uvicorn.Server):
    """Listens on one more socket, for commands on this machine, with the same connections to drain."""

    def __init__(self, parts: Parts, local: socket.socket | None) -> None:
        super().__init__(_config(parts))
        self._parts = parts
        self._local = local
        self._local_config = _config(parts, is_local=True)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._registering = asyncio.create_task(_register(self._parts))
        self._registering.add_done_callback(_note_end)
        if self._local is None:
            return
        self._local_config.load()
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(self._speak_locally, sock=self._local)
        self.servers.append(server)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # Here, since the signal that ends us is raised again before anything that follows `run`.
        self._registering.cancel()
        await self._parts.end_tracking()

    def _speak_locally(self) -> asyncio.Protocol:
        kind = cast(Callable[..., asyncio.Protocol], self._local_config.http_protocol_class)
        return kind(config=self._local_config, server_state=self.server_state, app_state={})


async def _register(parts: Parts) -> None:
    await asyncio.sleep(_REGISTER_AFTER_S)
    registrar = await asyncio.to_thread(open_registrar, parts)
    await registrar.run()


def _note_end(registering: asyncio.Task[None]) -> None:
    if not registering.cancelled() and registering.exception() is not None:
        logger.error(
            "MLflow is told of trainings no more until the next start", exc_info=registering.exception()
        )


def _config(parts: Parts, *, is_local: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        create_application(parts, is_local=is_local),
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

"""The web process."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from treadle.late import late
from treadle.launch.application import create_application, only_s3
from treadle.launch.listening import listen, listen_for_s3
from treadle.launch.logs import start_logging
from treadle.launch.opening import check_is_shared, keep_temporary_files_in, refusing, warn_of_builtins
from treadle.settings import Settings, load_settings
from treadle.web.parts import Parts, open_parts

logger = logging.getLogger(__name__)

_DRAIN_S = 5
_WAIT_S = 5.0
#: A start does not wait for what tells MLflow of trainings.
_REGISTER_AFTER_S = 10.0

open_registrar = late("treadle.learning.serving.registrar:Registrar")


def main(descriptors: list[int]) -> None:
    """Serve on the sockets that the parent opened: of the network, in the data folder, maybe of S3 alone."""
    listening, local, *of_s3 = (socket.socket(fileno=each) for each in descriptors)
    serve_on(listening, load_settings(os.environ, {}), local=local, of_s3=of_s3)


def serve_web(settings: Settings) -> None:
    """Serve on the host and port of the settings: one of many web processes on one PostgreSQL."""
    with refusing(settings):
        check_is_shared(settings)
        listening = listen(settings.host, settings.port, _WAIT_S)
        of_s3 = listen_for_s3(settings, _WAIT_S)
    serve_on(listening, settings, of_s3=of_s3)


def serve_on(
    listening: socket.socket,
    settings: Settings,
    *,
    local: socket.socket | None = None,
    of_s3: Sequence[socket.socket] = (),
) -> None:
    """Serve until a signal ends it; requests on their way get up to five seconds.

    local: whoever speaks on it holds the data folder, and is its owner.  of_s3: there S3 stands alone.
    """
    start_logging(settings, "web")
    if local is None:  # it was started by itself
        warn_of_builtins(settings)
    with refusing(settings):
        parts = open_parts(settings)
        keep_temporary_files_in(settings.data_dir)
    _Server(parts, local, of_s3).run(sockets=[listening])
    parts.close()


class _Server(uvicorn.Server):
    """Listens on more sockets, for commands here and for S3, with the same connections to drain."""

    def __init__(self, parts: Parts, local: socket.socket | None, of_s3: Sequence[socket.socket]) -> None:
        application = create_application(parts)
        super().__init__(_config(application))
        self._parts = parts
        self._local = local
        self._local_config = _config(create_application(parts, is_local=True))
        self._of_s3 = of_s3
        self._s3_config = _config(only_s3(application))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._registering = asyncio.create_task(_register(self._parts))
        self._registering.add_done_callback(_note_end)
        loop = asyncio.get_running_loop()
        if self._local is not None:
            speak = self._speaking(self._local_config)
            self.servers.append(await loop.create_unix_server(speak, sock=self._local))
        for each in self._of_s3:
            self.servers.append(await loop.create_server(self._speaking(self._s3_config), sock=each))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # Here, since the signal that ends us is raised again before anything that follows `run`.
        self._registering.cancel()
        await self._parts.end_tracking()

    def _speaking(self, config: uvicorn.Config) -> Callable[[], asyncio.Protocol]:
        config.load()
        kind = cast(Callable[..., asyncio.Protocol], config.http_protocol_class)
        return lambda: kind(config=config, server_state=self.server_state, app_state={})


async def _register(parts: Parts) -> None:
    await asyncio.sleep(_REGISTER_AFTER_S)
    registrar = await asyncio.to_thread(open_registrar, parts)
    await registrar.run()


def _note_end(registering: asyncio.Task[None]) -> None:
    if not registering.cancelled() and registering.exception() is not None:
        logger.error(
            "MLflow is told of trainings no more until the next start", exc_info=registering.exception()
        )


def _config(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
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

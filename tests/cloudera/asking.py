"""Requests to an application as the platform's proxy passes them on, without any network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN
from tests.waiting import run_coroutine
from treadle.db import Database
from treadle.launch.application import create_application
from treadle.settings import load_settings
from treadle.web import Parts, open_parts

DOMAIN = "ml.example.com"
HOST = f"treadle.{DOMAIN}"
#: What the platform sets for an application.
VARIABLES = {"CDSW_APP_PORT": "8100", "CDSW_DOMAIN": DOMAIN, "CDSW_ENGINE_ID": "engine1"}
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Application:
    """One that is open, and asked in this process."""

    app: ASGIApp
    parts: Parts

    @property
    def database(self) -> Database:
        return self.parts.database

    def ask(
        self, method: str, path: str, headers: Headers = (), *, peer: str = "127.0.0.1", **more: Any
    ) -> httpx.Response:
        """The answer to a request of ``peer``, at the host that the platform gave."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
                return await client.request(method, path, headers=[*headers], **more)

        return run_coroutine(ask())


@contextmanager
def open_application(data_dir: Path, **variables: str) -> Iterator[Application]:
    """An application with the platform's variables and more; its first administrator is that of the tests."""
    given = {
        "TREADLE_ADMIN_EMAIL": ADMIN_EMAIL,
        "TREADLE_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "TREADLE_ADMIN_TOKEN": ADMIN_TOKEN,
        **VARIABLES,
        **variables,
    }
    parts = open_parts(load_settings(given, {"data_dir": data_dir}))
    try:
        yield Application(create_application(parts), parts)
    finally:
        parts.close()

"""A data folder with a server on it that can be killed and started again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.launch.conftest import Server, is_alive, start_server
from tests.serving import ADMIN_EMAIL, ADMIN_TOKEN
from tests.waiting import wait_until
from treadle.db import Database, connect_url

CONFIG = """<View>
  <Image name="img" value="$image"/>
  <Choices name="q" toName="img"><Choice value="sharp"/></Choices>
</View>"""


class House:
    """One data folder and one database; one server at a time, always on the same port."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.data_dir = folder / "data"
        self.database_url = database_url or connect_url(self.data_dir / "treadle.sqlite3")
        self._folder = folder
        self._options = ["--admin-email", ADMIN_EMAIL, "--admin-token", ADMIN_TOKEN]
        self._options += ["--database-url", database_url] if database_url else []
        self._servers: list[Server] = []
        self._port = 0

    @property
    def is_postgresql(self) -> bool:
        """Whether its database is no file in the data folder."""
        return self.database_url.startswith("postgresql")

    @property
    def server(self) -> Server:
        """The server that was started last."""
        return self._servers[-1]

    def start(self) -> Server:
        """Start a server, and wait until it answers."""
        output = self._folder / f"output-{len(self._servers)}"
        self._servers.append(start_server(self.data_dir, output, *self._options, port=self._port))
        self._port = self.server.port
        return self.server

    def kill(self, name: str) -> None:
        """``kill -9`` the ``parent``, the ``web`` or the ``worker`` process."""
        pid = self.server.process.pid if name == "parent" else self.server.part(name)
        os.kill(pid, signal.SIGKILL)
        if name == "parent":
            self.server.process.wait()
        wait_until(lambda: not is_alive(pid))

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A client of the administrator; it finds the server again after a start."""
        headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
        url = f"http://127.0.0.1:{self._port}"
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            yield client

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, open beside the server or without one."""
        opened = Database.open(self.database_url)
        yield opened
        opened.close()

    def close(self) -> None:
        """End what still runs."""
        for server in self._servers:
            server.process.kill()
            server.process.wait()


def make_project(client: httpx.Client, **fields: Any) -> int:
    """A project of one question; its id."""
    body = {"title": "Harmed", "label_config": CONFIG, **fields}
    return int(client.post("/api/projects/", json=body).raise_for_status().json()["id"])


def import_rows(client: httpx.Client, project_id: int, count: int) -> list[int]:
    """Import pictures by name; the ids of their tasks."""
    rows = [{"image": f"/{number}.jpg"} for number in range(count)]
    answer = client.post(
        f"/api/projects/{project_id}/import?return_task_ids=true", json=rows
    ).raise_for_status()
    return [int(task_id) for task_id in answer.json()["task_ids"]]

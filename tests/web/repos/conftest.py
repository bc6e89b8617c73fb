"""A server with a repo, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import serve


@dataclass(frozen=True)
class Images:
    """The repo ``images``, asked by its administrator."""

    client: httpx.Client
    path: str

    def get(self, path: str, **more: str) -> httpx.Response:
        return self.client.get(f"{self.path}/{path}", headers=more)

    def put(self, path: str, content: bytes = b"content", **headers: str) -> httpx.Response:
        return self.client.put(f"{self.path}/files/{path}", content=content, headers=headers)

    def post(self, path: str, body: object) -> httpx.Response:
        return self.client.post(f"{self.path}/{path}/", json=body)

    def paths(self, ref: str = "master") -> list[str]:
        answer = self.get(f"files/?ref={ref}")
        assert answer.status_code == 200, answer.text
        return [each["path"] for each in answer.json()["results"]]

    def log(self, ref: str = "master") -> list[str]:
        return [each["message"] for each in self.get(f"commits/?ref={ref}").json()["results"]]


@pytest.fixture
def images(database_url: str, tmp_path: Path) -> Iterator[Images]:
    """A server that may fetch from this machine, and unpacks a hundred megabytes at most."""
    settings: dict[str, Any] = {"outbound_allow": "127.0.0.1", "max_unpacked_bytes": 100_000_000}
    with serve(database_url, tmp_path / "data", **settings) as server, server.client() as client:
        made = client.post("/api/repos/", json={"name": "images"})
        assert made.status_code == 201, made.text
        yield Images(client, f"/api/repos/{made.json()['id']}")

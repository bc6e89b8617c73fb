"""The few calls to the server that models of the current style make when they learn, by the names they
know.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from treadle.ml.compat.present import present


class Client:
    """A server, asked with a token."""

    def __init__(self, url: str | None = None, api_key: str | None = None, **_more: Any) -> None:
        self.url = url
        self.api_key = api_key
        self._files = present().files(url, api_key)

    def get_project(self, id: Any) -> Project:
        """A project by its number."""
        return Project(self, id)

    def read(self, path: str, **query: Any) -> Any:
        """What the server answers at a path of its API."""
        return self._files.read_json(path + (f"?{urlencode(query)}" if query else ""))


class Project:
    """A project of a server."""

    def __init__(self, client: Client, id: Any) -> None:
        self._client = client
        self.id = id

    @property
    def params(self) -> Any:
        """The project's fields."""
        return self._client.read(f"/api/projects/{self.id}/")

    def export_tasks(self, export_type: str = "JSON", **query: Any) -> list[Any]:
        """The export of the project."""
        path = f"/api/projects/{self.id}/export"
        return list(self._client.read(path, exportType=export_type, **query))

    def get_labeled_tasks(self, *_more: Any, **_query: Any) -> list[Any]:
        """The tasks that have annotations."""
        return [task for task in self.export_tasks() if task.get("annotations")]

    def get_tasks(self, *_more: Any, **_query: Any) -> list[Any]:
        """All tasks."""
        return self.export_tasks(download_all_tasks="true")

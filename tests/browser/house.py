"""A served Treadle with its built front end, as a browser and a script meet it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.launch.conftest import Server, start_server
from tests.waiting import wait_until

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery"
TOKEN = "0123456789abcdef0123456789abcdef01234567"

FirstAdministrator = tuple[str, ...]
ADA: FirstAdministrator = ("--admin-email", EMAIL, "--admin-password", PASSWORD, "--admin-token", TOKEN)

#: A picture's or text's file: its name and its bytes.
NamedFile = tuple[str, bytes]


class House:
    """A running ``treadle serve`` that can be killed and started again at the same address."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._starts = 0
        self._server = self._start(port=0)
        self.url = self._address()
        self.api = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Token {TOKEN}"},
            trust_env=False,
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._server.process.kill()
        self._server.process.wait()

    def restart(self) -> None:
        """Serves again at the same address; returns once it answers."""
        self._server = self._start(port=int(self.url.rpartition(":")[2]))
        assert self._address() == self.url

    def close(self) -> None:
        self.api.close()
        self._server.end()

    def _start(self, *, port: int) -> Server:
        self._starts += 1
        output = self._folder / f"output-{self._starts}"
        return start_server(self._folder / "data", output, *self._options, port=port)

    def _address(self) -> str:
        """Where it serves, once it does; a server that does not come up is not left behind."""
        try:
            return self._server.url
        except AssertionError:
            self.kill()
            raise

    @property
    def database(self) -> Path:
        """The SQLite file that it serves from."""
        return self._folder / "data" / "treadle.sqlite3"

    # What a script does through the API

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The parsed answer; a refusal fails the test."""
        answer = self.api.request(method, path, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make_project(self, title: str, label_config: str, **fields: Any) -> int:
        body = {"title": title, "label_config": label_config, **fields}
        project_id = self.ask("POST", "/api/projects/", json=body)["id"]
        assert isinstance(project_id, int)
        return project_id

    def import_tasks(self, project_id: int, tasks: Sequence[dict[str, Any]]) -> list[int]:
        """Ids of the tasks, in order."""
        self.ask("POST", f"/api/projects/{project_id}/import", json=list(tasks))
        return self.task_ids(project_id)

    def import_files(self, project_id: int, *files: NamedFile) -> list[int]:
        """Ids of the tasks, in order."""
        self.ask("POST", f"/api/projects/{project_id}/import", files=[("file", file) for file in files])
        return self.task_ids(project_id)

    def task_ids(self, project_id: int) -> list[int]:
        query = {"project": project_id, "page_size": 1000}
        return sorted(task["id"] for task in self.ask("GET", "/api/tasks/", params=query)["tasks"])

    def annotate(self, task_id: int, result: list[dict[str, Any]]) -> int:
        annotation_id = self.ask("POST", f"/api/tasks/{task_id}/annotations/", json={"result": result})["id"]
        assert isinstance(annotation_id, int)
        return annotation_id

    def predict(self, task_id: int, result: list[dict[str, Any]], **fields: Any) -> None:
        body = {"task": task_id, "result": result, **fields}
        self.ask("POST", "/api/predictions/", json=body)

    def annotations(self, task_id: int) -> list[dict[str, Any]]:
        annotations = self.ask("GET", f"/api/tasks/{task_id}/annotations/")
        assert isinstance(annotations, list)
        return annotations

    def wait_for_annotation(self, task_id: int) -> dict[str, Any]:
        """The task's only annotation, once it has arrived."""
        found = wait_until(lambda: self.annotations(task_id))
        assert len(found) == 1, found
        return found[0]

    def drafts(self, task_id: int) -> list[dict[str, Any]]:
        drafts = self.ask("GET", f"/api/tasks/{task_id}/drafts")
        assert isinstance(drafts, list)
        return drafts

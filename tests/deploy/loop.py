"""The whole loop over HTTP: import, pre-label, label, commit, train, promote, better pre-labels."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from PIL import Image

from tests.serving import post_form
from tests.waiting import wait_until

#: A look costs the server as much as a request.
_LOOK_EVERY_S = 0.2
Region = dict[str, Any]


@contextmanager
def first_person(
    url: str, email: str, password: str, transport: httpx.BaseTransport
) -> Iterator[httpx.Client]:
    """Who owns the installation at ``url``, with their token: signs in, or up where nobody is there yet."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        client.get("user/login/")
        told = {"email": email, "password": password}
        is_new = client.get("api/session").json()["sign_up"] == "first"
        answer = post_form(client, "user/signup/" if is_new else "user/login/", told)
        assert answer.status_code == 302, answer.text
        token = client.get("api/current-user/token").json()["token"]
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=url, headers=headers, transport=transport, timeout=60) as client:
        yield client


@dataclass(frozen=True)
class Subject:
    """Pictures by the name of their file, and what a person and a model make of each."""

    config: str
    pictures: Mapping[str, bytes]
    #: What a person would draw.
    truth: Mapping[str, list[Region]]
    is_right: Callable[[str, list[Region]], bool]
    labelled: int
    #: Settings of the training.
    learning: Mapping[str, Any] = field(default_factory=dict)
    #: Which part of what nobody labelled is to be right.
    least: float = 0.7
    patience_s: float = 300.0


def tones() -> Subject:
    """Dark and bright squares, for a model that learns in a moment (ink_model.py)."""
    labels = {f"{number:02}.png": ("dark", "bright")[number % 2] for number in range(24)}
    pictures = {}
    for number, name in enumerate(labels):
        written = io.BytesIO()
        Image.new("L", (16, 16), number + (200 if number % 2 else 0)).save(written, "PNG")
        pictures[name] = written.getvalue()
    return _choices("tone", labels, pictures, 16)


def digits() -> Subject:
    """Handwritten digits, for a classifier that needs no torch."""
    from sklearn.datasets import load_digits

    found = load_digits(n_class=3)
    names = [f"{number:02}.png" for number in range(60)]
    labels = {name: str(found.target[number]) for number, name in enumerate(names)}
    pictures = {name: _png(found.images[number]) for number, name in enumerate(names)}
    return _choices("digit", labels, pictures, 36)


def _choices(
    question: str, labels: Mapping[str, str], pictures: Mapping[str, bytes], labelled: int
) -> Subject:
    """Of pictures with one label each."""
    offered = "".join(f'<Choice value="{label}"/>' for label in sorted(set(labels.values())))
    bare = {"from_name": question, "to_name": "image", "type": "choices"}
    asked = f'<Choices name="{question}" toName="image">{offered}</Choices>'
    return Subject(
        f'<View><Image name="image" value="$image"/>{asked}</View>',
        pictures,
        {name: [{**bare, "value": {"choices": [label]}}] for name, label in labels.items()},
        lambda name, said: bool(said) and said[0]["value"]["choices"] == [labels[name]],
        labelled,
    )


def _png(ink: Any) -> bytes:
    written = io.BytesIO()
    Image.fromarray((255 - ink / 16 * 255).astype("uint8")).resize((32, 32)).save(written, "PNG")
    return written.getvalue()


@dataclass
class Loop:
    """One time around, through the server that ``client`` asks and the model backend at ``backend``."""

    client: httpx.Client
    backend: str
    token: str
    subject: Subject

    def turn(self) -> tuple[int, int]:
        """How many of those that nobody labelled are right before the training, and after it."""
        self._import()
        before = self._prelabel()
        for task in self._done:
            body = {"result": self.subject.truth[self.tasks[task]]}
            self._ask("POST", f"api/tasks/{task}/annotations/", json=body)
        self._commit()
        self._train()
        return before, self._prelabel()

    def _import(self) -> None:
        """A repo of pictures, and a project of it."""
        self.workspace = self._ask("GET", "api/workspaces")[0]["id"]
        pictures, self.labels = (self._make_repo(name) for name in ("pictures", "labels"))
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for name, picture in self.subject.pictures.items():
                file.writestr(name, picture)
        headers = {"Content-Type": "application/zip"}
        address = f"api/repos/{pictures}/archive/?branch=master"
        self._ask("POST", address, content=archive.getvalue(), headers=headers)
        wish = {"title": "Loop", "label_config": self.subject.config, "workspace": self.workspace}
        self.project = self._ask("POST", "api/projects/", json=wish)["id"]
        source = {"project": self.project, "repo": "pictures", "use_blob_urls": True}
        made = self._ask("POST", "api/storages/repo/", json=source)["id"]
        self._ask("POST", f"api/storages/repo/{made}/sync/")
        self.tasks = wait_until(self._found_tasks, self.subject.patience_s)
        self._done = sorted(self.tasks)[: self.subject.labelled]
        connected = {
            "project": self.project,
            "url": self.backend,
            "auth_method": "TOKEN",
            "basic_auth_pass": self.token,
            "title": "backend",
        }
        self.model = self._ask("POST", "api/ml/", json=connected)["id"]

    def _make_repo(self, name: str) -> int:
        wish = {"name": name, "workspace": self.workspace}
        return int(self._ask("POST", "api/repos/", json=wish)["id"])

    def _found_tasks(self) -> dict[int, str] | None:
        """Names of the pictures by task, once all are there."""
        asked = {"project": self.project, "page_size": 1000}
        listed = self._ask("GET", "api/tasks/", params=asked)["tasks"]
        found = {task["id"]: task["data"]["image"].rpartition("/")[2] for task in listed}
        return found if len(found) == len(self.subject.pictures) else None

    def _prelabel(self) -> int:
        """Predict all; how many of those that nobody labels are right."""
        wish = {"project": self.project, "backend": self.model, "only": "missing"}
        self._wait(f"api/jobs/{self._ask('POST', 'api/learning/prelabel/', json=wish)['job']}/", "done")
        said: dict[int, list[Region]] = {}
        for one in self._ask("GET", "api/predictions/", params={"project": self.project}):
            said[one["task"]] = one["result"]
        others = set(self.tasks) - set(self._done)
        return sum(self.subject.is_right(self.tasks[task], said.get(task, [])) for task in others)

    def _commit(self) -> None:
        target = {"project": self.project, "repo": "labels"}
        made = self._ask("POST", "api/storages/export/repo/", json=target)["id"]
        address = f"api/storages/export/repo/{made}/commit/"
        job = self._ask("POST", address, json={"message": "What was labelled"})["job"]
        self._wait(f"api/jobs/{job}/", "done")
        commits = self._ask("GET", f"api/repos/{self.labels}/commits", params={"ref": "master"})
        assert "What was labelled" in str(commits)

    def _train(self) -> None:
        spec = {"held_out": 0.2, "settings": dict(self.subject.learning)}
        wish = {"project": self.project, "backend": self.model, "spec": spec, "override": "a short loop"}
        training = self._ask("POST", "api/learning/trainings/", json=wish)["id"]
        trained = self._wait(f"api/learning/trainings/{training}/", "completed")
        promoted = {"backend": self.model, "version": trained["version"]["id"]}
        self._ask("POST", "api/learning/versions/promote/", json=promoted)

    def _wait(self, address: str, wanted: str) -> Any:
        def ended() -> Any:
            told = self._ask("GET", address)
            assert told["state"] not in {"failed", "cancelled"} - {wanted}, told
            return told if told["state"] == wanted else None

        return wait_until(ended, self.subject.patience_s, _LOOK_EVERY_S)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self.client.request(method, path, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

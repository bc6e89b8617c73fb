"""How well the studio reads digits from sixty labels: before a training and after it, over five seeds.

``python -m scripts.digits_from_sixty`` starts a studio with the built-in image classifier, adds the 1,797
digits of the UCI set that come with scikit-learn, and for each seed labels sixty, trains on these alone,
promotes, predicts all and counts what is right of those that were not learnt from. A real server, its
worker, and the backend in a process of its own, all over HTTP.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN
from treadle.ml.trying import free_port, serving
from treadle.samples.digits import digits_project
from treadle.samples.sources import package_folder

_LABELS, _SEEDS = 60, range(5)
_AT_ONCE = 200
_SIDE_PX = 32
_WAIT_S = 900.0


def main() -> None:
    """Measure, and tell each seed and the mean."""
    with tempfile.TemporaryDirectory() as folder, _studio(Path(folder)) as client:
        loop = Loop(client, _read_digits())
        before = loop.predict("")
        print(f"untrained: {loop.count_right(before, loop.truth):.3f} right of {len(loop.truth)}", flush=True)
        found = []
        for seed in _SEEDS:
            learnt, began_s = loop.label(seed), time.monotonic()
            version = loop.train(learnt)
            others = {task: digit for task, digit in loop.truth.items() if task not in learnt}
            found.append(loop.count_right(loop.predict(version), others))
            took_s = time.monotonic() - began_s
            print(f"seed {seed}: {found[-1]:.3f} right of {len(others)} others, {took_s:.0f} s", flush=True)
        print(f"mean of {len(found)}: {statistics.mean(found):.3f}")


@dataclass(frozen=True)
class Digit:
    """A picture, and what was written."""

    name: str
    png: bytes
    digit: str


class Loop:
    """One project with all digits, and the built-in classifier."""

    def __init__(self, client: httpx.Client, digits: list[Digit]) -> None:
        self._client = client
        config = digits_project().label_config
        made = self._ask("POST", "/api/projects/", json={"title": "Digits", "label_config": config})
        self._project = int(made["id"])
        #: What was written, by task.
        self.truth = self._import(digits)
        new = {"project": self._project, "builtin": "image_classifier", "title": "Digits"}
        self._backend = int(self._ask("POST", "/api/ml/", json=new)["id"])
        self._labelled: set[int] = set()

    def label(self, seed: int) -> list[int]:
        """Label sixty tasks as they were written; which."""
        chosen = random.Random(seed).sample(sorted(self.truth), _LABELS)
        for task in set(chosen) - self._labelled:
            region = {"from_name": "digit", "to_name": "image", "type": "choices"}
            result = [{**region, "value": {"choices": [self.truth[task]]}}]
            self._ask("POST", f"/api/tasks/{task}/annotations/", json={"result": result})
        self._labelled.update(chosen)
        return chosen

    def train(self, tasks: list[int]) -> str:
        """Train on these alone, and promote what comes of it; its name."""
        spec = {"selectedItems": {"all": False, "included": tasks}, "held_out": 0}
        asked = {"project": self._project, "backend": self._backend, "spec": spec, "override": "to measure"}
        number = self._ask("POST", "/api/learning/trainings/", json=asked)["id"]
        ended = self._wait(f"/api/learning/trainings/{number}/", "completed")
        version = ended["version"]
        chosen = {"backend": self._backend, "version": version["id"]}
        self._ask("POST", "/api/learning/versions/promote/", json=chosen)
        return str(version["name"])

    def predict(self, version: str) -> Mapping[int, str]:
        """What the version that serves says of each task."""
        asked = {"project": self._project, "backend": self._backend, "only": "all"}
        job = self._ask("POST", "/api/learning/prelabel/", json=asked)["job"]
        self._wait(f"/api/jobs/{job}/", "done")
        stored = self._ask("GET", "/api/predictions/", params={"project": str(self._project)})
        return {
            one["task"]: one["result"][0]["value"]["choices"][0]
            for one in stored
            if one["result"] and one["model_version"] == (version or "untrained")
        }

    def count_right(self, said: Mapping[int, str], truth: Mapping[int, str]) -> float:
        """The part of ``truth`` that was said."""
        return sum(said.get(task) == digit for task, digit in truth.items()) / len(truth)

    def _import(self, digits: list[Digit]) -> dict[int, str]:
        path = f"/api/projects/{self._project}/import"
        truth = {each.name: each.digit for each in digits}
        for start in range(0, len(digits), _AT_ONCE):
            part = digits[start : start + _AT_ONCE]
            self._ask("POST", path, files=[("file", (each.name, each.png, "image/png")) for each in part])
        found: dict[int, str] = {}
        page = 1
        while len(found) < len(digits):
            asked = {"project": self._project, "page": page, "page_size": _AT_ONCE}
            for task in self._ask("GET", "/api/tasks/", params=asked)["tasks"]:
                found[task["id"]] = truth[task["data"]["image"].rpartition("-")[2]]
            page += 1
        return found

    def _wait(self, path: str, wanted: str) -> Any:
        end_s = time.monotonic() + _WAIT_S
        while time.monotonic() < end_s:
            told = self._ask("GET", path)
            if told["state"] in (wanted, "failed", "cancelled"):
                assert told["state"] == wanted, told
                return told
            time.sleep(0.2)
        raise SystemExit(f"{path} was not {wanted} after {_WAIT_S:.0f} s.")

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._client.request(method, path, **more)
        assert answer.is_success, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None


def _read_digits() -> list[Digit]:
    path = package_folder("sklearn") / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = [[float(value) for value in row] for row in csv.reader(file)]
    return [Digit(f"{number:04}.png", _draw(row[:64]), str(int(row[64]))) for number, row in enumerate(rows)]


def _draw(values: list[float]) -> bytes:
    """Dark ink on white paper."""
    small = Image.frombytes("L", (8, 8), bytes(int(255 - value / 16 * 255) for value in values))
    file = io.BytesIO()
    small.resize((_SIDE_PX, _SIDE_PX), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


@contextmanager
def _studio(folder: Path) -> Iterator[httpx.Client]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["serve", "--port", str(port), "--data-dir", str(folder / "data")]
    command += ["--admin-email", ADMIN_EMAIL, "--admin-token", ADMIN_TOKEN]
    headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
    with (
        serving(command, {"TREADLE_ADMIN_PASSWORD": ADMIN_PASSWORD}),
        httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=300) as client,
    ):
        end_s = time.monotonic() + _WAIT_S
        while not _is_up(client) and time.monotonic() < end_s:
            time.sleep(0.2)
        yield client


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()

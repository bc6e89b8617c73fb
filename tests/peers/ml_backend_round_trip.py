"""A stock Label Studio with a model backend of ours: it connects, asks, trains, and tells of work.

``python -m tests.peers.ml_backend_round_trip --label-studio ls/bin/label-studio`` starts both and says what
happens.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.peers.relay import Passed, Relay, relay
from tests.peers.stock import label_studio, ok
from treadle.ml.starting import start_backend
from treadle.ml.trying import backend

#: Without these it refuses what stands on the same machine: see docs/ml-backend.md.
_SETTINGS = {"ML_BLOCK_LOCAL_IP": "false", "SSRF_PROTECTION_ENABLED": "false"}
_GOOD = ("kind and bright", "a lovely film", "kind people", "bright and lovely", "lovely, kind", "so bright")
_BAD = ("dull and long", "a badly made film", "long and dull", "dull people", "badly, badly", "so long")
_NEW = {"a kind, lovely and bright film": "Positive", "a long, dull and badly made film": "Negative"}
_TRAINING_S = 120


def main() -> None:
    """Go once around, and fail where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.ml_backend_round_trip", description=__doc__)
    parser.add_argument("--label-studio", required=True, help="its command, of version 1.23.2")
    command = parser.parse_args().label_studio
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_backend(folder / "films")
        with (
            backend(folder / "films" / "model.py", folder / "versions") as address,
            relay(address) as between,
            label_studio(command, folder / "ls", _SETTINGS) as client,
        ):
            print(f"Label Studio {ok(client.get('/api/version'))['release']}")
            Round(client, between, (folder / "films" / "config.xml").read_text("utf-8")).go()


class Round:
    """One project with one backend."""

    def __init__(self, client: httpx.Client, between: Relay, config: str) -> None:
        self._client = client
        self._between = between
        made = ok(client.post("/api/projects/", json={"title": "Films", "label_config": config}))
        self._project = int(made["id"])
        self._backend = 0

    def go(self) -> None:
        """Everything, in the order in which people do it."""
        tasks = self._import()
        self._connect()
        self._retrieve(tasks, "untrained")
        self._annotate(tasks)
        version = self._train()
        said = self._retrieve(tasks, version)
        for text, label in _NEW.items():
            assert said[tasks[text]] == label, (text, said[tasks[text]])
        print(f"  right on both texts that nobody labelled: {', '.join(said[tasks[text]] for text in _NEW)}")
        self._draw(tasks)
        self._list_versions(version)

    def _import(self) -> dict[str, int]:
        texts = [*_GOOD, *_BAD, *_NEW]
        sent = [{"data": {"text": text}} for text in texts]
        path, asked = f"/api/projects/{self._project}/import", {"return_task_ids": "true"}
        ids = ok(self._client.post(path, params=asked, json=sent))["task_ids"]
        return dict(zip(texts, ids, strict=True))

    def _connect(self) -> None:
        new = {"url": self._between.url, "project": self._project, "title": "films", "is_interactive": True}
        made = ok(self._client.post("/api/ml/", json=new))
        assert (made["state"], made["model_version"]) == ("CO", "untrained"), made
        self._backend = int(made["id"])
        print(f"connect: {made['readable_state']}, version {made['model_version']}")
        self._tell()

    def _retrieve(self, tasks: dict[str, int], version: str) -> dict[int, str]:
        """What Label Studio has of that version after "Retrieve predictions", by task."""
        everything = {"selectedItems": {"all": True, "excluded": []}}
        asked = {"id": "retrieve_tasks_predictions", "project": str(self._project)}
        answer = ok(self._client.post("/api/dm/actions", params=asked, json=everything))
        stored = ok(self._client.get("/api/predictions/", params={"project": self._project}))
        of_version = [one for one in stored if one["model_version"] == version]
        assert sorted(one["task"] for one in of_version) == sorted(tasks.values()), stored
        assert all(isinstance(one["score"], float) for one in of_version), of_version
        print(f"retrieve predictions: {answer['detail']}; stored {len(of_version)} of version {version}")
        self._tell()
        return {one["task"]: one["result"][0]["value"]["choices"][0] for one in of_version}

    def _annotate(self, tasks: dict[str, int]) -> None:
        saved = []
        for label, texts in (("Positive", _GOOD), ("Negative", _BAD)):
            for text in texts:
                path = f"/api/tasks/{tasks[text]}/annotations/"
                saved.append(ok(self._client.post(path, json={"result": [_choice(label)]}))["id"])
        ok(self._client.patch(f"/api/annotations/{saved[0]}/", json={"result": [_choice("Positive")]}))
        told = self._between.take()
        actions = [one.body["action"] for one in told if one.path == "/webhook"]
        wanted = ["ANNOTATION_CREATED"] * len(saved) + ["ANNOTATION_UPDATED"]
        assert actions == wanted, actions
        assert [one.body["annotation"]["id"] for one in told if one.path == "/webhook"] == [*saved, saved[0]]
        print(f"{len(saved)} annotations, one of them changed:")
        _print(told)

    def _train(self) -> str:
        ok(self._client.post(f"/api/ml/{self._backend}/train"))
        told = self._between.take()
        started = next(one for one in told if one.path == "/webhook")
        assert started.body["action"] == "START_TRAINING", started.body
        job = self._wait_for(started.answer["job"])
        accuracy = job["metrics"]["accuracy"][-1][-1]
        print(f"train: {job['state']}, accuracy {accuracy:.2f}. {job['message']}")
        _print(told)
        now = ok(self._client.get(f"/api/ml/{self._backend}"))
        assert now["state"] == "CO", now
        assert now["model_version"] == job["version"], now
        self._between.take()
        return str(job["version"])

    def _wait_for(self, number: str) -> Any:
        end = time.monotonic() + _TRAINING_S
        while time.monotonic() < end:
            job = ok(httpx.get(f"{self._between.url}/jobs/{number}", trust_env=False))
            if job["state"] in ("completed", "failed", "cancelled"):
                assert job["state"] == "completed", job
                return job
            time.sleep(0.2)
        raise SystemExit(f"The training was not done after {_TRAINING_S} s.")

    def _draw(self, tasks: dict[str, int]) -> None:
        asked = {"task": next(iter(tasks.values())), "context": {"result": [_choice("Positive")]}}
        answer = ok(self._client.post(f"/api/ml/{self._backend}/interactive-annotating", json=asked))
        assert answer["data"]["result"][0]["type"] == "choices", answer
        print(f"interactive: {len(answer['data']['result'])} region")
        self._tell()

    def _list_versions(self, version: str) -> None:
        found = ok(self._client.get(f"/api/ml/{self._backend}/versions"))["versions"]
        assert version in found, found
        print(f"versions: {', '.join(found)}")
        self._tell()

    def _tell(self) -> None:
        _print(self._between.take())


def _print(told: list[Passed]) -> None:
    """What reached the backend, alike ones counted."""
    lines = Counter(_line(one) for one in told)
    for line, count in lines.items():
        print(f"  {line}{f'  × {count}' if count > 1 else ''}")


def _line(one: Passed) -> str:
    body = one.body or {}
    said = body.get("action") or (f"{len(body['tasks'])} tasks" if "tasks" in body else "")
    return f"{one.method} {one.path} {said}".rstrip() + f" -> {one.status}"


def _choice(label: str) -> dict[str, Any]:
    value = {"choices": [label]}
    return {"from_name": "sentiment", "to_name": "text", "type": "choices", "value": value}


if __name__ == "__main__":
    main()

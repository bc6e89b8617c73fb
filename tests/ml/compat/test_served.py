"""A model that was written for ``label_studio_ml`` is served as it is, and keeps what it learned."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.ml.author.studio import Studio
from tests.ml.compat import models
from tests.ml.compat.test_models import BOXES, labelled
from tests.waiting import wait_until
from treadle.ml.trying import backend


class Served:
    """A server of the model, as Label Studio asks it."""

    def __init__(self, url: str, studio: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self._told = {"project": "1.179", "hostname": studio, "access_token": "k"}

    def setup(self) -> str:
        return str(self.post("/setup", {**self._told, "schema": BOXES})["model_version"])

    def labels(self) -> tuple[object, object, object]:
        """The version, the label and the score that a task gets."""
        (item,) = self.post("/predict", {**self._told, "label_config": BOXES, "tasks": [labelled(0, "Cat")]})[
            "results"
        ]
        value = item["result"][0]["value"]
        return item["model_version"], value["rectanglelabels"], item["score"]

    def train(self) -> str:
        """The version that the button makes."""
        project = {"id": 1, "created_at": "1970-01-01T00:02:59Z", "label_config": BOXES}
        job = self.post("/webhook", {"action": "START_TRAINING", "project": project})["job"]

        def ended() -> dict[str, object] | None:
            found: dict[str, object] = self._client.get(f"/jobs/{job}").json()
            return found if found["state"] in ("completed", "failed") else None

        found = wait_until(ended, 90)
        assert found["state"] == "completed", (found, self._client.get(f"/jobs/{job}/log").text)
        return str(found["version"])

    def post(self, path: str, body: object):  # type: ignore[no-untyped-def]
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


def test_trained_weights_serve_over_setup_restart_and_in_a_second_replica(
    place: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(place / "site"))
    exported = [labelled(1, "Dog"), labelled(2, "Cat", was_cancelled=True), labelled(3, "Cat")]
    studio.files["/api/projects/1/export"] = json.dumps(exported).encode()
    (place / "model.py").write_text(models.DETECTION)
    with backend(place / "model.py", place / "kept") as url, backend(place, place / "kept") as other:
        served, replica = Served(url, studio.url), Served(other, studio.url)
        assert (served.setup(), replica.setup()) == ("untrained", "untrained")
        assert served.labels() == ("untrained", ["untrained"], 0.5)
        version = served.train()
        assert served.labels() == (version, ["Cat"], 0.6)
        assert replica.setup() == version
        assert replica.labels() == (version, ["Cat"], 0.6)
        second = replica.train()
        assert served.setup() == second
    with backend(place / "model.py", place / "kept") as url:
        assert Served(url, studio.url).labels() == (second, ["Cat"], 0.7)

"""Pre-labelling by a model of ours in processes of its own, as `treadle ml serve` serves it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.learning.prelabelling import open_desk
from tests.learning.spoken import Spoken
from tests.ml.serving.running import CONFIG, running
from treadle.db import Database
from treadle.learning.connections.patience import Patience
from treadle.learning.predictions import prelabel

#: What each task lets the model do: it answers, raises, says nothing, and dies.
DEEDS: tuple[dict[str, str], ...] = ({}, {"do": "raise"}, {"list": "none"}, {"do": "die"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_served_model_predicts_and_what_it_fails_on_is_told(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prelabel, "_PATIENCE", Patience(busy=1, longest_busy_s=0.2))
    desk = open_desk(database, tmp_path / "data")
    desk.studio.change_project(label_config=CONFIG)
    ids = [desk.studio.add_tasks(1, text=f"text {n}", **deed)[0] for n, deed in enumerate(DEEDS)]
    with running(tmp_path) as served:
        backend = desk.connect(Spoken(port=int(served.url.rpartition(":")[2])), timeout_s=60.0)
        result = desk.prelabel(backend, *ids[:3])
        died = desk.run_badly(desk.order(backend, ids[3]))
        again = desk.prelabel(backend, only="missing")
    assert (backend.generation, backend.state, result["version"]) == ("treadle", "CO", "untrained")
    assert (result["done"], result["nothing"], result["failed"]) == (1, 1, 1), result
    assert (died["code"], again["asked"]) == ("prelabel-failed", 0)
    problems = {row["task_id"]: row["problem"] for row in desk.attempts() if row["state"] == "failed"}
    assert list(problems) == [ids[1], ids[3]]
    assert "of cheese" in problems[ids[1]]
    assert [row["model_version"] for row in desk.predictions()] == ["untrained"]
    assert json.loads(desk.predictions()[0]["result"])[0]["value"] == {"choices": ["Good"]}

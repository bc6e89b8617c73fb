"""YOLO, where torch and ultralytics are installed: each of its tasks, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ml.builtin.cases import (
    BOX_CONFIG,
    BROKEN,
    CASES,
    IMAGE_CONFIG,
    Json,
    answered,
    box_tasks,
    image_tasks,
)
from tests.ml.builtin.test_yolo_tasks import OBB_CONFIG, OUTLINE_CONFIG, POSE_CONFIG
from tests.ml.builtin.trying import Tried, labels
from treadle.errors import Invalid

YOLO = next(case for case in CASES if case.name == "yolo")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not YOLO.is_installed, reason="torch and ultralytics stand outside the lock"),
]

EPOCHS = 25


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TREADLE_ML_OFFLINE", "1")
    monkeypatch.setenv("TREADLE_ML_WEIGHTS", str(tmp_path / "weights"))


def outlined(task: Json) -> Json:
    """The same with polygons for boxes."""
    for result in task["annotations"][0]["result"]:
        value = result["value"]
        left, top = value["x"], value["y"]
        right, bottom = left + value["width"], top + value["height"]
        points = [[left, top], [right, top], [right, bottom], [left, bottom]]
        result["type"] = "polygonlabels"
        result["value"] = {"points": points, "polygonlabels": value["rectanglelabels"]}
    return task


def posed(task: Json) -> Json:
    """The same with a point at the left and right side of each box."""
    results = task["annotations"][0]["result"]
    for box in list(results):
        value = box["value"]
        for label, across in (("left", 0.0), ("right", 1.0)):
            x, y = value["x"] + across * value["width"], value["y"] + value["height"] / 2
            point = {"x": x, "y": y, "width": 1, "keypointlabels": [label]}
            same = {name: box[name] for name in ("to_name", "original_width", "original_height")}
            about = {"id": box["id"] + label, "parentID": box["id"], "from_name": "point"}
            results.append({**same, **about, "type": "keypointlabels", "value": point})
    return task


def trained(config: str, tasks: list[Json], folder: Path, **form: object) -> Tried:
    tried = Tried("yolo", config, folder)
    assert [item["result"] for item in tried.predict(tasks[:2])] == [[], []]
    assert tried.train(tasks, **{"epochs": EPOCHS, **form})
    return tried


def test_boxes_are_learnt_from_nothing_and_said_by_name(tmp_path: Path) -> None:
    tasks = [*box_tasks(64), answered(99, {"image": BROKEN})]
    tried = trained(BOX_CONFIG, tasks, tmp_path)
    assert tried.sink.figures["unreadable"] == [1]
    assert tried.sink.figures["mAP50"][-1] > 0.05
    items = tried.predict(tasks[:20], confidence=0.0)
    assert {label for item in items for label in labels(item)} == {"Disc", "Square"}
    scores = [region["score"] for region in items[0]["result"]]
    assert items[0]["score"] == pytest.approx(sum(scores) / len(scores))
    assert len(tried.predict(tasks[:1], confidence=0.0, most_regions=2)[0]["result"]) == 2
    tried.config = BOX_CONFIG.replace('value="Disc"', 'value="Round"')
    again = tried.predict(tasks[:20], confidence=0.0)
    assert {label for item in again for label in labels(item)} == {"(none)", "Square"}


def test_it_goes_on_from_the_version_that_serves(tmp_path: Path) -> None:
    tried = trained(BOX_CONFIG, box_tasks(16), tmp_path, epochs=1)
    assert tried.train(box_tasks(16), epochs=1)
    assert tried.sink.lines[0].endswith("it begins with nothing learnt.")
    assert tried.sink.lines[-1].endswith("it goes on from the version that serves.")
    with pytest.raises(Invalid, match=r"There is no yolov8n\.pt"):
        tried.train(box_tasks(4), start="pretrained")


@pytest.mark.parametrize(
    ("config", "tasks", "kind"),
    [
        (OBB_CONFIG, box_tasks(48), "rectanglelabels"),
        (OUTLINE_CONFIG, [outlined(task) for task in box_tasks(48)], "polygonlabels"),
        (POSE_CONFIG, [posed(task) for task in box_tasks(48)], "rectanglelabels"),
    ],
    ids=["obb", "segment", "pose"],
)
def test_other_shapes_are_learnt_and_drawn(config: str, tasks: list[Json], kind: str, tmp_path: Path) -> None:
    tried = trained(config, tasks, tmp_path)
    items = tried.predict(tasks[:20], confidence=0.0, most_regions=5)
    found = [region for item in items for region in item["result"]]
    assert not any("error" in item for item in items)
    assert kind in {region["type"] for region in found}
    assert {region["from_name"] for region in found} <= {"box", "point"}
    brushed = config.replace("PolygonLabels", "BrushLabels")
    if brushed != config:
        tried.config = brushed
        assert tried.predict(tasks[:1], confidence=0.0, most_regions=1)[0]["result"][0]["value"]["rle"]


def test_pictures_are_classified(tmp_path: Path) -> None:
    tasks = image_tasks(32)
    tried = trained(IMAGE_CONFIG, tasks, tmp_path, epochs=15)
    right = [task["annotations"][0]["result"][0]["value"]["choices"] for task in tasks]
    assert sum(labels(item) == one for item, one in zip(tried.predict(tasks), right, strict=True)) >= 28


def test_a_training_that_is_asked_to_stop_keeps_what_it_has(tmp_path: Path) -> None:
    tried = Tried("yolo", BOX_CONFIG, tmp_path)
    tried.sink.stop_after = 1
    assert tried.train(box_tasks(16), epochs=50)
    assert tried.sink.steps <= 3

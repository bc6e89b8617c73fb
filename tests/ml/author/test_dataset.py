"""What a model learns from: finished work alone, split the same way each time, as trainers read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from treadle.errors import Invalid
from treadle.ml.dataset import Dataset, read_dataset
from treadle.ml.labels import read_labels
from treadle.ml.masks import encode

SHAPES = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img"><Label value="Car"/><Label value="Cat"/></RectangleLabels>
<KeyPointLabels name="point" toName="img"><Label value="nose"/><Label value="tail"/></KeyPointLabels>
</View>"""
DAY = """<View><Image name="img" value="$image"/><Choices name="day" toName="img"><Choice value="Day"/>
<Choice value="Night"/></Choices></View>"""
NER = """<View><Text name="t" value="$text"/><Labels name="ner" toName="t"><Label value="A"/>
<Label value="B"/></Labels></View>"""


class Folder:
    """Files by their names in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, address: str, task_id: object = None) -> Path:
        path = self.folder / address.strip("/")
        if not path.exists():
            Image.new("RGB", (200, 100)).save(path)
        return path


def task(
    number: int, *results: dict[str, Any], image: str | None = None, **annotation: Any
) -> dict[str, Any]:
    made = {"id": number, "result": list(results), "updated_at": "2026-01-01", **annotation}
    return {"id": number, "data": {"image": image or f"{number}.png"}, "annotations": [made]}


def box(label: str, *, control: str = "box", id: str = "r", **value: Any) -> dict[str, Any]:
    geometry = {"x": 10, "y": 20, "width": 40, "height": 30, "rotation": 0, **value}
    return {
        "id": id, "from_name": control, "to_name": "img", "type": "rectanglelabels",
        "original_width": 200, "original_height": 100,
        "value": {**geometry, "rectanglelabels": [label]},
    }  # fmt: skip


def point(label: str, x: float, parent: str) -> dict[str, Any]:
    value = {"x": x, "y": 50, "width": 1, "keypointlabels": [label]}
    return {"id": label, "from_name": "point", "type": "keypointlabels", "parentID": parent, "value": value}


def chosen(label: str) -> dict[str, Any]:
    return {"id": "c", "from_name": "day", "type": "choices", "value": {"choices": [label]}}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "media").mkdir()
    return Folder(tmp_path / "media")


def read(tasks: list[dict[str, Any]], folder: Folder, config: str = SHAPES) -> Dataset:
    return read_dataset(tasks, read_labels(config), folder)


def test_only_finished_work_is_learned_from(folder: Folder) -> None:
    several = task(5, box("Car"))
    several["annotations"] += [
        {"id": 51, "result": [box("Cat")], "updated_at": "2026-02-01"},
        {"id": 52, "result": [], "updated_at": "2026-03-01", "was_cancelled": True},
    ]
    tasks = [
        task(1, box("Car")),
        task(2, box("Car"), was_cancelled=True),
        task(3, box("Car"), last_action="rejected"),
        task(4, box("Car"), reviews=[{"accepted": True}, {"accepted": False}]),
        several,
        task(6, box("Car"), reviews=[{"accepted": False}, {"accepted": True}]),
        {"id": 7, "data": {"image": "7.png"}, "annotations": []},
    ]
    dataset = read(tasks, folder)
    assert [example.task.id for example in dataset] == [1, 5, 6]
    assert dataset[1].annotation["id"] == 51
    with pytest.raises(Invalid, match="export as JSON"):
        read([{"image": "1.png", "label": "Car"}], folder)


def test_a_split_is_the_same_for_a_seed_and_parts_no_picture(folder: Folder) -> None:
    tasks = [task(number, box("Car"), image=f"{number // 2}.png?sig={number}") for number in range(40)]
    dataset = read(tasks, folder)
    split, again = dataset.split(0.25, seed=3), read(tasks[::-1], folder).split(0.25, seed=3)
    held = {example.task.id for example in split.held_out}
    assert held == {example.task.id for example in again.held_out}
    assert held != {example.task.id for example in dataset.split(0.25, seed=4).held_out}
    assert len(held) == 10
    assert {example.group for example in split.train}.isdisjoint(example.group for example in split.held_out)
    two = read(tasks[1:3], folder).split(0.01)
    assert (len(two.train), len(two.held_out)) == (1, 1)


def lines(folder: Path, side: str = "train") -> list[str]:
    return [
        line
        for path in sorted((folder / "labels" / side).iterdir())
        for line in path.read_text().splitlines()
    ]


def test_boxes_are_written_for_yolo_by_the_place_of_their_label(folder: Folder, tmp_path: Path) -> None:
    dataset = read([task(1, box("Cat"), box("Car", id="s", x=90, width=40)), task(2)], folder)
    path = dataset.to_yolo(tmp_path / "set", held_out=0)
    assert 'path: "' + str(tmp_path / "set") in path.read_text()
    assert '  0: "Car"\n  1: "Cat"\n' in path.read_text()
    assert lines(tmp_path / "set") == ["1 0.3 0.35 0.4 0.3", "0 0.95 0.35 0.1 0.3"]
    assert (tmp_path / "set/labels/train/000001.txt").read_text() == ""  # a picture with nothing on it
    assert Image.open(tmp_path / "set/images/train/000000.png").size == (200, 100)


def test_turned_boxes_outlines_masks_and_points_have_their_forms(folder: Folder, tmp_path: Path) -> None:
    turned = read([task(1, box("Car", rotation=90, x=50, y=20, width=20, height=10))], folder)
    turned.to_yolo(tmp_path / "obb", "obb", control="box", held_out=0)
    assert lines(tmp_path / "obb") == ["0 0.5 0.2 0.5 0.6 0.45 0.6 0.45 0.2"]

    mask = np.zeros((100, 200), bool)
    mask[20:50, 20:100] = True
    painted = {
        **box("Cat"),
        "from_name": "box",
        "type": "brushlabels",
        "value": {"rle": encode(mask)[0], "brushlabels": ["Cat"]},
    }
    read([task(1, painted)], folder).to_yolo(tmp_path / "seg", "segment", control="box", held_out=0)
    place, *numbers = lines(tmp_path / "seg")[0].split()
    corners = {(float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True)}
    assert (place, corners) == ("1", {(0.1, 0.2), (0.5, 0.2), (0.5, 0.5), (0.1, 0.5)})

    pose = read([task(1, box("Cat", id="r"), point("tail", 15, "r"), point("nose", 99, "other"))], folder)
    path = pose.to_yolo(tmp_path / "pose", "pose", held_out=0)
    assert "kpt_shape: [2, 3]" in path.read_text()
    assert lines(tmp_path / "pose") == ["1 0.3 0.35 0.4 0.3 0 0 0 0.15 0.5 2"]


def test_pictures_are_sorted_into_folders_to_classify(folder: Folder, tmp_path: Path) -> None:
    dataset = read([task(1, chosen("Night")), task(2, chosen("Day")), task(3)], folder, DAY)
    assert dataset.to_yolo(tmp_path / "set", "classify", held_out=0) == tmp_path / "set"
    assert sorted(path.parent.name for path in (tmp_path / "set/train").glob("*/*")) == ["Day", "Night"]
    assert dataset.counts() == {"Day": 1, "Night": 1}
    with pytest.raises(Invalid, match="it does not detect"):
        dataset.to_yolo(tmp_path / "other")


def test_coco_has_pixels_and_rows_have_class_ids(folder: Folder, tmp_path: Path) -> None:
    dataset = read([task(1, box("Cat"))], folder)
    dataset.to_coco(tmp_path / "coco", held_out=0)
    document = json.loads((tmp_path / "coco/train.json").read_text())
    (annotation,) = document["annotations"]
    assert annotation["bbox"] == pytest.approx([20, 20, 80, 30])
    assert (annotation["category_id"], annotation["area"]) == (1, pytest.approx(2400))
    assert document["categories"] == [{"id": 0, "name": "Car"}, {"id": 1, "name": "Cat"}]
    (row,) = dataset.rows("box")
    assert row["objects"] == {"bbox": [pytest.approx([20, 20, 80, 30])], "category": [1]}

    said = {"from_name": "ner", "type": "labels", "value": {"start": 1, "end": 3, "labels": ["B"]}}
    text = {"id": 1, "data": {"text": "abcd"}, "annotations": [{"id": 1, "result": [said]}]}
    assert read([text], folder, NER).rows() == [
        {"id": 1, "text": "abcd", "spans": [{"start": 1, "end": 3, "labels": [1]}]}
    ]

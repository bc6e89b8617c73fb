"""Exports compared with those that label_studio_sdk.converter 2.1.2 wrote of the same tasks.

The recorded cases are those in which Label Studio loses nothing; where ours differs on purpose is told in
the formats' files and tested in their own tests.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.labeling.formats.feeding import export, export_coco, export_yolo
from treadle.labeling.formats import Reason

RECORDED = json.loads((Path(__file__).parents[2] / "golden" / "label-studio-exports.json").read_text("utf-8"))


def cases(name: str) -> pytest.MarkDecorator:
    found = {title: case for title, case in RECORDED.items() if name in case["exports"]}
    return pytest.mark.parametrize("case", found.values(), ids=list(found))


@pytest.mark.parametrize("case", RECORDED.values(), ids=list(RECORDED))
def test_json_holds_the_tasks_as_they_are(case: dict[str, Any]) -> None:
    written, counts = export("JSON", case["config"], case["tasks"])
    assert json.loads(written) == case["tasks"]
    assert counts.tasks == len(case["tasks"])


@cases("JSON_MIN")
def test_json_min_is_the_same(case: dict[str, Any]) -> None:
    written, _ = export("JSON_MIN", case["config"], case["tasks"])
    rows = json.loads(written)
    assert sorted(rows, key=lambda row: (row["id"], row["annotation_id"] or 0)) == case["exports"]["JSON_MIN"]


@cases("CSV")
def test_csv_is_the_same_but_for_the_order_of_rows(case: dict[str, Any]) -> None:
    # Label Studio takes the rows in the order of a folder, and escapes slashes inside JSON.
    written, _ = export("CSV", case["config"], case["tasks"])
    expected = case["exports"]["CSV"].replace("\\/", "/")
    assert written.decode().splitlines()[0] == expected.splitlines()[0]
    assert sorted(csv.reader(io.StringIO(written.decode()))) == sorted(csv.reader(io.StringIO(expected)))
    assert sorted(written.decode().splitlines()) == sorted(expected.strip("\n").splitlines())


@cases("CSV")
def test_tsv_is_csv_with_tabs(case: dict[str, Any]) -> None:
    tabs, _ = export("TSV", case["config"], case["tasks"])
    commas, _ = export("CSV", case["config"], case["tasks"])
    assert list(csv.reader(io.StringIO(tabs.decode()), delimiter="\t")) == list(
        csv.reader(io.StringIO(commas.decode()))
    )


def told_by_coco(coco: dict[str, Any]) -> list[Any]:
    """Every annotation with the names of its class and picture, since the numbers are ours."""
    classes = {category["id"]: category["name"] for category in coco["categories"]}
    pictures = {image["id"]: image for image in coco["images"]}
    told = []
    for entry in coco["annotations"]:
        picture = pictures[entry["image_id"]]
        told.append(
            (
                picture["file_name"].split("__")[-1].split("/")[-1],
                (picture["width"], picture["height"]),
                classes[entry["category_id"]],
                rounded(entry["bbox"]),
                [rounded(ring) for ring in entry.get("segmentation", [])],
                rounded([entry["area"]]),
                (entry["iscrowd"], entry["ignore"]),
            )
        )
    return told


def rounded(numbers: Iterable[float], digits: int = 3) -> list[float]:
    return [round(number, digits) for number in numbers]


@cases("COCO")
def test_coco_tells_the_same(case: dict[str, Any]) -> None:
    ours, counts = export_coco(case["config"], case["tasks"])
    theirs = case["exports"]["COCO"]
    # The points of a skeleton are joined to their box in ours; see test_coco.
    boxes = [entry for entry in theirs["annotations"] if "area" in entry]
    plain = sorted(told_by_coco({**theirs, "annotations": boxes}), key=repr)
    assert sorted(told_by_coco(ours), key=repr) == plain
    assert counts.left_out.keys() <= {Reason.ANSWER.value, Reason.SKIPPED.value}


@cases("YOLO")
def test_yolo_tells_the_same(case: dict[str, Any]) -> None:
    files, counts = export_yolo(case["config"], case["tasks"])
    theirs = case["exports"]["YOLO"]
    ours = {name.removeprefix("labels/"): text for name, text in files.items() if name.startswith("labels/")}
    their_names = {name: name.split("__")[-1] for name in theirs["labels"]}
    assert set(ours) == set(their_names.values())
    # Where categories are fixed, Label Studio's lines do not tell the numbers; its notes do.
    numbers = dict(enumerate(theirs["classes.txt"].split("\n")))
    if "category=" in case["config"]:
        numbers = {5: "A", 2: "bb"}
    our_numbers = dict(enumerate(files["classes.txt"].split("\n")))
    for name, text in theirs["labels"].items():
        assert rows(ours[their_names[name]], our_numbers) == rows(text, numbers)
    assert counts.left_out.keys() <= {Reason.ANSWER.value, Reason.SKIPPED.value}


def rows(text: str, names: dict[int, str]) -> list[Any]:
    found = []
    for line in text.splitlines():
        number, *fractions = line.split()
        found.append((names[int(number)], rounded(map(float, fractions), 7)))
    return found

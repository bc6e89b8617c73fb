"""YOLO: what it holds where Label Studio's would hold less."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.labeling.formats.feeding import annotation, box, export_yolo, region, task
from tests.labeling.formats.test_coco import POSE, SHAPES, point
from treadle.labeling.formats import Reason


def rows_of(result: list[dict[str, Any]], config: str = SHAPES) -> list[list[float]]:
    files, _ = export_yolo(config, [task(1, {"image": "/data/upload/1/a.jpg"}, annotation(1, result))])
    return [[float(number) for number in line.split()] for line in files["labels/a.txt"].splitlines()]


def test_line_n_of_the_classes_names_class_n() -> None:
    files, _ = export_yolo(SHAPES, [])
    assert files["classes.txt"].splitlines() == ["Zebra", "Ant", "Lake", "Coin", "Nose", "Ear", "Mask"]
    assert [entry["id"] for entry in json.loads(files["notes.json"])["categories"]] == list(range(7))


def test_fixed_categories_keep_their_numbers_and_the_lines_follow() -> None:
    config = (
        '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
        '<Label value="A" category="3"/><Label value="B"/><Label value="C" category="0"/>'
        '<Label value="D" category="3"/><Label value="E" category="99999999"/></RectangleLabels></View>'
    )
    files, _ = export_yolo(
        config, [task(1, {"image": "a.jpg"}, annotation(1, [box("A", "r"), box("E", "s")]))]
    )
    assert files["classes.txt"].splitlines() == ["C", "B", "D", "A", "E"]
    assert [row[0] for row in files["labels/a.txt"].splitlines()] == ["3", "4"]


def test_a_turned_box_is_the_upright_one_around_it() -> None:
    (row,) = rows_of([box("Ant", "r", x=50, y=50, width=10, height=10, rotation=90)])
    assert row == pytest.approx([1, 370 / 800, 340 / 600, 60 / 800, 80 / 600], abs=1e-7)


def test_numbers_stay_on_the_picture() -> None:
    (row,) = rows_of([box("Ant", "r", x=-1, y=90, width=20, height=20)])
    assert row == pytest.approx([1, 0.095, 0.95, 0.19, 0.1])
    assert rows_of([box("Ant", "r", x=120, y=0, width=20, height=20, rotation=1)]) == []


def test_a_polygon_is_a_row_of_corners_and_an_ellipse_an_outline() -> None:
    lake = region(
        "poly", "polygonlabels", {"points": [[10, 10], [30, 12], [25, 30]], "polygonlabels": ["Lake"]}, "p"
    )
    value = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 0, "ellipselabels": ["Coin"]}
    polygon, ellipse = rows_of([lake, region("ell", "ellipselabels", value, "e")])
    assert polygon == [2, 0.1, 0.1, 0.3, 0.12, 0.25, 0.3]
    xs, ys = ellipse[1::2], ellipse[2::2]
    assert len(xs) == len(ys) == 64
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((0.4, 0.6, 0.45, 0.55))
    assert (sum(xs) / 64, sum(ys) / 64) == pytest.approx((0.5, 0.5))


def test_a_point_alone_is_a_box_of_the_size_of_its_dot_about_it() -> None:
    (row,) = rows_of([point("Nose", "n", 25)])
    assert row == pytest.approx([4, 0.25, 0.5, 0.005, 4 / 600], abs=1e-7)
    (row,) = rows_of([point("Nose", "n", 100)])
    assert row[1:3] == [1, 0.5]


def test_with_a_skeleton_every_box_has_all_points_and_loose_ones_are_counted() -> None:
    result = [
        box("Ant", "b"),
        point("Nose", "n", 25, parentID="b"),
        box("Zebra", "c"),
        point("Ear", "e", 50),
    ]
    files, counts = export_yolo(POSE, [task(1, {"image": "a.jpg"}, annotation(1, result))])
    assert files["labels/a.txt"].splitlines() == [
        "1 0.25 0.275 0.3 0.15 0 0 0 0.25 0.5 2",
        "0 0.25 0.275 0.3 0.15 0 0 0 0 0 0",
    ]
    assert counts.left_out == {Reason.POINT_WITHOUT_BOX.value: 1}
    assert counts.losses == [
        {"task": 1, "annotation": 1, "region": "e", "reason": Reason.POINT_WITHOUT_BOX.value}
    ]
    assert files["classes.txt"].splitlines() == ["Zebra", "Ant", "Lake", "Coin", "Mask"]


def test_each_annotation_of_a_picture_has_a_file_and_the_ground_truth_has_its_name() -> None:
    tasks = [
        task(
            1,
            {"image": "x/a.jpg"},
            annotation(7, [box("Ant", "r")]),
            annotation(8, [box("Zebra", "r")], ground_truth=True),
        )
    ]
    files, _ = export_yolo(SHAPES, tasks)
    assert files["labels/a.txt"].startswith("0 ")
    assert files["labels/a-annotation-7.txt"].startswith("1 ")


def test_an_empty_annotation_is_an_empty_file_and_no_annotation_is_no_file() -> None:
    files, _ = export_yolo(
        SHAPES, [task(1, {"image": "a.jpg"}, annotation(1, [])), task(2, {"image": "b.jpg"})]
    )
    assert {name for name in files if name.startswith("labels/")} == {"labels/a.txt"}
    assert files["labels/a.txt"] == ""


def test_a_class_name_is_one_line() -> None:
    config = SHAPES.replace('"Ant"', '"big&#10;Ant"')
    files, _ = export_yolo(config, [])
    assert files["classes.txt"].splitlines()[1] == "big Ant"


def test_classes_that_come_to_the_same_name_are_told_apart() -> None:
    config = SHAPES.replace('"Ant"', '"big&#10;Ant"').replace('"Zebra"', '"big Ant"')
    files, _ = export_yolo(config, [])
    assert files["classes.txt"].splitlines()[:2] == ["big Ant", "big Ant 2"]


def test_pictures_of_one_name_have_files_of_their_own() -> None:
    addresses = [
        "https://example.com/a/0.jpg",
        "https://example.com/b/0.png",
        "s3://bucket/c/0.JPG",
        "/d/0-2",
    ]
    tasks = [
        task(i, {"image": address}, annotation(i, [box("Ant", "r")]))
        for i, address in enumerate(addresses, 1)
    ]
    files, _ = export_yolo(SHAPES, tasks)
    assert {name for name in files if name.startswith("labels/")} == {
        "labels/0.txt",
        "labels/0-2.txt",
        "labels/0-3.txt",
        "labels/0-2-4.txt",
    }


def test_coordinates_are_within_a_hundredth_of_a_pixel() -> None:
    (row,) = rows_of([box("Ant", "r", x=100 / 3, y=100 / 7, width=100 / 9, height=100 / 11)])
    x, width = row[1] * 800, row[3] * 800
    assert math.isclose(x - width / 2, 800 / 3, abs_tol=0.01)
    assert math.isclose(width, 800 / 9, abs_tol=0.01)

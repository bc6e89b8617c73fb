"""YOLO with oriented boxes: four corners on the picture, turned as they were drawn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labeling.formats.feeding import annotation, box, export, export_yolo, region, task, unpack_bytes
from tests.labeling.formats.test_coco import SHAPES, point
from treadle.labeling.formats import Reason


def rows_of(*result: dict[str, Any]) -> tuple[list[list[float]], dict[str, int]]:
    shown = [task(1, {"image": "a.jpg"}, annotation(1, list(result)))]
    files, told = export_yolo(SHAPES, shown, "YOLO_OBB")
    rows = [[float(number) for number in line.split()] for line in files["labels/a.txt"].splitlines()]
    return rows, told.left_out


def polygon(*points: list[float]) -> dict[str, Any]:
    return region("poly", "polygonlabels", {"points": list(points), "polygonlabels": ["Lake"]}, "p")


def test_a_turned_box_keeps_its_corners_in_pixels_of_the_picture() -> None:
    (row,), left_out = rows_of(box("Ant", "r", x=50, y=50, width=10, height=10, rotation=30))
    assert row[:3] == [1, 0.5, 0.5]
    # 80 px to the right turned by 30 degrees: 69.28 right, 40 down; of 800 x 600.
    assert row[3:5] == pytest.approx([0.5 + 69.282 / 800, 0.5 + 40 / 600], abs=1e-5)
    assert row[7:9] == pytest.approx([0.5 - 30 / 800, 0.5 + 51.9615 / 600], abs=1e-5)
    assert left_out == {}


def test_corners_outside_are_moved_to_the_edge_and_reported() -> None:
    (row,), left_out = rows_of(
        box("Ant", "r", x=95, y=5, width=10, height=10), box("Ant", "gone", x=120, y=5, width=5, height=5)
    )
    assert row == [1, 0.95, 0.05, 1, 0.05, 1, 0.15, 0.95, 0.15]
    assert left_out == {Reason.CUT.value: 1, Reason.OUTSIDE.value: 1}


def test_outlines_become_the_smallest_box_around_them() -> None:
    corners = [[20, 10], [40, 30], [30, 40], [20, 30], [10, 20]]
    ellipse = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 90, "ellipselabels": ["Coin"]}
    rows, left_out = rows_of(
        polygon(*([x * 0.75, y] for x, y in corners)),  # so that the sides are at right angles in pixels
        region("ell", "ellipselabels", ellipse, "e"),
        point("Nose", "n", 25),
    )
    found = {(round(x, 6), round(y, 6)) for x, y in zip(rows[0][1::2], rows[0][2::2], strict=True)}
    assert found == {(0.15, 0.1), (0.3, 0.3), (0.225, 0.4), (0.075, 0.2)}
    # Turned by 90 degrees the 160 x 60 pixels stand upright.
    assert sorted(set(rows[1][1::2])) == pytest.approx([0.4625, 0.5375])
    assert sorted(set(rows[1][2::2])) == pytest.approx([0.5 - 80 / 600, 0.5 + 80 / 600])
    assert left_out == {Reason.TURNED_BOX_AROUND.value: 2, Reason.POINT.value: 1}


def test_four_corners_are_a_row_as_they_are() -> None:
    (row,), left_out = rows_of(polygon([10, 10], [30, 10], [35, 20], [10, 20]))
    assert (row, left_out) == ([2, 0.1, 0.1, 0.3, 0.1, 0.35, 0.2, 0.1, 0.2], {})


@pytest.mark.parametrize("name", [f"{kind}_WITH_IMAGES" for kind in ("COCO", "VOC", "YOLO", "YOLO_OBB")])
def test_pictures_lie_in_the_archive_under_safe_names(name: str) -> None:
    addresses = ["/data/upload/1/..%2f..%2fpasswd.jpg", "x/a.jpg", "y/A.jpg", "https://example.com/b.jpg"]
    tasks = [
        task(i, {"image": address}, annotation(i, [box("Ant", "r")])) for i, address in enumerate(addresses)
    ]
    archive, told = export(
        name, SHAPES, tasks, lambda at, _task: Reason.PICTURE_ELSEWHERE if "//" in at else iter([at.encode()])
    )
    pictures = {at: text for at, text in unpack_bytes(archive).items() if at.startswith("images/")}
    assert pictures == {
        "images/passwd.jpg": addresses[0].encode(),
        "images/a.jpg": b"x/a.jpg",
        "images/A-2.jpg": b"y/A.jpg",
    }
    assert told.losses == [
        {"task": 3, "annotation": None, "region": None, "reason": Reason.PICTURE_ELSEWHERE.value}
    ]

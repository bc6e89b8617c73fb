"""Pascal VOC: whole pixels on the picture, and every region as far as a box can tell it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.labeling.formats.feeding import annotation, box, export, region, task, unpack
from tests.labeling.formats.test_coco import SHAPES, point
from treadle.labeling.formats import Reason


def voc(*tasks: dict[str, Any]) -> tuple[dict[str, ET.Element], dict[str, int]]:
    archive, told = export("VOC", SHAPES, tasks)
    return {name: ET.fromstring(text) for name, text in unpack(archive).items()}, told.left_out


PATHS = ("name", "bndbox/xmin", "bndbox/ymin", "bndbox/xmax", "bndbox/ymax")


def edges(root: ET.Element) -> list[tuple[str | None, ...]]:
    return [tuple(each.findtext(path) for path in PATHS) for each in root.iter("object")]


def one(*result: dict[str, Any]) -> tuple[list[tuple[str | None, ...]], dict[str, int]]:
    files, left_out = voc(task(1, {"image": "x/a b.jpg"}, annotation(1, list(result))))
    (root,) = files.values()
    return edges(root), left_out


def test_a_box_has_whole_pixels_and_stays_on_the_picture() -> None:
    found, left_out = one(box("Ant", "r"), box("Zebra", "s", x=95.1, y=-3, width=20, height=3.05))
    assert found == [("Ant", "80", "120", "320", "210"), ("Zebra", "761", "0", "800", "1")]
    assert left_out == {}


def test_what_is_no_upright_box_becomes_the_box_around_it_and_is_reported() -> None:
    lake = {"points": [[10, 10], [30, 12], [25, 30]], "polygonlabels": ["Lake"]}
    found, left_out = one(
        box("Ant", "r", x=50, y=50, width=10, height=10, rotation=90),
        box("Ant", "t", x=50, y=50, width=10, height=10, rotation=45),
        region("poly", "polygonlabels", lake, "p"),
        point("Nose", "n", 25),
    )
    assert found == [
        ("Ant", "340", "300", "400", "380"),
        ("Ant", "358", "300", "457", "399"),
        ("Lake", "80", "60", "240", "180"),
    ]
    assert left_out == {Reason.TURNED.value: 1, Reason.BOX_AROUND.value: 1, Reason.POINT.value: 1}


def test_a_file_tells_its_picture_its_size_and_who_labelled_it() -> None:
    files, _ = voc(
        task(1, {"image": "https://example.com/a&b.jpg"}, annotation(7, [box("Ant", "r")]), annotation(8, []))
    )
    # The second annotation found nothing, and nothing tells the size of the picture that it saw.
    assert list(files) == ["Annotations/a&b.xml"]
    root = files["Annotations/a&b.xml"]
    told = [root.findtext(path) for path in ("folder", "filename", "size/width", "size/height", "size/depth")]
    assert told == ["images", "a&b.jpg", "800", "600", "3"]
    assert root.findtext("source/image") == "https://example.com/a&b.jpg"


@pytest.mark.parametrize("name", ["<a/>&amp;", "two\nlines", "nul\x00", "Ω/..\\"])
def test_any_name_of_a_label_is_xml(name: str) -> None:
    found, _ = one(box(name, "r"))
    assert found[0][0] == name.replace("\x00", "\ufffd")

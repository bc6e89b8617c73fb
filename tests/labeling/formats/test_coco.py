"""COCO: what it holds where Label Studio's would hold less."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.labeling.formats.feeding import annotation, box, export_coco, region, task
from treadle.labeling.formats import Reason

SHAPES = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Zebra"/><Label value="Ant"/></RectangleLabels>'
    '<PolygonLabels name="poly" toName="img"><Label value="Lake"/></PolygonLabels>'
    '<EllipseLabels name="ell" toName="img"><Label value="Coin"/></EllipseLabels>'
    '<KeyPointLabels name="kp" toName="img"><Label value="Nose"/><Label value="Ear"/></KeyPointLabels>'
    '<BrushLabels name="br" toName="img"><Label value="Mask"/></BrushLabels>'
    '<Choices name="q" toName="img"><Choice value="good"/></Choices></View>'
)
POSE = SHAPES.replace('"Nose"', '"Nose" model_index="1"').replace('"Ear"', '"Ear" model_index="0"')


def point(label: str, region_id: str, x: float, **changes: Any) -> dict[str, Any]:
    value = {"x": x, "y": 50, "width": 0.5, "keypointlabels": [label]}
    return region("kp", "keypointlabels", value, region_id, **changes)


def one(result: list[dict[str, Any]], config: str = SHAPES) -> tuple[dict[str, Any], Any]:
    return export_coco(config, [task(1, {"image": "/data/upload/1/a.jpg"}, annotation(1, result))])


def test_classes_are_numbered_in_the_order_of_the_config_and_choices_are_none() -> None:
    coco, _ = one([])
    names = ["Zebra", "Ant", "Lake", "Coin", "Nose", "Ear", "Mask"]
    assert [(entry["id"], entry["name"]) for entry in coco["categories"]] == list(enumerate(names))


def test_a_label_added_at_the_end_renumbers_nothing() -> None:
    more = SHAPES.replace('<Label value="Mask"/>', '<Label value="Mask"/><Label value="Aardvark"/>')
    before, _ = one([box("Ant", "r")])
    after, _ = one([box("Ant", "r")], more)
    assert before["annotations"] == after["annotations"]
    assert after["categories"][: len(before["categories"])] == before["categories"]


def test_a_label_that_the_config_does_not_have_is_a_class_at_the_end() -> None:
    coco, _ = one([box("Old", "r")])
    assert coco["categories"][-1] == {"id": 7, "name": "Old"}
    assert coco["annotations"][0]["category_id"] == 7


def test_a_turned_box_becomes_the_upright_one_around_it_as_it_is_seen() -> None:
    coco, _ = one([box("Ant", "r", x=50, y=50, width=10, height=10, rotation=90)])
    # 80 by 60 pixels about the corner at 400, 300: it lies to the left of the corner, 60 wide and 80 high.
    assert coco["annotations"][0]["bbox"] == [340.0, 300.0, 60.0, 80.0]
    coco, _ = one([box("Ant", "r", x=50, y=50, width=10, height=10, rotation=45)])
    side = math.sqrt(0.5)
    assert coco["annotations"][0]["bbox"] == pytest.approx(
        [400 - 60 * side, 300, 140 * side, 140 * side], abs=1e-3
    )


def test_an_ellipse_is_an_outline_with_its_true_box_and_area() -> None:
    value = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 30, "ellipselabels": ["Coin"]}
    coco, _ = one([region("ell", "ellipselabels", value, "e")])
    (entry,) = coco["annotations"]
    (ring,) = entry["segmentation"]
    assert entry["area"] == pytest.approx(math.pi * 80 * 30, abs=1e-3)
    x, y, width, height = entry["bbox"]
    assert (x + width / 2, y + height / 2) == pytest.approx((400, 300))
    for corner_x, corner_y in zip(ring[::2], ring[1::2], strict=True):
        turned = math.radians(-30)
        across = (corner_x - 400) * math.cos(turned) - (corner_y - 300) * math.sin(turned)
        down = (corner_x - 400) * math.sin(turned) + (corner_y - 300) * math.cos(turned)
        assert (across / 80) ** 2 + (down / 30) ** 2 == pytest.approx(1, abs=1e-4)
        assert x - 1e-3 <= corner_x <= x + width + 1e-3
        assert y - 1e-3 <= corner_y <= y + height + 1e-3


def test_a_region_with_two_labels_is_two_annotations() -> None:
    both = box("Ant", "r")
    both["value"]["rectanglelabels"] = ["Ant", "Zebra"]
    coco, _ = one([both])
    assert [entry["category_id"] for entry in coco["annotations"]] == [1, 0]


def test_a_point_alone_is_an_annotation_of_its_own_class() -> None:
    coco, counts = one([point("Nose", "n", 25)])
    (entry,) = coco["annotations"]
    assert (entry["keypoints"], entry["num_keypoints"], entry["category_id"]) == ([200.0, 300.0, 2], 1, 4)
    assert coco["categories"][4] == {
        "id": 4,
        "name": "Nose",
        "supercategory": "Nose",
        "keypoints": ["Nose"],
        "skeleton": [],
    }
    assert not counts.left_out


def test_with_a_skeleton_the_points_of_a_box_are_its_keypoints_in_order_of_the_index() -> None:
    result = [box("Ant", "b"), point("Nose", "n", 25, parentID="b")]
    coco, _ = one(result, POSE)
    (entry,) = coco["annotations"]
    assert entry["keypoints"] == [0, 0, 0, 200.0, 300.0, 2]
    assert entry["num_keypoints"] == 1
    assert coco["categories"][entry["category_id"]]["keypoints"] == ["Ear", "Nose"]
    assert "Nose" not in [category["name"] for category in coco["categories"]]


def test_with_a_skeleton_points_without_a_box_are_objects_of_the_class_default() -> None:
    coco, counts = one([point("Nose", "n", 25), point("Ear", "e", 50), point("Nose", "n2", 75)], POSE)
    first, second = coco["annotations"]
    assert first["keypoints"] == [400.0, 300.0, 2, 200.0, 300.0, 2]
    assert first["bbox"] == [200.0, 300.0, 200.0, 0.0]
    assert second["keypoints"] == [0, 0, 0, 600.0, 300.0, 2]
    assert coco["categories"][first["category_id"]]["name"] == "default"
    assert not counts.left_out


def test_annotations_are_numbered_from_one() -> None:
    coco, _ = one([box("Ant", "a"), box("Ant", "b")])
    assert [entry["id"] for entry in coco["annotations"]] == [1, 2]


def test_each_annotation_of_a_task_has_a_picture_of_its_own_ground_truth_first() -> None:
    tasks = [
        task(
            9,
            {"image": "/data/upload/1/a.jpg"},
            annotation(1, [box("Ant", "a")]),
            annotation(2, [box("Zebra", "b")], ground_truth=True),
            annotation(3, [box("Ant", "c")], was_cancelled=True),
        )
    ]
    coco, counts = export_coco(SHAPES, tasks)
    assert [(image["id"], image["file_name"], image["task_id"]) for image in coco["images"]] == [
        (0, "images/a.jpg", 9),
        (1, "images/a.jpg", 9),
    ]
    assert [(entry["image_id"], entry["category_id"]) for entry in coco["annotations"]] == [(0, 0), (1, 1)]
    assert counts.annotations == 2


def test_a_task_that_nobody_annotated_is_a_picture_without_annotations() -> None:
    coco, _ = export_coco(SHAPES, [task(1, {"image": "https://example.com/x/a.jpg?w=1"})])
    assert coco["images"] == [
        {
            "width": None,
            "height": None,
            "id": 0,
            "file_name": "images/a.jpg",
            "task_id": 1,
            "coco_url": "https://example.com/x/a.jpg?w=1",
        }
    ]


def test_what_cannot_be_told_is_counted_by_reason() -> None:
    unlabelled = box("Ant", "u")
    unlabelled["value"]["rectanglelabels"] = []
    line = region(
        "poly", "polygonlabels", {"points": [[0, 0], [1, 1]], "closed": False, "polygonlabels": ["Lake"]}, "l"
    )
    mask = region("br", "brushlabels", {"format": "rle", "rle": [0], "brushlabels": ["Mask"]}, "m")
    spoilt = region("box", "rectanglelabels", {"height": 3, "rectanglelabels": ["Ant"]}, "s")
    coco, counts = one([unlabelled, line, mask, spoilt])
    assert coco["annotations"] == []
    reasons = {"u": Reason.NO_LABEL, "l": Reason.NO_AREA, "m": Reason.MASK, "s": Reason.MALFORMED}
    assert {loss["region"]: loss["reason"] for loss in counts.losses} == {
        region_id: reason.value for region_id, reason in reasons.items()
    }
    assert counts.left_out == {reason.value: 1 for reason in reasons.values()}


def test_a_result_that_no_check_would_pass_keeps_no_other_from_leaving() -> None:
    broken = annotation(1, [{**box("Ant", "r"), "original_width": "wide"}, box("Zebra", "z")])
    coco, counts = export_coco(
        SHAPES, [task(1, {"image": "a.jpg"}, broken, annotation(2, [box("Ant", "s")]))]
    )
    assert len(coco["annotations"]) == 2
    assert counts.losses == [{"task": 1, "annotation": 1, "region": None, "reason": Reason.MALFORMED.value}]


def test_without_a_size_pixels_cannot_be_told() -> None:
    sizeless = box("Ant", "r")
    del sizeless["original_width"]
    coco, counts = one([sizeless])
    assert coco["annotations"] == []
    assert counts.left_out == {Reason.NO_SIZE.value: 1}


def test_pages_are_pictures_and_regions_go_to_theirs() -> None:
    config = SHAPES.replace('value="$image"', 'valueList="$pages"')
    second = {**box("Ant", "r"), "item_index": 1}
    coco, _ = export_coco(config, [task(1, {"pages": ["x/a.jpg", "y/a.jpg"]}, annotation(1, [second]))])
    assert [image["file_name"] for image in coco["images"]] == ["images/a.jpg", "images/a-1.jpg"]
    assert [entry["image_id"] for entry in coco["annotations"]] == [1]


def test_split_regions_join_shape_and_label() -> None:
    config = (
        '<View><Image name="img" value="$image"/><Ellipse name="e" toName="img"/>'
        '<Labels name="l" toName="img"><Label value="A"/></Labels></View>'
    )
    shape = {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "rotation": 0}
    coco, counts = one(
        [region("e", "ellipse", shape, "r"), region("l", "labels", {**shape, "labels": ["A"]}, "r")], config
    )
    assert [entry["bbox"] for entry in coco["annotations"]] == [[320.0, 270.0, 160.0, 60.0]]
    assert not counts.left_out

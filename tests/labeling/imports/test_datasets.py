"""Datasets come in as Label Studio 1.23.2 and stock tools write them; what has no place is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.labeling.imports.importing import (
    Import,
    list_tasks,
    order_import,
    parts_of,
    picture,
    run_import,
    zipped,
)
from tests.labeling.studio import Studio, box
from treadle import jobs
from treadle.labeling.imports import IMPORT_JOB

RECORDED = json.loads(
    (Path(__file__).parents[2] / "golden" / "label-studio-1.23.2-exports.json").read_text("utf-8")
)
BOXES = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="Zebra"/>'
    '<Label value="Ant"/></RectangleLabels></View>'
)
SHAPES = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="Coin"/>'
    '</RectangleLabels><PolygonLabels name="poly" toName="img"><Label value="Lake"/></PolygonLabels></View>'
)
TEXTS = (
    '<View><Text name="t" value="$text"/><Labels name="ner" toName="t"><Label value="Person"/>'
    '<Label value="Place Name"/></Labels></View>'
)


def with_pictures(case: str, form: str) -> bytes:
    """An export of Label Studio's as it is, and beside it the pictures that it speaks of."""
    files = {name: text.encode() for name, text in RECORDED[case][form].items()}
    stems = {Path(name).stem for name in RECORDED[case]["YOLO"] if name.startswith("labels/")}
    return zipped({**files, **{f"images/{stem}.jpg": picture() for stem in stems}})


def shapes_of(found: Import, key: str) -> dict[str, list[tuple[str, Any]]]:
    """Labels and places by the name of the picture, without what made it unique."""
    shapes: dict[str, list[tuple[str, Any]]] = {}
    for task in found.tasks:
        name = Path(task["data"]["image"]).stem.rpartition("__")[2]
        items = [item for result in task["annotations"] for item in result]
        assert all((item["original_width"], item["original_height"]) == (800, 600) for item in items)
        shapes[name] = [(item["value"][item["type"]][0], place(item["value"], key)) for item in items]
    return shapes


def place(value: Mapping[str, Any], key: str) -> Any:
    if key == "points":
        return [pytest.approx(point) for point in value["points"]] if "points" in value else None
    return pytest.approx([value[name] for name in ("x", "y", "width", "height", "rotation")], abs=0.3)


WHOLE, FIRST = [0, 0, 100, 100, 0], [10.5, 20.25, 30, 15, 0]


@pytest.mark.parametrize("form", ["COCO", "YOLO", "YOLO_OBB", "VOC"])
def test_the_boxes_that_label_studio_writes_come_back(studio: Studio, tmp_path: Path, form: str) -> None:
    studio.change_project(label_config=BOXES)
    found = run_import(studio, tmp_path, {"export.zip": with_pictures("boxes", form)})
    shapes = shapes_of(found, "box")
    assert shapes["plain"] == [("Ant", FIRST), ("Zebra", WHOLE)]
    assert shapes["answered"] == [("Zebra", FIRST)]
    assert shapes["nothing"] == []
    # Label Studio writes a box beyond the edge as it is; it comes back within the picture.
    assert shapes["edge"] == [("Ant", [90, 0, 10, 14.5, 0])]
    if form == "YOLO_OBB":
        assert shapes["turned"] == [("Ant", [10.5, 20.25, 30, 15, 30])]
    assert found.result["annotation_count"] == sum(len(task["annotations"]) for task in found.tasks)


@pytest.mark.parametrize("form", ["COCO", "YOLO", "YOLO_OBB"])
def test_the_outlines_that_label_studio_writes_come_back(studio: Studio, tmp_path: Path, form: str) -> None:
    studio.change_project(label_config=SHAPES)
    found = run_import(studio, tmp_path, {"export.zip": with_pictures("shapes", form)})
    shapes = shapes_of(found, "points")
    assert shapes["polygon"] == [("Lake", [[10, 10], [30, 12], [25, 30]])]
    assert shapes["both"] == [("Coin", None), ("Lake", [[10, 10], [30, 10], [30, 20], [10, 20]])]


def test_the_words_that_label_studio_writes_come_back(studio: Studio, tmp_path: Path) -> None:
    studio.change_project(label_config=TEXTS)
    (text,) = RECORDED["texts"]["CONLL2003"].values()
    for name in ("words.conll", "words.txt"):
        found = run_import(studio, tmp_path, {name: text.encode()}, labels_as="predictions")
    first, second = found.tasks[-6:-4]
    assert first["data"] == {"text": "Ada Lovelace met Ada ."}
    spans = [(item["value"]["text"], item["value"]["labels"]) for item in first["predictions"][0]]
    assert spans == [("Ada Lovelace", ["Person"]), ("Ada", ["Person"])]
    (span,) = second["predictions"][0]
    assert (span["value"]["text"], span["value"]["labels"]) == ("New York", ["Place Name"])
    assert (found.result["task_count"], found.result["prediction_count"]) == (6, 6)


def test_a_stock_dataset_is_read_and_what_has_no_place_is_told(studio: Studio, tmp_path: Path) -> None:
    """Classes by number never become another label: names are what counts."""
    dataset = {
        "data.yaml": b"train: ../train/images\nnc: 3\nnames:\n  0: 'dog'\n  1: cat\n  2: bird\n",
        "train/images/a.jpg": picture(),
        "train/labels/a.txt": b"1 0.5 0.5 0.5 0.5 0.75\n2 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1\n",
        "valid/images/b.jpg": picture(),
        "valid/labels/c.txt": b"1 0.5 0.5 0.5 0.5\n",
        "__MACOSX/train/._a.jpg": b"litter",
    }
    found = run_import(studio, tmp_path, {"d.zip": zipped(dataset)}, labels_as="predictions")
    first, second = found.tasks
    (item,) = first["predictions"][0]
    assert item["value"] == {**box()["value"], "x": 25, "y": 25, "width": 50, "height": 50}
    assert item["score"] == 0.75
    assert second["predictions"] == []
    assert found.result["left_out_count"] == 3
    assert [each.get("line") for each in found.result["left_out"]] == [2, 3, None]
    told = " ".join(found.left_out)
    assert "no label 'bird' for a rectangle" in told
    assert "no class 7" in told
    assert "picture is not here" in told


def test_several_peoples_files_are_several_annotations(studio: Studio, tmp_path: Path) -> None:
    head = b"<annotation><filename>a.jpg</filename><size><width>800</width><height>600</height></size>"
    cat = (
        b"<object><name>Cat</name><bndbox><xmin>80</xmin><ymin>60</ymin><xmax>280</xmax><ymax>360</ymax>"
        b"</bndbox></object>"
    )
    files = {
        "JPEGImages/a.jpg": picture(),
        "Annotations/a.xml": head + cat + b"</annotation>",
        "Annotations/a-annotation-2.xml": head + b"</annotation>",
    }
    (task,) = run_import(studio, tmp_path, {"v.zip": zipped(files)}).tasks
    assert [len(result) for result in task["annotations"]] == [1, 0]
    assert task["annotations"][0][0]["value"] == box()["value"]


def test_coco_beside_its_pictures_needs_no_archive(studio: Studio, tmp_path: Path) -> None:
    said = {
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 3, "bbox": [80, 60, 200, 300], "segmentation": []},
            {"id": 2, "image_id": 9, "category_id": 4, "bbox": [80, 60, 200, 300]},
        ],
        "categories": [{"id": 3, "name": "cat"}],
        "images": [
            {"id": 9, "file_name": "a.jpg", "width": 800, "height": 600, "coco_url": "https://x.org/a.jpg"},
            {"id": 10, "file_name": "missing.jpg", "width": 800, "height": 600},
        ],
        "info": {"year": 2026},
    }
    found = run_import(studio, tmp_path, {"instances.json": json.dumps(said).encode()})
    (task,) = found.tasks
    assert task["data"] == {"image": "https://x.org/a.jpg"}
    assert [item["value"] for item in task["annotations"][0]] == [box()["value"]]
    assert found.left_out == ["there is no category 4", "the picture 'missing.jpg' is not here"]


@pytest.mark.parametrize("form", ["coco", "yolo", "voc"])
def test_labels_and_pictures_sent_side_by_side_are_a_dataset(
    studio: Studio, tmp_path: Path, form: str
) -> None:
    coco = {
        "images": [{"id": 1, "file_name": "images/my cat.jpg", "width": 800, "height": 600}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [80, 60, 200, 300]}],
        "categories": [{"id": 1, "name": "Cat"}],
    }
    voc = (
        b"<annotation><filename>my cat.jpg</filename><object><name>Cat</name><bndbox><xmin>80</xmin>"
        b"<ymin>60</ymin><xmax>280</xmax><ymax>360</ymax></bndbox></object></annotation>"
    )
    labels = {
        "coco": {"result.json": json.dumps(coco).encode()},
        "yolo": {"classes.txt": b"Cat\n", "my cat.txt": b"0 0.225 0.35 0.25 0.5\n"},
        "voc": {"my cat.xml": voc},
    }[form]
    found = run_import(studio, tmp_path, {"my cat.jpg": picture(), **labels, "more.csv": b"image\n/x.jpg\n"})
    shown, other = found.tasks
    assert shown["data"]["image"].endswith("-my_cat.jpg")
    assert [item["value"] for item in shown["annotations"][0]] == [box()["value"]]
    assert (other["data"], other["annotations"]) == ({"image": "/x.jpg"}, [])


def test_two_uploads_of_one_name_are_both_tasks(studio: Studio, tmp_path: Path) -> None:
    parts = parts_of(studio.database, tmp_path)
    files = [("a.jpg", picture(8, 6)), ("a.jpg", picture(6, 8)), ("a.txt", b""), ("classes.txt", b"Cat\n")]
    job_id = order_import(studio, parts, files)
    assert jobs.run_in_place(parts, IMPORT_JOB, job_id).state is jobs.JobState.DONE
    assert len({task["data"]["image"] for task in list_tasks(studio)}) == 2


def test_an_archive_of_loose_files_is_each_of_them(studio: Studio, tmp_path: Path) -> None:
    files = {
        "a/one.jpg": picture(),
        "b/one.jpg": picture(),
        "rows.csv": b"image,n\n/x.jpg,1\n",
        "rows.jsonl": b'{"image": "/y.jpg"}\n\n{"data": {"image": "/z.jpg"}}\n',
        "read.me": b"hello",
    }
    found = run_import(studio, tmp_path, {"loose.zip": zipped(files)})
    shown = [task["data"]["image"] for task in found.tasks]
    assert len({Path(address).name for address in shown[:2]}) == 2
    assert sorted(shown[2:]) == ["/x.jpg", "/y.jpg", "/z.jpg"]
    assert found.left_out == ["a file of this kind is no task"]
    # The archive itself is not kept beside what lay in it.
    assert found.result["file_upload_ids"] == []
    kept = [path.name for path in (tmp_path / "objects" / "uploads").rglob("*") if path.is_file()]
    assert sorted(name.partition("-")[2] for name in kept) == ["one.jpg", "one.jpg"]

"""What every export format keeps to, and the formats that hold anything."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.labeling.formats.feeding import (
    annotation,
    box,
    export,
    task,
    task_record,
    unpack,
)
from treadle.errors import Invalid
from treadle.labeling.config import parse_config
from treadle.labeling.formats import (
    EXPORT_FORMATS,
    ExportFormat,
    ExportTask,
    annotated_only,
    find_format,
    losses,
)

BOXES = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">'
    '<Label value="Zebra"/><Label value="Ant"/></RectangleLabels>'
    '<Choices name="q" toName="img"><Choice value="good"/></Choices></View>'
)
TEXT = '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>'

every_format = pytest.mark.parametrize("known", EXPORT_FORMATS, ids=lambda known: known.name)


def chosen(word: str) -> dict[str, Any]:
    return {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": [word]}}


@every_format
def test_a_format_is_found_by_its_name_and_says_what_it_is(known: ExportFormat) -> None:
    assert find_format(known.name) is known
    assert find_format(known.name.lower()) is known
    assert known.title
    assert known.description
    assert (
        known.content_type
        == {
            "json": "application/json",
            "csv": "text/csv; charset=utf-8",
            "tsv": "text/tab-separated-values; charset=utf-8",
            "zip": "application/zip",
            "conll": "text/plain; charset=utf-8",
        }[known.extension]
    )


def test_an_unknown_format_is_refused_with_those_that_exist() -> None:
    with pytest.raises(Invalid, match="JSON, JSON_MIN, CSV, TSV, COCO, COCO_WITH_IMAGES, VOC") as caught:
        find_format("NOPE")
    assert caught.value.code == "export-format-unknown"


def test_only_configs_with_pictures_fit_the_formats_for_pictures() -> None:
    fitting = {known.name for known in EXPORT_FORMATS if known.fits(parse_config(TEXT))}
    assert fitting == {"JSON", "JSON_MIN", "CSV", "TSV"}
    fitting = {known.name for known in EXPORT_FORMATS if known.fits(parse_config(BOXES))}
    assert fitting == {known.name for known in EXPORT_FORMATS} - {"CONLL2003"}


@every_format
def test_nothing_to_export_is_a_whole_file(known: ExportFormat) -> None:
    written, counts = export(known.name, BOXES, [])
    assert (counts.tasks, counts.annotations) == (0, 0)
    if known.extension == "json":
        assert json.loads(written) == []
    if known.extension == "zip":
        assert all(unpack(written).values())


@every_format
def test_a_skipped_annotation_counts_only_in_json(known: ExportFormat) -> None:
    skipped = task(1, {"image": "a.jpg"}, annotation(1, [box("Ant", "r")], was_cancelled=True))
    written, counts = export(known.name, BOXES, [skipped])
    assert counts.annotations == (1 if known.name == "JSON" else 0)
    assert (b"rectanglelabels" in written) == (known.name == "JSON")


@every_format
def test_the_same_tasks_give_the_same_bytes(known: ExportFormat) -> None:
    tasks = [task(i, {"image": f"{i}.jpg"}, annotation(i, [box("Ant", "r")])) for i in range(3)]
    assert export(known.name, BOXES, tasks) == export(known.name, BOXES, tasks)


def test_without_all_tasks_only_annotated_ones_leave() -> None:
    tasks = [task(1, {"text": "x"}), task(2, {"text": "y"}, annotation(1, [], was_cancelled=True))]
    assert [record.task_id for record in annotated_only(map(task_record, tasks))] == [2]


def test_json_splices_text_without_changing_a_byte_of_it() -> None:
    odd = b'{"text": "\\u00e9 \\ud83d\\ude00", "n": 1.10, "big": 123456789012345678901234567890}'
    record = task_record(task(1, {}, annotation(1, [])))
    spliced = ExportTask(1, 1, odd, b" {} ", record.annotations)
    written, _ = export("JSON", TEXT, [spliced])
    assert odd in written
    assert json.loads(written)[0]["annotations"][0]["id"] == 1


def test_each_task_of_json_stands_on_a_line_of_its_own_however_it_was_stored() -> None:
    record = task_record(task(1, {}, annotation(1, [])))
    pretty = ExportTask(1, 1, b'{\r\n  "text":\n "two\\nlines"\n}', b"{\n}\n", record.annotations)
    written, _ = export("JSON", TEXT, [pretty, record])
    opening, first, second, closing = written.splitlines()
    assert (opening, closing) == (b"[", b"]")
    assert json.loads(first.rstrip(b","))["data"] == {"text": "two\nlines"}
    assert json.loads(second)["id"] == 1


def test_beyond_a_bound_losses_are_counted_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "MOST_LISTED", 2)
    skipped = [task(i, {"text": "x"}, annotation(i, [], was_cancelled=True)) for i in range(3)]
    _, told = export("CSV", TEXT, skipped)
    assert (list(told.left_out.values()), [loss["task"] for loss in told.losses]) == ([3], [0, 1])


def test_a_task_with_many_annotations_is_one_line_like_any_other() -> None:
    many = task(1, {"text": "x"}, *(annotation(i, [chosen("a")]) for i in range(101)))
    written, told = export("JSON", TEXT, [task(2, {"text": "y"}), many, task(3, {"text": "z"})])
    assert [len(each["annotations"]) for each in json.loads(written)] == [0, 101, 0]
    assert json.loads(written.splitlines()[2].rstrip(b",")) == many
    assert told.annotations == 101


def test_a_field_of_the_data_with_a_taken_name_is_kept_beside() -> None:
    data = {"text": "x", "id": 77, "annotator": "me", "c": "theirs"}
    written, _ = export("JSON_MIN", TEXT, [task(5, data, annotation(1, [chosen("a")]))])
    (row,) = json.loads(written)
    assert (row["id"], row["annotator"], row["c"]) == (5, 1, "a")
    assert (row["_data_id"], row["_data_annotator"], row["_data_c"]) == (77, "me", "theirs")


def test_items_of_controls_that_are_gone_are_not_in_flat_rows() -> None:
    stranger = {**chosen("a"), "from_name": "gone"}
    written, _ = export("JSON_MIN", TEXT, [task(5, {"text": "x"}, annotation(1, [stranger]))])
    assert "gone" not in json.loads(written)[0]


def test_a_task_without_annotations_is_a_row_without_values() -> None:
    written, _ = export("JSON_MIN", TEXT, [task(5, {"text": "x"})])
    assert json.loads(written) == [
        {
            "text": "x",
            "id": 5,
            "annotator": None,
            "annotation_id": None,
            "created_at": None,
            "updated_at": None,
            "lead_time": None,
        }
    ]


@pytest.mark.parametrize(
    "text",
    [
        'say "hi"',
        "a,b;c\td",
        "two\nlines",
        "\r\n",
        "=1+1",
        "@SUM(A1)",
        "-2",
        "é😀",
        " padded ",
        "'",
        "",
    ],
)
@pytest.mark.parametrize(("name", "separator"), [("CSV", ","), ("TSV", "\t")])
def test_a_table_gives_back_every_text_as_it_was(text: str, name: str, separator: str) -> None:
    written, _ = export(name, TEXT, [task(1, {"text": text}, annotation(1, [chosen("a")]))])
    table = csv.DictReader(io.StringIO(written.decode(), newline=""), delimiter=separator)
    assert [row["text"] for row in table] == [text]


def test_a_table_has_a_column_for_every_field_that_any_task_has() -> None:
    tasks = [
        task(1, {"text": "x", "b": 1}, annotation(1, [])),
        task(2, {"text": "y", "a": [1]}, annotation(2, [])),
    ]
    written, _ = export("CSV", TEXT, tasks)
    first, second = csv.DictReader(io.StringIO(written.decode()))
    assert (first["b"], first["a"], second["b"], second["a"]) == ("1", "", "", "[1]")
    assert list(first) == sorted(first)

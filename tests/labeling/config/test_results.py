"""Results against their config: golden ones pass, and each wrong one names the path of what is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from treadle.errors import Invalid
from treadle.labeling.config import LabelConfig, parse_config, validate_imported_result, validate_result
from treadle.labeling.config.results import MAX_PROBLEMS

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "editor-results.json").read_text("utf-8"))

EVERYTHING = parse_config(
    """<View>
  <Image name="img" value="$image"/><Text name="t" value="$text"/><HyperText name="h" value="$html"/>
  <Audio name="a" value="$audio"/><Video name="v" value="$video"/><Paragraphs name="p" value="$talk"/>
  <TimeSeries name="ts" value="$series"/><List name="li" value="$items"/><Text name="t2" value="$t2"/>
  <Chat name="chat" value="$chat"/><Pdf name="pdf" value="$pdf"/>
  <RectangleLabels name="box" toName="img"><Label value="A"/><Label value="Bee" alias="B"/></RectangleLabels>
  <Rectangle name="rect" toName="img"/>
  <PolygonLabels name="poly" toName="img"><Label value="A"/></PolygonLabels>
  <EllipseLabels name="ell" toName="img"><Label value="A"/></EllipseLabels>
  <KeyPointLabels name="kp" toName="img"><Label value="A"/></KeyPointLabels>
  <VectorLabels name="vec" toName="img"><Label value="A"/></VectorLabels>
  <BrushLabels name="br" toName="img"><Label value="A"/></BrushLabels>
  <BitmaskLabels name="bm" toName="img"><Label value="A"/></BitmaskLabels>
  <MagicWand name="mw" toName="img"/>
  <Labels name="ilab" toName="img"><Label value="A"/></Labels>
  <Labels name="ner" toName="t"><Label value="A"/></Labels>
  <HyperTextLabels name="html" toName="h"><Label value="A"/></HyperTextLabels>
  <Labels name="alab" toName="a"><Label value="A"/></Labels>
  <Labels name="vlab" toName="v"><Label value="A"/></Labels><VideoRectangle name="vr" toName="v"/>
  <TimelineLabels name="tl" toName="v"><Label value="A"/></TimelineLabels>
  <ParagraphLabels name="pl" toName="p"><Label value="A"/></ParagraphLabels>
  <TimeSeriesLabels name="tsl" toName="ts"><Label value="A"/></TimeSeriesLabels>
  <OcrLabels name="ocr" toName="pdf"><Label value="A"/></OcrLabels>
  <Choices name="ch" toName="t"><Choice value="x"><Choice value="y"/></Choice><Choice value="z"/></Choices>
  <Choices name="dyn" toName="t" value="$options"/>
  <Taxonomy name="tx" toName="t"><Choice value="x"><Choice value="y"/></Choice></Taxonomy>
  <TextArea name="ta" toName="t"/><Rating name="ra" toName="t" maxRating="3"/>
  <Number name="nu" toName="t" min="0" max="10"/><DateTime name="dt" toName="t"/>
  <Pairwise name="pw" toName="t,t2"/><Ranker name="rk" toName="li"/>
</View>"""
)

BOX: dict[str, Any] = {"x": 10, "y": 20.5, "width": 30, "height": 15, "rotation": 0, "rectanglelabels": ["A"]}
RLE = {"format": "rle", "rle": [0, 1, 255], "brushlabels": ["A"]}
#: One good item for each type: control, object, type, value.
GOOD: list[tuple[str, str, str, dict[str, Any]]] = [
    ("box", "img", "rectanglelabels", BOX),
    ("box", "img", "rectanglelabels", {**BOX, "rectanglelabels": ["B", "Bee"]}),
    ("box", "img", "rectanglelabels", {**BOX, "x": -40, "width": 150, "rotation": 45}),
    ("box", "img", "rectanglelabels", {**BOX, "x": -0.5, "width": 100.9}),
    ("rect", "img", "rectangle", {key: BOX[key] for key in ("x", "y", "width", "height")}),
    ("poly", "img", "polygonlabels", {"points": [[0, 0], [1, 1], [2, 0]], "polygonlabels": ["A"]}),
    ("poly", "img", "polygonlabels", {"points": [[0, 0], [1, 1]], "closed": False, "polygonlabels": ["A"]}),
    ("ell", "img", "ellipselabels", {"x": 5, "y": 5, "radiusX": 1, "radiusY": 2, "ellipselabels": ["A"]}),
    ("kp", "img", "keypointlabels", {"x": 5, "y": 5, "width": 0.2, "keypointlabels": ["A"]}),
    (
        "vec",
        "img",
        "vectorlabels",
        {"closed": False, "vertices": [{"id": "a", "x": 1, "y": 2, "prevPointId": None}]},
    ),
    ("br", "img", "brushlabels", RLE),
    ("mw", "img", "magicwand", {"format": "rle", "rle": [0]}),
    ("bm", "img", "bitmasklabels", {"imageDataURL": "data:image/png;base64,AA", "bitmasklabels": ["A"]}),
    ("ilab", "img", "labels", {**BOX, "labels": ["A"]}),
    ("ner", "t", "labels", {"start": 0, "end": 3, "text": "abc", "labels": ["A"]}),
    ("html", "h", "hypertextlabels", {
        "start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 0, "endOffset": 2,
        "globalOffsets": {"start": 0, "end": 2}, "hypertextlabels": ["A"],
    }),
    ("alab", "a", "labels", {"start": 0.5, "end": 1.25, "channel": 0, "labels": ["A"]}),
    ("vr", "v", "videorectangle", {
        "framesCount": 2, "duration": 1.5, "labels": ["A"],
        "sequence": [{"frame": 1, "x": -3, "y": 0, "width": 5, "height": 5, "enabled": True}],
    }),
    ("tl", "v", "timelinelabels", {"ranges": [{"start": 1, "end": 1}], "timelinelabels": ["A"]}),
    ("pl", "p", "paragraphlabels", {
        "start": "0", "end": "1", "startOffset": 3, "endOffset": 1, "paragraphlabels": ["A"],
    }),
    ("tsl", "ts", "timeserieslabels", {"start": "2020-01", "end": "2020-02", "timeserieslabels": ["A"]}),
    ("tsl", "ts", "timeserieslabels", {"start": 3, "end": 3, "instant": True, "timeserieslabels": ["A"]}),
    ("ocr", "pdf", "ocrlabels", {
        "x": 1, "y": 1, "width": 1, "height": 1, "rotation": 0, "ocrtext": "a", "pageIndex": 0,
        "ocrlabels": ["A"],
    }),
    ("ch", "t", "choices", {"choices": ["x", ["x", "y"], "z"]}),
    ("dyn", "t", "choices", {"choices": ["anything"]}),
    ("tx", "t", "taxonomy", {"taxonomy": [["x", "y"], ["x"]]}),
    ("ta", "t", "textarea", {"text": ["one", "two"]}),
    ("ta", "t", "textarea", {"text": "one"}),
    ("ra", "t", "rating", {"rating": 3}),
    ("nu", "t", "number", {"number": 9.5}),
    ("dt", "t", "datetime", {"datetime": "2024-02-29 13:45"}),
    ("pw", "pw", "pairwise", {"selected": "left"}),
    ("rk", "li", "ranker", {"ranker": {"rk": ["b", "a"]}}),
    ("chat", "chat", "chatmessage", {"chatmessage": {"role": "user", "content": "hi"}}),
]  # fmt: skip


def item(control: str, shown: str, kind: str, value: Any) -> dict[str, Any]:
    return {"id": "r1", "from_name": control, "to_name": shown, "type": kind, "value": value}


def problems(result: Any, config: LabelConfig = EVERYTHING) -> list[str]:
    with pytest.raises(Invalid) as caught:
        validate_result(config, result)
    assert caught.value.code == "result-malformed"
    assert caught.value.fields["result"][0] in caught.value.message
    return caught.value.fields["result"]


@pytest.mark.parametrize("case", GOLDEN.values(), ids=list(GOLDEN))
@pytest.mark.parametrize("version", ["imported", "serialised"])
def test_what_label_studios_editor_writes_is_accepted(case: dict[str, Any], version: str) -> None:
    result = case[version]
    summary = validate_result(parse_config(case["config"]), result)
    assert summary.result_count == len(result)
    assert validate_result(parse_config(case["config"]), json.dumps(result).encode()) == summary


@pytest.mark.parametrize(("control", "shown", "kind", "value"), GOOD)
def test_every_type_of_result_is_accepted(control: str, shown: str, kind: str, value: Any) -> None:
    assert validate_result(EVERYTHING, [item(control, shown, kind, value)]).kinds == {
        f"{control}|{shown}|{kind}": 1
    }


@pytest.mark.parametrize(("control", "shown", "kind", "value"), GOOD)
def test_keys_that_nobody_knows_are_let_through(control: str, shown: str, kind: str, value: Any) -> None:
    result = [{**item(control, shown, kind, {**value, "ours": {"a": [1]}}), "theirs": None}]
    assert validate_result(EVERYTHING, result).result_count == 1


def with_value(index: int, **changes: Any) -> list[dict[str, Any]]:
    control, shown, kind, value = GOOD[index]
    kept = {key: held for key, held in {**value, **changes}.items() if held is not ...}
    return [item(control, shown, kind, kept)]


def good(kind: str) -> int:
    return next(i for i, entry in enumerate(GOOD) if entry[2] == kind)


@pytest.mark.parametrize(
    ("kind", "changes", "path"),
    [
        ("rectanglelabels", {"width": ...}, "value.width: is missing"),
        ("rectanglelabels", {"width": 130}, "value.width: 130 is not a percentage"),
        ("rectanglelabels", {"x": -2}, "value.x: -2 is not a percentage"),
        ("rectanglelabels", {"x": "10"}, "value.x: expected float, got str"),
        ("rectanglelabels", {"x": None}, "value.x: expected float, got null"),
        ("rectanglelabels", {"x": True}, "value.x: expected float, got bool"),
        ("rectanglelabels", {"x": float("nan")}, "value.x: expected float, got null"),
        ("rectanglelabels", {"height": -1}, "value.height: expected float >= 0"),
        ("rectanglelabels", {"rectanglelabels": ["Cow"]}, 'rectanglelabels[0]: RectangleLabels "box" has no'),
        ("rectanglelabels", {"rectanglelabels": "A"}, "value.rectanglelabels: expected array"),
        ("rectanglelabels", {"rectanglelabels": [1]}, "value.rectanglelabels[0]: expected str"),
        ("polygonlabels", {"points": [[0, 0], [1, 1]]}, "value.points: holds 2 points"),
        ("polygonlabels", {"points": [[0, 0], [1, 1], [2, 200]]}, "value.points[2][1]: expected float"),
        ("polygonlabels", {"points": [[0, 0], [1, 1], [2]]}, "value.points[2]: expected array of length 2"),
        ("polygonlabels", {"points": ...}, "value.points: is missing"),
        ("ellipselabels", {"radiusX": -1}, "value.radiusX: expected float >= 0"),
        ("ellipselabels", {"radiusY": 400}, "value.radiusY: 400 is not a percentage"),
        ("keypointlabels", {"x": 120}, "value.x: expected float <= 101.0"),
        ("vectorlabels", {"vertices": []}, "value.vertices: expected array of length >= 1"),
        ("brushlabels", {"rle": [0, 256]}, "value.rle[1]: expected int <= 255"),
        ("brushlabels", {"rle": ...}, "value.rle: is missing"),
        ("brushlabels", {"format": "png"}, "value.format: invalid enum value 'png'"),
        ("bitmasklabels", {"imageDataURL": "javascript:alert(1)"}, "value.imageDataURL: is not a picture"),
        ("hypertextlabels", {"startOffset": -1}, "value.startOffset: expected int >= 0"),
        ("videorectangle", {"sequence": [{"frame": 1}]}, "value.sequence[0].x: is missing"),
        ("videorectangle", {"sequence": ...}, "value.sequence: is missing"),
        ("videorectangle", {"labels": ["Cow"]}, 'value.labels[0]: Labels "vlab" has no label "Cow"'),
        ("timelinelabels", {"ranges": [{"start": 5, "end": 4}]}, "value.ranges[0].end: 4 is before"),
        ("paragraphlabels", {"start": 1.5}, "value.start: expected"),
        ("choices", {"choices": "x"}, "value.choices: expected array"),
        ("choices", {"choices": ["x", "w"]}, 'value.choices[1]: Choices "ch" has no choice "w"'),
        ("choices", {"choices": [["z", "y"]]}, 'value.choices[0]: Choices "ch" has no choice "z / y"'),
        ("taxonomy", {"taxonomy": ["x"]}, "value.taxonomy[0]: expected array"),
        ("taxonomy", {"taxonomy": [["y"], ["q"]]}, 'value.taxonomy[1]: Taxonomy "tx" has no choice "q"'),
        ("textarea", {"text": [1]}, "value.text[0]: expected str"),
        ("rating", {"rating": 4}, "value.rating: 4 is out of the control's range, 0 to 3"),
        ("rating", {"rating": 2.5}, "value.rating: expected int"),
        ("number", {"number": 11}, "value.number: 11 is out of the control's range, 0 to 10"),
        ("number", {"number": "3"}, "value.number: expected float"),
        ("datetime", {"datetime": 2024}, "value.datetime: expected str"),
        ("pairwise", {"selected": "both"}, "value.selected: invalid enum value 'both'"),
        ("ranker", {"ranker": ["a"]}, "value.ranker: expected object"),
        ("chatmessage", {"chatmessage": {"content": "x"}}, "value.chatmessage.role: is missing"),
    ],
)  # fmt: skip
def test_a_wrong_value_names_its_path(kind: str, changes: dict[str, Any], path: str) -> None:
    problem = problems(with_value(good(kind), **changes))[0]
    assert problem.startswith("result[0].value")
    assert path.removeprefix("value") in problem


@pytest.mark.parametrize(
    ("control", "shown", "value", "path"),
    [
        ("ner", "t", {"start": 5, "end": 3, "labels": ["A"]}, "value.end: 3 is before the start, 5"),
        ("ner", "t", {"start": 0.5, "end": 3, "labels": ["A"]}, "value.start: expected int, got float"),
        ("ner", "t", {"start": 0, "labels": ["A"]}, "value.end: is missing"),
        ("ner", "t", {"labels": ["A"]}, "value: describes no region"),
        ("alab", "a", {"start": 2.5, "end": 1, "labels": ["A"]}, "value.end: 1 is before the start, 2.5"),
    ],
)
def test_spans_run_forwards(control: str, shown: str, value: Any, path: str) -> None:
    (problem,) = problems([item(control, shown, "labels", value)])
    assert problem.startswith(f"result[0].{path}")


def spoil(change: Callable[[dict[str, Any]], Any]) -> list[dict[str, Any]]:
    result = [item("box", "img", "rectanglelabels", copy.deepcopy(BOX))]
    change(result[0])
    return result


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda it: it.pop("type"), "result[0].type: is missing"),
        (lambda it: it.pop("from_name"), "result[0].from_name: is missing"),
        (lambda it: it.pop("to_name"), "result[0].to_name: is missing"),
        (lambda it: it.pop("value"), "result[0].value: is missing"),
        (lambda it: it.update(value=None), "result[0].value: expected object, got null"),
        (lambda it: it.update(value=[]), "result[0].value: expected object, got array"),
        (lambda it: it.update(id=7), "result[0].id: expected str | null, got int"),
        (lambda it: it.update(from_name="gone"), 'result[0].from_name: the config has no control "gone"'),
        (lambda it: it.update(to_name="t"), 'result[0].to_name: "t" is not what "box" labels: img'),
        (lambda it: it.update(type="choices"), "result[0].type: "),
        (lambda it: it.update(original_width=0), "result[0].original_width: expected float > 0.0"),
        (lambda it: it.update(original_width="640"), "result[0].original_width: expected float"),
        (lambda it: it.update(item_index=-1), "result[0].item_index: expected int >= 0"),
        (lambda it: it.update(meta="note"), "result[0].meta: expected object"),
        (lambda it: it.update(score="high"), "result[0].score: expected float"),
        (lambda it: it.update(parentID=3), "result[0].parentID: expected str"),
    ],
)
def test_a_wrong_envelope_names_its_field(change: Callable[[dict[str, Any]], Any], problem: str) -> None:
    assert problems(spoil(change))[0].startswith(problem)


@pytest.mark.parametrize(
    ("relation", "problem"),
    [
        ({"from_id": "r1"}, "result[1].to_id: is missing"),
        ({"from_id": "r1", "to_id": "r9"}, 'result[1].to_id: no region of this result has the id "r9"'),
        ({"from_id": "r1", "to_id": "r1", "direction": "up"}, "result[1].direction: invalid enum value 'up'"),
        ({"from_id": "r1", "to_id": "r1", "labels": "x"}, "result[1].labels: expected array"),
    ],
)
def test_a_relation_joins_two_regions_of_the_result(relation: dict[str, Any], problem: str) -> None:
    result = [item("box", "img", "rectanglelabels", BOX), {"type": "relation", **relation}]
    assert problems(result)[0].startswith(problem)


def test_a_relation_may_stand_before_its_regions() -> None:
    relation = {"type": "relation", "from_id": "r1", "to_id": "r1", "direction": "bi", "labels": ["near"]}
    summary = validate_result(EVERYTHING, [relation, item("box", "img", "rectanglelabels", BOX)])
    assert (summary.result_count, summary.region_count) == (2, 1)


@pytest.mark.parametrize(
    "result",
    ["nope", b"nope", b"{}", b"[1]", b"[", b"", b"\xff\xfe", [1], [None], b'[{"type":"x","value":"\xff"}]',
     b"[" * 5_000, b'[{"type":"rectanglelabels","value":' + b"[" * 5_000 + b"]" * 5_000 + b"}]", [{1: {2}}]],
)  # fmt: skip
def test_what_is_no_list_of_items_is_refused(result: Any) -> None:
    assert problems(result)[0].startswith("result")


def test_several_problems_are_told_at_once_and_not_without_end() -> None:
    bad = item("box", "img", "rectanglelabels", {**BOX, "width": 130})
    assert [problem.split(":")[0] for problem in problems([bad, bad])] == [
        "result[0].value.width",
        "result[1].value.width",
    ]
    assert len(problems([bad] * 1_000)) == MAX_PROBLEMS + 1


def test_regions_are_counted_by_id() -> None:
    result = [
        item("rect", "img", "rectangle", {**BOX, "rectanglelabels": None}),
        item("ilab", "img", "labels", {**BOX, "labels": ["A"]}),
        {**item("box", "img", "rectanglelabels", {**BOX, "rectanglelabels": ["A", "B"]}), "id": "r2"},
        {**item("ch", "t", "choices", {"choices": ["z"]}), "id": None},
    ]
    summary = validate_result(EVERYTHING, result)
    assert (summary.result_count, summary.region_count) == (4, 3)


def test_an_import_may_hold_items_of_controls_that_are_gone() -> None:
    stranger = item("gone", "img", "rectanglelabels", {"anything": 1})
    assert problems([stranger])
    assert validate_imported_result(EVERYTHING, [stranger]).result_count == 1
    with pytest.raises(Invalid, match="width"):
        validate_imported_result(EVERYTHING, [stranger, *spoil(lambda it: it["value"].pop("width"))])


def test_a_region_of_an_answer_is_checked_too() -> None:
    config = parse_config(
        '<View><Text name="t" value="$text"/><Rating name="ra" toName="t" perRegion="true"/></View>'
    )
    inside = {"start": 3, "end": 5, "rating": 2}
    assert validate_result(config, [item("ra", "t", "rating", inside)])
    assert problems([item("ra", "t", "rating", {**inside, "end": 1})], config) == [
        "result[0].value.end: 1 is before the start, 3"
    ]


def test_regions_without_a_label_are_accepted() -> None:
    assert validate_result(EVERYTHING, with_value(0, rectanglelabels=[]))
    assert validate_result(EVERYTHING, with_value(0, rectanglelabels=...))


def test_a_repeated_control_accepts_its_numbered_names() -> None:
    config = parse_config(
        '<View><Repeater on="$pages"><Image name="p{{idx}}" value="$pages[{{idx}}]"/>'
        '<RectangleLabels name="b{{idx}}" toName="p{{idx}}"><Label value="A"/></RectangleLabels>'
        "</Repeater></View>"
    )
    assert validate_result(config, [item("b2", "p2", "rectanglelabels", BOX)]).kinds == {
        "b2|p2|rectanglelabels": 1
    }


def test_an_empty_result_is_a_result() -> None:
    assert validate_result(EVERYTHING, b"[]").result_count == 0
    assert validate_result(EVERYTHING, " [ ] ").region_count == 0


def test_a_summary_does_not_depend_on_how_the_result_arrives() -> None:
    result = [item(*entry) for entry in GOOD]
    text = msgspec.json.encode(result)
    assert validate_result(EVERYTHING, result) == validate_result(EVERYTHING, text)
    assert validate_result(EVERYTHING, text.decode()) == validate_result(EVERYTHING, text)

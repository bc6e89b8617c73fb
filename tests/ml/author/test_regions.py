"""What a model says becomes what Label Studio's editor reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from treadle.errors import Invalid
from treadle.labeling.config import parse_config, validate_result
from treadle.ml import (
    Prediction,
    brush,
    choice,
    datetime,
    ellipse,
    keypoint,
    masks,
    number,
    oriented,
    polygon,
    rating,
    rectangle,
    span,
    text,
)
from treadle.ml.labels import read_labels
from treadle.ml.model import Said
from treadle.ml.outlines import trace
from treadle.ml.results import Surroundings, UnknownLabels, write_prediction

GOLDEN = Path(__file__).parents[2] / "golden" / "editor-results.json"
BOXES = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img"><Label value="Car" predicted_values="automobile, truck"/>
<Label value="Person" alias="walker"/></RectangleLabels>
<Choices name="day" toName="img"><Choice value="Day"/><Choice value="Night"/></Choices></View>"""
TEXTS = """<View><Text name="t" value="$text"/><Labels name="ner" toName="t"><Label value="PER"/></Labels>
<Number name="n" toName="t"/><Rating name="r" toName="t"/><TextArea name="sum" toName="t"/></View>"""
OCR = """<View><Image name="img" value="$image"/><Labels name="lab" toName="img"><Label value="Word"/>
</Labels><Rectangle name="rect" toName="img"/><TextArea name="tr" toName="img" perRegion="true"/></View>"""


def write(said: Said, config: str = BOXES, unknown: UnknownLabels = "error") -> dict[str, Any]:
    around = Surroundings(read_labels(config), lambda: (200, 100), lambda key: "Ada met Bob", unknown)
    return json.loads(json.dumps(write_prediction(said, around)))  # type: ignore[no-any-return]


def test_a_box_in_pixels_is_percent_of_the_picture_under_its_one_fitting_control() -> None:
    item = write([rectangle("Car", 20, 10, 50, 25, rotation=5, score=np.float32(0.5))])
    (region,) = item["result"]
    assert (region["from_name"], region["to_name"]) == ("box", "img")
    assert region["type"] == "rectanglelabels"
    assert (region["original_width"], region["original_height"]) == (200, 100)
    assert region["value"] == {
        "x": 10, "y": 10, "width": 25, "height": 25, "rotation": 5, "rectanglelabels": ["Car"],
    }  # fmt: skip
    assert item["score"] == 0.5


def test_a_score_is_the_mean_of_the_regions_that_have_one() -> None:
    said = [rectangle("Car", 0, 0, 1, 1, score=0.2), rectangle("Car", 0, 0, 1, 1, score=0.6), choice("Day")]
    assert write(said)["score"] == pytest.approx(0.4)
    assert write(Prediction(said, score=0.9))["score"] == 0.9
    assert "score" not in write([choice("Day")])
    assert write(None) == {"result": []}


def test_a_turned_box_keeps_its_centre() -> None:
    (region,) = write([oriented("Car", 100, 50, 40, 20, 90)])["result"]
    value = region["value"]
    assert (value["x"], value["y"]) == (pytest.approx(55), pytest.approx(30))  # 110, 30 in pixels
    assert (value["width"], value["height"], value["rotation"]) == (20, 20, 90)


def test_a_label_that_the_config_lacks_is_an_error_that_names_those_it_has() -> None:
    with pytest.raises(
        Invalid, match=r'"Bus" is no label of the control "box"\. Its labels: "Car", "walker"'
    ):
        write([rectangle("Bus", 0, 0, 1, 1)])
    assert write([rectangle("truck", 0, 0, 1, 1)])["result"][0]["value"]["rectanglelabels"] == ["Car"]


def test_what_becomes_of_other_classes_is_a_setting() -> None:
    said = [
        rectangle("Bus", 0, 0, 10, 10, score=0.1),
        rectangle("Car", 0, 0, 10, 10, score=0.9),
        choice("Dusk"),
    ]
    kept = write(said, unknown="unlabelled")
    assert [region["type"] for region in kept["result"]] == ["rectangle", "rectanglelabels"]
    assert kept["result"][0]["from_name"] == "box"
    dropped = write(said, unknown="drop")
    assert dropped["dropped"] == {"Bus": 1, "Dusk": 1}
    assert (len(dropped["result"]), dropped["score"]) == (1, 0.9)
    mapped = write(said, unknown={"Bus": "Car", "*": "drop"})
    assert [region["value"].get("rectanglelabels") for region in mapped["result"]] == [["Car"], ["Car"]]
    with pytest.raises(Invalid, match='"Lorry" is no label'):
        write(said, unknown={"Bus": "Lorry"})


def test_a_control_is_asked_for_where_several_fit() -> None:
    config = BOXES.replace(
        "<Choices", '<Polygon name="p1" toName="img"/><Polygon name="p2" toName="img"/><Choices'
    )
    outline = [(0, 0), (10, 0), (10, 10)]
    with pytest.raises(Invalid, match="Say which"):
        write([polygon((), outline)], config)
    assert write([polygon((), outline, control="p2")], config)["result"][0]["from_name"] == "p2"
    with pytest.raises(Invalid, match=r"no control for a brush.*BrushLabels"):
        write([brush("Car", np.ones((2, 2)))])


def test_spans_and_answers_name_what_they_are_about() -> None:
    said = [span("PER", 8, 11, score=0.7), number(3.5), rating(4), text("short")]
    person, three, stars, short = write(said, TEXTS)["result"]
    assert person["value"] == {"start": 8, "end": 11, "text": "Bob", "labels": ["PER"]}
    assert (three["value"], stars["value"], short["value"]) == (
        {"number": 3.5},
        {"rating": 4},
        {"text": ["short"]},
    )


def test_a_box_beside_labels_and_texts_is_three_results_of_one_id() -> None:
    parts = write([rectangle("Word", 0, 0, 20, 10, text="Halt")], OCR)["result"]
    assert [part["type"] for part in parts] == ["rectangle", "labels", "textarea"]
    assert len({part["id"] for part in parts}) == 1
    assert [part["value"]["width"] for part in parts] == [10, 10, 10]
    assert parts[2]["value"]["text"] == ["Halt"]


@pytest.mark.parametrize(
    "said",
    [
        lambda: rectangle("Car", 1, 2, 3),
        lambda: rectangle("Car", 0, 0, float("nan"), 1),
        lambda: polygon("A", []),
    ],
)
def test_what_is_no_shape_is_refused(said: Any) -> None:
    with pytest.raises(Invalid):
        said()


def test_masks_are_written_and_read_as_the_editor_writes_them() -> None:
    for case in json.loads(GOLDEN.read_text("utf-8")).values():
        for region in case["serialised"]:
            if "rle" in region.get("value", {}):
                width, height = region["original_width"], region["original_height"]
                mask = masks.decode(region["value"]["rle"], width, height)
                assert masks.encode(mask)[1:] == (width, height)
                assert np.array_equal(masks.decode(masks.encode(mask)[0], width, height), mask)
    noise = np.random.default_rng(0).integers(0, 2, (37, 53)).astype(bool)
    assert np.array_equal(masks.decode(masks.encode(noise)[0], 53, 37) > 0, noise)
    with pytest.raises(Invalid, match="ends in the middle"):
        masks.decode(masks.encode(noise)[0][:50], 53, 37)


def test_the_outline_of_a_mask_goes_round_each_of_its_parts() -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:5, 4:10] = True
    mask[5, 10] = True  # meets the first at a corner
    mask[3, 6] = False  # a hole
    large, small = trace(mask)
    assert set(large) == {(0.2, 0.2), (0.5, 0.2), (0.5, 0.5), (0.2, 0.5)}
    assert set(small) == {(0.5, 0.5), (0.55, 0.5), (0.55, 0.6), (0.5, 0.6)}


def test_a_point_has_a_dot() -> None:
    config = BOXES.replace("RectangleLabels", "KeyPointLabels")
    (region,) = write([keypoint("Car", 100, 50)], config)["result"]
    assert region["value"] == {"x": 50, "y": 50, "width": 0.5, "keypointlabels": ["Car"]}


EVERYTHING = """<View><Image name="img" value="$image"/><Text name="t" value="$text"/>
<EllipseLabels name="e" toName="img"><Label value="A"/></EllipseLabels>
<RectangleLabels name="r" toName="img"><Label value="A"/></RectangleLabels>
<PolygonLabels name="p" toName="img"><Label value="A"/></PolygonLabels>
<KeyPointLabels name="k" toName="img"><Label value="A"/></KeyPointLabels>
<BrushLabels name="b" toName="img"><Label value="A"/></BrushLabels>
<Labels name="l" toName="t"><Label value="A"/></Labels><Number name="n" toName="t"/>
<Choices name="c" toName="t" allowNested="true"><Choice value="Animal"><Choice value="Dog"/></Choice>
</Choices><Taxonomy name="x" toName="t"><Choice value="Plant"><Choice value="Fern"/></Choice></Taxonomy>
<Rating name="s" toName="t"/><TextArea name="w" toName="t"/><DateTime name="d" toName="t"/></View>"""


@pytest.mark.parametrize("name", ["A", "nothing of the kind"])
def test_the_server_takes_what_is_written(name: str) -> None:
    outline = [(1, 2), (3, 4), (5, 9)]
    said = [
        rectangle(name, 1, 2, 3, 4), ellipse(name, 9, 9, 3, 4), polygon(name, outline), keypoint(name, 3, 4),
        brush(name, np.ones((100, 200))), span(name, 0, 3), number(3), rating(3), choice("Dog"),
        choice("Fern", control="x"), text("so"), datetime("2024-02-29"),
    ]  # fmt: skip
    item = write(said, EVERYTHING, "unlabelled")
    assert len(item["result"]) == 12
    validate_result(parse_config(EVERYTHING), item["result"])
    assert item["result"][8]["value"] == {"choices": [["Animal", "Dog"]]}
    assert item["result"][9]["value"] == {"taxonomy": [["Plant", "Fern"]]}

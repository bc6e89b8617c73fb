"""What a version is worth, beside figures that were computed by hand."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import pytest

from treadle.labeling.config import parse_config
from treadle.learning.measures.evaluation import Evaluation, Measure, agreement, is_better
from treadle.learning.measures.masks import Mask, read_mask
from treadle.ml import masks

BOXES = parse_config(
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="Cat"/>'
    '<Label value="Dog"/></RectangleLabels><KeyPointLabels name="dot" toName="img"><Label value="Eye"/>'
    "</KeyPointLabels></View>"
)
TEXTS = parse_config(
    '<View><Text name="text" value="$text"/><Labels name="ner" toName="text"><Label value="Per"/>'
    '<Label value="Org"/></Labels><Choices name="mood" toName="text"><Choice value="good"/>'
    '<Choice value="bad"/><Choice value="none"/></Choices></View>'
)


def box(label: str, x: float, width: float = 10, score: float | None = None) -> dict[str, Any]:
    value = {"x": x, "y": 0, "width": width, "height": 10, "rectanglelabels": [label]}
    item = {"from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": value}
    return item if score is None else {**item, "score": score}


def span(label: str, start: int, end: int) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]}
    return {"from_name": "ner", "to_name": "text", "type": "labels", "value": value}


def mood(*labels: str) -> dict[str, Any]:
    value = {"choices": list(labels)}
    return {"from_name": "mood", "to_name": "text", "type": "choices", "value": value}


def measured(config: Any, *tasks: tuple[list[Any], list[Any] | None]) -> Evaluation:
    measure = Measure(config)
    for truth, said in tasks:
        measure.add(msgspec.json.encode(truth), None if said is None else msgspec.json.encode(said))
    return measure.evaluation("v2")


def test_boxes_are_measured_by_the_area_under_precision_and_recall() -> None:
    found = measured(
        BOXES,
        # Right, surest; one that overlaps by a third; one that is found twice, the less sure one is wrong.
        ([box("Cat", 0), box("Cat", 50)], [box("Cat", 1, score=0.9), box("Cat", 55, score=0.8)]),
        ([box("Cat", 0)], [box("Cat", 0, score=0.7), box("Cat", 1, score=0.6)]),
        # Never found, and called a cat instead; a label that is not there counts for nothing but itself.
        ([box("Dog", 20)], [box("Cat", 20, score=0.5)]),
    )
    # By score: right, wrong, right, wrong, wrong. Recalls 1/3 and 2/3 at precisions 1 and 2/3, at 101 points.
    expected = (34 * 1 + 33 * 2 / 3) / 101
    assert (found.metric, found.task_count) == ("mAP50", 3)
    cat, dog = found.labels
    assert (cat.label, cat.support, dog.label, dog.support) == ("Cat", 3, "Dog", 1)
    assert cat.value == pytest.approx(expected)
    assert cat.precision == pytest.approx(2 / 5)
    assert cat.recall == pytest.approx(2 / 3)
    assert (dog.value, dog.precision, dog.recall) == (0, None, 0)
    assert found.value == pytest.approx(expected / 2)


def test_boxes_of_other_tasks_and_other_labels_are_not_found() -> None:
    found = measured(BOXES, ([box("Cat", 0)], []), ([], [box("Cat", 0)]), ([], [box("Dog", 0)]))
    assert found.value == 0
    assert [(each.label, each.value, each.precision) for each in found.labels] == [
        ("Cat", 0, 0),
        ("Dog", None, 0),
    ]


def test_a_task_that_could_not_be_predicted_has_missed_everything() -> None:
    found = measured(BOXES, ([box("Cat", 0)], [box("Cat", 0)]), ([box("Cat", 0)], None))
    assert (found.labels[0].recall, found.failed_count) == (0.5, 1)
    assert found.value == pytest.approx(51 / 101)


def test_answers_are_measured_by_accuracy_and_f1() -> None:
    found = measured(
        TEXTS,
        ([mood("good")], [mood("good")]),
        ([mood("good")], [mood("bad")]),
        ([mood("bad")], [mood("bad")]),
        ([mood("bad")], []),
    )
    assert (found.metric, found.value) == ("accuracy", 0.5)
    # bad: one right of two said, of two there. good: one right of one said, of two there.
    assert [each.label for each in found.labels] == ["bad", "good"]
    assert [each.value for each in found.labels] == pytest.approx([0.5, 2 / 3])
    assert found.macro_f1 == pytest.approx((0.5 + 2 / 3) / 2)


def test_several_answers_to_one_question_are_right_together() -> None:
    found = measured(
        TEXTS, ([mood("good", "bad")], [mood("bad", "good")]), ([mood("bad")], [mood("bad", "good")])
    )
    assert found.value == 0.5


def test_spans_are_measured_by_f1_of_the_very_same_ends() -> None:
    found = measured(
        TEXTS,
        (
            [span("Per", 0, 4), span("Org", 10, 14)],
            [span("Per", 0, 4), span("Org", 10, 13), span("Org", 0, 4)],
        ),
        ([span("Per", 5, 9)], []),
    )
    assert found.metric == "F1"
    assert found.value == pytest.approx(2 * 1 / (3 + 3))
    assert [each.label for each in found.labels] == ["Org", "Per"]
    assert [each.value for each in found.labels] == pytest.approx([0, 2 / 3])


def dot(label: str, x: float, y: float) -> dict[str, Any]:
    value = {"x": x, "y": y, "width": 1, "keypointlabels": [label]}
    item = {"from_name": "dot", "to_name": "img", "type": "keypointlabels", "value": value}
    return {**item, "original_width": 200, "original_height": 100}


def test_points_are_measured_by_f1_within_a_twentieth_of_the_longer_side() -> None:
    found = measured(
        BOXES,
        # 4 % of the width, 8 % of the height which are as far; and 6 % of the width, which is too far.
        ([dot("Eye", 10, 10), dot("Eye", 50, 10)], [dot("Eye", 14, 10), dot("Eye", 50, 18)]),
        ([dot("Eye", 10, 10)], [dot("Eye", 16, 10)]),
    )
    assert found.metric == "F1"
    assert found.value == pytest.approx(2 * 2 / (3 + 3))


def mask(label: str, left: int, right: int, score: float | None = None) -> dict[str, Any]:
    """All rows of a picture of 90 × 7 between two columns."""
    rle, width, height = masks.encode([[left <= x < right for x in range(90)] for _ in range(7)])
    value = {"format": "rle", "rle": rle, "brushlabels": [label]}
    item = {"from_name": "brush", "to_name": "img", "type": "brushlabels", "value": value}
    return {**item, "original_width": width, "original_height": height, "score": score}


def test_masks_are_measured_as_boxes_are_by_the_pixels_that_they_share() -> None:
    config = parse_config(
        '<View><Image name="img" value="$image"/><BrushLabels name="brush" toName="img">'
        '<Label value="Cat"/><Label value="Dog"/></BrushLabels></View>'
    )
    truth = [mask("Cat", 0, 30), mask("Dog", 40, 60)]
    # Two thirds of the cat; a third over the dog, of which nothing is left to find.
    found = measured(config, (truth, [mask("Cat", 0, 20, 0.9), mask("Dog", 50, 70, 0.8)]))
    assert found.metric == "mAP50"
    assert {each.label: each.value for each in found.labels} == {"Cat": 1.0, "Dog": 0.0}
    broken = mask("Cat", 0, 30)
    broken["value"]["rle"] = broken["value"]["rle"][:9]
    assert measured(config, (truth, [broken])).value == 0.0
    assert read_mask(mask("Cat", 3, 5)["value"]["rle"], 90, 7) == Mask(
        (90, 7), tuple((90 * row + 3, 90 * row + 5) for row in range(7))
    )


def test_what_has_no_measure_says_so() -> None:
    track = {"from_name": "it", "to_name": "img", "type": "videorectangle", "value": {"sequence": []}}
    found = measured(BOXES, ([track], []))
    assert (found.metric, found.value) == ("", None)
    assert found.reason == "There is no measure for tracks yet."
    assert measured(BOXES).reason == "No task was held out to measure by."


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{",
        b"\xff",
        b"[1, null, {}]",
        b'[{"type": "rectanglelabels", "value": {"x": "a", "rectanglelabels": 3}}]',
        b'[{"type": "choices", "value": {"choices": {"a": 1}}}]',
        b'[{"type": "polygonlabels", "value": {"points": [[1e999, 1]], "polygonlabels": ["Cat"]}}]',
    ],
)
def test_rubbish_is_no_answer(said: bytes) -> None:
    measure = Measure(BOXES)
    measure.add(msgspec.json.encode([box("Cat", 0)]), said)
    assert measure.evaluation("v").labels[0].recall == 0


def test_a_version_is_better_only_by_the_same_measure_and_unseen_tasks() -> None:
    one = measured(TEXTS, ([mood("good")], [mood("bad")]))
    other = measured(TEXTS, ([mood("good")], [mood("good")]))
    unknown = msgspec.structs.replace(one, metric="", value=None)
    assert is_better(other, one)
    assert not is_better(one, other)
    assert not is_better(one, one)
    assert not is_better(other, unknown)
    assert not is_better(unknown, one)
    assert not is_better(msgspec.structs.replace(other, seen=True), one)


def test_people_agree_as_far_as_they_say_the_same() -> None:
    def encoded(*items: object) -> bytes:
        return msgspec.json.encode(items)

    assert agreement(BOXES, encoded(box("Cat", 0)), encoded(box("Cat", 1))) == 1
    assert agreement(BOXES, encoded(box("Cat", 0), box("Dog", 50)), encoded(box("Cat", 0))) == pytest.approx(
        2 / 3
    )
    assert agreement(BOXES, encoded(box("Cat", 0)), encoded(box("Dog", 0))) == 0
    assert agreement(BOXES, encoded(), encoded()) is None
    # Who answers one question more says something else, whoever of the two it is.
    both, one = encoded(span("Per", 0, 4), mood("good")), encoded(span("Per", 0, 4))
    assert agreement(TEXTS, both, one) == agreement(TEXTS, one, both) == pytest.approx(2 / 3)


def test_the_measure_of_boxes_is_that_of_a_plain_reading_of_its_definition() -> None:
    draw = random.Random(7)
    tasks = []
    for _ in range(40):
        truth = [box("Cat", draw.uniform(0, 80)) for _ in range(draw.randrange(4))]
        said = [box("Cat", draw.uniform(0, 80), score=draw.random()) for _ in range(draw.randrange(3))]
        near = [box("Cat", each["value"]["x"] + draw.uniform(-5, 5), score=draw.random()) for each in truth]
        tasks.append((truth, said + near))
    assert measured(BOXES, *tasks).value == pytest.approx(plain_average_precision(tasks))


def plain_average_precision(tasks: list[tuple[list[Any], list[Any]]]) -> float:
    """AP50 of one label and of boxes in a row, written as the definition reads."""
    judged = []
    for truth, said in tasks:
        free = [each["value"]["x"] for each in truth]
        for each in sorted(said, key=lambda one: -one["score"]):
            best = max(free, key=lambda x: shared(x, each["value"]["x"]), default=math.inf)
            is_right = shared(best, each["value"]["x"]) >= 0.5
            if is_right:
                free.remove(best)
            judged.append((each["score"], is_right))
    judged.sort(key=lambda one: -one[0])
    count = sum(len(truth) for truth, _ in tasks)
    rights = [sum(is_right for _, is_right in judged[: place + 1]) for place in range(len(judged))]
    best_at = [
        max(
            (right / (place + 1) for place, right in enumerate(rights) if right / count >= step / 100),
            default=0,
        )
        for step in range(101)
    ]
    return sum(best_at) / 101


def shared(x: float, other: float) -> float:
    length = max(0.0, 10 - abs(x - other))
    return length / (20 - length)

"""The built-in classifiers: what they learn, how sure they are, and what they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.ml.builtin.cases import (
    BROKEN,
    IMAGE_CONFIG,
    TEXT_CONFIG,
    answered,
    as_address,
    chosen,
    image_tasks,
    text_tasks,
)
from tests.ml.builtin.trying import Tried, labels
from treadle.errors import Invalid
from treadle.ml.builtin.heads import fit_head

TOPICS = """<View><Text name="text" value="$text"/>
  <Choices name="topics" toName="text" choice="multiple">
    <Choice value="rain"/><Choice value="wind"/><Choice value="snow"/></Choices></View>"""


@pytest.mark.parametrize(
    ("name", "config", "tasks"),
    [("text_classifier", TEXT_CONFIG, text_tasks()), ("image_classifier", IMAGE_CONFIG, image_tasks())],
)
def test_a_classifier_says_by_name_what_it_learnt(
    name: str, config: str, tasks: list[dict[str, object]], tmp_path: Path
) -> None:
    tried = Tried(name, config, tmp_path)
    assert [item["result"] for item in tried.predict(tasks)] == [[]] * len(tasks)
    tried.train(tasks)
    items = tried.predict(tasks)
    right = [task["annotations"][0]["result"][0]["value"]["choices"] for task in tasks]  # type: ignore[index]
    assert [labels(item) for item in items] == right
    assert all(0.5 <= item["score"] == item["result"][0]["score"] <= 1 for item in items)
    assert set(tried.sink.figures) == {"accuracy", "loss"}


def test_of_several_answers_those_are_given_that_hold(tmp_path: Path) -> None:
    words = ("rain", "wind", "snow")
    tasks = [
        answered(
            number,
            {"text": " ".join(["so much", *given])},
            *([chosen("topics", "text", *given)] if given else []),
        )
        for number, given in enumerate(
            [[word for place, word in enumerate(words) if number >> place & 1] for number in range(8)] * 4
        )
    ]
    tried = Tried("text_classifier", TOPICS, tmp_path)
    tried.train(tasks)
    both, none = tried.predict([answered(1, {"text": "wind and snow"}), answered(2, {"text": "so much"})])
    assert labels(both) == ["snow", "wind"]
    assert none["result"] == []
    assert none["score"] > 0.5
    assert labels(tried.predict([answered(1, {"text": "wind and snow"})], confidence=1.0)[0]) == []


def test_probabilities_are_as_often_right_as_they_say() -> None:
    noise = np.random.default_rng(3)
    truth = noise.integers(3, size=3000)
    points = np.eye(3)[truth] + noise.normal(0, 0.8, (3000, 3))
    fitted = fit_head(points[:300], [(str(one),) for one in truth[:300]], is_multiple=False)
    assert fitted is not None
    said = fitted.head.probabilities(points[300:])
    is_right = said.argmax(axis=1) == truth[300:]
    assert abs(said.max(axis=1).mean() - is_right.mean()) < 0.04
    assert abs(fitted.accuracy - is_right.mean()) < 0.08


def test_pictures_that_cannot_be_read_are_counted_and_told(tmp_path: Path) -> None:
    tried = Tried("image_classifier", IMAGE_CONFIG, tmp_path)
    broken = answered(99, {"image": BROKEN}, chosen("colour", "image", "Red"))
    tried.train([*image_tasks(), broken])
    assert tried.sink.figures["unreadable"] == [1]
    assert any("The picture of task 99 cannot be read" in line for line in tried.sink.lines)
    good, bad = tried.predict([image_tasks()[0], broken])
    assert labels(good) == ["Red"]
    assert (bad["result"], "cannot be read" in bad["error"]) == ([], True)
    with pytest.raises(Invalid, match="None of the 1 tasks can be read"):
        tried.train([broken])


def test_a_label_that_was_taken_away_is_left_out_and_counted(tmp_path: Path) -> None:
    tried = Tried("text_classifier", TEXT_CONFIG, tmp_path)
    tried.train(text_tasks())
    tried.config = TEXT_CONFIG.replace('<Choice value="Sad"/>', '<Choice value="Angry"/>')
    glad, sad = tried.predict(text_tasks()[:2])
    assert labels(glad) == ["Glad"]
    assert (sad["result"], sad["dropped"]) == ([], {"Sad": 1})
    assert '"Sad" is no label' in tried.predict(text_tasks()[1:2], unknown_labels="error")[0]["error"]


def test_what_cannot_be_told_apart_is_refused(tmp_path: Path) -> None:
    tried = Tried("text_classifier", TEXT_CONFIG, tmp_path)
    with pytest.raises(Invalid, match='only "Glad"'):
        tried.train(text_tasks()[::2])
    with pytest.raises(Invalid, match="There is no word"):
        tried.train([{**task, "data": {"text": " "}} for task in text_tasks()])
    other = Tried("image_classifier", TEXT_CONFIG, tmp_path)
    with pytest.raises(Invalid, match="asks nothing about a whole image"):
        other.train(text_tasks())


def test_a_training_that_is_asked_to_stop_stops_between_two_fits(tmp_path: Path) -> None:
    tried = Tried("image_classifier", IMAGE_CONFIG, tmp_path)
    tried.sink.stop_after = 2
    assert tried.train(image_tasks()) is None
    assert tried.sink.steps == 2


def test_a_setting_out_of_its_bounds_is_told(tmp_path: Path) -> None:
    tried = Tried("image_classifier", IMAGE_CONFIG, tmp_path)
    tried.train(image_tasks())
    assert "a number from 0 to 1" in tried.predict(image_tasks()[:1], confidence="high")[0]["error"]
    with pytest.raises(Invalid, match="a whole number from 16 to 256"):
        tried.train(image_tasks(), image_size=1000)


def test_grey_and_tiny_pictures_are_pictures(tmp_path: Path) -> None:
    tried = Tried("image_classifier", IMAGE_CONFIG, tmp_path)
    tried.train(image_tasks())
    assert labels(
        tried.predict([answered(1, {"image": as_address(np.full((1, 1, 3), (0, 0, 255)))})])[0]
    ) == ["Blue"]

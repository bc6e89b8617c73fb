"""Labels that a model knows and the config does not: mapped, kept unlabelled, or left out and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from treadle.labeling.config import parse_config, validate_result
from treadle.learning.connections.unknown_labels import Policy, policy_of, settle_labels

CONFIG = parse_config(
    """<View><Image name="img" value="$image"/><Text name="t" value="$t"/>
    <RectangleLabels name="box" toName="img">
      <Label value="Car" predicted_values="auto, vehicle"/>
    </RectangleLabels>
    <Rectangle name="plain" toName="img"/><Labels name="kind" toName="img"><Label value="Car"/></Labels>
    <Labels name="ner" toName="t"><Label value="Person"/></Labels>
    <Choices name="q" toName="img"><Choice value="sharp"/></Choices></View>"""
)
SHAPE = {"x": 1, "y": 1, "width": 2, "height": 2, "rotation": 0}


def item(number: int, name: str, kind: str, labels: list[str], **value: Any) -> dict[str, Any]:
    to = "t" if name == "ner" else "img"
    held = {**value, kind: labels}
    return {"id": f"r{number}", "from_name": name, "to_name": to, "type": kind, "value": held}


def box(number: int, *labels: str) -> dict[str, Any]:
    return item(number, "box", "rectanglelabels", list(labels), **SHAPE)


def settled(policy: Policy, *items: dict[str, Any]) -> tuple[list[tuple[str, str, Any]], dict[str, int]]:
    """What is left, as id, type and labels; and what was counted."""
    kept, dropped = settle_labels(CONFIG, json.dumps(items).encode(), policy)
    if kept != json.dumps(items).encode():
        validate_result(CONFIG, kept)
    left = [(each.get("id"), each["type"], _labels(each)) for each in json.loads(kept)]
    return left, dict(dropped)


def _labels(each: dict[str, Any]) -> Any:
    return each.get("value", {}).get(each["type"])


@pytest.mark.parametrize(
    ("policy", "left", "dropped"),
    [
        ("drop", [("r1", "rectanglelabels", ["Car"])], {"bus": 1}),
        ("unlabelled", [("r1", "rectanglelabels", ["Car"]), ("r2", "rectangle", None)], {}),
        ({"bus": "Car"}, [("r1", "rectanglelabels", ["Car"]), ("r2", "rectanglelabels", ["Car"])], {}),
        ({"bus": None}, [("r1", "rectanglelabels", ["Car"])], {"bus": 1}),
        ({"*": "unlabelled"}, [("r1", "rectanglelabels", ["Car"]), ("r2", "rectangle", None)], {}),
        # It says nothing of a bus, so nothing is decided: the check of results refuses it.
        ({"kite": None}, [("r1", "rectanglelabels", ["Car"]), ("r2", "rectanglelabels", ["bus"])], {}),
        ("error", [("r1", "rectanglelabels", ["Car"]), ("r2", "rectanglelabels", ["bus"])], {}),
    ],
)
def test_a_class_becomes_what_the_connection_says(policy: Policy, left: Any, dropped: Any) -> None:
    assert settled(policy, box(1, "Car"), box(2, "bus")) == (left, dropped)


def test_a_label_may_name_what_models_call_it() -> None:
    assert settled("drop", box(1, "vehicle"))[0] == [("r1", "rectanglelabels", ["Car"])]


def test_an_answer_without_its_label_is_left_out() -> None:
    assert settled("unlabelled", item(1, "q", "choices", ["odd"])) == ([], {"odd": 1})


def test_a_name_beside_a_shape_goes_alone_or_takes_the_shape_along() -> None:
    shape = {"id": "r1", "from_name": "plain", "to_name": "img", "type": "rectangle", "value": SHAPE}
    name = item(1, "kind", "labels", ["bus"], **SHAPE)
    assert settled("unlabelled", shape, name)[0] == [("r1", "rectangle", None)]
    assert settled("drop", shape, name) == ([], {"bus": 1})


def test_what_hangs_on_a_region_goes_with_it() -> None:
    relation = {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right"}
    assert settled("drop", box(1, "Car"), box(2, "bus"), relation)[0] == [("r1", "rectanglelabels", ["Car"])]


def test_a_region_of_a_control_that_is_gone_is_left_out() -> None:
    lost = {**box(2, "Car"), "from_name": "gone"}
    assert settled("drop", box(1, "Car"), lost) == ([("r1", "rectanglelabels", ["Car"])], {"Car": 1})


@pytest.mark.parametrize("rubbish", [b"{", b"[1]", b'{"a": 1}', b'[{"id": [1], "value": {"labels": [{}]}}]'])
def test_rubbish_is_left_to_the_check_of_results(rubbish: bytes) -> None:
    settle_labels(CONFIG, rubbish, "drop")


def test_a_connection_that_says_nothing_lets_nothing_pass() -> None:
    assert policy_of({}) == policy_of({"unknown_labels": 7}) == "error"

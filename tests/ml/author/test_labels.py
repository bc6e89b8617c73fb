"""The label config as a model reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.errors import Invalid
from treadle.ml.compat.parsed import parse_config
from treadle.ml.labels import read_labels

GOLDEN = Path(__file__).parents[2] / "golden" / "ml-backend-wire.json"


def test_labels_stand_in_order_under_their_control_however_deep() -> None:
    config = read_labels(
        """<View><Text name="t" value="$a.text"/><Choices name="c" toName="t"><View><Choice value="Z"/></View>
        <Choice value="A" alias="first"/></Choices>
        <labels name="l" toname="t"><label value="P"/></labels></View>"""
    )
    assert config.control("c").labels == ("Z", "first")
    assert config.control("c").class_id("first") == 1
    assert config.control("l").kind == "labels"
    assert config.control("l").value_key == "a.text"
    with pytest.raises(Invalid, match=r'no control "x".*"c", "l"'):
        config.control("x")
    with pytest.raises(Invalid, match='"B" is no label'):
        config.control("c").class_id("B")


@pytest.mark.parametrize("text", ["<View>", '<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>'])
def test_xml_that_is_none_or_means_harm_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_labels(text)


def test_the_parsed_config_of_a_webhook_is_the_one_that_we_parse() -> None:
    steps = json.loads(GOLDEN.read_text("utf-8"))
    bodies = [step["body"] for step in steps if step["body"]]
    projects = [body["project"] for body in bodies if isinstance(body.get("project"), dict)]
    assert projects
    for project in projects:
        assert parse_config(project["label_config"]) == project["parsed_label_config"]

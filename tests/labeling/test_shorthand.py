"""Predictions said in short."""

from __future__ import annotations

from typing import Any

import pytest

from treadle.errors import Invalid
from treadle.labeling.config import parse_config, validate_imported_result
from treadle.labeling.shorthand import complete_result, complete_text

CONFIG = parse_config(
    '<View><Text name="t" value="$t"/><Labels name="span" toName="t"><Label value="Who"/></Labels>'
    '<Choices name="mood" toName="t"><Choice value="good"/><Choice value="bad" alias="B"/></Choices>'
    '<Number name="n" toName="t"/><TextArea name="why" toName="t"/></View>'
)


@pytest.mark.parametrize(
    ("said", "control", "kind", "value"),
    [
        ("good", "mood", "choices", {"choices": ["good"]}),
        ("B", "mood", "choices", {"choices": ["B"]}),
        ("because", "why", "textarea", {"text": ["because"]}),
        (3, "n", "number", {"number": 3}),
        (0.5, "n", "number", {"number": 0.5}),
        ({"choices": ["good"]}, "mood", "choices", {"choices": ["good"]}),
        ({"labels": ["Who"], "start": 0, "end": 2}, "span", "labels", None),
    ],
)
def test_a_value_or_a_label_becomes_a_result_of_the_control_that_takes_it(
    said: Any, control: str, kind: str, value: Any
) -> None:
    (result,) = complete_result(CONFIG, said)
    assert (result["from_name"], result["to_name"], result["type"]) == (control, "t", kind)
    assert result["value"] == (said if value is None else value)
    assert result["id"]
    validate_imported_result(CONFIG, [result])


def test_a_list_stands_for_itself_byte_by_byte() -> None:
    assert complete_text(CONFIG, b' [ {"id" : 1} ]') == b' [ {"id" : 1} ]'


@pytest.mark.parametrize("said", [None, True, {}, {"brushlabels": ["x"]}])
def test_what_no_control_takes_is_refused(said: Any) -> None:
    with pytest.raises(Invalid) as error:
        complete_result(CONFIG, said)
    assert list(error.value.fields) == ["result"]


def test_a_label_of_regions_is_no_answer_for_a_task() -> None:
    config = parse_config(
        '<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="Who"/></Labels></View>'
    )
    with pytest.raises(Invalid):
        complete_result(config, "Who")

"""What a config expects of a task's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from treadle.labeling.config import check_task_data, data_keys, parse_config, sample_task

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "editor-results.json").read_text("utf-8"))


@pytest.mark.parametrize("case", GOLDEN.values(), ids=list(GOLDEN))
def test_the_golden_tasks_fit_their_configs(case: dict[str, Any]) -> None:
    assert check_task_data(parse_config(case["config"]), case["data"]) == []


@pytest.mark.parametrize("case", GOLDEN.values(), ids=list(GOLDEN))
def test_a_sample_task_fits_its_config_and_fetches_nothing(case: dict[str, Any]) -> None:
    config = parse_config(case["config"])
    sample = sample_task(config)
    assert check_task_data(config, sample) == []
    assert "http://127" not in json.dumps(sample)
    assert "https://" not in json.dumps(sample)


def test_a_missing_key_is_told_in_label_studios_words() -> None:
    config = parse_config('<View><Image name="i" value="$image"/><Text name="t" value="$text"/></View>')
    assert check_task_data(config, {"text": "x"}) == ['"image" key is expected in task data']


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ('<Image name="o" value="$v"/>', 7),
        ('<Image name="o" value="$v"/>', None),
        ('<Image name="o" value="$v"/>', True),
        ('<Image name="o" valueList="$v"/>', "one.jpg"),
        ('<Image name="o" valueList="$v"/>', ["one.jpg", 2]),
        ('<Text name="o" value="$v"/>', {"a": 1}),
        ('<List name="o" value="$v"/>', "a"),
        ('<Paragraphs name="o" value="$v"/>', 3),
        ('<TimeSeries name="o" value="$v"/>', 3.5),
    ],
)
def test_data_of_another_kind_is_told(tag: str, value: Any) -> None:
    (problem,) = check_task_data(parse_config(f"<View>{tag}</View>"), {"v": value})
    assert 'data["v"]' in problem


def test_keys_may_reach_into_the_data_or_hold_dots_themselves() -> None:
    config = parse_config('<View><Text name="t" value="$a.b[0].c"/></View>')
    assert check_task_data(config, {"a": {"b": [{"c": "x"}]}}) == []
    assert check_task_data(config, {"a.b[0].c": "x"}) == []
    assert check_task_data(config, {"a": {"b": []}}) == ['"a.b[0].c" key is expected in task data']
    assert check_task_data(config, sample_task(config)) == []


@pytest.mark.parametrize("index", ["0", "999999999", "9" * 5_000, "²", "{{idx}}"])
def test_no_index_is_too_odd_for_a_sample(index: str) -> None:
    config = parse_config(f'<View><Text name="t" value="$a[{index}].b" category="{index}"/></View>')
    assert len(str(sample_task(config))) < 10_000
    check_task_data(config, {"a": [1]})


def test_only_what_an_object_shows_is_required() -> None:
    config = parse_config(
        '<View><Video name="v" value="$video" frameRate="$fps"/><Header value="About $title, from $5"/>'
        '<Labels name="l" toName="v" value="$labels"/></View>'
    )
    keys = {key.path: key.required for key in data_keys(config)}
    assert keys == {"video": True, "fps": False, "title": False, "labels": False}
    assert check_task_data(config, {"video": "a.mp4"}) == []


def test_a_constant_value_needs_no_data() -> None:
    assert check_task_data(parse_config('<View><Text name="t" value="Hello"/></View>'), {}) == []

"""The detector, where torch is installed: what it learns from a few pictures, and its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ml.builtin.cases import BOX_CONFIG, BROKEN, answered, box_tasks
from tests.ml.builtin.trying import Tried, labels
from treadle.errors import Invalid

pytest.importorskip("torch", reason="torch stands outside the lock")
pytestmark = pytest.mark.long

Item = dict[str, object]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    tried = Tried("detector", BOX_CONFIG, tmp_path_factory.mktemp("versions"))
    broken = answered(99, {"image": BROKEN})
    assert tried.train([*box_tasks(48), broken], epochs=40)
    return tried


def part_found(tasks: list[dict[str, object]], items: list[dict[str, object]]) -> float:
    """The part of what was drawn that was found: the right label, and half of it covered."""
    hits = [
        any(covers(said, true) for said in item["result"])  # type: ignore[attr-defined]
        for task, item in zip(tasks, items, strict=True)
        for true in task["annotations"][0]["result"]  # type: ignore[index]
    ]
    return sum(hits) / len(hits)


def covers(said: dict[str, object], true: dict[str, object]) -> bool:
    one, other = said["value"], true["value"]
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    across, down = (
        min(one[at] + one[side], other[at] + other[side]) - max(one[at], other[at])
        for at, side in (("x", "width"), ("y", "height"))
    )
    shared = max(across, 0) * max(down, 0)
    union = one["width"] * one["height"] + other["width"] * other["height"] - shared
    return bool(one.get("rectanglelabels") == other["rectanglelabels"] and shared >= union / 2)


def test_it_finds_what_it_has_not_seen_by_name(trained: Tried) -> None:
    unseen = box_tasks(20, seed=7)
    assert part_found(unseen, trained.predict(unseen)) >= 0.8
    assert trained.sink.figures["unreadable"] == [1]
    assert trained.sink.figures["AP50"][-1] >= 0.8
    assert trained.sink.figures["loss"][-1] < trained.sink.figures["loss"][0]


def test_larger_pictures_are_looked_at_in_the_size_that_it_learnt(trained: Tried) -> None:
    unseen = box_tasks(6, side_px=192, seed=8)
    assert part_found(unseen, trained.predict(unseen)) >= 0.6


def test_settings_hold_at_the_next_call(trained: Tried) -> None:
    task = box_tasks(1, seed=9)
    assert trained.predict(task, confidence=1.0)[0]["result"] == []
    assert len(trained.predict(task, confidence=0.0, most_regions=2, nms_overlap=1.0)[0]["result"]) == 2
    assert "a number from 0 to 1" in trained.predict(task, nms_overlap=7)[0]["error"]


def test_a_class_that_is_no_label_any_more_is_kept_without_a_label(trained: Tried) -> None:
    config, trained.config = trained.config, BOX_CONFIG.replace('value="Disc"', 'value="Round"')
    items = trained.predict(box_tasks(8, seed=10))
    trained.config = config
    assert {label for item in items for label in labels(item)} == {"(none)", "Square"}


def test_it_goes_on_from_the_version_that_serves_by_name_and_stops_when_asked(trained: Tried) -> None:
    config, before = trained.config, trained.sink
    trained.config = BOX_CONFIG.replace('<Label value="Disc"/>', '<Label value="Ring"/><Label value="Disc"/>')
    trained.sink = type(before)(stop_after=1)
    assert trained.train(box_tasks(24), epochs=40)
    after, trained.sink, trained.config = trained.sink, before, config
    assert len(after.figures["loss"]) == 1
    assert after.figures["loss"][0] < before.figures["loss"][2]


def test_what_cannot_be_learnt_says_why(tmp_path: Path) -> None:
    tried = Tried("detector", BOX_CONFIG, tmp_path)
    with pytest.raises(Invalid, match="Nobody drew a box"):
        tried.train([answered(1, box_tasks(1)[0]["data"])])
    with pytest.raises(Invalid, match="'cuda:77' cannot be used"):
        tried.train(box_tasks(2), device="cuda:77")

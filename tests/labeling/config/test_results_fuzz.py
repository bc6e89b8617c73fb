"""Whatever arrives as a result, the answer is a summary or Invalid; nothing else gets out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.labeling.config.test_results import EVERYTHING, GOOD, item
from treadle.errors import Invalid
from treadle.labeling.config import validate_imported_result, validate_result

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)
PLACES = st.lists(st.sampled_from(["id", "from_name", "to_name", "type", "value"]), max_size=3)


def check_both(result: Any) -> None:
    with suppress(Invalid):
        validate_result(EVERYTHING, result)
    with suppress(Invalid):
        validate_imported_result(EVERYTHING, result)


@given(st.binary(max_size=200))
def test_any_bytes(result: bytes) -> None:
    check_both(result)


@given(st.lists(ANYTHING, max_size=4))
def test_any_list(result: list[Any]) -> None:
    check_both(result)


@st.composite
def nearly_good(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Good items in which something was replaced, added or left out."""
    items = [item(*entry) for entry in draw(st.lists(st.sampled_from(GOOD), min_size=1, max_size=3))]
    for changed in items:
        target = changed if draw(st.booleans()) else dict(changed["value"])
        if target is not changed:
            changed["value"] = target
        key = draw(st.sampled_from([*target, "labels", "text", "check", "sequence", "points", "item_index"]))
        if draw(st.booleans()):
            target[key] = draw(ANYTHING)
        else:
            target.pop(key, None)
    return items


@given(nearly_good())
def test_good_items_with_one_thing_changed(result: list[dict[str, Any]]) -> None:
    check_both(result)


@given(nearly_good())
def test_text_and_list_are_judged_alike(result: list[dict[str, Any]]) -> None:
    def judge(given_result: Any) -> Any:
        try:
            return validate_result(EVERYTHING, given_result)
        except Invalid as error:
            return error.fields

    text = json.dumps(result)
    # What JSON cannot say (NaN, infinity) is null in a list, and no JSON in a text.
    if "NaN" not in text and "Infinity" not in text:
        assert judge(text) == judge(result)

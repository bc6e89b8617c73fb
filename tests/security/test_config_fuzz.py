"""Whatever is written as a labelling config, it is read or refused, and costs what it is long."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treadle.errors import Invalid
from treadle.labeling.config import (
    TAGS,
    LabelConfig,
    check_task_data,
    control_weights,
    data_keys,
    has_essential_change,
    lost_labels,
    parse_config,
    sample_task,
    validate_result,
)
from treadle.ml.compat.parsed import parse_config as parse_as_tools_do
from treadle.ml.labels import read_labels

_LONG_ONES = int(os.environ.get("FUZZ_CASES", "20000"))
#: Sample data may be larger than the config that it is made of, and by how much.
_MOST_SAMPLE_BYTES = 2_000_000

_KINDS = sorted(kind.name for kind in TAGS)
_ATTRIBUTES = sorted(
    {name for kind in TAGS for name in kind.defaults} | {"name", "toName", "value", "valueList"}
)
_NAMES = st.sampled_from(["a", "b", "c", "img", "", "a,b", "a, a", "é", "$x", "{{idx}}"])
_VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "$image",
                "$a.b[0].c",
                "$a[9][9][9][9][9][9][9][9]",
                "$" + "a." * 400,
                "$a[999999999999]",
                "$",
                "$$a",
            ),
            *(
                "$a{{idx}}",
                "{{idx}}",
                "1e400",
                "nan",
                "-1",
                "9" * 400,
                "true",
                "#fff",
                "(a+)+$",
                "[",
                "\\d{9999}",
            ),
            *("javascript:alert(1)", "<b>", "]]>", "&amp;", "\t\n", "\u202e", "\U0001f600"),
        ]
    ),
    _NAMES,
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
)
_TAG_NAMES = st.one_of(
    st.sampled_from(_KINDS),
    st.sampled_from(_KINDS).map(str.lower),
    st.sampled_from(["Unknown", "script", "x:y", "_", "Ünknown", "a" * 300]),
)


@st.composite
def elements(draw: st.DrawFn, inside: st.SearchStrategy[str]) -> str:
    tag = draw(_TAG_NAMES)
    names = draw(st.lists(st.sampled_from(_ATTRIBUTES), max_size=4, unique=True))
    told = {name: draw(_NAMES if name in ("name", "toName") else _VALUES) for name in names}
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in told.items())
    return f"<{tag}{attributes}>{''.join(draw(st.lists(inside, max_size=4)))}</{tag}>"


_TREES = st.recursive(_VALUES.map(escape), elements, max_leaves=25)
_WHOLE = elements(_TREES)


def _nest(text: str, depth: int) -> str:
    return "<View>" * depth + text + "</View>" * depth


def _spoil(text: str, at: int, odd: str) -> str:
    place = at % (len(text) + 1)
    return text[:place] + odd + text[place + len(odd) // 2 :]


_ODD = [
    *(
        "<",
        ">",
        "&",
        '"',
        "'",
        "&x;",
        "&#0;",
        "&#x110000;",
        "&#xD800;",
        "]]>",
        "<![CDATA[",
        "<!--",
        "<?x",
        "\0",
        "\x01",
    ),
    *(
        "\ud800",
        "\ufffe",
        "<!DOCTYPE a [<!ENTITY x 'y'>]>",
        "<?xml version='1.1'?>",
        "<?xml encoding='utf-16'?>",
        "\r",
    ),
    *(" xmlns:x='y'", "<View", "</View>", " a='1' a='2'"),
]
_CONFIGS = st.one_of(
    _WHOLE,
    st.builds(_nest, _WHOLE, st.sampled_from([1, 50, 101, 1_500])),
    st.builds(_spoil, _WHOLE, st.integers(0, 5_000), st.sampled_from(_ODD)),
    st.builds(lambda text, times: f"<View>{text * times}</View>", _WHOLE, st.sampled_from([1, 2, 200])),
    st.builds(
        lambda raw, encoding: raw.decode(encoding, "replace"), st.binary(max_size=60), st.just("utf-16")
    ),
    st.text(max_size=60),
)
_BEFORE = parse_config(
    '<View><Image name="img" value="$image"/>'
    '<Choices name="c" toName="img"><Choice value="a"/></Choices></View>'
)


def use(config: LabelConfig) -> None:
    """All that a project does with a config that was taken."""
    sample = sample_task(config)
    assert len(msgspec.json.encode(sample)) < _MOST_SAMPLE_BYTES
    check_task_data(config, sample)
    data_keys(config)
    msgspec.json.encode(control_weights(config))
    lost_labels(_BEFORE, config)
    has_essential_change(_BEFORE, config)
    refused_or(
        lambda: validate_result(config, [{"from_name": "a", "to_name": "b", "type": "choices", "value": {}}])
    )


def refused_or(verb: Callable[[], Any]) -> Any:
    """What comes of it; None where it was refused with words that are short enough to be shown."""
    try:
        return verb()
    except Invalid as error:
        refusal = error
    assert len(refusal.message) < 5_000
    msgspec.json.encode(refusal.details)
    return None


def look(text: str) -> None:
    """Read the config as the server does, and as a model backend does."""
    config = refused_or(lambda: parse_config.__wrapped__(text))
    if config is not None:
        use(config)
    refused_or(lambda: read_labels.__wrapped__(text))
    refused_or(lambda: parse_as_tools_do(text))


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(_CONFIGS)
def test_any_config_is_read_or_refused(text: str) -> None:
    look(text)


@pytest.mark.long
@settings(max_examples=_LONG_ONES, suppress_health_check=list(HealthCheck), deadline=None, database=None)
@given(_CONFIGS)
def test_twenty_thousand_configs_are_read_or_refused(text: str) -> None:
    look(text)


@pytest.mark.parametrize(
    "value",
    ["$" + "a." * 5_000 + "a", "$a" + "[9]" * 40, "$a[0]" * 40, "$" + ".".join("a[9]" for _ in range(500))],
    ids=["deep", "lists in lists", "the same again", "both"],
)
def test_sample_data_is_not_larger_than_anybody_reads(value: str) -> None:
    config = parse_config(f'<View><Text name="t" value="{value}"/></View>')
    assert len(msgspec.json.encode(sample_task(config))) < _MOST_SAMPLE_BYTES

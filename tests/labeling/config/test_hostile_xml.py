"""XML that is meant to harm: it is refused early, with a place, and without effect."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import Invalid
from treadle.labeling.config import parse_config

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE View [<!ENTITY l0 "ha">{LAUGHS}]><View>&l9;</View>',
    "quadratic blow-up": f'<!DOCTYPE View [<!ENTITY a "{"a" * 50_000}">]><View>{"&a;" * 50_000}</View>',
    "external entity": '<!DOCTYPE View [<!ENTITY x SYSTEM "file:///etc/passwd">]><View>&x;</View>',
    "external parameter entity": '<!DOCTYPE View [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x">%x;]><View/>',
    "external DTD": '<!DOCTYPE View SYSTEM "http://127.0.0.1:1/x.dtd"><View/>',
    "entity of one's own without DTD": "<View>&mine;</View>",
    "10 MB": f"<View>{'x' * 10_000_000}</View>",
    "10 MB of two-byte letters": f"<View>{'é' * 5_000_000}</View>",
    "deep nesting": "<View>" * 5_000 + "</View>" * 5_000,
    "a lone surrogate": "<View>\ud800</View>",
    "a zero byte": "<View>\x00</View>",
    "a control character": "<View a='\x01'/>",
    "a forbidden character reference": "<View>&#0;</View>",
    "two roots": "<View/><View/>",
    "an attribute twice": '<View a="1" a="2"/>',
    "an undeclared prefix at the end of a name": "<View:/>" * 2,
}


@pytest.mark.parametrize("xml", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_xml_is_refused_with_a_place(xml: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_config(xml)
    assert caught.value.code == "config-malformed"
    problems: Any = caught.value.details["errors"]
    problem = problems[0]
    assert problem["line"] >= 1
    assert problem["column"] >= 1
    assert len(caught.value.message) < 1_000


def test_a_hundred_levels_are_allowed_and_one_more_is_not() -> None:
    assert parse_config("<View>" * 100 + "</View>" * 100)
    with pytest.raises(Invalid, match="deeper than 100"):
        parse_config("<View>" * 101 + "</View>" * 101)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "ascii", "no-such-encoding"])
def test_a_declared_encoding_changes_nothing_since_the_text_is_read_already(encoding: str) -> None:
    config = parse_config(f'<?xml version="1.0" encoding="{encoding}"?><View><Header value="é😀"/></View>')
    assert config.root.children[0].attributes["value"] == "é😀"


def test_a_byte_order_mark_and_the_five_entities_of_xml_are_read() -> None:
    config = parse_config("\ufeff<View><Header value='&lt;&amp;&gt;&quot;&apos;&#233;'/></View>")
    assert config.root.children[0].attributes["value"] == "<&>\"'é"


def test_controls_inside_controls_do_not_multiply_the_work() -> None:
    inside = '<Choice value="a"/>' * 20_000
    nested = "".join(f'<Taxonomy name="x{i}" toName="t">' for i in range(90))
    config = parse_config(f'<View><Text name="t" value="$t"/>{nested}{inside}{"</Taxonomy>" * 90}</View>')
    assert [len(control.labels) for control in config.controls] == [0] * 89 + [20_000]


def test_an_error_that_concerns_thousands_of_names_stays_short() -> None:
    objects = "".join(f'<Text name="t{i}" value="$t"/>' for i in range(5_000))
    controls = "".join(f'<Rating name="r{i}" toName="x"/>' for i in range(5_000))
    with pytest.raises(Invalid) as caught:
        parse_config(f"<View>{objects}{controls}</View>")
    assert len(str(caught.value.fields)) < 50_000


@pytest.mark.parametrize("flag", ["", "{{idx}}", "1", "i", "\\d+", "("])
def test_an_odd_index_flag_harms_nobody(flag: str) -> None:
    config = parse_config(
        f'<View><Repeater on="$a" indexFlag="{flag}"><Text name="t{flag * 40}" value="$a"/>'
        f'<Rating name="r{flag * 40}"/></Repeater></View>'
    )
    assert config.control("r" + "1" * 5_000 + "x") is None
    assert config.parsed()


@given(st.text(alphabet=st.sampled_from(list("<>/=\"$&;! abVImgeTxlnoJ'{}\n")), max_size=200))
def test_any_text_is_a_config_or_invalid(text: str) -> None:
    with suppress(Invalid):
        parse_config(text)


TAG = st.sampled_from(
    ["View", "Image", "Labels", "Label", "Choices", "Choice", "Taxonomy", "Repeater", "Chat", "X"]
)
NAME = st.sampled_from(["name", "toName", "value", "valueList", "indexFlag", "alias", "category", "hotkey"])
VALUE = st.sampled_from(["", "a", "b", "$a", "a,b", "{{idx}}", "a_{{idx}}", "-1", "true", "²"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    tag = draw(TAG)
    attributes = draw(st.dictionaries(NAME, VALUE, max_size=4))
    inside = draw(st.lists(elements(depth - 1), max_size=3)) if depth else []
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{written}>{''.join(inside)}</{tag}>"


@given(elements())
def test_any_tree_of_tags_is_a_config_or_invalid(xml: str) -> None:
    try:
        config = parse_config(xml)
    except Invalid:
        return
    assert set(config.parsed()) == {control.name for control in config.controls}

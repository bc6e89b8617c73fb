"""Configs as people write them: what is read, what is refused, and where the error points."""

from __future__ import annotations

from typing import Any

import pytest

from treadle.errors import Invalid
from treadle.labeling.config import (
    TAGS,
    Lost,
    control_weights,
    has_essential_change,
    lost_labels,
    parse_config,
)

SHAPES = """<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Cat"/><Label value="Dog"/></RectangleLabels>
  <Choices name="q" toName="img"><Choice value="sharp"/><Choice value="blurred"/></Choices>
</View>"""


def refused(xml: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse_config(xml)
    assert caught.value.code == "config-malformed"
    assert caught.value.fields["label_config"]
    return caught.value


def place_of(error: Invalid) -> tuple[int, int]:
    first: Any = error.details["errors"]
    return first[0]["line"], first[0]["column"]


def test_a_project_tells_its_config_as_label_studio_does() -> None:
    picture = [{"type": "Image", "valueType": None, "value": "image"}]
    assert parse_config(SHAPES).parsed() == {
        "box": {
            "type": "RectangleLabels",
            "to_name": ["img"],
            "inputs": picture,
            "labels": ["Cat", "Dog"],
            "labels_attrs": {"Cat": {"value": "Cat"}, "Dog": {"value": "Dog"}},
        },
        "q": {
            "type": "Choices",
            "to_name": ["img"],
            "inputs": picture,
            "labels": ["sharp", "blurred"],
            "labels_attrs": {"sharp": {"value": "sharp"}, "blurred": {"value": "blurred"}},
        },
    }
    assert control_weights(parse_config(SHAPES)) == {
        "box": {"overall": 1.0, "type": "RectangleLabels", "labels": {"Cat": 1.0, "Dog": 1.0}},
        "q": {"overall": 1.0, "type": "Choices", "labels": {"sharp": 1.0, "blurred": 1.0}},
    }


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (
            '<View><Image name="i" valueList="$imgs"/><RectangleLabels name="b" toName="i">'
            '<Label value="A" alias="a" background="red" category="3"/></RectangleLabels></View>',
            {
                "type": "RectangleLabels",
                "to_name": ["i"],
                "inputs": [{"type": "Image", "valueType": None, "valueList": "imgs"}],
                "labels": ["a"],
                "labels_attrs": {"a": {"value": "A", "alias": "a", "background": "red", "category": "3"}},
            },
        ),
        (
            '<View><Text name="t" value="$text" valueType="url"/><Text name="t2" value="$t2"/>'
            '<Pairwise name="b" toName="t,t2"/></View>',
            {
                "type": "Pairwise",
                "to_name": ["t", "t2"],
                "inputs": [
                    {"type": "Text", "valueType": "url", "value": "text"},
                    {"type": "Text", "valueType": None, "value": "t2"},
                ],
                "labels": [],
                "labels_attrs": {},
            },
        ),
        (
            '<View><Text name="t" value="$text"/><Labels name="b" toName="t" value="$list"/></View>',
            {
                "type": "Labels",
                "to_name": ["t"],
                "dynamic_labels": True,
                "inputs": [{"type": "Text", "valueType": None, "value": "text"}],
                "labels": [],
                "labels_attrs": {},
            },
        ),
        (
            '<View><Repeater on="$images" indexFlag="{{idx}}">'
            '<Image name="p_{{idx}}" value="$images[{{idx}}]"/>'
            '<Rectangle name="b" toName="p_{{idx}}"/></Repeater></View>',
            {
                "type": "Rectangle",
                "to_name": ["p_{{idx}}"],
                "regex": {"{{idx}}": ".*"},
                "inputs": [{"type": "Image", "valueType": None, "value": "images[{{idx}}]"}],
                "labels": [],
                "labels_attrs": {},
            },
        ),
    ],
)
def test_rarer_configs_are_told_as_label_studio_tells_them(xml: str, expected: dict[str, Any]) -> None:
    assert parse_config(xml).parsed() == {"b": expected}


@pytest.mark.parametrize("kind", TAGS, ids=lambda kind: kind.name)
def test_every_tag_of_the_catalogue_parses_with_every_attribute(kind: Any) -> None:
    attributes = {**dict.fromkeys(kind.defaults, "1"), "name": "it", "toName": "img", "value": "$field"}
    attributes.pop("valueList", None)
    if kind.name == "Pairwise":
        attributes["toName"] = "img,other"
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    config = parse_config(
        f'<View><Image name="img" value="$a"/><Image name="other" value="$b"/><{kind.name} {written}>'
        f'<Label value="A"/></{kind.name}></View>'
    )
    element = next(found for found in config.root.walk() if found.attributes.get("name") == "it")
    assert (element.tag, element.kind) == (kind.name, kind)
    assert set(element.attributes) >= set(kind.defaults) - {"valueList"}
    assert not any("not known" in warning.message for warning in config.warnings)


@pytest.mark.parametrize("kind", TAGS, ids=lambda kind: kind.name)
def test_an_absent_attribute_has_label_studios_default(kind: Any) -> None:
    config = parse_config(
        '<View><Image name="img" value="$a"/><Image name="other" value="$b"/>'
        f'<{kind.name} name="it" toName="img,other" value="$v"><Label value="A"/></{kind.name}></View>'
    )
    element = next(found for found in config.root.walk() if found.attributes.get("name") == "it")
    absent = [name for name in kind.defaults if name not in ("name", "toName", "value")]
    assert {name: element.get(name) for name in absent} == {name: kind.defaults[name] for name in absent}


def test_names_of_tags_and_attributes_may_be_in_any_case() -> None:
    config = parse_config(
        '<view><IMAGE NAME="i" VALUE="$image"/><rectanglelabels name="l" toname="i" CanRotate="false">'
        '<label VALUE="a"/></rectanglelabels></view>'
    )
    control = config.control("l")
    assert control is not None
    assert (control.tag, control.to_names, control.get("canRotate")) == ("RectangleLabels", ("i",), False)
    assert [label.key for label in control.labels] == ["a"]


def test_unknown_tags_and_attributes_are_kept_and_told() -> None:
    config = parse_config('<View><Hologram name="h" depth="3"/><Header value="x" glow="yes"/></View>')
    hologram, header = config.root.children
    assert (hologram.tag, hologram.attributes) == ("Hologram", {"name": "h", "depth": "3"})
    assert header.attributes["glow"] == "yes"
    assert [(warning.line, warning.column) for warning in config.warnings] == [(1, 7)]


@pytest.mark.parametrize("xml", ["<View></View>", "<View/>", "<View>text</View>", "<Header value='x'/>"])
def test_a_config_without_controls_is_allowed(xml: str) -> None:
    assert parse_config(xml).controls == ()


def test_a_control_without_to_name_labels_the_only_object() -> None:
    config = parse_config(
        '<View><Text name="t" value="$text"/><Labels name="l"><Label value="A"/></Labels></View>'
    )
    assert config.controls[0].to_names == ("t",)


def test_a_tag_with_text_inside_takes_it_as_value() -> None:
    config = parse_config(
        '<View><Text name="t">$text</Text><HyperText name="h"><p>$a <b>$b</b></p></HyperText></View>'
    )
    assert [tag.variables for tag in config.objects] == [("text",), ("a", "b")]


def test_labels_may_stand_inside_layout_and_choices_below_choices() -> None:
    config = parse_config(
        '<View><Text name="t" value="$text"/>'
        '<Labels name="l" toName="t"><View><Label value="A"/></View></Labels>'
        '<Taxonomy name="x" toName="t"><Choice value="Animal" alias="a"><Choice value="Dog"/></Choice>'
        "</Taxonomy>"
        "</View>"
    )
    labels, taxonomy = config.controls
    assert [label.key for label in labels.labels] == ["A"]
    assert [label.path for label in taxonomy.labels] == [("a",), ("a", "Dog")]


def test_a_repeated_control_answers_to_its_numbered_names() -> None:
    config = parse_config(
        '<View><Repeater on="$images" indexFlag="{{i}}"><Image name="p{{i}}" value="$images[{{i}}].url"/>'
        '<Rectangle name="b{{i}}" toName="p{{i}}"/></Repeater></View>'
    )
    assert config.control("b12") is config.controls[0]
    assert config.object("p0") is config.objects[0]
    assert config.control("bx") is None


@pytest.mark.parametrize(
    ("xml", "line", "column", "says"),
    [
        ("<View><Imag", 1, 7, "unclosed token"),
        ("", 1, 1, "no element"),
        ("<View>\n  <Text/>\n</Views>", 3, 3, "mismatched tag"),
        ('<View>\n <Text name="t"/></View>', 2, 2, "shows nothing"),
        ('<View>\n <Text value="$t"/></View>', 2, 2, "has no name"),
        (
            '<View><Image name="i" value="$i"/><Labels toName="x"/></View>',
            1,
            35,
            "'name' is a required property",
        ),
        (
            '<View><Text name="t" value="$t"/><Choices name="t"><Choice value="A"/></Choices></View>',
            1,
            34,
            'the name "t" is used twice',
        ),
        (
            '<View><Text name="t" value="$t"/>\n<Rating name="l" toName="x"/></View>',
            2,
            1,
            "toName=\"x\" not found in names: ['t']",
        ),
        (
            '<View><Text name="t" value="$t"/><Text name="u" value="$u"/>\n\n   <Rating name="r"/></View>',
            3,
            4,
            "does not say what it labels",
        ),
        ('<View><Rating name="r"/></View>', 1, 7, "does not say what it labels"),
        ('<View><Text name="t" value="$t"/><Labels name="l" toName="t"/></View>', 1, 34, "has no labels"),
        ('<View><Text name="t" value="$t"/><Choices name="l" toName="t"/></View>', 1, 34, "has no labels"),
        (
            '<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label/></Labels></View>',
            1,
            62,
            "has no value",
        ),
        ('<View><Text name="t" value="$t"/><Pairwise name="p" toName="t"/></View>', 1, 34, "compares two"),
        # The column counts characters, not bytes.
        ('<View><Header value="😀é"/><Text name="t"/></View>', 1, 27, "shows nothing"),
    ],
)
def test_an_error_points_at_line_and_column(xml: str, line: int, column: int, says: str) -> None:
    error = refused(xml)
    assert place_of(error) == (line, column)
    assert says in error.fields["label_config"][0]
    assert f"line {line}, column {column}" in error.message


def test_all_problems_are_told_at_once_in_order() -> None:
    error = refused('<View>\n<Rating name="r" toName="x"/>\n<Text name="t"/>\n<Image value="$i"/>\n</View>')
    assert [problem["line"] for problem in error.details["errors"]] == [2, 3, 4]  # type: ignore[attr-defined]


def test_a_taxonomy_may_be_empty_and_take_its_items_from_elsewhere() -> None:
    text = '<View><Text name="t" value="$t"/>{}</View>'
    assert parse_config(text.format('<Taxonomy name="x" toName="t"/>')).controls
    assert parse_config(text.format('<Taxonomy name="x" toName="t" apiUrl="/items"/>')).controls[0].is_dynamic


def test_relations_are_read_and_write_nothing_of_their_own() -> None:
    config = parse_config(
        '<View><Relations><Relation value="works_at"/></Relations><Text name="t" value="$text"/></View>'
    )
    assert config.relations == ("works_at",)
    assert config.controls == ()


def test_a_control_on_an_object_that_it_cannot_label_is_a_warning() -> None:
    config = parse_config('<View><Text name="t" value="$t"/><Rectangle name="b" toName="t"/></View>')
    assert [warning.message for warning in config.warnings] == ['Rectangle "b" labels Image, not Text']


def test_what_a_change_takes_away_is_told_by_control_and_label() -> None:
    old = parse_config(SHAPES)
    assert lost_labels(old, old) == ()
    assert lost_labels(old, parse_config(SHAPES.replace('<Label value="Dog"/>', ""))) == (Lost("box", "Dog"),)
    assert lost_labels(old, parse_config(SHAPES.replace('name="q"', 'name="r"'))) == (Lost("q", None),)
    assert lost_labels(old, parse_config(SHAPES.replace("RectangleLabels", "PolygonLabels"))) == (
        Lost("box", None),
    )
    assert lost_labels(old, parse_config("<View/>")) == (Lost("box", None), Lost("q", None))


def test_a_new_label_is_no_essential_change_and_other_data_is() -> None:
    old = parse_config(SHAPES)
    more = SHAPES.replace('<Label value="Dog"/>', '<Label value="Dog"/><Label value="Cow"/>')
    assert not has_essential_change(old, parse_config(more))
    assert has_essential_change(old, parse_config(SHAPES.replace("$image", "$picture")))
    assert has_essential_change(parse_config(more), old)


def test_chosen_weights_survive_and_new_labels_weigh_one() -> None:
    chosen = {"box": {"overall": 0.5, "labels": {"Cat": 2.0, "Gone": 3.0}}}
    weights = control_weights(parse_config(SHAPES), chosen)
    assert weights["box"] == {"overall": 0.5, "type": "RectangleLabels", "labels": {"Cat": 2.0, "Dog": 1.0}}

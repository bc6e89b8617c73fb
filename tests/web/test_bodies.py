"""Bodies and queries are parsed at the door."""

from __future__ import annotations

import msgspec
import pytest

from treadle.errors import Invalid
from treadle.web import bodies


class Box(msgspec.Struct):
    title: str
    width: int = 1
    inner: list[dict[str, int]] = []


def test_malformed_json_is_worded_as_label_studio_words_it() -> None:
    with pytest.raises(Invalid) as caught:
        bodies.parse_json(b'{"a": nope}')
    assert caught.value.message == "JSON parse error - Expecting value: line 1 column 7 (char 6)"


@pytest.mark.parametrize(
    "body", [b'{"a": NaN}', b'"\xff"', b"[" * 100_000, b'{"a": 1} x', b'\xef\xbb\xbf{"a']
)
def test_every_other_malformed_body_is_invalid_too(body: bytes) -> None:
    for parse in (bodies.parse_json, bodies.parse_object):
        with pytest.raises(Invalid) as caught:
            parse(body)
        assert caught.value.message.startswith("JSON parse error - ")
    with pytest.raises(Invalid):
        bodies.decode(body, Box)


def test_an_empty_body_is_an_empty_object() -> None:
    assert bodies.parse_json(b" ") == {}
    with pytest.raises(Invalid) as caught:
        bodies.decode(b"", Box)
    assert caught.value.fields == {"title": ["This field is required."]}


def test_a_list_where_an_object_belongs_is_invalid() -> None:
    with pytest.raises(Invalid) as caught:
        bodies.parse_object(b"[]")
    assert caught.value.fields == {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"title": 3}', "title"),
        (b'{"title": "x", "width": "wide"}', "width"),
        (b'{"title": "x", "inner": [{"a": "b"}]}', "inner"),
        (b"[]", "non_field_errors"),
        (b"{}", "title"),
    ],
)
def test_a_field_that_does_not_fit_is_named(body: bytes, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        bodies.decode(body, Box)
    assert list(caught.value.fields) == [field]


def test_a_form_is_read_as_texts_and_converted() -> None:
    fields = bodies.parse_form(b"title=caf%C3%A9&width=3", "application/x-www-form-urlencoded")
    assert bodies.convert(fields, Box) == Box("café", 3)


def test_a_form_in_another_encoding_is_invalid() -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        bodies.parse_form(b"title=\xff", "application/x-www-form-urlencoded")


def test_numbers_and_flags_of_a_query() -> None:
    assert bodies.whole_number("page", "12", 1) == 12
    assert bodies.whole_number("page", None, 1) == 1
    assert bodies.flag("all", "True", False) is True
    assert bodies.flag("all", None, True) is True
    for wrong in ("1.5", "x", "9" * 30, "1 "):
        with pytest.raises(Invalid) as caught:
            bodies.whole_number("page", wrong, 1)
        assert list(caught.value.fields) == ["page"]
    with pytest.raises(Invalid):
        bodies.flag("all", "perhaps", False)

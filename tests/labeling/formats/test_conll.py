"""CoNLL-2003: words and labels, with nothing marked lost in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.labeling.formats.feeding import annotation, export, task
from treadle.labeling.formats import Reason
from treadle.labeling.formats.words import cut_words, split_words

CONFIG = (
    '<View><Labels name="ner" toName="t"><Label value="Person"/><Label value="Place Name"/>'
    '<Label value="Place_Name"/></Labels><Text name="t" value="$text"/>'
    '<Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
)


def span(start: int, end: int, *labels: str, region_id: str = "r") -> dict[str, Any]:
    return {
        "id": region_id,
        "from_name": "ner",
        "to_name": "t",
        "type": "labels",
        "value": {"start": start, "end": end, "text": "", "labels": list(labels)},
    }


def lines_of(text: str, *result: dict[str, Any]) -> tuple[list[str], dict[str, int]]:
    written, told = export("CONLL2003", CONFIG, [task(1, {"text": text}, annotation(1, list(result)))])
    head, *lines = written.decode().split("\n")
    assert head == "-DOCSTART- -X- O"
    assert lines[-2:] == ["", ""]
    return [line.replace(" -X- _ ", " ") for line in lines[:-2]], told.left_out


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in split_words(text)]


def test_a_label_begins_with_b_and_goes_on_with_i() -> None:
    found, left_out = lines_of("Ada Lovelace met Ada.", span(0, 12, "Person"), span(17, 20, "Person"))
    assert found == ["Ada B-Person", "Lovelace I-Person", "met O", "Ada B-Person", ". O"]
    assert left_out == {}


def test_a_word_is_cut_where_a_label_ends() -> None:
    found, _ = lines_of("anti-Roman", span(5, 10, "Place Name"))
    assert found == ["anti- O", "Roman B-Place_Name"]


def test_labels_that_look_alike_are_told_apart() -> None:
    found, _ = lines_of("a b", span(0, 1, "Place Name"), span(2, 3, "Place_Name"))
    assert found == ["a B-Place_Name", "b B-Place_Name_2"]


def test_what_a_word_cannot_carry_is_reported() -> None:
    choice = {"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["a"]}}
    found, left_out = lines_of(
        "Ada Lovelace",
        span(4, 12, "Person", region_id="inner"),
        span(0, 12, "Person", "Place Name"),
        span(3, 4, "Person"),
        span(0, 3),
        choice,
        {"type": "relation", "from_id": "r", "to_id": "inner", "direction": "right"},
    )
    assert found == ["Ada B-Person", "Lovelace I-Person"]
    assert left_out == {
        reason.value: 1
        for reason in (
            Reason.OVERLAP, Reason.FURTHER_LABEL, Reason.NO_WORD, Reason.NO_LABEL, Reason.ANSWER,
            Reason.RELATION,
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's 3.5%, isn't it?", ["It", "'s", "3.5", "%", ",", "is", "n't", "it", "?"]),
        ("J. Doe, the U.S., left... Why?", ["J.", "Doe", ",", "the", "U.S.", ",", "left", "...", "Why", "?"]),
        ("One. Two (at 10:30).", ["One", ".", "Two", "(", "at", "10:30", ")", "."]),
        ("I cannot, I can't.", ["I", "can", "not", ",", "I", "ca", "n't", "."]),
        ('"No," he said.', ['"', "No", ",", '"', "he", "said", "."]),
        (" \u00a0\n", []),
    ],
)
def test_words_are_those_of_the_treebank(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(max_size=60), st.lists(st.integers(0, 60)))
def test_words_hold_every_character_that_is_no_space_once(text: str, edges: list[int]) -> None:
    cut = cut_words(split_words(text), edges)
    assert "".join(text[start:end] for start, end in cut) == "".join(text.split())
    assert all(start < end for start, end in cut)
    assert not any(start < edge < end for start, end in cut for edge in edges)

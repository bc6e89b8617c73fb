"""Patterns of paths that leave something out: against a definition that tries everything."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import Invalid
from treadle.repos.globs import compile_glob, literal_prefix

PATHS = ("a", "b", "ab", "a/a", "a/b", "a.json", "d/a.json", "d/e/a.png", "d/e/b.json", "", "ä")


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("!(a)", ["b", "ab", "a.json", "", "ä"]),
        ("!(a|*.json)", ["b", "ab", "", "ä"]),
        ("!(a)*", ["a", "b", "ab", "a.json", "", "ä"]),
        ("a!(b)", ["a", "a.json"]),
        ("/**/!(*.json)"[1:], ["a", "b", "ab", "a/a", "a/b", "d/e/a.png", "", "ä"]),
        ("d/**/!(a).json", ["d/e/b.json"]),
        ("{d/!(x),a}/a*", ["a/a", "d/e/a.png"]),
        ("d/!([a-d])/{a,b}.*", ["d/e/a.png", "d/e/b.json"]),
        ("**!(.json)", list(PATHS)),
        ("!(?|{a,d}*)/?", []),
    ],
)
def test_what_is_named_is_left_out(pattern: str, matched: list[str]) -> None:
    matches = compile_glob(pattern)
    assert [path for path in PATHS if matches(path)] == matched


@pytest.mark.parametrize("wrong", ["!(a", "!(a|!(b))", "{a,!(b}", "!(a)" * 51])
def test_a_pattern_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid):
        compile_glob(wrong)


def test_a_pattern_that_is_made_to_cost_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.repos.excluding._MOST_STEPS", 5_000)
    matches = compile_glob("*!(" + "*a*b" * 45 + ")*c")
    with pytest.raises(Invalid, match="simpler"):
        for number in range(1_000):
            matches(f"{number:b}".replace("0", "a").replace("1", "b") * 20)


def test_names_in_a_script_of_many_characters_cost_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.repos.excluding._MOST_STEPS", 5_000)
    matches = compile_glob("**/!(*.json|*.txt)")
    names = [chr(0x4E00 + number) for number in range(2_000)]
    assert all(matches(f"{name}/{name}.png") and not matches(f"{name}/{name}.txt") for name in names)


def test_a_pattern_that_is_made_to_cost_is_refused_at_one_long_path() -> None:
    matches = compile_glob("*!(" + "*a*b" * 45 + ")*c")
    path = "".join(random.Random(1).choices("ab", k=1_000))
    with pytest.raises(Invalid, match="simpler"):
        matches(path)


def test_only_what_comes_before_is_taken_as_it_is() -> None:
    assert literal_prefix("a/b!(c)") == "a/b"
    assert literal_prefix("a/b!") == "a/b!"


SMALL = st.text("ab/", max_size=6)


@given(st.text("ab", max_size=2), st.lists(st.text("ab*", max_size=3), min_size=1, max_size=3), SMALL, SMALL)
def test_it_is_as_when_every_part_is_tried(before: str, left_out: list[str], after: str, path: str) -> None:
    inner = [re.compile("".join(".*" if char == "*" else char for char in each)) for each in left_out]
    parts = (path[len(before) : end] for end in range(len(before), len(path) + 1))
    expected = path.startswith(before) and any(
        "/" not in part
        and not any(each.fullmatch(part) for each in inner)
        and path == f"{before}{part}{after}"
        for part in parts
    )
    assert compile_glob(f"{before}!({'|'.join(left_out)}){after}")(path) == expected

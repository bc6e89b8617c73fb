"""Patterns of paths that leave something out, ``!(a|b)``: what no regular expression of RE2 can say.

A pattern becomes states; a path is walked along them one character at a time, in all of them at once, and
what was met is remembered. Of ``!(a|b)`` a walk inside goes along: the part may end wherever that walk does
not. Patterns can be made for which nearly nothing is met twice, so the steps are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from treadle.errors import Invalid

_LONGEST = 200
_MOST_REMEMBERED = 50_000
#: A tenth to half a second, and some 10 MB.
_MOST_STEPS = 300_000
#: Stands for all characters that a pattern does not name; no path has it.
_OTHER = "\0"
_END = 0

Fits = Callable[[str], bool]
#: A state, or that of a ``!(…)`` with all items that its walk inside is at.
Item = Any
Items = frozenset[Item]
Piece = Callable[[int], int]


@dataclass(frozen=True)
class _Char:
    fits: Fits
    then: int


@dataclass(frozen=True)
class _Either:
    states: tuple[int, ...]


@dataclass(frozen=True)
class _Not:
    """Any part of a name along which the walk from ``inside`` is not at ``accepts``."""

    inside: int
    accepts: int
    then: int


def compile_excluding(pattern: str) -> Callable[[str], bool]:
    """Whether a path matches. Raises Invalid("glob")."""
    if len(pattern) > _LONGEST:
        raise Invalid("glob", f"A pattern with !(…) has at most {_LONGEST} characters.")
    return _Walk(pattern).matches


class _Reader:
    """The states of a pattern. A piece is given the state that follows it, and gives that it begins with."""

    def __init__(self, pattern: str) -> None:
        self.states: list[_Char | _Either | _Not | None] = [None]
        self._pattern = pattern
        self._at = 0
        self._is_inside = False
        pieces = self._read("")
        if self._at < len(pattern):
            raise self._wrong()
        self.start = self._chain(pieces, _END)

    def _read(self, ends: str) -> list[Piece]:
        pieces: list[Piece] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in ends:
            pieces.append(self._piece(ends))
        return pieces

    def _piece(self, ends: str) -> Piece:
        pattern, at = self._pattern, self._at
        if pattern.startswith("!(", at):
            if self._is_inside:
                raise Invalid("glob", f"{pattern!r} has !(…) in another. Say what is left out in one.")
            self._is_inside = True
            choices = self._choices("!(", "|", ")")
            self._is_inside = False
            return self._negated(choices)
        if pattern[at] == "{":
            return self._either(self._choices("{", ",", "}"))
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            self._at += 3
            return self._either([[], [self._any(_anything), self._char(_is("/"))]])
        if pattern.startswith("**", at):
            self._at += 2
            return self._any(_anything)
        if pattern[at] == "[" and "]" in pattern[at + 2 :]:
            end = pattern.index("]", at + 2)
            self._at = end + 1
            return self._char(self._class(pattern[at + 1 : end]))
        self._at += 1
        if pattern[at] == "*":
            return self._any(_in_a_name)
        return self._char(_in_a_name if pattern[at] == "?" else _is(pattern[at]))

    def _choices(self, opens: str, between: str, closes: str) -> list[list[Piece]]:
        self._at += len(opens)
        choices = [self._read(between + closes)]
        while self._pattern.startswith(between, self._at):
            self._at += 1
            choices.append(self._read(between + closes))
        if not self._pattern.startswith(closes, self._at):
            raise self._wrong()
        self._at += 1
        return choices

    def _chain(self, pieces: list[Piece], then: int) -> int:
        for piece in reversed(pieces):
            then = piece(then)
        return then

    def _char(self, fits: Fits) -> Piece:
        return lambda then: self._add(_Char(fits, then))

    def _any(self, fits: Fits) -> Piece:
        def make(then: int) -> int:
            again = self._add(None)
            self.states[again] = _Either((self._add(_Char(fits, again)), then))
            return again

        return make

    def _either(self, choices: list[list[Piece]]) -> Piece:
        return lambda then: self._add(_Either(tuple(self._chain(each, then) for each in choices)))

    def _negated(self, choices: list[list[Piece]]) -> Piece:
        def make(then: int) -> int:
            accepts = self._add(None)
            return self._add(_Not(self._either(choices)(accepts), accepts, then))

        return make

    def _class(self, inside: str) -> Fits:
        """One of ``[a-z]``, or with ``!`` or ``^`` none of them; never a slash where it leaves out."""
        is_negated = inside[0] in "!^"
        chars = inside[1:] if is_negated else inside
        spans: list[tuple[str, str]] = []
        while chars:
            is_span = len(chars) > 2 and chars[1] == "-"
            spans.append((chars[0], chars[2] if is_span else chars[0]))
            chars = chars[3 if is_span else 1 :]
        if any(first > last for first, last in spans):
            raise self._wrong()
        return partial(_is_left if is_negated else _is_one, spans)

    def _add(self, state: _Char | _Either | _Not | None) -> int:
        self.states.append(state)
        return len(self.states) - 1

    def _wrong(self) -> Invalid:
        return Invalid("glob", f"{self._pattern!r} is no pattern of paths: a bracket is wrong.")


class _Walk:
    """Walks paths along the states of a pattern."""

    def __init__(self, pattern: str) -> None:
        read = _Reader(pattern)
        self._pattern = pattern
        self._states = read.states
        self._left = _MOST_STEPS
        #: With classes any character may be named; None then.
        self._named = None if {"[", _OTHER} & set(pattern) else frozenset(pattern) | {"/"}
        self._begin = self._spread([read.start])
        self._met: dict[tuple[Items, str], Items] = {}

    def matches(self, path: str) -> bool:
        items = self._begin
        for each in path:
            char = each if self._named is None or each in self._named else _OTHER
            found = self._met.get((items, char))
            if found is None:
                if len(self._met) >= _MOST_REMEMBERED:
                    self._met.clear()
                found = self._met[items, char] = self._step(items, char)
            items = found
        return _END in items

    def _step(self, items: Items, char: str) -> Items:
        following: list[Item] = []
        self._left -= len(items)
        if self._left < 0:
            raise Invalid("glob", f"{self._pattern!r} is too much work. Write a simpler pattern.")
        for item in items:
            if isinstance(item, tuple):
                if char != "/":
                    following.append((item[0], self._step(item[1], char)))
                continue
            state = self._states[item]
            if isinstance(state, _Char) and state.fits(char):
                following.append(state.then)
        return self._spread(following)

    def _spread(self, items: Iterable[Item]) -> Items:
        """The items with all that are reached from them without a character."""
        found: set[Item] = set()
        waiting = list(items)
        while waiting:
            item = waiting.pop()
            if item in found:
                continue
            found.add(item)
            if isinstance(item, tuple):
                state = self._states[item[0]]
                assert isinstance(state, _Not), "only these are walked inside"
                if state.accepts not in item[1]:
                    waiting.append(state.then)
                continue
            state = self._states[item]
            if isinstance(state, _Either):
                waiting += state.states
            elif isinstance(state, _Not):
                waiting.append((item, self._spread([state.inside])))
        return frozenset(found)


def _anything(_char: str) -> bool:
    return True


def _in_a_name(char: str) -> bool:
    return char != "/"


def _is(wanted: str) -> Fits:
    return lambda char: char == wanted


def _is_one(spans: Sequence[tuple[str, str]], char: str) -> bool:
    return any(first <= char <= last for first, last in spans)


def _is_left(spans: Sequence[tuple[str, str]], char: str) -> bool:
    return char != "/" and not _is_one(spans, char)

"""CoNLL: a word on each line with its label, an empty line behind each text.

Words become a text with a space between them; the label is in the last column, the word in the first.
``B-`` begins a label, ``I-`` and ``E-`` continue it, ``S-`` is one by itself, ``O`` is none.
Source: Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task", 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from treadle.labeling.imports.datasets import take
from treadle.labeling.imports.matching import Matcher, Region
from treadle.labeling.imports.materials import Materials
from treadle.labeling.imports.reading import malformed
from treadle.labeling.imports.rows import StagedTask

HEAD = "-DOCSTART-"
_MOST_WORDS = 1_000_000


def read_conll(
    lines: Iterable[str], name: str, matcher: Matcher, materials: Materials
) -> Iterator[StagedTask]:
    """A task for each text, its labels in characters. Raises Invalid("file-malformed") naming the line."""
    words: list[tuple[str, str, int]] = []
    for number, line in enumerate(lines, start=1):
        columns = line.split()
        if columns and columns[0] == HEAD:
            continue
        if columns:
            if len(columns) < 2:
                raise malformed(name, f"line {number}: a word without a label.")
            words.append((columns[0], _label(columns), number))
            if len(words) > _MOST_WORDS:
                raise malformed(name, f"line {number}: a text has more than {_MOST_WORDS} words.")
        elif words:
            yield _task(words, name, matcher, materials)
            words = []
    if words:
        yield _task(words, name, matcher, materials)


def _label(columns: list[str]) -> str:
    # Label Studio writes labels with their spaces into the last of its four columns.
    return " ".join(columns[3:]) if columns[1:3] == ["-X-", "_"] else columns[-1]


def _task(words: list[tuple[str, str, int]], name: str, matcher: Matcher, materials: Materials) -> StagedTask:
    text = " ".join(word for word, _label, _line in words)
    items = take(_spans(words, text), matcher, materials, file=name, size_px=None)
    return matcher.task(text, [items], materials.labels_as)


def _spans(words: list[tuple[str, str, int]], text: str) -> Iterator[tuple[Region, dict[str, int]]]:
    label, start, end, line = "", 0, 0, 0
    at = 0
    for word, tag, number in words:
        begins, name = _said(tag)
        if label and (begins or name != label):
            yield _span(text, start, end, label), {"line": line}
            label = ""
        if name and not label:
            label, start, line = name, at, number
        end = at + len(word)
        at = end + 1
    if label:
        yield _span(text, start, end, label), {"line": line}


def _said(tag: str) -> tuple[bool, str]:
    """Whether a label begins with this word, and which it is; empty for none."""
    if tag in ("O", "_", "-"):
        return True, ""
    mark, separator, name = tag.partition("-")
    if separator and mark in ("B", "I", "E", "S", "L", "U"):
        return mark in ("B", "S", "U"), name
    return False, tag


def _span(text: str, start: int, end: int, label: str) -> Region:
    return Region("span", label, {"start": start, "end": end, "text": text[start:end]})

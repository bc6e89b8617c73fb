"""Text as words, by the conventions of the Penn Treebank, and cut where a label begins or ends.

Punctuation stands alone; ``'s``, ``n't`` and the like are words of their own; a period belongs to an initial
or to a word with another period in it (``J.``, ``U.S.``), else it stands alone.
Source: the Penn Treebank's "Treebank tokenization", and its use for CoNLL-2003.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

#: Always a word by themselves.
_ALONE = r'[;@#$/%&?!()\[\]{}<>"“”„«»…]'
_BREAK = rf"\.{{3,}}|--+|{_ALONE}|[:,](?!\d)"
_PIECE = re.compile(rf"{_BREAK}|(?:(?!{_BREAK})\S)+")
_SHORT_FORM = re.compile(r"(?i)(?<=^can)not$|(?<=.)(?:n['’]t|['’](?:s|m|d|ll|re|ve))$|(?<=[^'’])['’]$")
_PERIOD = re.compile(r"\.(?=['’]*$)")


def split_words(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends, in characters; the end is exclusive."""
    return [
        word
        for piece in _PIECE.finditer(text)
        for word in _words(text[piece.start() : piece.end()], piece.start(), text)
    ]


def cut_words(words: Sequence[tuple[int, int]], edges: Sequence[int]) -> list[tuple[int, int]]:
    """The same words, cut at every edge that lies inside one."""
    cut: list[tuple[int, int]] = []
    waiting = sorted(set(edges), reverse=True)
    for start, end in words:
        while waiting and waiting[-1] <= start:
            waiting.pop()
        while waiting and waiting[-1] < end:
            edge = waiting.pop()
            cut.append((start, edge))
            start = edge
        cut.append((start, end))
    return cut


def _words(piece: str, offset: int, text: str) -> Iterator[tuple[int, int]]:
    cuts = [0, len(piece)]
    found = _PERIOD.search(piece)
    if found and _ends_sentence(piece, found.start()) and _stands_at_an_end(text, offset + len(piece)):
        cuts += found.span()
        piece = piece[: found.start()]
    short = _SHORT_FORM.search(piece)
    if short:
        cuts.append(short.start())
    places = sorted(set(cuts))
    for start, end in pairwise(places):
        yield offset + start, offset + end


def _ends_sentence(piece: str, place: int) -> bool:
    """Whether the period there is no part of the word: not that of an initial, nor of ``U.S.``."""
    before = piece[:place]
    return bool(before.strip(".")) and "." not in before and not (len(before) == 1 and before.isalpha())


def _stands_at_an_end(text: str, place: int) -> bool:
    return place == len(text) or text[place].isspace() or text[place] in '"”»)]}>'

"""Texts as numbers: words, pairs of words and pieces of words, by how rare they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from treadle.errors import Invalid
from treadle.ml import Control, Task

_MOST_CHARACTERS = 100_000
_TAG = re.compile(r"<[^>]*>")
#: By name: how it cuts a text, how many neighbours it takes together, and how many terms it keeps.
_CUTS: Mapping[str, Mapping[str, Any]] = {
    "words": {"analyzer": "word", "token_pattern": r"(?u)\b\w+\b", "ngram_range": (1, 2)},
    "pieces": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
_MOST_TERMS = {"words": 40_000, "pieces": 60_000}


class Words:
    """What is known of the terms of a set of texts."""

    def __init__(self, cuts: Mapping[str, TfidfVectorizer]) -> None:
        self._cuts = cuts

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Words:
        """The terms of ``texts``. Raises Invalid("texts-empty")."""
        readable = [_readable(text) for text in texts]
        try:
            return cls({name: _learnt(name, readable) for name in _CUTS})
        except ValueError as error:
            raise Invalid("texts-empty", f"There is no word in the {len(texts)} texts ({error}).") from error

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Words:
        """Those that `arrays` told of."""
        cuts = {}
        for name, cut in _CUTS.items():
            terms = arrays[f"{name}_terms"].tolist()
            places = {term: place for place, term in enumerate(terms)}
            cuts[name] = TfidfVectorizer(**cut, sublinear_tf=True, vocabulary=places)
            cuts[name].idf_ = arrays[f"{name}_rarity"].astype(np.float64)
        return cls(cuts)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is to be kept of them, as numbers and texts."""
        kept: dict[str, NDArray[Any]] = {}
        for name, cut in self._cuts.items():
            kept[f"{name}_terms"] = np.array(cut.get_feature_names_out(), dtype=np.str_)
            kept[f"{name}_rarity"] = cut.idf_.astype(np.float32)
        return kept

    def read(self, task: Task, control: Control) -> str:
        """What it sees of a task."""
        return read_text(task, control)

    def look(self, texts: Sequence[str]) -> Any:
        """(texts, terms), sparse."""
        readable = [_readable(text) for text in texts]
        return sparse.hstack([cut.transform(readable) for cut in self._cuts.values()], format="csr")


def read_text(task: Task, control: Control) -> str:
    """The words that a question is about: without tags, and of a dialogue all that was said."""
    source = control.sources[0]
    value = task.value(control.value_key or None)
    if source.tag.lower() == "paragraphs" and isinstance(value, Sequence) and not isinstance(value, str):
        key = source.attributes.get("textKey", "text")
        return "\n".join(str(part.get(key, "")) for part in value if isinstance(part, Mapping))
    text = task.text(control.value_key or None)
    return _TAG.sub(" ", text) if source.tag.lower() == "hypertext" else text


def _learnt(name: str, texts: Sequence[str]) -> TfidfVectorizer:
    return TfidfVectorizer(**_CUTS[name], sublinear_tf=True, max_features=_MOST_TERMS[name]).fit(texts)


def _readable(text: str) -> str:
    return text[:_MOST_CHARACTERS].replace("\0", " ")

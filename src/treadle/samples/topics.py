"""The sample project "Python topics": spans and one choice in the standard library's own prose."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from treadle.samples.projects import SamplePrediction, SampleProject, SampleTask

_CONFIG = """<View>
  <Labels name="span" toName="text">
    <Label value="keyword" background="#1c7ed6"/>
    <Label value="exception" background="#c92a2a"/>
    <Label value="special method" background="#5f3dc4"/>
    <Label value="code" background="#2b8a3e"/>
  </Labels>
  <Text name="text" value="$text"/>
  <Choices name="kind" toName="text" choice="single-radio" showInLine="true">
    <Choice value="statement"/>
    <Choice value="expression"/>
    <Choice value="type"/>
    <Choice value="model"/>
  </Choices>
</View>"""

_TOPICS = (
    "assert",
    "booleans",
    "break",
    "comparisons",
    "context-managers",
    "continue",
    "del",
    "dict",
    "dynamic-features",
    "exceptions",
    "for",
    "global",
    "identifiers",
    "integers",
    "lambda",
    "lists",
    "naming",
    "nonlocal",
    "pass",
    "power",
    "raise",
    "return",
    "truth",
    "try",
    "typesmodules",
    "unary",
    "while",
    "with",
)
_LONGEST = 2_400

_METHOD = "quoted names (regular expression)"
_QUOTED = re.compile(r'"([^"\n]{1,60})"')


@cache
def topics_project() -> SampleProject:
    """Texts about the Python language, with every quoted name suggested as a span."""
    return SampleProject(
        title="Python topics",
        description="What Python's help() says about its language: prose of the Python reference manual, "
        "from the module pydoc_data.topics of the standard library (PSF licence).",
        instruction="Mark keywords, exceptions, special methods and other code, then say what the text "
        "is about. Suggestions are the names that stand in quotation marks.",
        label_config=_CONFIG,
        color="#2b8a3e",
        tasks=tuple(_tasks()),
    )


def _tasks() -> Iterator[SampleTask]:
    from pydoc_data.topics import topics

    version = ".".join(str(part) for part in sys.version_info[:2])
    for name in _TOPICS:
        if name in topics:
            text = _opening(topics[name])
            data = {
                "text": text,
                "topic": name,
                "source": f"pydoc_data.topics of Python {version}",
                "credit": "Python Software Foundation",
                "licence": "PSF-2.0",
            }
            yield SampleTask(data=data, prediction=_find_names(text))


def _opening(text: str) -> str:
    """Whole paragraphs from the start, up to a length that is pleasant to label."""
    kept = ""
    for paragraph in text.strip("\n").split("\n\n"):
        if kept and len(kept) + len(paragraph) > _LONGEST:
            break
        kept = f"{kept}\n\n{paragraph}" if kept else paragraph
    return kept


def _find_names(text: str) -> SamplePrediction | None:
    names = (match for match in _QUOTED.finditer(text) if _is_name(match[1]))
    spans = tuple(_span(match, number) for number, match in enumerate(names, start=1))
    return SamplePrediction(_METHOD, None, spans) if spans else None


def _is_name(quoted: str) -> bool:
    """Whether it is more than a sign of the grammar, and not what stands between two quotations."""
    return quoted == quoted.strip() and any(character.isalpha() for character in quoted)


def _span(match: re.Match[str], number: int) -> Mapping[str, Any]:
    value = {"start": match.start(1), "end": match.end(1), "text": match[1], "labels": [_label_of(match[1])]}
    return {"id": f"span-{number}", "from_name": "span", "to_name": "text", "type": "labels", "value": value}


def _label_of(name: str) -> str:
    if keyword.iskeyword(name):
        return "keyword"
    if name.endswith(("Error", "Exception", "Interrupt", "Exit", "Iteration")):
        return "exception"
    if re.fullmatch(r"__\w+__(\(\))?", name):
        return "special method"
    return "code"

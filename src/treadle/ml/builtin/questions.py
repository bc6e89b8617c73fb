"""Which questions of a label config a classifier answers, and what people have answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from treadle.errors import Invalid
from treadle.ml.examples import Example
from treadle.ml.labels import Control, LabelConfig

_KINDS = ("choices", "taxonomy")


def find_questions(config: LabelConfig, sources: Sequence[str]) -> tuple[Control, ...]:
    """The questions about a whole text or picture. sources: their tags in small letters.

    Raises Invalid("config-unfit") where there is none.
    """
    found = tuple(control for control in config.of_kinds(_KINDS) if _is_about(control, sources))
    if not found:
        tags = " or ".join(sources)
        raise Invalid(
            "config-unfit", f"The label config asks nothing about a whole {tags}: add Choices over one."
        )
    return found


def _is_about(control: Control, sources: Sequence[str]) -> bool:
    is_whole = control.attributes.get("perRegion", "").lower() != "true"
    return is_whole and bool(control.sources) and control.sources[0].tag.lower() in sources


def is_multiple(control: Control) -> bool:
    """Whether several answers may be given at once."""
    return control.kind == "taxonomy" or control.attributes.get("choice", "").lower() == "multiple"


def answered(examples: Iterable[Example], control: Control) -> list[tuple[Example, tuple[str, ...]]]:
    """The examples that answer a question, with their answers.

    Where several answers are allowed, an example without one says that none holds.
    """
    found = []
    for example in examples:
        answers = example.answers(control.name)
        if answers or is_multiple(control):
            found.append((example, answers if is_multiple(control) else answers[:1]))
    return found

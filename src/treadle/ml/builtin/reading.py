"""Reads what a model learns from, one example after the other; what cannot be read is counted and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from treadle.errors import Invalid, TreadleError
from treadle.ml import Run
from treadle.ml.examples import Example

_SHOWN = 5

Value = TypeVar("Value")


def read_all(
    examples: Iterable[Example], read: Callable[[Example], Value], run: Run
) -> list[tuple[Example, Value]]:
    """What ``read`` makes of each example that can be read.

    The figure ``unreadable`` counts the others, and the log names the first of them. Raises
    Invalid("pictures-broken") where none can be read.
    """
    found: list[tuple[Example, Value]] = []
    reasons: list[str] = []
    for example in examples:
        value = _attempt(example, read, reasons)
        if value is not None:
            found.append((example, value))
    for reason in reasons[:_SHOWN]:
        run.log(f"Left out: {reason}")
    if reasons:
        run.log(f"{len(reasons)} of {len(found) + len(reasons)} tasks cannot be read and were left out.")
        run.log_metric("unreadable", len(reasons))
    if reasons and not found:
        raise Invalid(
            "pictures-broken", f"None of the {len(reasons)} tasks can be read. The first: {reasons[0]}"
        )
    return found


def _attempt(example: Example, read: Callable[[Example], Value], reasons: list[str]) -> Value | None:
    try:
        return read(example)
    except (TreadleError, OSError) as error:
        reasons.append(str(error))
        return None

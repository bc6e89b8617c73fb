"""One line of the table of results."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, what it may be at most, and whether that holds.

    ``theirs``: the peer's figure of the same run, in the same unit; None where there is none.
    ``most``: the budget, in the unit of ``ours``; None: told without one.
    """

    what: str
    unit: str
    ours: float
    theirs: float | None = None
    most: float | None = None
    budget: str = ""
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the budget holds; None without one."""
        return None if self.most is None else self.ours <= self.most

    def cells(self) -> list[str]:
        """The row of the table."""
        ratio = f"{self.theirs / self.ours:.1f} ×" if self.theirs and self.ours else ""
        verdict = {None: "", True: "holds", False: "**does not hold**"}[self.holds]
        theirs = "" if self.theirs is None else _number(self.theirs)
        unit = f"{self.unit}" if not self.note else f"{self.unit}, {self.note}"
        return [self.what, theirs, _number(self.ours), unit, ratio, self.budget, verdict]


def table(rows: list[Row], peer: str = "Label Studio") -> str:
    """Rows as a table of Markdown, beside the figures of ``peer``."""
    head = ("what", peer, "Treadle", "unit", "ratio", "budget", "")
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row.cells())} |" for row in rows)]) + "\n"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"

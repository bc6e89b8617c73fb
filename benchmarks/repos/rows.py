"""The table of versioned data: one line for what was measured, one column for each engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PEERS = ("cp -r", "git", "DVC", "Oxen", "nginx")


@dataclass(frozen=True)
class RepoRow:
    """What was measured in ``unit``, and what it may be at most, or must be at least.

    theirs: by peer, where they can.
    """

    what: str
    unit: str
    ours: float
    most: float | None = None
    theirs: Mapping[str, float] = field(default_factory=dict)
    least: float | None = None

    def cells(self) -> list[str]:
        """The row of the table."""
        theirs = [_number(self.theirs[peer]) if peer in self.theirs else "" for peer in PEERS]
        return [self.what, self.unit, _number(self.ours), self._budget(), self._verdict(), *theirs]

    def _budget(self) -> str:
        if self.least is not None:
            return f"at least {_number(self.least)}"
        return "" if self.most is None else _number(self.most)

    def _verdict(self) -> str:
        if self.most is None and self.least is None:
            return ""
        is_little = self.most is None or self.ours <= self.most
        is_much = self.least is None or self.ours >= self.least
        return "holds" if is_little and is_much else "**does not hold**"


def table(rows: Sequence[RepoRow]) -> str:
    """Rows as a table of Markdown."""
    head = ("what", "unit", "Treadle", "budget", "", *PEERS)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row.cells())} |" for row in rows)]) + "\n"


def _number(value: float) -> str:
    return f"{value:.2g}" if abs(value) < 10 else f"{value:,.0f}"

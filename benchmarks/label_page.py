"""The label pages of both servers, scene by scene, as rows of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.editor import measure_scenes
from benchmarks.editor_budgets import budget_of
from benchmarks.editor_scenes import SCENES, Scene
from benchmarks.editor_uis import LABEL_STUDIO, TREADLE, Ui
from benchmarks.rows import Row
from benchmarks.servers import EMAIL, PASSWORD, Server

_ROUNDS, _ROUNDS_SHORT = 3, 1
#: Rounds of Label Studio: with 1,000 boxes it takes minutes, with 5,000 its submit does not come to an end.
_THEIRS = {"100 boxes": _ROUNDS, "1,000 boxes": 1, "text, 1,000 spans": _ROUNDS}
_SHORT = ("100 boxes",)


def compare(peer: Server, server: Server, tell: Callable[[str], None], *, is_short: bool) -> list[Row]:
    """Rows of every scene; ``is_short``: of the smallest one, seen once."""
    rows: list[Row] = []
    for scene in SCENES:
        if is_short and scene.name not in _SHORT:
            continue
        tell(f"label page, {scene.name}")
        most = _ROUNDS_SHORT if is_short else _ROUNDS
        their_rounds = min(_THEIRS.get(scene.name, 0), most)
        theirs = _measure(LABEL_STUDIO, peer, scene, their_rounds) if their_rounds else {}
        ours = _measure(TREADLE, server, scene, most)
        rows += [_row(scene, what, value, unit, theirs) for what, (value, unit) in ours.items()]
    return rows


def _row(scene: Scene, what: str, value: float, unit: str, theirs: Mapping[str, tuple[float, str]]) -> Row:
    their_value = theirs[what][0] if what in theirs else None
    most, budget = budget_of(scene.name, what, their_value)
    return Row(f"{scene.name}: {what}", unit, value, their_value, most, budget)


def _measure(ui: Ui, server: Server, scene: Scene, rounds: int) -> dict[str, tuple[float, str]]:
    with server.client() as client:
        figures = measure_scenes(
            ui, server.url, client, [scene], email=EMAIL, password=PASSWORD, rounds=rounds
        )
    return {figure.what: (figure.value, figure.unit) for figure in figures}

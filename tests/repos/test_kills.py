"""A process that is killed at a step of put or finish loses nothing that was answered, and shows no half."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.repos.bench import Bench, open_bench, reopened
from tests.repos.killed import Order, content_of, kill_at
from treadle.db import Database
from treadle.errors import Conflict
from treadle.repos.failpoints import FAILPOINTS

STEPS = tuple(step for step in FAILPOINTS if step.startswith(("put.", "finish.")))
SMALL, LARGE = 1_000, 300_000


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_a_step_loses_nothing_that_was_answered(
    database: Database, tmp_path: Path, step: str
) -> None:
    walk(database, tmp_path, f"{step}=kill", (SMALL, LARGE, SMALL))


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
def test_twenty_kills_at_a_step_lose_nothing_that_was_answered(
    database: Database, tmp_path: Path, step: str
) -> None:
    bench = open_bench(database, tmp_path)
    for seed in range(20):
        chance = random.Random(seed)
        sizes = (*chance.choices((0, SMALL, LARGE), k=chance.randrange(1, 8)), LARGE)
        nth = chance.randrange(1, len(sizes) + 1) if step in ("put.before-row", "put.after-row") else 1
        walk_once(bench, tmp_path, f"{step}:{nth}=kill", sizes)


def walk(database: Database, folder: Path, step: str, sizes: tuple[int, ...]) -> None:
    walk_once(open_bench(database, folder), folder, step, sizes)


def walk_once(bench: Bench, folder: Path, step: str, sizes: tuple[int, ...]) -> None:
    """Put and finish in a process that dies; look what is there, and do the rest."""
    before = bench.head()
    opened = bench.start()
    answers = folder / f"answers-{opened}"
    answers.touch()
    url = bench.engine.database.url
    kill_at(step, Order(url, folder / "objects", bench.grant, opened, answers, sizes))
    answered = [int(line) for line in answers.read_text().split()]
    wanted = {f"files/{number}": content_of(number, size) for number, size in enumerate(sizes)}

    fresh = reopened(bench)
    there = fresh.files(opened)
    assert there.items() <= wanted.items()
    assert {f"files/{number}" for number in answered} <= there.keys()
    state = fresh.at(opened).commit.state
    assert fresh.head() == (opened if state == "finished" else before)
    if state == "open":
        fresh.put(opened, "after", b"after")
        wanted["after"] = b"after"
    if state == "finishing":
        with pytest.raises(Conflict, match="finished"):
            fresh.put(opened, "after", b"after")
    if state != "finished":
        fresh.finish(opened)
    assert fresh.head() == opened
    last = reopened(bench).files(opened)
    assert last.items() <= wanted.items()
    assert there.keys() <= last.keys()
    assert last == wanted or state == "open"
    bench.commit({}, replace_all=True)

"""Kinds of jobs that tests watch: they write what they do into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.waiting import wait_until
from treadle.errors import Invalid
from treadle.jobs import JobKind, JobRun
from treadle.permissions import Permission


@dataclass(frozen=True)
class Walk:
    """``steps`` steps; at the step ``hold`` it waits for the file ``go``."""

    folder: str
    steps: int
    hold: int = -1


@dataclass(frozen=True)
class Trace:
    """What a step returns."""

    number: int
    words: tuple[str, ...]


def walk(run: JobRun) -> object:
    order = run.decode(Walk)
    seen = []
    for number in range(order.steps):
        trace = run.step(f"step-{number}", take_step, order, number)
        seen.append(trace.number)
        run.report(number + 1, order.steps, f"took step {number}")
    return {"seen": seen, "actor": run.actor.email}


def take_step(order: Walk, number: int) -> Trace:
    write_line(order.folder, f"begin {number}")
    if number == order.hold:
        wait_until((Path(order.folder) / "go").exists, timeout_s=60)
    write_line(order.folder, f"end {number}")
    return Trace(number, ("a", "b"))


def walk_on(run: JobRun) -> object:
    """As `walk` in a later release, which has one step more at the end."""
    told = walk(run)
    run.step("rest", _rest, run.decode(Walk))
    return told


def _rest(order: Walk) -> None:
    write_line(order.folder, "rest")


def walk_otherwise(run: JobRun) -> object:
    """As `walk` in a later release, which begins with another step."""
    run.step("look", _rest, run.decode(Walk))
    return walk(run)


def undo_walk(run: JobRun) -> None:
    write_line(run.decode(Walk).folder, "undo")


def stumble(run: JobRun) -> object:
    return run.step("stumble", _refuse)


def _refuse() -> None:
    raise Invalid("row-wrong", "Row 3 has no picture.", fields={"image": ["Give one."]})


def break_down(_run: JobRun) -> object:
    raise ZeroDivisionError("a defect")


def write_line(folder: str, line: str) -> None:
    with (Path(folder) / "lines").open("a") as file:
        file.write(line + "\n")


def read_lines(folder: Path) -> list[str]:
    path = folder / "lines"
    return path.read_text().splitlines() if path.exists() else []


WALK = JobKind("walk", walk, Permission.PROJECT_WRITE, undo_walk)
STUMBLE = JobKind("stumble", stumble, Permission.PROJECT_WRITE)
BREAK_DOWN = JobKind("break-down", break_down, Permission.PROJECT_WRITE)
FOLLOW = JobKind("follow", walk, Permission.PROJECT_WRITE, is_followed=True)
KINDS = (WALK, STUMBLE, BREAK_DOWN, FOLLOW)
LATER_WALK = JobKind("walk", walk_on, Permission.PROJECT_WRITE, undo_walk)
OTHER_WALK = JobKind("walk", walk_otherwise, Permission.PROJECT_WRITE, undo_walk)
#: By the name that a worker process is told.
RELEASES = {"tests": KINDS, "later": (LATER_WALK,), "other": (OTHER_WALK,)}

"""What is looked at before a training starts: whether the work fits, suffices, and agrees.

A finding is "ok", "look" (worth knowing), or "stop": then a training starts only for a reason that is kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, islice
from typing import Literal

import msgspec

from treadle.access import Grant
from treadle.db import Database
from treadle.errors import Conflict, Invalid
from treadle.labeling import projects
from treadle.labeling.config import LabelConfig, parse_config, validate_result
from treadle.labeling.filters import TaskQuery
from treadle.learning.measures.answers import read_answers
from treadle.learning.measures.evaluation import agreement
from treadle.learning.training.dataset import LabelsThen, Reader, Work, count_annotated, held_out_of

Severity = Literal["ok", "look", "stop"]

FEW_TASKS = 20
FEW_REGIONS = 20
#: Where people agree less than that, their labels are worth a look; or no model can learn both.
AGREED, DISAGREED = 0.7, 0.4
_MOST_TASKS = 100
#: Of so many people of a task the agreement is measured, and of tasks until so many pairs of regions were
#: compared, which takes a microsecond each: while somebody waits, and in the job.
_COMPARED_PEOPLE = 4
_COMPARED_SOON, _COMPARED = 300_000, 20_000_000
_REGION_BYTES = 300
_MANY_DISAGREE = 5
#: So many finished tasks are looked at while somebody waits.
LOOKED_AT = 1_000
#: What can only be said of all tasks.
_OF_ALL = frozenset({"balance", "label-missing", "label-rare", "one-answer"})


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. tasks: some of those that it is about."""

    code: str
    severity: Severity
    text: str
    count: int = 0
    tasks: list[int] = []


class LabelCount(msgspec.Struct, frozen=True):
    """How often a label was given."""

    label: str
    count: int


class Look(msgspec.Struct, frozen=True):
    """What a first look found, at some of the work."""

    findings: list[Finding]
    task_count: int
    held_out_count: int
    labels: list[LabelCount]


class Gate:
    """Looks at finished work as it passes; memory holds a few numbers for each task."""

    def __init__(self, config: LabelConfig, *, held_out: float, compared: int = _COMPARED) -> None:
        """compared: how many pairs of regions may be, for the agreement of people."""
        self._left = compared
        self._config = config
        self._held_out = held_out
        self._labels: Counter[str] = Counter()
        self._answers: dict[str, set[str]] = defaultdict(set)
        self._misfits: list[int] = []
        self._misfit_count = 0
        self._misfit = ""
        self._first: dict[bytes, int] = {}
        self._same: list[int] = []
        self._same_count = 0
        self._agreements: list[tuple[float, int]] = []
        self.task_count = 0

    @property
    def group_count(self) -> int:
        """How many tasks show something that no task before shows."""
        return len(self._first)

    def add(self, work: Work) -> None:
        """Look at one task."""
        task_id, result = work.task.task_id, work.annotation.result_json
        self.task_count += 1
        self._check_fits(task_id, result)
        answers = read_answers(self._config, result)
        self._labels.update(answers.labels())
        for question, chosen in answers.choices.items():
            self._answers[question] |= chosen
        if work.group in self._first:
            self._same_count += 1
            if len(self._same) < _MOST_TASKS:
                self._same.append(task_id)
        self._first.setdefault(work.group, task_id)
        if work.others:
            self._compare(task_id, [result, *work.others[: _COMPARED_PEOPLE - 1]])

    def findings(self) -> list[Finding]:
        """What came of the look."""
        if not self.task_count:
            text = "No task is finished: annotations that were cancelled, skipped or rejected do not count."
            return [Finding("nothing", "stop", f"{text} Label some tasks first.")]
        found = [self._fits(), *self._suffices(), self._duplicates(), *self._balance(), *self._agrees()]
        order = {"stop": 0, "look": 1, "ok": 2}
        return sorted(found, key=lambda finding: order[finding.severity])

    def label_counts(self) -> list[LabelCount]:
        """The labels of the config in its order, then others."""
        known = dict.fromkeys(label_names(self._config), 0)
        return [LabelCount(label, count) for label, count in {**known, **self._labels}.items()]

    def _check_fits(self, task_id: int, result: bytes) -> None:
        try:
            validate_result(self._config, result)
        except Invalid as error:
            self._misfit_count += 1
            self._misfit = self._misfit or f"task {task_id}: {next(iter(error.fields.get('result', [])), '')}"
            if len(self._misfits) < _MOST_TASKS:
                self._misfits.append(task_id)

    def _compare(self, task_id: int, results: Sequence[bytes]) -> None:
        pairs = list(combinations(results, 2))
        self._left -= sum(_regions_in(one) * _regions_in(other) for one, other in pairs)
        if self._left < 0:
            return
        known = [each for pair in pairs if (each := agreement(self._config, *pair)) is not None]
        if known:
            self._agreements.append((sum(known) / len(known), task_id))

    def _fits(self) -> Finding:
        count = self._misfit_count
        if not count:
            return Finding("schema", "ok", "Every result fits the label config")
        text = (
            f"{_of(count, 'result does', 'results do')} not fit the label config ({self._misfit}). Correct "
            "them, or bring back what the config lost."
        )
        return Finding("schema", "stop", text, count, self._misfits)

    def _suffices(self) -> Iterable[Finding]:
        count = self.task_count
        if self._held_out and self.group_count < 2:
            text = "All finished tasks show the same: there is nothing to hold out. Label another one."
            yield Finding("few-tasks", "stop", text, count)
        elif count < FEW_TASKS:
            told = _of(count, "task is", "tasks are")
            text = f"{told} finished, fewer than {FEW_TASKS}: scores will be unsure"
            yield Finding("few-tasks", "look", text, count)
        if not self._held_out:
            text = "Nothing is held out: the new version will not be measured"
            yield Finding("held-out", "look", text)
        for question, chosen in self._answers.items():
            control = self._config.control(question)
            if len(chosen) == 1 and control is not None and len(control.labels) > 1:
                told = f"Every answer to “{question}” is “{min(chosen)}”"
                yield Finding("one-answer", "stop", f"{told}: there is nothing to tell apart.", count)

    def _duplicates(self) -> Finding:
        count = self._same_count
        if not count:
            return Finding("duplicates", "ok", "No two tasks show the same")
        told = _of(count, "task shows", "tasks show")
        text = f"{told} what another shows: these stay on one side of the split"
        return Finding("duplicates", "look", text, count, self._same)

    def _balance(self) -> Iterable[Finding]:
        counts = {each.label: each.count for each in self.label_counts()}
        for label, count in counts.items():
            if not count:
                text = f"“{label}” was never given: the model will not learn it"
                yield Finding("label-missing", "look", text)
            elif count < FEW_REGIONS:
                regions = "once" if count == 1 else f"{count} times"
                text = f"“{label}” was given {regions}, fewer than {FEW_REGIONS}: its score will be unsure"
                yield Finding("label-rare", "look", text, count)
        if counts and all(count >= FEW_REGIONS for count in counts.values()):
            yield Finding("balance", "ok", f"Every label was given {FEW_REGIONS} times or more")

    def _agrees(self) -> Iterable[Finding]:
        if not self._agreements:
            return
        count = len(self._agreements)
        mean = sum(value for value, _ in self._agreements) / count
        text = f"Annotators agree: {mean:.2f} on {_of(count, 'task', 'tasks')}"
        if mean >= AGREED:
            yield Finding("agreement", "ok", text, count)
            return
        unlike = [task_id for value, task_id in sorted(self._agreements) if value < AGREED][:_MOST_TASKS]
        is_hopeless = mean < DISAGREED and count >= _MANY_DISAGREE
        yield Finding("agreement", "stop" if is_hopeless else "look", text, count, unlike)


def look(
    database: Database,
    grant: Grant,
    query: TaskQuery,
    *,
    held_out: float,
    seed: int = 0,
    then: LabelsThen | None = None,
) -> Look:
    """Look at the first tasks that the query names, or a commit holds: soon, and without reading files.

    Raises Invalid.
    """
    with database.read() as tx:
        label_config = projects.config_of(tx, _project_of(grant)) if then is None else then.label_config
        total = count_annotated(tx, grant, query)
    config = parse_config(label_config)
    gate = Gate(config, held_out=held_out, compared=_COMPARED_SOON)
    groups = []
    reader = Reader(database, grant, config)
    for work in islice(reader.read(query) if then is None else reader.read_then(then), LOOKED_AT):
        gate.add(work)
        groups.append(work.group)
    findings, count = gate.findings(), gate.task_count
    if count == LOOKED_AT < total:
        text = (
            f"The first {count:,} of {total:,} annotated tasks were looked at; the others are when it begins"
        )
        partial = Finding("partly-looked", "look", text, total)
        findings, count = [partial, *(one for one in findings if one.code not in _OF_ALL)], total
    held_out_count = round(count * held_out)
    if count == len(groups):
        held_out_count = sum(map(held_out_of(groups, held_out, seed).__contains__, groups))
    return Look(findings, count, held_out_count, gate.label_counts())


def _project_of(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id


def stopping(findings: Iterable[Finding]) -> list[Finding]:
    """Those that need a reason to go on."""
    return [finding for finding in findings if finding.severity == "stop"]


def check_passes(findings: Sequence[Finding], override: str) -> None:
    """Raises Conflict("gate") for what stops a training, unless a reason overrides it; without finished
    work none does."""
    stops = stopping(findings)
    if not stops or (override and all(finding.code != "nothing" for finding in stops)):
        return
    text = " ".join(finding.text for finding in stops)
    told = {"findings": [msgspec.to_builtins(finding) for finding in findings]}
    raise Conflict("gate", f"The training was not started. {text}", details=told)


def label_names(config: LabelConfig) -> list[str]:
    """The labels of the config as results are counted by them; of nested choices the way to each."""
    names = []
    for control in config.controls:
        for label in control.labels:
            is_nested = len(label.path) > 1
            names.append(" / ".join(label.path) if is_nested else label.key)
    return list(dict.fromkeys(names))


def _regions_in(result: bytes) -> int:
    """About how many, without reading it."""
    return 1 + len(result) // _REGION_BYTES


def _of(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"

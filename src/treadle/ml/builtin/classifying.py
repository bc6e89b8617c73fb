"""What every built-in classifier does: a head for each question, over what its own sight sees of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from treadle.errors import Invalid
from treadle.ml import Control, Dataset, LabelConfig, Prediction, Run, Task, Version
from treadle.ml.builtin.answers import say
from treadle.ml.builtin.heads import Features, Fitted, Head, read_head
from treadle.ml.builtin.questions import answered, find_questions, is_multiple
from treadle.ml.builtin.reading import read_all

#: Asked between two fits: whether to go on.
OnStep = Callable[[], bool]


class Sight(Protocol):
    """Sees tasks as rows of features, as it learnt to."""

    def read(self, task: Task, control: Control) -> Any: ...

    def look(self, seen: Sequence[Any]) -> Features: ...

    def arrays(self) -> dict[str, NDArray[Any]]: ...


@dataclass(frozen=True)
class Craft:
    """How one kind of classifier learns."""

    #: The tags that it may be asked about, in small letters.
    sources: tuple[str, ...]
    read: Callable[[Task, Control], Any]
    #: A head and its sight, of what was read, the answers, and whether several may be given.
    learn: Callable[[Sequence[Any], Sequence[Sequence[str]], bool, OnStep], tuple[Fitted, Sight] | None]
    #: How often it asks whether to go on, for one question.
    steps: int


#: By the name of a question.
Answerers = Mapping[str, "tuple[Head, Sight]"]


def read_answerers(
    version: Version | None, sight_of: Callable[[Mapping[str, NDArray[Any]]], Sight]
) -> Answerers:
    """What answers each question, as `learn_questions` kept it. Raises Invalid("version-unreadable")."""
    found: dict[str, tuple[Head, Sight]] = {}
    if version is not None:
        for name, file in cast("Mapping[str, str]", version.outcome["questions"]).items():
            head, arrays = read_head(Path(file))
            found[name] = (head, sight_of(arrays))
    return found


def answer_questions(
    answerers: Answerers, controls: Sequence[Control], tasks: Sequence[Task], confidence: float
) -> list[Prediction | None]:
    """What is said of each task; None of each where no question was learnt."""
    said = []
    for control in controls:
        if control.name in answerers:
            head, sight = answerers[control.name]
            features = sight.look([sight.read(task, control) for task in tasks])
            said.append((control, head, head.probabilities(features)))
    if not said:
        return [None for _ in tasks]
    return [
        say(((control, head, rows[place]) for control, head, rows in said), confidence)
        for place in range(len(tasks))
    ]


def learn_questions(
    craft: Craft, config: LabelConfig, dataset: Dataset, run: Run
) -> dict[str, object] | None:
    """The file of each question that has answers to learn from; None where it was asked to stop.

    Raises Invalid: config-unfit, labels-few, pictures-broken, texts-empty, where there is none.
    """
    controls = find_questions(config, craft.sources)
    steps = _Steps(run, craft.steps * len(controls))
    files: dict[str, Path] = {}
    refusal: Invalid | None = None
    for number, control in enumerate(controls):
        found = _learn(craft, dataset, control, steps)
        if found is None:
            return None
        if isinstance(found, Invalid):
            refusal = refusal or found
            run.log(f'The question "{control.name}" is left out: {found.message}')
        else:
            fitted, sight = found
            path = run.folder / f"question-{number}.npz"
            files[control.name] = fitted.head.save(path, **sight.arrays())
    if refusal is not None and not files:
        raise refusal
    return {"questions": files}


def _learn(
    craft: Craft, dataset: Dataset, control: Control, steps: _Steps
) -> tuple[Fitted, Sight] | Invalid | None:
    run = steps.run
    try:
        known = answered(dataset, control)
        answers = {example.task: given for example, given in known}
        examples = (example for example, _ in known)
        read = read_all(examples, lambda example: craft.read(example.task, control), run)
        found = craft.learn(
            [seen for _, seen in read],
            [answers[example.task] for example, _ in read],
            is_multiple(control),
            steps.take,
        )
    except Invalid as error:
        return error
    if found is not None:
        run.log_metric("accuracy", found[0].accuracy)
        run.log_metric("loss", found[0].loss)
        right = f"{found[0].accuracy:.0%} right of {len(read)}"
        run.log(f'"{control.name}": {right} that it did not learn from, by cross-validation.')
    return found


class _Steps:
    """Tells the progress, and hears whether to go on."""

    def __init__(self, run: Run, total: int) -> None:
        self.run = run
        self._total = total
        self._done = 0

    def take(self) -> bool:
        """One step is done; whether to take another."""
        self._done += 1
        self.run.progress(self._done, self._total)
        return not self.run.should_stop()

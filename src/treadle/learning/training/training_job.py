"""A training as a durable job: read the work, look at it, have the backend learn, measure what came of it.

The training itself happens in the backend. Here it is followed: whatever is killed here finds it again by the
name that the backend gave it, and whatever dies there ends it in words. What serves goes on serving until
the new version is promoted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from treadle.access import Grant
from treadle.errors import NotFound, TreadleError
from treadle.jobs import JobKind, JobParts, JobRun
from treadle.labeling import projects
from treadle.learning.connections import backends
from treadle.learning.connections.backends import UNTRAINED, Backend
from treadle.learning.connections.reaching import Reach
from treadle.learning.measures.evaluation import Evaluation, is_better
from treadle.learning.serving import descent, promoting, versions
from treadle.learning.training import gate, trainings
from treadle.learning.training.already_learnt import Already, Ancestry
from treadle.learning.training.dataset import LabelsThen
from treadle.learning.training.training_following import UNNAMED, Learnt, Pace, Teacher
from treadle.learning.training.training_measuring import Examiner
from treadle.learning.training.training_work import Kept, WorkFile
from treadle.learning.training.trainings import JOB_NAME, Training, TrainingOrder
from treadle.permissions import Permission

#: How backends are looked at, and waited for.
PACE = Pace()
_SERVES = "The new one serves now."

#: The labels of the grant's project at a commit, by its name such as ``labels@v1``.
LabelsOf = Callable[[JobParts, Grant, str], LabelsThen]


class Before(msgspec.Struct, frozen=True):
    """What a backend said before it learnt; measured only where that cannot be done afterwards."""

    version: str
    evaluation: Evaluation | None


class Measured(msgspec.Struct, frozen=True):
    """A version and what served beside it, on the same held-out tasks."""

    new: Evaluation | None
    serving: Evaluation | None


def run_training(run: JobRun, labels_of: LabelsOf | None = None) -> dict[str, Any]:
    """Read, look, learn, measure, promote where that was asked for; the ids of what came of it.

    labels_of: finds what was labelled at a commit.
    """
    order = run.decode(TrainingOrder)
    kept = run.step("collect", _collect, run, order, labels_of)
    before = run.step("before", _look_before, run, order, kept)
    learnt = run.step("learn", _learn, run, order, kept, before)
    version_id = run.step("version", _note_version, run, order, learnt)
    measured = run.step("measure", _measure, run, order, kept, before, learnt)
    promoted = run.step("promote", _promote, run, order, version_id, measured)
    run.step("end", _end, run, order, learnt, measured, promoted)
    return {"training": order.training_id, "version": version_id}


def undo_training(run: JobRun) -> None:
    """Stop the backend, and say at the training what happened; a version that was made stays."""
    order = run.decode(TrainingOrder)
    work = WorkFile(run, order.training_id)
    work.forget()
    with suppress(NotFound):  # It went with its project.
        training = _training(run, order)
        if training.is_over:
            return
        _stop(run, training)
        with run.database.read() as tx:
            made = {row["training_id"] for row in trainings.versions_of(tx, training.project_id)}
        if training.id not in made:
            work.forget_sides()
        error = msgspec.json.decode(run.job.error or "{}")
        is_cancelled = error.get("code") == "job-cancelled"
        message = "It was cancelled." if is_cancelled else str(error.get("message") or "It failed.")
        with run.database.write() as tx:
            trainings.note(tx, training.id, dataset_key=training.dataset_key if training.id in made else "")
            trainings.end(tx, training.id, "cancelled" if is_cancelled else "failed", message)


TRAINING_JOB = JobKind(JOB_NAME, run_training, Permission.PROJECT_WRITE, undo_training, is_followed=True)


def training_job(labels_of: LabelsOf) -> JobKind:
    """The kind of job where labels can be read out of commits."""
    return replace(TRAINING_JOB, run=partial(run_training, labels_of=labels_of))


def _collect(run: JobRun, order: TrainingOrder, labels_of: LabelsOf | None) -> Kept:
    """Keep the work, and look whether it may be learnt from. Raises Conflict("gate")."""
    with run.database.write() as tx:
        training = trainings.get(tx, order.training_id)
        trainings.begin(tx, training)
        trainings.note(tx, training.id, message="Reads the labels")
        label_config = projects.config_of(tx, training.project_id)
    work, then = WorkFile(run, training.id), _labels_then(run, training, labels_of)
    if then is not None:
        label_config = then.label_config
    kept = work.keep(label_config, order.selection, training.wish, then)
    with run.database.write() as tx:
        trainings.note(
            tx,
            training.id,
            gate=msgspec.json.encode(kept.findings).decode(),
            task_count=kept.train_count + kept.held_out_count,
            held_out_count=kept.held_out_count,
            dataset_key=work.dataset_key,
        )
    gate.check_passes(kept.findings, training.override_reason)
    for annotation_ids in work.learnt_from():
        with run.database.write() as tx:
            descent.note_dataset(tx, training.id, annotation_ids, [] if then is None else [then.commit_id])
    return kept


def _labels_then(run: JobRun, training: Training, labels_of: LabelsOf | None) -> LabelsThen | None:
    as_of = training.wish.as_of
    if not as_of:
        return None
    assert labels_of is not None, "a server reads commits"
    return labels_of(run.parts, run.grant, as_of)


def _look_before(run: JobRun, order: TrainingOrder, kept: Kept) -> Before:
    """Tell the backend of the project; measure what serves where the training itself replaces it."""
    with _reach(run, order) as reach:
        version = Teacher(run, reach, order.training_id, PACE).tell()
        if reach.backend.can_follow or not kept.held_out_count:
            return Before(version, None)
        learnt = _learnt_before(run, reach, order)
        return Before(version, _examine(run, reach, order, kept, version, learnt.left_out, learnt.seen_count))


def _learn(run: JobRun, order: TrainingOrder, kept: Kept, before: Before) -> Learnt:
    """Have the backend learn. Raises Unavailable("training-failed", "training-lost")."""
    with _reach(run, order) as reach:
        teacher = Teacher(run, reach, order.training_id, PACE, kept.label_config)
        return teacher.teach(WorkFile(run, order.training_id), before.version)


def _note_version(run: JobRun, order: TrainingOrder, learnt: Learnt) -> int | None:
    """The id of the version that came of it; None: none did."""
    with run.database.write() as tx:
        training = trainings.get(tx, order.training_id)
        if not learnt.version:
            return None
        backend = backends.get(tx, _backend_id(training))
        trainings.note(tx, training.id, state="evaluating", message="Measures what it has learnt")
        return int(versions.note(tx, backend, learnt.version, training.id)["id"])


def _measure(run: JobRun, order: TrainingOrder, kept: Kept, before: Before, learnt: Learnt) -> Measured:
    """Ask the new version and the one that serves about the same held-out tasks."""
    if not learnt.version:
        return Measured(None, None)
    with _reach(run, order) as reach:
        reach.client.setup(reach.told)
        name = _serving_name(run, reach.backend) if reach.backend.can_follow else ""
        known = _learnt_before(run, reach, order, name)
        new_seen = known.seen_count if known.is_new_too else 0
        new = _examine(run, reach, order, kept, learnt.version, known.left_out, new_seen)
        serving = before.evaluation
        if name:
            serving = None
        if name not in ("", learnt.version):
            serving = _examine(run, reach, order, kept, name, known.left_out, known.seen_count)
    with run.database.write() as tx:
        trainings.note(tx, order.training_id, evaluation=_json(new), serving_evaluation=_json(serving))
    return Measured(new, serving)


def _promote(run: JobRun, order: TrainingOrder, version_id: int | None, measured: Measured) -> str:
    """Let the new version serve where it was asked for and is better; what came of that, in words."""
    training = _training(run, order)
    if training.wish.promote != "when_better" or version_id is None or measured.new is None:
        return ""
    with run.database.read() as tx:
        backend = backends.get(tx, _backend_id(training))
    if not backend.can_follow:
        return "The backend serves the new one already."
    # We may have let it serve already, and been killed before that was written down.
    if _serving_name(run, backend) == measured.new.version:
        return _SERVES
    if measured.serving is None or _serving_name(run, backend) != measured.serving.version:
        return "The new one does not serve: another was promoted meanwhile. Compare the two."
    if not _is_worth_it(measured.new, measured.serving):
        return "The new one does not serve: it is not measured to be better."
    try:
        promoting.promote(run.parts, run.actor, backend.id, version_id, cause="training")
    except TreadleError as error:
        if _serving_name(run, backend) == measured.new.version:
            return f"{_SERVES} {error.message}"
        return f"The new one does not serve: {error.message}"
    return _SERVES


def _end(run: JobRun, order: TrainingOrder, learnt: Learnt, measured: Measured, promoted: str) -> None:
    """Say that it is completed, and what came of it."""
    WorkFile(run, order.training_id).forget()
    with run.database.write() as tx:
        training = trainings.get(tx, order.training_id)
        known = trainings.versions_of(tx, training.project_id)
        numbers = {row["name"]: row["number"] for row in known if row["backend_id"] == training.backend_id}
        message = learnt.message
        if learnt.version:
            message = _told_of(measured, promoted, numbers, training.held_out_count)
        trainings.end(tx, training.id, "completed", message)


def _training(run: JobRun, order: TrainingOrder) -> Training:
    with run.database.read() as tx:
        return trainings.get(tx, order.training_id)


def _reach(run: JobRun, order: TrainingOrder) -> Reach:
    return Reach(run.parts, _backend_id(_training(run, order)))


def _backend_id(training: Training) -> int:
    if training.backend_id is None:
        raise NotFound("backend-not-found", "The backend was disconnected while it was to learn.")
    return training.backend_id


def _serving_name(run: JobRun, backend: Backend) -> str:
    with run.database.read() as tx:
        serving = backends.serving_version(tx, backend.id)
    return UNTRAINED if serving is None else str(serving["name"])


def _learnt_before(run: JobRun, reach: Reach, order: TrainingOrder, also: str = "") -> Already:
    ancestry = Ancestry(run.parts, _training(run, order), reach.backend)
    return ancestry.learnt(WorkFile(run, order.training_id), also)


def _examine(
    run: JobRun,
    reach: Reach,
    order: TrainingOrder,
    kept: Kept,
    version: str,
    left_out: frozenset[int],
    seen_count: int,
) -> Evaluation:
    examiner = Examiner(run, reach, kept.label_config or reach.told.label_config)
    questions = WorkFile(run, order.training_id).held_out(left_out)
    found = examiner.examine(questions, version, kept.held_out_count - len(left_out))
    if not seen_count:
        return found
    return msgspec.structs.replace(found, seen=True, seen_count=seen_count)


def _is_worth_it(new: Evaluation, serving: Evaluation) -> bool:
    """Better than what serves; or measured at all, where only the untrained model does and cannot be."""
    if serving.version == UNTRAINED and serving.value is None:
        return new.value is not None and not new.seen
    return is_better(new, serving)


def _stop(run: JobRun, training: Training) -> None:
    """End what the backend does for it, where it can be told; it may be gone, too."""
    if training.remote_job in ("", UNNAMED) or training.backend_id is None:
        return
    with suppress(TreadleError), Reach(run.parts, training.backend_id) as reach:
        reach.client.cancel(training.remote_job, keep=False)


def _told_of(measured: Measured, promoted: str, numbers: Mapping[str, int], held_out_count: int) -> str:
    """Such as: Version 4 has mAP50 0.74. Version 3 has mAP50 0.66. The new one serves now."""
    found = [each for each in (measured.new, measured.serving) if each is not None]
    if len(found) == 2 and found[0].value is None and found[0].reason == found[1].reason:
        found = found[:1]  # what keeps both from being measured is said once
    told = [_sentence(each, numbers) for each in found]
    measured_on = [each.task_count for each in found if each.value is not None]
    if measured_on and measured_on[0] < held_out_count:
        told.append(
            f"{held_out_count - measured_on[0]} of the {held_out_count} held-out tasks were left out: what "
            "serves has learnt from them."
        )
    return " ".join([*told, promoted]).strip()


def _sentence(found: Evaluation, numbers: Mapping[str, int]) -> str:
    number = numbers.get(found.version)
    name = "The untrained model" if found.version == UNTRAINED else f"Version {number or found.version}"
    if found.value is None:
        return f"{name} was not measured: {found.reason}"
    value = f"{name} has {found.metric} {found.value:.2f}"
    if not found.seen_count:
        return f"{value}."
    return f"{value}, and has learnt from {found.seen_count} of these {found.task_count} tasks."


def _json(evaluation: Evaluation | None) -> str:
    return "" if evaluation is None else msgspec.json.encode(evaluation).decode()

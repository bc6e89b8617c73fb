"""What rules of projects have due is done: by every worker, every two seconds, by one of them at a time.

Looking costs one statement; what it finds is compared with what was found before, and only a project where
something changed, or whose time has come, is looked at closely.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
from sqlalchemy import func, select

from treadle import jobs
from treadle.access import Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.db.learning_tables import learning_rules, ml_backends, trainings, version_promotions
from treadle.db.schema import annotations as annotation_rows
from treadle.db.schema import jobs as job_rows
from treadle.db.schema import project_counters, projects
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, TreadleError
from treadle.events.repeating import outliving, start_repeating
from treadle.jobs import JobParts
from treadle.labeling.filters import TaskQuery
from treadle.learning.predictions import prelabel
from treadle.learning.rules import ordering, rules
from treadle.learning.rules.rules import Facts, ProjectRules, Rules, State, Tried
from treadle.learning.training import trainings as training_verbs
from treadle.permissions import ROLE_PERMISSIONS, Permission

logger = logging.getLogger(__name__)

_EVERY_S = 2.0
#: After a failure a project is left alone for so long.
_REST = timedelta(minutes=5)
#: The same where it was no rule that failed but the looking.
_FAULT_REST = timedelta(seconds=20)
#: A training that failed is started again so often, after twice the rest each time.
_MOST_FAILURES = 3

Cause = Literal["count", "schedule", "webhook"]

_t, _b, _p, _j = trainings.c, ml_backends.c, version_promotions.c, job_rows.c
_LOOK = (
    select(
        projects.c.id,
        projects.c.options,
        project_counters.c.total_annotations,
        learning_rules.c.rules,
        learning_rules.c.state,
        select(func.max(_b.id)).where(_b.project_id == projects.c.id).scalar_subquery(),
        select(func.max(_t.changed_at)).where(_t.project_id == projects.c.id).scalar_subquery(),
        select(func.max(_p.id))
        .select_from(version_promotions.join(ml_backends, _b.id == _p.backend_id))
        .where(_b.project_id == projects.c.id)
        .scalar_subquery(),
        select(func.count())
        .where(_j.project_id == projects.c.id, _j.state.in_(("queued", "running")))
        .scalar_subquery(),
    )
    .select_from(
        projects.join(project_counters, project_counters.c.project_id == projects.c.id).outerjoin(
            learning_rules, learning_rules.c.project_id == projects.c.id
        )
    )
    .where(projects.c.deleted_at.is_(None), projects.c.id.in_(select(_b.project_id)))
)


def start_following_rules(parts: JobParts) -> None:
    """Look after the rules of projects until the process ends."""
    start_repeating("rules", _EVERY_S, RuleFollower(parts).look)


@dataclass(frozen=True)
class _Seen:
    row: tuple[Any, ...]
    #: When it is to be looked at again though nothing changed.
    wakes_at: datetime | None


class RuleFollower:
    """Looks at what changed since it last did."""

    def __init__(self, parts: JobParts) -> None:
        self._parts = parts
        self._seen: dict[int, _Seen] = {}

    def look(self) -> None:
        """Do what is due, of every project; one that fails does not keep the others."""
        with self._parts.database.read() as tx:
            rows, now = [tuple(row) for row in tx.execute(_LOOK)], tx.now
        for row in rows:
            seen = self._seen.get(row[0])
            is_awake = seen is not None and seen.wakes_at is not None and seen.wakes_at <= now
            if seen is None or seen.row != row or is_awake:
                # Where looking fails it is done again, and not at once.
                self._seen[row[0]] = _Seen(row, now + _FAULT_REST)
                with outliving("rules", project=row[0]):
                    self._seen[row[0]] = _Seen(row, self._follow(row[0]))
        gone = self._seen.keys() - {row[0] for row in rows}
        for project_id in gone:
            del self._seen[project_id]

    def _follow(self, project_id: int) -> datetime | None:
        """Do what is due in a project; when to look again."""
        failed = follow(self._parts, project_id)
        if failed:
            self._tell(project_id, failed)
        with self._parts.database.read() as tx:
            found = rules.find(tx, project_id)
            moments = (
                found.state.rests_until,
                rules.next_at(found, rules.gather(tx, project_id, found.rules)),
            )
            return min((each for each in moments if each is not None and each > tx.now), default=None)

    def _tell(self, project_id: int, failed: Sequence[_Failed]) -> None:
        """Write down why what was due was not done; it is tried again after a rest."""
        problem = " ".join(dict.fromkeys(each.error.message for each in failed))
        logger.warning("A rule failed", extra={"project": project_id, "error": problem})
        # Who may not train is not asked for again by the same call.
        is_refused = any(
            each.part is _train and isinstance(each.error, (Forbidden, NotFound, Invalid)) for each in failed
        )
        with self._parts.database.write() as tx, suppress(NotFound):
            state = rules.lock(tx, project_id).state
            asked_by = None if is_refused else state.asked_by
            rests_until = tx.now + _REST
            state = msgspec.structs.replace(
                state, problem=problem, rests_until=rests_until, asked_by=asked_by
            )
            rules.keep_state(tx, project_id, state)


class _Failed(NamedTuple):
    part: Callable[[Tx, int], None]
    error: TreadleError


def follow(parts: JobParts, project_id: int) -> list[_Failed]:
    """Do what the rules of a project have due, each for itself; what could not be done."""
    failed = []
    try:
        with parts.database.read() as tx:
            if not _has_something_due(tx, project_id):
                return []
    except TreadleError as error:
        return [_Failed(_notice, error)]
    for part in (_notice, _after_promotion, _train):
        try:
            with parts.database.write() as tx:
                part(tx, project_id)
        except TreadleError as error:  # noqa: PERF203 - one that fails keeps no other
            failed.append(_Failed(part, error))
    return failed


def due(found: ProjectRules, facts: Facts, now: datetime) -> Cause | None:
    """Why a training is due, if one is; never while one runs."""
    state = found.state
    if facts.backend is None or facts.is_training or rests(found, now):
        return None
    if state.asked_by is not None:
        return "webhook"
    after = rules.train_after(found, facts)
    if after is not None and rules.since_last(found, facts) >= after:
        return "count"
    moment = rules.next_at(found, facts)
    return "schedule" if moment is not None and moment <= now else None


def rests(found: ProjectRules, now: datetime) -> bool:
    """Is it left alone, after a failure?"""
    until = found.state.rests_until
    return until is not None and now < until


def _has_something_due(tx: Tx, project_id: int) -> bool:
    found = rules.find(tx, project_id)
    if rests(found, tx.now):
        return False
    facts = rules.gather(tx, project_id, found.rules)
    return (
        found.updated_at is None
        or _notices(found, facts)
        or _is_order_due(tx, found)
        or due(found, facts, tx.now) is not None
    )


def _notices(found: ProjectRules, facts: Facts) -> bool:
    """Has something happened that the state does not tell of?"""
    state = found.state
    is_fewer = facts.annotations < state.counted
    is_newer = facts.training > state.training or facts.promotion > state.promotion
    return is_newer or is_fewer or (state.tried is not None and facts.is_training_over)


def _notice(tx: Tx, project_id: int) -> None:
    """Count from a training of somebody else, and from what was deleted; not from one that failed."""
    found = rules.lock(tx, project_id)
    facts, state = rules.gather(tx, project_id, found.rules), found.state
    if facts.training > state.training:
        state = msgspec.structs.replace(
            state,
            tried=state.tried or Tried(state.counted, state.hours_from),
            counted=facts.annotations,
            training=facts.training,
            hours_from=facts.trained_at or state.hours_from,
        )
    if state.tried is not None and facts.is_training_over:
        state = _with_outcome(tx, state, state.tried, facts)
    if facts.annotations < state.counted:
        state = msgspec.structs.replace(state, counted=facts.annotations)
    if state != found.state:
        rules.keep_state(tx, project_id, state)


def _with_outcome(tx: Tx, state: State, tried: Tried, facts: Facts) -> State:
    """What failed has learnt nothing: what was due is due again, after a rest; what always fails is not."""
    if facts.training_state != "failed":
        return msgspec.structs.replace(state, tried=None, failures=0)
    failures = state.failures + tried.is_ours
    problem = (
        f"Training {facts.training} failed: {facts.training_message}" if tried.is_ours else state.problem
    )
    if failures > _MOST_FAILURES or _is_stopped_by_gate(tx, facts):
        return msgspec.structs.replace(state, tried=None, failures=0, problem=problem)
    rests_until = tx.now + _REST * 2 ** (failures - 1) if tried.is_ours else state.rests_until
    return msgspec.structs.replace(
        state,
        counted=tried.counted,
        hours_from=tried.hours_from,
        asked_by=state.asked_by or tried.asked_by,
        problem=problem,
        rests_until=rests_until,
        tried=None,
        failures=failures,
    )


def _is_stopped_by_gate(tx: Tx, facts: Facts) -> bool:
    """Trained again it would be stopped again: the work itself is to be looked at."""
    with suppress(NotFound):
        error = jobs.get(tx, facts.training_job or "").error
        return error is not None and msgspec.json.decode(error).get("code") == "gate"
    return False


def _after_promotion(tx: Tx, project_id: int) -> None:
    """Predict by the version that was promoted, then order the queue by that."""
    found = rules.lock(tx, project_id)
    facts, state, said = rules.gather(tx, project_id, found.rules), found.state, found.rules
    if facts.backend is not None and facts.promotion > state.promotion:
        is_order_due = said.order != "off" and said.order_after_promotion
        state = msgspec.structs.replace(state, promotion=facts.promotion, is_order_due=is_order_due)
        rules.keep_state(tx, project_id, state)
        if said.prelabel_after_promotion:
            grant = _grant_to_predict(tx, found)
            with suppress(Conflict):  # Somebody started it already.
                prelabel.start_prelabel(tx, grant, facts.backend.id, _to_predict(said))
    elif facts.backend is not None and _is_order_due(tx, found):
        version = rules.version_to_order_by(tx, facts.backend)
        rules.keep_state(tx, project_id, msgspec.structs.replace(state, is_order_due=False))
        ordering.start_ordering(tx, rules.grant_of(tx, project_id, found.set_by), said.order, version)


def _to_predict(said: Rules) -> TaskQuery:
    """What is not labelled; for an order by diversity everything: it looks at what is labelled, too."""
    is_open = {"filter": "filter:tasks:is_labeled", "operator": "equal", "type": "Boolean", "value": False}
    return TaskQuery() if said.order == "diversity" else TaskQuery({"conjunction": "and", "items": [is_open]})


def _is_order_due(tx: Tx, found: ProjectRules) -> bool:
    return found.state.is_order_due and not jobs.list_unfinished(tx, prelabel.PRELABEL, found.project_id)


def _grant_to_predict(tx: Tx, found: ProjectRules) -> Grant:
    actor = rules.grant_of(tx, found.project_id, found.set_by).actor
    return allow(tx, actor, Permission.PREDICTION_WRITE, ProjectScope(found.project_id))


def _train(tx: Tx, project_id: int) -> None:
    found = rules.lock(tx, project_id)
    facts = rules.gather(tx, project_id, found.rules)
    cause = due(found, facts, tx.now)
    if cause is None or facts.backend is None:
        return
    if cause == "schedule" and not _has_changed(tx, found, facts):
        rules.keep_state(tx, project_id, msgspec.structs.replace(found.state, hours_from=tx.now))
        return
    grant = rules.grant_of(tx, project_id, _for_whom(found, facts, cause))
    spec = rules.spec_of(_wished(found, grant))
    training = training_verbs.start(tx, grant, project_id, facts.backend.id, spec=spec, cause=cause)
    before = found.state
    state = msgspec.structs.replace(
        before,
        tried=Tried(before.counted, before.hours_from, before.asked_by, is_ours=True),
        counted=facts.annotations,
        training=training.id,
        hours_from=tx.now,
        asked_by=None,
        problem="",
        rests_until=None,
    )
    rules.keep_state(tx, project_id, state)


def _for_whom(found: ProjectRules, facts: Facts, cause: Cause) -> int | None:
    if cause == "webhook":
        return found.state.asked_by
    # Nobody set rules: it is Label Studio's option, of whoever connected the backend.
    return found.set_by if found.set_by is not None or facts.backend is None else facts.backend.created_by


def _wished(found: ProjectRules, grant: Grant) -> Rules:
    """The rules; where only Label Studio's option says to train, what is better serves, as it would there."""
    may_promote = grant.role is None or Permission.MODEL_PROMOTE in ROLE_PERMISSIONS[grant.role]
    if found.set_by is not None or not may_promote:
        return found.rules
    return msgspec.structs.replace(found.rules, promote="when_better")


def _has_changed(tx: Tx, found: ProjectRules, facts: Facts) -> bool:
    """Was something annotated since the last training? Asked once in so many hours."""
    if facts.trained_at is None:
        return facts.annotations > 0
    a = annotation_rows.c
    newer = select(a.id).where(a.project_id == found.project_id, a.updated_at > facts.trained_at).limit(1)
    return tx.execute(newer).first() is not None

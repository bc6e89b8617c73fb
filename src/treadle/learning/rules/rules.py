"""What a project does by itself: train on so many new annotations, every so many hours, when an address is
called; and after a promotion predict anew and order the queue.

Promises: what a rule starts, it starts for who set it, as long as they may; of an address only a hash is
kept, and who made it is who trains. `treadle.learning.following_rules` does what is due. What has nobody who
set it is Label Studio's option of a project, min_annotations_to_start_training: it works for who connected
the backend.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from treadle import events
from treadle.access import Actor, Grant, ProjectScope, allow
from treadle.access.audit import write_audit
from treadle.access.identities import identify_by_id
from treadle.db import Database, Tx
from treadle.db.learning_tables import learning_rules, trainings, version_promotions
from treadle.db.schema import project_counters, projects
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.labeling import projects as project_verbs
from treadle.labeling.queue import UNCERTAINTY
from treadle.learning.connections import backends
from treadle.learning.connections.backends import UNTRAINED, Backend
from treadle.learning.rules.ordering import How, start_ordering
from treadle.learning.training.trainings import Spec
from treadle.permissions import Permission

_MOST_ANNOTATIONS = 1_000_000
_HOURS = (0.25, 24.0 * 365)
_OVER = ("completed", "failed", "cancelled")

_r, _t, _p = learning_rules.c, trainings.c, version_promotions.c
_ONE = select(learning_rules).where(_r.project_id == bindparam("project_id"))
_LOCK = _ONE.with_for_update()
_WRITE = update(learning_rules).where(_r.project_id == bindparam("of_project"))
_COUNTED = (
    select(project_counters.c.total_annotations, projects.c.options)
    .join(projects, projects.c.id == project_counters.c.project_id)
    .where(project_counters.c.project_id == bindparam("project_id"))
)
_LAST_TRAINING = (
    select(_t.id, _t.state, _t.message, _t.job_id)
    .where(_t.project_id == bindparam("project_id"), _t.backend_id == bindparam("backend_id"))
    .order_by(_t.id.desc())
    .limit(1)
)
_TRAINED_AT = (
    select(_t.created_at)
    .where(
        _t.project_id == bindparam("project_id"),
        _t.backend_id == bindparam("backend_id"),
        _t.state != "failed",
    )
    .order_by(_t.id.desc())
    .limit(1)
)
_RUNNING = select(func.count()).where(
    _t.project_id == bindparam("project_id"), _t.backend_id == bindparam("backend_id"), _t.state.not_in(_OVER)
)
_LAST_PROMOTION = select(func.max(_p.id)).where(_p.backend_id == bindparam("backend_id"))
_IS_THERE = select(projects.c.id).where(
    projects.c.id == bindparam("project_id"), projects.c.deleted_at.is_(None)
)


class Rules(msgspec.Struct, frozen=True):
    """What a project does by itself, as somebody set it.

    backend: which one trains; None: the first.  spec: of a training, as the form gives it.
    """

    train_after: int | None = None
    train_every_hours: float | None = None
    backend: int | None = None
    spec: dict[str, Any] = {}
    promote: Literal["never", "when_better"] = "never"
    prelabel_after_promotion: bool = False
    order: How = "off"
    order_after_promotion: bool = False


class Hook(msgspec.Struct, frozen=True):
    """An address that trains when it is called."""

    digest: str
    made_by: int
    made_at: datetime


class Tried(msgspec.Struct, frozen=True):
    """What the state said before the newest training, for it may fail.  is_ours: a rule started it."""

    counted: int
    hours_from: datetime | None
    asked_by: int | None = None
    is_ours: bool = False


class State(msgspec.Struct, frozen=True):
    """What was done, and what is still to be done."""

    #: Annotations that the project had when they were last counted as learned from.
    counted: int = 0
    #: The newest training that was seen, and the newest promotion.
    training: int = 0
    promotion: int = 0
    #: Since when the hours count.
    hours_from: datetime | None = None
    #: The address was called, and by whom it was made.
    asked_by: int | None = None
    #: The queue is to be ordered once nothing is predicted any more.
    is_order_due: bool = False
    #: Why what was due was not done, and until when it is left alone.
    problem: str = ""
    rests_until: datetime | None = None
    #: How tasks were handed out before the queue was ordered.
    sampling_before: str = ""
    #: Until it is known what came of the newest training; and how many failed one after the other.
    tried: Tried | None = None
    failures: int = 0
    hook: Hook | None = None


@dataclass(frozen=True)
class ProjectRules:
    """The rules of a project as they are kept; ``set_by``: whose they are."""

    project_id: int
    rules: Rules
    state: State
    set_by: int | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Facts:
    """What is due depends on these: the backend, its newest training and promotion, and the annotations.

    option: Label Studio's of the project: train after so many; 0: it says nothing.  trained_at: when the
    newest that did not fail was ordered.
    """

    backend: Backend | None
    annotations: int
    option: int
    training: int
    trained_at: datetime | None
    is_training: bool
    promotion: int
    training_state: str = ""
    training_message: str = ""
    training_job: str | None = None

    @property
    def is_training_over(self) -> bool:
        """Whether it is known what came of the newest training."""
        return self.training_state in _OVER


def find(tx: Tx, project_id: int) -> ProjectRules:
    """The rules of a project; those that do nothing where nobody set any."""
    return _read(tx, project_id, is_locked=False)


def lock(tx: Tx, project_id: int) -> ProjectRules:
    """The rules, which nobody else changes before this transaction ends; they are kept from now on."""
    found = _read(tx, project_id, is_locked=True)
    if found.updated_at is not None:
        return found
    facts = gather(tx, project_id, found.rules)
    state = State(facts.annotations, facts.training, facts.promotion, tx.now)
    values = {"project_id": project_id, "rules": "{}", "state": _json(state), "updated_at": tx.now}
    tx.execute(_insert_missing(tx), values)
    return _read(tx, project_id, is_locked=True)


def gather(tx: Tx, project_id: int, rules: Rules) -> Facts:
    """What the rules are to be held against."""
    backend = _backend_of(tx, project_id, rules)
    counted = tx.execute(_COUNTED, {"project_id": project_id}).one()
    annotations, option = counted.total_annotations, _option_of(counted.options)
    if backend is None:
        return Facts(None, annotations, option, 0, None, False, 0)
    asked = {"project_id": project_id, "backend_id": backend.id}
    last = tx.execute(_LAST_TRAINING, asked).first()
    return Facts(
        backend,
        annotations,
        option,
        0 if last is None else last.id,
        tx.execute(_TRAINED_AT, asked).scalar(),
        bool(tx.execute(_RUNNING, asked).scalar()),
        int(tx.execute(_LAST_PROMOTION, {"backend_id": backend.id}).scalar() or 0),
        *(("", "", None) if last is None else (last.state, last.message, last.job_id)),
    )


def change(tx: Tx, grant: Grant, new: Rules) -> ProjectRules:
    """Set the rules of the grant's project; they are the actor's from now on.

    A queue that is to be ordered is ordered at once. Raises Invalid naming the field that is wrong,
    NotFound("backend-not-found"), Forbidden where the actor may not promote and asks for it.
    """
    project_id = _project(grant)
    _check(tx, grant, new)
    before = lock(tx, project_id)
    state = _with_order(tx, grant, before, new)
    if (new.backend, new.train_every_hours) != (before.rules.backend, before.rules.train_every_hours):
        facts = gather(tx, project_id, new)
        state = msgspec.structs.replace(
            state,
            counted=facts.annotations,
            training=facts.training,
            promotion=facts.promotion,
            hours_from=tx.now,
            tried=None,
        )
    state = msgspec.structs.replace(state, problem="", rests_until=None, failures=0)
    tx.execute(
        _WRITE,
        {
            "of_project": project_id,
            "rules": _json(new),
            "state": _json(state),
            "set_by": grant.actor.user_id,
            "updated_at": tx.now,
        },
    )
    events.record(tx, "rules.changed", actor_id=grant.actor.user_id, project_id=project_id)
    return find(tx, project_id)


def keep_state(tx: Tx, project_id: int, state: State) -> None:
    """Write down what was done; of rules that are locked."""
    tx.execute(_WRITE, {"of_project": project_id, "state": _json(state)})


def order_now(tx: Tx, grant: Grant) -> str:
    """Order the queue of the grant's project anew by its rules; the job's id.

    Raises Invalid("order-off"), NotFound("no-backend").
    """
    found = find(tx, _project(grant))
    if found.rules.order == "off":
        text = "The queue has no order to refresh. Choose uncertainty or diversity in the project's rules."
        raise Invalid("order-off", text)
    return start_ordering(tx, grant, found.rules.order, _version_of(tx, grant, found.rules)).id


def make_hook(tx: Tx, grant: Grant) -> str:
    """A new secret that trains the grant's project for the actor when it is called; the old one ends."""
    project_id = _project(grant)
    found = lock(tx, project_id)
    secret = secrets.token_urlsafe(32)
    hook = Hook(_digest(secret), _person(grant.actor), tx.now)
    keep_state(tx, project_id, msgspec.structs.replace(found.state, hook=hook))
    _tell(tx, grant, "training-address.created")
    return f"{project_id}-{secret}"


def end_hook(tx: Tx, grant: Grant) -> None:
    """Let the secret of the grant's project train no more."""
    project_id = _project(grant)
    state = lock(tx, project_id).state
    tried = None if state.tried is None else msgspec.structs.replace(state.tried, asked_by=None)
    keep_state(tx, project_id, msgspec.structs.replace(state, hook=None, asked_by=None, tried=tried))
    _tell(tx, grant, "training-address.revoked")


def call_hook(database: Database, secret: str) -> bool:
    """Ask for a training by a secret; whether one runs already, after which it is done once more.

    Nothing is written for who does not know the secret, nor where a training was asked for already.

    Raises NotFound("hook-not-found"), Forbidden where who made it may no longer train.
    """
    with database.read() as tx:
        found, user_id = _called(tx, secret, is_locked=False)
        is_asked = found.state.asked_by == user_id and not found.state.rests_until
        is_training = gather(tx, found.project_id, found.rules).is_training
    if is_asked:
        return is_training
    with database.write() as tx:
        found, user_id = _called(tx, secret, is_locked=True)
        asked = msgspec.structs.replace(found.state, asked_by=user_id, rests_until=None)
        keep_state(tx, found.project_id, asked)
        return gather(tx, found.project_id, found.rules).is_training


def _called(tx: Tx, secret: str, *, is_locked: bool) -> tuple[ProjectRules, int]:
    """Whose address it is, and the person that it trains for."""
    number, _, rest = secret.partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise _no_hook()
    asked = {"project_id": int(number)}
    if tx.execute(_IS_THERE, asked).first() is None:
        raise _no_hook()
    found = _read(tx, int(number), is_locked=is_locked)
    hook = found.state.hook
    if hook is None or not hmac.compare_digest(hook.digest, _digest(rest)):
        raise _no_hook()
    grant_of(tx, found.project_id, hook.made_by)
    return found, hook.made_by


def grant_of(tx: Tx, project_id: int, user_id: int | None) -> Grant:
    """What somebody holds now for whom a rule works. Raises Forbidden("rules-owner")."""
    identity = None if user_id is None else identify_by_id(tx, user_id)
    if identity is None:
        text = "Whoever set the rules of this project is no longer here. Set them yourself."
        raise Forbidden("rules-owner", text)
    try:
        return allow(tx, identity.actor, Permission.PROJECT_WRITE, ProjectScope(project_id))
    except (NotFound, Forbidden) as error:
        text = "Whoever set the rules of this project may no longer train here. Set them yourself."
        raise Forbidden("rules-owner", text) from error


def next_at(found: ProjectRules, facts: Facts) -> datetime | None:
    """When the next training by the clock is due; None without one."""
    hours = found.rules.train_every_hours
    since = [moment for moment in (found.state.hours_from, facts.trained_at) if moment is not None]
    return None if hours is None or not since else max(since) + timedelta(hours=hours)


def since_last(found: ProjectRules, facts: Facts) -> int:
    """How many annotations are new since the last training that was seen."""
    return max(0, facts.annotations - found.state.counted)


def version_to_order_by(tx: Tx, backend: Backend) -> str:
    """The version whose predictions tell what tasks are worth: which serves, else which the backend says."""
    serving = backends.serving_version(tx, backend.id)
    return str(serving["name"]) if serving is not None else backend.model_version or UNTRAINED


def train_after(found: ProjectRules, facts: Facts) -> int | None:
    """After how many new annotations it trains: the fewer of what the rules and the project's option say."""
    said = [count for count in (found.rules.train_after, facts.option or None) if count is not None]
    return min(said, default=None)


def spec_of(rules: Rules) -> Spec:
    """What a training by these rules is asked for. Raises Invalid("spec-invalid")."""
    try:
        return msgspec.convert({**rules.spec, "promote": rules.promote}, Spec)
    except msgspec.ValidationError as error:
        text = f"The training cannot be asked for like that: {error}."
        raise Invalid("spec-invalid", text, fields={"spec": [text]}) from error


def _option_of(options: str) -> int:
    said = msgspec.json.decode(options).get("min_annotations_to_start_training")
    return said if isinstance(said, int) and said > 0 else 0


def _with_order(tx: Tx, grant: Grant, before: ProjectRules, new: Rules) -> State:
    """Let the queue follow its worths, or go back to how it was, and order it."""
    state = before.state
    if new.order == before.rules.order and new.backend == before.rules.backend:
        return state
    if new.order == "off":
        if state.sampling_before:
            project_verbs.change(tx, grant, {"sampling": state.sampling_before})
        start_ordering(tx, grant, "off", "")
        return msgspec.structs.replace(state, sampling_before="", is_order_due=False)
    sampling = str(project_verbs.get(tx, _project(grant))["sampling"])
    if sampling != UNCERTAINTY:
        project_verbs.change(tx, grant, {"sampling": UNCERTAINTY})
        state = msgspec.structs.replace(state, sampling_before=sampling)
    start_ordering(tx, grant, new.order, _version_of(tx, grant, new))
    return state


def _version_of(tx: Tx, grant: Grant, rules: Rules) -> str:
    backend = _backend_of(tx, _project(grant), rules)
    if backend is None:
        text = "There is no model to order the queue by. Connect a backend first."
        raise NotFound("no-backend", text)
    return version_to_order_by(tx, backend)


def _backend_of(tx: Tx, project_id: int, rules: Rules) -> Backend | None:
    every = backends.of_project(tx, project_id)
    if rules.backend is None:
        return every[0] if every else None
    return next((each for each in every if each.id == rules.backend), None)


def _check(tx: Tx, grant: Grant, new: Rules) -> None:
    wrong: dict[str, list[str]] = {}
    if new.train_after is not None and not 1 <= new.train_after <= _MOST_ANNOTATIONS:
        wrong["train_after"] = [f"Give 1 to {_MOST_ANNOTATIONS:,} annotations."]
    if new.train_every_hours is not None and not _HOURS[0] <= new.train_every_hours <= _HOURS[1]:
        wrong["train_every_hours"] = [f"Give {_HOURS[0]:g} to {_HOURS[1]:,.0f} hours."]
    needs = new.train_after is not None or new.train_every_hours is not None or new.order != "off"
    backend = _backend_of(tx, _project(grant), new)
    if backend is None and (needs or new.backend is not None):
        wrong["backend"] = ["Connect a backend, and name one of this project."]
    if wrong:
        name, (text, *_) = next(iter(wrong.items()))
        raise Invalid("rules-invalid", f"{name}: {text}", fields=wrong)
    _ = spec_of(new).query
    if new.promote == "when_better":
        allow(tx, grant.actor, Permission.MODEL_PROMOTE, ProjectScope(_project(grant)))


def _tell(tx: Tx, grant: Grant, action: str) -> None:
    """An event, and a line of the audit log: the address is a credential."""
    by, place = grant.actor.user_id, f"project:{_project(grant)}"
    events.record(tx, "rules.changed", actor_id=by, project_id=grant.project_id)
    write_audit(tx, action, actor_id=by, subject=place, workspace_id=grant.workspace_id)


def _read(tx: Tx, project_id: int, *, is_locked: bool) -> ProjectRules:
    row = tx.execute(_LOCK if is_locked else _ONE, {"project_id": project_id}).first()
    if row is None:
        return ProjectRules(project_id, Rules(), State(), None, None)
    rules = msgspec.json.decode(row.rules, type=Rules)
    state = msgspec.json.decode(row.state, type=State)
    return ProjectRules(project_id, rules, state, row.set_by, row.updated_at)


def _insert_missing(tx: Tx) -> Any:
    new = sqlite_insert if tx.dialect == "sqlite" else postgresql_insert
    return new(learning_rules).on_conflict_do_nothing(index_elements=["project_id"])


def _json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _person(actor: Actor) -> int:
    assert actor.user_id is not None
    return actor.user_id


def _no_hook() -> NotFound:
    return NotFound("hook-not-found", "There is no such address. It may have been replaced by a new one.")


def _project(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id

"""A project trains by itself: on so many annotations, by the clock, by an address; never twice at once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, select, update

from tests.labeling.studio import Studio, open_studio
from treadle.db import Database
from treadle.db.learning_tables import model_versions, trainings, version_promotions
from treadle.db.schema import annotations as annotation_rows
from treadle.db.schema import jobs, memberships
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.jobs import JobParts
from treadle.learning.connections import backends
from treadle.learning.connections.backends import NewBackend
from treadle.learning.rules import rules
from treadle.learning.rules.following_rules import RuleFollower
from treadle.learning.rules.rules import Rules
from treadle.objects import LocalObjects
from treadle.permissions import Permission
from treadle.settings import Secret, Settings


@pytest.fixture
def studio(database: Database) -> Studio:
    return open_studio(database)


@pytest.fixture
def follower(studio: Studio, tmp_path: Path) -> RuleFollower:
    return open_follower(studio, tmp_path)


def open_follower(studio: Studio, folder: Path) -> RuleFollower:
    objects = LocalObjects(folder / "objects")
    return RuleFollower(JobParts(studio.database, objects, Settings(data_dir=folder)))


@pytest.fixture
def backend(studio: Studio) -> int:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "manager", Permission.PROJECT_WRITE)
        return backends.add(tx, grant, NewBackend(url="http://127.0.0.1:9"), Secret("0" * 64)).id


def set_rules(studio: Studio, who: str = "editor", **said: Any) -> None:
    with studio.database.write() as tx:
        rules.change(tx, studio.grant(tx, who, Permission.PROJECT_WRITE), Rules(**said))


def annotate(studio: Studio, count: int) -> None:
    for task_id in studio.add_tasks(count):
        studio.submit("annotator", task_id)


def started(studio: Studio) -> list[tuple[str, int | None]]:
    """Why each training was started, and for whom."""
    t = trainings.c
    with studio.database.read() as tx:
        found = tx.execute(select(t.cause, t.created_by).order_by(t.id)).all()
    return [(row.cause, row.created_by) for row in found]


def end_training(studio: Studio, state: str = "completed") -> None:
    with studio.database.write() as tx:
        tx.execute(update(trainings).values(state=state, changed_at=tx.now, ended_at=tx.now))


def let_pass(studio: Studio, time: timedelta) -> None:
    """As if all that the rules and trainings remember were so much longer ago."""
    with studio.database.write() as tx:
        found = rules.lock(tx, studio.project_id)
        values = {"hours_from": tx.now - time, "rests_until": None}
        rules.keep_state(tx, studio.project_id, msgspec.structs.replace(found.state, **values))
        tx.execute(update(trainings).values(created_at=tx.now - time))
        tx.execute(update(annotation_rows).values(updated_at=tx.now - 2 * time))


def problem(studio: Studio) -> str:
    with studio.database.read() as tx:
        return rules.find(tx, studio.project_id).state.problem


def test_it_trains_after_so_many_new_annotations_for_who_set_it(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    annotate(studio, 3)
    set_rules(studio, train_after=2)
    annotate(studio, 1)
    follower.look()
    assert started(studio) == []
    annotate(studio, 1)
    follower.look()
    assert started(studio) == [("count", studio.people["editor"].user_id)]


def test_what_comes_while_one_runs_is_trained_once_after_it(
    studio: Studio, backend: int, follower: RuleFollower, tmp_path: Path
) -> None:
    set_rules(studio, train_after=1)
    other = open_follower(studio, tmp_path)
    for _ in range(3):
        annotate(studio, 1)
        follower.look()
        other.look()
    assert len(started(studio)) == 1
    end_training(studio)
    # After a restart, too.
    open_follower(studio, tmp_path).look()
    follower.look()
    assert len(started(studio)) == 2
    end_training(studio, "failed")
    follower.look()
    assert len(started(studio)) == 2


def test_a_training_that_failed_counts_for_nothing_and_is_tried_again_a_few_times(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    set_rules(studio, train_after=2)
    annotate(studio, 2)
    for number in range(1, 5):
        follower.look()
        assert len(started(studio)) == number
        end_training(studio, "failed")
        follower.look()
        assert len(started(studio)) == number, "it rests"
        assert "failed" in problem(studio)
        let_pass(studio, timedelta(hours=1))
    follower.look()
    assert len(started(studio)) == 4, "it is given up"
    annotate(studio, 2)
    follower.look()
    assert len(started(studio)) == 5
    end_training(studio)
    follower.look()
    assert len(started(studio)) == 5


def test_what_cannot_be_predicted_keeps_no_address_from_training(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    set_rules(studio, prelabel_after_promotion=True)
    follower.look()
    with studio.database.write() as tx:
        secret = rules.make_hook(tx, studio.grant(tx, "manager", Permission.PROJECT_WRITE))
        gone = memberships.c.user_id == studio.people["editor"].user_id
        tx.execute(delete(memberships).where(gone))
    promote(studio, backend)
    call(studio, secret)
    follower.look()
    assert started(studio) == [("webhook", studio.people["manager"].user_id)]
    assert "may no longer" in problem(studio)


def test_a_training_that_somebody_started_counts_and_so_does_a_deletion(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    set_rules(studio, train_after=2)
    annotate(studio, 1)
    with studio.database.write() as tx:
        row = {"project_id": studio.project_id, "backend_id": backend, "state": "completed"}
        tx.execute(insert(trainings), {**row, "created_at": tx.now, "changed_at": tx.now})
    follower.look()
    annotate(studio, 1)
    follower.look()
    assert len(started(studio)) == 1
    annotate(studio, 1)
    follower.look()
    assert len(started(studio)) == 2


def test_by_the_clock_it_trains_where_something_is_new(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    set_rules(studio, train_every_hours=24)
    let_pass(studio, timedelta(hours=25))
    follower.look()
    assert started(studio) == [], "nothing is annotated"
    annotate(studio, 1)
    follower.look()
    assert started(studio) == []
    let_pass(studio, timedelta(hours=25))
    follower.look()
    assert [cause for cause, _ in started(studio)] == ["schedule"]
    end_training(studio)
    let_pass(studio, timedelta(hours=25))
    follower.look()
    assert len(started(studio)) == 1


def test_an_address_trains_for_who_made_it_until_another_replaces_it(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "manager", Permission.PROJECT_WRITE)
        first, secret = rules.make_hook(tx, grant), rules.make_hook(tx, grant)
        stored = json.dumps(rules.find(tx, studio.project_id).state, default=str)
    assert secret.partition("-")[2] not in stored
    for wrong in (first, secret + "x", "1", "", "9" * 40 + "-x", f"{studio.project_id + 1}-x"):
        with pytest.raises(NotFound):
            call(studio, wrong)
    assert call(studio, secret) is False
    follower.look()
    assert started(studio) == [("webhook", studio.people["manager"].user_id)]
    assert [call(studio, secret), call(studio, secret)] == [True, True]
    follower.look()
    assert len(started(studio)) == 1
    end_training(studio)
    follower.look()
    follower.look()
    assert len(started(studio)) == 2
    with studio.database.write() as tx:
        rules.end_hook(tx, studio.grant(tx, "manager", Permission.PROJECT_WRITE))
    with pytest.raises(NotFound):
        call(studio, secret)


def call(studio: Studio, secret: str) -> bool:
    return rules.call_hook(studio.database, secret)


def test_an_address_writes_nothing_for_who_does_not_know_it_nor_twice(
    studio: Studio, backend: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with studio.database.write() as tx:
        secret = rules.make_hook(tx, studio.grant(tx, "manager", Permission.PROJECT_WRITE))
    write = studio.database.write
    written: list[int] = []

    def noted() -> Any:
        written.append(1)
        return write()

    monkeypatch.setattr(studio.database, "write", noted)
    for _ in range(3):
        with pytest.raises(NotFound):
            call(studio, secret + "x")
    assert not written
    assert [call(studio, secret) for _ in range(3)] == [False] * 3
    assert len(written) == 1


def test_who_may_no_longer_train_trains_nothing_and_it_is_told_once(
    studio: Studio, backend: int, follower: RuleFollower, caplog: pytest.LogCaptureFixture
) -> None:
    set_rules(studio, train_after=1)
    annotate(studio, 1)
    with studio.database.write() as tx:
        secret = rules.make_hook(tx, studio.grant(tx, "editor", Permission.PROJECT_WRITE))
        gone = memberships.c.user_id == studio.people["editor"].user_id
        tx.execute(delete(memberships).where(gone))
    follower.look()
    follower.look()
    assert started(studio) == []
    assert "may no longer" in problem(studio)
    assert len(caplog.records) == 1
    with pytest.raises(Forbidden):
        call(studio, secret)
    set_rules(studio, "manager", train_after=1)
    follower.look()
    assert [who for _, who in started(studio)] == [studio.people["manager"].user_id]


def test_label_studios_option_trains_for_who_connected_the_backend(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    studio.change_project(min_annotations_to_start_training=2)
    follower.look()
    annotate(studio, 2)
    follower.look()
    assert started(studio) == [("count", studio.people["manager"].user_id)]
    with studio.database.read() as tx:
        spec = json.loads(tx.execute(select(trainings.c.spec)).scalar_one())
    assert spec["promote"] == "when_better"


def test_after_a_promotion_it_predicts_and_then_orders_the_queue(
    studio: Studio, backend: int, follower: RuleFollower
) -> None:
    set_rules(studio, order="uncertainty", prelabel_after_promotion=True, order_after_promotion=True)
    assert studio.project()["sampling"] == "Uncertainty sampling"
    assert orders(studio) == [("order-queue", "untrained")]
    follower.look()
    promote(studio, backend)
    follower.look()
    follower.look()
    assert [kind for kind, _ in orders(studio)] == ["order-queue", "prelabel"]
    with studio.database.write() as tx:
        tx.execute(update(jobs).where(jobs.c.kind == "prelabel").values(state="done"))
    follower.look()
    follower.look()
    assert orders(studio)[2:] == [("order-queue", "v2")]
    set_rules(studio)
    assert studio.project()["sampling"] == "Sequential sampling"


def promote(studio: Studio, backend: int) -> None:
    with studio.database.write() as tx:
        row = {"project_id": studio.project_id, "backend_id": backend, "name": "v2", "number": 1}
        row |= {"is_serving": True, "created_at": tx.now}
        version = tx.execute(insert(model_versions).returning(model_versions.c.id), row).scalar_one()
        tx.execute(insert(version_promotions), {"backend_id": backend, "version_id": version, "at": tx.now})


def orders(studio: Studio) -> list[tuple[str, str]]:
    with studio.database.read() as tx:
        found = tx.execute(select(jobs.c.kind, jobs.c.payload).order_by(jobs.c.created_at)).all()
    return [(row.kind, json.loads(row.payload).get("version", "")) for row in found]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"train_after": 0}, "train_after"),
        ({"train_every_hours": 0.01}, "train_every_hours"),
        ({"train_after": 1, "backend": 99}, "backend"),
        ({"spec": {"held_out": 2}}, "spec"),
        ({"spec": {"epoch": 2}}, "spec"),
    ],
)
def test_what_cannot_be_done_is_not_set(
    studio: Studio, backend: int, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as raised:
        set_rules(studio, **said)
    assert list(raised.value.fields) == [field]


def test_who_may_not_promote_does_not_by_a_rule(studio: Studio, backend: int) -> None:
    with pytest.raises(Forbidden):
        set_rules(studio, train_after=1, promote="when_better")
    set_rules(studio, "manager", train_after=1, promote="when_better")

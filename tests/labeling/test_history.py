"""What an annotation was before each change, and back to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.labeling.studio import Studio, box, result
from treadle.errors import Conflict, Invalid, NotFound
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import history, saving
from treadle.labeling.history import Version
from treadle.permissions import Permission

SHARP = {"from_name": "q", "to_name": "img", "type": "choices", "value": {"choices": ["sharp"]}}
MOVED = {**box("Dög"), "value": {**box("Dög")["value"], "x": 30}}


def change(studio: Studio, who: str, annotation_id: int, **changes: Any) -> Mapping[str, Any]:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        return annotation_verbs.change(tx, grant, annotation_id, changes)


def restore(studio: Studio, who: str, annotation_id: int, version: int, **how: Any) -> Mapping[str, Any]:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        return history.restore(tx, grant, annotation_id, version, **how)


def past(studio: Studio, who: str, annotation_id: int, before: int | None = None) -> list[Version]:
    with studio.database.read() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_READ)
        return history.list_versions(tx, grant, annotation_id, before=before)


@pytest.fixture
def made(studio: Studio) -> int:
    """An annotation by the annotator: a cat and a dog, then the dog moved, the cat gone, and sharp."""
    (task_id,) = studio.add_tasks()
    found = studio.submit("annotator", task_id, result=result(box(), box("Dög")), lead_time=2.0)
    change(studio, "reviewer", found["id"], result=result(MOVED, SHARP))
    return int(found["id"])


def test_the_history_tells_who_changed_which_regions(studio: Studio, made: int) -> None:
    changed, first = past(studio, "annotator", made)
    assert (changed.row["action"], changed.row["made_by"], changed.is_current) == (
        "updated",
        studio.people["reviewer"].user_id,
        True,
    )
    assert (first.row["action"], first.row["email"], first.is_current) == (
        "submitted",
        "annotator@example.com",
        False,
    )
    told = [
        (each.difference.added, each.difference.removed, each.difference.changed) for each in (first, changed)
    ]
    assert told == [(2, 0, 0), (1, 1, 1)]


def test_a_restore_is_a_new_version_and_loses_nothing(studio: Studio, made: int) -> None:
    row = restore(studio, "annotator", made, 1, if_match=saving.etag(2))
    assert (row["result"], row["version"]) == (result(box(), box("Dög")).decode(), 3)
    assert [(each.row["version"], each.row["action"]) for each in past(studio, "annotator", made)] == [
        (3, "restored"),
        (2, "updated"),
        (1, "submitted"),
    ]
    change(studio, "annotator", made, lead_time=9.0)
    assert past(studio, "annotator", made)[0].row["action"] == "updated"
    assert [each.row["version"] for each in past(studio, "annotator", made, before=3)] == [2, 1]


def test_a_restore_over_somebody_elses_change_is_a_conflict(studio: Studio, made: int) -> None:
    with pytest.raises(Conflict) as caught:
        restore(studio, "annotator", made, 1, if_match=saving.etag(1))
    assert caught.value.code == "stale"


def test_a_restore_must_fit_the_config_of_today(studio: Studio, made: int) -> None:
    smaller = studio.project()["label_config"].replace('<Label value="Cat"/>', "")
    studio.change_project(label_config=smaller)
    with pytest.raises(Invalid, match="Cat"):
        restore(studio, "annotator", made, 1)
    assert len(past(studio, "annotator", made)) == 2


def test_nobody_sees_the_history_of_what_they_may_not_see(studio: Studio) -> None:
    (task_id,) = studio.add_tasks()
    theirs = studio.submit("reviewer", task_id)["id"]
    for ask in (lambda: past(studio, "annotator", theirs), lambda: restore(studio, "annotator", theirs, 1)):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(NotFound, match="no version 7"):
        restore(studio, "reviewer", theirs, 7)

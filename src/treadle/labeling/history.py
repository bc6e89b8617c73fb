"""The past, to go back to: what one labelled, in order, and what an annotation was before each change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import bindparam, select

from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.errors import Conflict, NotFound
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import versions
from treadle.labeling.versions import Difference

_a = schema.annotations.c
_MOST = 1000
_MOST_VERSIONS = 100
_OWN = (
    select(_a.task_id, _a.id)
    .where(_a.project_id == bindparam("project_id"), _a.completed_by == bindparam("user_id"))
    .order_by(_a.id.desc())
    .limit(_MOST)
)


@dataclass(frozen=True)
class Version:
    """A state of an annotation, with the names of who made it, beside the state before it."""

    row: Mapping[str, Any]
    is_current: bool
    difference: Difference


def list_own(tx: Tx, grant: Grant) -> list[dict[str, int]]:
    """The last 1000 annotations of the actor in the project, oldest first."""
    rows = tx.execute(_OWN, {"project_id": grant.project_id, "user_id": grant.actor.user_id}).all()
    return [{"taskId": row.task_id, "annotationId": row.id} for row in reversed(rows)]


def list_versions(tx: Tx, grant: Grant, annotation_id: int, *, before: int | None = None) -> list[Version]:
    """The newest 100 versions of an annotation that the actor may see, newest first.

    before: those under this number alone, to read on. Raises NotFound("annotation-not-found").
    """
    states = _states(tx, grant, annotation_id, before=before, most=_MOST_VERSIONS + 1)
    return list(_compared(states))[:_MOST_VERSIONS]


def get_version(tx: Tx, grant: Grant, annotation_id: int, version: int) -> Version:
    """One version of an annotation that the actor may see.

    Raises NotFound("annotation-not-found"), NotFound("version-not-found").
    """
    found = list(_compared(_states(tx, grant, annotation_id, before=version + 1, most=2)))
    if not found or found[0].row["version"] != version:
        raise NotFound(
            "version-not-found",
            f"Annotation {annotation_id} has no version {version}. Its history lists those that it has.",
        )
    return found[0]


def restore(
    tx: Tx, grant: Grant, annotation_id: int, version: int, *, if_match: str | None = None
) -> Mapping[str, Any]:
    """Make the annotation again what it was in ``version``: its result, and whether it was skipped.

    That is a new version, so nothing is lost; the time spent and the mark of ground truth stay. The row.
    Raises as `annotations.change`, Invalid too where the old result does not fit today's config;
    NotFound("version-not-found"), Conflict("version-current").
    """
    wanted = get_version(tx, grant, annotation_id, version)
    changes = {
        "result": wanted.row["result"].encode(),
        "was_cancelled": wanted.row["was_cancelled"],
        "last_action": versions.RESTORED,
    }
    if wanted.is_current and if_match is None:
        raise Conflict(
            "version-current", f"Version {version} is what annotation {annotation_id} is now; nothing to do."
        )
    return annotation_verbs.change(tx, grant, annotation_id, changes, if_match=if_match)


def _states(
    tx: Tx, grant: Grant, annotation_id: int, *, before: int | None, most: int
) -> list[tuple[Mapping[str, Any], bool]]:
    annotation = annotation_verbs.get_visible(tx, grant, annotation_id)
    newest = annotation["version"]
    under = newest + 1 if before is None else before
    past = versions.read_before(tx, annotation_id, min(under, newest), most)
    states = [(row, False) for row in past]
    if under > newest:
        states.insert(0, (versions.with_person(tx, versions.as_version(annotation)), True))
    return states[:most]


def _compared(states: Sequence[tuple[Mapping[str, Any], bool]]) -> Iterator[Version]:
    for (row, is_current), (older, _) in pairwise([*states, ({"result": "[]"}, False)]):
        yield Version(row, is_current, versions.compare(older["result"], row["result"]))

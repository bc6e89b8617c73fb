"""What annotations were before they changed: a row for each past state, and how two states differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, insert, select

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import annotation_versions, users

#: What `annotations.last_action` says of a state that was brought back out of the history.
RESTORED = "restored"

_v = annotation_versions.c
_KEPT = (
    "annotation_id",
    "project_id",
    "version",
    "result",
    "result_count",
    "was_cancelled",
    "ground_truth",
    "lead_time",
    "made_by",
    "made_at",
    "action",
)
_INSERT = Prepared(insert(annotation_versions), keys=_KEPT)
_COLUMNS: Select[Any] = select(
    annotation_versions, users.c.email, users.c.first_name, users.c.last_name
).select_from(annotation_versions.outerjoin(users, users.c.id == _v.made_by))
_BEFORE = (
    _COLUMNS.where(_v.annotation_id == bindparam("annotation_id"), _v.version < bindparam("before"))
    .order_by(_v.version.desc())
    .limit(bindparam("most"))
)
_PERSON = select(users.c.email, users.c.first_name, users.c.last_name).where(
    users.c.id == bindparam("of_user")
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """How many regions one state has more, has no more, and has otherwise than the other."""

    added: int
    removed: int
    changed: int


class _Named(msgspec.Struct):
    type: str = ""
    id: str | None = None
    from_name: str | None = None
    from_id: str | None = None
    to_id: str | None = None


_NAMED = msgspec.json.Decoder(list[_Named])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def keep(tx: Tx, annotation: Row) -> None:
    """Write down what the annotation is, before it changes in the same transaction."""
    tx.execute(_INSERT, {name: value for name, value in as_version(annotation).items() if name in _KEPT})


def as_version(annotation: Row) -> dict[str, Any]:
    """The annotation's own row as the version that it is."""
    return {
        "annotation_id": annotation["id"],
        "project_id": annotation["project_id"],
        "version": annotation["version"],
        "result": annotation["result"],
        "result_count": annotation["result_count"],
        "was_cancelled": annotation["was_cancelled"],
        "ground_truth": annotation["ground_truth"],
        "lead_time": annotation["lead_time"],
        "made_by": annotation["updated_by"] or annotation["completed_by"],
        "made_at": annotation["updated_at"],
        "action": _action(annotation),
    }


def read_before(tx: Tx, annotation_id: int, before: int, most: int) -> list[Row]:
    """The ``most`` versions under the number ``before``, newest first, with the names of their people."""
    return tx.rows(_BEFORE, {"annotation_id": annotation_id, "before": before, "most": most})


def with_person(tx: Tx, version: Row) -> Row:
    """The version with the names of who made it."""
    rows = tx.rows(_PERSON, {"of_user": version["made_by"]})
    return {**version, **(rows[0] if rows else {"email": None, "first_name": "", "last_name": ""})}


def compare(old: str, new: str) -> Difference:
    """What was done to the regions of the result ``old`` (a JSON list) to make ``new`` of it.

    Items that share an id are one region; an item without one is told by its control.
    """
    before, after = _regions(old), _regions(new)
    both = before.keys() & after.keys()
    return Difference(
        added=len(after) - len(both),
        removed=len(before) - len(both),
        changed=sum(not _is_same(before[key], after[key]) for key in both),
    )


def _regions(result: str) -> dict[str, list[bytes]]:
    regions: dict[str, list[bytes]] = {}
    for named, item in zip(_NAMED.decode(result), _ITEMS.decode(result), strict=True):
        regions.setdefault(_key(named), []).append(bytes(item))
    return regions


def _key(item: _Named) -> str:
    if item.type == "relation":
        return f"relation {item.from_id} {item.to_id}"
    return f"region {item.id}" if item.id is not None else f"control {item.from_name}"


def _is_same(before: Iterable[bytes], after: Iterable[bytes]) -> bool:
    old, new = list(before), list(after)
    # The same text is the common case; the same in another order of keys is no change either.
    return old == new or [msgspec.json.decode(each) for each in old] == [
        msgspec.json.decode(each) for each in new
    ]


def _action(annotation: Row) -> str:
    if annotation["version"] > 1:
        return RESTORED if annotation["last_action"] == RESTORED else "updated"
    return "imported" if annotation["import_id"] is not None else "submitted"

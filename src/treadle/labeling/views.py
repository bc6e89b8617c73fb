"""Saved views: which tasks a list shows, in which order. A private one is its maker's alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from treadle.access import Actor, Grant
from treadle.access.lengths import check_length
from treadle.db import Tx
from treadle.db.schema import views
from treadle.errors import Forbidden, Invalid, NotFound
from treadle.labeling.filters import TaskQuery, condition_of, order_of

_LONGEST_TITLE = 200
_LONGEST_SETTINGS = 200_000

_v = views.c
_IS_SEEN = or_(~_v.is_private, _v.user_id == bindparam("reader_id"))
_OF_PROJECT = (
    select(views).where(_v.project_id == bindparam("project_id"), _IS_SEEN).order_by(_v.position, _v.id)
)
_ONE = select(views).where(_v.id == bindparam("view_id"))
_NEXT_POSITION = select(func.coalesce(func.max(_v.position) + 1, 0)).where(
    _v.project_id == bindparam("project_id")
)


def create(
    tx: Tx, grant: Grant, settings: Mapping[str, Any], *, is_private: bool = False
) -> Mapping[str, Any]:
    """Save a view of the grant's project; ``settings``: title, filters, ordering and how it looks.

    Raises Invalid where filters or ordering are wrong.
    """
    check_query(tx, grant, query_of_settings(settings))
    position = tx.execute(_NEXT_POSITION, {"project_id": grant.project_id}).scalar_one()
    view_id = tx.execute(
        insert(views).returning(_v.id),
        {
            "project_id": grant.project_id,
            "user_id": grant.actor.user_id,
            "is_private": is_private,
            "settings": _settings_text(settings),
            "position": position,
            "created_at": tx.now,
        },
    ).scalar_one()
    return get(tx, grant.actor, view_id)


def change(
    tx: Tx, grant: Grant, view_id: int, settings: Mapping[str, Any], *, is_private: bool
) -> Mapping[str, Any]:
    """Save other settings in a view. Raises NotFound, Invalid, Forbidden where a view of somebody else is
    to become private: it would be taken from all but them.
    """
    row = get(tx, grant.actor, view_id)
    if is_private and not row["is_private"] and row["user_id"] != grant.actor.user_id:
        raise Forbidden("not-your-view", f"View {view_id} is another person's; they can make it private.")
    check_query(tx, grant, query_of_settings(settings))
    text = _settings_text(settings)
    tx.execute(update(views).where(_v.id == view_id).values(settings=text, is_private=is_private))
    return get(tx, grant.actor, view_id)


def remove(tx: Tx, grant: Grant, view_id: int) -> None:
    """Delete a view; its tasks stay."""
    get(tx, grant.actor, view_id)
    tx.execute(delete(views).where(_v.id == view_id))


def remove_all(tx: Tx, grant: Grant) -> None:
    """Delete every view of the grant's project but the private ones of others."""
    seen = {"reader_id": grant.actor.user_id}
    tx.execute(delete(views).where(_v.project_id == grant.project_id, _IS_SEEN), seen)


def order(tx: Tx, grant: Grant, view_ids: Sequence[int]) -> None:
    """Put the project's views into this order."""
    seen = {"reader_id": grant.actor.user_id}
    for position, view_id in enumerate(view_ids):
        one = update(views).where(_v.id == view_id, _v.project_id == grant.project_id, _IS_SEEN)
        tx.execute(one.values(position=position), seen)


def get(tx: Tx, reader: Actor, view_id: int) -> Mapping[str, Any]:
    """The row of a view. Raises NotFound("view-not-found"), for a private one of somebody else too."""
    row = tx.execute(_ONE, {"view_id": view_id}).mappings().first()
    if row is None or (row["is_private"] and row["user_id"] != reader.user_id):
        raise no_view(view_id)
    return dict(row)


def no_view(view_id: int) -> NotFound:
    """The error for a view that is not there or not the actor's to see."""
    return NotFound("view-not-found", f"No View matches the given query. There is no view {view_id}.")


def of_project(tx: Tx, reader: Actor, project_id: int) -> list[Mapping[str, Any]]:
    """The views of a project that the reader may see, in their order."""
    wanted = {"project_id": project_id, "reader_id": reader.user_id}
    return [dict(row) for row in tx.execute(_OF_PROJECT, wanted).mappings()]


def render(row: Mapping[str, Any]) -> dict[str, Any]:
    """A view as Label Studio's data manager reads it."""
    return {
        "id": row["id"],
        "data": msgspec.Raw(row["settings"].encode()),
        "order": row["position"],
        "user": row["user_id"],
        "project": row["project_id"],
        "is_private": row["is_private"],
    }


def query_of(tx: Tx, grant: Grant, view_id: int) -> TaskQuery:
    """What a view of the grant's project asks for. Raises NotFound, for another project's too."""
    row = get(tx, grant.actor, view_id)
    if row["project_id"] != grant.project_id:
        raise NotFound("view-not-found", f"Project {grant.project_id} has no view {view_id}.")
    return query_of_settings(msgspec.json.decode(row["settings"]))


def query_of_settings(settings: Mapping[str, Any]) -> TaskQuery:
    """The filters and the order in a view's settings. Raises Invalid naming the one that is malformed."""
    filters, ordering = settings.get("filters") or {}, settings.get("ordering") or []
    if not isinstance(filters, dict):
        raise _wrong("filters", "an object with conjunction and items")
    if not isinstance(ordering, list):
        raise _wrong("ordering", "a list of columns")
    return TaskQuery(filters=filters or None, ordering=[str(each) for each in ordering if each])


def _settings_text(settings: Mapping[str, Any]) -> str:
    check_length("title", str(settings.get("title") or ""), _LONGEST_TITLE)
    return check_length("data", msgspec.json.encode(settings).decode(), _LONGEST_SETTINGS)


def _wrong(field: str, expected: str) -> Invalid:
    return Invalid(
        "view-malformed", f"{field} must be {expected}.", fields={field: [f"Expected {expected}."]}
    )


def check_query(tx: Tx, grant: Grant, query: TaskQuery) -> None:
    """Nothing, when the query can be asked. Raises Invalid naming what is wrong."""
    condition_of(tx, grant, query)
    order_of(grant, query, tx.dialect)

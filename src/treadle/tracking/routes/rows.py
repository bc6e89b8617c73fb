"""How a table of routes is written down: an area's paths, by what they need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Need(Enum):
    """What a route of MLflow asks of its visitor."""

    #: Nothing: it tells what every server of this kind tells.
    PUBLIC = "public"
    READ = "read"
    EDIT = "edit"
    MANAGE = "manage"
    #: The whole installation.
    ADMIN = "admin"
    #: Nobody gets it here.
    DENIED = "denied"


@dataclass(frozen=True)
class Row:
    """One route of MLflow.

    path: ``{name}`` is one segment, ``{name:path}`` one or more.
    reason: of a denied one, for the client.
    """

    need: Need
    method: str
    path: str
    reason: str = ""


Asked = tuple[str, ...]


def only(
    prefix: str, *, read: Asked = (), edit: Asked = (), manage: Asked = (), admin: Asked = ()
) -> tuple[Row, ...]:
    """Rows at these paths alone; each is written ``"METHOD /rest"``."""
    needs = ((Need.READ, read), (Need.EDIT, edit), (Need.MANAGE, manage), (Need.ADMIN, admin))
    return tuple(_row(need, prefix, asked) for need, several in needs for asked in several)


def ajax(
    prefix: str, *, read: Asked = (), edit: Asked = (), manage: Asked = (), admin: Asked = ()
) -> tuple[Row, ...]:
    """Rows that only MLflow's own pages ask for, below ``/ajax-api``."""
    return only(f"/ajax-api{prefix}", read=read, edit=edit, manage=manage, admin=admin)


def both(
    prefix: str, *, read: Asked = (), edit: Asked = (), manage: Asked = (), admin: Asked = ()
) -> tuple[Row, ...]:
    """Rows below ``/api`` and ``/ajax-api``."""
    return (
        *only(f"/api{prefix}", read=read, edit=edit, manage=manage, admin=admin),
        *ajax(prefix, read=read, edit=edit, manage=manage, admin=admin),
    )


def public(*asked: str) -> tuple[Row, ...]:
    """Rows that strangers may ask for."""
    return tuple(_row(Need.PUBLIC, "", one) for one in asked)


def denied(reason: str, prefixes: Asked, *asked: str) -> tuple[Row, ...]:
    """Rows below each of the prefixes that nobody gets."""
    return tuple(_row(Need.DENIED, prefix, one, reason) for prefix in prefixes for one in asked)


def _row(need: Need, prefix: str, asked: str, reason: str = "") -> Row:
    method, _, rest = asked.partition(" ")
    return Row(need, method, prefix + rest, reason)

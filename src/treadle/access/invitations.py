"""Invitations: a link that gives a role once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from treadle.access.audit import write_audit
from treadle.access.grants import Actor, Grant
from treadle.access.identities import hash_secret
from treadle.access.roles import check_may_give
from treadle.db import Tx
from treadle.db.schema import invitations, memberships
from treadle.errors import Invalid, NotFound
from treadle.ids import new_secret
from treadle.permissions import ROLE_ORDER, Role

INVITATION_LIFE_DAYS = 7
_LONGEST_LIFE_DAYS = 90


@dataclass(frozen=True)
class Invitation:
    """An invitation that waits, or was accepted; ``email``: only that person may accept it."""

    id: int
    workspace_id: int
    role: str
    email: str | None
    created_by: int | None
    created_at: datetime
    expires_at: datetime
    accepted_by: int | None
    accepted_at: datetime | None


_COLUMNS = tuple(invitations.c[name] for name in Invitation.__dataclass_fields__)
_OF_WORKSPACE = (
    select(*_COLUMNS)
    .where(invitations.c.workspace_id == bindparam("workspace_id"))
    .order_by(invitations.c.id.desc())
)
_BY_TOKEN = select(*_COLUMNS).where(invitations.c.token_hash == bindparam("hash"))
_INSERT = insert(invitations).returning(*_COLUMNS)
_DELETE = delete(invitations).where(
    invitations.c.id == bindparam("invitation_id"), invitations.c.workspace_id == bindparam("place_id")
)
_ACCEPT = (
    update(invitations)
    .where(invitations.c.id == bindparam("invitation_id"), invitations.c.accepted_at.is_(None))
    .values(accepted_by=bindparam("person_id"), accepted_at=bindparam("instant"))
)
_THEIRS = (memberships.c.workspace_id == bindparam("place_id")) & (
    memberships.c.user_id == bindparam("person_id")
)
_ROLE = select(memberships.c.role).where(_THEIRS)
_RAISE = update(memberships).where(_THEIRS).values(role=bindparam("new_role"))
_JOIN = insert(memberships)


def invite(
    tx: Tx, grant: Grant, role: Role, email: str | None = None, *, life_days: int = INVITATION_LIFE_DAYS
) -> tuple[Invitation, str]:
    """A new invitation and the text of its link, shown once.

    Raises Forbidden("role-too-high") for a role above the inviter's own, Invalid("invitation-life") for
    one that lasts less than a day or longer than 90.
    """
    check_may_give(grant, role)
    if not 1 <= life_days <= _LONGEST_LIFE_DAYS:
        text = f"An invitation lasts 1 to {_LONGEST_LIFE_DAYS} days."
        raise Invalid("invitation-life", text, fields={"expires_in_days": [text]})
    secret = new_secret()
    values = {
        "token_hash": hash_secret(secret),
        "workspace_id": grant.workspace_id,
        "role": role.value,
        "email": email.strip().lower() if email else None,
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
        "expires_at": tx.now + timedelta(days=life_days),
    }
    invitation = Invitation(**tx.execute(_INSERT, values).mappings().one())
    _audit(tx, "invitation.created", grant.actor, invitation)
    return invitation, secret


def list_invitations(tx: Tx, grant: Grant) -> list[Invitation]:
    """Those of the workspace of the grant, newest first."""
    rows = tx.execute(_OF_WORKSPACE, {"workspace_id": grant.workspace_id}).mappings()
    return [Invitation(**row) for row in rows]


def revoke_invitation(tx: Tx, grant: Grant, invitation_id: int) -> None:
    """The link gives nothing any more. Raises NotFound("invitation-not-found")."""
    place = {"invitation_id": invitation_id, "place_id": grant.workspace_id}
    if tx.execute(_DELETE, place).rowcount == 0:
        raise NotFound("invitation-not-found", f"There is no invitation {invitation_id} in this workspace.")
    write_audit(
        tx,
        "invitation.revoked",
        actor_id=grant.actor.user_id,
        subject=f"invitation:{invitation_id}",
        workspace_id=grant.workspace_id,
    )


def accept_invitation(tx: Tx, actor: Actor, secret: str) -> Invitation:
    """Give the actor the invitation's role, unless the one they have is higher.

    Raises Invalid("invitation-invalid") when it is unknown, over, used, or another person's.
    """
    row = tx.execute(_BY_TOKEN, {"hash": hash_secret(secret)}).mappings().first()
    invitation = Invitation(**row) if row else None
    if invitation is None or not _is_open_to(invitation, actor, tx.now) or not _take(tx, actor, invitation):
        text = "This invitation is unknown, used, over or somebody else's. Ask for a new link."
        raise Invalid("invitation-invalid", text, fields={"invitation": [text]})
    _join(tx, actor, invitation)
    _audit(tx, "role.granted", actor, invitation)
    return invitation


def _is_open_to(invitation: Invitation, actor: Actor, now: datetime) -> bool:
    return invitation.expires_at > now and invitation.email in (None, actor.email)


def _take(tx: Tx, actor: Actor, invitation: Invitation) -> bool:
    """Of two who accept at once, one."""
    values = {"invitation_id": invitation.id, "person_id": actor.user_id, "instant": tx.now}
    return tx.execute(_ACCEPT, values).rowcount == 1


def _join(tx: Tx, actor: Actor, invitation: Invitation) -> None:
    place = {"place_id": invitation.workspace_id, "person_id": actor.user_id}
    had = tx.execute(_ROLE, place).scalar_one_or_none()
    if had is None:
        values = {
            "workspace_id": invitation.workspace_id,
            "user_id": actor.user_id,
            "role": invitation.role,
            "created_at": tx.now,
        }
        tx.execute(_JOIN, values)
    elif ROLE_ORDER.index(Role(had)) < ROLE_ORDER.index(Role(invitation.role)):
        tx.execute(_RAISE, {**place, "new_role": invitation.role})


def _audit(tx: Tx, action: str, actor: Actor, invitation: Invitation) -> None:
    write_audit(
        tx,
        action,
        actor_id=actor.user_id,
        subject=f"invitation:{invitation.id}",
        workspace_id=invitation.workspace_id,
        detail={"role": invitation.role, "email": invitation.email},
    )

"""People of another Label Studio: those who are here by their address, others new, without a password."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from treadle.access import Actor, Grant, WorkspaceScope, allow
from treadle.access.identities import identify_owner
from treadle.access.roles import give_role
from treadle.access.users import NewUser, add_user, claim_installation, find_user
from treadle.access.workspaces import FIRST_WORKSPACE, add_first_workspace
from treadle.db import Tx
from treadle.db.schema import memberships, users, workspaces
from treadle.errors import NotFound
from treadle.moving.ledger import Ledger, pass_over
from treadle.moving.said import Who
from treadle.permissions import Permission, Role


def ensure_owner(tx: Tx, who: Who) -> tuple[Actor, bool]:
    """Who acts here: the first administrator, or ``who``, whose token it is, where there is nobody yet.

    And whether that one is new.
    """
    owner = identify_owner(tx)
    if owner is not None:
        return owner.actor, False
    claim_installation(tx, who.email)
    made = add_user(tx, _new(who), is_admin=True, kept=_kept(who))
    pass_over(tx, users, made.id)
    add_first_workspace(tx, made.id)
    return Actor(made.id, made.email, is_admin=True), True


def find_workspace(tx: Tx, actor: Actor, name: str) -> int:
    """The workspace of that name, "" for the first one. Raises NotFound("workspace-not-found")."""
    wanted = select(workspaces.c.id).order_by(workspaces.c.id).limit(1)
    row = tx.execute(wanted.where(workspaces.c.name == (name or FIRST_WORKSPACE))).first()
    if row is None and not name:
        row = tx.execute(wanted).first()
    if row is None:
        raise NotFound(
            "workspace-not-found", f"There is no workspace {name or FIRST_WORKSPACE!r}. Make it first."
        )
    allow(tx, actor, Permission.MEMBERS_MANAGE, WorkspaceScope(row[0]))
    return int(row[0])


def bring_people(tx: Tx, ledger: Ledger, found: Sequence[Who], grant: Grant, *, role: Role) -> int:
    """Everybody gets an account here, and a role unless they have one; how many are new.

    An account keeps its old id where nobody has it here.
    """
    known, new = ledger.find(tx, "user", [who.id for who in found]), 0
    for who in found:
        if who.id in known:
            continue
        user = find_user(tx, who.email)
        if user is None:
            user = add_user(tx, _new(who), actor_id=grant.actor.user_id, kept=_kept_if_free(tx, who))
            pass_over(tx, users, user.id)
            new += 1
        if not user.is_admin and not _has_role(tx, grant, user.id):
            give_role(tx, grant, user.id, role)
        ledger.note(tx, "user", {who.id: user.id})
    return new


def _new(who: Who) -> NewUser:
    return NewUser(who.email, None, who.first_name, who.last_name)


def _kept(who: Who) -> dict[str, object]:
    times = {"created_at": who.date_joined, "last_activity_at": who.last_activity}
    return {"id": who.id, **{name: at for name, at in times.items() if at is not None}}


def _kept_if_free(tx: Tx, who: Who) -> dict[str, object]:
    kept = _kept(who)
    if tx.execute(select(users.c.id).where(users.c.id == who.id)).first() is not None:
        del kept["id"]
    return kept


def _has_role(tx: Tx, grant: Grant, user_id: int) -> bool:
    theirs = select(memberships.c.role).where(
        memberships.c.workspace_id == grant.workspace_id, memberships.c.user_id == user_id
    )
    return tx.execute(theirs).first() is not None

"""Who asks, at which workspace, and whether they may.

It is found by a few looks at the database, and remembered until anything in it changes.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from sqlalchemy import bindparam, select
from sqlalchemy.exc import DBAPIError

from treadle.access import ORGANIZATION, Actor, Grant, TokenScope, WorkspaceScope, allow, allow_anywhere
from treadle.access.credentials import (
    AMBIENT,
    CSRF_COOKIE,
    CSRF_HEADER,
    NO_CREDENTIALS,
    SAFE_METHODS,
    WRONG_CREDENTIALS,
    BasicCredential,
    Credential,
    RemoteCredential,
    check_same_site,
    digest_of,
    identify,
    read_credential,
)
from treadle.access.identities import Identity, identify_by_id, identify_owner
from treadle.access.remote_user import RemoteUsers, read_remote_user
from treadle.access.sign_in import SignInAttempt, verify_sign_in
from treadle.access.tokens import is_token_text
from treadle.access.wrong_credentials import WrongCredentials
from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.remembered import Remembered
from treadle.db.schema import workspaces
from treadle.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from treadle.permissions import ROLE_PERMISSIONS, Permission
from treadle.settings import Secret, Settings
from treadle.tracking.asked import Asked
from treadle.tracking.names import internal_name, shown_name, workspace_id_of
from treadle.tracking.routes import Need
from treadle.tracking.visitor import TrackingLevel, Visitor
from treadle.tracking.witnesses import Row, Witnesses

PERMISSIONS = {
    Need.READ: Permission.TRACKING_READ,
    Need.EDIT: Permission.TRACKING_WRITE,
    Need.MANAGE: Permission.TRACKING_MANAGE,
    Need.ADMIN: Permission.ORGANIZATION_ADMIN,
}
_MOST_REMEMBERED = 4096
#: At once: each takes its time, and a wrong one waits for the database, on threads that let others in.
_MOST_PASSWORDS = 6
#: How many of a person's workspaces a refusal names.
_MOST_NAMED = 20

_BY_NAME = Prepared(select(workspaces.c.id).where(workspaces.c.name == bindparam("name")))
_FIRST_TWO = Prepared(select(workspaces.c.id).order_by(workspaces.c.id).limit(2))
_NAMES = Prepared(select(workspaces.c.id, workspaces.c.name).order_by(workspaces.c.name))


@dataclass(frozen=True)
class Admission:
    """Somebody whom the door lets in; ``visitor`` is what the tracking process is told of them."""

    identity: Identity
    visitor: Visitor


@dataclass(frozen=True)
class Keys:
    """What credentials are checked with, beside the database."""

    settings: Settings
    signing_key: Secret
    #: Counts for every door of this process.
    wrong: WrongCredentials
    #: Who asks holds the data folder, and is its owner where they show nothing else.
    is_local: bool = False
    remote_users: RemoteUsers = field(default_factory=RemoteUsers)


class Entrance:
    """Lets requests in, for any number of threads."""

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._keys = keys
        self._known: Remembered[Admission] = Remembered(_MOST_REMEMBERED)
        self._witnessed: Witnesses[Admission] = Witnesses(database, _MOST_REMEMBERED, clock)
        self._wrong = keys.wrong
        self._passwords = threading.Semaphore(_MOST_PASSWORDS)
        # Elsewhere a look at the version may wait for a lock.
        self._may_recall = keys.settings.has_wal

    def recall(self, asked: Asked) -> Admission | None:
        """Who asks, if that was found before and nothing has changed since; it never waits.

        Raises Forbidden("cross-site", "csrf"), Unauthenticated("remote-user-unclear").
        """
        if not self._may_recall:
            return None
        credential = self._read_credential(asked)
        known = self._known.get(_place(asked, credential), self._database.version())
        if known is None or _is_over(known.identity):
            return None
        self._check_site(asked, credential)
        return known

    def identify(self, asked: Asked) -> Identity:
        """Who asks, wherever they want to go.

        Raises Unauthenticated, Forbidden("cross-site", "csrf"), Unavailable("too-many-attempts").
        """
        shown = self._read(asked)
        with self._database.read() as tx:
            return self._find(tx, asked, shown)

    def admit(self, asked: Asked) -> Admission:
        """Who asks, let in to the workspace that they name or mean.

        Raises as `identify`, and Turned for somebody who is known, with what they are refused.
        """
        version = self._database.version()
        shown = self._read(asked)
        key = _place(asked, shown.credential)
        known, rows = self._look(key, shown)
        if known is not None:
            return known
        admission = self._decide(asked, shown)
        if not admission.identity.is_stale:
            self._known.keep(key, admission, version)
            there = admission.visitor.workspace_id
            if there is not None and version is None:
                self._witnessed.keep(key, admission, there, rows)
        return admission

    def _decide(self, asked: Asked, shown: _Shown) -> Admission:
        try:
            with self._database.peek() as tx:
                return self._find_place(tx, asked, shown)
        except DBAPIError:  # that connection is gone; there are others, which are tried before they are used
            with self._database.read() as tx:
                return self._find_place(tx, asked, shown)

    def _find_place(self, tx: Tx, asked: Asked, shown: _Shown) -> Admission:
        identity = self._find(tx, asked, shown)
        place = None
        try:
            place = _seek(tx, identity.actor, asked)
            return Admission(identity, _let_in(tx, identity.actor, asked, place))
        except Forbidden as refusal:
            raise Turned(identity, refusal, place) from refusal
        except (NotFound, Invalid) as refusal:
            raise Turned(identity, refusal, None) from refusal

    def _look(self, key: Hashable, shown: _Shown) -> tuple[Admission | None, Row | None]:
        """Where the database tells no version; of a token or a session, which one look finds again."""
        if shown.credential is None or shown.verified_id is not None or self._database.dialect == "sqlite":
            return None, None
        if isinstance(shown.credential, RemoteCredential):
            return None, None
        return self._witnessed.look(key, shown.credential)

    def _read(self, asked: Asked) -> _Shown:
        """The credential, tried as far as that needs no transaction."""
        credential = self._read_credential(asked)
        self._check_site(asked, credential)
        if credential is None:
            return _Shown(None, "", None)
        digest = digest_of(credential)
        self._wrong.check(digest)
        if isinstance(credential, RemoteCredential):
            settings = self._keys.settings
            self._keys.remote_users.admit(self._database, credential.email, sign_up=settings.sign_up)
        return _Shown(credential, digest, self._verify(asked, credential))

    def _read_credential(self, asked: Asked) -> Credential | None:
        header, peer = asked.headers.get("remote-user", ""), asked.arrival.peer
        named = read_remote_user(header, peer, self._keys.settings)
        return read_credential(asked.headers, asked.cookies, named)

    def _check_site(self, asked: Asked, credential: Credential | None) -> None:
        """What a browser sends by itself writes nothing that a page of ours did not ask for."""
        if not isinstance(credential, AMBIENT) or asked.method in SAFE_METHODS:
            return
        settings = self._keys.settings
        check_same_site(asked.method, asked.headers, asked.arrival, settings.trusted_origins)
        if asked.headers.get("sec-fetch-site") == "same-origin" or "origin" in asked.headers:
            return
        cookie, sent = asked.cookies.get(CSRF_COOKIE, ""), asked.headers.get(CSRF_HEADER.lower(), "")
        if not cookie or not hmac.compare_digest(cookie.encode(), sent.encode()):
            raise Forbidden(
                "csrf", f"Send the value of the cookie {CSRF_COOKIE} as the header {CSRF_HEADER}, or a token."
            )

    def _verify(self, asked: Asked, credential: Credential) -> int | None:
        """The person of a password that is right; None for other credentials. It takes its time."""
        if not isinstance(credential, BasicCredential):
            return None
        with self._database.read() as tx:
            if is_token_text(tx, credential.secret):
                return None
        attempt = SignInAttempt(credential.email, credential.secret, asked.address)
        if not self._passwords.acquire(blocking=False):
            text = "Many passwords are tried at this moment. Try again, or use a token."
            raise Unavailable("too-many-attempts", text, details={"retry_after_s": 1})
        try:
            return verify_sign_in(self._database, attempt)
        finally:
            self._passwords.release()

    def _find(self, tx: Tx, asked: Asked, shown: _Shown) -> Identity:
        if shown.credential is None:
            found = identify_owner(tx) if self._keys.is_local else None
            if found is None:
                raise Unauthenticated("not-authenticated", _NOBODY)
            return found
        if shown.verified_id is not None:
            found = identify_by_id(tx, shown.verified_id)
        else:
            found = identify(tx, shown.credential, self._keys.signing_key)
        if found is None:
            self._wrong.add_wrong(shown.digest, asked.address)
            if isinstance(shown.credential, RemoteCredential):
                self._keys.remote_users.forget(shown.credential.email)
            raise Unauthenticated("invalid-credentials", WRONG_CREDENTIALS)
        self._wrong.add_right(shown.digest)
        return found


def _is_over(identity: Identity) -> bool:
    """A credential that ends by itself changes nothing in the database when it does."""
    return identity.expires_at is not None and identity.expires_at <= datetime.now(timezone.utc)


@dataclass(frozen=True)
class _Shown:
    """The credential of a request; verified_id: the person of a password that was right."""

    credential: Credential | None
    digest: str
    verified_id: int | None


class Turned(Exception):
    """Somebody known is turned away: ``refusal`` says why, ``workspace_id`` where, if they may know it."""

    def __init__(
        self, identity: Identity, refusal: Forbidden | NotFound | Invalid, workspace_id: int | None
    ) -> None:
        super().__init__(refusal.message)
        self.identity = identity
        self.refusal = refusal
        self.workspace_id = workspace_id


_NOBODY = (
    f"{NO_CREDENTIALS} Make a token on the account page and set MLFLOW_TRACKING_TOKEN to it, or run "
    "`treadle login`."
)

_NOTHING_TO_READ = "You may read the experiments of no workspace. Ask a manager of one for the role."


def list_names(tx: Tx, actor: Actor) -> list[tuple[int, str]]:
    """Id and name of every workspace whose experiments the actor may read, by name."""
    rows = tx.execute(_NAMES, {}).all()
    if not actor.is_admin:
        held = allow_anywhere(tx, actor, Permission.TRACKING_READ)
        rows = [row for row in rows if row["id"] in held]
    return [(row["id"], row["name"]) for row in rows]


def _seek(tx: Tx, actor: Actor, asked: Asked) -> int | None:
    """The workspace that the request is about, which may be none that is there; None: it is about none."""
    if asked.row.need is Need.ADMIN or asked.is_page:
        return None
    if not asked.workspace:
        return _meant(tx, actor)
    workspace_id = _named(tx, asked.workspace)
    if workspace_id is None:
        raise _no_workspace(asked)
    return workspace_id


def _let_in(tx: Tx, actor: Actor, asked: Asked, workspace_id: int | None) -> Visitor:
    """Raises NotFound, the same for a workspace that is not there and one that is not theirs; Forbidden."""
    if workspace_id is not None:
        try:
            grant = allow(tx, actor, PERMISSIONS[asked.row.need], WorkspaceScope(workspace_id))
        except NotFound as error:
            raise _no_workspace(asked) from error
        return _visitor(actor, workspace_id, _level(grant))
    if asked.row.need is Need.ADMIN:
        allow(tx, actor, Permission.ORGANIZATION_ADMIN, ORGANIZATION)
        return _visitor(actor, None, "manage")
    if not actor.is_admin and not allow_anywhere(tx, actor, Permission.TRACKING_READ):
        raise Forbidden("not-allowed", _NOTHING_TO_READ)
    return _visitor(actor, None, "read")


def _no_workspace(asked: Asked) -> NotFound:
    text = f"There is no workspace {asked.workspace[:80]!r} that you can see."
    return NotFound("workspace-not-found", text)


def _named(tx: Tx, text: str) -> int | None:
    """The workspace of a name or of MLflow's own name for it; an id may be of none."""
    workspace_id = workspace_id_of(text)
    if workspace_id is not None:
        return workspace_id
    row = tx.execute(_BY_NAME, {"name": text}).first()
    return row["id"] if row else None


def _meant(tx: Tx, actor: Actor) -> int:
    """The workspace of who names none. Raises Invalid("workspace-not-named"), Forbidden("not-allowed")."""
    if actor.token_workspace_id is not None:
        return actor.token_workspace_id
    held = list(allow_anywhere(tx, actor, Permission.TRACKING_READ))
    if not held and actor.is_admin:
        held = [row["id"] for row in tx.execute(_FIRST_TWO, {}).all()]
    if len(held) == 1:
        return held[0]
    if not held:
        raise Forbidden("not-allowed", _NOTHING_TO_READ)
    names = [shown_name(*one) for one in list_names(tx, actor)]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    raise Invalid(
        "workspace-not-named",
        f"You have several workspaces: {', '.join(names[:_MOST_NAMED])}{more}. Name one by "
        "mlflow.set_workspace(…), MLFLOW_WORKSPACE or the header X-MLFLOW-WORKSPACE, or use a token of one.",
    )


def _visitor(actor: Actor, workspace_id: int | None, level: TrackingLevel) -> Visitor:
    there = () if workspace_id is None else ((workspace_id, internal_name(workspace_id)),)
    return Visitor(actor.user_id, actor.email, workspace_id, level, there)


def _level(grant: Grant) -> TrackingLevel:
    """The most that the holder may do there."""
    if grant.actor.token_scope is TokenScope.READ:
        return "read"
    held = ROLE_PERMISSIONS[grant.role] if grant.role else frozenset(Permission)
    if Permission.TRACKING_MANAGE in held:
        return "manage"
    return "edit" if Permission.TRACKING_WRITE in held else "read"


def _place(asked: Asked, credential: Credential | None) -> Hashable:
    digest = digest_of(credential) if credential else None
    return digest, asked.workspace, asked.row.need, asked.is_page

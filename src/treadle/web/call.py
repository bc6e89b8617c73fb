"""One request, as a handler sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from treadle.access import Actor, Grant, ListGrant, Scope, TokenScope, allow, allow_anywhere
from treadle.access.arrivals import Arrival, arrival_of
from treadle.access.grants import held_token, read_only_token
from treadle.access.identities import Identity, identify_by_id, identify_owner, touch
from treadle.access.remote_user import read_remote_user
from treadle.access.sign_in import SignInAttempt, verify_sign_in
from treadle.access.tokens import is_token_text
from treadle.db import Tx
from treadle.errors import Defect, Forbidden, Invalid, NotFound, Unauthenticated
from treadle.permissions import READING, Permission
from treadle.web import bodies
from treadle.web.authentication import (
    AMBIENT,
    NO_CREDENTIALS,
    WRONG_CREDENTIALS,
    BasicCredential,
    RemoteCredential,
    SessionCredential,
    TokenCredential,
    check_same_site,
    digest_of,
    identify,
    read_cookies,
    read_credential,
)
from treadle.web.parts import Parts

T = TypeVar("T")

#: The largest id that is looked for; it is a number that databases know.
MAX_ID = 2**62
_MOST_DIGITS = len(str(MAX_ID))
_MOST_PAGES = 10**9  # times the largest page, it still is a number that databases know


class Call:
    """A request on its way: who asks is known inside a transaction, and only there."""

    def __init__(
        self,
        request: Request,
        parts: Parts,
        path_params: Mapping[str, str],
        *,
        request_id: str,
        permission: Permission | None,
        is_public: bool,
        is_local: bool = False,
        is_own_account: bool = False,
        is_reading: bool = False,
    ) -> None:
        """is_local: it came from who holds the data folder, by its Unix socket or by opening it.

        is_own_account: it is about the account of who asks.  is_reading: it changes nothing.
        """
        self.request = request
        self.parts = parts
        self.path_params = path_params
        self.request_id = request_id
        self.body = b""
        self._permission = permission
        self._is_public = is_public
        self.is_local = is_local
        self._is_own_account = is_own_account
        self._is_reading = is_reading
        #: Where it came from and to which address it was sent, behind proxies.
        self.arrival: Arrival = arrival_of(request.scope)
        self._credential = read_credential(request.headers, self.cookies, self.remote_email)
        #: Of a token or a password: what it is counted under when it is wrong.
        self._digest = ""
        if isinstance(self._credential, (TokenCredential, BasicCredential)):
            self._digest = digest_of(self._credential)
        self._verified_id: int | None = None
        self._identity: Identity | None = None
        self._has_asked = False
        #: What `allow` was asked for last; a refusal is noted there.
        self.asked_for: Scope | None = None
        #: "Last used" is due, and was not written yet.
        self.touch_is_due = False

    # Who asks, and whether they may

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that reads, with the actor known. Raises Unauthenticated."""
        self._prepare()
        with self.parts.database.read() as tx:
            self._enter(tx)
            yield tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that writes, with the actor known.

        Raises Unauthenticated, Forbidden("cross-site").
        """
        self._prepare()
        with self.parts.database.write() as tx:
            self._enter(tx)
            if self._identity is not None and self.touch_is_due:
                touch(tx, self._identity)
                self.touch_is_due = False
            yield tx

    @property
    def actor(self) -> Actor:
        """Who asks; inside `read` or `write` of a route that is not public."""
        if self._identity is None:
            raise Defect(
                "actor-unknown", f"{self.request.url.path} asked who is asking outside a transaction."
            )
        return self._identity.actor

    @property
    def visitor(self) -> Actor | None:
        """Who asks on a public route; None: nobody we know."""
        return self._identity.actor if self._identity else None

    @property
    def identity(self) -> Identity | None:
        """The person with the token they came by."""
        return self._identity

    def allow(self, tx: Tx, scope: Scope) -> Grant:
        """The grant of the permission that the route declares. Raises NotFound, Forbidden."""
        self._has_asked = True
        self.asked_for = scope
        grant = allow(tx, self.actor, self._declared(), scope)
        self._check_may_change()
        return grant

    def allow_list(self) -> ListGrant:
        """The grant to list the projects where the actor holds the route's permission."""
        self._has_asked = True
        self._check_may_change()
        return ListGrant(self.actor, self._declared())

    def allow_anywhere(self, tx: Tx) -> dict[int, Grant]:
        """The grants of the route's permission in every workspace of the actor, by workspace."""
        self._has_asked = True
        self._check_may_change()
        return allow_anywhere(tx, self.actor, self._declared())

    def check_is_whole(self) -> None:
        """Raises Forbidden("token-held") for a token that may less than its person: accounts are not its."""
        if self.actor.is_service:
            text = "A service account's tokens and keys are made by those who manage it, under Members."
            raise Forbidden("service-account", text)
        if self.actor.is_held:
            text = "This token only reads, or is held to one workspace: it changes no account and no tokens."
            raise Forbidden("token-held", text)

    def check_was_guarded(self) -> None:
        """Raises Defect when the handler answered without asking for what its route declares."""
        if self._permission is not None and not self._has_asked:
            raise Defect("permission-not-asked", f"{self.request.url.path} answered without its permission.")
        if not self._is_public and self._identity is None:
            raise Defect("actor-not-asked", f"{self.request.url.path} answered without knowing who asks.")

    def touch(self) -> None:
        """Write down that the actor's token was used, after the answer went out."""
        if self._identity is not None and self.touch_is_due:
            with self.parts.database.write() as tx:
                touch(tx, self._identity)

    # What they ask

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return self.request.method

    @property
    def path(self) -> str:
        """The path as asked, decoded, without the query."""
        path: str = self.request.scope["path"]
        return path

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names in any case."""
        return self.request.headers

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name; of those for several paths the one that is nearest to ours."""
        return read_cookies(self.cookie_header)

    @property
    def token(self) -> str:
        """The token that was sent, by whichever header; "" for none."""
        return self._credential.text if isinstance(self._credential, TokenCredential) else ""

    @property
    def cookie_header(self) -> str:
        """All cookies as they came."""
        return "; ".join(self.request.headers.getlist("cookie"))

    @property
    def query(self) -> Mapping[str, str]:
        """The query's values by name, the last one where there are several."""
        return self.request.query_params

    def query_list(self, name: str) -> list[str]:
        """All values of ``name``, also those written ``name[]``."""
        return [*self.request.query_params.getlist(name), *self.request.query_params.getlist(f"{name}[]")]

    def path_int(self, name: str) -> int:
        """The id in the path. Raises NotFound when it is no number: no such thing can exist."""
        text = self.path_params[name]
        if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) > MAX_ID:
            raise NotFound("not-found", f"There is nothing at {self.path}: {text!r} is no id.")
        return int(text)

    def query_int(self, name: str, default: int | None = None) -> int | None:
        """A whole number of the query. Raises Invalid naming the field."""
        return bodies.whole_number(name, self.query.get(name), default)

    def query_page(self, name: str = "page", default: int = 1, most: int = _MOST_PAGES) -> int:
        """A positive number of the query, at most ``most``. Raises Invalid naming the field."""
        number = bodies.whole_number(name, self.query.get(name), default)
        if number is None or number < 1:
            raise Invalid(
                "query-invalid", f"{name} is {number}; count from 1.", fields={name: ["Count from 1."]}
            )
        return min(number, most)

    def query_text(self, name: str, default: str = "") -> str:
        """A text of the query."""
        return self.query.get(name, default)

    def query_flag(self, name: str, default: bool = False) -> bool:
        """true, 1, yes, on or their opposites. Raises Invalid naming the field."""
        return bodies.flag(name, self.query.get(name), default)

    def json(self) -> Any:
        """The body as a JSON value, {} when it is empty. Raises Invalid as Label Studio words it."""
        return bodies.parse_json(self.body)

    def fields(self) -> dict[str, Any]:
        """The body's fields, whether it came as a JSON object or as a form. Raises Invalid."""
        if self.is_form:
            return bodies.parse_form(self.body, self.headers.get("content-type", ""))
        return bodies.parse_object(self.body)

    def decode(self, kind: type[T]) -> T:
        """The body as a ``kind`` of msgspec Struct. Raises Invalid naming the field that does not fit."""
        if self.is_form:
            return bodies.convert(self.fields(), kind)
        return bodies.decode(self.body, kind)

    @property
    def is_form(self) -> bool:
        """Did an HTML form, or a client that imitates one, send it?"""
        kind = self.headers.get("content-type", "")
        return kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))

    @property
    def site(self) -> str:
        """What stands before every path of ours where the client is: scheme, host and prefix."""
        return self.arrival.site

    @property
    def address(self) -> str:
        """The address of the peer, or of the client that a trusted proxy named."""
        return self.arrival.client

    @cached_property
    def remote_email(self) -> str:
        """Whom the proxy before us names, where the settings let it; "" for nobody."""
        named = ",".join(self.request.headers.getlist("remote-user"))
        return read_remote_user(named, self.arrival.peer, self.parts.settings)

    def page_url(self, page: int) -> str:
        """The address of another page of the same list."""
        kept = [(name, value) for name, value in parse_qsl(self.request.url.query) if name != "page"]
        return f"{self.site}{self.path}?{urlencode([*kept, ('page', str(page))])}"

    # For handlers of streams

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives."""
        return self.request.stream()

    def in_thread(self, verb: Callable[..., T], *arguments: Any) -> Awaitable[T]:
        """Run a synchronous verb in a thread."""
        return run_in_threadpool(verb, *arguments)

    def _declared(self) -> Permission:
        if self._permission is None:
            raise Defect("permission-undeclared", f"The route of {self.path} declares no permission.")
        return self._permission

    def _prepare(self) -> None:
        """What must happen before the transaction: it may hold the write lock."""
        if isinstance(self._credential, AMBIENT) and not self._is_public:
            trusted = self.parts.settings.trusted_origins
            check_same_site(self.method, self.headers, self.arrival, trusted)
        if self._digest and not self._is_public:
            self.parts.wrong_credentials.check(self._digest)
        if isinstance(self._credential, BasicCredential) and self._verified_id is None:
            self._verified_id = self._verify_basic(self._credential)
        if isinstance(self._credential, RemoteCredential):
            self._admit_remote(self._credential.email)

    def _admit_remote(self, email: str) -> None:
        try:
            self.parts.remote_users.admit(self.parts.database, email, sign_up=self.parts.settings.sign_up)
        except Forbidden:
            if not self._is_public:  # there they are a visitor, who may sign up
                raise

    def _verify_basic(self, credential: BasicCredential) -> int | None:
        """Whose password it is; None for a token, which is looked up again with what it is held to."""
        database = self.parts.database
        with database.read() as tx:
            if is_token_text(tx, credential.secret):
                return None
        attempt = SignInAttempt(credential.email, credential.secret, self.address)
        user_id = verify_sign_in(database, attempt)
        if user_id is None:
            raise self._unknown()
        return user_id

    def _enter(self, tx: Tx) -> None:
        if self._verified_id is not None:
            self._identity = identify_by_id(tx, self._verified_id)
        elif self._credential is not None:
            self._identity = identify(tx, self._credential, self.parts.signing_key)
        elif self.is_local:
            self._identity = identify_owner(tx)
        self.touch_is_due = self._identity is not None and self._identity.is_stale
        self._count_credential()
        if self._identity is None and not self._is_public:
            raise self._unknown()
        if self._is_own_account:
            self.check_is_whole()
        if self._permission is None and not self._is_public:
            self._check_may_change()

    def _count_credential(self) -> None:
        """Remember whether it was right, for `_prepare`."""
        if not self._digest or self._is_public:
            return
        if self._identity is None:
            self.parts.wrong_credentials.add_wrong(self._digest, self.address)
        else:
            self.parts.wrong_credentials.add_right(self._digest)

    def _check_may_change(self) -> None:
        """Also where the permission of the route is one to read: taking an export away is a change."""
        if not self._is_reading and self.actor.token_scope is TokenScope.READ:
            raise read_only_token()
        if self.actor.token_permissions is None:
            return
        is_theirs = self._permission in self.actor.token_permissions
        if not is_theirs or (not self._is_reading and self._permission in READING):
            raise held_token()

    def _unknown(self) -> Unauthenticated:
        if self._credential is None and self.is_local:
            return Unauthenticated("nobody-owns", "Nobody owns this installation yet. Sign up in a browser.")
        if self._credential is None:
            return Unauthenticated("not-authenticated", NO_CREDENTIALS)
        if isinstance(self._credential, SessionCredential):
            return Unauthenticated("session-over", "Your session is over. Sign in again; nothing is lost.")
        if isinstance(self._credential, RemoteCredential):
            self.parts.remote_users.forget(self._credential.email)
            text = f"There is no account of {self._credential.email} any more. Ask an organisation admin."
            return Unauthenticated("account-gone", text)
        return Unauthenticated("invalid-credentials", WRONG_CREDENTIALS)

"""The header REMOTE-USER: whom a proxy on this machine says it speaks for.

Off unless the setting says otherwise, since whoever reaches the port could send it. It counts only from the
loopback, where the proxy of a platform stands, and only when it is there once: a second one would be the
client's own.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from treadle.access.addresses import is_loopback
from treadle.access.outside_identities import OutsideIdentity, admit_outside_identity
from treadle.access.users import clean_email
from treadle.db import Database
from treadle.errors import Invalid, Unauthenticated
from treadle.settings import Settings

HEADER = "REMOTE-USER"
ISSUER = "The platform before this server"
_MOST_REMEMBERED = 10_000


def read_remote_user(header: str, peer: str, settings: Settings) -> str:
    """The e-mail address of whom the proxy names; "" where it names nobody, or nobody is to hear it.

    header: the values of every REMOTE-USER, joined by commas.  peer: who holds the connection.
    Raises Unauthenticated("remote-user-unclear").
    """
    if not settings.remote_user or not header.strip() or not is_loopback(peer):
        return ""
    name = header.strip()
    if "@" not in name and settings.remote_user_domain:
        name = f"{name}@{settings.remote_user_domain}"
    try:
        return clean_email(name)
    except Invalid as error:
        raise Unauthenticated("remote-user-unclear", _unclear(header)) from error


class RemoteUsers:
    """Takes in whom a proxy names, at the first time; safe for threads."""

    def __init__(self) -> None:
        #: Those who were seen to be here; whether they still are, each request finds out by itself.
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def admit(self, database: Database, email: str, *, sign_up: str) -> None:
        """See to it that the person is here.

        Raises Forbidden("user-inactive", "sign-up-invited", "not-set-up").
        """
        with self._lock:
            if email in self._known:
                return
        with database.write() as tx:
            admit_outside_identity(tx, OutsideIdentity(ISSUER, email), sign_up=sign_up)
        with self._lock:
            self._known[email] = None
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)

    def forget(self, email: str) -> None:
        """They are not here any more: look again at the next time."""
        with self._lock:
            self._known.pop(email, None)


def _unclear(header: str) -> str:
    return (
        f"The proxy before this server names {header[:200]!r} as {HEADER}: that is not one e-mail address. "
        "Where it is a name, start the server with TREADLE_REMOTE_USER_DOMAIN=example.com."
    )

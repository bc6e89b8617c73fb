"""The way to webhooks: a signed POST through the outbound gate."""

from __future__ import annotations

import time
from dataclasses import dataclass

from treadle.db import Database, Tx
from treadle.errors import Forbidden, Invalid, Unavailable
from treadle.outbound import AllowList, look_up
from treadle.outbound.posting import Post, Posted, check_url, send_post
from treadle.settings import Secret, Settings
from treadle.webhooks import hooks
from treadle.webhooks.hooks import Hook
from treadle.webhooks.receivers import Answer, Parcel, Queue, Receiver, Way
from treadle.webhooks.signing import headers_of

MOST_S = 10.0
_MOST_BYTES = 4_096


@dataclass(frozen=True)
class HookAudience:
    """The webhooks of all projects and workspaces."""

    allowed: AllowList
    key: Secret

    @classmethod
    def open(cls, settings: Settings, key: Secret) -> HookAudience:
        """As the settings say. Raises Invalid("setting")."""
        return cls(AllowList.parse(settings.outbound_allow), key)

    def enrol(self, _database: Database) -> None:
        """Nothing: a hook is made with its queue."""

    def list_receivers(self, tx: Tx) -> list[Receiver]:
        """Every hook that is switched on."""
        return hooks.list_receivers(tx)

    def open_way(self, tx: Tx, queue: Queue) -> Way | None:
        """The way to the queue's hook, while it is switched on."""
        hook = hooks.of_queue(tx, queue.id)
        if hook is None or not hook.is_active:
            return None
        return Way(self.sender(hook), MOST_S)

    def give_up(self, tx: Tx, queue: Queue) -> None:
        """Switch off a hook that took nothing for days."""
        hook = hooks.of_queue(tx, queue.id)
        if hook is None or not hook.is_active or queue.failing_since is None:
            return
        since = queue.failing_since.strftime("%d %B %Y, %H:%M UTC")
        hooks.switch_off(tx, hook, f"Nothing was taken since {since}, so it was switched off.")

    def sender(self, hook: Hook) -> Sender:
        """What hands parcels to the hook, be it switched on or not."""
        return Sender(hook, self)

    def check_reach(self, url: str) -> None:
        """Nothing, unless the address lies where the server calls nobody.

        A name that is not known may be one day. Raises Forbidden("address-private"), Invalid("url-invalid").
        """
        try:
            look_up(check_url(url), 0, self.allowed)
        except Forbidden as error:
            raise Forbidden(error.code, error.message, fields={"url": [error.message]}) from error
        except (OSError, UnicodeError):
            pass


@dataclass(frozen=True)
class Sender:
    """Hands parcels to one hook."""

    hook: Hook
    audience: HookAudience

    def __call__(self, parcel: Parcel) -> Answer:
        """What came of it; whatever goes wrong is told in the answer."""
        began_s = time.monotonic()
        try:
            posted = self._post(parcel)
        except (Forbidden, Invalid, Unavailable) as error:
            return Answer(problem=error.message, duration_ms=_ms_since(began_s))
        return _answer(posted, _ms_since(began_s))

    def _post(self, parcel: Parcel) -> Posted:
        key = self.audience.key
        headers = headers_of(parcel, self.hook.secret(key), self.hook.headers(key), int(time.time()))
        post = Post(self.hook.url, parcel.body, headers)
        return send_post(post, self.audience.allowed, time_limit_s=MOST_S, most_bytes=_MOST_BYTES)


def _answer(posted: Posted, duration_ms: int) -> Answer:
    problem = ""
    if 300 <= posted.status < 400:
        problem = "It answered with a redirect, which is not followed. Give the address that it leads to."
    elif not 200 <= posted.status < 300:
        problem = f"It answered {posted.status}."
    return Answer(
        posted.status,
        posted.body.decode("utf-8", "replace"),
        problem,
        duration_ms,
        _seconds(posted.retry_after),
    )


def _seconds(text: str) -> float | None:
    return float(text[:9]) if text.isascii() and text.isdecimal() else None


def _ms_since(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)

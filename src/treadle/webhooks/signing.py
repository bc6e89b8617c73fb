"""How a receiver knows that it was us, and that it is new.

``X-Treadle-Signature: sha256=HEX`` is HMAC-SHA256 under the hook's secret over the seconds since 1970 of
``X-Treadle-Timestamp``, a full stop, and the body's bytes as they were sent.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256

from treadle import __version__
from treadle.settings import Secret
from treadle.webhooks.receivers import Parcel

PREFIX = "x-treadle-"
_SECRET_BYTES = 32


def make_secret() -> Secret:
    """A new secret of a hook."""
    return Secret(f"whsec_{secrets.token_urlsafe(_SECRET_BYTES)}")


def sign(secret: Secret, timestamp: int, body: bytes) -> str:
    """The signature of ``body`` as sent at ``timestamp``, seconds since 1970."""
    signed = hmac.new(secret.reveal().encode(), b"%d." % timestamp + body, sha256)
    return f"sha256={signed.hexdigest()}"


def headers_of(parcel: Parcel, secret: Secret, own: Mapping[str, str], timestamp: int) -> dict[str, str]:
    """The headers that a parcel is sent with. own: those of the hook."""
    given = {name.lower() for name in own}
    ours = {"Content-Type": "application/json", "Accept": "*/*", "User-Agent": f"Treadle/{__version__}"}
    return {
        **{name: value for name, value in ours.items() if name.lower() not in given},
        **own,
        "X-Treadle-Action": parcel.action,
        "X-Treadle-Delivery": str(parcel.delivery_id),
        "X-Treadle-Event": parcel.event,
        "X-Treadle-Timestamp": str(timestamp),
        "X-Treadle-Signature": sign(secret, timestamp, parcel.body),
    }

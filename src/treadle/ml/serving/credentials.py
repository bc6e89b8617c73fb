"""Who may call: HTTP Basic or a token; and how a webhook comes in, which brings neither."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from ipaddress import ip_address

from treadle.errors import Unauthenticated
from treadle.ml.serving.options import Options

Headers = Iterable[tuple[bytes, bytes]]
_WEBHOOK = "/webhook"


class Gate:
    """Lets in who has the credentials of a server; everybody where it has none."""

    def __init__(self, options: Options) -> None:
        self._basic = options.basic_auth.reveal().encode()
        self._token = options.token.reveal().encode()
        self._webhook_from = options.webhook_from
        #: Whether everybody is let in.
        self.is_open = not options.needs_credentials

    def check(self, headers: Headers, path: str, *, client: str, is_by_secret: bool) -> None:
        """Raises Unauthenticated("credentials").

        is_by_secret: the address that was called began with the secret of webhooks.
        """
        if self.is_open or self._is_right(_header(headers)):
            return
        if path == _WEBHOOK and (is_by_secret or self._is_from(client)):
            return
        text = "Give name and password (HTTP Basic) or the token of this model server."
        if path == _WEBHOOK:
            text += (
                " Label Studio sends none with its webhooks: start the server with --webhook-from ADDRESS, "
                "or with --webhook-secret TEXT and connect it as http://HOST:PORT/TEXT."
            )
        raise Unauthenticated("credentials", text)

    def _is_right(self, header: bytes) -> bool:
        scheme, _, given = header.strip().partition(b" ")
        if scheme.lower() == b"basic":
            return _is_same(_decoded(given), self._basic)
        if scheme.lower() in (b"bearer", b"token"):
            return _is_same(given.strip(), self._token)
        return False

    def _is_from(self, client: str) -> bool:
        if not self._webhook_from:
            return False
        try:
            address = ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._webhook_from)


def is_secret(given: str, wanted: str) -> bool:
    """Whether a folder of an address is the secret one."""
    return _is_same(given.encode(), wanted.encode())


def _header(headers: Headers) -> bytes:
    return next((value for name, value in headers if name == b"authorization"), b"")


def _decoded(given: bytes) -> bytes:
    try:
        return base64.b64decode(given.strip(), validate=True)
    except binascii.Error:
        return b""


def _is_same(given: bytes, wanted: bytes) -> bool:
    return bool(wanted) and hmac.compare_digest(given, wanted)

"""The server that a call came from: where its files are, and who we are to it.

A value of a task's data is an address of its own, or a path on that server, whose own path prefix it may
repeat or leave out. A token goes to the server's very origin and nowhere else.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from treadle.errors import Invalid
from treadle.ml.calling import ProjectCall

#: Set by whoever runs the backend, and over what a call says.
ADDRESS_NAMES = ("TREADLE_URL", "LABEL_STUDIO_URL", "LABEL_STUDIO_HOST")
TOKEN_NAMES = ("TREADLE_TOKEN", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN")
_CLOUD = ("s3://", "gs://", "azure-blob://")
#: What changes with each signature while the file stays the same.
_SIGNED = ("signature", "sig", "expires", "exp", "token", "x-amz-", "x-goog-", "se", "sp", "sv", "sr", "st")


@dataclass(frozen=True)
class Server:
    """A server by its address, and the tokens that may be shown to it, the likeliest first."""

    #: "http://host/prefix", without a slash at its end; "" where none is known.
    base: str
    tokens: tuple[str, ...] = field(default=(), repr=False)
    #: The environment has a token that this server is not shown: anybody who calls may say where a server is.
    is_withheld: bool = False

    @property
    def origin(self) -> str:
        return origin_of(self.base)

    @property
    def prefix(self) -> str:
        return urlsplit(self.base).path.rstrip("/")

    def path_of(self, address: str) -> str | None:
        """The path and query of ``address`` on this server without its prefix; None where it lies
        elsewhere.
        """
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            if not self.base or origin_of(address) != self.origin:
                return None
        elif parts.path.startswith(("upload/", "/upload/")):
            parts = parts._replace(path="/data/" + parts.path.lstrip("/"))
        path = parts.path if parts.path.startswith("/") else "/" + parts.path
        if self.prefix and (path + "/").startswith(self.prefix + "/"):
            path = path[len(self.prefix) :] or "/"
        return path + (f"?{parts.query}" if parts.query else "")

    def url_of(self, address: str, task_id: object = None) -> str:
        """Where ``address`` is fetched. Raises Invalid("address-…")."""
        if address.startswith(_CLOUD):
            return self._presigned(address, task_id)
        scheme = urlsplit(address).scheme
        if scheme in ("http", "https"):
            return address
        if scheme and "://" in address:
            raise Invalid("address-scheme", f"{shown(address)} is neither http nor https: it is not fetched.")
        if not self.base:
            raise Invalid(
                "address-relative",
                f"{shown(address)} is a path on a server, and none is known. Set TREADLE_URL or "
                "LABEL_STUDIO_URL to its address, or connect the backend to a project.",
            )
        return self.base + (self.path_of(address) or "/")

    def _presigned(self, address: str, task_id: object) -> str:
        if not self.base or task_id is None:
            raise Invalid(
                "address-cloud",
                f"{shown(address)} is fetched through the server that the task belongs to. Set TREADLE_URL.",
            )
        named = base64.urlsafe_b64encode(address.encode()).decode()
        return f"{self.base}/tasks/{quote(str(task_id))}/presign/?fileuri={named}"


def server_of(project: ProjectCall, environ: Mapping[str, str]) -> Server:
    """The server of a call: what the environment says, else what the call does.

    A token of the environment is for the address of the environment: a call's is whatever the caller wrote.
    """
    base, token = _first(environ, ADDRESS_NAMES), _first(environ, TOKEN_NAMES)
    shown = (token, project.access_token) if base else (project.access_token,)
    tokens = tuple(dict.fromkeys(one for one in shown if one))
    return Server(checked_base(base or project.hostname), tokens, bool(token and not base))


def checked_base(base: str) -> str:
    """An address without the slash at its end. Raises Invalid("server-address")."""
    base = base.strip().rstrip("/")
    if base and not base.startswith(("http://", "https://")):
        raise Invalid(
            "server-address", f'"{base}" is no address of a server. It begins with http:// or https://.'
        )
    return base


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, each said: "http://host:80"."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname or ''}:{port}".lower()


def lasting(url: str) -> str:
    """An address without what changes at each signing: the same for the same file."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if not _is_signature(name)]
    return urlunsplit(parts._replace(query=urlencode(kept), fragment=""))


def is_signed(url: str) -> bool:
    """Whether an address carries its own leave."""
    return any(_is_signature(name) for name, _ in parse_qsl(urlsplit(url).query, True))


def _is_signature(name: str) -> bool:
    name = name.lower()
    return name in _SIGNED or name.startswith(("x-amz-", "x-goog-"))


def shown(address: str) -> str:
    """An address for a message: without its query, which may hold a secret."""
    return address.split("?", 1)[0][:200]


def redirected(url: str, location: str) -> str:
    """Where a redirect leads. Raises Invalid("address-scheme")."""
    target = urljoin(url, location)
    if urlsplit(target).scheme not in ("http", "https"):
        raise Invalid("address-scheme", f"{shown(url)} leads to {shown(target)}, which is not fetched.")
    return target


def expiry_of(token: str) -> float | None:
    """When a JWT ends, in seconds since 1970; None where ``token`` is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims.get("exp", time.time() + 60))
    except (ValueError, AttributeError, TypeError):
        return None


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environ.get(name, "").strip())), "")

"""What the door reads of a request before it decides anything."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from treadle.access.arrivals import Arrival, arrival_of
from treadle.access.credentials import read_cookies
from treadle.errors import Invalid, NotFound
from treadle.tracking.mounts import UI_MOUNT
from treadle.tracking.route_table import find, find_page, methods_at
from treadle.tracking.routes import Row

WORKSPACE_HEADER = "x-mlflow-workspace"
#: Of which there may be several, and how they are one: a liar may have sent one of them.
_JOINED = {"remote-user": ",", "cookie": "; "}
_LONGEST_PATH = 4096
_SMALL_BYTES = 1024 * 1024
#: MLflow itself decodes what it is given again and again; nobody means more than a few times.
_MOST_DECODINGS = 10


@dataclass(frozen=True)
class Asked:
    """One request: where to, and what it says of itself."""

    method: str
    #: Decoded, and without the mount of MLflow's own pages.
    path: str
    row: Row
    #: A file of MLflow's own pages, which belongs to no workspace.
    is_page: bool
    headers: Mapping[str, str]
    arrival: Arrival

    @property
    def address(self) -> str:
        """Of the client."""
        return self.arrival.client

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by name."""
        return read_cookies(self.headers.get("cookie", ""))

    @property
    def body_bytes(self) -> int | None:
        """How long the body is said to be; None: nobody knows."""
        if "transfer-encoding" in self.headers:
            return None
        text = self.headers.get("content-length", "0")
        return int(text[:20]) if text.isascii() and text.isdecimal() else None

    @property
    def has_small_body(self) -> bool:
        """Whether one piece holds all of it, so that nobody waits for long."""
        size_bytes = self.body_bytes
        return size_bytes is not None and size_bytes <= _SMALL_BYTES

    @property
    def workspace(self) -> str:
        """The workspace that the request names; "" for none."""
        return self.headers.get(WORKSPACE_HEADER, "").strip()


def read_asked(scope: MutableMapping[str, Any]) -> Asked:
    """The request of an ASGI scope, at a route that MLflow has.

    Raises Invalid("address-odd", "method-not-allowed", "header-twice"), NotFound("route-unknown").
    """
    path = check_path(scope["path"])
    if len(scope.get("raw_path") or b"") > _LONGEST_PATH:
        raise Invalid("address-odd", f"The address has more than {_LONGEST_PATH} characters.")
    is_below_mount = path.startswith(f"{UI_MOUNT}/")
    inner = path[len(UI_MOUNT) :] if is_below_mount else path
    method = scope["method"]
    page = find_page(method, inner) if is_below_mount else None
    row = page or find(method, inner)
    if row is None:
        raise _unknown(method, inner)
    headers = _read_headers(scope["headers"])
    return Asked(method, inner, row, page is not None, headers, arrival_of(scope))


def check_path(path: str) -> str:
    """The path itself.

    Raises Invalid("address-odd") for one that says, decoded however often, another place than it shows.
    """
    text = path
    for _ in range(_MOST_DECODINGS):
        if _is_odd(text):
            break
        decoded = unquote(text)
        if decoded == text:
            return path
        text = decoded
    raise Invalid(
        "address-odd",
        "The address holds '.', '..', '//', a backslash or a character that no name here has. Write the path "
        "out plainly.",
    )


def _is_odd(text: str) -> bool:
    if "//" in text or "\\" in text or "\0" in text or "\ufffd" in text:
        return True
    return any(part in (".", "..") for part in text.split("/"))


def _read_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1")
        text = value.decode("latin-1")
        if key == WORKSPACE_HEADER and headers.get(key, text) != text:
            raise Invalid("header-twice", "The header X-MLFLOW-WORKSPACE names two workspaces. Send it once.")
        headers[key] = f"{headers[key]}{_JOINED[key]}{text}" if key in _JOINED and key in headers else text
    return headers


def _unknown(method: str, path: str) -> Invalid | NotFound:
    allowed = methods_at(path)
    if allowed:
        details = {"allowed": ", ".join((*allowed, "OPTIONS"))}
        return Invalid("method-not-allowed", f'Method "{method}" is not allowed here.', details=details)
    return NotFound(
        "route-unknown", f"There is nothing at {method} {path[:200]} in the MLflow that this server runs."
    )

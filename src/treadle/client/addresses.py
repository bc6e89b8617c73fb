"""Which server a program speaks to, and by which token."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from treadle.errors import Invalid, NotFound

URL_VARIABLE = "TREADLE_URL"
TOKEN_VARIABLE = "TREADLE_TOKEN"
AUTHORIZATION_VARIABLE = "TREADLE_AUTHORIZATION"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A server: by host and port, or by the path of its Unix socket."""

    scheme: Literal["http", "https", "unix"]
    host: str = "localhost"
    port: int = 0
    #: What stands before every path, without a slash at its end.
    prefix: str = ""
    socket_path: Path | None = None

    def __str__(self) -> str:
        if self.socket_path is not None:
            return f"unix://{self.socket_path}"
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}{self.prefix}"


class Credentials(msgspec.Struct):
    """The file of credentials: tokens by server, and which server is meant when none is named."""

    default: str = ""
    tokens: dict[str, str] = {}


def parse_address(text: str) -> Address:
    """``https://host[:port][/prefix]``, ``http://…`` or ``unix:///path/of/treadle.sock``.

    Raises Invalid("server-address").
    """
    try:
        parts = urlsplit(text.strip())
        if parts.scheme == "unix" and parts.path:
            return Address("unix", socket_path=Path(unquote(parts.path)))
        if parts.scheme in ("http", "https") and parts.hostname and not parts.username:
            scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
            return Address(scheme, parts.hostname, parts.port or _PORTS[scheme], parts.path.rstrip("/"))
    except ValueError:
        pass
    raise Invalid(
        "server-address", f"{text!r} is no address of a server. Give one such as https://treadle.example.org."
    )


def find_server(environment: Mapping[str, str] | None = None) -> tuple[Address, str]:
    """Address and token: of TREADLE_URL and TREADLE_TOKEN, else of the file of credentials.

    Raises NotFound("server-not-named"), Invalid("server-address", "credentials-broken").
    """
    environment = os.environ if environment is None else environment
    kept = read_credentials(environment)
    named = environment.get(URL_VARIABLE) or kept.default
    if not named:
        raise NotFound(
            "server-not-named",
            f"Which server? Sign in with `treadle login URL`, or set {URL_VARIABLE} and {TOKEN_VARIABLE}.",
        )
    address = parse_address(named)
    return address, environment.get(TOKEN_VARIABLE) or kept.tokens.get(str(address), "")


def token_for(address: Address, environment: Mapping[str, str] | None = None) -> str:
    """The token for a server that was named: TREADLE_TOKEN, else of the file of credentials; "" for none."""
    environment = os.environ if environment is None else environment
    return environment.get(TOKEN_VARIABLE) or read_credentials(environment).tokens.get(str(address), "")


def authorization_before(address: Address, environment: Mapping[str, str] | None = None) -> str:
    """What a platform before the server wants as ``Authorization``: TREADLE_AUTHORIZATION; "" for none.

    Nothing stands before a socket.
    """
    environment = os.environ if environment is None else environment
    return "" if address.scheme == "unix" else environment.get(AUTHORIZATION_VARIABLE, "").strip()


def credentials_path(environment: Mapping[str, str]) -> Path:
    """Where tokens are kept, for their owner alone."""
    folder = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or Path.home(), ".config")
    return Path(folder, "treadle", "credentials")


def read_credentials(environment: Mapping[str, str]) -> Credentials:
    """What is kept; nothing where there is no file. Raises Invalid("credentials-broken")."""
    path = credentials_path(environment)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return Credentials()
    except (OSError, msgspec.DecodeError) as error:
        text = f"{path} cannot be read ({error}). Repair it, or remove it and sign in again."
        raise Invalid("credentials-broken", text) from error


def keep_credentials(address: Address, token: str, environment: Mapping[str, str] | None = None) -> Path:
    """Keep the token and make the server the one that is meant; the file, which only its owner can read."""
    environment = os.environ if environment is None else environment
    path = credentials_path(environment)
    kept = read_credentials(environment)
    kept.default = str(address)
    kept.tokens[str(address)] = token
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(kept)))
    partial.replace(path)
    return path

"""HTTP as files are fetched and bodies are posted with: addresses, names, and an end."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from urllib.parse import SplitResult, urlsplit

from treadle.errors import Invalid
from treadle.outbound.connecting import LATE

_LONGEST_URL = 8_000
_USER = re.compile(r"(?<=//)[^/]*@")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]*")


def parse_url(url: str) -> SplitResult:
    """The parts of an address. Raises Invalid("url-invalid")."""
    try:
        target = urlsplit(url.strip())
        is_whole = target.scheme in ("http", "https") and bool(target.hostname)
        target.port  # noqa: B018 - raises for what is no port
        (target.hostname or "").encode("idna")
    except (ValueError, UnicodeError) as error:
        raise _invalid(url, "is no address") from error
    if not is_whole or len(url) > _LONGEST_URL or not url.isprintable():
        raise _invalid(url, "is no http or https address")
    if target.username is not None or target.password is not None:
        raise _invalid(url, "holds a name or a password, which the server does not send")
    return target


def host_of(target: SplitResult) -> str:
    """The value of Host for an address."""
    host = (target.hostname or "").encode("idna").decode()
    named = f"[{host}]" if ":" in host else host
    return f"{named}:{target.port}" if target.port else named


def quoted(path: str) -> str:
    """A path with its query as it goes over the wire."""
    return "".join(char if "!" <= char <= "~" else _percent(char) for char in path)


def secure(connection: http.client.HTTPConnection, deadline_s: float) -> None:
    """Speak TLS over a connection that is made, by then at the latest."""
    context = ssl.create_default_context()
    # The handshake comes when the connection holds the socket: so `end` ends it, too.
    wrapped = context.wrap_socket(
        connection.sock, server_hostname=connection.host, do_handshake_on_connect=False
    )
    connection.sock = wrapped
    if time.monotonic() > deadline_s:
        raise TimeoutError(LATE)
    wrapped.do_handshake()


def end(connection: http.client.HTTPConnection) -> None:
    """Let whoever waits for the connection wait no longer."""
    # Whoever sends a byte now and then would never time out.
    if connection.sock is not None:
        try:
            # Not as a secure socket does it, which would forget its keys while another thread reads.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
        except OSError:
            pass


def without_query(url: str) -> str:
    """An address as it may be shown."""
    # What signs an address often stands in its query, and an error is shown and logged.
    return _USER.sub("***@", url.split("?")[0].split("#")[0])[:200]


def _masked(url: str) -> str:
    # In what is no address, nobody knows where a password ends but at the last "@".
    before, at, rest = url.rpartition("@")
    scheme = _SCHEME.match(before)
    return f"{scheme[0] if scheme else ''}***@{rest}" if at else url


def told_by(error: Exception) -> str:
    """What went wrong, in words."""
    if isinstance(error, TimeoutError):
        return LATE
    return str(error) or type(error).__name__


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _invalid(url: str, what: str) -> Invalid:
    text = f"{without_query(_masked(url.strip()))!r} {what}. Give an address such as https://example.com/tasks.json."
    return Invalid("url-invalid", text, fields={"url": [text]})

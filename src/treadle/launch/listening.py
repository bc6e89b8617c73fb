"""The socket that the server listens on."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

from treadle.errors import Conflict, Invalid
from treadle.launch.health import reachable_host
from treadle.launch.lock import try_until, unusable
from treadle.local_socket import FILE_NAME, socket_address
from treadle.settings import Settings

_BACKLOG = 2048
_LISTENING = "0A"
_EVERYWHERE = ("0.0.0.0", "::", "")


def listen(host: str, port: int, timeout_s: float, *, option: str = "--port") -> socket.socket:
    """A socket that listens on ``host`` and ``port``; port 0 takes any free one. option: that named the port.

    Raises Conflict("port-taken"), naming who holds it where the system tells, when it is not free
    within ``timeout_s`` seconds; Invalid("host") when the address is none of this machine's.
    """
    family, address = _resolve(host, port, option)
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        is_free = try_until(lambda: _try_bind(opened, address), timeout_s)
    except OSError as error:
        opened.close()
        raise _refusal(host, port, error, option) from error
    if not is_free:
        opened.close()
        raise _taken(host, port, option)
    opened.listen(_BACKLOG)
    return opened


def listen_for_s3(settings: Settings, timeout_s: float) -> list[socket.socket]:
    """The socket of S3 alone, where the settings name a port for it. Raises as `listen`."""
    if not settings.s3_port:
        return []
    return [listen(settings.host, settings.s3_port, timeout_s, option="--s3-port")]


def listen_locally(data_dir: Path) -> socket.socket:
    """The socket in the data folder, for its owner alone; to be called by who holds the folder's lock.

    Raises Unavailable("data-dir-unusable").
    """
    path = data_dir / FILE_NAME
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)  # what a killed server left
        with socket_address(path) as place:
            opened.bind(place)
        path.chmod(0o600)
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise unusable(data_dir, error) from error
    return opened


def address_of(listening: socket.socket) -> str:
    """Where a browser on this machine reaches it, as ``http://host:port``."""
    host, port = reachable(listening)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def reachable(listening: socket.socket) -> tuple[str, int]:
    """Host and port by which this machine reaches it."""
    host, port = listening.getsockname()[:2]
    return reachable_host(host), port


def _resolve(host: str, port: int, option: str) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, OverflowError) as error:
        text = f"{host}:{port} is no address to listen on. Give --host and {option}."
        raise Invalid("host", text) from error
    # A name such as localhost has several addresses: the one that other programs try first.
    best = next((one for one in found if one[0] == socket.AF_INET), found[0])
    return best[0], best[4]


def _try_bind(opened: socket.socket, address: tuple[object, ...]) -> bool:
    try:
        opened.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise
    return True


def _refusal(host: str, port: int, error: OSError, option: str) -> Invalid:
    if error.errno == errno.EACCES:
        text = f"You may not listen on port {port}: ports below 1024 are root's. Give {option} another one."
    else:
        text = (
            f"{host}:{port} cannot be listened on ({error.strerror}). Give --host an address of this machine."
        )
    return Invalid("host", text)


def _taken(host: str, port: int, option: str) -> Conflict:
    holder = find_listener(host, port)
    who = f"held by {holder}" if holder else "held by a process that the system does not show to you"
    remedy = f"Stop that one, or give {option} another number."
    if host in _EVERYWHERE and _is_free("127.0.0.1", port):
        remedy = f"127.0.0.1:{port} is free: give --host 127.0.0.1, or {option} another number."
    return Conflict("port-taken", f"Port {port} of {host} is {who}. {remedy}")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _try_bind(tried, (host, port))


def find_listener(host: str, port: int) -> str:
    """The process that keeps others from it, as "process 12 (python -m http.server)"; "" when hidden."""
    rows = [row for name in ("tcp", "tcp6") for row in _listening_rows(name, port)]
    wanted = {host, *_EVERYWHERE}
    inodes = {inode for address, inode in rows if host in _EVERYWHERE or address in wanted}
    for folder in Path("/proc").glob("[0-9]*"):
        if inodes & _sockets_of(folder):
            return f"process {folder.name} ({_program(folder)})"
    return ""


def _listening_rows(name: str, port: int) -> list[tuple[str, str]]:
    """Address and socket of each that listens on the port."""
    try:
        lines = Path("/proc/net", name).read_text().splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    listening = [row for row in rows if row[3] == _LISTENING]
    places = [(row[1].rpartition(":"), row[9]) for row in listening]
    return [
        (_address_of(text), f"socket:[{inode}]") for (text, _, at), inode in places if int(at, 16) == port
    ]


def _address_of(text: str) -> str:
    """The kernel shows the address in words of four bytes, each in the machine's own order."""
    words = [bytes.fromhex(text[start : start + 8]) for start in range(0, len(text), 8)]
    packed = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _sockets_of(folder: Path) -> set[str]:
    try:
        entries = os.listdir(folder / "fd")
    except OSError:
        return set()  # somebody else's, or gone meanwhile
    return {_target_of(folder / "fd" / entry) for entry in entries}


def _target_of(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:
        return ""  # closed meanwhile


def _program(folder: Path) -> str:
    try:
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    # What follows an option may be a password.
    shown = []
    for word in words[:4]:
        if word.startswith("--") or not word:
            break
        shown.append(os.path.basename(word))
    return " ".join(shown)

"""A connection to the address that was looked at."""

from __future__ import annotations

import socket
import time
from typing import Any

from treadle.outbound.addresses import AllowList, check_address

LATE = "it did not answer in time"
_CONNECT_S = 10.0


def look_up(host: str, port: int, allowed: AllowList) -> list[tuple[Any, ...]]:
    """The addresses that ``host`` stands for, each of which the server may call.

    Raises Forbidden("address-private") when it may not call one of them, OSError when there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_rest, place in found:
        check_address(host, str(place[0]), allowed)
    return found


def reach(host: str, port: int, allowed: AllowList, deadline_s: float) -> socket.socket:
    """A connection to the first address of ``host`` that answers. Raises as `look_up` does, and OSError."""
    last: OSError = OSError("no address")
    for family, kind, protocol, _canonical, place in look_up(host, port, allowed):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:  # a name may stand for any number of addresses
            raise TimeoutError(LATE)
        try:
            return _connect(socket.socket(family, kind, protocol), place, min(_CONNECT_S, left_s))
        except OSError as error:  # the next address may answer
            last = error
    raise last


def _connect(plain: socket.socket, place: Any, timeout_s: float) -> socket.socket:
    try:
        plain.settimeout(timeout_s)
        plain.connect(place)
    except BaseException:
        plain.close()
        raise
    return plain

"""From which address a request came, behind proxies that the settings trust."""

from __future__ import annotations

import ipaddress
import logging
from functools import lru_cache

from treadle.errors import Invalid

_LOG = logging.getLogger(__name__)
#: The first peer of which the log was told: one line is enough, and strangers can send the header, too.
_told_of: list[str] = []
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(peer: str, forwarded_for: str, trusted_proxies: str) -> str:
    """The address of the client: what the last proxy that is not trusted said, or did.

    peer: who holds the connection.  forwarded_for: the header X-Forwarded-For, each proxy's peer added at its
    end.  trusted_proxies: the setting. Of a peer that is no trusted proxy the header says nothing.
    """
    networks = parse_proxies(trusted_proxies)
    address = peer
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    if hops and peer and not _is_trusted(peer, networks):
        _warn_of_proxy(peer)
    while hops and _is_trusted(address, networks):
        address = hops.pop()
    return address


@lru_cache(maxsize=16)
def parse_proxies(trusted_proxies: str) -> tuple[_Network, ...]:
    """The addresses and ranges of the setting. Raises Invalid("setting")."""
    try:
        return tuple(
            ipaddress.ip_network(text.strip(), strict=False)
            for text in trusted_proxies.split(",")
            if text.strip()
        )
    except ValueError as error:
        raise Invalid(
            "setting", f"TREADLE_TRUSTED_PROXIES: {error}. Give addresses or ranges, by commas."
        ) from error


def _is_trusted(address: str, networks: tuple[_Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a name, a socket, or what somebody made up
        return False
    return any(parsed in network for network in networks)


def _warn_of_proxy(peer: str) -> None:
    if _told_of:
        return
    _told_of.append(peer)
    _LOG.warning(
        "%s sends X-Forwarded-For and is no trusted proxy: limits and the audit log take it for the client. "
        "If it is your proxy, start the server with TREADLE_TRUSTED_PROXIES=%s.",
        peer,
        peer,
    )

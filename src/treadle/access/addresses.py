"""Addresses of machines, and which of them the settings trust as proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from treadle.errors import Invalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=16)
def parse_proxies(trusted_proxies: str) -> tuple[Network, ...]:
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


@lru_cache(maxsize=1024)
def is_among(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the ranges; a name, or what somebody made up, does not."""
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in networks)


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """Whether it is this machine's own."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def nearest_untrusted(peer: str, named: Iterable[str], networks: tuple[Network, ...]) -> tuple[str, int]:
    """The client, and through how many proxies it came that are trusted.

    named: whom each proxy says it was asked by, the nearest proxy's word last. What is no address ends the
    walk: the proxy that said it is then all that is known.
    """
    address, proxies, left = peer, 0, list(named)
    while is_among(address, networks):
        proxies += 1
        before = plain_address(left.pop()) if left else ""
        if not before:
            break
        address = before
    return address, proxies


def plain_address(text: str) -> str:
    """The address in ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1`` or ``[2001:db8::1]:80``; "": none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text if _parse(text) is not None else ""


def _parse(text: str) -> _Address | None:
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed

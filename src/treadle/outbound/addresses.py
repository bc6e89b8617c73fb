"""Which addresses the server may call for a user."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import TypeAlias

from treadle.errors import Forbidden, Invalid

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

#: On a list of all that may be called: every address.
ANY = "*"

# An IPv4 address in the clothes of an IPv6 one: a translator on the way would undress it.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
# Of the rest nothing is given out for the Internet, and some of it leads to private IPv4 networks.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")


@dataclass(frozen=True)
class AllowList:
    """Hosts and networks that may be called though they are private."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    #: Every address may be called but those of the link itself, where clouds tell secrets to who asks.
    is_open: bool = False
    #: Only what is on the list may be called, however public the rest is.
    is_closed: bool = False
    #: The setting that it stands in.
    setting: str = "TREADLE_OUTBOUND_ALLOW"

    @classmethod
    def parse(cls, text: str) -> AllowList:
        """``10.0.0.0/8, files.internal`` as a list. Raises Invalid("setting") naming what is neither."""
        return cls._read(text, cls.setting)

    @classmethod
    def parse_whole(cls, text: str, setting: str) -> AllowList:
        """A list of all that may be called; ``*`` on it is for every address but those of the link itself.

        setting: the variable that it stands in. Raises Invalid("setting") naming what is neither.
        """
        entries = [part.strip() for part in text.split(",")]
        rest = ",".join(entry for entry in entries if entry != ANY)
        return replace(cls._read(rest, setting), is_open=ANY in entries, is_closed=True)

    @classmethod
    def _read(cls, text: str, setting: str) -> AllowList:
        hosts, networks = set(), []
        for entry in filter(None, (part.strip().lower() for part in text.split(","))):
            network = _network(entry)
            if network is not None:
                networks.append(network)
            elif "/" in entry or ":" in entry:
                raise Invalid(
                    "setting",
                    f"{setting}: {entry!r} is neither a host nor a range of addresses.",
                )
            else:
                hosts.add(entry.rstrip("."))
        return cls(frozenset(hosts), tuple(networks), setting=setting)

    def allows(self, host: str, address: Address) -> bool:
        """Whether the host, or the network of its address, is on the list."""
        return host.lower().rstrip(".") in self.hosts or any(
            address.version == network.version and address in network for network in self.networks
        )


def check_address(host: str, written: str, allowed: AllowList) -> None:
    """Nothing, when the server may call ``written``, which ``host`` stands for.

    Raises Forbidden("address-private").
    """
    address = _plain(ipaddress.ip_address(written.partition("%")[0]))
    if allowed.allows(host, address) or (allowed.is_open and not address.is_link_local):
        return
    if allowed.is_closed:
        text = f"{host} is at {address}, which is not among the addresses that {allowed.setting} lets the "
        raise Forbidden("address-private", f"{text}server call. An administrator may add it there.")
    if not _is_public(address):
        raise Forbidden(
            "address-private",
            f"{host} is at {address}, an address of this machine or of a private network, which the server "
            f"does not call for anybody. An administrator may allow it with {allowed.setting}.",
        )


def _is_public(address: Address) -> bool:
    is_given_out = address.version == 4 or address in _GIVEN_OUT
    return is_given_out and address.is_global and not address.is_multicast


def _plain(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None

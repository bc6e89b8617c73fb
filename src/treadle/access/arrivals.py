"""Where a request came from and to which address its client sent it, whatever proxies stand between.

Promises: a header of a peer that is no trusted proxy decides nothing; what is believed fits into an address
and into HTML; once a request has arrived, its scope holds path, host and scheme as the client meant them,
without the sub-path that a proxy left before them.

Refuses to take from a path what no setting names, whatever a header says of it, for a proxy may hand on its
client's header: a rule of a proxy about ``/metrics`` would then not hold for ``/any/metrics``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from typing import Any, NamedTuple

from treadle.access.addresses import Network, is_among, is_loopback, nearest_untrusted, parse_proxies
from treadle.access.forwarded import Hop, read_forwarded
from treadle.errors import Invalid
from treadle.settings import Settings

Scope = MutableMapping[str, Any]

_LOG = logging.getLogger(__name__)
_KEY = "treadle.arrival"
_DEFAULT_PORTS = {"http": "80", "https": "443"}
#: A scheme by what proxies call it.
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
#: Headers that name the sub-path; the first one that is there counts.
_OF_PREFIX = ("x-forwarded-prefix", "x-script-name", "x-forwarded-context", "x-proxycontextpath")
_OF_X_FAMILY = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port")
_SAID = {name.encode(): name for name in ("forwarded", *_OF_X_FAMILY, *_OF_PREFIX)}
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_LONGEST_PREFIX = 200
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
#: The first peer of which the log was told: one line is enough, and strangers can send the headers, too.
_told_of: list[str] = []


class Trust(NamedTuple):
    """What the settings say of proxies.

    networks: of the proxies whose headers count; none: this machine's own addresses may say where a request
    was sent to, and nobody who it came from.  base_paths: sub-paths that proxies leave before our paths, the
    longest first.  platform_domain: of a platform that gives this server a host below it, and ends TLS before
    it; only that host is its own.
    """

    networks: tuple[Network, ...] = ()
    base_paths: tuple[str, ...] = ()
    platform_domain: str = ""


class Arrival(NamedTuple):
    """What is believed of one request, and what was said of it.

    peer: who holds the connection.  client: who asks.  host: with its port, unless that is the scheme's.
    prefix: the sub-path before our own paths, "" or such as ``/team/label``.  is_scheme_told: the scheme is
    no guess.  is_trusted: what the peer says counts.  is_own_host: pages of that host are this server's.
    was_kept: the prefix came along in the path.  said: forwarding headers as they came.
    """

    peer: str = ""
    client: str = ""
    scheme: str = "http"
    host: str = ""
    prefix: str = ""
    is_scheme_told: bool = False
    is_trusted: bool = False
    is_own_host: bool = True
    was_kept: bool = False
    said: tuple[tuple[str, str], ...] = ()

    @property
    def origin(self) -> str:
        """Scheme and host, as browsers write an origin."""
        return f"{self.scheme}://{self.host}"

    @property
    def site(self) -> str:
        """What stands before every path of ours where the client is: ``https://host/prefix``."""
        return f"{self.origin}{self.prefix}"


class _Told(NamedTuple):
    client: str
    scheme: str = ""
    host: str = ""


def read_trust(settings: Settings, own_roots: frozenset[str]) -> Trust:
    """The settings about proxies; own_roots: how our own paths begin. Raises Invalid("setting")."""
    paths = [text.strip().rstrip("/") for text in settings.base_path.split(",")]
    found = sorted({path for path in paths if path}, key=len, reverse=True)
    for path in found:
        if not _is_prefix(path):
            raise Invalid(
                "setting", f"TREADLE_BASE_PATH: {path[:80]!r} is no sub-path. Give one such as /team/label."
            )
        if path.split("/")[1] in own_roots:
            raise Invalid(
                "setting",
                f"TREADLE_BASE_PATH: {path} cannot be told from the server's own paths, which begin so, too. "
                f"Choose another, or let the proxy strip it and send X-Forwarded-Prefix: {path}",
            )
    domain = settings.platform_domain.strip().strip(".").lower()
    return Trust(parse_proxies(settings.trusted_proxies), tuple(found), domain)


def arrive(scope: Scope, trust: Trust) -> Arrival:
    """Find out about a request, and leave in ``scope`` its path, host and scheme as its client meant them."""
    peer = _peer_of(scope)
    said, host = _read_headers(scope)
    is_trusted = is_among(peer, trust.networks) if trust.networks else is_loopback(peer)
    if said and not (is_trusted and trust.networks) and "x-forwarded-for" in said:
        _warn_of_proxy(peer)
    heard = said if is_trusted else {}
    told = _listen(peer, heard, trust) if heard else _Told(peer)
    is_of_platform = bool(trust.platform_domain) and _is_of(told.host or host, trust.platform_domain)
    told_scheme = told.scheme or ("https" if is_of_platform else "")
    scheme = told_scheme or scope.get("scheme", "http")
    meant_host = _with_port(told.host or host, heard, told_scheme)
    prefix, kept = _find_prefix(scope["path"], heard, trust)
    arrival = Arrival(
        peer,
        told.client,
        scheme,
        meant_host,
        prefix,
        is_scheme_told=bool(told_scheme),
        is_trusted=is_trusted,
        is_own_host=is_of_platform or not trust.platform_domain,
        was_kept=bool(kept) and _strip(scope, kept),
        said=tuple(said.items()),
    )
    if meant_host != host:
        _set_host(scope, meant_host)
    scope["scheme"] = scheme
    scope[_KEY] = arrival
    return arrival


def arrival_of(scope: Scope) -> Arrival:
    """What `arrive` found; of a request that came by no network, what it says by itself."""
    found: Arrival | None = scope.get(_KEY)
    if found is None:
        peer = _peer_of(scope)
        found = Arrival(peer, peer, scope.get("scheme", "http"), _read_headers(scope)[1])
    return found


def read_prefix(text: str) -> str:
    """A sub-path that somebody says, without the slash at its end; "" where it is none."""
    parts = [part.strip().rstrip("/") for part in text.split(",")]
    # Two proxies that each strip name two; two that pass it on name one twice.
    prefix = parts[0] if len(set(parts)) == 1 else "".join(parts)
    return prefix if _is_prefix(prefix) else ""


def _is_prefix(text: str) -> bool:
    is_plain = len(text) <= _LONGEST_PREFIX and _PREFIX.fullmatch(text) is not None
    return is_plain and not {".", ".."} & set(text.split("/"))


def _peer_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _read_headers(scope: Scope) -> tuple[dict[str, str], str]:
    """The forwarding headers by name, and the host."""
    said: dict[str, str] = {}
    host = ""
    for raw_name, raw in scope["headers"]:
        if raw_name == b"host":
            host = raw.decode("latin-1")
        elif raw_name in _SAID:
            name, text = _SAID[raw_name], raw.decode("latin-1")
            said[name] = f"{said[name]},{text}" if name in said else text
    return said, host or _own_host(scope)


def _own_host(scope: Scope) -> str:
    server = scope.get("server")
    if not server:
        return ""
    name = f"[{server[0]}]" if ":" in server[0] else server[0]
    return f"{name}:{server[1]}" if server[1] else name


def _listen(peer: str, said: dict[str, str], trust: Trust) -> _Told:
    """What a trusted peer says. Of both families of headers, the one that nearly every proxy sets counts."""
    if "forwarded" in said and not any(name in said for name in _OF_X_FAMILY):
        return _from_forwarded(peer, read_forwarded(said["forwarded"]), trust)
    named = _listed(said.get("x-forwarded-for", ""))
    client, proxies = nearest_untrusted(peer, named, trust.networks)
    return _Told(
        client,
        _SCHEMES.get(_said_by_first(said.get("x-forwarded-proto", ""), proxies).lower(), ""),
        _host_in(_said_by_first(said.get("x-forwarded-host", ""), proxies)),
    )


def _from_forwarded(peer: str, hops: list[Hop], trust: Trust) -> _Told:
    client, proxies = nearest_untrusted(peer, [hop.client for hop in hops], trust.networks)
    # The farthest that is trusted and says it: those nearer saw only the one before them.
    heard = hops[-max(1, proxies) :]
    scheme = next((_SCHEMES[hop.scheme.lower()] for hop in heard if hop.scheme.lower() in _SCHEMES), "")
    return _Told(client, scheme, next((hop.host for hop in heard if _host_in(hop.host)), ""))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _said_by_first(text: str, proxies: int) -> str:
    """Of the words that each proxy added, that of the farthest one that is trusted."""
    words = _listed(text)
    return words[-min(max(1, proxies), len(words))] if words else ""


def _host_in(text: str) -> str:
    return text if _HOST.fullmatch(text) else ""


def _with_port(host: str, said: dict[str, str], told_scheme: str) -> str:
    """The host as browsers write it in an origin: without the port of its scheme, with any other."""
    port = said.get("x-forwarded-port", "")
    if _host_in(host) and not re.search(r":[0-9]+$", host):
        # 80 and 443 are often the port of a proxy in between.
        is_other = port.isascii() and port.isdecimal() and len(port) <= 5 and port not in ("80", "443")
        return f"{host}:{port}" if is_other else host
    return host.removesuffix(f":{_DEFAULT_PORTS[told_scheme]}") if told_scheme else host


def _is_of(host: str, domain: str) -> bool:
    return re.sub(r":[0-9]+$", "", host).lower().endswith(f".{domain}")


def _find_prefix(path: str, said: dict[str, str], trust: Trust) -> tuple[str, str]:
    """The prefix, and what of ``path`` is none of ours: only a setting can say so."""
    name = next((name for name in _OF_PREFIX if said.get(name)), "")
    told = read_prefix(said[name]) if name else ""
    base = next((base for base in trust.base_paths if _is_below(path, base)), "")
    if base:
        return (told if told.endswith(base) else told + base), base
    if told:
        return told, ""
    # A proxy that says that it is one, and stripped what the settings name.
    return (trust.base_paths[0], "") if said and len(trust.base_paths) == 1 else ("", "")


def _is_below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base}/")


def _strip(scope: Scope, kept: str) -> bool:
    """Take ``kept`` from the beginning of the path; not where only its decoded form has it."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if not _is_below(raw.decode("latin-1"), kept):
        return False
    scope["path"] = scope["path"][len(kept) :] or "/"
    scope["raw_path"] = raw[len(kept) :] or b"/"
    return True


def _set_host(scope: Scope, host: str) -> None:
    kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
    scope["headers"] = [(b"host", host.encode("latin-1")), *kept]


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

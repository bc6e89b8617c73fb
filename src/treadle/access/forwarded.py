"""The header ``Forwarded``. Source: RFC 7239, section 4."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 2000
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ELEMENT = re.compile(rf'(?:[^,"]|{_QUOTED})+')
_PAIR = re.compile(rf"\s*([A-Za-z]+)\s*=\s*({_QUOTED}|[^;\s]*)\s*(?:;|$)")


@dataclass(frozen=True)
class Hop:
    """What one proxy said of the request that it got; "" for what it did not say."""

    client: str = ""
    host: str = ""
    scheme: str = ""


def read_forwarded(text: str) -> list[Hop]:
    """One for each proxy, the nearest last; none where the header is longer than any honest one."""
    if len(text) > _LONGEST:
        return []
    return [_read_hop(element) for element in _ELEMENT.findall(text) if element.strip()]


def _read_hop(element: str) -> Hop:
    said = {name.lower(): _unquote(value) for name, value in _PAIR.findall(element)}
    return Hop(said.get("for", ""), said.get("host", ""), said.get("proto", ""))


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value

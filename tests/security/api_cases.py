"""Requests to fuzz the API with: schemathesis makes them from the API's own description, and most are then
aimed at what is there, so that they reach past the checks at the door.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation

from tests.security.in_process import URL, Request
from tests.web.operations.own_table import OWN
from tests.web.operations.table import MUST, SHOULD, Operation
from tests.web.operations.world import World
from treadle.web.openapi import describe
from treadle.web.routes import all_routes
from treadle.web.routing import RouteTree

_JSON = b"application/json"
#: Values that have broken programs: numbers that no column holds, instants that no zone can turn, odd texts.
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 2**31, 2**53 + 1, 2**62, 2**63, -(2**63) - 1, 2**70, 1e308, -0.0, 0.1),
    *("", " ", "a" * 3_000, "é" * 70, "\0", "a\0b", "\U0010ffff", "\ufffe", "\ud800", "\u202e", "१२"),
    *("../../etc/passwd", "..", ".", "/", "//", "a/b", "%00", "%2e%2e%2f", "'\"<>&;--", "$a.b[0]"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e400", "NaN", "-1"),
    *("0" * 30 + "9" * 30, "9" * 5_000, "(", "(a+)+$", "[", "*"),
    *([], [[]], [None], [0], [2**70], {}, {"": ""}, {"id": None}, {"a": {"a": {"a": []}}}, ["x"] * 200),
)
#: Headers that change what a request means.
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"prefer", b"respond-async"),
    (b"if-match", b'"1"'),
    (b"if-match", b"\xff"),
    (b"if-none-match", b"*"),
    (b"idempotency-key", b"one"),
    (b"idempotency-key", b"\xe9" * 150),
    (b"range", b"bytes=0-" + b"9" * 5_000),
    (b"range", b"bytes=-0"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-type", b"multipart/form-data; boundary=x"),
    (b"content-type", b"text/plain; charset=nope"),
    (b"accept", b"text/html"),
    (b"x-treadle-base", b"/\xe9"),
    (b"cookie", b"sessionid=\xff; csrftoken=x"),
)
_WAITING = ("/api/admin/doctor/silence/", "/api/admin/doctor/events/")
_NAME = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Target:
    """An operation of the description, with the operations of the tables that are the same."""

    described: APIOperation
    known: tuple[Operation, ...]

    @property
    def label(self) -> str:
        """Method and path."""
        return str(self.described.label)

    @property
    def names(self) -> set[str]:
        """What a world must hold for it."""
        texts = (f"{each.path} {each.query} {each.body}" for each in self.known)
        return {name for text in texts for name in _NAME.findall(text)}


def targets() -> Iterator[Target]:
    """Every operation of the API's own description, but those that wait for as long as they are asked."""
    known = _known()
    schema = schemathesis.openapi.from_dict(describe(all_routes()))
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.startswith(_WAITING):
            continue
        path = operation.path
        yield Target(operation, tuple(known.get((operation.method.upper(), path), ())))


def cases(target: Target, count: int, number: int) -> list[Case]:
    """About ``count`` cases, half of them against the description; ``number`` seeds them."""
    found: list[Case] = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        found += _generate(target, mode, count // 2, number)
    return found or [target.described.Case()]


def _generate(target: Target, mode: GenerationMode, count: int, number: int) -> list[Case]:
    found: list[Case] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=target.described.as_strategy(generation_mode=mode))
    def take(case: Case) -> None:
        found.append(case)

    try:
        take()
    except Unsatisfiable:  # what takes nothing cannot be asked wrongly
        pass
    return found[:count]


def to_request(case: Case, target: Target, world: World, chance: Random) -> Request:
    """The case as it goes out, mostly about what is in ``world``."""
    kept = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    given_ = {name: value for name, value in case.as_transport_kwargs(base_url=URL).items() if name in kept}
    prepared = requests.Request(**given_).prepare()
    parts = urlsplit(prepared.url or URL)
    path, query, body = parts.path, parts.query, _to_bytes(prepared.body)
    headers = {name.lower().encode(): _to_bytes(value) for name, value in prepared.headers.items()}
    for name in (b"authorization", b"cookie", b"content-length", b"x-treadle-token"):
        headers.pop(name, None)
    if target.known:
        known = chance.choice(target.known)
        if chance.random() < 0.85:
            path = quote(str(world.fill(known.path)), safe="/%:@")
        query = _aimed_query(query, world.fill(dict(known.query)), chance)
        if known.body is not None and chance.random() < 0.75:
            body = json.dumps(_bent(_mixed(world.fill(known.body), body, chance), chance)).encode()
            headers[b"content-type"] = _JSON
    if chance.random() < 0.15:
        name, value = chance.choice(_HEADERS)
        headers[name] = value
    return Request(
        case.method.upper(), path.encode("ascii", "replace"), query.encode(), tuple(headers.items()), (body,)
    )


def _known() -> Mapping[tuple[str, str], list[Operation]]:
    tree = RouteTree(all_routes())
    found: dict[tuple[str, str], list[Operation]] = {}
    for each in (*MUST, *SHOULD, *OWN):
        at = tree.find(each.path.replace("{", "").replace("}", ""))
        assert at is not None, each.name
        path = at.routes[each.method].path.replace("...}", "}")
        found.setdefault((each.method, path), []).append(each)
    return found


def _to_bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _aimed_query(generated: str, right: Mapping[str, Any], chance: Random) -> str:
    pairs = parse_qsl(generated, keep_blank_values=True)
    for name, value in right.items():
        if chance.random() < 0.85:
            pairs = [pair for pair in pairs if pair[0] != name]
            pairs.append((name, str(value)))
    pairs = [(name, _odd_text(chance) if chance.random() < 0.1 else value) for name, value in pairs]
    return urlencode(pairs, errors="surrogatepass")


def _odd_text(chance: Random) -> str:
    value = chance.choice(NASTY)
    return value if isinstance(value, str) else json.dumps(value)


def _mixed(right: Any, generated: bytes, chance: Random) -> Any:
    """What is right, with some fields as they were generated."""
    if not isinstance(right, dict) or chance.random() < 0.3:
        return right
    try:
        found = json.loads(generated)
    except ValueError:
        return right
    if not isinstance(found, dict):
        return right
    return {**right, **{name: value for name, value in found.items() if chance.random() < 0.4}}


def _bent(value: Any, chance: Random) -> Any:
    """``value`` with one place in it made odd, mostly."""
    if chance.random() < 0.2:
        return value
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(list(value))
        return {**value, name: _bent(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], _bent(value[at], chance), *value[at + 1 :]]
    return chance.choice(NASTY)

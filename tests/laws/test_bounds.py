"""A law of the house: every number in a body has bounds: one that no column holds is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec import inspect as kinds

from treadle.web.routes import all_routes

#: What the doctor is told is looked at and kept nowhere; days are counted, with words of their own.
_KEPT_NOWHERE = re.compile(r"(Arrived|Events|Silence|Upload)\.|.*\.expires_in_days")


def numbers_without_bounds(
    kind: kinds.Type, place: str, seen: frozenset[type] = frozenset()
) -> Iterator[str]:
    """The places in a type where any number may stand."""
    if isinstance(kind, kinds.IntType):
        if kind.le is None or (kind.ge is None and kind.gt is None):
            yield place
    elif isinstance(kind, kinds.StructType):
        if kind.cls not in seen:
            for field in kind.fields:
                yield from numbers_without_bounds(
                    field.type, f"{kind.cls.__name__}.{field.name}", seen | {kind.cls}
                )
    elif isinstance(kind, kinds.UnionType):
        for each in kind.types:
            yield from numbers_without_bounds(each, place, seen)
    elif isinstance(kind, kinds.CollectionType):
        yield from numbers_without_bounds(kind.item_type, place, seen)
    elif isinstance(kind, kinds.DictType):
        yield from numbers_without_bounds(kind.value_type, place, seen)


def test_every_number_in_a_body_has_bounds() -> None:
    requests = [route.request for route in all_routes() if route.request is not None]
    found = {each for kind in kinds.multi_type_info(requests) for each in numbers_without_bounds(kind, "")}
    assert sorted(each for each in found if not _KEPT_NOWHERE.match(each)) == []


def test_a_number_without_bounds_is_seen() -> None:
    class Body(msgspec.Struct):
        count: int | None
        ids: list[int]

    assert list(numbers_without_bounds(kinds.type_info(Body), "")) == ["Body.count", "Body.ids"]

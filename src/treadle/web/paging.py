"""Pages of a list, as `?page= &page_size=` asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from treadle.web.call import Call

_PAGE_SIZE = 100
_MOST_PER_PAGE = 1000


@dataclass(frozen=True)
class Asked:
    """Which page of a list."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many stand before it."""
        return (self.number - 1) * self.size


def asked_page(call: Call) -> Asked:
    """The page that the query asks for. Raises Invalid naming the field."""
    return Asked(call.query_page(), call.query_page("page_size", _PAGE_SIZE, _MOST_PER_PAGE))


def next_page(call: Call, asked: Asked, count: int) -> str | None:
    """The address of the page after it, if there is one."""
    return call.page_url(asked.number + 1) if asked.number * asked.size < count else None

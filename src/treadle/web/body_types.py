"""Kinds of numbers in bodies: what the database can hold, so that a larger one is refused by its field."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

#: An id: one that nothing has is not found, one that nothing can have is refused.
Id = Annotated[int, Meta(ge=1, le=2**62)]
#: A number that may be an id, of something that is looked for.
Whole = Annotated[int, Meta(ge=-(2**62), le=2**62)]
#: A number that is not an id.
Number = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]

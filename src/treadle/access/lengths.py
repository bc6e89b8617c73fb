"""How long the texts are that people give."""

from __future__ import annotations

from treadle.errors import Invalid


def check_length(field: str, text: str, longest: int) -> str:
    """The text itself. Raises Invalid("too-long") naming the field."""
    if len(text) <= longest:
        return text
    told = f"{field} has {len(text)} characters; give at most {longest}."
    raise Invalid("too-long", told, fields={field: [told]})

"""JSON as it is stored: the client's own text, on one line."""

from __future__ import annotations

import re

from treadle.errors import Invalid

# Behind an even number of backslashes; behind an odd one it is the text "\\u0000".
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def one_line(text: bytes) -> str:
    """The same JSON without line ends: inside strings they are escaped, so all others are white space.

    Files of one object a line can then be read line by line.
    """
    if b"\n" in text or b"\r" in text:
        text = text.replace(b"\n", b" ").replace(b"\r", b" ")
    return text.decode()


def holds_nul(text: bytes) -> bool:
    """Whether a string of the JSON holds the character NUL."""
    return b"\\u0000" in text and _NUL.search(text) is not None


def check_has_no_nul(text: bytes) -> None:
    """Nothing, when no string of the JSON holds the character NUL: text in PostgreSQL cannot.

    Raises Invalid("json-nul").
    """
    if holds_nul(text):
        raise Invalid(
            "json-nul", "The JSON holds the character NUL (\\u0000), which is kept nowhere. Leave it out."
        )

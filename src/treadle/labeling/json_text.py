"""JSON as it is stored: the client's own text, on one line."""

from __future__ import annotations


def one_line(text: bytes) -> str:
    """The same JSON without line ends: inside strings they are escaped, so all others are white space.

    Files of one object a line can then be read line by line.
    """
    if b"\n" in text or b"\r" in text:
        text = text.replace(b"\n", b" ").replace(b"\r", b" ")
    return text.decode()

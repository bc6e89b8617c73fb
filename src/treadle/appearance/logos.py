"""A logo that is safe to show, and what it is served as."""

from __future__ import annotations

from dataclasses import dataclass

MOST_UPLOADED_BYTES = 1024**2
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True)
class Logo:
    """A logo; ``name`` changes with the picture: "1f3a….svg" or "….png"."""

    name: str
    content: bytes


def type_of_logo(name: str) -> str:
    """The content type of a logo by its name."""
    return _TYPES["svg" if name.endswith(".svg") else "png"]

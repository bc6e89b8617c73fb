"""What is handed to a route by who is in this process, as no request could bring it."""

from __future__ import annotations

#: Under this key a scope holds it.
HANDED = "treadle.handed"

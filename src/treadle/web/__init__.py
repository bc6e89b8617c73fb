"""The web layer: HTTP in, verbs called, bytes out.

Promises: every route declares who may use it, and a handler that was to ask for a permission and did
not is a Defect, not an answer; a request makes one hop to a thread; an error has Label Studio's body.
Refuses: bodies over the limit of their route; writes by a session from another site.
"""

from __future__ import annotations

from treadle.web.app import create_app
from treadle.web.parts import Parts, open_parts

__all__ = ["Parts", "create_app", "open_parts"]

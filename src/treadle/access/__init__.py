"""Who is asking, and what they hold.

Promises: a `Grant` exists only because `allow` made it in this transaction's state, so a verb that
takes one cannot be reached without the check. Refuses: what one may not see is `NotFound`, like what
is not there; what one may see and not do is `Forbidden`, and is written to the audit log.
"""

from __future__ import annotations

from treadle.access.grants import (
    ORGANIZATION,
    Actor,
    Grant,
    ProjectScope,
    Scope,
    WorkspaceScope,
    allow,
    allow_anywhere,
)

__all__ = [
    "ORGANIZATION",
    "Actor",
    "Grant",
    "ProjectScope",
    "Scope",
    "WorkspaceScope",
    "allow",
    "allow_anywhere",
]

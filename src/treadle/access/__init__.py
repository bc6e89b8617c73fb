"""Who is asking, and what they hold.

Promises: a `Grant` exists only because `allow` made it in this transaction's state, so a verb that
takes one cannot be reached without the check. Refuses: what one may not see is `NotFound`, like what
is not there; what one may see and not do is `Forbidden`, and is written to the audit log.

This face is what every domain module needs. Whoever deals with people, tokens, roles or invitations
themselves imports from the module of that name.
"""

from __future__ import annotations

from treadle.access.grants import (
    ORGANIZATION,
    Actor,
    DeletedProjectScope,
    DeletedRepoScope,
    Grant,
    ListGrant,
    ProjectScope,
    RepoScope,
    Scope,
    TokenScope,
    WorkspaceScope,
    allow,
    allow_anywhere,
)

__all__ = [
    "ORGANIZATION",
    "Actor",
    "DeletedProjectScope",
    "DeletedRepoScope",
    "Grant",
    "ListGrant",
    "ProjectScope",
    "RepoScope",
    "Scope",
    "TokenScope",
    "WorkspaceScope",
    "allow",
    "allow_anywhere",
]

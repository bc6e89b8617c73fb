"""What one may do, and which role may do it.

A permission exists only where a route needs it; a law test compares the two.
"""

from __future__ import annotations

from enum import Enum


class Permission(str, Enum):
    """One thing that one may do in a workspace, or (``ORGANIZATION_``) in the whole installation."""

    WORKSPACE_READ = "workspace.read"
    WORKSPACE_MANAGE = "workspace.manage"
    MEMBERS_READ = "members.read"
    MEMBERS_MANAGE = "members.manage"
    PROJECT_READ = "project.read"
    PROJECT_WRITE = "project.write"
    PROJECT_DELETE = "project.delete"
    TASK_READ = "task.read"
    TASK_WRITE = "task.write"
    ANNOTATION_READ = "annotation.read"
    ANNOTATION_WRITE = "annotation.write"
    PREDICTION_WRITE = "prediction.write"
    VIEW_WRITE = "view.write"
    EXPORT = "export"
    REPO_READ = "repo.read"
    REPO_WRITE = "repo.write"
    REPO_DELETE = "repo.delete"
    TRACKING_READ = "tracking.read"
    TRACKING_WRITE = "tracking.write"
    TRACKING_MANAGE = "tracking.manage"
    LEARNING_READ = "learning.read"
    MODEL_PROMOTE = "model.promote"
    WEBHOOK_WRITE = "webhook.write"
    AUDIT_READ = "audit.read"
    ORGANIZATION_READ = "organization.read"
    ORGANIZATION_ADMIN = "organization.admin"


class Role(str, Enum):
    """A role in a workspace, or in one project of it."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    MANAGER = "manager"
    OWNER = "owner"


_SEE = frozenset(
    {
        Permission.WORKSPACE_READ,
        Permission.MEMBERS_READ,
        Permission.PROJECT_READ,
        Permission.TASK_READ,
        Permission.ANNOTATION_READ,
    }
)
_LABEL = frozenset({Permission.ANNOTATION_WRITE})
_EDIT = frozenset(
    {
        Permission.PROJECT_WRITE,
        Permission.TASK_WRITE,
        Permission.PREDICTION_WRITE,
        Permission.VIEW_WRITE,
        Permission.REPO_WRITE,
        Permission.TRACKING_WRITE,
    }
)
_MANAGE = frozenset(
    {
        Permission.MEMBERS_MANAGE,
        Permission.PROJECT_DELETE,
        Permission.REPO_DELETE,
        Permission.TRACKING_MANAGE,
        Permission.MODEL_PROMOTE,
        Permission.WEBHOOK_WRITE,
        Permission.AUDIT_READ,
    }
)
# Whole data at once, and what was made of it: not for those who see only what was handed to them.
_EXPORT = frozenset(
    {Permission.EXPORT, Permission.REPO_READ, Permission.TRACKING_READ, Permission.LEARNING_READ}
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _SEE | _EXPORT,
    Role.ANNOTATOR: _SEE | _LABEL,
    Role.REVIEWER: _SEE | _EXPORT | _LABEL,
    Role.EDITOR: _SEE | _EXPORT | _LABEL | _EDIT,
    Role.MANAGER: _SEE | _EXPORT | _LABEL | _EDIT | _MANAGE,
    Role.OWNER: _SEE | _EXPORT | _LABEL | _EDIT | _MANAGE | {Permission.WORKSPACE_MANAGE},
}

#: What a token that only reads lets through.
READING = frozenset({*_SEE, *_EXPORT, Permission.AUDIT_READ, Permission.ORGANIZATION_READ})

#: Only organisation admins hold these.
ADMINS_ALONE = frozenset({Permission.ORGANIZATION_ADMIN, Permission.ORGANIZATION_READ})

#: Roles that see and change only their own work and the tasks handed to them.
NARROW_ROLES = frozenset({Role.ANNOTATOR})

#: Roles that change the annotations of others, set ground truth, accept and reject.
REVIEWING_ROLES = frozenset({Role.REVIEWER, Role.EDITOR, Role.MANAGER, Role.OWNER})

#: From least to most: a manager gives roles up to their own.
ROLE_ORDER = (Role.VIEWER, Role.ANNOTATOR, Role.REVIEWER, Role.EDITOR, Role.MANAGER, Role.OWNER)

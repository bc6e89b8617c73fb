"""The process that adds the sample projects, once, while the others serve already."""

from __future__ import annotations

import logging
import os

from sqlalchemy import bindparam, insert, select

from treadle.access import ORGANIZATION, Actor, allow
from treadle.access.users import find_user
from treadle.access.workspaces import create_workspace, list_workspaces
from treadle.db import Tx
from treadle.db.schema import installation
from treadle.errors import Unsupported
from treadle.launch.logs import start_logging
from treadle.launch.opening import open_job_parts, refusing
from treadle.permissions import Permission
from treadle.samples import add_sample_repos, add_samples
from treadle.settings import Settings, load_settings

logger = logging.getLogger(__name__)

_WORKSPACE = "samples"
_KEY = "samples-workspace"
_MARK = select(installation.c.value).where(installation.c.key == bindparam("name"))
_INSERT_MARK = insert(installation)


def main(_descriptors: list[int]) -> None:
    """Add what was never added."""
    settings = load_settings(os.environ, {})
    start_logging(settings, "samples")
    with refusing(settings):
        parts = open_job_parts(settings)
    with parts.database.write() as tx:
        actor = _find_administrator(tx, settings)
        workspace_id = None if actor is None else _find_workspace(tx, actor)
    if actor is None or workspace_id is None:
        return
    try:
        add_samples(parts.database, parts.objects, actor, workspace_id)
        add_sample_repos(parts.repos, actor, workspace_id)
    except Unsupported as error:
        logger.warning(error.message)


def _find_administrator(tx: Tx, settings: Settings) -> Actor | None:
    user = find_user(tx, settings.admin_email) if settings.admin_email else None
    if user is None:
        logger.warning("There is nobody yet to own the sample projects. Name them by --admin-email.")
        return None
    return Actor(user.id, user.email, user.is_admin)


def _find_workspace(tx: Tx, actor: Actor) -> int | None:
    """The workspace of the samples, made at the first start; None when somebody removed it since."""
    ids = {workspace.name: workspace.id for workspace in list_workspaces(tx, actor)}
    is_first_start = tx.execute(_MARK, {"name": _KEY}).scalar() is None
    if _WORKSPACE not in ids and is_first_start:
        grant = allow(tx, actor, Permission.ORGANIZATION_ADMIN, ORGANIZATION)
        ids[_WORKSPACE] = create_workspace(tx, grant, _WORKSPACE, "Samples").id
    if is_first_start:
        tx.execute(_INSERT_MARK, {"key": _KEY, "value": _WORKSPACE})
    return ids.get(_WORKSPACE)

"""The process that adds the sample projects and ends: scikit-image is nothing for a server to hold."""

from __future__ import annotations

import os
import sys

from treadle.access import Actor
from treadle.access.users import User, find_first_admin
from treadle.access.workspaces import list_workspaces
from treadle.db import Database
from treadle.jobs import JobParts
from treadle.launch.logs import start_logging
from treadle.launch.opening import open_job_parts, refusing
from treadle.launch.tether import end_with_parent
from treadle.samples import add_samples
from treadle.settings import load_settings


def main(arguments: list[str]) -> None:
    """Add what was never added, and end with the parent, whose descriptor the argument is."""
    (tether,) = (int(argument) for argument in arguments)
    end_with_parent(tether)
    settings = load_settings(os.environ, {})
    start_logging(settings, "samples")
    with refusing(settings):
        parts = open_job_parts(settings)
        _add(parts)
        parts.database.close()


def _add(parts: JobParts) -> None:
    owner = _owner(parts.database)
    if owner is None:
        return  # the samples are the first person's, who signs up before the next start
    actor = Actor(owner.id, owner.email, owner.is_admin)
    with parts.database.read() as tx:
        workspace = list_workspaces(tx, actor)[0]
    add_samples(parts.database, parts.objects, actor, workspace.id)


def _owner(database: Database) -> User | None:
    with database.read() as tx:
        return find_first_admin(tx)


if __name__ == "__main__":
    main(sys.argv[1:])

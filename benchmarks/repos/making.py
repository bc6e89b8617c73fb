"""``python -m benchmarks.repos.making FOLDER``: a data folder with an empty repo."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.repos.installation import OWNER, REPO, database_url
from treadle.access import WorkspaceScope, allow
from treadle.access.users import NewUser, sign_up
from treadle.db import Database, migrate
from treadle.permissions import Permission
from treadle.repos import catalogue


def make(folder: Path) -> None:
    """Make the folder, its owner and the repo."""
    folder.mkdir(parents=True)
    database = Database.open(database_url(folder))
    migrate(database)
    with database.write() as tx:
        sign_up(tx, NewUser(OWNER.email, None), setting="first")
        workspace = allow(tx, OWNER, Permission.REPO_WRITE, WorkspaceScope(1))
        catalogue.create(tx, workspace, REPO)
    database.close()


if __name__ == "__main__":
    make(Path(sys.argv[1]))

"""The sample repos: pictures of digits to make a project of, and a place for its labels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from sqlalchemy import bindparam, insert, select

from treadle.access import Actor, RepoScope, WorkspaceScope, allow
from treadle.db.schema import installation
from treadle.permissions import Permission
from treadle.repos import branches, catalogue
from treadle.repos.catalogue import FIRST_BRANCH
from treadle.repos.engine import RepoEngine
from treadle.repos.values import NewFile
from treadle.samples.digits import read_digits

_LOG = logging.getLogger(__name__)

_PICTURES = 300
_MESSAGE = "The first 300 of the UCI handwritten digits (E. Alpaydin, C. Kaynak, CC BY 4.0)"
_MARK = select(installation.c.value).where(installation.c.key == bindparam("name"))
_INSERT_MARK = insert(installation)


def _digits() -> Iterator[NewFile]:
    for digit in read_digits(_PICTURES):
        yield NewFile(digit.file_name, [digit.png])


def _nothing() -> Iterator[NewFile]:
    return iter(())


#: Name, description, and the files of the only commit; without files there is none.
_REPOS: tuple[tuple[str, str, Callable[[], Iterator[NewFile]]], ...] = (
    ("digits", "Three hundred handwritten digits, to make a project of: docs/tutorial.md.", _digits),
    ("digit-labels", "A place for the labels of the digits.", _nothing),
)


def add_sample_repos(engine: RepoEngine, actor: Actor, workspace_id: int) -> int:
    """Add the repos that were never added; how many. What a person deleted stays deleted.

    One that a crash cut short is completed. Raises Unsupported("samples-not-installed"), Forbidden.
    """
    adding = _Adding(engine, actor, workspace_id)
    return sum(adding.add(name, description, files) for name, description, files in _REPOS)


class _Adding:
    """What every step needs."""

    def __init__(self, engine: RepoEngine, actor: Actor, workspace_id: int) -> None:
        self._engine = engine
        self._actor = actor
        self._workspace_id = workspace_id

    def add(self, name: str, description: str, files: Callable[[], Iterator[NewFile]]) -> bool:
        """Whether it was added just now."""
        key = {"name": f"sample-repo:{name}"}
        with self._engine.database.read() as tx:
            if tx.execute(_MARK, key).scalar() is not None:
                return False
        repo_id = self._find_or_create(name, description)
        self._fill(repo_id, files())
        with self._engine.database.write() as tx:
            tx.execute(_INSERT_MARK, {"key": key["name"], "value": str(repo_id)})
        _LOG.info("The sample repo %s was added", name, extra={"repo": repo_id})
        return True

    def _find_or_create(self, name: str, description: str) -> int:
        with self._engine.database.write() as tx:
            found = catalogue.find(tx, [self._workspace_id], name)
            if found:
                return found[0].id
            grant = allow(tx, self._actor, Permission.REPO_WRITE, WorkspaceScope(self._workspace_id))
            return catalogue.create(tx, grant, name, description).id

    def _fill(self, repo_id: int, files: Iterator[NewFile]) -> None:
        with self._engine.database.read() as tx:
            grant = allow(tx, self._actor, Permission.REPO_WRITE, RepoScope(repo_id))
            is_filled = branches.get(tx, repo_id, FIRST_BRANCH).head is not None
        content = list(files)
        if content and not is_filled:
            self._engine.commit_files(grant, FIRST_BRANCH, content, _MESSAGE)

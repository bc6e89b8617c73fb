"""The contents of repos that this process works with, each with the packs that the database lists."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select

from treadle.db import Database
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_packs
from treadle.objects import ObjectStore
from treadle.repos.catalogue import objects_prefix
from treadle.repos.contents import Contents
from treadle.repos.tree import Tree
from treadle.repos.values import Commit

#: Each keeps some 30 MB of what was read last.
_KEPT = 8

_PACKS = Prepared(
    select(repo_packs.c.name).where(repo_packs.c.repo_id == bindparam("repo_id")).order_by(repo_packs.c.id)
)


@dataclass
class _Opened:
    contents: Contents
    #: Held while the list of packs is read and told: an older list never follows a newer one.
    listing: threading.Lock = field(default_factory=threading.Lock)
    #: Held by who finishes a commit: two would do the same work, and one of them in vain.
    finishing: threading.Lock = field(default_factory=threading.Lock)


class OpenRepos:
    """The contents of repos, for any number of threads."""

    def __init__(self, database: Database, objects: ObjectStore) -> None:
        self._database = database
        self._objects = objects
        self._guard = threading.Lock()
        self._opened: OrderedDict[int, _Opened] = OrderedDict()

    def contents(self, repo_id: int) -> Contents:
        """The contents of the repo with every pack that is listed by now. Raises Damaged."""
        opened = self._find(repo_id)
        with opened.listing:
            with self._database.read() as tx:
                names = [row["name"] for row in tx.execute(_PACKS, {"repo_id": repo_id}).all()]
            opened.contents.use_packs(names)
        return opened.contents

    def finishing(self, repo_id: int) -> threading.Lock:
        """The lock of whoever finishes a commit of the repo in this process."""
        return self._find(repo_id).finishing

    def _find(self, repo_id: int) -> _Opened:
        with self._guard:
            opened = self._opened.get(repo_id)
            if opened is None:
                opened = _Opened(Contents(self._objects, objects_prefix(repo_id)))
                self._opened[repo_id] = opened
            self._opened.move_to_end(repo_id)
            while len(self._opened) > _KEPT:
                self._opened.popitem(last=False)
            return opened


def tree_of(contents: Contents, commit: Commit | None) -> Tree:
    """The files of a finished commit; None has none."""
    if commit is None:
        return Tree(contents, None, -1)
    totals = (commit.file_count, commit.size_bytes)
    return Tree(contents, commit.root, commit.height, totals=totals)

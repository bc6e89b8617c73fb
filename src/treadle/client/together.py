"""What a file system writes together, and errors as a program that works with files catches them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from treadle.client.repos import RemoteRepo
from treadle.errors import Conflict, Forbidden, NotFound, TreadleError, Unauthenticated


class OpenCommits:
    """One open commit of each branch that is written to, finished or abandoned together."""

    def __init__(self, open_repo: Callable[[str], RemoteRepo], message: str) -> None:
        self.message = message
        self.opened: dict[tuple[str, str], str] = {}
        self._open_repo = open_repo
        self._lock = threading.Lock()

    def open_on(self, repo: RemoteRepo, name: str, branch: str) -> str:
        """The open commit of the branch, which the first who writes there starts."""
        with self._lock:  # some write several files at once
            if (name, branch) not in self.opened:
                self.opened[name, branch] = repo.start_commit(branch).id
            return self.opened[name, branch]

    def end(self, *, is_whole: bool) -> None:
        """Finish every commit where all was written, else abandon them all."""
        opened, self.opened = self.opened, {}
        for (name, _branch), commit_id in opened.items():
            repo = self._open_repo(name)
            with as_os_errors(name):
                if not is_whole or not _finish(repo, commit_id, self.message):
                    repo.abandon_commit(commit_id)


@contextmanager
def as_os_errors(path: str) -> Iterator[None]:
    """What a program that works with files expects to catch."""
    try:
        yield
    except NotFound as error:
        raise FileNotFoundError(f"{path}: {error.message}") from error
    except (Forbidden, Unauthenticated) as error:
        raise PermissionError(f"{path}: {error.message}") from error
    except Conflict as error:
        if error.code == "file-exists":
            raise FileExistsError(path) from error
        raise OSError(f"{path}: {error.message}") from error
    except TreadleError as error:
        raise OSError(f"{path}: {error.message}") from error


def _finish(repo: RemoteRepo, commit_id: str, message: str) -> bool:
    """Whether there was anything to commit: the same files again are no change."""
    try:
        repo.finish_commit(commit_id, message)
    except Conflict as error:
        if error.code != "commit-empty":
            raise
        return False
    return True

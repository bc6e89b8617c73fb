"""Into a branch's shared open commit, and out of it as a commit when the repo's setting says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from time import sleep
from typing import TypeVar

from treadle.errors import Conflict, NotFound
from treadle.gateways.s3.errors import S3Error
from treadle.gateways.s3.keys import to_path
from treadle.gateways.s3.visit import Visit
from treadle.repos import auto_commits, branches, catalogue, commits
from treadle.repos.planning import Prefer
from treadle.repos.values import File, NewFile

T = TypeVar("T")

#: What a put waits before each of its tries: somebody finishes the commit meanwhile.
_PAUSES_S = (0.0, 0.01, 0.05, 0.25)
_TRIES = len(_PAUSES_S)


def put_staged(
    visit: Visit,
    make: Callable[[], NewFile],
    *,
    is_repeatable: bool,
    only_if_absent: bool = False,
    expected_id: str | None = None,
) -> File:
    """Put a file into the branch's shared open commit, durably; and commit, where each file is a commit.

    is_repeatable: ``make`` can be called again, when the open commit was finished meanwhile.
    Raises S3Error("PreconditionFailed", "SlowDown", "NoSuchBucket", "InvalidRequest").
    """
    if visit.bucket.after_files:
        _check_name(visit, to_path(visit.asked.key))
    repos, grant = visit.parts.repos, visit.bucket.grant

    def put(commit_id: str) -> File:
        return repos.put(grant, commit_id, make(), only_if_absent=only_if_absent, expected_id=expected_id)

    return in_open_commit(visit, put, tries=_TRIES if is_repeatable else 1)


def delete_staged(visit: Visit, paths: Sequence[str]) -> None:
    """Stage that the files are gone, all at once. Raises as `put_staged`."""
    if not paths:
        return
    repos, grant = visit.parts.repos, visit.bucket.grant
    in_open_commit(visit, lambda commit_id: repos.delete_files(grant, commit_id, paths))


def in_open_commit(visit: Visit, change: Callable[[str], T], *, tries: int = _TRIES) -> T:
    """Do something to the branch's shared open commit, again where that was finished meanwhile."""
    commit_id = visit.bucket.open_commit
    for pause_s in _PAUSES_S[:tries]:
        if pause_s:
            sleep(pause_s)
        commit_id = commit_id or _open(visit)
        try:
            return change(commit_id)
        except (Conflict, NotFound) as error:
            if error.code in ("file-exists", "file-changed"):
                raise S3Error(
                    "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"
                ) from error
            if error.code not in commits.NO_LONGER_OPEN:
                raise
        commit_id = None
    raise S3Error("SlowDown", "The branch was committed meanwhile, without this. Send it again.")


def commit_when_due(visit: Visit) -> None:
    """Finish the shared open commit when as many files are staged as the repo's setting says."""
    bucket = visit.bucket
    if bucket.after_files:
        auto_commits.commit_when_full(
            visit.parts.database,
            visit.parts.repos,
            bucket.grant,
            branch=bucket.writable(),
            after_files=bucket.after_files,
        )


def _check_name(visit: Visit, path: str) -> None:
    """Where commits come by themselves: refuse what none can hold, and what would keep all others from it."""
    files = visit.snapshot
    if files is None:
        return
    below = next(iter(files.list(f"{path}/", limit=1)), None)
    folders = accumulate(path.split("/")[:-1], "{}/{}".format)
    file = path if below else next((folder for folder in folders if files.find(folder)), None)
    if file is not None:
        raise S3Error(
            "InvalidRequest",
            f"{file!r} cannot be a file and a folder in one commit, and each put is to become one here. "
            "Delete one of the two, or choose another key.",
        )


def _open(visit: Visit) -> str:
    grant, branch = visit.bucket.grant, visit.bucket.writable()
    with visit.parts.database.write() as tx:
        catalogue.lock(tx, visit.bucket.repo_id)
        branches.get(tx, visit.bucket.repo_id, branch)  # it may be gone by now, and is not made anew
        return commits.shared_open(tx, grant, branch).id


def commit_staged(visit: Visit, message: str, prefer: Prefer | None) -> str:
    """Finish the branch's shared open commit; the id of the commit.

    Raises S3Error("InvalidRequest") where nothing is staged, S3Error("OperationAborted") where the branch
    changed the same files and nothing says whose stay.
    """
    bucket = visit.bucket
    bucket.writable()
    if bucket.open_commit is None:
        raise S3Error("InvalidRequest", f"Nothing is staged in {bucket.name}. Put something, then commit.")
    try:
        return visit.parts.repos.finish(bucket.grant, bucket.open_commit, message, prefer=prefer).id
    except Conflict as error:
        if error.code != "commit-collides":
            raise
        how = "Send x-treadle-prefer: ours for what was put, theirs for what the branch has."
        raise S3Error("OperationAborted", f"{error.message} {how}") from error

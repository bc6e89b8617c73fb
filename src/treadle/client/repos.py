"""Repos of a server: the verbs of versioned data, over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

from treadle.client.addresses import Address, authorization_before, find_server, parse_address, token_for
from treadle.client.admin import Admin
from treadle.client.answers import (
    Blame,
    Branches,
    Changes,
    Commits,
    DeletedRepos,
    Files,
    Removed,
    Repos,
    Started,
    Tags,
)
from treadle.client.archives import (
    FilesAsTar,
    LocalFile,
    Progress,
    in_batches,
    list_folder,
    unpack,
    unwatched,
)
from treadle.client.connection import Answer, Connection, Query
from treadle.client.finishing import FINISH_UNKNOWN, finish_surely
from treadle.client.names import HEAD
from treadle.client.targets import Target
from treadle.client.transport import Body, Transport
from treadle.client.values import (
    Branch,
    Change,
    Commit,
    Entry,
    Job,
    Person,
    Put,
    Repo,
    Tag,
)
from treadle.errors import NotFound, TreadleError, Unavailable

__all__ = ["Client", "RemoteRepo", "Side", "Target", "connect", "connect_to"]

T = TypeVar("T")

_PAGE = 1000
#: A body of a server has 2 GiB at most, unless a setting says otherwise.
_ARCHIVE_BYTES = 1024**3
_MOST_RESUMES = 5
_BROKEN_OFF = "answer-broken-off"

Side = Literal["ours", "theirs", "base", "delete"]


class Client:
    """A server that is spoken to with one token; thread-safe, and safe over a fork."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    @property
    def admin(self) -> Admin:
        """People, workspaces, tokens, service accounts and the audit log."""
        return Admin(self.connection)

    def who_am_i(self) -> Person:
        """Whose token it is. Raises Unauthenticated."""
        return self.connection.ask_json(Person, "GET", "/api/current-user/whoami")

    def list_repos(self, workspace: str = "") -> list[Repo]:
        """Every repo that one may read, or those of a workspace."""
        return self.connection.ask_json(Repos, "GET", "/api/repos/", {"workspace": workspace}).results

    def create_repo(self, name: str, *, workspace: str = "", description: str = "") -> RemoteRepo:
        """A new repo in a workspace; where none is named, in one's own. Raises Conflict("repo-exists")."""
        sent = {"name": name, "description": description} | ({"workspace": workspace} if workspace else {})
        return RemoteRepo(self.connection, self.connection.ask_json(Repo, "POST", "/api/repos/", sent=sent))

    def restore_repo(self, name: str) -> RemoteRepo:
        """Bring back the repo ``images`` or ``team/images`` that was deleted last.

        Raises NotFound("repo-not-found"), Conflict("repo-taken") where there is another of that name by now.
        """
        deleted = self.connection.ask_json(DeletedRepos, "GET", "/api/repos/deleted/").results
        found = [each for each in deleted if name in (each.name, f"{each.workspace.name}/{each.name}")]
        if not found:
            text = f"No repo {name} that you may restore was deleted in the last 30 days."
            raise NotFound("repo-not-found", text)
        last = max(found, key=lambda each: each.deleted_at)
        path = f"/api/repos/{last.id}/restore/"
        return RemoteRepo(self.connection, self.connection.ask_json(Repo, "POST", path))

    def repo(self, name: str) -> RemoteRepo:
        """The repo ``images`` or ``team/images``. Raises NotFound("repo-not-found"), Conflict where several
        workspaces have one of that name."""
        found = self.connection.ask_json(Repos, "GET", "/api/repos/", {"name": name}).results
        if not found:
            raise NotFound("repo-not-found", f"There is no repo {name} that you can see.")
        if len(found) > 1:
            places = " and ".join(f"{each.workspace.name}/{each.name}" for each in found)
            raise NotFound("repo-ambiguous", f"Several workspaces have a repo {name}: say {places}.")
        return RemoteRepo(self.connection, found[0])

    def job(self, job_id: str) -> Job:
        """How far a job is. Raises NotFound."""
        return self.connection.ask_json(Job, "GET", f"/api/jobs/{job_id}/")


class RemoteRepo:
    """One repo; ``about`` is what the server said of it when it was opened."""

    def __init__(self, connection: Connection, about: Repo) -> None:
        self.about = about
        self._connection = connection
        self._path = f"/api/repos/{about.id}"

    def delete(self) -> None:
        """Delete it; for 30 days it can be restored."""
        self._send("DELETE", "/")

    # Branches and tags

    def branches(self) -> list[Branch]:
        """Every branch by name."""
        return self._ask(Branches, "GET", "/branches/").results

    def branch(self, name: str) -> Branch:
        """One branch. Raises NotFound("branch-not-found")."""
        return self._ask(Branch, "GET", f"/branches/{name}/")

    def create_branch(self, name: str, at: str = "") -> Branch:
        """A new branch at a ref; without one it begins empty."""
        return self._ask(Branch, "POST", "/branches/", sent={"name": name, **({"at": at} if at else {})})

    def reset_branch(self, name: str, head: str, expected_head: str | None = None) -> Branch:
        """Let the branch point to ``head``, if it is where it was seen last.

        Raises Conflict("branch-moved").
        """
        expected = self.branch(name).head if expected_head is None else expected_head
        sent = {"head": self.commit(head).id, "expected_head": expected or None}
        return self._ask(Branch, "PUT", f"/branches/{name}/", sent=sent)

    def delete_branch(self, name: str) -> None:
        """Remove the name; its commits stay."""
        self._send("DELETE", f"/branches/{name}/")

    def tags(self) -> list[Tag]:
        """Every tag by name."""
        return self._ask(Tags, "GET", "/tags/").results

    def create_tag(self, name: str, at: str, message: str = "") -> Tag:
        """A name for a commit, for good. Raises Conflict where it is taken."""
        return self._ask(Tag, "POST", "/tags/", sent={"name": name, "at": at, "message": message})

    def delete_tag(self, name: str) -> None:
        """Remove the name; its commit stays."""
        self._send("DELETE", f"/tags/{name}/")

    # Commits

    def commit(self, ref: str = HEAD) -> Commit:
        """The commit that a branch, tag or id stands for. Raises NotFound("ref-not-found")."""
        return self._ask(Commit, "GET", f"/commits/{ref}/")

    def log(self, ref: str = HEAD, path: str = "", limit: int | None = None) -> Iterator[Commit]:
        """The commits that led to ``ref``, newest first; those that changed ``path`` where it is given."""
        after: str | None = None
        left = limit
        while left is None or left > 0:
            size = min(_PAGE, left or _PAGE)
            query: Query = {"ref": ref, "path": path, "limit": size, "after": after}
            page = self._ask(Commits, "GET", "/commits/", query)
            yield from page.results
            after = page.next
            left = None if left is None else left - len(page.results)
            if not after:
                return

    def start_commit(self, branch: str = HEAD) -> Commit:
        """An open commit of one's own on a branch: it takes files until it is finished."""
        return self._ask(Commit, "POST", "/commits/", sent={"branch": branch})

    def finish_commit(
        self,
        commit: str,
        message: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        provenance: Sequence[str] = (),
        prefer: str = "",
    ) -> Commit:
        """Finish an open commit; the branch points to it. provenance: ids of commits it was made from.

        prefer: whose files stay where the branch changed the same meanwhile: ours, what was put, or theirs.
        Raises Conflict("commit-collides") without it, Unavailable("finish-unknown") where no answer came.
        """
        sent: dict[str, Any] = {"message": message, "metadata": dict(metadata or {})}
        sent |= {"provenance": list(provenance), **({"prefer": prefer} if prefer else {})}
        path = f"/commits/{commit}/finish/"
        return finish_surely(
            commit, lambda: self._ask(Commit, "POST", path, sent=sent), lambda: self.commit(commit)
        )

    def abandon_commit(self, commit: str) -> None:
        """Forget an open commit and what was put into it."""
        self._send("DELETE", f"/commits/{commit}/")

    # Files

    def list(
        self,
        ref: str = HEAD,
        prefix: str = "",
        *,
        delimiter: str = "",
        glob: str = "",
        page_size: int = _PAGE,
    ) -> Iterator[Entry]:
        """What lies at a commit, in the order of paths; with ``delimiter="/"`` one level, rolled up."""
        after: str | None = None
        while True:
            query: Query = {
                "ref": ref,
                "prefix": prefix,
                "delimiter": delimiter,
                "glob": glob,
                "limit": page_size,
                "after": after,
            }
            page = self._ask(Files, "GET", "/files/", query)
            yield from page.results
            after, ref = page.next, page.commit or ref  # further pages are of the same commit
            if not after:
                return

    def read(self, path: str, ref: str = HEAD, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file, or from ``start`` up to, not including, ``end``; as they arrive.

        What breaks off is asked for again from there, while the file is the same. Raises NotFound,
        Unavailable("answer-broken-off").
        """
        etag, resumes = "", 0
        while True:
            with self.open_answer(path, ref, start, end) as answer:
                etag = etag or answer.headers.get("ETag", "")
                if answer.headers.get("ETag", "") != etag:
                    text = f"{path} changed while it was read, after the connection broke off. Read it again."
                    raise Unavailable("changed-while-read", text)
                try:
                    for chunk in answer.chunks():
                        start += len(chunk)
                        yield chunk
                    return
                except Unavailable as error:
                    resumes += 1
                    if error.code != _BROKEN_OFF or resumes > _MOST_RESUMES:
                        raise

    def read_whole(self, path: str, ref: str = HEAD) -> bytes:
        """All bytes of a file."""
        return b"".join(self.read(path, ref))

    def open_answer(self, path: str, ref: str = HEAD, start: int = 0, end: int | None = None) -> Answer:
        """The server's answer to a read, with its headers; whoever asked closes it."""
        headers = {"Accept": "*/*"}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        return self._connection.ask("GET", self._file(path), {"ref": ref}, headers=headers)

    def put(
        self,
        path: str,
        body: Body,
        target: Target,
        *,
        size_bytes: int | None = None,
        only_if_absent: bool = False,
        content_type: str = "",
    ) -> Put:
        """Put a file: bytes, or chunks that are sent as they come; durable when this returns.

        size_bytes: of the chunks, where it is known. Raises Conflict where the file is there already and
        ``only_if_absent`` was said.
        """
        headers = {"If-None-Match": "*"} if only_if_absent else {}
        if size_bytes is not None:
            headers["Content-Length"] = str(size_bytes)
        if content_type:
            headers["Content-Type"] = content_type
        with self._connection.ask(
            "PUT", self._file(path), target.fields, body=body or b"", headers=headers
        ) as answer:
            return answer.decode(Put)

    def remove(self, path: str, target: Target) -> str:
        """Delete a file, or with a slash at the end all that lies below; the commit's id."""
        with self._connection.ask("DELETE", self._file(path), target.fields) as answer:
            return answer.decode(Removed).commit

    def change(
        self,
        target: Target,
        *,
        copy: Sequence[Mapping[str, str | int]] = (),
        move: Sequence[Mapping[str, str]] = (),
        delete: Sequence[str] = (),
        fetch: Sequence[Mapping[str, str]] = (),
        reference: Sequence[Mapping[str, str | int]] = (),
    ) -> Commit:
        """Several changes as one; the commit, open where the target is.

        copy: ``{"from", "from_ref"?, "from_repo"?, "to"}``.  move: ``{"from", "to"}``.  delete: paths.
        fetch: ``{"url", "path"}``, which the server fetches.
        reference: ``{"storage", "key" or "prefix", "path"}``: files that stay where they lie, in a storage.
        """
        lists = {"copy": copy, "move": move, "delete": delete, "fetch": fetch, "reference": reference}
        sent = {**target.fields, **{name: list(each) for name, each in lists.items() if each}}
        return self._ask(Commit, "POST", "/changes/", sent=sent)

    def start_referring(
        self, kind: str, storage: int, *, to: str, prefix: str, folder: str, message: str
    ) -> str:
        """Refer to all below ``prefix`` of a storage, as a commit to the branch ``to``; the id of the job."""
        whole = f"{self.about.workspace.name}/{self.about.name}@{to}"
        sent = {"repo": whole, "prefix": prefix, "folder": folder, "message": message}
        path = f"/api/storages/{kind}/{storage}/references/"
        return self._connection.ask_json(Started, "POST", path, sent=sent).job

    def put_archive(self, chunks: Iterable[bytes], target: Target, prefix: str = "") -> Commit:
        """Put every file of a tar, tar.gz or zip below ``prefix``; the commit, open where the target is."""
        query = {**target.fields, "prefix": prefix}
        headers = {"Content-Type": "application/octet-stream"}
        path = f"{self._path}/archive/"
        with self._connection.ask("POST", path, query, body=chunks, headers=headers) as answer:
            return answer.decode(Commit)

    def get_archive(self, ref: str = HEAD, prefix: str = "") -> Answer:
        """The files below ``prefix`` as a tar; whoever asked closes it."""
        return self._connection.ask(
            "GET", f"{self._path}/archive/", {"ref": ref, "prefix": prefix}, headers={"Accept": "*/*"}
        )

    def put_folder(
        self, folder: Path, target: Target, prefix: str = "", progress: Progress = unwatched
    ) -> tuple[int, Commit]:
        """Put every file below a local folder, as one commit; how many they were, and the commit.

        progress: is told of further files and bytes. Raises Invalid("folder"), and as `put_files`.
        """
        files = list_folder(folder)
        return len(files), self.put_files(files, target, prefix, progress)

    def put_files(
        self, files: Sequence[LocalFile], target: Target, prefix: str = "", progress: Progress = unwatched
    ) -> Commit:
        """Put local files, as one commit.

        What is more than a body may hold goes in several, into an open commit that is finished behind them.
        Raises Invalid("file", "file-changed"), Unavailable("finish-unknown"), with which the open commit
        stays.
        """
        most_bytes = None if self._connection.takes_files else _ARCHIVE_BYTES
        bodies = [FilesAsTar(batch, progress) for batch in in_batches(files, most_bytes)]
        if len(bodies) == 1 or target.commit or target.is_staged:
            return [self.put_archive(body, target, prefix) for body in bodies][-1]
        opened = self.start_commit(target.branch).id
        try:
            for body in bodies:
                self.put_archive(body, Target(commit=opened), prefix)
            return self.finish_commit(opened, target.message or f"Put {len(files):,} files")
        except BaseException as error:
            if not isinstance(error, Unavailable) or error.code != FINISH_UNKNOWN:
                with suppress(TreadleError):  # nobody sees one that stays, and another error is told
                    self.abandon_commit(opened)
            raise

    def get_folder(
        self, folder: Path, ref: str = HEAD, prefix: str = "", progress: Progress = unwatched
    ) -> int:
        """Write every file below ``prefix``, which ends in a slash, into a local folder; how many.

        Raises NotFound("folder-not-found"), Invalid("archive").
        """
        with self.get_archive(ref, prefix) as answer:
            return unpack(answer.chunks(), folder, below=prefix, progress=progress)

    # History

    def diff(
        self, to: str = HEAD, since: str = "", prefix: str = "", *, page_size: int = _PAGE
    ) -> Iterator[Change]:
        """What changed from ``since`` to ``to``, in the order of paths; without it from the first parent."""
        after: str | None = None
        while True:
            query: Query = {"from": since, "to": to, "prefix": prefix, "after": after, "limit": page_size}
            page = self._ask(Changes, "GET", "/diff/", query)
            yield from page.results
            after = page.next
            if not after:
                return

    def merge(
        self,
        source: str,
        into: str = HEAD,
        *,
        message: str = "",
        prefer: str = "",
        resolutions: Mapping[str, Side] | None = None,
    ) -> Commit:
        """Merge a ref into a branch.

        Raises Conflict("merge-conflicts"), whose details hold ``conflicts``; then nothing was changed.
        """
        sent: dict[str, Any] = {"from": source, "into": into, "message": message}
        sent |= {"prefer": prefer} if prefer else {}
        sent |= {"resolutions": dict(resolutions)} if resolutions else {}
        return self._ask(Commit, "POST", "/merges/", sent=sent)

    def cherry_pick(self, commit: str, onto: str = HEAD, message: str = "") -> Commit:
        """Do on a branch what one commit did."""
        return self._ask(
            Commit, "POST", "/cherry-picks/", sent={"commit": commit, "onto": onto, "message": message}
        )

    def revert(self, commit: str, on: str = HEAD, message: str = "") -> Commit:
        """Undo on a branch what one commit did."""
        return self._ask(Commit, "POST", "/reverts/", sent={"commit": commit, "on": on, "message": message})

    def blame(self, path: str, ref: str = HEAD) -> Blame:
        """Which commit each line came with; of what is no text, which one brought its bytes."""
        return self._ask(Blame, "GET", "/blame/", {"ref": ref, "path": path})

    def start_gc(self) -> str:
        """Free what no commit holds any more; the id of the job."""
        return self._ask(Started, "POST", "/gc/").job

    def start_fsck(self, *, references: bool = False) -> str:
        """Check every byte; the id of the job.

        references: also that what files refer to in storages is there and is the same.
        """
        return self._ask(Started, "POST", "/fsck/", sent={"references": references}).job

    def _file(self, path: str) -> str:
        return f"{self._path}/files/{path.lstrip('/')}"

    def _ask(
        self, kind: type[T], method: str, path: str, query: Query | None = None, *, sent: Any = None
    ) -> T:
        return self._connection.ask_json(kind, method, f"{self._path}{path}", query, sent=sent)

    def _send(self, method: str, path: str) -> None:
        with self._connection.ask(method, f"{self._path}{path}") as answer:
            answer.read()


def connect(url: str = "", token: str = "") -> Client:
    """A client of ``url`` and ``token``; what is not given is of TREADLE_URL and TREADLE_TOKEN, or of the
    file that ``treadle login`` wrote, with TREADLE_AUTHORIZATION for a platform before it. Nothing is asked.

    Raises NotFound("server-not-named"), Invalid("server-address", "credentials-broken").
    """
    if not url:
        address, kept = find_server()
        return connect_to(address, token or kept)
    address = parse_address(url)
    return connect_to(address, token or token_for(address))


def connect_to(address: Address, token: str = "", transport: Transport | None = None) -> Client:
    """A client of a server by its address, over HTTP or what carries the requests instead."""
    return Client(Connection(address, token, transport, authorization=authorization_before(address)))

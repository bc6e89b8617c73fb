"""Repos as a file system of fsspec: ``treadle://images@master/folder/a.parquet``.

Promises: what is opened for reading stays as it was, whatever is committed meanwhile; each file that is
written is one commit, and all that is written inside ``with fs.commit("message")`` is one together.
Folders are what the paths of files say: none is made, none stays empty.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from fsspec import AbstractFileSystem
from fsspec.callbacks import DEFAULT_CALLBACK, Callback
from fsspec.spec import AbstractBufferedFile
from fsspec.transaction import Transaction

from treadle.client.names import Place, is_commit_id, parse_place
from treadle.client.repos import RemoteRepo, connect
from treadle.client.targets import Target
from treadle.client.together import OpenCommits, as_os_errors
from treadle.client.values import Entry, File
from treadle.errors import Invalid, NotFound

_BLOCK_BYTES = 4 * 1024**2
_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 8 * 1024**2
_PROTOCOL = "treadle://"


class OneCommit(Transaction):  # type: ignore[misc]
    """What any thread writes with this file system while it lasts goes into one commit of each branch."""

    def __init__(self, fs: TreadleFileSystem) -> None:
        super().__init__(fs)
        self.commits = OpenCommits(fs.repo, "")

    def start(self) -> None:
        """Begin: nothing is open yet."""
        super().start()
        self.commits = OpenCommits(self.fs.repo, self.commits.message)

    def complete(self, commit: bool = True) -> None:
        """Finish every commit, or abandon them all."""
        self.files.clear()
        self.fs._intrans = False
        self.fs._transaction = None
        self.commits.end(is_whole=commit)


class TreadleFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The repos of one server; its address and ``token`` are found as `treadle.client.connect` finds them."""

    protocol = "treadle"
    root_marker = ""
    transaction_type = OneCommit

    def __init__(self, server: str = "", token: str = "", **options: Any) -> None:
        super().__init__(server=server, token=token, **options)
        self._client = connect(server, token)
        self._repos: dict[str, RemoteRepo] = {}
        self._call = threading.local()  # instances are shared: what a call opens is no other thread's

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(each) for each in path]
        plain = str(path).removeprefix(_PROTOCOL).removeprefix("treadle::").rstrip("/")
        repo, colon, below = plain.partition(":/")
        return f"{repo}/{below}".rstrip("/") if colon and "/" not in repo.partition("@")[2] else plain

    @property
    def fsid(self) -> str:
        """Which server it is."""
        return f"treadle-{self._client.connection.address}"

    @contextmanager
    def commit(self, message: str = "") -> Iterator[OneCommit]:
        """Everything that is written inside is one commit of each branch; nothing is when it fails.

        By whichever thread: one that shall stay outside takes an instance of its own, made with
        ``skip_instance_cache=True``.
        """
        transaction = cast(OneCommit, self.transaction)
        transaction.commits.message = message
        with transaction:
            yield transaction

    def repo(self, name: str) -> RemoteRepo:
        """The repo of that name, looked up once. Raises NotFound."""
        if name not in self._repos:
            self._repos[name] = self._client.repo(name)
        return self._repos[name]

    # Looking

    def ls(self, path: str, detail: bool = True, **_options: Any) -> list[Any]:
        """What lies in a folder; of the root the first branch of every repo. Raises FileNotFoundError."""
        plain = self._plain(path)
        found = self._repo_roots() if not plain else self._list(plain)
        return found if detail else sorted(each["name"] for each in found)

    def info(self, path: str, **_options: Any) -> dict[str, Any]:
        """Name, size and type; of a file also its content's address ``id``. Raises FileNotFoundError."""
        plain = self._plain(path)
        if not plain:
            return _folder("")
        with as_os_errors(plain):
            place, repo, ref = self._find(plain)
            if not place.path:
                repo.commit(ref) if is_commit_id(ref) else repo.list(ref, page_size=1)
                return _folder(plain)
            for entry in repo.list(ref, place.path, page_size=1):
                if isinstance(entry, File) and entry.path == place.path:
                    return self._told(place, entry)
                break
            if next(repo.list(ref, f"{place.path}/", page_size=1), None) is not None:
                return _folder(plain)
        raise FileNotFoundError(plain)

    def find(
        self, path: str, maxdepth: int | None = None, withdirs: bool = False, **options: Any
    ) -> list[str] | dict[str, dict[str, Any]]:
        """Every file below, by one walk."""
        plain = self._plain(path)
        if maxdepth is not None or withdirs or not plain:
            found: list[str] | dict[str, dict[str, Any]] = super().find(
                path, maxdepth=maxdepth, withdirs=withdirs, **options
            )
            return found
        with as_os_errors(plain):
            place, repo, ref = self._find(plain)
            prefix = f"{place.path}/" if place.path else ""
            told = {each["name"]: each for each in self._walk(repo, ref, place, prefix)}
            if not told and place.path and self.isfile(plain):
                told = {plain: self.info(plain)}
        return told if options.get("detail") else sorted(told)

    def checksum(self, path: str) -> str:
        """The address of a file's content: equal where the bytes are."""
        return str(self.info(path)["id"])

    def ukey(self, path: str) -> str:
        """As `checksum`."""
        return self.checksum(path)

    def modified(self, path: str) -> datetime:
        """When a file was put."""
        return cast(datetime, self.info(path)["mtime"])

    def created(self, path: str) -> datetime:
        """As `modified`: another content is another file."""
        return self.modified(path)

    # Reading

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_options: Any) -> bytes:
        """A file's bytes, or a stretch of them; numbers below zero count from its end."""
        plain = self._plain(path)
        with as_os_errors(plain):
            place, repo, ref = self._find(plain)
            if (start or 0) < 0 or (end or 0) < 0:
                size = int(self.info(plain)["size"])
                start, end = (size + each if each is not None and each < 0 else each for each in (start, end))
            if end is not None and end <= (start or 0):
                return b""
            return b"".join(repo.read(place.path, ref, start or 0, end))

    def get_file(
        self, rpath: str, lpath: Any, callback: Callback = DEFAULT_CALLBACK, **_options: Any
    ) -> None:
        """Write a file of the repo to a local path, as it comes."""
        plain = self._plain(rpath)
        if hasattr(lpath, "write"):
            self._copy_out(plain, lpath, callback)
            return
        if self.isdir(plain):
            Path(lpath).mkdir(parents=True, exist_ok=True)
            return
        Path(lpath).parent.mkdir(parents=True, exist_ok=True)
        with open(lpath, "wb") as file:
            self._copy_out(plain, file, callback)

    def _copy_out(self, plain: str, file: BinaryIO, callback: Callback) -> None:
        with as_os_errors(plain):
            place, repo, ref = self._find(plain)
            for chunk in repo.read(place.path, ref):
                file.write(chunk)
                callback.relative_update(len(chunk))

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> TreadleFile:
        if mode not in ("rb", "wb", "xb"):
            raise ValueError(f"{path} cannot be opened for {mode!r}: read it, or write it anew.")
        if mode == "xb" and self.isfile(path):  # said early; decided when it is put
            raise FileExistsError(path)
        return TreadleFile(
            self,
            path,
            mode,
            block_size=block_size or _BLOCK_BYTES,
            autocommit=autocommit,
            cache_options=cache_options,
            **options,
        )

    # Writing

    def put_file(
        self,
        lpath: str,
        rpath: str,
        callback: Callback = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        **_options: Any,
    ) -> None:
        """Put a local file, as it is read; a folder is nothing by itself."""
        local = Path(lpath)
        if local.is_dir():
            return
        with local.open("rb") as file:
            callback.set_size(local.stat().st_size)
            self.write_stream(rpath, file, size_bytes=local.stat().st_size, is_new=mode == "create")

    def write_stream(
        self, path: str, file: BinaryIO, *, size_bytes: int | None = None, is_new: bool = False
    ) -> None:
        """Put what a file holds, as it is read. Raises FileExistsError where ``is_new`` and it is not."""
        plain = self._plain(path)
        with as_os_errors(plain):
            place = parse_place(plain)
            chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
            repo, target = self._target(place)
            repo.put(place.path, chunks, target, size_bytes=size_bytes, only_if_absent=is_new)

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_options: Any) -> None:
        """Put bytes. Raises FileExistsError for the mode ``create`` where the file is there."""
        plain = self._plain(path)
        with as_os_errors(plain):
            place = parse_place(plain)
            repo, target = self._target(place)
            repo.put(place.path, bytes(value), target, only_if_absent=mode == "create")

    def rm_file(self, path: str) -> None:
        """Remove a file."""
        self._remove(self._plain(path))

    def _rm(self, path: str) -> None:
        self.rm_file(path)

    def rm(self, path: str | list[str], recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove files, and folders where ``recursive``, as one commit."""
        if isinstance(path, str) and recursive and maxdepth is None and self.isdir(path):
            self._remove(f"{self._plain(path)}/")
            return
        with self._together("Removed files"):
            for each in self.expand_path(path, recursive=recursive, maxdepth=maxdepth):
                if not self.isdir(each):
                    self.rm_file(each)

    def cp_file(self, path1: str, path2: str, **_options: Any) -> None:
        """Copy a file; nothing of it is sent."""
        source, goal = parse_place(self._plain(path1)), parse_place(self._plain(path2))
        with as_os_errors(path1):
            if self.isdir(path1):
                return
            from_repo, from_ref = self.repo(source.repo_name), self._ref(source)
            repo, target = self._target(goal)
            known: dict[str, str | int] = {
                "from": source.path,
                "from_ref": from_ref,
                "from_repo": from_repo.about.id,
            }
            repo.change(target, copy=[{**known, "to": goal.path}])

    def copy(self, path1: Any, path2: Any, **options: Any) -> None:
        """Copy files, as one commit."""
        with self._together("Copied files"):
            super().copy(path1, path2, **options)

    def mv(self, path1: Any, path2: Any, **options: Any) -> None:
        """Move files, as one commit."""
        with self._together("Moved files"):
            super().mv(path1, path2, **options)

    def put(self, lpath: Any, rpath: Any, **options: Any) -> None:
        """Put local files, as one commit."""
        with self._together("Put files"):
            super().put(lpath, rpath, **options)

    def pipe(self, path: Any, value: bytes | None = None, **options: Any) -> None:
        """Put bytes by path, as one commit."""
        if isinstance(path, str):
            super().pipe(path, value, **options)
            return
        with self._together("Put files"):
            super().pipe(path, value, **options)

    def mkdir(self, path: str, create_parents: bool = True, **_options: Any) -> None:
        """Nothing: a folder is there while a file lies in it."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Nothing: a folder is there while a file lies in it."""

    def rmdir(self, path: str) -> None:
        """Nothing: a folder is gone when no file lies in it."""

    # Within

    def pin(self, path: str) -> tuple[RemoteRepo, str, File]:
        """The repo of a file, the commit that it is read at from now on, and the file."""
        place, repo, ref = self._find(path)
        commit = ref if is_commit_id(ref) else repo.commit(ref).id
        for entry in repo.list(commit, place.path, page_size=1):
            if isinstance(entry, File) and entry.path == place.path:
                return repo, commit, entry
            break
        raise NotFound("file-not-found", f"There is no file {path}.")

    def _plain(self, path: str) -> str:
        plain: str = self._strip_protocol(path)
        return plain

    def _find(self, plain: str) -> tuple[Place, RemoteRepo, str]:
        place = parse_place(plain)
        return place, self.repo(place.repo_name), self._ref(place)

    def _ref(self, place: Place) -> str:
        """The ref of a place; inside a transaction the commit that it writes into."""
        commits = self._commits()
        opened = commits.opened if commits else {}
        return opened.get((place.repo_name, place.ref_or_head), place.ref_or_head)

    def _commits(self) -> OpenCommits | None:
        """What this thread writes into: the commits of its call, else those of the transaction."""
        of_call: OpenCommits | None = getattr(self._call, "commits", None)
        return of_call or (cast(OneCommit, self._transaction).commits if self._intrans else None)

    def _target(self, place: Place) -> tuple[RemoteRepo, Target]:
        repo = self.repo(place.repo_name)
        commits = self._commits()
        if commits is None or place.is_commit:
            return repo, Target.of(place.ref, message=f"Put {place.path}")
        return repo, Target(commit=commits.open_on(repo, place.repo_name, place.ref_or_head))

    @contextmanager
    def _together(self, message: str) -> Iterator[None]:
        if self._commits() is not None:
            yield
            return
        commits = self._call.commits = OpenCommits(self.repo, message)
        is_whole = False
        try:
            yield
            is_whole = True
        finally:
            self._call.commits = None
            commits.end(is_whole=is_whole)

    def _remove(self, plain: str) -> None:
        with as_os_errors(plain):
            place = parse_place(plain)
            repo, target = self._target(place)
            if not place.path:
                raise Invalid("path", f"{plain} is a whole branch; remove its folders, or the repo.")
            message = f"Removed {place.path}" if target.branch else ""
            repo.remove(place.path, Target(target.branch, target.commit, message=message))

    def _list(self, plain: str) -> list[dict[str, Any]]:
        with as_os_errors(plain):
            place, repo, ref = self._find(plain)
            prefix = f"{place.path}/" if place.path else ""
            found = list(self._walk(repo, ref, place, prefix, delimiter="/"))
        if found or not place.path:
            return found
        return [self.info(plain)]

    def _walk(
        self, repo: RemoteRepo, ref: str, place: Place, prefix: str, *, delimiter: str = ""
    ) -> Iterator[dict[str, Any]]:
        for entry in repo.list(ref, prefix, delimiter=delimiter):
            yield self._told(place, entry)

    def _told(self, place: Place, entry: Entry) -> dict[str, Any]:
        name = f"{place.repo_name}@{place.ref_or_head}/{entry.path.rstrip('/')}"
        if not isinstance(entry, File):
            return _folder(name)
        return {
            "name": name,
            "size": entry.size_bytes,
            "type": "file",
            "id": entry.id,
            "mtime": entry.modified_at,
            "metadata": entry.metadata,
        }

    def _repo_roots(self) -> list[dict[str, Any]]:
        with as_os_errors(""):
            return [
                _folder(f"{each.workspace.name}/{each.name}@master") for each in self._client.list_repos()
            ]


class TreadleFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file that is read in blocks of one commit, or written and put when it is closed."""

    fs: TreadleFileSystem

    def __init__(self, fs: TreadleFileSystem, path: str, mode: str, **options: Any) -> None:
        self._spool: BinaryIO | None = None
        if mode == "rb":
            with as_os_errors(path):
                self._repo, self._commit, self._file = fs.pin(path)
            options["size"] = self._file.size_bytes
        super().__init__(fs, path, mode, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        with as_os_errors(self.path):
            return b"".join(self._repo.read(self._file.path, self._commit, start, min(end, self.size)))

    def _initiate_upload(self) -> None:
        spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `commit`
        self._spool = cast(BinaryIO, spool)

    def _upload_chunk(self, final: bool = False) -> bool:
        assert self._spool is not None
        self._spool.write(self.buffer.getvalue())
        if final:
            self.commit()
        return True

    def commit(self) -> None:
        """Put what was written; inside a transaction into its commit."""
        spool, self._spool = self._spool, None
        if spool is None:
            return
        with spool:
            size_bytes = spool.tell()
            spool.seek(0)
            self.fs.write_stream(self.path, spool, size_bytes=size_bytes, is_new=self.mode == "xb")

    def discard(self) -> None:
        """Forget what was written."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()


def _folder(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}

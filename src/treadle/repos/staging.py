"""What is put into open commits: rows whose transaction is what makes a put durable.

A row is a file with its bytes, a file whose bytes lie in objects already, or a deletion; one whose path ends
in a slash deletes all below that was there before it. Puts that arrive while one transaction is being made
durable share the next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, select, text

from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repo_commits, repo_staged
from treadle.errors import Conflict, TreadleError
from treadle.repos.commits import finished, not_there
from treadle.repos.leases import Lease
from treadle.repos.nodes import Entry

PAGE_ROWS = 1_000
_DATA_PAGE_ROWS = 100
_LONGEST_WAIT_S = 0.001

_s, _c = repo_staged.c, repo_commits.c
# Nobody seals the commit until the transaction ends.
_STATE = Prepared(
    select(_c.id, _c.repo_id, _c.state).where(_c.key == bindparam("key")).with_for_update(read=True)
)
_STATE_OF_ROW = Prepared(select(_c.state).where(_c.id == bindparam("commit_row")))
_PUT = Prepared(
    text(
        "INSERT INTO repo_staged (commit_id, path, content_id, size_bytes, modified_us, metadata, data)"
        " VALUES (:commit_id, :path, :content_id, :size_bytes, :modified_us, :metadata, :data)"
        " ON CONFLICT (commit_id, path) DO UPDATE SET content_id = excluded.content_id,"
        " size_bytes = excluded.size_bytes, modified_us = excluded.modified_us,"
        " metadata = excluded.metadata, data = excluded.data"
    )
)
_CLEAR = Prepared(
    delete(repo_staged).where(
        _s.commit_id == bindparam("commit_row"), _s.path >= bindparam("first"), _s.path < bindparam("beyond")
    )
)
_HEADS = select(_s.path, _s.content_id, _s.size_bytes, _s.modified_us, _s.metadata)
_OF_COMMIT = _s.commit_id == bindparam("commit_row")
_ONE = Prepared(_HEADS.where(_OF_COMMIT, _s.path == bindparam("path")))
_ONE_WITH_DATA = Prepared(_HEADS.add_columns(_s.data).where(_OF_COMMIT, _s.path == bindparam("path")))
_PAGE = Prepared(
    _HEADS.where(_OF_COMMIT, _s.path > bindparam("after"), _s.path < bindparam("beyond"))
    .order_by(_s.path)
    .limit(bindparam("limit"))
)
_DATA_PAGE = Prepared(
    select(_s.path, _s.content_id, _s.data)
    .where(_OF_COMMIT, _s.path > bindparam("after"), _s.data.is_not(None))
    .order_by(_s.path)
    .limit(bindparam("limit"))
)
_FOLDERS = Prepared(
    select(_s.path)
    .where(_OF_COMMIT, _s.path >= bindparam("first"), _s.path < bindparam("beyond"))
    .order_by(_s.path)
)
# The rows of deleted folders stand before all others, and apart: no path has the byte 0.
_FOLDER_MARK, _AFTER_FOLDERS = b"\0", b"\0\xff"


@dataclass(frozen=True)
class Staged:
    """A row.

    path: one that ends in a slash deletes all below; "/" deletes everything.
    content_id: None of a deletion.  data: the content, or what its address is of (a list of chunks, where it
    lies outside); None where objects hold it already.
    """

    path: str
    content_id: bytes | None = None
    size_bytes: int = 0
    modified_us: int = 0
    metadata: str = ""
    data: bytes | None = None

    @property
    def entry(self) -> Entry | None:
        """The file as a tree holds it; None of a deletion."""
        if self.content_id is None:
            return None
        return Entry(self.path, self.content_id, self.size_bytes, self.modified_us, self.metadata)


@dataclass(frozen=True)
class Condition:
    """What must be at a path when the rows are written: an id of a content, or None for nothing.

    base: what is there where nothing is staged.
    """

    path: str
    wanted: bytes | None
    base: bytes | None


@dataclass(eq=False)
class _Order:
    repo_id: int
    commit_id: str
    rows: Sequence[Staged]
    condition: Condition | None
    lease: Lease | None
    error: BaseException | None = None
    is_done: bool = False
    #: Held until it is done, or is the one that writes next.
    turn: threading.Lock = field(default_factory=threading.Lock)


class Staging:
    """Writes rows into open commits, for any number of threads; one of them writes for all that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guard = threading.Lock()
        self._waiting: list[_Order] = []
        self._is_led = False
        #: How many the last transaction wrote or were there behind it, and whether so many wait again.
        self._wanted, self._are_there = 1, threading.Event()

    def write(
        self,
        repo_id: int,
        commit_id: str,
        rows: Sequence[Staged],
        *,
        condition: Condition | None = None,
        lease: Lease | None = None,
    ) -> None:
        """Write the rows in their order, durably, or none of them; the lease ends with that.

        Raises NotFound("commit-not-found"), Conflict("commit-finished", "file-exists", "file-changed"),
        Unavailable("lease-lost", "disk-full").
        """
        order = _Order(repo_id, commit_id, rows, condition, lease)
        order.turn.acquire()
        if not self._joins_as_first(order):
            order.turn.acquire()
        if not order.is_done:
            self._lead(order)
        if order.error is not None:
            raise order.error

    def _joins_as_first(self, order: _Order) -> bool:
        with self._guard:
            self._waiting.append(order)
            if len(self._waiting) >= self._wanted:
                self._are_there.set()
            is_first, self._is_led = not self._is_led, True
            return is_first

    def _lead(self, order: _Order) -> None:
        """Write all that wait, and give the lead to who came meanwhile."""
        taken = [order]
        try:
            # Those who put at the same time a moment ago likely do so again, and a commit costs more.
            if self._wanted > 1:
                self._are_there.wait(_LONGEST_WAIT_S)
            with self._guard:
                taken, self._waiting = self._waiting, []
            self._write_all(taken)
        finally:
            with self._guard:
                if order in self._waiting:  # it was interrupted before
                    self._waiting.remove(order)
                self._wanted = len(taken) + len(self._waiting)
                self._are_there.clear()
                following = self._waiting[:1]
                self._is_led = bool(following)
            for each in (*taken, *following):
                each.turn.release()

    def _write_all(self, orders: Sequence[_Order]) -> None:
        try:
            with self._database.write() as tx:
                states: dict[str, Mapping[str, Any] | None] = {}
                for order in orders:
                    _try_order(tx, order, states)
        except BaseException as error:
            for order in orders:
                order.error = order.error or error
            raise
        finally:
            for order in orders:
                order.is_done = True


def _try_order(tx: Tx, order: _Order, states: dict[str, Mapping[str, Any] | None]) -> None:
    try:
        commit_row = _check_open(tx, order, states)
        if order.condition is not None:
            _check_condition(tx, commit_row, order.condition)
        if order.lease is not None:
            order.lease.end(tx)
    except TreadleError as error:  # nothing of it is written yet, and the others' can be
        order.error = error
        return
    for row in order.rows:
        _put(tx, commit_row, row)


def _check_open(tx: Tx, order: _Order, states: dict[str, Mapping[str, Any] | None]) -> int:
    if order.commit_id not in states:
        states[order.commit_id] = tx.execute(_STATE, {"key": order.commit_id}).first()
    row = states[order.commit_id]
    if row is None or row["repo_id"] != order.repo_id:
        raise not_there(order.commit_id)
    if row["state"] != "open":
        raise finished(order.commit_id)
    return int(row["id"])


def _check_condition(tx: Tx, commit_row: int, condition: Condition) -> None:
    row = find(tx, commit_row, condition.path)
    if row is not None:
        there = row.content_id
    elif any(is_below(condition.path, folder) for folder in deleted_folders(tx, commit_row)):
        there = None
    else:
        there = condition.base
    if there == condition.wanted:
        return
    if condition.wanted is None:
        raise Conflict("file-exists", f"There is a file {condition.path!r} already.")
    raise Conflict("file-changed", f"{condition.path!r} is not what it was any more. Look at it again.")


def _put(tx: Tx, commit_row: int, row: Staged) -> None:
    if row.path.endswith("/"):
        tx.execute(_CLEAR, {"commit_row": commit_row, **_below(row.path)})
    tx.execute(
        _PUT,
        {
            "commit_id": commit_row,
            "path": _key(row.path),
            "content_id": row.content_id,
            "size_bytes": row.size_bytes,
            "modified_us": row.modified_us,
            "metadata": row.metadata,
            "data": row.data,
        },
    )


def is_below(path: str, folder: str) -> bool:
    """Whether the path is in the folder; everything is in "/"."""
    return folder == "/" or path.startswith(folder)


def read_state(tx: Tx, commit_row: int) -> str | None:
    """The state of the commit; None where it is gone."""
    state: str | None = tx.execute(_STATE_OF_ROW, {"commit_row": commit_row}).scalar()
    return state


def find(tx: Tx, commit_row: int, path: str) -> Staged | None:
    """What is staged at a path, without its data."""
    row = tx.execute(_ONE, {"commit_row": commit_row, "path": path.encode()}).first()
    return None if row is None else _staged(row)


def find_with_data(tx: Tx, commit_row: int, path: str) -> Staged | None:
    """What is staged at a path."""
    row = tx.execute(_ONE_WITH_DATA, {"commit_row": commit_row, "path": path.encode()}).first()
    return None if row is None else _staged(row)


def deleted_folders(tx: Tx, commit_row: int) -> list[str]:
    """The folders of which everything was deleted that was there before; each ends in a slash."""
    between = {"commit_row": commit_row, "first": _FOLDER_MARK, "beyond": _AFTER_FOLDERS}
    return [row["path"][1:].decode() for row in tx.execute(_FOLDERS, between).all()]


def read_page(
    tx: Tx, commit_row: int, *, prefix: str = "", after: str = "", limit: int = PAGE_ROWS
) -> list[Staged]:
    """The first rows whose paths begin with ``prefix`` and follow ``after``, without their data.

    Those of deleted folders are not among them.
    """
    first = max(after.encode(), _just_before(prefix))
    page = {"commit_row": commit_row, "after": first, "beyond": _beyond(prefix), "limit": limit}
    return [_staged(row) for row in tx.execute(_PAGE, page).all()]


def read_all(database: Database, commit_row: int) -> Iterator[Staged]:
    """Every row in the order of paths, without its data; those of deleted folders are not among them."""
    after = ""
    while True:
        with database.read() as tx:
            page = read_page(tx, commit_row, after=after)
        yield from page
        if len(page) < PAGE_ROWS:
            return
        after = page[-1].path


def read_data(database: Database, commit_row: int) -> Iterator[tuple[bytes, bytes]]:
    """Every content that lies in rows: its address, and its data."""
    after = b""
    while True:
        page = {"commit_row": commit_row, "after": after, "limit": _DATA_PAGE_ROWS}
        with database.read() as tx:
            rows = tx.execute(_DATA_PAGE, page).all()
        yield from ((row["content_id"], row["data"]) for row in rows)
        if len(rows) < _DATA_PAGE_ROWS:
            return
        after = rows[-1]["path"]


def _staged(row: Mapping[str, Any]) -> Staged:
    return Staged(
        row["path"].decode(),
        row["content_id"],
        row["size_bytes"],
        row["modified_us"],
        row["metadata"],
        row.get("data"),
    )


def _key(path: str) -> bytes:
    return _FOLDER_MARK + path.encode() if path.endswith("/") else path.encode()


def _below(folder: str) -> dict[str, bytes]:
    """Where the paths in a folder begin and end; no text has the byte 255."""
    if folder == "/":
        return {"first": b"", "beyond": b"\xff"}
    encoded = folder.encode()
    return {"first": encoded, "beyond": encoded[:-1] + b"0"}


def _just_before(prefix: str) -> bytes:
    # Nothing is between: a path has no NUL, and none is empty.
    encoded = prefix.encode()
    return encoded[:-1] + bytes([encoded[-1] - 1]) + b"\xff" if encoded else _AFTER_FOLDERS


def _beyond(prefix: str) -> bytes:
    encoded = prefix.encode()
    return encoded[:-1] + bytes([encoded[-1] + 1]) if encoded else b"\xff"

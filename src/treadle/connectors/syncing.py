"""A sync: what is new in a source becomes tasks, what is changed is marked so, what is gone is retired.

A job that may be cancelled, killed and run again: tasks and the note of which file they are stand in one
transaction, so that a file that was taken is known when it is listed anew. Of a file with many tasks the
notes bear its etag only when all of them stand: until then it is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import exists, func, select, tuple_, update

from treadle import events
from treadle.access import Grant
from treadle.access.signing_key import load_signing_key
from treadle.connectors import sources, storages
from treadle.connectors.items import NewItem, put_items
from treadle.connectors.opening import find_head, open_place
from treadle.connectors.places import Item, Place
from treadle.connectors.repo_kind import REPO_GONE, RepoPlace
from treadle.connectors.sources import TaskRow
from treadle.connectors.storages import Storage
from treadle.db import Tx
from treadle.db.schema import tasks
from treadle.db.storage_tables import storage_items
from treadle.errors import Invalid, NotFound, TreadleError
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling import field_indexes, projects, retired, source_changes
from treadle.labeling.config import parse_config
from treadle.labeling.imports import writing
from treadle.labeling.imports.batch import write_batch
from treadle.labeling.imports.beginning import begin
from treadle.labeling.imports.blocks import to_batches
from treadle.labeling.imports.checking import Checker, Staged
from treadle.lineage import Edge, Node, add_edges
from treadle.permissions import Permission
from treadle.repos import commits

T = TypeVar("T")

JOB_NAME = "storage-sync"
_PAGE = 500
#: Files that could not be taken, of which a job tells.
_MOST_PROBLEMS = 100
#: Files passed over that are told by name.
_MOST_TOLD = 5

_i, _t = storage_items.c, tasks.c


class SyncOrder(msgspec.Struct, frozen=True):
    """Which source to sync. Automatic: nobody asked, and tasks that somebody deleted stay away."""

    storage_id: int
    is_automatic: bool = False


class Begun(msgspec.Struct, frozen=True):
    """What a sync reads: the number that it has, and of a repo the commit.

    since: the commit up to which all was read before; only what differs from it is looked at.
    """

    round: int
    commit_id: str | None
    since: str | None = None


class PassedOver(msgspec.Struct, frozen=True):
    """New files that no object of the label config can show: how many, and the first of them."""

    count: int = 0
    first: tuple[str, ...] = ()

    def and_also(self, key: str) -> PassedOver:
        """With one more."""
        return PassedOver(self.count + 1, (*self.first, key)[:_MOST_TOLD])


class Known(NamedTuple):
    """A file that was seen before, and its task."""

    etag: str
    task_id: int | None
    state: str
    has_task: bool


def start_sync(tx: Tx, grant: Grant, storage_id: int, *, is_automatic: bool = False) -> Job:
    """Order a sync of a source. Raises Conflict("storage-busy") while one runs."""
    storage = storages.lock(tx, storage_id)
    return storages.start_job(tx, grant, storage, kind=JOB_NAME, order=SyncOrder(storage_id, is_automatic))


def run_sync(run: JobRun) -> dict[str, Any]:
    """Look at every file; what was found, by kind."""
    order = run.decode(SyncOrder)
    begun = run.step("begin", _begin, run, order)
    passed_over = run.step("read", _read, run, order, begun)
    return run.step("end", _end, run, order, passed_over)


def undo_sync(run: JobRun) -> None:
    """Say at the storage that it failed. The tasks that came of it are whole, and stay."""
    storage_id = run.decode(SyncOrder).storage_id
    error: dict[str, str] = msgspec.json.decode(run.job.error or "{}", type=dict[str, Any])
    with run.database.write() as tx, suppress(NotFound):  # It was removed meanwhile.
        storage = storages.lock(tx, storage_id)
        retired.recount(tx, storage.project_id)
        meta = {**storage.meta, "repo_gone": error.get("code") == REPO_GONE}
        storages.note(tx, storage_id, status="failed", problem=error.get("message", ""), meta=meta)


SYNC_JOB = JobKind(JOB_NAME, run_sync, Permission.PROJECT_WRITE, undo_sync)


def _begin(run: JobRun, order: SyncOrder) -> Begun:
    with run.database.write() as tx:
        storage = storages.lock(tx, order.storage_id)
        head = find_head(tx, run.grant, storage)
        whole: dict[str, Any] = storage.meta.get("whole") or {}
        kept = {"whole": whole} if whole else {}
        since = _known_commit(tx, storage, whole) if order.is_automatic and head else None
        began = {"round": storage.round + 1, "status": "in_progress", "problem": "", "meta": kept}
        storages.note(tx, storage.id, head=head, **began)
    # Whoever asks has everything looked at, and gets what they deleted back.
    return Begun(storage.round + 1, head, since)


def _known_commit(tx: Tx, storage: Storage, whole: Mapping[str, Any]) -> str | None:
    """The commit up to which everything was read by the same options, if it is still there."""
    known = whole.get("commit") if whole.get("options") == storage.options else None
    return known if known is not None and commits.find(tx, known) is not None else None


def _end(run: JobRun, order: SyncOrder, passed_over: PassedOver) -> dict[str, Any]:
    with run.database.write() as tx:
        storage = storages.lock(tx, order.storage_id)
        retired.recount(tx, storage.project_id)
        found = {**storages.count_fresh(tx, storage), "passed_over": passed_over.count}
        problems = storage.meta.get("problems", [])
        whole = {"commit": storage.head, "options": storage.options}
        kept = {"problems": problems} if problems else {"whole": whole} if storage.head else {}
        storages.note(
            tx,
            storage.id,
            status="completed_with_errors" if problems else "completed",
            problem="\n".join([*problems, *_tell_passed_over(passed_over)]),
            last_sync_at=tx.now,
            last_sync_count=found["new"],
            meta={**kept, **found},
        )
    return {"storage": storage.id, "commit": storage.head, **found, "problems": problems}


def _tell_passed_over(files: PassedOver) -> list[str]:
    if not files.count:
        return []
    names = ", ".join(files.first) + (", …" if files.count > len(files.first) else "")
    what = "1 file is no task, since" if files.count == 1 else f"{files.count:,} files are no tasks, since"
    return [f"{what} nothing in the label config shows such files: {names}."]


def _read(run: JobRun, order: SyncOrder, begun: Begun) -> PassedOver:
    with run.database.read() as tx:
        storage = storages.get(tx, order.storage_id)
    place = open_place(run.parts, load_signing_key(run.settings.data_dir), storage, begun.commit_id)
    sync = _Sync(run, storage, place, begun, is_automatic=order.is_automatic)
    sync.go()
    return sync.passed_over


class _Sync:
    """One look at all files of a source."""

    def __init__(
        self, run: JobRun, storage: Storage, place: Place, begun: Begun, *, is_automatic: bool
    ) -> None:
        self._run, self._storage, self._place, self._begun = run, storage, place, begun
        self._is_automatic = is_automatic
        with run.database.read() as tx:
            self._config = parse_config(projects.config_of(tx, storage.project_id))
        self._checker = Checker(self._config, Staged())
        self._seen: set[int] = set()
        self._problems: list[str] = []
        self.passed_over = PassedOver()
        self._waiting: list[TaskRow] = []

    def go(self) -> int:
        """Take what is there, retire what is not; how many files were looked at."""
        if self._begun.since is not None and isinstance(self._place, RepoPlace):
            return self._take_changes(self._place, self._begun.since)
        count = 0
        for page in _in_pages(self._place.list()):
            self._run.check_cancelled()
            self._take(page)
            count += len(page)
            self._run.report(count, count + 1, f"Looked at {count:,} files")
        self._write_waiting()
        self._retire()
        self._run.report(count, count, f"Looked at {count:,} files")
        return count

    def _take_changes(self, place: RepoPlace, since: str) -> int:
        count = 0
        for page in _in_pages(place.changes_since(since)):
            self._run.check_cancelled()
            self._take([item for _, item in page if item is not None])
            self._retire_keys([key for key, item in page if item is None])
            count += len(page)
            self._run.report(count, count + 1, f"Looked at {count:,} changes")
        self._write_waiting()
        self._run.report(count, count, f"Looked at {count:,} changes")
        return count

    def _take(self, page: Sequence[Item]) -> None:
        self._seen.update(_mark(item.key) for item in page)
        with self._run.database.read() as tx:
            known = self._find_known(tx, [item.key for item in page])
        changed, back = [], []
        for item in page:
            before = known.get(item.key)
            if before is None:
                self._take_new(item)
            elif not item.etag or any(each.etag != item.etag for each in before.values()):
                changed.append((item, before))
            elif any(each.state == "retired" for each in before.values()):
                back.append(item.key)
        self._take_changed(changed)
        self._bring_back(back)

    def _find_known(self, tx: Tx, keys: list[str]) -> Mapping[str, Mapping[int, Known]]:
        has_task = exists().where(_t.id == _i.task_id)
        rows = tx.execute(
            select(_i.key, _i.place, _i.etag, _i.task_id, _i.state, has_task.label("has_task")).where(
                _i.storage_id == self._storage.id, _i.key.in_(keys), _i.state != "shown"
            )
        )
        found: dict[str, dict[int, Known]] = defaultdict(dict)
        for row in rows:
            if row.has_task or self._is_automatic:
                found[row.key][row.place] = Known(row.etag, row.task_id, row.state, row.has_task)
        return found

    # What is new

    def _take_new(self, item: Item) -> None:
        if not sources.becomes_tasks(item.key, self._storage.options, self._config):
            self.passed_over = self.passed_over.and_also(item.key)
            return
        try:
            for row in self._rows_of(item):
                self._waiting.append(row)
                if len(self._waiting) >= _PAGE:
                    self._write_waiting()
        except TreadleError as error:
            self._tell(item.key, error)

    def _rows_of(self, item: Item) -> Iterator[TaskRow]:
        if sources.holds_tasks(item.key, self._storage.options):
            return sources.read_rows(self._place, item, self._address_of)
        return iter([sources.media_row(self._storage.id, item, self._config)])

    def _address_of(self, key: str) -> str:
        return sources.address_of(self._storage.id, key)

    def _write_waiting(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        try:
            self._write(rows)
        except Invalid:
            for of_one in _by_key(rows):
                self._write_or_tell(of_one)

    def _write_or_tell(self, rows: list[TaskRow]) -> None:
        try:
            self._write(rows)
        except Invalid as error:
            self._tell(rows[0].item.key, error, rows)

    def _write(self, rows: list[TaskRow]) -> None:
        block = self._checker.check_rows(
            [row.row for row in rows],
            lambda number: f"item {rows[number].place} of {rows[number].item.key}",
            None,
        )
        with self._run.database.write() as tx:
            import_id = begin(tx, self._run.grant)
            for batch in to_batches([block], 0, _PAGE):
                write_batch(tx, import_id, batch)
            writing.finish(tx, import_id)
            ids = writing.task_ids(tx, import_id)
            self._note_new(tx, rows, ids)

    def _note_new(self, tx: Tx, rows: Sequence[TaskRow], ids: Sequence[int]) -> None:
        noted = [row if row.ends == 1 else _of_part(row) for row in rows]
        items = [self._item(row, task_id, "new") for row, task_id in zip(noted, ids, strict=True)]
        put_items(tx, self._storage.id, items)
        for row in rows:
            if row.ends > 1:
                self._note_whole(tx, row)
        shown = [
            NewItem(key, 0, "", task_id, "shown", self._begun.round, self._begun.commit_id)
            for row, task_id in zip(rows, ids, strict=True)
            for key in row.shows
        ]
        put_items(tx, self._storage.id, shown, keeps=True)
        self._note_origin(tx, ids)

    def _note_whole(self, tx: Tx, last: TaskRow) -> None:
        """Give all notes of a file its etag, unless some of its tasks could not be taken."""
        of_file = (_i.storage_id == self._storage.id) & (_i.key == last.item.key) & (_i.state != "shown")
        count = select(func.count()).select_from(storage_items).where(of_file, _i.place < last.ends)
        if tx.execute(count).scalar_one() == last.ends:
            tx.execute(update(storage_items).where(of_file).values(etag=last.item.etag))

    def _item(self, row: TaskRow, task_id: int | None, state: str) -> NewItem:
        item, begun = row.item, self._begun
        of_item = (item.key, row.place, item.etag, task_id, state, begun.round, begun.commit_id)
        return NewItem(*of_item, item.size_bytes)

    def _note_origin(self, tx: Tx, ids: Sequence[int]) -> None:
        commit_id = self._begun.commit_id
        if commit_id is not None:
            start = Node("commit", commit_id)
            add_edges(tx, [Edge(start, Node("task", str(task_id))) for task_id in ids])

    # What is changed

    def _take_changed(self, found: Sequence[tuple[Item, Mapping[int, Known]]]) -> None:
        media = []
        for item, before in found:
            if sources.holds_tasks(item.key, self._storage.options):
                self._take_changed_tasks(item, before)
            elif item.etag:  # Where the place cannot tell, nobody can.
                media.append((TaskRow(item, 0, None), before[min(before)].task_id))
        if media:
            with self._run.database.write() as tx:
                self._note_changed(tx, media)

    def _take_changed_tasks(self, item: Item, before: Mapping[int, Known]) -> None:
        rows: list[TaskRow] = []
        try:
            rows = list(self._rows_of(item))
            self._checker.check_rows([row.row for row in rows], lambda n: f"item {n} of {item.key}", None)
        except TreadleError as error:
            self._tell(item.key, error, rows)
            return
        new = [replace(row, ends=0) for row in rows if row.place not in before]
        known = [(row, before[row.place]) for row in rows if row.place in before]
        gone = [TaskRow(item, place, None) for place in before.keys() - {row.place for row in rows}]
        if new:
            new[-1].ends = len(rows)
            known = [(_of_part(row), was) for row, was in known]
            gone = [_of_part(row) for row in gone]
        with self._run.database.write() as tx:
            self._change_data(tx, [(row, was.task_id) for row, was in known if was.task_id is not None])
            put_items(
                tx, self._storage.id, [self._item(row, before[row.place].task_id, "retired") for row in gone]
            )
        self._waiting.extend(new)

    def _change_data(self, tx: Tx, rows: Sequence[tuple[TaskRow, int]]) -> None:
        """Give the tasks the data that they have in the file now; people's work on them stays."""
        ids = [task_id for _, task_id in rows]
        theirs = tx.execute(select(_t.id, _t.data).where(_t.id.in_(ids)))
        found: dict[int, str] = {row.id: row.data for row in theirs}
        changed, same = [], []
        for row, task_id in rows:
            data = row.row["data"] if isinstance(row.row.get("data"), dict) else row.row
            if task_id in found and msgspec.json.decode(found[task_id]) != data:
                text = msgspec.json.encode(data).decode()
                tx.execute(update(tasks).where(_t.id == task_id).values(data=text, updated_at=tx.now))
                changed.append((row, task_id))
            else:
                same.append((row, task_id))
        put_items(tx, self._storage.id, [self._item(*each, "new") for each in same], keeps_state=True)
        if changed:
            field_indexes.keep(tx, self._storage.project_id, [task_id for _, task_id in changed])
            self._note_changed(tx, changed)

    def _note_changed(self, tx: Tx, rows: Sequence[tuple[TaskRow, int | None]]) -> None:
        put_items(tx, self._storage.id, [self._item(row, task_id, "changed") for row, task_id in rows])
        ids = [task_id for _, task_id in rows if task_id is not None]
        self._note_origin(tx, ids)
        source_changes.note_changed(tx, self._storage.id, ids)
        self._record(tx, "tasks.source-changed", ids)

    # What is gone, and back

    def _retire(self) -> None:
        last: tuple[str, int] | None = None
        while True:
            with self._run.database.write() as tx:
                page = self._page_of_items(tx, last)
                gone = [row for row in page if _mark(row.key) not in self._seen and row.state != "retired"]
                self._retire_rows(tx, gone)
            if len(page) < _PAGE:
                return
            last = (page[-1].key, page[-1].place)

    def _retire_keys(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        with self._run.database.write() as tx:
            mine = (_i.storage_id == self._storage.id) & _i.key.in_(keys)
            found = select(_i.key, _i.place, _i.task_id).where(mine, _i.state.in_(("new", "changed")))
            self._retire_rows(tx, tx.execute(found).all())

    def _retire_rows(self, tx: Tx, gone: Sequence[Any]) -> None:
        for row in gone:
            self._set_state(tx, (_i.key == row.key) & (_i.place == row.place), "retired")
        ids = [row.task_id for row in gone if row.task_id is not None]
        if ids:
            self._record(tx, "tasks.retired", ids)

    def _page_of_items(self, tx: Tx, last: tuple[str, int] | None) -> Sequence[Any]:
        page = (
            select(_i.key, _i.place, _i.state, _i.task_id)
            .where(_i.storage_id == self._storage.id, _i.state != "shown")
            .order_by(_i.key, _i.place)
            .limit(_PAGE)
        )
        if last is not None:
            page = page.where(tuple_(_i.key, _i.place) > tuple_(*last))
        return tx.execute(page).all()

    def _bring_back(self, keys: Sequence[str]) -> None:
        if keys:
            with self._run.database.write() as tx:
                self._set_state(tx, _i.key.in_(keys) & (_i.state == "retired"), "new")

    def _set_state(self, tx: Tx, which: Any, state: str) -> None:
        here = _i.storage_id == self._storage.id
        tx.execute(update(storage_items).where(here, which).values(state=state, round=self._begun.round))

    def _record(self, tx: Tx, kind: str, ids: Sequence[int]) -> None:
        events.record(
            tx,
            kind,
            actor_id=self._run.actor.user_id,
            project_id=self._storage.project_id,
            subject_id=self._storage.id,
            payload={"storage": self._storage.id, "tasks": list(ids)},
        )

    def _tell(self, key: str, error: TreadleError, rows: Sequence[TaskRow] = ()) -> None:
        """Note a file that cannot be taken; the others are."""
        if len(self._problems) >= _MOST_PROBLEMS:
            return
        lacks = next(filter(None, (sources.why_no_task(row, self._config) for row in rows)), "")
        self._problems.append(f"{key}: {lacks or error.message}")
        with self._run.database.write() as tx:
            storages.note(tx, self._storage.id, meta={"problems": self._problems})


def _of_part(row: TaskRow) -> TaskRow:
    """The row of a file that was not taken whole yet."""
    return replace(row, item=replace(row.item, etag=""))


def _in_pages(items: Iterator[T]) -> Iterator[list[T]]:
    while page := list(islice(items, _PAGE)):
        yield page


def _by_key(rows: Sequence[TaskRow]) -> Iterator[list[TaskRow]]:
    grouped: dict[str, list[TaskRow]] = defaultdict(list)
    for row in rows:
        grouped[row.item.key].append(row)
    yield from grouped.values()


def _mark(key: str) -> int:
    """A number for a key: a million of them take less room than the keys."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")

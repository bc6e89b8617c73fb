"""Which tasks a query finds: how many, and the ids of one page, at a cost that hardly grows with the project.

A page is either walked to along an index in the order that is asked for, or what is found is gathered
along the index of a filter and sorted: whichever takes fewer rows. What is found is the same as by
`filters.condition_of`, which reads no index of a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.expression import FromClause

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.engine import DialectName
from treadle.db.plans import unindexed
from treadle.db.prepared import Prepared
from treadle.db.schema import events, handouts, imports, project_counters, task_fields, tasks
from treadle.labeling.columns import DATA, Readable, find_column
from treadle.labeling.data_fields import LONGEST_WHOLE, read_field
from treadle.labeling.field_indexes import MOST, NOTHING, NUMBER, TEXT, ready_fields
from treadle.labeling.filters import (
    TaskQuery,
    column_names,
    directed,
    is_annotated,
    list_items,
    parse_filters,
    parse_ordering,
    parse_selected,
    read_order,
)
from treadle.labeling.visibility import of_own_work, visible_tasks

_t = tasks.c
_c = project_counters.c
_i = imports.c
_of_project = _t.project_id == bindparam("project_id")
_FACTS = Prepared(
    select(
        _c.task_number,
        _c.total_annotations,
        _c.total_predictions,
        _c.last_inner_id,
        exists()
        .where(
            _i.project_id == bindparam("project_id"),
            _i.state != literal_column("'done'"),
            exists().where(_t.import_id == _i.id, _t.import_id > literal_column("0")),
        )
        .label("hides"),
        select(func.max(events.c.id)).scalar_subquery().label("last_event"),
    ).where(_c.project_id == bindparam("project_id"))
)
_PLACES = select(_t.id, _t.inner_id).where(_of_project)
_FIRST = Prepared(_PLACES.order_by(_t.id).limit(1))
_LAST = Prepared(_PLACES.order_by(_t.id.desc()).limit(1))
_AT = Prepared(_PLACES.where(_t.id >= bindparam("low")).order_by(_t.id).limit(1))
_BEFORE = Prepared(_PLACES.where(_t.id < bindparam("high")).order_by(_t.id.desc()).limit(1))
_most = bindparam("most", type_=_t.id.type)
_skipped = bindparam("skipped", type_=_t.id.type)
_FROM = Prepared(select(_t.id).where(_of_project, _t.id >= bindparam("low")).order_by(_t.id).limit(_most))
_STEP = 3
_LOOKUPS = frozenset({"equal", "in_list", "in", "less", "less_or_equal", "greater", "greater_or_equal"})
#: Of so many tasks all is counted at once.
_FEW = 20_000
_SUMMED = ("total_annotations", "total_predictions")
_BY_ID = Prepared(select(_t.id).where(_of_project).order_by(_t.id).limit(_most).offset(_skipped))
_BY_ID_DOWN = Prepared(select(_t.id).where(_of_project).order_by(_t.id.desc()).limit(_most).offset(_skipped))
# Made once: to make an alias takes longer than to ask.
_FIELDS = tuple(task_fields.alias(f"field_{place}") for place in range(MOST))
_WHOLE = tasks.alias("whole")
_HANDED = handouts.alias("handed")
#: So many rows are walked over sooner than their end is found.
_NEAR = 1_000


@dataclass(frozen=True)
class Facts:
    """What is known of a project without looking at its tasks."""

    task_number: int
    total_annotations: int
    total_predictions: int
    last_inner_id: int
    #: There are tasks of an import that is not done.
    hides: bool
    #: Whatever changes afterwards records a later event.
    last_event: int | None

    @property
    def is_dense(self) -> bool:
        """Is the task in place n the one with the inner id n?"""
        return not self.hides and self.task_number == self.last_inner_id


@dataclass(frozen=True)
class Totals:
    """What a query finds in all."""

    tasks: int
    annotations: int
    predictions: int


def read_facts(tx: Tx, grant: Grant) -> Facts:
    """The facts of the grant's project."""
    return Facts(**tx.execute(_FACTS, {"project_id": grant.project_id}).one())


def count(tx: Tx, grant: Grant, query: TaskQuery, facts: Facts) -> Totals:
    """How many tasks, annotations and predictions the query finds."""
    if query.is_everything and not grant.is_narrow:
        return Totals(facts.task_number, facts.total_annotations, facts.total_predictions)
    search = _Search(tx, grant, query, facts)
    annotations, predictions = (func.coalesce(func.sum(_t[name]), 0) for name in _SUMMED)
    if search.reads_tasks or facts.task_number < _FEW:
        row = tx.execute(search.counted(func.count(), annotations, predictions)).one()
        return Totals(*(int(each) for each in row))
    # The indexes of fields alone say how many; the tasks are read only for what they have.
    found = tx.execute(search.counted(func.count())).scalar_one()
    has = (found and facts.total_annotations, found and facts.total_predictions)
    return Totals(
        int(found), *(_sum(tx, search, name) if each else 0 for name, each in zip(_SUMMED, has, strict=True))
    )


def read_ids(
    tx: Tx, grant: Grant, query: TaskQuery, facts: Facts, *, found: int, limit: int, offset: int
) -> list[int]:
    """The ids of one page, in the query's order; ``found``: about how many the query finds in all."""
    ordering = parse_ordering(query.ordering)
    is_plain = query.is_everything and not grant.is_narrow and not ordering.columns
    if is_plain and facts.is_dense and offset > _NEAR:
        return _read_dense(tx, grant, facts, limit=limit, offset=offset, is_down=ordering.is_id_down)
    if is_plain and not facts.hides:
        wanted = {"project_id": grant.project_id, "most": limit, "skipped": offset}
        return [row["id"] for row in tx.rows(_BY_ID_DOWN if ordering.is_id_down else _BY_ID, wanted)]
    search = _Search(tx, grant, query, facts, is_walk=_is_walk(query, facts, found, offset + limit))
    ids: list[int] = []
    for statement in search.pages():
        part = tx.execute(statement.limit(limit - len(ids)).offset(offset)).scalars().all()
        ids.extend(part)
        if len(ids) == limit:
            break
        offset = 0 if part or not offset else max(0, offset - _count_rows(tx, statement))
    return ids


def _is_walk(query: TaskQuery, facts: Facts, found: int, wanted: int) -> bool:
    """Does it take fewer rows to walk in order up to the end of the page than to gather what is found?"""
    if _has_lookup(query.filters or {}):
        return found * found > wanted * facts.task_number
    # Then gathering reads all there is, and a step of it is a third of one of a walk.
    return found > _STEP * wanted


def _has_lookup(filters: Mapping[str, Any]) -> bool:
    """May an index say what the filters find?"""
    items = [item for item in list_items(filters) if isinstance(item, dict)]
    is_single = len(items) == 1 or filters.get("conjunction") != "or"
    return is_single and any(str(item.get("operator")) in _LOOKUPS for item in items)


def _count_rows(tx: Tx, statement: Select[Any]) -> int:
    rows = statement.order_by(None).subquery()
    return int(tx.execute(select(func.count()).select_from(rows)).scalar_one())


def _sum(tx: Tx, search: _Search, name: str) -> int:
    # In words of the statement, as an index may say it.
    some: ColumnElement[bool] = literal_column(f"tasks.{name} <> 0")
    return int(tx.execute(search.summed(func.coalesce(func.sum(_t[name]), 0), some)).scalar_one())


class _Search:
    """The statements for one query, and the tables that they read."""

    def __init__(
        self, tx: Tx, grant: Grant, query: TaskQuery, facts: Facts, *, is_walk: bool | None = None
    ) -> None:
        assert grant.project_id is not None
        self._grant = grant
        self._project_id = grant.project_id
        self._dialect = tx.dialect
        self._is_walk = is_walk
        self._has_lookup = _has_lookup(query.filters or {})
        self._ordering = parse_ordering(query.ordering) if is_walk is not None else parse_ordering(())
        names = column_names(query.filters or {})
        ordered = [name for name, _is_down in self._ordering.columns]
        self._filtered = frozenset(name.removeprefix(DATA) for name in names)
        self._ready = _ready(tx, grant.project_id, [*ordered, *names])
        #: What was handed to who sees nothing else.
        self._handed = _HANDED if grant.is_narrow else None
        #: The tables of indexes that are read, by path; the one that is ordered by comes first.
        self._tables: dict[str, FromClause] = {}
        self._order = self._find_order()
        self._conditions = self._find_conditions(query, facts)
        is_indexed = all(name.removeprefix(DATA) in self._ready for name in [*ordered, *names])
        is_bare = query.selected is None and not facts.hides
        self.reads_tasks = not (self._others() and is_indexed and is_bare)

    def counted(self, *what: ColumnElement[Any]) -> Select[Any]:
        """``what`` of all that is found."""
        return self._select(*what, reads_tasks=self.reads_tasks or len(what) > 1)

    def summed(self, what: ColumnElement[Any], condition: ColumnElement[bool]) -> Select[Any]:
        """``what`` of the tasks that are found and meet the condition."""
        return self._select(what, reads_tasks=True).where(condition)

    def pages(self) -> Iterator[Select[Any]]:
        """Statements for ids, one after another; what the first do not have is in the next."""
        # A planner that knows no figures takes the order of ids for the cheaper way, however few are found.
        is_gathered = self._tables and self._is_walk is False and self._has_lookup
        last = unindexed(self._id) if is_gathered else self._id
        order = (*self._order, directed(last, is_down=self._ordering.is_id_down))
        for kind in self._kinds():
            found = self._select(self._id, reads_tasks=self.reads_tasks)
            yield found.where(*kind).order_by(*order)

    def _kinds(self) -> list[tuple[ColumnElement[bool], ...]]:
        name, is_down = self._ordering.columns[0] if self._ordering.columns else ("", False)
        if name == "total_annotations":  # an index holds those that have some
            some, none = (is_annotated,), (_t.total_annotations == 0,)
            return [some, none] if is_down else [none, some]
        path = name.removeprefix(DATA)
        if path not in self._tables:
            return [()]
        # One kind after another: so an index gives each in its order, up and down.
        stored = self._tables[path].c.kind
        kind = stored if self._is_walk else unindexed(stored)
        return [(kind == each,) for each in (NUMBER, TEXT, NOTHING)]

    def _find_order(self) -> list[ColumnElement[Any]]:
        order: list[ColumnElement[Any]] = []
        for place, (name, is_down) in enumerate(self._ordering.columns):
            column = self._find(name, is_steered=self._is_walk is False)
            for part in read_order(column):
                seen = of_own_work(self._grant, part)
                if place == 0 and column.kind is not None:  # of one kind at a time, and there or not
                    order.append(seen.desc() if is_down else seen.asc())
                else:
                    order.append(directed(seen, is_down=is_down))
        return order

    def _find_conditions(self, query: TaskQuery, facts: Facts) -> list[ColumnElement[bool]]:
        # Where the order is walked along, no filter may call the planner away from it.
        find = partial(self._find, is_steered=bool(self._is_walk), is_exact=not self._ordering.columns)
        filters = parse_filters(query.filters or {}, self._dialect, find)
        conditions = [of_own_work(self._grant, filters)] if query.filters else []
        if query.selected is not None:
            conditions.append(parse_selected(query.selected))
        if facts.hides:
            conditions.append(visible_tasks(self._project_id))
        return conditions

    def _find(self, name: str, *, is_steered: bool, is_exact: bool = False) -> Readable:
        path = name.removeprefix(DATA)
        if not name.startswith(DATA) or path not in self._ready:
            return find_column(name, self._dialect)
        if path not in self._tables:
            self._tables[path] = _FIELDS[len(self._tables)]
        return _read_indexed(
            path, self._tables[path], self._dialect, is_steered=is_steered, is_exact=is_exact
        )

    @property
    def _id(self) -> ColumnElement[int]:
        first = next(iter(self._others()), None)
        return _t.id if first is None else first.c.task_id

    def _others(self) -> list[FromClause]:
        """The tables beside ``tasks``, each with the id of a task."""
        return [*self._tables.values(), *([] if self._handed is None else [self._handed])]

    def _select(self, *what: ColumnElement[Any], reads_tasks: bool) -> Select[Any]:
        tables = self._others()
        wanted = [*self._conditions]
        wanted += [self._field_id(path) == self._ready[path] for path in self._tables]
        wanted += [table.c.task_id == self._id for table in tables[1:]]
        if self._handed is not None:
            wanted.append(self._handed.c.user_id == self._grant.actor.user_id)
            wanted.append(self._handed.c.project_id == self._project_id)
        if reads_tasks:
            project_id = _t.project_id if self._handed is None else unindexed(_t.project_id)
            wanted.append(project_id == self._project_id)
            wanted += [_t.id == self._id] if tables else []
            tables.append(tasks)
        return select(*what).select_from(*tables).where(and_(true(), *wanted))

    def _field_id(self, path: str) -> ColumnElement[int]:
        """The index of a field; where that only sorts what others find, nothing is looked up by it."""
        stored: ColumnElement[int] = self._tables[path].c.field_id
        only_sorts = self._is_walk is False and path not in self._filtered and len(self._filtered) > 0
        return unindexed(stored) if only_sorts else stored


def _ready(tx: Tx, project_id: int, names: list[str]) -> Mapping[str, int]:
    return ready_fields(tx, project_id) if any(name.startswith(DATA) for name in names) else {}


def _read_indexed(
    path: str, table: FromClause, dialect: DialectName, *, is_steered: bool, is_exact: bool
) -> Readable:
    f = table.c
    read: list[ColumnElement[Any]] = [f.number_value, f.text_value, f.kind]
    number, beginning, kind = [unindexed(each) for each in read] if is_steered else read
    # Only of a text that is longer than what the index keeps.
    longer = select(read_field(path, dialect, of=_WHOLE.name).text).select_from(_WHOLE)
    text = case(
        (func.length(f.text_value) > LONGEST_WHOLE, longer.where(_WHOLE.c.id == f.task_id).scalar_subquery()),
        else_=f.text_value,
    )
    # A single text gives its tasks in the order of ids.
    exact = f.text_value if is_exact else beginning
    return Readable("Unknown", beginning, number, text, beginning, kind=kind, exact=exact)


def _read_dense(tx: Tx, grant: Grant, facts: Facts, *, limit: int, offset: int, is_down: bool) -> list[int]:
    """A page of all tasks, where the inner id tells the place."""
    assert grant.project_id is not None
    most = min(limit, facts.task_number - offset)
    if most <= 0:
        return []
    first = facts.task_number - offset - most if is_down else offset
    low = _find_id(tx, grant.project_id, first + 1)
    rows = tx.execute(_FROM, {"project_id": grant.project_id, "low": low, "most": most}).all()
    ids = [row["id"] for row in rows]
    return ids[::-1] if is_down else ids


def _find_id(tx: Tx, project_id: int, inner_id: int) -> int:
    """The id of the project's task with this inner id, which is there: both grow together."""
    wanted = {"project_id": project_id}
    low, high = tx.execute(_FIRST, wanted).one(), tx.execute(_LAST, wanted).one()
    is_guess = True
    while low["inner_id"] < inner_id:
        # Mostly ids lie side by side, and the first guess is right; where not, every second step halves.
        share = (inner_id - low["inner_id"]) / max(1, high["inner_id"] - low["inner_id"])
        step = int((high["id"] - low["id"]) * (share if is_guess else 0.5))
        at = tx.execute(_AT, {**wanted, "low": max(low["id"] + 1, low["id"] + step)}).one()
        if at["inner_id"] <= inner_id:
            low = at
        else:
            high = tx.execute(_BEFORE, {**wanted, "high": at["id"]}).one()
        is_guess = not is_guess
    return int(low["id"])

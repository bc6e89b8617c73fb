"""What purges have taken and not freed yet: tables and triggers of ours in MLflow's database.

They lie there, and not in Treadle's, so that one transaction takes a run out of everybody's sight and notes
where its bytes are. From then on nobody restores it, and whoever purges next finds what is left to free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Literal

from treadle.errors import Defect, Unavailable
from treadle.settings import Settings
from treadle.tracking.names import internal_name
from treadle.tracking.paths import tracking_database_url, tracking_file
from treadle.tracking.reads.own_tables import make_tables
from treadle.tracking.reads.tables import Reader, Tables, among

#: The workspace of experiments that are being freed: nobody's, since ids of workspaces begin at 1.
NOBODYS = internal_name(0)

#: mark: the row of an experiment that is freed, and keeps its id from being given again.
Kind = Literal["run", "model", "experiment", "mark"]
Counted = Literal["experiments", "runs", "logged_models", "traces", "objects", "size_bytes"]
COUNTED: tuple[Counted, ...] = ("experiments", "runs", "logged_models", "traces", "objects", "size_bytes")

_TABLES = (
    "CREATE TABLE IF NOT EXISTS treadle_purge_taken (kind VARCHAR(16) NOT NULL, id VARCHAR(64) NOT NULL, "
    "workspace VARCHAR(63) NOT NULL, PRIMARY KEY (kind, id))",
    # holder: what a source of a model version names when it means these bytes.
    # size_bytes: what was there before the first byte went; null: not looked at yet.
    "CREATE TABLE IF NOT EXISTS treadle_purge_places (place VARCHAR(250) NOT NULL PRIMARY KEY, "
    "workspace VARCHAR(63) NOT NULL, holder VARCHAR(64) NOT NULL, objects BIGINT, size_bytes BIGINT)",
    "CREATE TABLE IF NOT EXISTS treadle_purge_counts (job VARCHAR(64) NOT NULL PRIMARY KEY, "
    f"workspace VARCHAR(63) NOT NULL, {', '.join(f'{name} BIGINT DEFAULT 0 NOT NULL' for name in COUNTED)})",
    "CREATE INDEX IF NOT EXISTS treadle_model_metrics_of_run ON logged_model_metrics (run_id)",
)
_TRIGGERS = ("treadle_run_taken", "treadle_run_late", "treadle_experiment_taken")

# Who read a run before it was taken and writes afterwards to restore it is refused. Whatever else is written
# passes: migrations of MLflow's fill new columns of all rows, also of those that a purge has left. No trigger
# names a table of MLflow's but its own: SQLite rebuilds none that another's trigger names, as migrations do.
_TAKEN = "It is being purged, and cannot be restored."
_IN_TAKEN = (
    "SELECT 1 FROM treadle_purge_taken t WHERE t.kind IN ('experiment', 'mark') "
    "AND t.id = CAST(new.experiment_id AS TEXT)"
)
_RESTORES_RUN = "BEFORE UPDATE OF lifecycle_stage, experiment_id ON runs"
_RESTORES_EXPERIMENT = "BEFORE UPDATE OF lifecycle_stage, workspace ON experiments"
_SQLITE_REFUSES = f"BEGIN SELECT RAISE(ABORT, '{_TAKEN}'); END"
_SQLITE_TRIGGERS = (
    f"CREATE TRIGGER IF NOT EXISTS treadle_run_taken {_RESTORES_RUN} "
    f"WHEN old.experiment_id IS NULL {_SQLITE_REFUSES}",
    "CREATE TRIGGER IF NOT EXISTS treadle_run_late BEFORE INSERT ON runs WHEN EXISTS "
    f"({_IN_TAKEN}) {_SQLITE_REFUSES}",
    f"CREATE TRIGGER IF NOT EXISTS treadle_experiment_taken {_RESTORES_EXPERIMENT} "
    f"WHEN old.workspace = '{NOBODYS}' {_SQLITE_REFUSES}",
)
# What changed is asked within the functions: PostgreSQL changes the type of no column that a trigger names.
_POSTGRESQL_REFUSES = f"RAISE EXCEPTION '{_TAKEN}' USING ERRCODE = 'integrity_constraint_violation'"
_POSTGRESQL_TRIGGERS = (
    "CREATE OR REPLACE FUNCTION treadle_refuse_run() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF old.experiment_id IS NULL AND (new.lifecycle_stage IS DISTINCT FROM old.lifecycle_stage "
    f"OR new.experiment_id IS NOT NULL) THEN {_POSTGRESQL_REFUSES}; END IF; RETURN new; END $$",
    "CREATE OR REPLACE FUNCTION treadle_refuse_experiment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF old.workspace = '{NOBODYS}' AND (new.lifecycle_stage IS DISTINCT FROM old.lifecycle_stage "
    f"OR new.workspace <> old.workspace) THEN {_POSTGRESQL_REFUSES}; END IF; RETURN new; END $$",
    "CREATE OR REPLACE FUNCTION treadle_refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF EXISTS ({_IN_TAKEN}) THEN {_POSTGRESQL_REFUSES}; END IF; RETURN new; END $$",
    "CREATE OR REPLACE TRIGGER treadle_run_taken BEFORE UPDATE ON runs FOR EACH ROW "
    "EXECUTE FUNCTION treadle_refuse_run()",
    "CREATE OR REPLACE TRIGGER treadle_run_late BEFORE INSERT ON runs FOR EACH ROW "
    "EXECUTE FUNCTION treadle_refuse_late()",
    "CREATE OR REPLACE TRIGGER treadle_experiment_taken BEFORE UPDATE ON experiments FOR EACH ROW "
    "EXECUTE FUNCTION treadle_refuse_experiment()",
)


@dataclass(frozen=True)
class Place:
    """Bytes that are to go: all below ``place``, such as ``workspaces/ws-17/3/RUN``."""

    place: str
    holder: str
    objects: int | None
    size_bytes: int | None


@contextmanager
def opened(settings: Settings) -> Iterator[Tables | None]:
    """MLflow's tables; None where nobody has tracked anything.

    Raises Unavailable("tracking-tables") where they are another version's, and "tracking-database".
    """
    with closing(Tables(tracking_database_url(settings), may_map=settings.has_wal)) as tables:
        try:
            if not tables.are_there():
                _check_is_empty(tables, settings)
                yield None
                return
            yield tables
        except tables.errors as error:
            if tables.is_defect(error):
                raise Defect(
                    "tracking-tables", f"MLflow's tables are not as a purge left them ({error})."
                ) from error
            text = "The database of experiments is away or busy. Try again; what was begun is finished then."
            raise Unavailable("tracking-database", text) from error


def _check_is_empty(tables: Tables, settings: Settings) -> None:
    """Nobody has tracked anything, for sure."""
    if tables.is_sqlite and not tracking_file(settings).exists():
        return
    with tables.read() as reader:
        if not _has_table(reader, "experiments"):
            return
    raise Unavailable(
        "tracking-tables",
        "The tables of experiments are another version's. Log or open a run first, which brings them to this "
        "version, then try again.",
    )


def prepare(writer: Reader) -> None:
    """Make what is missing of our tables and triggers."""
    if not writer.is_sqlite:
        writer.run("SELECT pg_advisory_xact_lock(hashtext('treadle'), hashtext('purge'))")
    make_tables(writer)
    for sql in _TABLES:
        writer.run(sql)
    if _count_triggers(writer) < len(_TRIGGERS):
        for sql in _SQLITE_TRIGGERS if writer.is_sqlite else _POSTGRESQL_TRIGGERS:
            writer.run(sql)


def is_there(reader: Reader) -> bool:
    """Has anybody purged here?"""
    return _has_table(reader, "treadle_purge_counts")


def list_taken(reader: Reader, kind: Kind, workspace: str, most: int) -> list[str]:
    """Ids of what was taken and whose rows are still there."""
    sql = "SELECT id FROM treadle_purge_taken WHERE kind = ? AND workspace = ? ORDER BY id LIMIT ?"
    return [row[0] for row in reader.all(sql, (kind, workspace, most))]


def note_taken(writer: Reader, kind: Kind, workspace: str, ids: list[str]) -> set[str]:
    """They are out of everybody's sight, and to be freed; those that nobody had noted before."""
    if not ids:
        return set()
    sql = (
        f"INSERT INTO treadle_purge_taken (kind, id, workspace) VALUES {', '.join(['(?, ?, ?)'] * len(ids))} "
        "ON CONFLICT (kind, id) DO NOTHING RETURNING id"
    )
    rows = writer.all(sql, [value for each in ids for value in (kind, each, workspace)])
    return {row[0] for row in rows}


def note_freed(writer: Reader, kind: Kind, ids: list[str]) -> None:
    """Their rows are gone, in this transaction."""
    marks = ", ".join("?" * len(ids))
    writer.run(f"DELETE FROM treadle_purge_taken WHERE kind = ? AND id IN ({marks})", (kind, *ids))


def note_places(writer: Reader, workspace: str, places: Mapping[str, str]) -> None:
    """places: the holder of each."""
    sql = "INSERT INTO treadle_purge_places (place, workspace, holder) VALUES (?, ?, ?)"
    writer.run_many(sql, [(place, workspace, holder) for place, holder in places.items()])


def list_places(reader: Reader, workspace: str, before: str | None, most: int) -> list[Place]:
    """Places with bytes that are to go, the last name first, those ahead of ``before``: what lies in another
    comes ahead of that one.
    """
    where, values = ("", ()) if before is None else (" AND place < ?", (before,))
    sql = (
        "SELECT place, holder, objects, size_bytes FROM treadle_purge_places "
        f"WHERE workspace = ?{where} ORDER BY place DESC LIMIT ?"
    )
    return [Place(*row) for row in reader.all(sql, (workspace, *values, most))]


def note_size(writer: Reader, place: str, objects: int, size_bytes: int) -> None:
    """What is there before the first byte goes."""
    sql = "UPDATE treadle_purge_places SET objects = ?, size_bytes = ? WHERE place = ? AND size_bytes IS NULL"
    writer.run(sql, (objects, size_bytes, place))


def note_place_freed(writer: Reader, place: str, job: str, *, again: bool) -> None:
    """Its bytes are gone, and counted. again: some were spared, and it is looked at by the next purge."""
    sql = "SELECT objects, size_bytes FROM treadle_purge_places WHERE place = ? AND size_bytes IS NOT NULL"
    row = writer.first(sql, (place,))
    if row is None:
        return  # another worker was quicker
    count(writer, job, {"objects": row[0], "size_bytes": row[1]})
    writer.run(
        "UPDATE treadle_purge_places SET objects = NULL, size_bytes = NULL WHERE place = ?"
        if again
        else "DELETE FROM treadle_purge_places WHERE place = ?",
        (place,),
    )


def begin_counting(writer: Reader, workspace: str, job: str, living: Sequence[str]) -> None:
    """A line of what the job frees; those of earlier jobs of the workspace go, which have told theirs.

    living: jobs that are not over, and need theirs.
    """
    where, values = among("job", (job, *living))
    writer.run(
        f"DELETE FROM treadle_purge_counts WHERE workspace = ? AND NOT ({where})", (workspace, *values)
    )
    sql = "INSERT INTO treadle_purge_counts (job, workspace) VALUES (?, ?) ON CONFLICT (job) DO NOTHING"
    writer.run(sql, (job, workspace))


def count(writer: Reader, job: str, freed: Mapping[Counted, int]) -> None:
    """Add to what the job has freed, in the transaction that frees it."""
    changed = ", ".join(f"{name} = {name} + ?" for name in freed)
    writer.run(f"UPDATE treadle_purge_counts SET {changed} WHERE job = ?", (*freed.values(), job))


def read_counts(reader: Reader, job: str) -> dict[Counted, int]:
    """What the job has freed, whichever worker did it and however often it was killed."""
    row = reader.first(f"SELECT {', '.join(COUNTED)} FROM treadle_purge_counts WHERE job = ?", (job,))
    return dict(zip(COUNTED, row or (0,) * len(COUNTED), strict=True))


def take_counts(writer: Reader, job: str) -> dict[Counted, int]:
    """The same, once: whoever counts on under this name begins at nothing."""
    counts = read_counts(writer, job)
    writer.run("DELETE FROM treadle_purge_counts WHERE job = ?", (job,))
    return counts


def _has_table(reader: Reader, name: str) -> bool:
    sql = (
        "SELECT 1 FROM sqlite_master WHERE name = ?"
        if reader.is_sqlite
        else "SELECT 1 WHERE to_regclass(?) IS NOT NULL"
    )
    return reader.first(sql, (name,)) is not None


def _count_triggers(reader: Reader) -> int:
    names = ", ".join(f"'{name}'" for name in _TRIGGERS)
    found = reader.first(
        f"SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN ({names})"
        if reader.is_sqlite
        else f"SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('runs'::regclass, 'experiments'::regclass) "
        f"AND tgname IN ({names})"
    )
    assert found is not None
    return int(found[0])

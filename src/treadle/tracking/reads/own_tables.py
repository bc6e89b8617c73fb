"""What we add to MLflow's database: an index, roll-ups of long metrics, the triggers that keep them true.

Everything is named ``treadle_…``; none of it refers to a table of MLflow's by a key, so that its
migrations may rebuild them. What they drop is made again at the next start of the tracking process.
"""

from __future__ import annotations

from collections.abc import Sequence

from treadle.tracking.reads import deleters
from treadle.tracking.reads.tables import Reader

_ROLLING = ("treadle_metrics_rolled", "treadle_run_gone")
#: On SQLite, which has one who writes at a time: elsewhere all who make runs would wait for one row.
_COUNTING = ("treadle_run_counted", "treadle_run_counted_anew", "treadle_run_counted_off")

_INDEXES = (
    "CREATE INDEX IF NOT EXISTS treadle_runs_newest "
    "ON runs (experiment_id, lifecycle_stage, start_time DESC, run_uuid)",
)

_COUNTS = (
    "CREATE TABLE IF NOT EXISTS treadle_run_counts (experiment_id INTEGER NOT NULL, "
    "stage VARCHAR(20) NOT NULL, runs INTEGER NOT NULL, PRIMARY KEY (experiment_id, stage)) WITHOUT ROWID"
)
_COUNT_ANEW = (
    "INSERT INTO treadle_run_counts SELECT experiment_id, lifecycle_stage, count(*) FROM runs "
    "WHERE experiment_id IS NOT NULL AND lifecycle_stage IS NOT NULL GROUP BY experiment_id, lifecycle_stage"
)
_COUNT = """
INSERT INTO treadle_run_counts SELECT new.experiment_id, new.lifecycle_stage, 1
WHERE new.experiment_id IS NOT NULL AND new.lifecycle_stage IS NOT NULL
ON CONFLICT (experiment_id, stage) DO UPDATE SET runs = runs + 1;
"""
_COUNT_OFF = """
UPDATE treadle_run_counts SET runs = runs - 1
WHERE experiment_id = old.experiment_id AND stage = old.lifecycle_stage;
"""

# axis 0: by step; 1: by timestamp. A bucket holds what lies in [bucket << shift, (bucket + 1) << shift).
_TABLES = (
    "CREATE TABLE IF NOT EXISTS treadle_series ("
    "id {id} PRIMARY KEY, run_uuid VARCHAR(32) NOT NULL, key VARCHAR(250) NOT NULL, "
    "step_shift INTEGER NOT NULL, time_shift INTEGER NOT NULL, UNIQUE (run_uuid, key))",
    "CREATE TABLE IF NOT EXISTS treadle_buckets ("
    "series BIGINT NOT NULL, axis INTEGER NOT NULL, bucket BIGINT NOT NULL, points BIGINT NOT NULL, "
    "nans BIGINT NOT NULL, low DOUBLE PRECISION, high DOUBLE PRECISION, total DOUBLE PRECISION NOT NULL, "
    "first BIGINT NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (series, axis, bucket)){tail}",
)

# Infinity is stored as the largest number there is: what is that large is not added up, it would overflow.
_ADD_POINT = """
INSERT INTO treadle_buckets (series, axis, bucket, points, nans, low, high, total, first, last)
SELECT s.id, {axis}, new.{x} >> s.{axis_name}_shift, 1, CASE WHEN new.is_nan THEN 1 ELSE 0 END,
  CASE WHEN NOT new.is_nan THEN new.value END, CASE WHEN NOT new.is_nan THEN new.value END,
  CASE WHEN NOT new.is_nan AND abs(new.value) < 1e290 THEN new.value ELSE 0 END, new.{x}, new.{x}
FROM treadle_series s WHERE s.run_uuid = new.run_uuid AND s.key = new.key
ON CONFLICT (series, axis, bucket) DO UPDATE SET
  points = treadle_buckets.points + 1,
  nans = treadle_buckets.nans + excluded.nans,
  total = treadle_buckets.total + excluded.total,
  low = CASE WHEN treadle_buckets.low IS NULL OR excluded.low < treadle_buckets.low
    THEN excluded.low ELSE treadle_buckets.low END,
  high = CASE WHEN treadle_buckets.high IS NULL OR excluded.high > treadle_buckets.high
    THEN excluded.high ELSE treadle_buckets.high END,
  first = CASE WHEN excluded.first < treadle_buckets.first
    THEN excluded.first ELSE treadle_buckets.first END,
  last = CASE WHEN excluded.last > treadle_buckets.last
    THEN excluded.last ELSE treadle_buckets.last END;
"""
_BY_STEP = _ADD_POINT.format(axis=0, x="step", axis_name="step")
_BY_TIME = _ADD_POINT.format(axis=1, x="timestamp", axis_name="time")
_RUN_IS_GONE = """
DELETE FROM treadle_buckets WHERE series IN (SELECT id FROM treadle_series WHERE run_uuid = old.run_uuid);
DELETE FROM treadle_series WHERE run_uuid = old.run_uuid;
"""

_SQLITE_TRIGGERS = (
    "CREATE TRIGGER treadle_metrics_rolled AFTER INSERT ON metrics WHEN EXISTS "
    "(SELECT 1 FROM treadle_series s WHERE s.run_uuid = new.run_uuid AND s.key = new.key) "
    f"BEGIN {_BY_STEP} {_BY_TIME} END",
    f"CREATE TRIGGER treadle_run_gone AFTER DELETE ON runs BEGIN {_RUN_IS_GONE} END",
    f"CREATE TRIGGER treadle_run_counted AFTER INSERT ON runs BEGIN {_COUNT} END",
    "CREATE TRIGGER treadle_run_counted_anew AFTER UPDATE OF experiment_id, lifecycle_stage ON runs "
    f"BEGIN {_COUNT_OFF} {_COUNT} END",
    f"CREATE TRIGGER treadle_run_counted_off AFTER DELETE ON runs BEGIN {_COUNT_OFF} END",
)
# Who logs to a run holds its lock until the points are committed: who makes its roll-up waits for them, and
# then sees them; who comes later waits for the roll-up, and adds to it.
_POSTGRESQL_TRIGGERS = (
    "CREATE OR REPLACE FUNCTION treadle_roll() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "PERFORM pg_advisory_xact_lock(hashtext('treadle'), hashtext(new.run_uuid)); "
    "PERFORM 1 FROM treadle_series s WHERE s.run_uuid = new.run_uuid AND s.key = new.key; "
    f"IF FOUND THEN {_BY_STEP} {_BY_TIME} END IF; RETURN NULL; END $$",
    "CREATE OR REPLACE TRIGGER treadle_metrics_rolled AFTER INSERT ON metrics "
    "FOR EACH ROW EXECUTE FUNCTION treadle_roll()",
    "CREATE OR REPLACE FUNCTION treadle_forget() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN {_RUN_IS_GONE} RETURN NULL; END $$",
    "CREATE OR REPLACE TRIGGER treadle_run_gone AFTER DELETE ON runs "
    "FOR EACH ROW EXECUTE FUNCTION treadle_forget()",
)


def add_own_tables(writer: Reader) -> None:
    """Make what is missing, in one transaction; what nothing kept true meanwhile is dropped or made anew."""
    make_tables(writer)
    for sql in _INDEXES:
        writer.run(sql)
    names = (*_ROLLING, *_COUNTING) if writer.is_sqlite else _ROLLING
    if _has_triggers(writer, names):
        return
    writer.run("DELETE FROM treadle_buckets")
    writer.run("DELETE FROM treadle_series")
    if writer.is_sqlite:
        for name in names:
            writer.run(f"DROP TRIGGER IF EXISTS {name}")
        writer.run("DELETE FROM treadle_run_counts")
        writer.run(_COUNT_ANEW)
    for sql in _SQLITE_TRIGGERS if writer.is_sqlite else _POSTGRESQL_TRIGGERS:
        writer.run(sql)


def has_counts(reader: Reader) -> bool:
    """Does ``treadle_run_counts`` hold how many runs each experiment has at this moment?"""
    return reader.is_sqlite and _has_triggers(reader, _COUNTING)


def make_tables(writer: Reader) -> None:
    """Make those that are missing; on PostgreSQL one after the other, whoever does."""
    if not writer.is_sqlite:
        writer.run("SELECT pg_advisory_xact_lock(hashtext('treadle'), hashtext('tables'))")
    words = ("INTEGER", " WITHOUT ROWID") if writer.is_sqlite else ("BIGSERIAL", "")
    for sql in _TABLES:
        writer.run(sql.format(id=words[0], tail=words[1]))
    writer.run(deleters.TABLE)
    if writer.is_sqlite:
        writer.run(_COUNTS)


def lock_run(writer: Reader, run_id: str) -> None:
    """Wait for who logs to the run, and keep others from it; on SQLite every transaction does."""
    if not writer.is_sqlite:
        writer.run("SELECT pg_advisory_xact_lock(hashtext('treadle'), hashtext(?))", (run_id,))


def _has_triggers(reader: Reader, names: Sequence[str]) -> bool:
    """Are all of them there?"""
    listed = ", ".join(f"'{name}'" for name in names)
    found = reader.first(
        f"SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN ({listed})"
        if reader.is_sqlite
        else "SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('metrics'::regclass, 'runs'::regclass) "
        f"AND tgname IN ({listed})"
    )
    return found is not None and found[0] == len(names)

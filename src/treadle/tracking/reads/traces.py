"""How SQLite finds the spans of a trace: MLflow's searches ask for those of one trace after the other."""

from __future__ import annotations

from treadle.tracking.reads.tables import Reader

#: What SQLite is told of `spans`, beside the number of its rows: how many have the same first column of an
#: index, then the same first two, and so on. Without it SQLite takes an index of the experiment, which leads
#: to all of its spans, and does so for each trace: minutes for ten thousand.
_ROWS = 1_000_000
_OF_A_TRACE = 10
_OF_AN_EXPERIMENT = 100_000
#: A table of ours.
_ANY = "treadle_series"


def tell_planner(writer: Reader) -> None:
    """Tell SQLite which index of the spans leads to few, unless somebody had it count them.

    PostgreSQL sees for itself.
    """
    if not writer.is_sqlite:
        return
    told = _told(writer, "spans")
    if any(not stat.startswith(f"{_ROWS} ") for stat in told.values()):
        return
    indexes = writer.all("SELECT name FROM pragma_index_list('spans')")
    wanted = {name: _spread(writer, name) for (name,) in indexes}
    if told == wanted and not _told(writer, _ANY):
        return
    writer.run(f"ANALYZE {_ANY}")  # makes the table of figures where there is none
    # What it says of that table is of this moment, and would be believed for ever.
    writer.run("DELETE FROM sqlite_stat1 WHERE tbl IN ('spans', ?)", (_ANY,))
    writer.run_many("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('spans', ?, ?)", list(wanted.items()))
    writer.run("ANALYZE sqlite_master")  # reads the figures anew


def _told(reader: Reader, table: str) -> dict[str, str]:
    """What SQLite was told of the indexes of a table."""
    if reader.first("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'") is None:
        return {}
    return dict(reader.all("SELECT coalesce(idx, ''), stat FROM sqlite_stat1 WHERE tbl = ?", (table,)))


def _spread(reader: Reader, index: str) -> str:
    columns = [name for (name,) in reader.all("SELECT name FROM pragma_index_info(?)", (index,))]
    first = _OF_AN_EXPERIMENT if columns[0] == "experiment_id" else _OF_A_TRACE
    same = [max(1, first // 10**place) for place in range(len(columns))]
    return " ".join(map(str, [_ROWS, *same]))

"""Which rows of MLflow's tables go with a run, a logged model, an experiment; and freeing them bit by bit.

Nothing relies on what the database does by itself when a row goes: SQLite only does it where it is asked to,
and one such statement can take a minute for a run with a million points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from treadle.tracking.purging.ledger import NOBODYS, note_freed, note_taken
from treadle.tracking.reads.tables import Reader

#: So many rows in one transaction: 10 to 50 ms.
_CHUNK = 2_000


@dataclass(frozen=True)
class Part:
    """Rows of a table that belong to something; ``{ids}`` stands for the ids of those, once or more often.

    key: what finds a row on SQLite, where the table numbers its rows no other way.
    """

    table: str
    where: str
    key: str = "rowid"


def _of_runs(table: str, column: str = "run_uuid") -> Part:
    return Part(table, f"{column} IN {{ids}}")


_QUEUES = "queue_id IN (SELECT queue_id FROM review_queues WHERE experiment_id IN {ids})"
_SCORERS = "scorer_id IN (SELECT scorer_id FROM scorers WHERE experiment_id IN {ids})"
_MODEL_OF = "model_id IN (SELECT model_id FROM logged_models WHERE experiment_id IN {ids})"
_INPUTS_OF = "input_uuid IN (SELECT input_uuid FROM inputs WHERE {})"
_INTO_RUN = "destination_type = 'RUN' AND destination_id IN {ids}"
_OUT_OF_RUN = "source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN {ids}"


def _associations(kind: str) -> tuple[Part, Part]:
    return (
        Part("entity_associations", f"source_type = '{kind}' AND source_id IN {{ids}}"),
        Part("entity_associations", f"destination_type = '{kind}' AND destination_id IN {{ids}}"),
    )


_ROLLED = "series IN (SELECT id FROM treadle_series WHERE run_uuid IN {ids})"

#: In this order, what refers to others first. Of our own roll-ups a trigger frees what is made meanwhile.
OF_RUNS: tuple[Part, ...] = (
    Part("treadle_buckets", _ROLLED, key="(series, axis, bucket)"),
    _of_runs("treadle_series"),
    *(_of_runs(table) for table in ("metrics", "latest_metrics", "params", "tags")),
    _of_runs("logged_model_metrics", "run_id"),
    Part("input_tags", _INPUTS_OF.format(_INTO_RUN)),
    Part("input_tags", _INPUTS_OF.format(_OUT_OF_RUN)),
    Part("inputs", _INTO_RUN),
    Part("inputs", _OUT_OF_RUN),
    *_associations("run"),
    Part("treadle_deleters", "kind = 'run' AND id IN {ids}"),
)
OF_MODELS: tuple[Part, ...] = (
    Part("logged_model_metrics", "model_id IN {ids}"),
    Part("logged_model_params", "model_id IN {ids}"),
    Part("logged_model_tags", "model_id IN {ids}"),
)
OF_TRACES: tuple[Part, ...] = (
    Part("span_metrics", "trace_id IN {ids}"),
    Part("spans", "trace_id IN {ids}"),
    Part("assessments", "trace_id IN {ids}"),
    Part("trace_metrics", "request_id IN {ids}"),
    Part("trace_tags", "request_id IN {ids}"),
    Part("trace_request_metadata", "request_id IN {ids}"),
    Part("review_queue_items", "item_type = 'trace' AND item_id IN {ids}"),
    *_associations("trace"),
)
OF_EXPERIMENTS: tuple[Part, ...] = (
    Part("logged_model_metrics", _MODEL_OF),
    Part("logged_model_params", _MODEL_OF),
    Part("logged_model_tags", _MODEL_OF),
    Part("guardrail_configs", f"guardrail_id IN (SELECT guardrail_id FROM guardrails WHERE {_SCORERS})"),
    Part("guardrails", _SCORERS),
    Part("online_scoring_configs", "experiment_id IN {ids}"),
    Part("scorer_versions", _SCORERS),
    Part("scorers", "experiment_id IN {ids}"),
    Part("review_queue_items", _QUEUES),
    Part("review_queue_label_schemas", _QUEUES),
    Part("review_queue_users", _QUEUES),
    Part("review_queues", "experiment_id IN {ids}"),
    Part("label_schemas", "experiment_id IN {ids}"),
    Part("issues", "experiment_id IN {ids}"),
    Part("datasets", "experiment_id IN {ids}"),
    Part("experiment_tags", "experiment_id IN {ids}"),
    Part("sql_trace_metric_daily_rollups", "experiment_id IN {ids}"),
    Part("sql_span_cost_daily_rollups", "experiment_id IN {ids}"),
    Part("sql_assessment_daily_rollups", "experiment_id IN {ids}"),
    Part("sql_trace_rollup_rebuild_queue", "experiment_id IN {ids}"),
)
#: What stays, and names them no more.
_UNNAMED_RUNS = "UPDATE issues SET source_run_id = NULL WHERE source_run_id IN {ids}"
_NOBODYS = f"workspace = '{NOBODYS}' AND experiment_id IN {{ids}}"
_UNNAMED_EXPERIMENTS = "UPDATE endpoints SET experiment_id = NULL WHERE experiment_id IN {ids}"
#: By the id as a text.
_BY_NAME_OF_EXPERIMENTS = (
    *_associations("experiment"),
    Part("treadle_deleters", "kind = 'experiment' AND id IN {ids}"),
)


def free_chunk(writer: Reader, parts: Sequence[Part], ids: Sequence[Any]) -> int:
    """Up to 2,000 rows of the first of the parts that has any; how many they were, 0 where all are gone."""
    return next(filter(None, (_free_some(writer, part, ids) for part in parts)), 0)


def free_rest(writer: Reader, parts: Sequence[Part], ids: Sequence[Any]) -> None:
    """All that came since."""
    for part in parts:
        writer.run(f"DELETE FROM {part.table} WHERE {_marked(part.where, ids)}", _repeated(part.where, ids))


def free_runs(writer: Reader, ids: Sequence[str]) -> int:
    """The rows of the runs themselves, after their parts; how many there were."""
    free_rest(writer, OF_RUNS, ids)
    writer.run(_marked(_UNNAMED_RUNS, ids), ids)
    return _free_all(writer, Part("runs", "experiment_id IS NULL AND run_uuid IN {ids}"), ids)


def free_models(writer: Reader, ids: Sequence[str]) -> int:
    """The rows of the logged models themselves, after their parts; how many there were."""
    free_rest(writer, OF_MODELS, ids)
    return _free_all(writer, Part("logged_models", "lifecycle_stage = 'deleted' AND model_id IN {ids}"), ids)


def list_traces(reader: Reader, experiment_id: int, most: int) -> list[str]:
    """Ids of traces of an experiment."""
    sql = "SELECT request_id FROM trace_info WHERE experiment_id = ? LIMIT ?"
    return [row[0] for row in reader.all(sql, (experiment_id, most))]


def free_traces(writer: Reader, ids: Sequence[str]) -> int:
    """The rows of the traces themselves, after their parts; how many there were."""
    free_rest(writer, OF_TRACES, ids)
    return _free_all(writer, Part("trace_info", "request_id IN {ids}"), ids)


def free_experiment(writer: Reader, experiment_id: int) -> int:
    """The row of an experiment that is nobody's, with all that is left of it; how many logged models it had.

    SQLite would give the highest id to the next experiment: that row stays, empty and nobody's, until there
    is a higher one. A notebook or a link that names the id never reaches what somebody else made.
    """
    free_rest(writer, OF_EXPERIMENTS, (experiment_id,))
    free_rest(writer, _BY_NAME_OF_EXPERIMENTS, (str(experiment_id),))
    writer.run(_marked(_UNNAMED_EXPERIMENTS, (experiment_id,)), (experiment_id,))
    models = _free_all(writer, Part("logged_models", "experiment_id IN {ids}"), (experiment_id,))
    if writer.is_sqlite and _is_highest(writer, experiment_id):
        note_taken(writer, "mark", NOBODYS, [str(experiment_id)])
    else:
        free_rest(writer, (Part("experiments", _NOBODYS),), (experiment_id,))
    return models


def free_marks(writer: Reader) -> None:
    """Empty rows that kept an id from being given again, and are the highest no more."""
    marks = writer.all(
        "SELECT CAST(id AS INTEGER) FROM treadle_purge_taken WHERE kind = 'mark' "
        "AND CAST(id AS INTEGER) < (SELECT max(experiment_id) FROM experiments)"
    )
    for (experiment_id,) in marks:
        free_rest(writer, (Part("experiments", _NOBODYS),), (experiment_id,))
        note_freed(writer, "mark", [str(experiment_id)])


def _free_some(writer: Reader, part: Part, ids: Sequence[Any]) -> int:
    row = part.key if writer.is_sqlite else "ctid"
    some = f"SELECT {row.strip('()')} FROM {part.table} WHERE {_marked(part.where, ids)} LIMIT {_CHUNK}"
    those = f"IN ({some})" if writer.is_sqlite else f"= ANY (ARRAY({some}))"
    writer.run(f"DELETE FROM {part.table} WHERE {row} {those}", _repeated(part.where, ids))
    return writer.changed


def _free_all(writer: Reader, part: Part, ids: Sequence[Any]) -> int:
    writer.run(f"DELETE FROM {part.table} WHERE {_marked(part.where, ids)}", _repeated(part.where, ids))
    return writer.changed


def _marked(sql: str, ids: Sequence[Any]) -> str:
    return sql.replace("{ids}", f"({', '.join('?' * len(ids))})")


def _repeated(sql: str, ids: Sequence[Any]) -> list[Any]:
    return [*ids] * sql.count("{ids}")


def _is_highest(reader: Reader, experiment_id: int) -> bool:
    found = reader.first("SELECT max(experiment_id) FROM experiments")
    return found is not None and found[0] == experiment_id

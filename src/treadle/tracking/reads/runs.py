"""Runs as MLflow's clients read them: what its tables hold of each, as fast as it can be written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from treadle.tracking.reads.tables import MOST_VALUES, Reader, among

_INFO = (
    "r.run_uuid, r.name, r.experiment_id, r.user_id, r.status, r.start_time, r.end_time, r.artifact_uri, "
    "r.lifecycle_stage"
)
_RUN_NAME = "mlflow.runName"

_METRICS = "SELECT run_uuid, key, value, timestamp, step, is_nan FROM latest_metrics WHERE "
_PARAMS = "SELECT run_uuid, key, value FROM params WHERE "
_TAGS = "SELECT run_uuid, key, value FROM tags WHERE "
_DATASETS = (
    "SELECT i.destination_id, d.dataset_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source, "
    "d.dataset_schema, d.dataset_profile, t.name, t.value FROM inputs i "
    "JOIN datasets d ON i.source_id = d.dataset_uuid LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid "
    "WHERE i.destination_type = 'RUN' AND {} ORDER BY i.destination_id"
)
_MODEL_INPUTS = (
    "SELECT source_id, destination_id FROM inputs "
    "WHERE source_type = 'RUN_INPUT' AND destination_type = 'MODEL_INPUT' AND "
)
_MODEL_OUTPUTS = (
    "SELECT source_id, destination_id, step FROM inputs "
    "WHERE source_type = 'RUN_OUTPUT' AND destination_type = 'MODEL_OUTPUT' AND "
)


class OddRow(Exception):
    """A row holds what MLflow itself stumbles over; MLflow is to say so."""


class Metric(Struct, gc=False):
    """The latest point of a metric; its value is a text where JSON has no number for it."""

    key: str
    value: float | str
    timestamp: int
    step: int


class Pair(Struct, gc=False):
    """A param or a tag."""

    key: str
    value: str


class Dataset(Struct, omit_defaults=True):
    """Data that a run was fed."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | UnsetType = UNSET
    profile: str | UnsetType = UNSET


class DatasetInput(Struct, omit_defaults=True):
    """A dataset and what it was used for."""

    dataset: Dataset
    tags: list[Pair] = msgspec.field(default_factory=list)


class ModelInput(Struct):
    """A model that a run was fed."""

    model_id: str


class ModelOutput(Struct):
    """A model that a run made."""

    model_id: str
    step: int


class Inputs(Struct, omit_defaults=True):
    """What a run was fed."""

    dataset_inputs: list[DatasetInput] = msgspec.field(default_factory=list)
    model_inputs: list[ModelInput] = msgspec.field(default_factory=list)


class Outputs(Struct, omit_defaults=True):
    """What a run made."""

    model_outputs: list[ModelOutput] = msgspec.field(default_factory=list)


class Contents(Struct, omit_defaults=True):
    """What was logged to a run."""

    metrics: list[Metric] = msgspec.field(default_factory=list)
    params: list[Pair] = msgspec.field(default_factory=list)
    tags: list[Pair] = msgspec.field(default_factory=list)


class Facts(Struct):
    """What a run is."""

    run_id: str
    run_uuid: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    lifecycle_stage: str
    run_name: str | UnsetType = UNSET
    end_time: int | UnsetType = UNSET
    artifact_uri: str | UnsetType = UNSET


class Run(Struct):
    """A run as MLflow answers it."""

    info: Facts
    data: Contents
    inputs: Inputs
    outputs: Outputs


def read_run(reader: Reader, workspace: str, run_id: str) -> Run | None:
    """A run of ``workspace``; None: there is none. Raises OddRow."""
    row = reader.first(
        f"SELECT {_INFO} FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
        "WHERE r.run_uuid = ? AND e.workspace = ?",
        (run_id, workspace),
    )
    if row is None:
        return None
    run = fill(reader, [row])[0]
    models = reader.all(f"{_MODEL_INPUTS}source_id = ?", (run_id,))
    run.inputs.model_inputs = [ModelInput(model_id) for _, model_id in models]
    return run


def fill(reader: Reader, rows: Sequence[tuple[Any, ...]]) -> list[Run]:
    """The runs of ``rows``, each in the order of COLUMNS, with all that was logged. Raises OddRow."""
    runs = [Run(_facts(row), Contents(), Inputs(), Outputs()) for row in rows]
    by_id = {run.info.run_id: run for run in runs}
    for ids in _parts(list(by_id)):
        _add_contents(reader, ids, by_id)
        _add_datasets(reader, ids, by_id)
        where, values = among("source_id", ids)
        for run_id, model_id, step in reader.all(_MODEL_OUTPUTS + where, values):
            by_id[run_id].outputs.model_outputs.append(ModelOutput(model_id, step))
    for run in runs:
        _name(run)
    return runs


COLUMNS = _INFO


def _add_contents(reader: Reader, ids: list[str], by_id: dict[str, Run]) -> None:
    where, values = among("run_uuid", ids)
    metrics = {run_id: by_id[run_id].data.metrics for run_id in ids}
    for run_id, key, value, timestamp, step, is_nan in reader.each(_METRICS + where, values):
        metrics[run_id].append(Metric(key, "NaN" if is_nan else value, timestamp, step))
    params = {run_id: by_id[run_id].data.params for run_id in ids}
    for run_id, key, value in reader.each(_PARAMS + where, values):
        params[run_id].append(Pair(key, value))
    tags = {run_id: by_id[run_id].data.tags for run_id in ids}
    for run_id, key, value in reader.each(_TAGS + where, values):
        if value is None:
            raise OddRow
        tags[run_id].append(Pair(key, value))


def _add_datasets(reader: Reader, ids: list[str], by_id: dict[str, Run]) -> None:
    where, values = among("i.destination_id", ids)
    known: dict[tuple[str, str], DatasetInput] = {}
    for run_id, uuid, name, digest, kind, source, *more, key, value in reader.all(
        _DATASETS.format(where), values
    ):
        one = known.get((run_id, uuid))
        if one is None:
            schema, profile = (text or UNSET for text in more)
            one = known[run_id, uuid] = DatasetInput(Dataset(name, digest, kind, source, schema, profile))
            by_id[run_id].inputs.dataset_inputs.append(one)
        if key is not None:
            one.tags.append(Pair(key, value))


def _facts(row: tuple[Any, ...]) -> Facts:
    run_id, name, experiment_id, user_id, status, start_time, end_time, artifact_uri, stage = row
    if user_id is None or start_time is None or status is None:
        raise OddRow
    return Facts(
        run_id,
        run_id,
        str(experiment_id),
        user_id,
        status,
        start_time,
        stage,
        UNSET if name is None else name,
        end_time or UNSET,
        artifact_uri or UNSET,
    )


def _name(run: Run) -> None:
    """Runs of old clients are named by a tag alone."""
    if not run.info.run_name:
        named = next((tag.value for tag in run.data.tags if tag.key == _RUN_NAME), "")
        if named:
            run.info.run_name = named


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), MOST_VALUES):
        yield ids[start : start + MOST_VALUES]

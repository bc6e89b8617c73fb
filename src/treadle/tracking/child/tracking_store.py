"""MLflow's own store of experiments and runs, which knows what its clients mean who name no experiment.

They say 0, of which a server without workspaces has one for everybody. Here it is the experiment of that
name in the workspace of the request. MLflow is imported with this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mlflow.entities import Experiment, TraceInfo
from mlflow.entities.trace_location import TraceLocation
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.tracking.default_experiment import DEFAULT_EXPERIMENT_ID

_NAME = Experiment.DEFAULT_EXPERIMENT_NAME


def open_tracking_store(store_uri: str, artifact_uri: str) -> TrackingStore:
    """As MLflow calls it for a kind of database."""
    return TrackingStore(store_uri, artifact_uri)


class TrackingStore(WorkspaceAwareSqlAlchemyStore):  # type: ignore[misc]
    """The workspace's own experiment in place of 0; it is made by the first who writes into it.

    Answers name it by its real id, by which clients go on.
    """

    def get_experiment(self, experiment_id: str) -> Any:
        return super().get_experiment(self._meant(experiment_id))

    def create_run(self, experiment_id: str, *given: Any, **named: Any) -> Any:
        return super().create_run(self._made(experiment_id), *given, **named)

    def create_logged_model(self, experiment_id: str, *given: Any, **named: Any) -> Any:
        return super().create_logged_model(self._made(experiment_id), *given, **named)

    def set_experiment_tag(self, experiment_id: str, tag: Any) -> Any:
        return super().set_experiment_tag(self._made(experiment_id), tag)

    def start_trace(self, trace_info: TraceInfo) -> Any:
        asked = trace_info.experiment_id
        if (own := self._made(asked)) != asked:
            trace_info = replace(trace_info, trace_location=TraceLocation.from_experiment_id(own))
        return super().start_trace(trace_info)

    def deprecated_start_trace_v2(self, experiment_id: str, *given: Any, **named: Any) -> Any:
        return super().deprecated_start_trace_v2(self._made(experiment_id), *given, **named)

    def log_spans(self, location: str, *given: Any, **named: Any) -> Any:
        return super().log_spans(self._made(location), *given, **named)

    def search_traces(self, experiment_ids: Any = None, *given: Any, **named: Any) -> Any:
        named["locations"] = self._all_meant(named.get("locations"))
        return super().search_traces(self._all_meant(experiment_ids), *given, **named)

    def search_logged_models(self, experiment_ids: Any, *given: Any, **named: Any) -> Any:
        return super().search_logged_models(self._all_meant(experiment_ids), *given, **named)

    def _search_runs(self, experiment_ids: Any, *given: Any, **named: Any) -> Any:
        return super()._search_runs(self._all_meant(experiment_ids), *given, **named)

    def _search_datasets(self, experiment_ids: Any) -> Any:
        return super()._search_datasets(self._all_meant(experiment_ids))

    def _all_meant(self, experiment_ids: Sequence[str] | None) -> Sequence[str] | None:
        return experiment_ids and [self._meant(one) for one in experiment_ids]

    def _meant(self, experiment_id: str) -> str:
        """The id itself, and for 0 that of the workspace's own if there is one."""
        if experiment_id != DEFAULT_EXPERIMENT_ID:
            return experiment_id
        found = self.get_experiment_by_name(_NAME)
        return found.experiment_id if found else experiment_id

    def _made(self, experiment_id: str) -> str:
        own = self._meant(experiment_id)
        if own != DEFAULT_EXPERIMENT_ID:
            return own
        try:
            return str(self.create_experiment(_NAME))
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise
            return self._meant(experiment_id)  # somebody was quicker

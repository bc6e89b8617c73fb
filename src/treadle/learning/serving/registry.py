"""MLflow's experiments and registered models, as the registrar asks for them: found by our tags, else made.

Each verb may be asked twice with the same outcome: what a crash left half done is done again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from treadle.errors import Invalid, Unavailable, Unsupported
from treadle.tracking.process import Tracking, Visitor

PROJECT_TAG, TRAINING_TAG = "treadle.project", "treadle.training"
BACKEND_TAG, VERSION_TAG = "treadle.backend", "treadle.version"
_API = "/api/2.0/mlflow/"
_TAKEN = "RESOURCE_ALREADY_EXISTS"
_MISSING = "RESOURCE_DOES_NOT_EXIST"
_MOST_METRICS, _MOST_PARAMS = 1_000, 100
_LONGEST_NAME, _LONGEST_VALUE = 250, 6_000
_NO_NAME = re.compile(r"[^/\w.\- :]")


@dataclass(frozen=True)
class Run:
    """A run, and where its artifacts lie."""

    experiment_id: str
    run_id: str
    artifact_uri: str


@dataclass(frozen=True)
class Metric:
    """A value of a run at a step; ``at_ms`` since 1970."""

    key: str
    value: float
    at_ms: int
    step: int = 0


@dataclass(frozen=True)
class Registry:
    """Asks for one person, at one workspace."""

    tracking: Tracking
    visitor: Visitor

    async def experiment(self, project_id: int, names: Sequence[str]) -> str | None:
        """The experiment of a project, made by the first name that is free; None: somebody deleted it."""
        tag = {"key": PROJECT_TAG, "value": str(project_id)}
        asked = {"filter": _is_tagged(tag), "max_results": 1, "view_type": "ALL"}
        found = (await self._post("experiments/search", asked)).get("experiments")
        if found:
            return None if found[0].get("lifecycle_stage") == "deleted" else str(found[0]["experiment_id"])
        made = await self._first_free("experiments/create", names, {"tags": [tag]})
        return str(made["experiment_id"])

    async def run(self, experiment_id: str, training_id: int, about: Mapping[str, Any]) -> Run | None:
        """The run of a training, made where there is none; None: somebody deleted it."""
        tag = {"key": TRAINING_TAG, "value": str(training_id)}
        asked = {"experiment_ids": [experiment_id], "filter": _is_tagged(tag), "run_view_type": "ALL"}
        found = (await self._post("runs/search", {**asked, "max_results": 1})).get("runs")
        if not found:
            tags = [tag, *about.get("tags", ())]
            made = await self._post("runs/create", {**about, "experiment_id": experiment_id, "tags": tags})
            found = [made["run"]]
        told = found[0]["info"]
        if told.get("lifecycle_stage") == "deleted":
            return None
        return Run(experiment_id, str(told["run_id"]), str(told["artifact_uri"]))

    async def artifact_uri(self, run_id: str) -> str:
        """Where the artifacts of a run lie."""
        found = await self._get("runs/get", run_id=run_id)
        return str(found["run"]["info"]["artifact_uri"])

    async def log(self, run: Run, params: Mapping[str, str], metrics: Sequence[Metric]) -> None:
        """Write params and metrics down; those that are there stay."""
        plain = {plain_name(key): value[:_LONGEST_VALUE] for key, value in params.items()}
        told = [{"key": key, "value": value} for key, value in plain.items()]
        for start in range(0, len(told), _MOST_PARAMS):
            part = told[start : start + _MOST_PARAMS]
            await self._post("runs/log-batch", {"run_id": run.run_id, "params": part})
        for start in range(0, len(metrics), _MOST_METRICS):
            points = [_point(each) for each in metrics[start : start + _MOST_METRICS]]
            await self._post("runs/log-batch", {"run_id": run.run_id, "metrics": points})

    async def log_dataset(self, run: Run, dataset: Mapping[str, str]) -> None:
        """Write down what it learns from."""
        tags = [{"key": "mlflow.data.context", "value": "training"}]
        inputs = [{"dataset": dataset, "tags": tags}]
        await self._post("runs/log-inputs", {"run_id": run.run_id, "datasets": inputs})

    async def update(self, run: Run, status: str, end_ms: int | None) -> None:
        """Say how far the run is."""
        ended = {} if end_ms is None else {"end_time": end_ms}
        await self._post("runs/update", {"run_id": run.run_id, "status": status, **ended})

    async def model(self, backend_id: int, names: Sequence[str]) -> str:
        """The registered model of a backend, made by the first name that is free."""
        found = await self.find_model(backend_id)
        if found is None:
            tags = [{"key": BACKEND_TAG, "value": str(backend_id)}]
            made = await self._first_free("registered-models/create", names, {"tags": tags})
            found = str(made["registered_model"]["name"])
        return found

    async def find_model(self, backend_id: int) -> str | None:
        """Its name, whatever somebody called it since; None: there is none."""
        wanted = _is_tagged({"key": BACKEND_TAG, "value": str(backend_id)})
        found = (await self._get("registered-models/search", filter=wanted)).get("registered_models")
        return str(found[0]["name"]) if found else None

    async def version(self, model: str, version_id: int, about: Mapping[str, Any]) -> tuple[str, bool]:
        """The version of a registered model, and whether it was made just now."""
        tag = {"key": VERSION_TAG, "value": str(version_id)}
        asked = f"name = {_quoted(model)} and {_is_tagged(tag)}"
        found = (await self._get("model-versions/search", filter=asked)).get("model_versions")
        if found:
            return str(found[0]["version"]), False
        made = await self._post("model-versions/create", {**about, "name": model, "tags": [tag]})
        return str(made["model_version"]["version"]), True

    async def set_alias(self, model: str, alias: str, version: str | None) -> None:
        """Let an alias stand at a version, or with None nowhere. Raises Invalid("tracking-missing")."""
        fields = {"name": model, "alias": alias}
        if version is not None:
            await self._post("registered-models/alias", {**fields, "version": version})
        else:
            await self._ask("DELETE", "registered-models/alias", fields)

    async def _first_free(self, verb: str, names: Sequence[str], more: Mapping[str, Any]) -> dict[str, Any]:
        for name in names[:-1]:
            made = await self._try_to_make(verb, {"name": name, **more})
            if made is not None:
                return made
        return await self._post(verb, {"name": names[-1], **more})

    async def _try_to_make(self, verb: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """None where the name is taken."""
        try:
            return await self._post(verb, fields)
        except Invalid as error:
            if error.details.get("error_code") != _TAKEN:
                raise
            return None

    async def _post(self, verb: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", verb, fields)

    async def _get(self, verb: str, **query: str) -> dict[str, Any]:
        return await self._ask("GET", f"{verb}?{urlencode(query)}", {})

    async def _ask(self, method: str, verb: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """MLflow's answer. Raises Unavailable, Unsupported, Invalid("tracking-refused", "-missing")."""
        body = msgspec.json.encode(fields) if fields else b""
        reply = await self.tracking.ask(method, f"{_API}{verb}", self.visitor, body)
        told = _fields(reply.body)
        if reply.status == 200:
            return told
        text = f"MLflow answered {reply.status} to {verb.partition('?')[0]}: {str(told.get('message'))[:300]}"
        if reply.status == 501:
            raise Unsupported("tracking-not-installed", text)
        if reply.status >= 500 or reply.status == 429:
            raise Unavailable("tracking-failed", text)
        code = str(told.get("error_code", ""))
        kind = "tracking-missing" if code == _MISSING else "tracking-refused"
        raise Invalid(kind, text, details={"error_code": code})


def plain_name(text: str) -> str:
    """A name that MLflow takes for a param, a metric or an experiment."""
    plain = "/".join(part for part in _NO_NAME.sub("_", text).split("/") if part.strip(". "))
    return plain[:_LONGEST_NAME].strip() or "_"


def model_name(text: str) -> str:
    """A name that MLflow takes for a registered model."""
    return " ".join(re.sub(r"[/:\"\x00-\x1f]", " ", text).split())[:_LONGEST_NAME] or "Model"


def _point(metric: Metric) -> dict[str, Any]:
    return {
        "key": plain_name(metric.key),
        "value": metric.value,
        "timestamp": metric.at_ms,
        "step": metric.step,
    }


def _is_tagged(tag: Mapping[str, str]) -> str:
    return f"tags.`{tag['key']}` = '{tag['value']}'"


def _quoted(name: str) -> str:
    return f'"{name}"' if "'" in name else f"'{name}'"


def _fields(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}

"""`.project-metadata.yaml` says what the platform's published specification, version 1.0, lets it say."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from treadle.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[2]
#: Each field with its longest text; all but the last two are required.
TEXTS = {
    "name": 200,
    "description": 2048,
    "author": 64,
    "specification_version": 16,
    "prototype_version": 16,
    "date": 10,
}
FIELDS = {
    *TEXTS,
    "shared_memory_limit",
    "environment_variables",
    "feature_dependencies",
    "engine_images",
    "runtimes",
    "tasks",
}
_SHOWN = {"name", "short_summary", "long_summary", "kernel", "cpu", "memory", "gpu", "type", "script"}
TASKS = {
    "run_session": _SHOWN | {"code", "entity_label"},
    "start_application": _SHOWN
    | {
        "subdomain",
        "entity_label",
        "bypass_authentication",
        "static_subdomain",
        "environment_variables",
    },
}
#: What launch.py reads, beside the settings of the server.
OF_LAUNCH = {"TREADLE_APP", "TREADLE_HOME", "TREADLE_PYTHON", "TREADLE_WHEEL", "TREADLE_PUBLIC_URL"}


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".project-metadata.yaml").read_text("utf-8"))
    return found


def test_every_field_is_one_of_the_specification(metadata: dict[str, Any]) -> None:
    assert set(metadata) <= FIELDS
    for name, longest in TEXTS.items():
        assert isinstance(metadata[name], str), name
        assert 0 < len(metadata[name]) <= longest, name
    assert date.fromisoformat(metadata["date"])
    assert metadata["specification_version"] == "1.0"


def test_there_is_shared_memory_for_data_loaders(metadata: dict[str, Any]) -> None:
    assert metadata["shared_memory_limit"] >= 1


def test_every_variable_is_one_that_something_reads(metadata: dict[str, Any]) -> None:
    known = {variable(setting.name) for setting in fields(Settings)} | OF_LAUNCH
    for name, told in metadata["environment_variables"].items():
        assert name in known
        assert set(told) <= {"default", "description", "required", "prompt_user"}
        # Anything else than a text would be written as Python writes it.
        assert {type(value) for value in told.values()} == {str}


def test_every_runtime_has_a_python_that_treadle_runs_on(metadata: dict[str, Any]) -> None:
    for runtime in metadata["runtimes"]:
        assert (
            {"editor", "kernel", "edition"}
            <= set(runtime)
            <= {"editor", "kernel", "edition", "version", "addons"}
        )
        assert re.fullmatch(r"Python 3\.1[0-3]", runtime["kernel"])


def test_the_tasks_prepare_and_then_start_with_four_cores_and_eight_gigabytes(
    metadata: dict[str, Any],
) -> None:
    assert [task["type"] for task in metadata["tasks"]] == ["run_session", "start_application"]
    for task in metadata["tasks"]:
        assert set(task) <= TASKS[task["type"]]
        assert (ROOT / task["script"]).is_file()
        assert (task["cpu"], task["memory"], task["kernel"]) == (4, 8, "python3")
    application = metadata["tasks"][-1]
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]", application["subdomain"])
    assert application["bypass_authentication"] is False

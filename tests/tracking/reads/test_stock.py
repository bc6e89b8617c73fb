"""Our answers to MLflow's own routes are MLflow's, field by field."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.tracking.reads.corpus import Studio

GET = "/api/2.0/mlflow/runs/get"
SEARCH = "/ajax-api/2.0/mlflow/runs/search"

SEARCHES: tuple[dict[str, Any], ...] = (
    {},
    {"run_view_type": "DELETED_ONLY"},
    {"run_view_type": "ALL", "max_results": 50000},
    {"max_results": 7},
    {"order_by": ["attributes.start_time DESC"], "max_results": 5},
    {"order_by": ["attribute.start_time ASC"]},
    {"order_by": ["metrics.loss DESC", "attributes.start_time ASC"]},
    {"order_by": ["metric.m1", "run.run_id desc"]},
    {"order_by": ["params.lr asc", "metrics.m0 DESC"], "run_view_type": "ALL"},
    {"order_by": ["attributes.end_time DESC", "attributes.status"]},
    {"order_by": ["tags.nobody", "attributes.run_name DESC"]},
)


@pytest.mark.parametrize("workspace", [1, 2])
def test_a_run_is_answered_as_mlflow_answers_it(studio: Studio, workspace: int) -> None:
    names = ("odd", "few") if workspace == 1 else ("foreign",)
    for run_id in [run_id for name in names for run_id in studio.runs[name]]:
        asked = studio.ask(GET, query=f"run_uuid={run_id}&run_id={run_id}", workspace=workspace)
        assert in_any_order(asked) == in_any_order((200, studio.stock_run(run_id, workspace)))


@pytest.mark.parametrize("more", SEARCHES, ids=str)
@pytest.mark.parametrize("names", [("odd",), ("odd", "few", "foreign")], ids="-".join)
def test_a_search_is_answered_page_by_page_as_mlflow_answers_it(
    studio: Studio, names: tuple[str, ...], more: dict[str, Any]
) -> None:
    body: dict[str, Any] = {"experiment_ids": [studio.ids[name] for name in names], "filter": "", **more}
    seen = 0
    while True:
        expected = studio.stock_search(body)
        assert in_any_order(studio.ask(SEARCH, body)) == in_any_order((200, expected))
        seen += len(expected.get("runs", []))
        if "next_page_token" not in expected:
            break
        body["page_token"] = expected["next_page_token"]
    assert seen


def test_what_is_another_workspaces_or_not_understood_is_left_to_mlflow(studio: Studio) -> None:
    own, foreign = studio.runs["odd"][0], studio.runs["foreign"][0]
    for query in (f"run_id={foreign}", "run_id=none", f"run_id={own}&run_id={own}", f"run_id={own}&x=1", ""):
        assert studio.ask(GET, query=query) is None, query
    assert studio.ask(GET, query=f"run_id={quote(own)}") is not None
    ids = [studio.ids["odd"]]
    bodies: tuple[Any, ...] = (
        "{}", [], {"experiment_ids": []}, {"experiment_ids": ids, "filter": "metrics.loss < 1"},
        {"experimentIds": ids}, {"experiment_ids": ids, "max_results": 0}, {"experiment_ids": [1]},
        {"experiment_ids": ids, "max_results": "5"}, {"experiment_ids": ids, "page_token": "bm9uZQ=="},
        {"experiment_ids": ids, "order_by": ["metrics.`a b`"]}, {"experiment_ids": ids, "run_view_type": 1},
        {"experiment_ids": ids, "order_by": ["metrics.loss", "metrics.loss DESC"]},
        {"experiment_ids": ids, "order_by": ["attributes.color"]},
    )  # fmt: skip
    for body in bodies:
        assert studio.ask(SEARCH, body) is None, body
    assert studio.ask(SEARCH, {"experiment_ids": [studio.ids["foreign"]]}) == (200, {})


def in_any_order(value: Any) -> Any:
    """Metrics, params and tags in the order of their keys: MLflow has none."""
    if isinstance(value, dict):
        return {
            name: sorted(part, key=_text) if name in _UNORDERED else in_any_order(part)
            for name, part in value.items()
        }
    return [in_any_order(part) for part in value] if isinstance(value, (list, tuple)) else value


_UNORDERED = ("metrics", "params", "tags", "dataset_inputs", "model_inputs", "model_outputs")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def test_where_nobody_has_tracked_nothing_is_answered_and_nothing_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from treadle.settings import Settings\n"
        "from treadle.tracking.reads import ReadRequest, Reads\n"
        "from treadle.tracking.visitor import Visitor\n"
        f"reads = Reads('sqlite:///{tmp_path}/mlflow.db', Settings())\n"
        "who = Visitor(1, 'a', 1, 'read', ())\n"
        "def ask(path): return reads.answer(ReadRequest('GET', path, 'run_id=a', b'{}', who))\n"
        f"assert ask({GET!r}) is None; assert b'tracking-empty' in ask('/treadle/runs').body\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] in ('mlflow', 'numpy')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []

"""The 61 requests that were recorded with a real Label Studio, in order, and what differs here and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import ADMIN_TOKEN, RunningServer
from tests.web.operations.shapes import differences

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "label-studio-http.json").read_text("utf-8")
)

#: What the recording does not hold of a request.
_UNRECORDED: dict[str, dict[str, Any]] = {
    "import a csv": {"files": {"file": ("c.csv", b"image,n\nhttps://example.com/c.jpg,7\n")}},
    "bad json": {"content": b'{"a":', "headers": {"Content-Type": "application/json"}},
}

_OTHER_PROGRAM = "The parts of another program; this one says its own version under `treadle`."
_NO_COUNTING = "Label Studio leaves counters null where it did not count; here they are always true."
_LATER_FORMAT = "This format comes later; what is not listed cannot be chosen."
_COUNTERS = {
    f"$.body.{name}": _NO_COUNTING
    for name in (
        "num_tasks_with_annotations",
        "task_number",
        "useful_annotation_number",
        "ground_truth_number",
        "skipped_annotations_number",
        "total_annotations_number",
        "total_predictions_number",
        "finished_task_number",
    )
}
_PREDICTION_KEYS = (
    "id", "result", "model_version", "score", "cluster", "neighbors", "mislabeling", "created_ago",
    "created_at", "updated_at", "model", "model_run", "task", "project",
)  # fmt: skip
_LATER_FORMATS = ("BRUSH_TO_NUMPY", "BRUSH_TO_PNG", "ASR_MANIFEST", "BRUSH_TO_COCO", "DOCLANG")
_OWN_QUEUE = {"$.body.queue_done": "A skipped task is not done here, since somebody else is to do it."}

#: By request: every place where the answer is another, with the reason.
DIFFERENCES: dict[str, dict[str, str]] = {
    "who am I": {"$.body.permissions": "Permissions of models, webhooks and storages come with these."},
    "version": {
        f"$.body.{name}": _OTHER_PROGRAM
        for name in (
            "label-studio-os-package.latest_version_from_pypi",
            "label-studio-os-package.latest_version_upload_time",
            "label-studio-os-package.current_version_is_outdated",
            "label-studio-os-backend",
            "label-studio-frontend",
            "dm2",
            "label-studio-converter",
            "lsf",
            "backend",
        )
    },
    "create project": _COUNTERS,
    "import 3 tasks": {"$.body.data_columns": "The keys of JSON tasks are told as those of tables are."},
    "project, annotated": _OWN_QUEUE,
    "project update": _OWN_QUEUE,
    "data manager: project": {**_COUNTERS, **_OWN_QUEUE},
    "data manager: actions": {
        "$.body[remove_duplicates]": "An action of the next issue.",
    },
    "tasks of a view": {"$.body.tasks[4].file_upload": "The row of a table names the table it came from."},
    "export formats": {f"$.body[{name}]": _LATER_FORMAT for name in _LATER_FORMATS},
    "export JSON": {
        **{
            f"$.body[{number}].annotations[{number}].prediction.{name}": (
                "The prediction that an annotation began from is told, not the one that stood beside it."
            )
            for number in (1, 2)
            for name in _PREDICTION_KEYS
        },
        "$.body[2].annotations[3].result_count": "An annotation made of a prediction counts its regions.",
        "$.body[2].annotations[3].updated_by": "An annotation made of a prediction has a person.",
    },
    "file uploads": {"$.body": "The table that was imported is kept, and told."},
    "bad result": {
        "$.status": "A malformed result is the client's fault.",
        "$.body.status_code": "A malformed result is the client's fault.",
    },
    "templates": {
        "$.body.templates": "Other templates; the recording holds two and a remark.",
        "$.body.templates[]": "Other templates; the recording holds two and a remark.",
        "$.body.groups": "Other templates.",
    },
}


@pytest.fixture(scope="module")
def answers(studio: RunningServer) -> dict[str, httpx.Response]:
    """What our server answers to the same requests, by name."""
    return {step["what"]: ask(studio, step) for step in RECORDED}


def ask(studio: RunningServer, step: dict[str, Any]) -> httpx.Response:
    request = step["request"]
    sent = {"json": request["json"]} if "json" in request else {}
    sent |= _UNRECORDED.get(step["what"], {})
    with studio.client(None if step["what"] == "no token" else ADMIN_TOKEN) as client:
        return client.request(request["method"], request["path"], params=request.get("params"), **sent)


@pytest.mark.parametrize("step", RECORDED, ids=lambda step: step["what"])
def test_an_answer_has_the_recorded_keys_and_types(
    step: dict[str, Any], answers: dict[str, httpx.Response]
) -> None:
    answer = answers[step["what"]]
    found = dict(differences(of_recorded(step), of_answer(answer)))
    assert found.keys() == DIFFERENCES.get(step["what"], {}).keys(), found


def of_recorded(step: dict[str, Any]) -> dict[str, Any]:
    body = None if step["status"] == 204 else step["body"]
    return {"status": step["status"], "type": step["content_type"] or "", "body": body}


def of_answer(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json() if answer.content else None
    return {"status": answer.status_code, "type": answer.headers.get("content-type", ""), "body": body}

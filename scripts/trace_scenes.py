"""Traces of an agent on the server that is to be pictured."""

from __future__ import annotations

import base64
import json
import random
import secrets
import time
from collections.abc import Callable
from typing import Any

TRACES = "/api/3.0/mlflow/traces"
ASKED = (
    "Which pictures of the garage have no label yet?",
    "Why did the last training fail?",
    "How many wheels are there in the new commit?",
    "Compare the last two versions of the detector",
    "Which label do people disagree about most?",
    "Write the summary of this week",
)
ANSWERED = (
    "There are 14 pictures without a label, all of them taken at night. Most of them show one motorcycle."
)
TRACED = 28
MS = 10**6


def log_traces(ask: Callable[..., Any], experiment: str) -> str:
    """Id of the trace that is worth a look."""
    made = [_log(ask, experiment, index) for index in range(TRACED)]
    _judge(ask, made[-2])
    return made[-2]


def _log(ask: Callable[..., Any], experiment: str, index: int) -> str:
    chance = random.Random(index)
    trace_id = f"tr-{secrets.token_hex(16)}"
    failed = index % 9 == 4
    begun = time.time() - (TRACED - index) * 700
    asked = ASKED[index % len(ASKED)]
    spans = _spans(int(begun * 1000) * MS, chance, asked, failed)
    took = spans[0]["end_time_unix_nano"] - spans[0]["start_time_unix_nano"]
    tokens = chance.randint(300, 2_400)
    usage = {"input_tokens": tokens, "output_tokens": tokens // 9, "total_tokens": tokens + tokens // 9}
    info = {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun)),
        "execution_duration": f"{took / 1e9:.3f}s",
        "state": "ERROR" if failed else "OK",
        "request_preview": asked,
        "response_preview": "" if failed else ANSWERED,
        "trace_metadata": {
            "mlflow.trace.session": f"session-{index // 4}",
            "mlflow.trace.user": chance.choice(("mina", "jonas", "aya")),
            "mlflow.trace.tokenUsage": json.dumps(usage),
        },
        "tags": {"mlflow.traceName": "garage assistant", "release": f"1.{index // 10}"},
    }
    kept = ask("POST", TRACES, {"trace": {"trace_info": info}})["trace"]["trace_info"]
    place = kept["tags"]["mlflow.artifactLocation"].removeprefix("mlflow-artifacts:/")
    ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{place}/traces.json", {"spans": spans})
    return trace_id


def _judge(ask: Callable[..., Any], trace_id: str) -> None:
    for name, value, source, why in (
        ("relevance", True, ("LLM_JUDGE", "judge-3"), "It names the pictures that were asked for."),
        ("correct", 0.8, ("HUMAN", "mina"), "One picture is missing."),
    ):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        said = {
            "assessment_name": name,
            "trace_id": trace_id,
            "source": {"source_type": source[0], "source_id": source[1]},
            "create_time": now,
            "last_update_time": now,
            "feedback": {"value": value},
            "rationale": why,
            "valid": True,
        }
        ask("POST", f"{TRACES}/{trace_id}/assessments", {"assessment": said})


def _spans(start: int, chance: random.Random, asked: str, failed: bool) -> list[dict[str, Any]]:
    talk = [
        {"role": "system", "content": "You help people who label pictures. Answer in one paragraph."},
        {"role": "user", "content": asked},
    ]
    call = {"function": {"name": "find_tasks", "arguments": '{"project": "garage", "labels": 0}'}}
    wanted = {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [call]}}]}
    found = {"tasks": [101, 117, 240], "total": 14}
    told = [*talk, {"role": "tool", "content": json.dumps(found)}]
    answer = {"choices": [{"message": {"role": "assistant", "content": ANSWERED}}]}
    asked_again = {"model": "large-2", "messages": told, "temperature": 0.2}
    steps: list[tuple[int, str, str, int, Any, Any]] = [
        (1, "plan", "CHAT_MODEL", 800, {"model": "small-2", "messages": talk, "temperature": 0.1}, wanted),
        (1, "find_tasks", "TOOL", 240, {"project": "garage", "labels": 0}, found),
        (2, "read filters", "PARSER", 20, {"text": "labels = 0"}, {"column": "labels", "value": 0}),
        (2, "GET /api/tasks", "TOOL", 180, {"page": 1, "page_size": 100}, found),
        (1, "recall", "RETRIEVER", 320, {"query": asked, "k": 4}, ["guide.md", "labels.md"]),
        (2, "embed", "EMBEDDING", 90, {"text": asked}, {"size": 768}),
        (2, "rank", "RERANKER", 130, {"documents": 12}, [3, 0, 7, 5]),
        (
            1,
            "answer",
            "CHAT_MODEL",
            1_900,
            asked_again,
            answer,
        ),
        (1, "check tone", "GUARDRAIL", 60, {"text": ANSWERED}, {"passed": True}),
    ]
    spans: list[dict[str, Any]] = []
    at, over = start + 12 * MS, {0: 0}
    for depth, name, kind, took_ms, given, gave in steps:
        took = int(took_ms * chance.uniform(0.7, 1.4)) * MS
        within = (len(spans) - over.get(1, 0)) * 40 + 8
        begun = at if depth == 1 else spans[over[1] - 1]["start_time_unix_nano"] + within * MS
        over[depth] = len(spans) + 1
        spans.append(_span(len(spans) + 1, over[depth - 1], name, kind, (begun, took), given, gave))
        at = max(at, begun + took) + 6 * MS
    if failed:
        _fail(spans[3])
    root = _span(0, None, "garage assistant", "AGENT", (start, at - start), {"question": asked}, ANSWERED)
    return [root, *spans]


def _fail(span: dict[str, Any]) -> None:
    stack = (
        'Traceback (most recent call last):\n  File "assistant.py", line 41, in find\n'
        "    answer.raise_for_status()\nTimeoutError: no answer within 2 s"
    )
    what = {
        "exception.type": "TimeoutError",
        "exception.message": "no answer within 2 s",
        "exception.stacktrace": stack,
    }
    at = span["end_time_unix_nano"]
    span["events"] = [{"name": "exception", "time_unix_nano": at, "attributes": what}]
    span["status"] = {"code": "STATUS_CODE_ERROR", "message": "TimeoutError: no answer within 2 s"}


def _span(
    number: int, parent: int | None, name: str, kind: str, when: tuple[int, int], given: Any, gave: Any
) -> dict[str, Any]:
    begun, took = when
    return {
        "trace_id": base64.b64encode(bytes(16)).decode(),
        "span_id": _id(number),
        "parent_span_id": None if parent is None else _id(parent),
        "name": name,
        "start_time_unix_nano": begun,
        "end_time_unix_nano": begun + took,
        "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {
            "mlflow.spanType": json.dumps(kind),
            "mlflow.spanInputs": json.dumps(given),
            "mlflow.spanOutputs": json.dumps(gave),
            "mlflow.spanFunctionName": json.dumps(name.replace(" ", "_")),
        },
    }


def _id(number: int) -> str:
    return base64.b64encode((number + 1).to_bytes(8, "big")).decode()

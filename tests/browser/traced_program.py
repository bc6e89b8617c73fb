"""A program that MLflow's stock client traces: run by the tests in a process of its own."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.entities import AssessmentSource, SpanType

QUESTIONS = ("How warm is it in Lund?", "Which loom is oldest?", "What is a weft?")


USED = {"input_tokens": 40, "output_tokens": 9, "total_tokens": 49}


def answer(question: str, user: str) -> None:
    with mlflow.start_span("answer", SpanType.AGENT) as span:
        span.set_inputs({"question": question})
        mlflow.update_current_trace(
            tags={"team": "weaving"},
            metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": user},
        )
        with mlflow.start_span("look up", SpanType.RETRIEVER) as search:
            search.set_outputs([f"A page about: {question}"])
        span.set_outputs(chat(question))


def chat(question: str) -> str:
    system = {"role": "system", "content": f"A page about: {question}"}
    said = f"An answer to {question}"
    with mlflow.start_span("chat", SpanType.CHAT_MODEL) as span:
        span.set_inputs({"messages": [system, {"role": "user", "content": question}], "temperature": 0.2})
        span.set_attribute("mlflow.chat.tokenUsage", USED)
        span.set_outputs({"choices": [{"message": {"role": "assistant", "content": said}}]})
    return said


def weave(threads: int) -> None:
    with mlflow.start_span("weave", SpanType.TOOL) as span, mlflow.start_span("tighten"):
        span.set_inputs({"threads": threads})
        raise ValueError("the warp is torn")


def main(experiment: str) -> dict[str, str]:
    mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name="spool") as run:
        for question in QUESTIONS:
            answer(question, "mina")
    answered = str(mlflow.get_last_active_trace_id())
    try:
        weave(7)
    except ValueError:
        torn = str(mlflow.get_last_active_trace_id())
    mlflow.flush_trace_async_logging()
    mlflow.log_feedback(
        trace_id=answered,
        name="relevance",
        value=True,
        rationale="It answers what was asked.",
        source=AssessmentSource(source_type="HUMAN", source_id="mina"),
    )
    return {"run": run.info.run_id, "answered": answered, "torn": torn}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))

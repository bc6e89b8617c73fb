"""A program that MLflow's stock client traces: run by the tests in a process of its own."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.entities import AssessmentSource, SpanType

QUESTIONS = ("How warm is it in Lund?", "Which loom is oldest?", "What is a weft?")


@mlflow.trace(name="look up", span_type=SpanType.RETRIEVER)
def look_up(question: str) -> list[str]:
    return [f"A page about: {question}"]


@mlflow.trace(name="chat", span_type=SpanType.CHAT_MODEL)
def chat(messages: list[dict[str, str]], temperature: float) -> dict[str, object]:
    span = mlflow.get_current_active_span()
    assert span is not None
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 40, "output_tokens": 9, "total_tokens": 49})
    said = {"role": "assistant", "content": f"An answer to {messages[-1]['content']}"}
    return {"choices": [{"message": said, "temperature": temperature}]}


@mlflow.trace(name="answer", span_type=SpanType.AGENT)
def answer(question: str, user: str) -> str:
    mlflow.update_current_trace(
        tags={"team": "weaving"},
        metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": user},
    )
    pages = look_up(question)
    messages = [{"role": "system", "content": pages[0]}, {"role": "user", "content": question}]
    return str(chat(messages, 0.2))


@mlflow.trace(name="weave", span_type=SpanType.TOOL)
def weave(threads: int) -> None:
    with mlflow.start_span(name="tighten") as span:
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

"""What runs in a model process: it imports the author's file, loads versions, and predicts.

The main thread predicts. A version is loaded in a thread beside it, so that other projects are answered
meanwhile; the first one in the main thread, since there is nothing else to do and libraries like it best.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import msgspec

from treadle.errors import Invalid
from treadle.ml.authors import find_author
from treadle.ml.calling import Author, ProjectCall
from treadle.ml.serving.boundaries import Failure, attempt, shown
from treadle.ml.serving.frames import (
    NO_CONTEXT,
    Broken,
    Line,
    Load,
    Loaded,
    PartAnswer,
    Predict,
    Predicted,
    Project,
    Ready,
    ToModel,
)
from treadle.ml.serving.logs import start_logging
from treadle.ml.versions import UNTRAINED, Versions
from treadle.tether import end_with_parent

logger = logging.getLogger("treadle.ml")

Task = dict[str, object]
#: What an author says of a task: nobody has looked at it yet.
Item = object
_KEPT_CALLS = 256


def main() -> None:
    """Serve the front process over the socket whose descriptor is the first argument."""
    descriptor, tether, model, model_dir, log_level = sys.argv[1:]
    end_with_parent(int(tether))
    start_logging(log_level, "model")
    line: Line[ToModel] = Line(int(descriptor), msgspec.msgpack.Decoder(ToModel))
    found = attempt(f"The import of {model}", lambda: find_author(Path(model)))
    if isinstance(found, Failure):
        line.send(Broken(found.reason))
        return
    author = found.value
    line.send(Ready(author.name, sorted(author.train_events)))
    Desk(author, line, Path(model_dir)).work()
    os._exit(0)  # threads of the author's libraries keep nobody waiting


class Desk:
    """Does what comes over the line, one after the other."""

    def __init__(self, author: Author, line: Line[ToModel], model_dir: Path) -> None:
        self._author = author
        self._line = line
        self._model_dir = model_dir
        self._has_loaded = False
        self._later: SimpleQueue[Load] = SimpleQueue()
        threading.Thread(target=self._load_later, name="load", daemon=True).start()
        self._calls: dict[Project, ProjectCall] = {}

    def work(self) -> None:
        """Until the front is gone."""
        while (message := self._line.receive()) is not None:
            if isinstance(message, Predict):
                self._line.send(self._predict(message))
            elif self._has_loaded:
                self._later.put(message)
            else:
                self._load(message)

    def _load_later(self) -> None:
        while True:
            self._load(self._later.get())

    def _load(self, asked: Load) -> None:
        began_s = time.monotonic()
        what = f"Loading version {asked.version or UNTRAINED} of project {asked.project.key or '(unnamed)'}"
        done = attempt(what, lambda: self._load_version(asked))
        seconds = time.monotonic() - began_s
        if isinstance(done, Failure):
            self._line.send(Loaded(asked.project.key, asked.version, done.reason, seconds))
            return
        self._has_loaded = True
        logger.info("%s took %.1f s", what, seconds)
        self._line.send(Loaded(asked.project.key, asked.version, "", seconds))

    def _load_version(self, asked: Load) -> None:
        versions = Versions(self._model_dir, asked.project.key)
        stored = versions.read(asked.version) if asked.version else None
        self._author.load(self._call(asked.project), stored)

    def _predict(self, asked: Predict) -> Predicted:
        parts = [_tasks.decode(part) for part in asked.parts]
        tasks = [task for part in parts for task in part]
        items = self._items(asked, tasks)
        if asked.context != NO_CONTEXT:
            items = [_first(item) for item in items]
        version = asked.version or UNTRAINED
        answers, at = [], 0
        for part in parts:
            answers.append(answer_of(items[at : at + len(part)], part, version))
            at += len(part)
        return Predicted(answers)

    def _items(self, asked: Predict, tasks: list[Task]) -> list[Item]:
        call = self._call(asked.project)
        context = msgspec.json.decode(asked.context)
        settings = msgspec.json.decode(asked.settings)

        def predict(some: list[Task]) -> list[Item]:
            answer = self._author.predict(call, some, context, settings)
            return _checked(answer, len(some))

        items: list[Item] = []
        for at in range(0, len(tasks), asked.size):
            items += predict_all(predict, tasks[at : at + asked.size])
        return items

    def _call(self, project: Project) -> ProjectCall:
        # The same value each time, so that authors may keep by it what they read from it.
        call = self._calls.get(project)
        if call is None:
            if len(self._calls) >= _KEPT_CALLS:
                self._calls.clear()
            call = self._calls[project] = project.call()
        return call


def predict_all(predict: Callable[[list[Task]], list[Item]], tasks: list[Task]) -> list[Item]:
    """An item per task: all at once, and one by one where that fails, so that one broken task is alone."""
    done = attempt(f"A prediction of {len(tasks)} tasks", lambda: predict(tasks))
    if not isinstance(done, Failure):
        return list(done.value)
    if len(tasks) == 1:
        return [done]
    return [_alone(predict, task) for task in tasks]


def _alone(predict: Callable[[list[Task]], list[Item]], task: Task) -> Item:
    done = attempt(f"The prediction of task {task.get('id')}", lambda: predict([task]))
    return done if isinstance(done, Failure) else done.value[0]


def answer_of(items: list[Item], tasks: list[Task], version: str) -> PartAnswer:
    """Items as they go out, stamped with their version; one that failed is empty, and why is told."""
    errors: list[tuple[int, str]] = []
    stamped: list[object] = []
    for number, item in enumerate(items):
        whole, error = _stamped(item, version)
        if error:
            errors.append((number, error))
            logger.warning("Task %s got no prediction: %s", tasks[number].get("id"), error)
        stamped.append(whole)
    try:
        return PartAnswer(_encoder.encode(stamped)[1:-1], errors)
    except (TypeError, ValueError, RecursionError):
        return _answer_alone(stamped, errors, version)


def _answer_alone(stamped: list[object], errors: list[tuple[int, str]], version: str) -> PartAnswer:
    """The same where something in an item is no JSON: that item is empty."""
    encoded = []
    for number, item in enumerate(stamped):
        whole, error = _encoded(item)
        if error:
            errors.append((number, error))
            whole = _encoder.encode(_empty(version))
        encoded.append(whole)
    return PartAnswer(b",".join(encoded), errors)


def _encoded(item: object) -> tuple[bytes, str]:
    try:
        return _encoder.encode(item), ""
    except (TypeError, ValueError, RecursionError) as error:
        text = f"The prediction is no JSON: {shown(error)}"
        logger.warning("%s", text)
        return b"", text


def _first(item: Item) -> Item:
    """One prediction: who asks while drawing cannot take several."""
    if isinstance(item, list):
        return item[0] if item else {"result": []}
    return item


def _checked(answer: object, count: int) -> list[Item]:
    if isinstance(answer, list | tuple) and len(answer) == count:
        return list(answer)
    got = f"{len(answer)} items" if isinstance(answer, list | tuple) else type(answer).__name__
    raise Invalid("wrong-answer", f"predict returned {got} for {count} tasks. Return one item per task.")


def _stamped(item: Item, version: str) -> tuple[object, str]:
    """What goes out for an item, and why it is empty where it failed."""
    if isinstance(item, Failure):
        return _empty(version), item.reason or "it failed"
    if isinstance(item, list):
        return _stamped_all(item, version)
    if not isinstance(item, dict):
        return _empty(version), f"predict returned {type(item).__name__} where a prediction belongs"
    return _stamped_one(item, version)


def _stamped_one(item: dict[str, object], version: str) -> tuple[dict[str, object], str]:
    error = item.get("error")
    result = item.get("result")
    if not isinstance(result, list):
        return _empty(version), str(error or "the prediction has no list of regions")
    whole = {**item, "model_version": version}
    if error is not None:
        del whole["error"]
    score = item.get("score")
    if score is not None and type(score) is not float:
        number = _number(score)
        if number is None:
            logger.warning("A score is %r and left out: give a number.", score)
            del whole["score"]
        else:
            whole["score"] = number
    return whole, str(error or "")


def _stamped_all(items: list[object], version: str) -> tuple[list[dict[str, object]], str]:
    """Several predictions of one task; those that name a version of their own keep it."""
    stamped, errors = [], []
    for item in items:
        if not isinstance(item, dict):
            errors.append(f"predict returned {type(item).__name__} where a prediction belongs")
            continue
        own = item.get("model_version")
        whole, error = _stamped_one(item, own if isinstance(own, str) and own else version)
        if error:
            errors.append(error)
        stamped.append(whole)
    return stamped, "; ".join(errors)


def _empty(version: str) -> dict[str, object]:
    return {"result": [], "model_version": version}


def _number(score: object) -> float | None:
    if isinstance(score, str | bytes):
        return None
    try:
        return float(score)  # type: ignore[arg-type] # numbers of numpy and torch among them
    except (TypeError, ValueError, OverflowError):
        return None


def plain(value: object) -> object:
    """What JSON can hold instead of a value of numpy or torch, a path or a set."""
    for name in ("tolist", "item"):
        made = getattr(value, name, None)
        if callable(made):
            return made()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no value of JSON")


_tasks = msgspec.json.Decoder(list[dict[str, object]])
_encoder = msgspec.json.Encoder(enc_hook=plain)

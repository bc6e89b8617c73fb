"""What runs in a training process: it fetches what there is to learn from, trains, and stores the version."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec

from treadle.errors import Invalid, TreadleError, telling_a_full_disk
from treadle.ml.authors import find_author
from treadle.ml.calling import Author, ProjectCall
from treadle.ml.serving.boundaries import Failure, attempt
from treadle.ml.serving.exporting import fetch_tasks
from treadle.ml.serving.frames import Failed, FromTrainer, Line, Metric, Progress, Stop, Stored
from treadle.ml.serving.jobs import JobFolder, Request
from treadle.ml.serving.logs import start_logging
from treadle.ml.versions import Versions
from treadle.tether import end_with_parent

logger = logging.getLogger("treadle.ml")
START_TRAINING = "START_TRAINING"
#: Behind everything that answers somebody.
_NICENESS = 19
_AUTOGROUP = Path("/proc/self/autogroup")
_TRIES, _PAUSE_S = 20, 0.11
_PROGRESS_EVERY_S = 0.2


def main() -> None:
    """Train what the job's folder asks for; the front process hears of it over the socket."""
    descriptor, tether, model, model_dir, project_folder, number, log_level = sys.argv[1:]
    end_with_parent(int(tether))
    stand_back()
    start_logging(log_level, "train")
    sink = Sink(Line(int(descriptor), msgspec.msgpack.Decoder(Stop)))
    threading.Thread(target=sink.listen, name="stop", daemon=True).start()
    folder = JobFolder(Path(project_folder), number)
    done = attempt("The training", lambda: train(Path(model), Path(model_dir), folder, sink))
    sink.end(Failed(done.reason) if isinstance(done, Failure) else Stored(done.value))
    sys.stdout.flush()
    os.killpg(0, signal.SIGKILL)  # what the author's libraries started ends with it


def stand_back() -> None:
    """Let everything go first that answers somebody."""
    os.nice(_NICENESS)
    # Linux shares a processor between sessions before it looks at niceness within one.
    for _ in range(_TRIES):
        if _is_told():
            return
        time.sleep(_PAUSE_S)


def _is_told() -> bool:
    try:
        _AUTOGROUP.write_text(str(_NICENESS))
    except BlockingIOError:
        return False  # for a tenth of a second after another process has asked
    except OSError:
        return True  # not on this system
    return True


class Sink:
    """Where the author tells how it goes; the front hears of it."""

    def __init__(self, line: Line[Stop]) -> None:
        self._line = line
        self._is_stopped = threading.Event()
        self._told_at_s = 0.0
        #: Whether a training that is stopped makes a version all the same.
        self.is_kept = False
        self.metrics: dict[str, float] = {}

    def listen(self) -> None:
        """Wait for the wish to stop."""
        while (stop := self._line.receive()) is not None:
            self.is_kept = stop.is_kept
            self._is_stopped.set()

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Tell a value."""
        self.metrics[name] = float(value)
        self._tell(Metric(name, float(value), step))

    def log(self, text: str) -> None:
        """Write a line into the log."""
        print(text, flush=True)

    def progress(self, done: float, total: float) -> None:
        """Tell how far it is; a few times a second at most."""
        now_s = time.monotonic()
        if now_s - self._told_at_s >= _PROGRESS_EVERY_S or done >= total:
            self._told_at_s = now_s
            self._tell(Progress(float(done), float(total)))

    def should_stop(self) -> bool:
        """Whether somebody wants it to end."""
        return self._is_stopped.is_set()

    def end(self, message: FromTrainer) -> None:
        """Tell the outcome."""
        self._tell(message)

    def _tell(self, message: FromTrainer) -> None:
        try:
            self._line.send(message)
        except OSError:
            return  # the front is gone, and so are we in a moment


def train(model: Path, model_dir: Path, folder: JobFolder, sink: Sink) -> str:
    """Train and store; the name of the version, "" where none came of it.

    Raises what the author's code raises, Invalid("training-stopped"), Unavailable("disk-full").
    """
    asked = folder.read_request()
    author = find_author(model)
    versions = Versions(model_dir, asked.key)
    call, data = _call_of(asked)
    if not isinstance(data.get("tasks"), list) and _is_fetched(author, asked.event):
        tasks = data["tasks"] = fetch_tasks(call)
        logger.info("%d tasks to learn from", len(tasks))
    if asked.version:
        _begin_with(author, call, versions, asked.version)
    else:
        author.load(call, None)
    folder.version.mkdir(parents=True)
    with telling_a_full_disk("what the training wrote"):
        outcome = author.fit(call, asked.event, data, sink, folder=folder.version)
    if sink.should_stop() and not sink.is_kept:
        raise Invalid("training-stopped", "The training was stopped.")
    if outcome is None:
        return ""
    return versions.publish(
        folder.version, outcome, job=folder.id, label_config=asked.label_config, metrics=sink.metrics
    )


def _is_fetched(author: Author, event: str) -> bool:
    # Models of the old styles fetch for themselves what an annotation's event does not bring.
    return event == START_TRAINING or bool(getattr(author, "wants_tasks", False))


def _begin_with(author: Author, call: ProjectCall, versions: Versions, name: str) -> None:
    try:
        stored = versions.read(name)
    except TreadleError as error:
        logger.warning("The training begins anew: %s", error.message)
        author.load(call, None)
        return
    author.load(call, stored)


def _call_of(asked: Request) -> tuple[ProjectCall, dict[str, object]]:
    data = msgspec.json.decode(asked.data, type=dict[str, object])
    about = data.get("project")
    call = ProjectCall(
        asked.key,
        asked.label_config,
        asked.hostname,
        asked.access_token,
        msgspec.json.decode(asked.extra_params),
        about if isinstance(about, dict) else None,
    )
    return call, data

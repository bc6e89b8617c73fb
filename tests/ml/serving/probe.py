"""A model that does what its tasks tell it to; tests write it to a file and serve it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from treadle.ml import Context, Dataset, Model, Region, Run, Task, Version, choice

NOTES = Path(os.environ.get("PROBE_NOTES", os.devnull))
GATE = Path(os.environ.get("PROBE_GATE", os.devnull))


class Probe(Model):
    def load(self, version: Version | None) -> None:
        note(f"load {version.name if version else 'untrained'}")
        if self.settings.get("load") == "slow":
            wait_for_gate()
        if self.settings.get("load") == "broken":
            raise RuntimeError("the weights are of cheese")
        self.word = (version.folder / "word.txt").read_text() if version else "nothing"

    def predict(self, tasks: Sequence[Task], context: Context) -> list[list[Region] | None]:
        note(f"predict {len(tasks)}")
        for task in tasks:
            DEEDS.get(str(task.data.get("do")), int)()
        label = self.labels.control().labels[0]
        return [[choice(label, score=0.5)] if "list" not in task.data else None for task in tasks]

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | None:
        note(f"fit {len(dataset)} nice {os.nice(0)}")
        run.log("the training says hello")
        run.progress(1, 2)
        run.log_metric("loss", 0.25, step=1)
        do = run.settings.get("do")
        if do == "wait":
            wait_for_gate()
        if do == "die":
            die()
        if do == "full":
            raise OSError(28, "No space left on device")
        while do == "until-stopped" and not run.should_stop():
            time.sleep(0.01)
        if do == "nothing":
            return None
        (run.folder / "word.txt").write_text(str(run.settings.get("word", "learnt")))
        return {"word": run.folder / "word.txt"}


def note(text: str) -> None:
    with NOTES.open("a") as file:
        file.write(text + "\n")


def wait_for_gate() -> None:
    note("waiting")
    while not GATE.exists():
        time.sleep(0.01)


def hang() -> None:
    time.sleep(600)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise RuntimeError("the task is of cheese")


DEEDS = {"die": die, "hang": hang, "wait": wait_for_gate, "raise": fail}

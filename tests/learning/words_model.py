"""A model that counts the words of each label; tests write it to a file of its own and serve it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from treadle.ml import Context, Dataset, Model, Region, Run, Task, Version, choice

FOLDER = Path(os.environ.get("WORDS_FOLDER", os.devnull))


class Words(Model):
    def load(self, version: Version | None) -> None:
        self.counts: dict[str, dict[str, int]] = {}
        if version:
            self.counts = json.loads(Path(str(version.outcome["counts"])).read_text())

    def predict(self, tasks: Sequence[Task], context: Context) -> list[list[Region] | None]:
        return [self.answer(task.text().split()) for task in tasks]

    def answer(self, words: list[str]) -> list[Region] | None:
        scores = {
            label: sum(map(counts.get, words, [0] * len(words))) for label, counts in self.counts.items()
        }
        best = max(scores, key=lambda label: scores[label], default=None)
        return None if best is None else [choice(best, score=0.9)]

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | None:
        note([example.task.id for example in dataset])
        counts: dict[str, Counter[str]] = {}
        for example in dataset:
            for label in example.answers("kind"):
                counts.setdefault(label, Counter()).update(example.task.text().split())
        for step in run.steps(int(str(run.settings.get("epochs", 2)))):
            run.log_metric("loss", 1 / (step + 1), step)
            run.log(f"epoch {step} … «done»")
            self.obey(str(run.settings.get("do")), run)
        path = run.folder / "counts.json"
        path.write_text(json.dumps(counts))
        return {"counts": path}

    def obey(self, do: str, run: Run) -> None:
        if do == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "full":
            raise OSError(28, "No space left on device")
        while do == "wait" and not run.should_stop():
            time.sleep(0.01)


def note(ids: list[object]) -> None:
    (FOLDER / "learnt").write_text(json.dumps(ids))

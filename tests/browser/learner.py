"""A model that learns which words stand for which choice; tests serve it beside a Treadle."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from treadle.ml import Context, Dataset, Model, Prediction, Run, Task, Version, choice

#: While this file is not there a training goes no further than its second round.
GATE = Path(os.environ.get("LEARNER_GATE", os.devnull))
ROUNDS = 4


class Learner(Model):
    def load(self, version: Version | None) -> None:
        self.known: dict[str, str] = {}
        if version is not None:
            self.known = json.loads((version.folder / "words.json").read_text())

    def predict(self, tasks: Sequence[Task], context: Context) -> list[Prediction | None]:
        return [self._predict(task.text()) for task in tasks]

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object]:
        seen: dict[str, Counter[str]] = {}
        for example in dataset:
            for word in example.task.text().split():
                seen.setdefault(word, Counter()).update(example.answers("kind"))
        for step in range(1, ROUNDS + 1):
            run.log_metric("accuracy", step / ROUNDS, step)
            run.log_metric("loss", 2.0 / step, step)
            run.progress(step, ROUNDS)
            run.log(f"round {step}: {len(seen)} words")
            while step == 2 and not GATE.exists() and not run.should_stop():
                time.sleep(0.05)
                run.progress(step, ROUNDS)
        words = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
        (run.folder / "words.json").write_text(json.dumps(words))
        return {"words": run.folder / "words.json"}

    def _predict(self, text: str) -> Prediction | None:
        if "broken" in text:
            raise ValueError("this text is broken")
        found = Counter(self.known[word] for word in text.split() if word in self.known)
        label = found.most_common(1)[0][0] if found else self.labels.control().labels[0]
        return Prediction([choice(label, score=0.9 if found else 0.5)])

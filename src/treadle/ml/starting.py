"""``treadle ml init``: the files that a new backend begins with. They run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from treadle.errors import Conflict, Invalid, telling_a_full_disk

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

_MODEL = '''\
"""A classifier of texts: it counts words, and learns in an instant. Put your own model in its place."""

import json
import math
import re
from collections import Counter

from treadle.ml import Model, choice

_WORD = re.compile(r"\\w+")


class $name(Model):
    def load(self, version):
        """Called once for each version: get the model ready. Nothing was trained where version is None."""
        self.words = {}
        if version is not None:
            self.words = json.loads((version.folder / "words.json").read_text("utf-8"))

    def predict(self, tasks, context):
        """One item per task, in order; None where there is nothing to say."""
        return [self._classify(task.text()) for task in tasks]

    def fit(self, dataset, run):
        """Learn from finished work; what is written below run.folder belongs to the new version."""
        parts = dataset.split(held_out=0.2, seed=0)
        words = {label: Counter() for label in self._labels()}
        for example in parts.train:
            for label in example.answers(self._control().name):
                words.setdefault(label, Counter()).update(_words(example.task.text()))
        self.words = words
        run.log_metric("accuracy", self._accuracy(parts.held_out))
        path = run.folder / "words.json"
        path.write_text(json.dumps(words), "utf-8")
        return {"model_file": path}

    def _control(self):
        return self.labels.control()

    def _labels(self):
        return self._control().labels

    def _classify(self, text):
        labels = list(self._labels())
        if not self.words:
            return [choice(labels[0], score=1 / len(labels))]
        scores = {label: self._likelihood(label, text) for label in labels}
        best = max(scores, key=scores.get)
        total = sum(math.exp(score - scores[best]) for score in scores.values())
        return [choice(best, score=1 / total)]

    def _likelihood(self, label, text):
        counts = self.words.get(label, {})
        size = sum(counts.values()) + 1000
        return sum(math.log((counts.get(word, 0) + 1) / size) for word in _words(text))

    def _accuracy(self, examples):
        name = self._control().name
        right = sum(self._classify(one.task.text())[0].labels[0] in one.answers(name) for one in examples)
        return right / len(examples) if len(examples) else 0.0


def _words(text):
    return _WORD.findall(text.lower())
'''

_CONFIG = """\
<View>
  <Text name="text" value="$$text"/>
  <Choices name="sentiment" toName="text">
    <Choice value="Positive"/>
    <Choice value="Negative"/>
  </Choices>
</View>
"""

_TASK = """\
[
  {"id": 1, "data": {"text": "A lovely film, bright and kind."}},
  {"id": 2, "data": {"text": "Dull, long and badly made."}}
]
"""

_TEST = '''\
"""The model by itself, as a server would ask it: ``python -m pytest``."""

from pathlib import Path

from treadle.ml.checking import check_backend
from treadle.ml.trying import backend

HERE = Path(__file__).parent


def test_the_backend_does_what_servers_expect(tmp_path):
    with backend(HERE / "model.py", tmp_path) as address:
        report = check_backend(address, is_trained=True)
    assert report.is_passed, report.text()
'''

_README = """\
# $title

A model backend for Treadle, and for Label Studio 1.x.

    treadle ml test model.py --label-config config.xml --task tasks.json   # what it predicts
    treadle ml serve model.py                        # http://localhost:9090
    treadle ml check http://localhost:9090           # asks it all that a server asks
    python -m pytest                                 # the same as a test

It needs Treadle with its extra `ml`: in a checkout of Treadle `.venv/bin/pip install '.[ml]'`, as a package
`pip install 'treadle[ml]'`.

Connect `http://localhost:9090` on the tab *Learning* of a project with a label config such as `config.xml`.
*Train* learns from what people finished. In Treadle the new version serves once somebody lets it (*Serve*, or
*Let it serve at once if it is better*), and after every restart from then on; in Label Studio as soon as it
is loaded.

- `model.py`: `load`, `predict`, `fit`. There is nothing else to write, and no other file is generated.
- Versions lie below `treadle-ml/`, or where `--model-dir` says: back that folder up.
"""


def start_backend(folder: Path) -> list[Path]:
    """Write a backend that runs as it stands into a new folder; its files.

    Raises Invalid("name"), Conflict("folder-there"), Unavailable("disk-full").
    """
    if not _NAME.fullmatch(folder.name):
        raise Invalid("name", f"{folder.name!r} is no name: letters, digits, - and _, a letter first.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("folder-there", f"{folder} is there already, and not empty. Give another name.")
    words = {
        "name": "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", folder.name)),
        "title": folder.name,
    }
    with telling_a_full_disk(f"the backend {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in _FILES.items():
            (folder / file).write_text(Template(content).substitute(words), "utf-8")
    return [folder / file for file in _FILES]


_FILES = {
    "model.py": _MODEL,
    "config.xml": _CONFIG,
    "tasks.json": _TASK,
    "test_model.py": _TEST,
    "README.md": _README,
}

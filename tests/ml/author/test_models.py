"""A model of one's own, from the file that somebody wrote to what goes over the wire and back from disk."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.ml.author.sink import Sink
from tests.ml.author.studio import Studio, serve
from treadle.errors import Invalid, NotFound
from treadle.ml.authors import find_author
from treadle.ml.calling import Author, ProjectCall, StoredVersion

CONFIG = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img"><Label value="Dark"/><Label value="Light"/></RectangleLabels>
</View>"""
MODEL = '''
import json
from pathlib import Path
from treadle.ml import Model, rectangle


class Brightness(Model):
    """One box over the whole picture, named by a threshold that it learns."""

    def load(self, version):
        self.threshold = 128 if version is None else json.loads(Path(version.outcome["weights"]).read_text())
        self.metrics = {} if version is None else version.metrics

    def predict(self, tasks, context):
        return [self.one(task) for task in tasks]

    def one(self, task):
        picture = task.image()
        mean = picture.convert("L").getpixel((0, 0))
        label = "Light" if mean > self.threshold else "Dark"
        if mean == 0:
            return None
        wanted = self.settings.get("name", label)
        return [rectangle(wanted, 0, 0, *picture.size, score=0.75)]

    def fit(self, dataset, run):
        for step in run.steps(3):
            run.log_metric("accuracy", step / 2, step)
        if not run.settings.get("keep", True):
            return {"model_file": None}
        path = run.scratch / "threshold.json"
        path.write_text(json.dumps(len(dataset)))
        return {"weights": path, "classes": dataset.classes()}
'''


def picture(grey: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (40, 20), grey).save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Author:
    monkeypatch.setenv("TREADLE_ML_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model.py").write_text(MODEL)
    return find_author(tmp_path)


def call(url: str = "", **more: Any) -> ProjectCall:
    return ProjectCall("1.1", CONFIG, url, **more)


def labels(items: list[Any]) -> list[Any]:
    return [[region["value"]["rectanglelabels"] for region in item["result"]] for item in items]


def test_tasks_become_predictions_and_one_that_fails_takes_no_other_with_it(author: Author) -> None:
    files = {"/data/light.png": picture(200), "/data/none.png": picture(0), "/data/broken.png": b"\x89PNG"}
    with serve(Studio(files)) as studio:
        project = call(studio.url)
        author.load(project, None)
        names = ("light", "broken", "none", "missing")
        tasks: list[dict[str, object]] = [
            {"id": place, "data": {"image": f"/data/{name}.png"}} for place, name in enumerate(names)
        ]
        light, broken, none, missing = author.predict(project, tasks, None, {})
    assert labels([light]) == [[["Light"]]]
    assert isinstance(light, dict)
    assert light["score"] == 0.75
    assert none == {"result": []}
    assert isinstance(broken, dict)
    assert "picture of task 1 cannot be read" in str(broken["error"])
    assert isinstance(missing, dict)
    assert "is not there (404)" in str(missing["error"])


def test_settings_are_live_and_say_what_becomes_of_unknown_classes(author: Author) -> None:
    with serve(Studio({"/a.png": picture(200)})) as studio:
        project = call(studio.url, extra_params={"name": "Bus"})
        author.load(project, None)
        tasks: list[dict[str, object]] = [{"id": 1, "data": {"image": "/a.png"}}]
        (refused,) = author.predict(project, tasks, None, {})
        assert isinstance(refused, dict)
        assert 'Its labels: "Dark", "Light"' in str(refused["error"])
        dropped = author.predict(project, tasks, None, {"unknown_labels": "drop"})
        assert dropped == [{"result": [], "dropped": {"Bus": 1}}]
        assert labels(author.predict(project, tasks, None, {"unknown_labels": {"Bus": "Dark"}})) == [
            [["Dark"]]
        ]


def export() -> list[dict[str, object]]:
    done = {"id": 1, "result": [], "updated_at": "2026"}
    return [{"id": place, "data": {"image": "/a.png"}, "annotations": [done]} for place in range(5)]


def test_a_version_is_found_again_wherever_its_folder_lies(author: Author, tmp_path: Path) -> None:
    sink, folder = Sink(), tmp_path / "new"
    folder.mkdir()
    outcome = author.fit(call(), "START_TRAINING", {"tasks": export()}, sink, folder=folder)
    assert sink.metrics["accuracy"] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert list(sink.done or ()) == [3, 3]
    assert outcome is not None
    assert sorted(path.name for path in folder.iterdir()) == ["threshold.json"]
    shutil.move(folder, tmp_path / "versions-1")
    stored = StoredVersion("v1", tmp_path / "versions-1", json.loads(json.dumps(outcome)))
    with serve(Studio({"/a.png": picture(6)})) as studio:
        author.load(call(studio.url), stored)
        assert labels(
            author.predict(call(studio.url), [{"id": 1, "data": {"image": "/a.png"}}], None, {})
        ) == [[["Light"]]]


def test_nothing_to_keep_is_no_version_and_nothing_to_learn_from_is_an_error(
    author: Author, tmp_path: Path
) -> None:
    data: dict[str, object] = {"tasks": export(), "settings": {"keep": False}}
    assert author.fit(call(), "START_TRAINING", data, Sink(), folder=tmp_path / "v") is None
    cancelled = [{**task, "annotations": [{"result": [], "was_cancelled": True}]} for task in export()]
    with pytest.raises(Invalid, match="None of the 5 tasks has finished work"):
        author.fit(call(), "START_TRAINING", {"tasks": cancelled}, Sink(), folder=tmp_path / "w")


def test_a_training_that_is_asked_to_stop_stops(author: Author, tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    sink = Sink(stop_after=1)
    author.fit(call(), "START_TRAINING", {"tasks": export()}, sink, folder=tmp_path / "v")
    assert sink.metrics["accuracy"] == [(0, 0.0)]
    assert sink.lines == ["Stopped on request after 1 of 3."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1", "0 classes that are models"),
        ("from treadle.ml import Model\nclass A(Model): ...\nclass B(Model): ...", '"A", "B"'),
        ("import nothing_of_that_name", "Install what it needs"),
    ],
)
def test_a_file_without_one_model_says_so(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(text)
    with pytest.raises(Invalid, match=told):
        find_author(tmp_path / "model.py")
    with pytest.raises(NotFound):
        find_author(tmp_path / "other.py")

"""Models written for ``label_studio_ml`` run as they are, and keep what they learned."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ml.author.sink import Sink
from tests.ml.author.studio import Studio
from tests.ml.compat import models
from treadle.ml.authors import find_author
from treadle.ml.calling import Author, ProjectCall, StoredVersion

BOXES = """<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img">
<Label value="Cat"/><Label value="Dog"/></RectangleLabels></View>"""
OUTLINES = BOXES.replace("RectangleLabels", "PolygonLabels")
WORDS = """<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="A"/>
<Choice value="B"/></Choices></View>"""


def author_of(place: Path, text: str) -> Author:
    """As a new process finds it."""
    (place / "models").mkdir(exist_ok=True)
    (place / "models/model.py").write_text(text)
    return find_author(place / "models/model.py")


def trained(
    author: Author, project: ProjectCall, data: dict[str, object], place: Path
) -> StoredVersion | None:
    """A training as serving does it: in a folder that is moved afterwards, its outcome through JSON."""
    number = len(list(place.glob("v*")))
    folder = place / f"part-{number}"
    folder.mkdir()
    event = str(data.get("action", "START_TRAINING"))
    outcome = author.fit(project, event, data, Sink(), folder=folder)
    if outcome is None:
        return None
    shutil.move(folder, place / f"v{number}")
    return StoredVersion(f"v{number}", place / f"v{number}", json.loads(json.dumps(outcome)))


def labelled(number: int, label: str, key: str = "rectanglelabels", **annotation: Any) -> dict[str, Any]:
    value = {"x": 10, "y": 20, "width": 30, "height": 40, key: [label]}
    result = [{"from_name": "box", "to_name": "img", "type": key, "value": value}]
    data = {"image": f"/data/upload/1/{number}.png"}
    return {"id": number, "data": data, "annotations": [{"result": result, **annotation}]}


def said(items: list[Any], key: str) -> list[Any]:
    return [(item["score"], [region["value"][key] for region in item["result"]]) for item in items]


def test_an_old_detector_keeps_what_it_learned_over_restarts_and_in_a_second_replica(
    place: Path, studio: Studio
) -> None:
    project = ProjectCall("1.179", BOXES, studio.url, "k")
    task: list[dict[str, object]] = [labelled(0, "Cat")]
    author = author_of(place, models.DETECTION)
    assert author.train_events == {
        "ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "PROJECT_UPDATED",
        "ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED",
    }  # fmt: skip
    author.load(project, None)
    assert said(author.predict(project, task, None, {}), "rectanglelabels") == [(0.5, [["untrained"]])]

    tasks = [labelled(1, "Dog"), labelled(2, "Cat", was_cancelled=True), labelled(3, "Cat")]
    first = trained(author, project, {"tasks": tasks}, place)
    assert first is not None
    weights = json.loads((first.folder / "best.pt").read_text())
    assert weights["names"] == ["Cat", "Dog"]
    assert weights["seen"] == ["1 0.1 0.2 0.3 0.4", "0 0.1 0.2 0.3 0.4"]
    assert sorted(path.name for path in Path.cwd().iterdir()) == [
        "downloaded",
        "yolov8n-seg.pt",
        "yolov8n.pt",
    ]

    replica = author_of(place, models.DETECTION)
    replica.load(project, first)
    assert said(replica.predict(project, task, None, {}), "rectanglelabels") == [(0.6, [["Cat"]])]
    # The next training starts from it and finds its own weights at the path that the first had.
    second = trained(replica, project, {"tasks": tasks[:1]}, place)
    assert second is not None
    assert json.loads((second.folder / "best.pt").read_text())["rounds"] == 2
    event: dict[str, object] = {
        "action": "ANNOTATION_CREATED",
        "annotation": {"id": 1},
        "task": {"id": 1},
        "project": {"id": 1},
    }
    assert trained(replica, project, event, place) is None
    author.load(project, second)
    assert said(author.predict(project, task, None, {}), "rectanglelabels") == [(0.7, [["Cat"]])]
    author.load(project, None)
    assert said(author.predict(project, task, None, {}), "rectanglelabels") == [(0.5, [["untrained"]])]


def test_an_old_segmenter_reads_its_media_folder_and_finds_its_weights_by_a_variable(
    place: Path, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_ML_MEDIA_DIR", "data/media")
    project = ProjectCall("2.1", OUTLINES, studio.url, "k")
    tasks: list[dict[str, object]] = [labelled(0, "Cat"), labelled(1, "Cat")]
    author = author_of(place, models.SEGMENTATION)
    answers = author.predict(project, tasks, None, {})  # it takes one at a time and is asked so
    assert said(answers, "polygonlabels") == [(0.5, [["untrained"]])] * 2
    learned = [labelled(number, "Dog", "polygonlabels") for number in (1, 2)]
    version = trained(author, project, {"tasks": learned}, place)
    assert version is not None
    replica = author_of(place, models.SEGMENTATION)
    replica.load(project, version)
    assert said(replica.predict(project, tasks[:1], None, {}), "polygonlabels") == [(0.6, [["Cat"]])]
    assert "SEG_MODEL_FILE" not in os.environ


def test_a_current_model_keeps_state_and_files_for_each_version(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_DIR", str(place / "written"))
    project = ProjectCall("7.1", WORDS, "http://studio:8080", "k", extra_params={"score": 0.25})
    author = author_of(place, models.CURRENT)
    assert "START_TRAINING" in author.train_events
    tasks: list[dict[str, object]] = [{"id": 1, "data": {"text": "hello"}}]

    def answer(context: dict[str, object] | None = None, **settings: object) -> Any:
        (item,) = author.predict(project, tasks, context, settings)
        assert isinstance(item, dict)
        assert "model_version" not in item
        return item["score"], item["result"][0]["value"]  # type: ignore[index]

    author.load(project, None)
    assert answer() == (0.25, {"choices": ["A"], "prompt": None, "host": "http://studio:8080"})
    assert answer(score=0.75)[0] == 0.75
    result = {"value": {"choices": ["B"]}}
    export = [{"id": 1, "data": {"text": "hello"}, "annotations": [{"id": 5, "result": [result]}]}]
    version = trained(author, project, {"tasks": export, "project": {"id": 7}}, place)
    assert version is not None
    assert version.outcome["state"] == {"count": "1"}
    assert answer()[1]["choices"] == ["A"]  # until the version is loaded
    author.load(project, version)
    assert answer()[1]["choices"] == ["B"]
    drawn: dict[str, object] = {"result": [{"value": {"text": ["think"]}}]}
    assert answer(drawn)[1]["prompt"] == "think"
    author = author_of(place, models.CURRENT)
    author.load(project, version)
    assert answer()[1] == {"choices": ["B"], "prompt": "think", "host": "http://studio:8080"}
    assert trained(author, project, {"action": "PROJECT_UPDATED"}, place) is None


def test_a_prediction_waits_for_no_disk(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_DIR", str(place / "written"))
    author = author_of(place, models.CURRENT)
    project = ProjectCall("7.1", WORDS)
    tasks: list[dict[str, object]] = [{"id": 1, "data": {"text": "hello"}}]
    author.predict(project, tasks, None, {})

    def refuse(*_: object) -> None:
        raise AssertionError("the disk was waited for")

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    author.predict(project, tasks, None, {})
    with pytest.raises(AssertionError, match="waited for"):  # a change alone is written, without a sync
        author.predict(project, tasks, {"result": [{"value": {"text": ["new"]}}]}, {})


FITS = {
    "train of old": ("tasks, workdir=None, batch_size=32, **kwargs", "tasks, None"),
    "webhook of old": ("completions, event=None, data=None, job_id=None, workdir=None", "completions, event"),
    "between": ("event, data, **kwargs", "data['tasks'], event"),
    "anything": ("*args, **kwargs", "args[0], kwargs['event']"),
}


@pytest.mark.parametrize(("asked", "told"), FITS.values(), ids=FITS)
def test_fit_is_called_as_it_was_written(asked: str, told: str, place: Path) -> None:
    source = (
        "from label_studio_ml.model import LabelStudioMLBase\n"
        "class Plain(LabelStudioMLBase):\n"
        "    def __init__(self, **kwargs): super().__init__(**kwargs)\n"
        "    def predict(self, tasks, **kwargs): return [{'result': []} for _ in tasks]\n"
        f"    def fit(self, {asked}):\n"
        f"        tasks, event = {told}\n"
        "        return {'count': len(tasks), 'event': event}\n"
    )
    author = author_of(place, source)
    folder = place / "v"
    folder.mkdir()
    outcome = author.fit(
        ProjectCall("1.1", WORDS), "START_TRAINING", {"tasks": [{}, {}]}, Sink(), folder=folder
    )
    assert outcome is not None
    learned: Any = outcome["train_output"]
    assert learned["count"] == 2
    assert learned["event"] in (None, "START_TRAINING")


def test_names_are_given_only_where_nothing_of_that_name_is_installed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    author_of(place, models.CURRENT)
    import label_studio_ml.model as given  # type: ignore[import-not-found]

    assert given.LabelStudioMLBase.__module__ == "treadle.ml.compat.model_class"
    for name in [name for name in sys.modules if name.partition(".")[0] == "label_studio_ml"]:
        monkeypatch.delitem(sys.modules, name)
    (place / "site/label_studio_ml").mkdir()
    (place / "site/label_studio_ml/__init__.py").write_text("")
    (place / "site/label_studio_ml/model.py").write_text("installed = True")
    import label_studio_ml.model as installed

    assert installed.installed
    with pytest.raises(ImportError):
        import label_studio_ml.utils  # type: ignore[import-not-found]  # noqa: F401

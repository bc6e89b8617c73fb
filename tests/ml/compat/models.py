"""Models as people wrote them for ``label_studio_ml``, and a library in place of ultralytics.

The library trains by counting: its weights are JSON that says how many pictures of which classes they saw.
"""

from __future__ import annotations

ULTRALYTICS = """
import json
from pathlib import Path
from ultralytics.utils import SETTINGS


class Boxes:
    def __init__(self, found):
        self.xyxy = [box for box, _, _ in found]
        self.cls = [place for _, place, _ in found]
        self.conf = [score for _, _, score in found]

    def __len__(self):
        return len(self.cls)


class Masks:
    def __init__(self, found):
        self.xy = [[(x1, y1), (x2, y1), (x2, y2)] for (x1, y1, x2, y2), _, _ in found]


class Results:
    def __init__(self, names, found, shape):
        self.names, self.boxes, self.masks, self.orig_shape = names, Boxes(found), Masks(found), shape


class YOLO:
    def __init__(self, weights):
        self.task = "segment" if "-seg" in str(weights) else "detect"
        self.state = json.loads(Path(weights).read_text())

    def train(self, data, epochs, **settings):
        lines = dict(line.split(": ", 1) for line in Path(data).read_text().splitlines())
        labels = Path(lines["path"]) / "labels"
        texts = sorted(labels.glob("*.txt"))
        names = json.loads(lines["names"])
        runs, number = Path(SETTINGS["runs_dir"]) / self.task, 1
        folder = runs / "train"
        while folder.exists():
            number += 1
            folder = runs / f"train{number}"
        (folder / "weights").mkdir(parents=True)
        rounds = self.state.get("rounds", 0) + 1
        self.state = {"names": names, "rounds": rounds, "seen": [text.read_text() for text in texts]}
        (folder / "weights/best.pt").write_text(json.dumps(self.state))

    def predict(self, source, conf=0.25):
        from PIL import Image
        size = Image.open(source).size
        found = [((0, 0, size[0] / 2, size[1]), 0, 0.5 + self.state.get("rounds", 0) / 10)]
        return [Results(self.state["names"], found, (size[1], size[0]))]
"""

#: Fixes where it writes when it is imported, as releases of ultralytics do in some places.
ULTRALYTICS_UTILS = """
from pathlib import Path
SETTINGS = {"runs_dir": str(Path("runs").resolve())}
"""

DETECTION = """
import json, logging, os, shutil
import requests
from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.utils import get_image_size, get_single_tag_keys, is_skipped
from ultralytics import YOLO

logger = logging.getLogger(__name__)
LS_URL = os.environ["LS_URL"]
LS_API_TOKEN = os.environ["LS_API_TOKEN"]


class YOLOv8Model(LabelStudioMLBase):
    def __init__(self, **kwargs):
        super(YOLOv8Model, self).__init__(**kwargs)
        self.from_name, self.to_name, self.value, self.classes = get_single_tag_keys(
            self.parsed_label_config, "RectangleLabels", "Image")
        weights = self.train_output.get("model_file") or os.environ.get("MODEL_FILE", "yolov8n.pt")
        self.weights = weights
        self.model = YOLO(weights)

    def download(self, task, folder):
        path = task["data"][self.value]
        answer = requests.get(LS_URL + path, headers={"Authorization": f"Token {LS_API_TOKEN}"})
        answer.raise_for_status()
        os.makedirs(folder, exist_ok=True)
        target = os.path.join(folder, os.path.basename(path))
        with open(target, "wb") as file:
            file.write(answer.content)
        return target

    def predict(self, tasks, **kwargs):
        predictions = []
        for task in tasks:
            assert task["data"][self.value].startswith("/data/upload/")
            image = self.download(task, "downloaded")
            width, height = get_image_size(image)
            result, scores = [], []
            for found in self.model.predict(source=image, conf=0.25):
                boxes = found.boxes
                for (x1, y1, x2, y2), place, score in zip(boxes.xyxy, boxes.cls, boxes.conf):
                    result.append({
                        "from_name": self.from_name, "to_name": self.to_name, "type": "rectanglelabels",
                        "score": score,
                        "value": {"x": x1 / width * 100, "y": y1 / height * 100,
                                  "width": (x2 - x1) / width * 100, "height": (y2 - y1) / height * 100,
                                  "rectanglelabels": [found.names[int(place)]]}})
                    scores.append(score)
            predictions.append({"result": result, "score": sum(scores) / max(len(scores), 1),
                                "model_version": "Vanilla"})
        return predictions

    def fit(self, completions, event, **kwargs):
        if event != "START_TRAINING":
            return {"model_file": None}
        if os.path.exists("datasets"):
            shutil.rmtree("datasets")
        os.makedirs("datasets/labels")
        for completion in completions:
            if is_skipped(completion):
                continue
            image = self.download(completion, "datasets/images")
            lines = []
            for region in completion["annotations"][0]["result"]:
                value = region["value"]
                place = self.classes.index(value["rectanglelabels"][0])
                numbers = [value[name] / 100 for name in ("x", "y", "width", "height")]
                lines.append(" ".join(map(str, (place, *numbers))))
            name = os.path.splitext(os.path.basename(image))[0]
            with open(f"datasets/labels/{name}.txt", "w") as file:
                file.write("\\n".join(lines))
        with open("datasets/data.yaml", "w") as file:
            file.write(f"path: datasets\\nnames: {json.dumps(self.classes)}\\n")
        self.model.train(data="datasets/data.yaml", epochs=3, workers=0)
        os.environ["MODEL_FILE"] = "runs/detect/train/weights/best.pt"
        return {"model_file": os.environ["MODEL_FILE"], "classes": self.classes}
"""

SEGMENTATION = """
import json, os
from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.utils import get_choice, get_image_local_path, get_image_size
from label_studio_ml.utils import get_single_tag_keys, is_skipped
from ultralytics import YOLO


class YoloSegmenter(LabelStudioMLBase):
    def __init__(self, weights="yolov8n-seg.pt", **kwargs):
        super().__init__(**kwargs)
        tag = get_single_tag_keys(self.parsed_label_config, "PolygonLabels", "Image")
        self.from_name, self.to_name, self.value, self.labels = tag
        self.model = YOLO(os.environ.get("SEG_MODEL_FILE", weights))

    def predict(self, tasks, **kwargs):
        assert len(tasks) == 1, "one at a time"
        path = tasks[0]["data"]["image"].replace("/data/", "./data/media/")
        assert os.path.exists(path), path
        assert open(path, "rb").read() == open(get_image_local_path(tasks[0]["data"]["image"]), "rb").read()
        width, height = get_image_size(path)
        found = self.model.predict(path)[0]
        return [{"score": found.boxes.conf[0], "result": [
            {"from_name": self.from_name, "to_name": self.to_name, "type": "polygonlabels", "value": {
                "points": [[x / width * 100, y / height * 100] for x, y in outline],
                "polygonlabels": [found.names[place]]}}
            for outline, place in zip(found.masks.xy, found.boxes.cls)]}]

    def fit(self, tasks, workdir=None, **kwargs):
        os.makedirs("set/labels")
        for number, task in enumerate(tasks):
            if not is_skipped(task):
                with open(f"set/labels/{number}.txt", "w") as file:
                    file.write(json.dumps(task["annotations"][0]["result"][0]["value"]))
        with open(os.path.join(workdir, "set.yaml"), "w") as file:
            file.write(f"path: set\\nnames: {json.dumps(self.labels)}\\n")
        self.model.train(os.path.join(workdir, "set.yaml"), 1)
        os.environ["SEG_MODEL_FILE"] = "runs/segment/train/weights/best.pt"
        return {}
"""

CURRENT = """
import os, pickle
from typing import Dict, List, Optional
import label_studio_ml.utils as utils
from label_studio_ml.model import LabelStudioMLBase
from label_studio_ml.response import ModelResponse

_model = None


class Words(LabelStudioMLBase):
    MODEL_DIR = os.getenv("MODEL_DIR", ".")
    HOST = os.getenv("LABEL_STUDIO_HOST", "http://localhost:8080")

    def setup(self):
        self.set("model_version", f"{self.__class__.__name__}-v0.0.1")

    def get_model(self):
        global _model
        if _model is None:
            path = os.path.join(self.MODEL_DIR, "model.pkl")
            _model = pickle.load(open(path, "rb")) if os.path.exists(path) else {}
        return _model

    def predict(self, tasks: List[Dict], context: Optional[Dict] = None, **kwargs) -> ModelResponse:
        from_name, to_name, value = self.label_interface.get_first_tag_occurence("Choices", "Text")
        labels = self.label_interface.get_tag(from_name).labels
        if context:
            self.set("prompt", context["result"][0]["value"]["text"][0])
        predictions = []
        for task in tasks:
            data = task["data"]
            text = self.preload_task_data(task, data.get(value) or data.get(utils.DATA_UNDEFINED_NAME))
            label = self.get_model().get(text, labels[0])
            score = self.extra_params.get("score", 0.5)
            predictions.append({"score": score, "model_version": self.get("model_version"),
                "result": [{"from_name": from_name, "to_name": to_name, "type": "choices",
                            "value": {"choices": [label], "prompt": self.get("prompt"), "host": self.HOST}}]})
        return ModelResponse(predictions=predictions, model_version=self.get("model_version"))

    def fit(self, event, data, **kwargs):
        if event not in ("ANNOTATION_CREATED", "START_TRAINING"):
            return
        assert data["annotation"]["project"] == 7
        learned = dict(self.get_model())
        for task in data["tasks"]:
            learned[task["data"]["text"]] = task["annotations"][0]["result"][0]["value"]["choices"][0]
        with open(os.path.join(self.MODEL_DIR, "model.pkl"), "wb") as file:
            pickle.dump(learned, file)
        self.set("count", str(len(learned)))
"""

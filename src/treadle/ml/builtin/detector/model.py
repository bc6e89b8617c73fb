"""Finds objects by their centres, with a small network of our own in plain PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from PIL.Image import Image

from treadle.errors import Invalid
from treadle.ml import Context, Control, Dataset, Model, Region, Run, Task, Version, rectangle
from treadle.ml.builtin.detector.album import Album, size_for
from treadle.ml.builtin.detector.boxes import Found, likeliest
from treadle.ml.builtin.detector.canvas import draw, together
from treadle.ml.builtin.detector.learning import learn
from treadle.ml.builtin.detector.network import Network, peaks
from treadle.ml.builtin.devices import device_of
from treadle.ml.builtin.drawn_boxes import box_controls, boxes_of, control_of
from treadle.ml.builtin.parameters import Parameters
from treadle.ml.builtin.reading import read_all

#: Pictures that are looked at together.
_TOGETHER = 4
_HELD_OUT, _FEWEST_TO_HOLD = 0.1, 20


class Detector(Model):
    """One network for all boxes of a label config."""

    settings = Parameters(__file__)

    def load(self, version: Version | None) -> None:
        self._network: Network | None = None
        self._classes: tuple[str, ...] = ()
        if version is None:
            return
        outcome = version.outcome
        self._classes = tuple(cast("Sequence[str]", outcome["classes"]))
        self._size_px = int(cast(int, outcome["image_size"]))
        self._on = device_of(self.device)
        network = Network(len(self._classes))
        network.load_state_dict(_read_weights(str(outcome["weights"])))
        self._network = network.to(self._on).eval()

    def predict(self, tasks: Sequence[Task], context: Context) -> Sequence[list[Region] | None]:
        if self._network is None:
            return [None for _ in tasks]
        controls = box_controls(self.labels)
        key = _key(controls)
        said: list[list[Region] | None] = []
        for at in range(0, len(tasks), _TOGETHER):
            pictures = [task.image(key) for task in tasks[at : at + _TOGETHER]]
            found = self._find(self._network, pictures)
            said += [
                self._drawn(one, picture, controls) for one, picture in zip(found, pictures, strict=True)
            ]
        return said

    def fit(self, dataset: Dataset, run: Run) -> Mapping[str, object] | None:
        settings = self.settings
        controls = box_controls(self.labels)
        if not any(boxes_of(example, controls) for example in dataset):
            raise Invalid("boxes-none", f"Nobody drew a box in the {len(dataset)} tasks: nothing to learn.")
        device = device_of(settings.word("device"), self.device)
        read = read_all(dataset, lambda example: max(example.task.image(_key(controls)).size), run)
        size_px = settings.whole("image_size") or size_for([side_px for _, side_px in read])
        readable = Dataset(dataset.config, [example for example, _ in read], dataset.seed)
        split = readable.split(_HELD_OUT if len(readable) >= _FEWEST_TO_HOLD else 0.0)
        album, held = (Album(side, controls, size_px) for side in (split.train, split.held_out))
        told = f"{len(album)} pictures to learn from, at {size_px} pixels, on {device}"
        run.log(f"{told}; {len(held)} to check by.")
        torch.manual_seed(dataset.seed)
        network = Network(len(album.classes))
        if settings.word("start") == "serving" and self._network is not None:
            _begin_with(network, album.classes, self._network, self._classes)
            run.log("It goes on from the version that serves.")
        epochs, batch = settings.whole("epochs"), settings.whole("batch")
        learnt = learn(network, album, held, run, epochs=epochs, batch=batch, device=device)
        if learnt is None:
            return None
        path = run.folder / "weights.pt"
        torch.save(learnt.network.cpu().state_dict(), path)
        return {"weights": path, "classes": list(album.classes), "image_size": size_px}

    def _find(self, network: Network, pictures: Sequence[Image]) -> list[Found]:
        settings = self.settings
        confidence, overlap = settings.number("confidence"), settings.number("nms_overlap")
        most = settings.whole("most_regions")
        # A setting of the connection and a field of the form have the same name: at a call it is the former.
        size_px = settings.whole("image_size") or self._size_px
        drawn = [draw(picture, size_px) for picture in pictures]
        canvas = torch.from_numpy(together([one.pixels for one in drawn])).to(self._on).float() / 255
        boxes, scores, classes = (one.numpy() for one in peaks(network, canvas, most * 4))
        found = []
        for place, one in enumerate(drawn):
            width, height = pictures[place].size
            bounds = np.array([width, height, width, height], np.float64)
            inside = np.clip(boxes[place] / one.scale, 0, bounds)
            all_of_it = Found(inside, scores[place].astype(np.float64), classes[place])
            is_seen = (inside[:, 2] - inside[:, 0] >= 1) & (inside[:, 3] - inside[:, 1] >= 1)
            found.append(
                likeliest(all_of_it.taken(is_seen), confidence=confidence, overlap=overlap, most=most)
            )
        return found

    def _drawn(self, found: Found, picture: Image, controls: Sequence[Control]) -> list[Region]:
        regions = []
        for box, score, place in zip(found.boxes, found.scores, found.classes, strict=True):
            label = self._classes[int(place)]
            left, top, right, bottom = box.tolist()
            regions.append(
                rectangle(
                    label,
                    left,
                    top,
                    right - left,
                    bottom - top,
                    score=float(score),
                    size=picture.size,
                    control=control_of(label, controls),
                )
            )
        return regions


def _key(controls: Sequence[Control]) -> str | None:
    """The field of the task's data that holds the picture."""
    return controls[0].value_key or None


def _read_weights(path: str) -> Mapping[str, torch.Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise Invalid(
            "version-unreadable", f"The weights of this version cannot be read ({error})."
        ) from error
    weights: Mapping[str, torch.Tensor] = found
    return weights


def _begin_with(network: Network, classes: Sequence[str], old: Network, known: Sequence[str]) -> None:
    """Take over what another network learnt; of its classes those that are still labels, by name."""
    ours, theirs = network.state_dict(), old.cpu().state_dict()
    for name, weights in theirs.items():
        if name.startswith("centres.1."):
            for place, label in enumerate(classes):
                if label in known:
                    ours[name][place] = weights[list(known).index(label)]
        else:
            ours[name] = weights
    network.load_state_dict(ours)

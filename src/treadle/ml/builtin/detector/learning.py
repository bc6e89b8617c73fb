"""How the network learns: what it is shown, what it should have said, and when it is done."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from treadle.errors import Invalid
from treadle.ml import Run
from treadle.ml.builtin.detector.album import Album, Sample
from treadle.ml.builtin.detector.boxes import Floats, Found, average_precision, likeliest
from treadle.ml.builtin.detector.canvas import together
from treadle.ml.builtin.detector.network import MULTIPLE, STRIDE, Network, Tensor, peaks

_RATE, _DECAY, _WARM_PART = 3e-3, 1e-4, 0.15
_STEPS_BY_ITSELF, _FEWEST_EPOCHS = 400, 4
_SCALES = (0.75, 0.875, 1.0, 1.0, 1.125, 1.25)
#: The average of the weights over the last steps says more than the last.
_AVERAGE = 0.98
_PERFECT, _PERFECT_EPOCHS = 0.995, 2
_LOWEST, _SHARED, _MOST = 0.05, 0.5, 100
_FEWEST_HELD = 4
_PATIENCE = 8


@dataclass
class Learnt:
    """The best network, and how well it did on pictures that it did not learn from; None: it had none."""

    network: Network
    precision: float | None


def learn(
    network: Network, album: Album, held: Album, run: Run, *, epochs: int, batch: int, device: str
) -> Learnt | None:
    """Let the network learn until nothing gets better; None where it was stopped before a first epoch's end.

    epochs: 0 takes as many as about 400 steps are. Raises Invalid("training-diverged").
    """
    steps = max(1, math.ceil(len(album) / batch))
    epochs = epochs or max(_FEWEST_EPOCHS, math.ceil(_STEPS_BY_ITSELF / steps))
    course = _Course(network.to(device), epochs * steps, device)
    best: Learnt | None = None
    precisions: list[float] = []
    shuffle = np.random.default_rng(0)
    for epoch in run.steps(epochs):
        loss = course.take(album, _batches(shuffle.permutation(len(album)), batch), shuffle, run)
        if loss is None:
            break
        run.log_metric("loss", loss, epoch)
        precision = _precision(course.average, held, device) if len(held) >= _FEWEST_HELD else None
        if precision is not None:
            run.log_metric("AP50", precision, epoch)
            precisions.append(precision)
        checked = "" if precision is None else f", AP50 {precision:.3f}"
        run.log(f"Epoch {epoch + 1} of {epochs}: loss {loss:.3f}{checked}")
        if best is None or precision is None or precision >= (best.precision or 0.0):
            best = Learnt(copy.deepcopy(course.average), precision)
        if _is_done(precisions, run, epoch, epochs):
            run.log(f"Ended after {epoch + 1} of {epochs} epochs: nothing gets better.")
            break
    return best


def _is_done(precisions: Sequence[float], run: Run, epoch: int, epochs: int) -> bool:
    last = precisions[-_PERFECT_EPOCHS:]
    if len(last) == _PERFECT_EPOCHS and min(last) >= _PERFECT:
        return True
    return epoch >= epochs // 2 and run.is_stalled("AP50", max(_PATIENCE, epochs // 5))


def _batches(order: NDArray[np.int64], size: int) -> Iterator[list[int]]:
    for at in range(0, len(order), size):
        yield order[at : at + size].tolist()


class _Course:
    """The steps of one training."""

    def __init__(self, network: Network, steps: int, device: str) -> None:
        self._network = network
        self._device = device
        self._steps = 0
        self._optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, _RATE, total_steps=steps, pct_start=_WARM_PART
        )
        #: The mean of the weights over the last steps.
        self.average: Network = copy.deepcopy(network).eval()

    def take(
        self, album: Album, batches: Iterator[list[int]], random: np.random.Generator, run: Run
    ) -> float | None:
        """One step a batch; the mean loss, None where it was asked to stop."""
        losses = []
        for places in batches:
            if run.should_stop():
                return None
            losses.append(self._step([album.sample(place) for place in places], random))
        return float(np.mean(losses))

    def _step(self, samples: Sequence[Sample], random: np.random.Generator) -> float:
        self._network.train()
        pictures, boxes = _varied(samples, random, self._device)
        centres, numbers = self._network(pictures)
        wanted = _Wanted.of(boxes, [sample.classes for sample in samples], centres)
        loss = wanted.loss(centres, numbers)
        if not torch.isfinite(loss):
            raise Invalid("training-diverged", "The training came to no finite loss. Start it from nothing.")
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 10.0)
        self._optimizer.step()
        self._schedule.step()
        self._note_average()
        return float(loss.detach())

    def _note_average(self) -> None:
        self._steps += 1
        kept = min(_AVERAGE, self._steps / (self._steps + 9))
        with torch.no_grad():
            for average, now in zip(
                self.average.state_dict().values(), self._network.state_dict().values(), strict=True
            ):
                if average.dtype.is_floating_point:
                    average.mul_(kept).add_(now, alpha=1 - kept)
                else:
                    average.copy_(now)


def _varied(
    samples: Sequence[Sample], random: np.random.Generator, device: str
) -> tuple[Tensor, list[Floats]]:
    """Pictures in 0 to 1 and their boxes: mirrored, larger or smaller, lighter or darker, by chance."""
    pictures = torch.from_numpy(together([sample.pixels for sample in samples])).to(device).float() / 255
    boxes = [sample.boxes for sample in samples]
    if random.random() < 0.5:
        pictures = pictures.flip(3)
        width = pictures.shape[3]
        boxes = [np.stack([width - b[:, 2], b[:, 1], width - b[:, 0], b[:, 3]], 1) for b in boxes]
    scale = float(random.choice(_SCALES))
    if scale != 1.0:
        height, width = (max(MULTIPLE, round(s * scale / MULTIPLE) * MULTIPLE) for s in pictures.shape[2:])
        across, down = width / pictures.shape[3], height / pictures.shape[2]
        pictures = functional.interpolate(pictures, (height, width), mode="bilinear", align_corners=False)
        boxes = [b * (across, down, across, down) for b in boxes]
    gains = torch.tensor(
        random.uniform(0.7, 1.3, (len(samples), 3, 1, 1)), dtype=torch.float32, device=device
    )
    return (pictures * gains).clamp(0, 1), boxes


@dataclass(frozen=True)
class _Wanted:
    """What the maps should have said."""

    centres: Tensor
    numbers: Tensor
    #: Where numbers are asked for.
    is_asked: Tensor

    @classmethod
    def of(cls, boxes: Sequence[Floats], classes: Sequence[NDArray[np.int64]], like: Tensor) -> _Wanted:
        """For boxes in pixels, on maps as large as ``like``."""
        count, labels, height, width = like.shape
        centres = np.zeros((count, labels, height, width), np.float32)
        numbers = np.zeros((count, 4, height, width), np.float32)
        is_asked = np.zeros((count, 1, height, width), np.float32)
        for place, (these, kinds) in enumerate(zip(boxes, classes, strict=True)):
            for box, kind in zip(these / STRIDE, kinds, strict=True):
                _mark(box, centres[place, kind], numbers[place], is_asked[place, 0])
        return cls(*(torch.from_numpy(one).to(like.device) for one in (centres, numbers, is_asked)))

    def loss(self, centres: Tensor, numbers: Tensor) -> Tensor:
        """Focal over centres, absolute over numbers. Source: Objects as Points, section 3."""
        likely = centres.sigmoid().clamp(1e-4, 1 - 1e-4)
        is_centre = self.centres.eq(1).float()
        found = is_centre * (1 - likely) ** 2 * likely.log()
        elsewhere = (1 - is_centre) * (1 - self.centres) ** 4 * likely**2 * (1 - likely).log()
        where = -(found + elsewhere).sum() / is_centre.sum().clamp(min=1)
        asked = functional.l1_loss(numbers * self.is_asked, self.numbers * self.is_asked, reduction="sum")
        return where + asked / self.is_asked.sum().clamp(min=1)


def _mark(
    box: Floats, centres: NDArray[np.float32], numbers: NDArray[np.float32], is_asked: NDArray[np.float32]
) -> None:
    """Write one box, in cells, into the maps of its picture."""
    height, width = centres.shape
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    column, row = min(max(int(across), 0), width - 1), min(max(int(down), 0), height - 1)
    wide, high = max(box[2] - box[0], 0.1), max(box[3] - box[1], 0.1)
    radius = max(1.0, min(wide, high) / 6)
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    near = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * radius**2))
    np.maximum(centres, near, out=centres)
    for y in range(max(row - 1, 0), min(row + 2, height)):
        for x in range(max(column - 1, 0), min(column + 2, width)):
            numbers[:, y, x] = (across - x, down - y, math.log(wide), math.log(high))
            is_asked[y, x] = 1


def _precision(network: Network, album: Album, device: str) -> float:
    """AP50 on an album."""
    said, truth = [], []
    for place in range(len(album)):
        sample = album.sample(place)
        pictures = torch.from_numpy(sample.pixels[None]).to(device).float() / 255
        boxes, scores, classes = (one[0].numpy() for one in peaks(network, pictures, _MOST))
        found = Found(boxes.astype(np.float64), scores, classes)
        said.append(likeliest(found, confidence=_LOWEST, overlap=_SHARED, most=_MOST))
        truth.append((sample.boxes, sample.classes))
    return average_precision(said, truth)

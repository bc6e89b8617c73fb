"""Ultralytics, as this model needs it: nets that are made, read, trained and asked, without a network.

Versions are kept as plain tensors; what ultralytics writes for itself is a pickle, and is kept beside for
people.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image

from treadle.errors import Invalid
from treadle.ml.builtin.yolo.sets import FEWEST_TO_HOLD
from treadle.ml.builtin.yolo.vision import complete_torchvision
from treadle.ml.yolo import Kind

_SUFFIXES: Mapping[Kind, str] = {
    "detect": "",
    "obb": "-obb",
    "segment": "-seg",
    "pose": "-pose",
    "classify": "-cls",
}
_SMALL_SET = 500
_PATIENCE = 15
_SHM, _SHM_BYTES = "/dev/shm", 512 * 1024**2

Net = Any


@cache
def ultralytics() -> Any:
    """The package, told to stay off the network and to keep its settings to itself."""
    os.environ.setdefault("YOLO_OFFLINE", "true")
    os.environ.setdefault("YOLO_CONFIG_DIR", os.environ.get("MODEL_DIR") or tempfile.mkdtemp(prefix="yolo-"))
    complete_torchvision()
    import ultralytics  # it reads both when it is imported

    # It tells what it trains to whatever tracker it finds installed, our MLflow among them, and its makers.
    told = ultralytics.settings
    told.update({name: False for name, value in told.items() if isinstance(value, bool)})
    return ultralytics


def file_of(model: str, kind: Kind) -> str:
    """What a model of a kind is called: "yolov8n-seg"."""
    return f"{model}{_SUFFIXES[kind]}"


def new_net(model: str, kind: Kind) -> Net:
    """A net that has learnt nothing."""
    return ultralytics().YOLO(f"{file_of(model, kind)}.yaml", task=_task(kind), verbose=False)


def read_given(path: Path, kind: Kind) -> Net:
    """The net of a file that ultralytics wrote. Raises Invalid("weights-unreadable")."""
    try:
        net = ultralytics().YOLO(str(path), task=_task(kind), verbose=False)
    except (OSError, RuntimeError, ValueError, KeyError, AttributeError, TypeError, EOFError) as error:
        raise Invalid("weights-unreadable", f"{path.name} is no file of weights ({error}).") from error
    if net.task != _task(kind):
        raise Invalid("weights-unfit", f"{path.name} is for {net.task}, and {kind} is asked for.")
    return net


def keep(net: Net, path: Path) -> None:
    """Keep the weights of a net as plain tensors."""
    torch.save({"yaml": net.model.yaml, "weights": net.model.float().state_dict()}, path)


def read_kept(path: Path, model: str, kind: Kind, classes: Sequence[str]) -> Net:
    """The net that `keep` kept. Raises Invalid("version-unreadable")."""
    net = new_net(model, kind)
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        made = type(net.model)(kept["yaml"], verbose=False)
        made.load_state_dict(kept["weights"])
    except (OSError, RuntimeError, ValueError, KeyError, EOFError) as error:
        told = f"The weights of this version cannot be read ({error})."
        raise Invalid("version-unreadable", told) from error
    made.names = dict(enumerate(classes))
    made.args, made.task = net.model.args, net.model.task
    made.pt_path = None
    net.model = made.eval()
    net.ckpt = {"model": made}  # it has learnt: a training goes on from here
    return net


def find(
    net: Net,
    pictures: Sequence[Image],
    *,
    size_px: int,
    confidence: float,
    overlap: float,
    most: int,
    device: str,
) -> list[Any]:
    """What it finds in each picture, as ultralytics tells it."""
    asked: list[Any] = net.predict(
        source=list(pictures),
        imgsz=size_px,
        conf=max(confidence, 1e-3),
        iou=overlap,
        max_det=most,
        device=device,
        batch=len(pictures),
        save=False,
        verbose=False,
    )
    return asked


def train(
    net: Net,
    data: Path,
    folder: Path,
    *,
    on_epoch: Callable[[int, Mapping[str, float]], None],
    is_stopped: Callable[[], bool],
    count: int,
    **form: Any,
) -> Net | None:
    """The best net of a training, with its class names; None where there is none yet when it is stopped.

    count: of the pictures.  form: epochs, imgsz, batch, device, seed.
    """
    net.add_callback("on_train_batch_end", lambda trainer: _note_stop(trainer, is_stopped))
    net.add_callback("on_fit_epoch_end", lambda trainer: on_epoch(trainer.epoch, _figures(trainer)))
    net.train(
        data=str(data),
        project=str(folder),
        name="run",
        exist_ok=True,
        plots=False,
        amp=not str(form["device"]).startswith("cpu"),
        pretrained=bool(net.ckpt),
        workers=_workers(),
        patience=max(_PATIENCE, form["epochs"] // 3) if count >= FEWEST_TO_HOLD else form["epochs"],
        verbose=False,
        **form,
        **(_FOR_FEW if count < _SMALL_SET else {}),
    )
    best = Path(net.trainer.best)
    return ultralytics().YOLO(str(best), verbose=False) if best.exists() else None


#: What ultralytics chooses by itself needs many pictures and long trainings: seven epochs went by before the
#: first object was found, and with these two.
_FOR_FEW: Mapping[str, Any] = {
    "optimizer": "AdamW",
    "lr0": 0.002,
    "mosaic": 0.0,
    "warmup_epochs": 1.0,
}


def best_file(net: Net) -> Path:
    """The file of a net that `train` returned, as ultralytics wrote it."""
    return Path(net.ckpt_path)


def _note_stop(trainer: Any, is_stopped: Callable[[], bool]) -> None:
    if is_stopped():
        trainer.stop = True


def _figures(trainer: Any) -> dict[str, float]:
    """The figures of an epoch by short names."""
    told = {name: float(value) for name, value in (trainer.metrics or {}).items()}
    found = {short: told[name] for name, short in _SHORT.items() if name in told}
    if trainer.tloss is not None:
        # By name, or as one tensor, as its age is.
        parts = trainer.tloss.values() if isinstance(trainer.tloss, dict) else [trainer.tloss]
        found["loss"] = sum(float(torch.as_tensor(part).sum()) for part in parts)
    return found


_SHORT = {
    "metrics/mAP50(B)": "mAP50",
    "metrics/mAP50-95(B)": "mAP50-95",
    "metrics/mAP50(M)": "mask mAP50",
    "metrics/mAP50(P)": "pose mAP50",
    "metrics/accuracy_top1": "accuracy",
}


def _workers() -> int:
    """None where shared memory is as small as in many containers: what they share would not fit."""
    try:
        found = os.statvfs(_SHM)
    except OSError:
        return 0
    is_large = found.f_bavail * found.f_frsize >= _SHM_BYTES
    return min(4, (os.cpu_count() or 1) // 2) if is_large and torch.cuda.is_available() else 0


def _task(kind: Kind) -> str:
    return "detect" if kind == "detect" else kind

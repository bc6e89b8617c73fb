"""Lets torchvision be imported where its compiled half does not fit the torch that is installed.

Its wheels are built for one kind of torch; beside another, as a build for CPUs alone, the import ends at an
operator that nobody declared. Ultralytics needs one of them, non-maximum suppression, and this writes it.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import torch

_NAMESPACE = "torchvision"
_OPERATORS = ("nms", "qnms")
_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@cache
def complete_torchvision() -> Any:
    """The operators that were written for it, to be kept; None where its own do, or it is not installed."""
    spec = importlib.util.find_spec(_NAMESPACE)
    if spec is None or spec.origin is None or _has_its_own(Path(spec.origin).parent):
        return None
    library = torch.library.Library(_NAMESPACE, "DEF")
    for name in _OPERATORS:
        library.define(_SCHEMA.format(name))
    for kind in ("CPU", "CUDA"):
        library.impl("nms", suppress, kind)
    from torchvision.ops import boxes  # it needs the operators when it is imported

    boxes._assert_has_ops = _assert_nothing  # it looks for the compiled half, not for the operator
    return library


def _assert_nothing() -> None:
    return


def _has_its_own(folder: Path) -> bool:
    for compiled in folder.glob("_C*.so"):
        try:
            torch.ops.load_library(str(compiled))
        except OSError:
            return False
        return True
    return False


def suppress(boxes: Any, scores: Any, overlap: float) -> Any:
    """The places of the boxes that stay, the likeliest first: none of them overlaps a likelier one by more.

    boxes: (n, 4) left, top, right, bottom.  overlap: intersection over union.
    """
    corners = boxes.double()
    areas = (corners[:, 2:] - corners[:, :2]).clamp(min=0).prod(1)
    waiting = torch.argsort(scores, descending=True, stable=True)
    kept = []
    while len(waiting):
        first, waiting = waiting[0], waiting[1:]
        kept.append(first)
        left_top = torch.maximum(corners[waiting, :2], corners[first, :2])
        right_bottom = torch.minimum(corners[waiting, 2:], corners[first, 2:])
        shared = (right_bottom - left_top).clamp(min=0).prod(1)
        waiting = waiting[shared <= overlap * (areas[waiting] + areas[first] - shared)]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.int64, device=boxes.device)

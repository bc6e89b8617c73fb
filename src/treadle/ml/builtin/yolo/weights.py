"""Pre-trained weights: given by the operator in a folder, or fetched once where they can be."""

from __future__ import annotations

import logging
import os
import shutil
import urllib.request
import uuid
from http.client import HTTPException
from pathlib import Path

logger = logging.getLogger("treadle.ml")

_FOLDER = "TREADLE_ML_WEIGHTS"
#: Where ultralytics publishes them.
_ADDRESS = "https://github.com/ultralytics/assets/releases/download/v8.3.0/"
_PATIENCE_S = 10.0
_OFFLINE = "TREADLE_ML_OFFLINE"

#: What could not be fetched is not asked for again by this process.
_not_there: set[str] = set()


def find_weights(name: str) -> Path | None:
    """The file of pre-trained weights of that name, such as "yolov8n-seg"; None where it is not to be had."""
    folder = Path(os.environ.get(_FOLDER) or Path.home() / ".cache" / "treadle" / "weights")
    path = folder / f"{name}.pt"
    if path.is_file():
        return path
    if os.environ.get(_OFFLINE) or name in _not_there:
        return None
    try:
        return _fetched(path)
    except (OSError, HTTPException) as error:
        _not_there.add(name)
        logger.info(
            "There are no pre-trained weights %s: not in %s, and not to be fetched (%s).",
            path.name,
            folder,
            error,
        )
        return None


def _fetched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with (
            urllib.request.urlopen(_ADDRESS + path.name, timeout=_PATIENCE_S) as answer,
            part.open("xb") as file,
        ):
            shutil.copyfileobj(answer, file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path

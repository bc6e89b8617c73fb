"""Pre-trained weights: given by the operator in a folder, or fetched once where they can be.

A file of weights is a program. What is fetched is named in the log by its SHA-256, which is noted in
``NAME.pt.sha256`` beside it; a note that is there before says what is to come, and nothing else is kept or
loaded. Their publisher tells none, so that the first one is taken as it comes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import urllib.request
import uuid
from http.client import HTTPException
from pathlib import Path

from treadle.errors import Invalid

logger = logging.getLogger("treadle.ml")

_FOLDER = "TREADLE_ML_WEIGHTS"
#: Where ultralytics publishes them.
_ADDRESS = "https://github.com/ultralytics/assets/releases/download/v8.3.0/"
_PATIENCE_S = 10.0
_OFFLINE = "TREADLE_ML_OFFLINE"
_PIECE_BYTES = 1024 * 1024

#: What could not be fetched is not asked for again by this process.
_not_there: set[str] = set()


def find_weights(name: str) -> Path | None:
    """The file of pre-trained weights of that name, such as "yolov8n-seg"; None where it is not to be had.

    Raises Invalid("weights-changed") where it is not the one that the note beside it names.
    """
    folder = Path(os.environ.get(_FOLDER) or Path.home() / ".cache" / "treadle" / "weights")
    path = folder / f"{name}.pt"
    if path.is_file():
        _check(path, path)
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
        found = _check(part, path)
        logger.info("%s was fetched from %s; its SHA-256 is %s.", path.name, _ADDRESS, found)
        _note(path).write_text(f"{found}  {path.name}\n", "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _check(file: Path, path: Path) -> str:
    """The SHA-256 of a file. Raises Invalid("weights-changed") where the note beside ``path`` has another."""
    found = _sha256(file)
    try:
        wanted = _note(path).read_text("utf-8").split()
    except FileNotFoundError:
        return found
    if wanted[:1] != [found]:
        raise Invalid(
            "weights-changed",
            f"{path.name} has the SHA-256 {found}, and {_note(path)} names another. Put the file there that "
            "you trust, or delete the note if you trust this one.",
        )
    return found


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")

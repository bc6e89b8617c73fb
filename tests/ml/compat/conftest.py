"""A folder to serve models from, with a library in place of ultralytics, and a server with their pictures."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.ml.author.studio import Studio, serve
from tests.ml.compat import models

VARIABLES = ("MODEL_FILE", "SEG_MODEL_FILE", "MODEL_DIR")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to serve from, with the library and untrained weights, and an environment that is put back."""
    (tmp_path / "site/ultralytics").mkdir(parents=True)
    (tmp_path / "site/ultralytics/__init__.py").write_text(models.ULTRALYTICS)
    (tmp_path / "site/ultralytics/utils.py").write_text(models.ULTRALYTICS_UTILS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("yolov8n.pt", "yolov8n-seg.pt"):
        (beside / name).write_text(json.dumps({"names": ["untrained"]}))
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("TREADLE_ML_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(beside)
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if name.partition(".")[0] in ("label_studio_ml", "model", "ultralytics"):
            del sys.modules[name]


@pytest.fixture
def studio(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    files = {f"/data/upload/1/{number}.png": picture() for number in range(4)}
    with serve(Studio(files, accepted={"Token k"})) as running:
        monkeypatch.setenv("LS_URL", running.url)
        monkeypatch.setenv("LS_API_TOKEN", "k")
        yield running


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 20)).save(written, "PNG")
    return written.getvalue()

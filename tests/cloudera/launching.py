"""`launch.py` as a module, and Pythons that are none but answer as they would."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
#: Tells its version, and makes a "virtual environment" that holds itself.
_PRETENDER = """#!/bin/sh
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-c "*) echo "{version} {able} $0" ;;
esac
"""


def load_launch() -> ModuleType:
    """The module, by its name: it starts nothing then."""
    spec = importlib.util.spec_from_file_location("launch", ROOT / "launch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pretend_python(folder: Path, name: str, version: str, able: str = "able") -> Path:
    """A command that says that it is a Python of ``version``."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(_PRETENDER.format(version=version, able=able))
    path.chmod(0o700)
    return path

"""What Label Studio 1.23.2 exported of the projects here, as ``python -m tests.peers --record`` kept it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.peers.exporting import Files

RECORDING = Path(__file__).parents[1] / "golden" / "label-studio-1.23.2-exports.json"
RECORDED: dict[str, dict[str, Files]] = json.loads(RECORDING.read_text("utf-8")) if RECORDING.exists() else {}

"""The document on security names files and tests that are there."""

from __future__ import annotations

import re

from tests.laws.source import ROOT

_TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_every_file_and_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`([a-z_0-9]+/[a-z_0-9/]+\.(?:py|tsx?))`", _TEXT))
    missing = [each for each in named if not any((ROOT / at / each).is_file() for at in ("", "src/treadle"))]
    assert len(named) > 40
    assert missing == []


def test_every_test_of_security_is_told_of() -> None:
    ours = {path.name for path in (ROOT / "tests" / "security").glob("test_*.py")} - {"test_document.py"}
    assert {name for name in ours if f"tests/security/{name}" not in _TEXT} <= {"test_licences.py"}

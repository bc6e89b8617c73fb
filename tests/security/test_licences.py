"""What the core is installed with is permissive, MPL or LGPL; the AGPL stands in one extra alone."""

from __future__ import annotations

import re

from scripts.audit import Package, npm_packages, python_packages
from tests.laws.source import ROOT

_ALLOWED = {"permissive", "LGPL", "MPL"}


def test_the_core_and_the_pages_hold_no_licence_that_binds_others() -> None:
    packages = [*python_packages(), *npm_packages()]
    ours = [each for each in packages if each.place in ("core", "pages")]
    assert len(ours) > 100
    assert [each for each in ours if each.kind not in _ALLOWED] == []


def test_what_is_under_the_agpl_is_asked_for_by_its_extra_alone() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    extras = dict(re.findall(r"^(\w+) = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL))
    assert [name for name, body in extras.items() if '"ultralytics>' in body] == ["yolo"]
    assert "ultralytics" not in (ROOT / "requirements" / "lock.txt").read_text("utf-8")
    assert "ultralytics" not in (ROOT / "requirements" / "runtime.txt").read_text("utf-8")


def test_of_two_licences_one_may_be_chosen_and_of_two_that_hold_the_stricter_counts() -> None:
    kinds = {
        text: Package("x", "1", text, "core").kind
        for text in (
            "MIT OR GPL-3.0",
            "MPL-2.0 AND MIT",
            "LGPL-3.0-only",
            "AGPL-3.0",
            "GPL-2.0",
            "",
            "My own",
        )
    }
    assert list(kinds.values()) == ["permissive", "MPL", "LGPL", "AGPL", "GPL", "unknown", "unknown"]

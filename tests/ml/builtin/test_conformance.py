"""Every built-in backend does what servers expect of a backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ml.builtin.cases import CASES, Case
from treadle.learning.connections.builtin import BUILTINS
from treadle.ml.checking import check_backend
from treadle.ml.trying import backend

#: Networks take minutes.
WALKED = [pytest.param(case, id=case.name, marks=[pytest.mark.long] if case.needs else []) for case in CASES]


@pytest.mark.parametrize("case", WALKED)
def test_a_built_in_backend_passes_all_checks_and_learns(case: Case, tmp_path: Path) -> None:
    if not case.is_installed:
        pytest.skip(f"what it needs stands outside the lock: {', '.join(case.needs)}")
    with backend(case.model, tmp_path / "models") as address:
        report = check_backend(address, label_config=case.config, tasks=case.tasks(), is_trained=True)
    assert report.is_passed, report.text()


def test_the_suite_walks_every_built_in_backend() -> None:
    assert {case.name for case in CASES} == {builtin.name for builtin in BUILTINS}

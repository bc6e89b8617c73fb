"""The steps of docs/tutorial.md do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.serving import ADMIN_TOKEN
from tests.working import serve_with_worker

_TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


# A training gives way to all other tests, and so takes minutes beside them.
@pytest.mark.long
def test_the_tutorial_goes_from_files_to_a_better_model(sqlite_url: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the digits and the classifier come with scikit-learn")
    steps = re.findall(r"```python\n(.+?)```", _TUTORIAL.read_text("utf-8"), re.DOTALL)
    with serve_with_worker(sqlite_url, tmp_path / "data") as server:
        names: dict[str, Any] = {}
        code = "\n".join(steps)
        code = code.replace("http://localhost:8080", server.url).replace("put yours here", ADMIN_TOKEN)
        exec(compile(code, str(_TUTORIAL), "exec"), names)
    assert (len(steps), len(names["others"])) == (6, 140)
    assert names["right"] / len(names["others"]) >= 0.8

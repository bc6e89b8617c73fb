"""``treadle ml``: begin, check, test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ml.serving.running import PROBE
from treadle.ml.checking import LABEL_CONFIG, check_backend
from treadle.ml.trying import backend


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from treadle.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_what_init_writes_runs_as_it_stands(tmp_path: Path) -> None:
    assert run("ml", "init", "my-films", cwd=tmp_path).returncode == 0
    folder = tmp_path / "my-films"
    tried = run(
        "ml", "test", "model.py", "--label-config", "config.xml", "--task", "tasks.json", "--json", cwd=folder
    )
    first = json.loads(tried.stdout.splitlines()[0])
    assert first["result"][0]["value"] == {"choices": ["Positive"]}
    checked = run("ml", "check", "model.py", "--train", cwd=folder)
    assert checked.returncode == 0, checked.stdout
    assert "all 20 checks passed" in checked.stdout
    # The test in it needs pytest, as every test does.
    compile((folder / "test_model.py").read_text(), "test_model.py", "exec")
    again = run("ml", "init", "my-films", cwd=tmp_path)
    assert (again.returncode, "not empty" in again.stderr) == (1, True)


def test_a_backend_that_does_it_wrong_is_told_what(tmp_path: Path) -> None:
    with backend(PROBE, tmp_path) as address:
        report = check_backend(f"{address}/nowhere")
        assert [finding.outcome for finding in report.findings] == ["failed"]
        assert "404" in report.text()
        other = LABEL_CONFIG.replace("sentiment", "kind").replace("Positive", "Yes")
        assert check_backend(address, label_config=other).is_passed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serve", "nothing.py"], "There is no model at nothing.py"),
        (["serve", str(PROBE), "--batch-size", "0"], "--batch-size is 0"),
        (["serve", str(PROBE), "--basic-auth", "jo"], "NAME:PASSWORD"),
        (["test", str(PROBE)], "--task FILE"),
        (["init", "../1 2"], "is no name"),
        (["check", "ftp://x"], "There is no model at ftp:"),
    ],
)
def test_a_wrong_option_is_told_in_a_line(tmp_path: Path, words: list[str], told: str) -> None:
    done = run("ml", *words, cwd=tmp_path)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_the_extra_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['uvloop'] = None; from treadle.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "ml", "serve", str(PROBE)], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, "pip install 'treadle[ml]'" in done.stderr) == (1, True)


def test_the_process_that_answers_imports_no_model_and_no_server() -> None:
    code = (
        "import sys, treadle.ml.serving.server; "
        "print({'treadle.ml.authors', 'numpy', 'PIL', 'sqlalchemy', 'starlette'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

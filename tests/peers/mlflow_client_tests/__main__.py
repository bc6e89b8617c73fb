"""Runs MLflow's own client-against-server tests against Treadle, and tells why those fail that do.

``python -m tests.peers.mlflow_client_tests --mlflow FOLDER`` takes the tests from a checkout of MLflow; none
of them is kept here. ``--plain`` runs them against MLflow alone, too, and compares.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.peers.mlflow_client_tests.reasons import REASONS, reason_of
from tests.serving import ADMIN_TOKEN, serve

#: What the issue's number is of, and beside it the tests of artifacts.
FILES = ("test_rest_tracking", "test_model_registry", "test_client_webhooks", "test_mlflow_artifacts")
_HERE = Path(__file__).parent

Outcomes = dict[str, dict[str, Any]]


def main() -> None:
    """Run, and print what passed; the status is 1 where a test fails without a reason."""
    asked = _arguments()
    kept = Path(asked.keep or tempfile.mkdtemp())
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(asked.mlflow / "tests", Path(folder) / "tests")
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        if asked.plain:
            _run(Path(folder), kept / "plain.json", asked.only)
        with serve("", Path(folder) / "treadle") as server:
            place = {"PEER_URL": server.url, "PEER_TOKEN": ADMIN_TOKEN}
            _run(Path(folder), kept / "treadle.json", asked.only, **place)
    plain = _read(kept / "plain.json") if (kept / "plain.json").exists() else {}
    sys.exit(_tell(plain, _read(kept / "treadle.json")))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.peers.mlflow_client_tests", description=__doc__)
    parser.add_argument("--mlflow", required=True, type=Path, help="a checkout of MLflow, with its tests")
    parser.add_argument("--plain", action="store_true", help="run them against MLflow alone, too")
    parser.add_argument("--keep", help="a folder for the outcomes; plain's that lie there are taken")
    parser.add_argument("--only", default="", help="those whose names fit, as pytest's -k has it")
    arguments = parser.parse_args()
    if not (arguments.mlflow / "tests" / "tracking" / f"{FILES[0]}.py").is_file():
        parser.error(f"{arguments.mlflow} holds no tests/tracking/{FILES[0]}.py: give a checkout of MLflow.")
    return arguments


def _run(folder: Path, outcomes: Path, only: str, **place: str) -> None:
    outcomes.unlink(missing_ok=True)
    home = folder / "home"
    home.mkdir(exist_ok=True)
    told = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        **place,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(_HERE),
        "PEER_OUTCOMES": str(outcomes),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }
    options = ["-p", "treadle_in_place", "-p", "no:cacheprovider", "--tb=line", "-v", "-k", only]
    files = [f"tests/tracking/{name}.py" for name in FILES]
    subprocess.run([sys.executable, "-m", "pytest", *options, *files], cwd=folder, env=told, check=False)
    if not outcomes.exists():
        raise SystemExit("pytest did not come to its end: see above.")


def _read(path: Path) -> Outcomes:
    found: Outcomes = json.loads(path.read_text("utf-8"))
    return {name.removeprefix("tests/tracking/"): outcome for name, outcome in found.items()}


def _tell(plain: Outcomes, ours: Outcomes) -> int:
    print(f"\nMLflow {version('mlflow-skinny')}")
    print(f"{'':28}{'run':>6}{'plain':>8}{'Treadle':>9}{'both':>6}")
    for file in FILES:
        inside = [name for name in ours if name.startswith(file) and ours[name]["outcome"] != "skipped"]
        passed = [{name for name in inside if _passes(outcomes, name)} for outcomes in (plain, ours)]
        both = passed[0] & passed[1]
        print(f"{file + '.py':28}{len(inside):>6}{len(passed[0]):>8}{len(passed[1]):>9}{len(both):>6}")
    silent = [name for name in ours if _passes(ours, name) and not ours[name]["asked"]]
    print(f"\n{len(silent)} of those that pass never ask the address: {_names(silent)}")
    failed = [name for name in ours if ours[name]["outcome"] == "failed"]
    lost = [name for name in failed if not plain or _passes(plain, name)]
    print(f"\n{len(failed) - len(lost)} fail with plain MLflow, too: {_names(set(failed) - set(lost))}")
    print(f"\n{len(lost)} fail with Treadle alone:\n")
    return _tell_reasons(lost, lambda name: str(ours[name]["why"]))


def _tell_reasons(lost: list[str], why: Callable[[str], str]) -> int:
    """Each reason with the tests that it is for; how many are without one, or are one's that is for none."""
    wrong = 0
    found = Counter(reason_of(name) for name in lost)
    for reason in REASONS:
        if not found[reason]:
            wrong += 1
            print("  0  explains nothing any more")
        else:
            print(f"{found[reason]:3}  {_names(name for name in lost if reason_of(name) is reason)}")
        print(f"     {reason.text}\n")
    for name in lost:
        if reason_of(name) is None:
            wrong += 1
            print(f"UNEXPLAINED {name}\n     {why(name)}\n")
    return min(wrong, 1)


def _passes(outcomes: Outcomes, name: str) -> bool:
    return outcomes.get(name, {}).get("outcome") == "passed"


def _names(tests: Any) -> str:
    """How often a function of a file is meant, without the file."""
    counted = Counter(name.rpartition("::")[2].partition("[")[0] for name in sorted(tests))
    return ", ".join(f"{name} × {number}" if number > 1 else name for name, number in counted.items())


if __name__ == "__main__":
    main()

"""Model processes that load, batch, die, hang and cannot be started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.ml.serving.running import PROBE, Running, running
from tests.waiting import wait_until
from treadle.ml.serving.options import Options
from treadle.ml.serving.pool import child_environment
from treadle.ml.trying import free_port


def test_requests_that_wait_are_predicted_together_and_further_ones_refused(tmp_path: Path) -> None:
    with running(tmp_path, "--queue", "4", "--batch-size", "3") as served:
        served.setup()
        served.predict()
        with ThreadPoolExecutor(6) as threads:
            first = threads.submit(served.predict, {"do": "wait"})
            wait_until(lambda: "waiting" in served.notes())
            waiting = [threads.submit(served.predict) for _ in range(4)]
            wait_until(lambda: "waiting_tasks 4" in _metrics(served))
            refused = served.client.post("/predict", json={"tasks": [{"id": 1, "data": {}}]})
            assert (refused.status_code, refused.json()["code"]) == (503, "queue-full")
            assert int(refused.headers["retry-after"]) >= 1
            assert served.get("/health")["state"] == "ready"
            served.open_gate()
            assert all(one.result()["results"] for one in [first, *waiting])
        assert served.notes("predict")[-2:] == ["predict 3", "predict 1"]


def test_a_process_that_dies_is_replaced_and_only_its_own_requests_are_told(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        served.setup()
        with ThreadPoolExecutor(3) as threads:
            first = threads.submit(served.predict, {"do": "wait"})
            wait_until(lambda: "waiting" in served.notes())
            dying = threads.submit(served.predict, {"do": "die"}, status=503, params={"context": {}})
            other = threads.submit(served.predict, project="2.1")
            served.open_gate()
            assert first.result()["results"]
            told = dying.result()
            assert told["code"] == "model-ended"
            assert "SIGKILL" in told["detail"]
            assert other.result()["results"]
        assert served.predict()["results"]
        assert "treadle_ml_model_restarts 1" in _metrics(served)


def test_a_model_that_hangs_is_ended(tmp_path: Path) -> None:
    with running(tmp_path, "--predict-timeout", "0.5") as served:
        told = served.predict({"do": "hang"}, status=503)
        assert "took more than" in told["detail"]
        assert served.predict()["results"]


def test_a_slow_load_keeps_neither_health_nor_other_projects_waiting(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        served.predict(project="1.1")
        served.setup(project="2.2", extra_params={"load": "slow"})
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(served.predict, project="2.2")
            wait_until(lambda: "waiting" in served.notes())
            assert served.get("/health")["status"] == "UP"
            assert served.setup(project="2.2", extra_params={"load": "slow"}) == "untrained"
            assert served.predict(project="1.1")["results"]
            assert not slow.done()
            served.open_gate()
            assert slow.result()["results"]


def test_a_version_that_cannot_be_loaded_is_told_of_and_not_tried_at_each_request(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        served.setup(extra_params={"load": "broken"})
        for _ in range(3):
            told = served.predict(status=503)
            assert (told["code"], "cheese" in told["detail"]) == ("version-not-loaded", True)
        assert len(served.notes("load")) == 1
        assert served.predict(project="2.1")["results"]


def test_a_project_that_was_pushed_out_by_eight_others_is_loaded_anew(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        for number in [*range(9), 0]:
            assert served.predict(project=f"{number}.1")["results"]
        assert len(served.notes("load")) == 10


def test_setup_never_loads_and_what_it_said_outlives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as served:
        for _ in range(3):
            served.setup(access_token="secret")
        assert served.notes("load") == []
    setup = next(tmp_path.glob("models/*/setup.json"))
    assert setup.stat().st_mode & 0o077 == 0
    with running(tmp_path) as served:
        # Warm: its model is ready before anybody asks, with the config that /setup told.
        wait_until(lambda: served.notes("load") == ["load untrained"])
        assert served.predict(label_config=None)["results"][0]["result"][0]["from_name"] == "kind"
        assert len(served.notes("load")) == 1


@pytest.mark.parametrize(
    ("source", "told"),
    [("import nothing_of_that_name", "nothing_of_that_name"), ("x = 1", "0 classes"), ("def", "SyntaxError")],
)
def test_a_file_without_a_model_ends_the_command_with_the_reason(
    tmp_path: Path, source: str, told: str
) -> None:
    (tmp_path / "model.py").write_text(source)
    done = _command("ml", "serve", "model.py", "--port", str(free_port()), cwd=tmp_path)
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]


def test_the_children_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from treadle.cli import main; main()", "ml", "serve", str(PROBE)]
    with subprocess.Popen([*command, "--port", str(free_port())], cwd=tmp_path) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        child = int(wait_until(lambda: children.read_text().split())[0])
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    wait_until(lambda: not Path(f"/proc/{child}").exists() or "\nState:\tZ" in _status(child))


def test_a_process_sees_its_device_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(PROBE, tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    seen = [child_environment(options, device) for device in ("cuda:1", "cpu", "")]
    assert [one.get("CUDA_VISIBLE_DEVICES") for one in seen] == ["1", "", None]
    assert [one.get("TREADLE_ML_DEVICE") for one in seen] == ["cuda:0", "cpu", None]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert child_environment(options, "cuda:1")["CUDA_VISIBLE_DEVICES"] == "6"


def test_devices_have_a_process_each_and_answer_alike(tmp_path: Path) -> None:
    with running(tmp_path, "--device", "cpu,cpu") as served:
        with ThreadPoolExecutor(4) as threads:
            # With settings of their own, so that they do not go together.
            asked = [threads.submit(served.predict, {"do": "wait"}, extra_params={"n": n}) for n in range(2)]
            wait_until(lambda: served.notes().count("waiting") == 2)
            served.open_gate()
            versions = {one.result()["model_version"] for one in asked}
        assert versions == {"untrained"}


def _metrics(served: Running) -> str:
    return served.client.get("/metrics", headers={"Accept": "text/plain"}).text


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "\nState:\tZ"


def _command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from treadle.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, timeout=60
    )


def test_a_long_request_lets_short_ones_in_between(tmp_path: Path) -> None:
    with running(tmp_path, "--batch-size", "2") as served:
        served.setup()
        with ThreadPoolExecutor(2) as threads:
            long = threads.submit(served.predict, {"do": "wait"}, *({"n": n} for n in range(9)))
            wait_until(lambda: "waiting" in served.notes())
            short = threads.submit(served.predict)
            wait_until(lambda: "waiting_tasks 9" in _metrics(served))
            served.open_gate()
            assert [len(short.result()["results"]), len(long.result()["results"])] == [1, 10]
        # The short one came between the parts, not after them.
        assert served.notes("predict").index("predict 1") in (1, 2)

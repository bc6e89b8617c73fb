"""What `launch.py` does, step by step; `test_first_start` does it all with real packages."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.cloudera.asking import VARIABLES
from tests.cloudera.launching import ROOT, load_launch, pretend_python
from tests.waiting import wait_until

launch: Any = load_launch()


class App(launch.App):  # type: ignore[misc]
    """An application of which nothing is installed but a file."""

    name = "app"
    made_of = "one"
    installs = 0

    def fingerprint(self) -> str:
        text: str = launch.digest_of_text(self.made_of)
        return text

    def install(self, python: str) -> None:
        assert Path(python).exists()
        type(self).installs += 1


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With one Python that fits."""
    python = pretend_python(tmp_path / "bin", "python3.12", "3.12")
    return {"PATH": os.environ["PATH"], "TREADLE_PYTHON": str(python)}


@pytest.fixture
def app(environment: dict[str, str], tmp_path: Path) -> App:
    App.installs = 0
    return App(environment, tmp_path, tmp_path / "home")


# The virtual environment


def test_it_is_made_once(app: App) -> None:
    assert app.prepare() == app.prepare()
    assert App.installs == 1


def test_one_that_was_left_half_made_is_made_anew(app: App) -> None:
    venv = app.prepare()
    (venv / ".complete").unlink()
    (venv / "half").touch()
    assert app.prepare() == venv
    assert App.installs == 2
    assert not (venv / "half").exists()


def test_one_whose_python_is_gone_is_made_anew(app: App) -> None:
    (app.prepare() / "bin" / "python").write_text("#!/no/such/python\n")
    app.prepare()
    assert App.installs == 2


def test_an_install_that_fails_leaves_nothing_that_counts(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(App, "install", lambda *_: app.call(["false"], "Installing"))
        with pytest.raises(launch.LaunchError, match="Installing failed"):
            app.prepare()
    app.prepare()
    assert App.installs == 1


def test_what_changed_gets_another_and_the_last_but_one_is_freed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for number, made_of in enumerate(("one", "two", "three")):
        monkeypatch.setattr(App, "made_of", made_of)
        made.append(app.prepare())
        os.utime(made[-1], (number, number))
    assert [venv.exists() for venv in made] == [False, True, True]


def test_another_python_gets_another_beside_what_may_still_run(app: App, tmp_path: Path) -> None:
    before = app.prepare()
    app.environment["TREADLE_PYTHON"] = str(pretend_python(tmp_path / "bin", "python3.11", "3.11"))
    assert app.prepare() != before
    assert launch.is_whole(before, {"made_of": app.fingerprint(), "python": f"{tmp_path}/bin/python3.12"})


def test_of_two_starts_at_once_one_makes_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()
    monkeypatch.setattr(launch, "say", lambda text: waits.set() if "waiting" in text else None)
    install = App.install

    def install_while_another_waits(self: App, python: str) -> None:
        install(self, python)
        assert waits.wait(20)

    monkeypatch.setattr(App, "install", install_while_another_waits)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: app.prepare(), range(2))
    assert first == second
    assert App.installs == 1


# A Python


def test_a_python_is_chosen_that_fits_and_makes_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    kernel = pretend_python(folder, "kernel", "3.9")
    monkeypatch.setattr(sys, "executable", str(kernel))
    pretend_python(folder, "python3.13", "3.13", "unable")
    path = pretend_python(folder, "python3.11", "3.11")
    assert launch.find_python({"PATH": f"{folder}:/bin"}, launch.PYTHONS) == ("3.11", str(path))


def test_where_none_fits_those_that_are_here_are_named(tmp_path: Path) -> None:
    old = pretend_python(tmp_path, "old", "3.9")
    with pytest.raises(launch.LaunchError, match=r"needs 3\.10 or .* 3\.9 at .*TREADLE_PYTHON"):
        launch.find_python({**os.environ, "TREADLE_PYTHON": str(old)}, launch.PYTHONS)


# What is installed, and from where


def treadle(root: Path, **variables: str) -> Any:
    return launch.Treadle({**os.environ, **variables}, root, root / "treadle-home")


def test_wheels_are_for_the_pythons_that_they_were_made_for(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    assert treadle(tmp_path).pythons() == launch.PYTHONS
    for name in (
        "treadle-1-py3-none-any",
        "a-1-cp310-abi3-manylinux1_x86_64",
        "b-1-cp312-cp312-linux_x86_64",
    ):
        (wheels / f"{name}.whl").touch()
    assert treadle(tmp_path).pythons() == ("3.12",)


def test_a_wheel_counts_before_a_release_and_that_before_the_source(tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def hear(root: Path, **variables: str) -> tuple[str, ...]:
        app = treadle(root, **variables)
        app._install_wheel = lambda _python, wheel, *where: asked.append((wheel, *where))
        app._install_tree = lambda _python: asked.append(("tree",))
        app.install("python")
        return asked[-1]

    address = "https://example.com/treadle-1-py3-none-any.whl"
    assert hear(tmp_path) == ("tree",)
    assert hear(tmp_path, TREADLE_WHEEL=address) == (address,)
    (tmp_path / "wheels").mkdir()
    wheel = tmp_path / "wheels" / "treadle-1-py3-none-any.whl"
    wheel.touch()
    assert hear(tmp_path, TREADLE_WHEEL=address) == (str(wheel), *launch.only_from(wheel.parent))


def test_another_wheel_by_the_same_name_is_installed(tmp_path: Path) -> None:
    wheel = tmp_path / "treadle-1-py3-none-any.whl"
    wheel.write_text("1")
    before = treadle(tmp_path, TREADLE_WHEEL=str(wheel)).fingerprint()
    assert treadle(tmp_path, TREADLE_WHEEL=str(wheel)).fingerprint() == before
    wheel.write_text("12")
    assert treadle(tmp_path, TREADLE_WHEEL=str(wheel)).fingerprint() != before


def test_of_two_wheels_none_is_chosen_by_chance(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    for version in (1, 2):
        (tmp_path / "wheels" / f"treadle-{version}-py3-none-any.whl").touch()
    with pytest.raises(launch.LaunchError, match=r"treadle-1.*, treadle-2.*: leave the one"):
        treadle(tmp_path).fingerprint()


def test_the_source_is_built_anew_when_it_changed_and_not_for_what_a_build_makes(tmp_path: Path) -> None:
    page = tmp_path / "frontend" / "page.ts"
    page.parent.mkdir()
    page.write_text("1")
    before = treadle(tmp_path).fingerprint()
    for made in (
        "frontend/node_modules/x.js",
        "src/treadle/web/static/x.js",
        "src/treadle/__pycache__/x.pyc",
    ):
        (tmp_path / made).parent.mkdir(parents=True)
        (tmp_path / made).touch()
    assert treadle(tmp_path).fingerprint() == before
    page.write_text("12")
    assert treadle(tmp_path).fingerprint() != before


def test_an_empty_folder_is_told_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(launch.LaunchError, match="neither the source of Treadle nor wheels/"):
        treadle(tmp_path).install("python")


# What is started


def test_it_listens_on_the_loopback_whatever_else_is_said(tmp_path: Path) -> None:
    app = treadle(tmp_path, **VARIABLES, TREADLE_HOST="0.0.0.0", TREADLE_PORT="1")
    launch.make_folder(app.home)
    command, _ = app.command(tmp_path / "venv")
    assert command[-4:] == ["--host", "127.0.0.1", "--port", "8100"]
    assert command[command.index("--data-dir") + 1] == str(tmp_path / "treadle-home" / "data")


def test_the_surroundings_turn_neither_python_nor_mlflow(tmp_path: Path) -> None:
    wicked = {
        "MLFLOW_TRACKING_URI": "http://elsewhere",
        "MLFLOW_REGISTRY_URI": "http://elsewhere",
        "PYTHONPATH": "/elsewhere",
        "PYTHONHOME": "/elsewhere",
        "PIP_USER": "1",
        "VIRTUAL_ENV": "/elsewhere",
    }
    kept = treadle(tmp_path, **wicked, PIP_INDEX_URL="https://mirror").variables
    assert set(kept) & set(wicked) == set()
    assert kept["PIP_INDEX_URL"] == "https://mirror"


def test_a_command_for_terminals_knows_the_data_folder(tmp_path: Path) -> None:
    app = treadle(tmp_path, **VARIABLES, TREADLE_DATA_DIR=str(tmp_path / "a folder"))
    launch.make_folder(app.home)
    app.command(Path(sys.prefix))
    asked = [str(app.home / "treadle"), "settings"]
    shown = subprocess.run(asked, capture_output=True, text=True, env={**app.environment, "PYTHONHOME": "/x"})
    assert f"TREADLE_DATA_DIR={tmp_path / 'a folder'}" in shown.stdout, shown.stderr
    assert "TREADLE_JOURNAL_MODE=DELETE" in shown.stdout


def test_what_a_step_says_is_shown_and_its_status_kept(capfd: pytest.CaptureFixture[str]) -> None:
    status = launch.run(["sh", "-c", "echo out; echo err >&2; exit 3"], dict(os.environ))
    assert (status, capfd.readouterr().out) == (3, "out\nerr\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_it_started_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import launch; "
        "launch.run(['sh', '-c', 'echo $$; exec sleep 60'], dict(os.environ))"
    )
    asked = [sys.executable, "-c", program, str(ROOT)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = int(process.stdout.readline())
        process.send_signal(number)
    wait_until(lambda: not Path("/proc", str(started)).exists())


def test_label_studio_gets_the_same_care(tmp_path: Path) -> None:
    variables = {**os.environ, **VARIABLES, "TREADLE_APP": "label-studio", "MLFLOW_TRACKING_URI": "http://x"}
    app = launch.app_of(variables, tmp_path)
    command, told = app.command(tmp_path / "venv")
    words = " ".join(command)
    assert "--internal-host 127.0.0.1 --port 8100" in words
    assert f"--data-dir {tmp_path / 'treadle-home' / 'label-studio-data'}" in words
    assert told["CSRF_TRUSTED_ORIGINS"] == "https://engine1.ml.example.com"
    assert "MLFLOW_TRACKING_URI" not in told
    app = launch.app_of({**variables, "TREADLE_PUBLIC_URL": "https://ls.ml.example.com/"}, tmp_path)
    assert app.command(tmp_path)[1]["CSRF_TRUSTED_ORIGINS"] == "https://ls.ml.example.com"


def test_an_application_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(launch.LaunchError, match="one of treadle, label-studio"):
        launch.app_of({"TREADLE_APP": "jupyter"}, tmp_path)


# In a kernel, which names no file


def run_lines(names: dict[str, Any]) -> None:
    source = (ROOT / "launch.py").read_text("utf-8")
    exec(compile(source, "<cell 1>", "exec"), names)


def test_a_kernel_hears_of_a_failure_as_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        run_lines({"__name__": "__main__"})
    monkeypatch.setattr(builtins, "get_ipython", lambda: None, raising=False)
    with pytest.raises(Exception, match=r"holds no launch\.py"):
        run_lines({"__name__": "builtins"})


def test_it_finds_its_folder_without_a_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "launch.py").touch()
    monkeypatch.chdir(tmp_path)
    assert launch.find_root({}) == tmp_path
    assert launch.find_root({"__file__": str(ROOT / "launch.py")}) == ROOT


def test_node_trusts_whom_pip_trusts() -> None:
    assert launch.certificate_of({"PIP_CERT": "/ca.pem"}) == {"NODE_EXTRA_CA_CERTS": "/ca.pem"}
    assert launch.certificate_of({"NODE_EXTRA_CA_CERTS": "/own.pem", "PIP_CERT": "/ca.pem"}) == {
        "NODE_EXTRA_CA_CERTS": "/own.pem"
    }
    assert launch.certificate_of({}) == {}

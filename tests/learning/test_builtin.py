"""Built-in backends: which fit, and a process for each that is there when somebody asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.ml.builtin.cases import BOX_CONFIG, IMAGE_CONFIG, TEXT_CONFIG
from tests.waiting import wait_until
from treadle.errors import NotFound, Unavailable, Unsupported
from treadle.learning.connections import builtin, builtin_processes
from treadle.learning.connections.builtin import BUILTINS, Address, ensure, find_builtin
from treadle.settings import Secret, Settings

NAME = "text_classifier"
ASK = (
    "import sys; from pathlib import Path; from treadle.learning.connections.builtin import ensure; "
    "from treadle.settings import Settings; "
    f"print(ensure(Settings(data_dir=Path(sys.argv[1])), '{NAME}').url, flush=True); sys.stdin.read()"
)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A data folder, whose backends end with the test."""
    yield Settings(data_dir=tmp_path / "data")
    for pid in running(tmp_path):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not running(tmp_path))


def running(folder: Path) -> list[int]:
    """The front processes of built-in backends below a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if any("builtin.running" in word for word in words) and any(str(folder) in word for word in words):
            found.append(int(path.name))
    return found


def health(address: Address, *, token: str | None = None) -> int:
    """The status of its health, 0 where nobody is there."""
    connection = HTTPConnection(urlsplit(address.url).netloc, timeout=10)
    shown = address.token.reveal() if token is None else token
    try:
        connection.request("GET", "/health", headers={"Authorization": f"Token {shown}"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def test_many_who_ask_at_once_start_one_process(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(settings.data_dir)]
    others = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    with ThreadPoolExecutor(4) as threads:
        ours = set(threads.map(lambda _: ensure(settings, NAME), range(4)))
    told = {process.stdout.readline().strip() for process in others if process.stdout}
    assert told == {address.url for address in ours}
    assert len(running(tmp_path)) == 1
    address = ours.pop()
    assert health(address) in (200, 503)
    assert health(address, token="guessed") == 401
    for process in others:
        process.communicate()


def test_one_that_was_killed_is_started_again_and_keeps_what_it_knew(
    settings: Settings, tmp_path: Path
) -> None:
    before = ensure(settings, NAME)
    kept = settings.data_dir / "backends" / NAME / "1.1" / "setup.json"
    kept.parent.mkdir()
    kept.write_text('{"key": "1.1"}')
    os.kill(running(tmp_path)[0], signal.SIGKILL)
    wait_until(lambda: not health(before))
    after = ensure(settings, NAME)
    assert after != before
    assert health(after) in (200, 503)
    assert kept.exists()


def test_it_ends_with_the_server_that_was_killed(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASK, str(settings.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        address = Address(asker.stdout.readline().strip(), Secret(""))
        assert health(address) == 401
        asker.kill()
    wait_until(lambda: not health(address) and not running(tmp_path))


def test_it_ends_when_nobody_asks_and_comes_back_for_the_next(settings: Settings, tmp_path: Path) -> None:
    before = builtin_processes.ask_for(settings, NAME, idle_s=0.3)
    wait_until(lambda: not running(tmp_path))
    assert health(ensure(settings, NAME)) in (200, 503)
    assert before not in [ensure(settings, NAME)]


def test_one_that_ends_at_its_start_says_why_and_is_left_alone_for_a_while(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(settings.data_dir / "broken"))
    broken = settings.data_dir / "broken" / "msgspec.py"
    broken.parent.mkdir(parents=True)
    broken.write_text("raise ImportError('this msgspec is broken')")
    for _ in range(6):
        with pytest.raises(Unavailable, match="this msgspec is broken") as raised:
            ensure(settings, NAME)
        assert raised.value.code == "builtin-ended"
    log = settings.data_dir / "backends" / f"{NAME}.log"
    assert log.read_text().count("this msgspec is broken\n") == 4


def test_what_the_server_was_told_is_not_told_to_it(tmp_path: Path) -> None:
    secret = {"TREADLE_DATABASE_URL": "postgresql://a:b@c/d", "PGPASSWORD": "b", "HF_TOKEN": "c"}
    needed = {"HOME": "/home/jo", "CUDA_VISIBLE_DEVICES": "1", "https_proxy": "http://proxy:3128"}
    told = builtin_processes.child_environment({**secret, **needed}, tmp_path)
    assert needed.items() <= told.items()
    assert not secret.keys() & told.keys()


def test_one_that_runs_on_another_machine_of_the_same_folder_is_not_asked_at_this_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    backends = settings.data_dir / "backends"
    backends.mkdir(parents=True)
    told = {"url": "http://127.0.0.1:1", "token": "t", "started_at": 0.0, "tries": 0, "machine": "elsewhere"}
    (backends / f"{NAME}.lock").write_text(json.dumps(told))
    monkeypatch.setattr(builtin_processes, "_has_taken", lambda descriptor: not _is_lock(descriptor))
    with pytest.raises(Unavailable, match="runs on elsewhere") as raised:
        builtin_processes.ask_for(settings, NAME)
    assert raised.value.code == "builtin-elsewhere"


def test_where_they_are_switched_off_none_is_started_and_it_is_said_what_to_do(settings: Settings) -> None:
    with pytest.raises(Unsupported, match="connect that by its address") as raised:
        ensure(replace(settings, builtin_backends=False), NAME)
    assert raised.value.code == "builtins-off"
    assert not settings.data_dir.exists()


def _is_lock(descriptor: int) -> bool:
    return os.readlink(f"/proc/self/fd/{descriptor}").endswith(".lock")


def test_it_stays_off_the_network_where_the_server_was_told_so(tmp_path: Path) -> None:
    told = builtin_processes.child_environment({"TREADLE_ML_OFFLINE": "1"}, tmp_path)
    assert told["TREADLE_ML_OFFLINE"] == "1"


def test_a_built_in_backend_fits_or_says_what_it_wants() -> None:
    fitting = {
        config: [one.name for one in BUILTINS if not one.fits(config)]
        for config in (TEXT_CONFIG, IMAGE_CONFIG, BOX_CONFIG)
    }
    assert fitting[TEXT_CONFIG] == ["text_classifier"]
    assert "image_classifier" in fitting[IMAGE_CONFIG]
    assert "text_classifier" not in fitting[BOX_CONFIG]
    text = find_builtin(NAME)
    assert "Choices or Taxonomy over Text" in text.fits(BOX_CONFIG)
    about_regions = TEXT_CONFIG.replace('name="mood"', 'name="mood" perRegion="true"')
    assert "lacks a question about a whole text" in text.fits(about_regions)


def test_what_is_not_there_says_what_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match=r"There are: .*text_classifier"):
        ensure(settings, "../x")
    monkeypatch.setattr(builtin, "find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r"pip install '(treadle|\.)\[learn\]'"):
        ensure(settings, NAME)
    assert not settings.data_dir.exists()

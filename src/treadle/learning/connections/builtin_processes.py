"""The processes of built-in backends: found, or started.

::

    DATA_DIR/backends/NAME/          versions and trainings, as any model server keeps them
    DATA_DIR/backends/NAME.lock      where it answers; locked for as long as its process is there
    DATA_DIR/backends/NAME.turn      locked while somebody looks or starts
    DATA_DIR/backends/NAME.log       what it wrote, and NAME.log.old before

Who starts one binds its socket and takes its lock first, and hands both over: a process that holds neither
never serves, and one that is killed has let go of both.
"""

from __future__ import annotations

import fcntl
import http.client
import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec

from treadle.errors import Unavailable, telling_a_full_disk
from treadle.settings import Secret, Settings
from treadle.tether import tether_for_others

logger = logging.getLogger("treadle.learning")

#: Nobody asked for so long, and nothing trains: it ends.
_IDLE_S = 900.0
_TURN_S, _START_S, _ANSWER_S = 20.0, 60.0, 5.0
_LOOK_EVERY_S = 0.05
#: Ended so often, each time so soon, it is left alone for a while.
_TRIES, _SOON_S, _PAUSE_S = 3, 20.0, 30.0
_BACKLOG = 256
_LOG_BYTES = 5 * 1024**2
_SHOWN_CHARACTERS = 300
#: What a program needs of its surroundings. All else may be a secret: of the server, of an operator's own
#: backends, of clouds.
_INHERITED = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV"),
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
    )
)
_INHERITED_KINDS = ("LC_", "CUDA_", "NVIDIA_", "OMP_", "OPENBLAS_", "MKL_", "TORCH_", "PYTORCH_", "XDG_")
_CACHE = "TREADLE_ML_CACHE"
_WEIGHTS = "TREADLE_ML_WEIGHTS"
_OFFLINE = "TREADLE_ML_OFFLINE"


@dataclass(frozen=True)
class Address:
    """Where a backend answers, and what to say there."""

    url: str
    token: Secret


class _Running(msgspec.Struct, frozen=True):
    """What a lock file says."""

    url: str
    token: str
    started_at: float
    #: How often it was started again soon after its start.
    tries: int
    #: Where it runs: a folder can be shared by machines, which each are 127.0.0.1 to themselves.
    machine: str = ""


def ask_for(settings: Settings, name: str, *, idle_s: float = _IDLE_S) -> Address:
    """Where the backend answers, once it does; it is started where it does not run.

    Raises Unavailable("builtin-ended", "builtin-busy", "data-dir-unusable", "disk-full").
    """
    place = _Folder(settings.data_dir.resolve() / "backends", name)
    end_s = time.monotonic() + _TURN_S
    while True:
        told, is_new = _found_or_started(place, settings, idle_s)
        try:
            _await_answer(place, told)
        except ConnectionRefusedError as error:
            # One that was killed this moment lets go of its socket first and of its lock last.
            if is_new or time.monotonic() > end_s:
                raise _ended(place) from error
            time.sleep(_LOOK_EVERY_S)
        else:
            return Address(told.url, Secret(told.token))


def _found_or_started(place: _Folder, settings: Settings, idle_s: float) -> tuple[_Running, bool]:
    """Where it answers, or will, and whether it was started for this."""
    try:
        with telling_a_full_disk(f"the folder of {place.name}"):
            place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _locked(place.turn, place.name):
                return _find_or_start(place, settings, idle_s)
    except OSError as error:
        text = f"{place.folder} cannot be used ({error.strerror}): let the server's user write there."
        raise Unavailable("data-dir-unusable", text) from error


@dataclass(frozen=True)
class _Folder:
    """Where the files of one backend lie."""

    folder: Path
    name: str

    @property
    def lock(self) -> Path:
        return self.folder / f"{self.name}.lock"

    @property
    def turn(self) -> Path:
        return self.folder / f"{self.name}.turn"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def models(self) -> Path:
        return self.folder / self.name


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    """One at a time, of all processes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _within(_TURN_S, lambda: _has_taken(descriptor)):
            raise Unavailable("builtin-busy", f"Somebody else has been starting {name} for long. Try again.")
        yield
    finally:
        os.close(descriptor)


def _find_or_start(place: _Folder, settings: Settings, idle_s: float) -> tuple[_Running, bool]:
    lock = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _has_taken(lock):
            told = _read(lock)
            _check_is_here(place, told)
            os.utime(lock)  # somebody is on the way: it does not leave now
            return told, False
        return _start(place, lock, settings, idle_s), True
    finally:
        os.close(lock)  # the process that was started holds it on


def _check_is_here(place: _Folder, told: _Running) -> None:
    if told.machine not in ("", socket.gethostname()):
        text = (
            f"The built-in backend {place.name} runs on {told.machine}, and can be asked from there alone. "
            "Where a web process or a worker runs on another machine, start a model server by hand "
            "(treadle ml serve) and connect it by its address."
        )
        raise Unavailable("builtin-elsewhere", text)


def _start(place: _Folder, lock: int, settings: Settings, idle_s: float) -> _Running:
    tries = _tries(place, lock)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(_BACKLOG)
        port = listening.getsockname()[1]
        token, here = secrets.token_urlsafe(32), socket.gethostname()
        told = _Running(f"http://127.0.0.1:{port}", token, time.time(), tries, here)
        content = msgspec.json.encode(told)
        os.ftruncate(lock, 0)
        os.pwrite(lock, content, 0)
        place.models.mkdir(mode=0o700, exist_ok=True)
        _spawn(place, settings, idle_s, told.token, (listening.fileno(), lock, tether_for_others()))
    logger.info("The built-in backend %s is started at %s", place.name, told.url)
    return told


def _tries(place: _Folder, lock: int) -> int:
    """Counts starts that follow each other. Raises Unavailable("builtin-ended") for one too many."""
    try:
        before = _read(lock)
    except msgspec.DecodeError:
        return 0  # it is the first
    ago_s = time.time() - before.started_at
    if before.tries >= _TRIES and ago_s < _PAUSE_S:
        raise _ended(place)
    return before.tries + 1 if ago_s < _SOON_S else 0


def _spawn(
    place: _Folder, settings: Settings, idle_s: float, token: str, descriptors: tuple[int, ...]
) -> None:
    code = "from treadle.ml.builtin.running import main; main()"
    told = [place.name, str(place.models), str(place.turn), str(idle_s), settings.log_level]
    with _open_log(place.log) as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *told, *map(str, descriptors)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=descriptors,
            cwd=place.models,
            env={**child_environment(os.environ, place.folder), "TREADLE_ML_TOKEN": token},
            start_new_session=True,
        )
    _reap(process)


def child_environment(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a built-in backend: what any program needs of it, threads for half of the
    processors, and what it fetches kept below ``folder``.
    """
    kept = {
        name: value
        for name, value in environment.items()
        if name in _INHERITED or name.startswith(_INHERITED_KINDS)
    }
    threads = str(max(1, (os.cpu_count() or 2) // 2))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        kept.setdefault(name, threads)
    kept[_CACHE] = environment.get(_CACHE, f"{folder / 'files'}:2g")
    kept[_WEIGHTS] = environment.get(_WEIGHTS, str(folder / "weights"))
    kept[_OFFLINE] = environment.get(_OFFLINE, "")
    return {**kept, "PYTHONSAFEPATH": "1"}


def _await_answer(place: _Folder, told: _Running) -> None:
    """Until it has answered. Raises ConnectionRefusedError where it ended, Unavailable("builtin-slow")."""
    if told in _answered:
        parts = urlsplit(told.url)
        socket.create_connection((str(parts.hostname), int(parts.port or 0)), _ANSWER_S).close()
        return
    if not _within(_START_S, lambda: _answers(told)):
        text = f"The built-in backend {place.name} has not answered for {_START_S:.0f} s. Try again."
        raise Unavailable("builtin-slow", text)
    _answered.add(told)


def _answers(told: _Running) -> bool:
    """Whether it does; its socket is there before it does. Raises ConnectionRefusedError where it ended."""
    connection = http.client.HTTPConnection(urlsplit(told.url).netloc, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/health", headers={"Authorization": f"Bearer {told.token}"})
        return connection.getresponse().status in (200, 503)
    except ConnectionRefusedError:
        raise
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _ended(place: _Folder) -> Unavailable:
    said = _last_words(place.log)
    text = (
        f"The built-in backend {place.name} ended at its start{f': {said}' if said else ''}. See {place.log}."
    )
    return Unavailable("builtin-ended", text, details={"retry_after_s": int(_PAUSE_S)})


def _last_words(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:_SHOWN_CHARACTERS] for line in reversed(lines) if line.strip()), "")


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.old"))
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Take note of its end, whenever that is."""
    threading.Thread(target=process.wait, name=f"builtin-{process.pid}", daemon=True).start()


def _read(lock: int) -> _Running:
    return msgspec.json.decode(os.pread(lock, 4096, 0), type=_Running)


def _has_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _within(limit_s: float, condition: Callable[[], bool]) -> bool:
    end_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() >= end_s:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


#: Those that have answered; whether they still run their locks say.
_answered: set[_Running] = set()

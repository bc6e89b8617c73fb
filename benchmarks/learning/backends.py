"""The two model servers that are measured, each as its `init` leaves it, with a model that takes no time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.alone import size_mb_of
from benchmarks.processes import cpu_ms, family, memory_mib
from benchmarks.servers import end, free_port

#: The last commit of its only branch; what is on the package index is of 2022.
COMMIT = "d02cedf"
_SOURCE = "https://github.com/HumanSignal/label-studio-ml-backend.git"
_NEEDED = (
    "Flask>2.3",
    "colorama~=0.4",
    "gunicorn==22.0.0",
    "label-studio-sdk==2.1.2",
    "requests~=2.31",
    "semver~=3.0.2",
)
_VENV = Path(__file__).resolve().parents[2] / ".bench" / "learning"
_LONGEST_START_S = 120.0
_OUR_MODEL = """
from treadle.ml import Model, choice

class Dummy(Model):
    def predict(self, tasks, context):
        label = self.labels.control().labels[0]
        return [[choice(label, score=0.987)] for _ in tasks]
"""
#: What its template has: the version is set in `setup`, which runs at each request.
_THEIR_MODEL = """
from label_studio_ml.model import LabelStudioMLBase

class Dummy(LabelStudioMLBase):
    def setup(self):
        self.set("model_version", "0.0.1")

    def predict(self, tasks, context=None, **kwargs):
        name, target, _ = self.get_first_tag_occurence("Choices", "Text")
        label = self.parsed_label_config[name]["labels"][0]
        region = {"from_name": name, "to_name": target, "type": "choices", "value": {"choices": [label]}}
        return [{"result": [region], "score": 0.987, "model_version": "0.0.1"} for _ in tasks]
"""
_WSGI = """
from label_studio_ml.api import init_app
from model import Dummy

app = init_app(model_class=Dummy)
"""


@dataclass(frozen=True)
class Backend:
    """A running model server that is ready to predict, and what that has cost."""

    url: str
    pid: int
    start_cpu_ms: float
    memory_mib: float

    def cpu_ms(self) -> float:
        """CPU time that all its processes have taken."""
        return cpu_ms(family(self.pid))


@contextmanager
def ours(folder: Path, model: str = _OUR_MODEL, *options: str) -> Iterator[Backend]:
    """``treadle ml serve``, with these options."""
    (folder / "model.py").write_text(model)
    port = free_port()
    command = [str(Path(sys.executable).with_name("treadle")), "ml", "serve", "model.py", "--port", str(port)]
    with _running([*command, *options], folder, port, "/ready") as backend:
        yield backend


@contextmanager
def theirs(folder: Path) -> Iterator[Backend]:
    """gunicorn with a worker of eight threads, as their image starts it."""
    (folder / "model.py").write_text(_THEIR_MODEL)
    (folder / "_wsgi.py").write_text(_WSGI)
    port = free_port()
    command = [str(_installed() / "gunicorn"), "--preload", "--workers", "1", "--threads", "8"]
    command += ["--timeout", "0", "--bind", f"127.0.0.1:{port}", "_wsgi:app"]
    with _running(command, folder, port, "/health") as backend:
        yield backend


def installed_mb_of_theirs() -> float:
    """What its environment takes, without pip itself."""
    whole = size_mb_of(_installed().parent)
    return whole - sum(map(size_mb_of, _VENV.glob("lib/python*/site-packages/pip")))


@contextmanager
def _running(command: list[str], folder: Path, port: int, path: str) -> Iterator[Backend]:
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "MODEL_DIR": str(folder)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    try:
        _wait_for(f"{url}{path}", process)
        pids = family(process.pid)
        yield Backend(url, process.pid, cpu_ms(pids), memory_mib(pids))
    finally:
        end(process)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < end_s and process.poll() is None:
        try:
            if httpx.get(address, trust_env=False, timeout=60).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} did not start.")


def _installed() -> Path:
    """The folder of its commands, in a virtual environment made at the first call.

    LABEL_STUDIO_ML_BACKEND may name a folder with its source, where the public one is out of reach.
    """
    done = _VENV / ".complete"
    if not done.exists():
        print("Installing label-studio-ml-backend beside, half a gigabyte …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_VENV)], check=True)
        pip = [str(_VENV / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, *_NEEDED], check=True)
        source = os.environ.get("LABEL_STUDIO_ML_BACKEND", f"git+{_SOURCE}@{COMMIT}")
        subprocess.run([*pip, "--no-deps", source], check=True)
        done.touch()
    return _VENV / "bin"

"""Two unmodified examples of label-studio-ml-backend work with Treadle, by their own server and by ours.

``python -m tests.peers.ml_examples --examples label-studio-ml-backend`` takes a checkout of it, makes an
environment for its server beside the benchmarks' (half a gigabyte, once), and says what happens.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.peers.stock import ok
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN
from treadle.ml.trying import backend, free_port, serving

_VENV = Path(__file__).resolve().parents[2] / ".bench" / "ml-examples"
_NEEDED = (
    "Flask>2.3",
    "colorama~=0.4",
    "gunicorn==23.0.0",
    "label-studio-sdk==2.1.2",
    "requests~=2.31",
    "scikit-learn",
    "semver~=3.0.2",
)
_WAIT_S = 180
_CLASSES = (
    '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">'
    '<Choice value="Positive"/><Choice value="Negative"/></Choices></View>'
)
_SPANS = (
    '<View><Labels name="label" toName="text"><Label value="ORG"/><Label value="PER"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)
_FILMS = {
    "Positive": (
        "kind and bright",
        "a lovely film",
        "kind people",
        "bright and lovely",
        "lovely",
        "so bright",
    ),
    "Negative": ("dull and long", "a badly made film", "long and dull", "dull people", "badly", "so long"),
}
_NEW = {"a kind, lovely and bright film": "Positive", "a long, dull and badly made film": "Negative"}
_WATCHES = "One of the first Apple watches to leave Apple, and what apple growers say."


def main() -> None:
    """Every example by every server; fails where something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.ml_examples", description=__doc__)
    parser.add_argument("--examples", required=True, help="a checkout of label-studio-ml-backend")
    checkout = Path(parser.parse_args().examples).resolve()
    commands = _installed(checkout)
    print(f"label-studio-ml-backend {_commit(checkout)}")
    with tempfile.TemporaryDirectory() as name, _treadle(Path(name)) as studio:
        for example, use in (
            ("sklearn_text_classifier", _classify),
            ("interactive_substring_matching", _match),
        ):
            source = checkout / "label_studio_ml" / "examples" / example
            with _their_server(commands, source, Path(name) / f"{example}-theirs", studio) as address:
                print(f"\n{example}, by its own server")
                use(studio, address)
            with _our_server(source, Path(name) / f"{example}-ours") as address:
                print(f"\n{example}, by treadle ml serve")
                use(studio, address)


@dataclass(frozen=True)
class Studio:
    """A Treadle that runs, asked as its administrator."""

    url: str
    client: httpx.Client

    def project(self, title: str, config: str, texts: Sequence[str]) -> tuple[int, dict[str, int]]:
        """A new project, and its tasks by their text."""
        made = ok(self.client.post("/api/projects/", json={"title": title, "label_config": config}))["id"]
        path, asked = f"/api/projects/{made}/import", {"return_task_ids": "true"}
        sent = [{"data": {"text": text}} for text in texts]
        ids = ok(self.client.post(path, params=asked, json=sent))["task_ids"]
        return int(made), dict(zip(texts, ids, strict=True))

    def connect(self, project: int, address: str) -> int:
        """The number of the backend, which is connected."""
        new = {"project": project, "url": address, "title": "example", "is_interactive": True}
        made = ok(self.client.post("/api/ml/", json=new))
        assert made["state"] == "CO", made
        print(f"  connect: {made['readable_state']}, {made['generation']}, version {made['model_version']}")
        return int(made["id"])

    def wait_for(self, path: str, ended: Sequence[str]) -> Any:
        """What is told at a path once its state is one of ``ended``."""
        end = time.monotonic() + _WAIT_S
        while time.monotonic() < end:
            told = ok(self.client.get(path))
            if told["state"] in ended:
                return told
            time.sleep(0.2)
        raise SystemExit(f"{path} was not done after {_WAIT_S} s.")


def _classify(studio: Studio, address: str) -> None:
    """Setup, predictions for all, a training on what was labelled, and predictions that learned from it."""
    labels = {text: label for label, texts in _FILMS.items() for text in texts}
    project, tasks = studio.project("Films", _CLASSES, [*labels, *_NEW])
    number = studio.connect(project, address)
    _prelabel(studio, project, number)
    for text, label in labels.items():
        region = {"from_name": "sentiment", "to_name": "text", "type": "choices"}
        result = [{**region, "value": {"choices": [label]}}]
        ok(studio.client.post(f"/api/tasks/{tasks[text]}/annotations/", json={"result": result}))
    _train(studio, project, number)
    said = _prelabel(studio, project, number)
    found = {text: said[tasks[text]][0]["value"]["choices"][0] for text in _NEW}
    assert found == _NEW, found
    print(f"  after it: {', '.join(found.values())}, right on both texts that nobody labelled")


def _match(studio: Studio, address: str) -> None:
    """What is alike to a span that somebody drew."""
    project, tasks = studio.project("Watches", _SPANS, [_WATCHES])
    number = studio.connect(project, address)
    start = _WATCHES.index("Apple")
    value = {"start": start, "end": start + 5, "text": "Apple", "labels": ["ORG"]}
    drawn = {"id": "a", "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    asked = {"task": tasks[_WATCHES], "context": {"result": [drawn]}}
    answer = ok(studio.client.post(f"/api/ml/{number}/interactive-annotating/", json=asked))
    spans = [(one["value"]["start"], one["value"]["labels"]) for one in answer["data"]["result"]]
    assert len(spans) == 3, answer
    assert all(labels == ["ORG"] for _, labels in spans), answer
    print(f"  interactive: {len(spans)} spans as the one that was drawn, at {[place for place, _ in spans]}")


def _prelabel(studio: Studio, project: int, number: int) -> dict[int, Any]:
    """The newest regions of each task, after every task was predicted."""
    asked = {"project": project, "backend": number, "only": "all"}
    job = ok(studio.client.post("/api/learning/prelabel/", json=asked))["job"]
    ended = studio.wait_for(f"/api/jobs/{job}/", ("done", "failed", "cancelled"))
    assert ended["state"] == "done", ended
    stored = ok(studio.client.get("/api/predictions/", params={"project": project}))
    newest = {one["task"]: one for one in sorted(stored, key=lambda one: one["id"])}
    (version,) = {one["model_version"] for one in newest.values()}
    print(f"  pre-label: {len(newest)} tasks, by {version}")
    return {task: one["result"] for task, one in newest.items()}


def _train(studio: Studio, project: int, number: int) -> None:
    asked = {"project": project, "backend": number, "spec": {"promote": "never"}, "override": "a trial"}
    training = ok(studio.client.post("/api/learning/trainings/", json=asked))["id"]
    path = f"/api/learning/trainings/{training}/"
    ended = studio.wait_for(path, ("completed", "failed", "cancelled"))
    assert ended["state"] == "completed", ended
    print(f"  train: {ended['state']}. {ended['message']}")
    version = ended["version"]
    if version is not None:
        chosen = {"backend": number, "version": version["id"]}
        ok(studio.client.post("/api/learning/versions/promote/", json=chosen))
        print(f"  promote: {version['name']}")


@contextmanager
def _treadle(folder: Path) -> Iterator[Studio]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["serve", "--port", str(port), "--data-dir", str(folder / "data")]
    command += ["--admin-email", ADMIN_EMAIL, "--admin-token", ADMIN_TOKEN]
    headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
    with (
        serving(command, {"TREADLE_ADMIN_PASSWORD": ADMIN_PASSWORD}) as process,
        httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=120) as client,
    ):
        _wait_until_up(url, process)
        yield Studio(url, client)


@contextmanager
def _their_server(commands: Path, source: Path, folder: Path, studio: Studio) -> Iterator[str]:
    """gunicorn as their image starts it, with the variables that their README names."""
    shutil.copytree(source, folder)
    port = free_port()
    command = [str(commands / "gunicorn"), "--workers", "1", "--threads", "8", "--timeout", "0"]
    command += ["--preload", "--bind", f"127.0.0.1:{port}", "_wsgi:app"]
    told = {
        "MODEL_DIR": str(folder),
        "LABEL_STUDIO_HOST": studio.url,
        "LABEL_STUDIO_URL": studio.url,
        "LABEL_STUDIO_API_KEY": ADMIN_TOKEN,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **told}, stdout=log, stderr=log)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _our_server(source: Path, folder: Path) -> Iterator[str]:
    """``treadle ml serve model.py`` and nothing else: what it needs the connection tells."""
    folder.mkdir()
    model = folder / "model.py"
    shutil.copyfile(source / "model.py", model)
    with backend(model, folder / "versions") as address:
        yield address


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end and process.poll() is None:
        if _is_up(url):
            return
        time.sleep(0.2)
    raise SystemExit(f"{url} did not start.")


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=30).is_success
    except httpx.TransportError:
        return False


def _installed(checkout: Path) -> Path:
    """The folder of the commands of their server, in an environment that is made once."""
    done = _VENV / ".complete"
    if not done.exists():
        print("Installing label-studio-ml-backend beside, half a gigabyte …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_VENV)], check=True)
        pip = [str(_VENV / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, *_NEEDED], check=True)
        subprocess.run([*pip, "--no-deps", str(checkout)], check=True)
        done.touch()
    return _VENV / "bin"


def _commit(checkout: Path) -> str:
    asked = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()

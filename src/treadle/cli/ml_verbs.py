"""What the commands of model backends do."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

import msgspec

from treadle.errors import Invalid, Unsupported
from treadle.settings import Secret

#: What the extra ``ml`` brings for a server.
_NEEDED = ("httptools", "uvloop")
_WAIT_S = 5.0


def run_verb(name: str, arguments: Namespace) -> int:
    """Do one of `VERBS`; the exit status."""
    return VERBS[name](arguments)


def _serve(arguments: Namespace) -> int:
    _check_installed("Serving a model")
    model = _model_of(arguments.model)
    from treadle.launch.listening import address_of, listen
    from treadle.ml.serving.options import Options, credentials_of, networks_of
    from treadle.ml.serving.server import serve

    basic_auth, token = credentials_of(os.environ, basic_auth=arguments.basic_auth, token=arguments.token)
    secret = arguments.webhook_secret or os.environ.get("TREADLE_ML_WEBHOOK_SECRET", "")
    options = Options(
        model=model,
        model_dir=_model_dir_of(arguments),
        media_dir=Path(arguments.media_dir) if arguments.media_dir else None,
        data_dirs=tuple(Path(folder) for folder in arguments.ml_data_dir),
        basic_auth=basic_auth,
        token=token,
        webhook_secret=Secret(secret),
        webhook_from=networks_of(arguments.webhook_from),
        prefix=arguments.prefix,
        devices=tuple(filter(None, arguments.device.split(","))),
        batch_size=_at_least(1, arguments.batch_size, "--batch-size"),
        batch_wait_s=max(0.0, arguments.batch_wait_ms / 1000),
        queue_size=_at_least(1, arguments.queue, "--queue"),
        predict_timeout_s=arguments.predict_timeout,
        trainings=_at_least(1, arguments.trainings, "--trainings"),
        keep_versions=_at_least(1, arguments.keep_versions, "--keep-versions"),
        max_body_bytes=_at_least(1, arguments.max_body_mb, "--max-body-mb") * 1024**2,
        log_level=arguments.ml_log_level,
    )
    listening = listen(arguments.ml_host, arguments.ml_port, _WAIT_S)
    print(f"{model.name} is served at {address_of(listening)}", flush=True)
    serve(options, listening)
    return 0


def _init(arguments: Namespace) -> int:
    from treadle.ml.starting import start_backend

    folder = Path(arguments.name)
    for path in start_backend(folder):
        print(path)
    print(f"\nNow: cd {folder} && treadle ml serve model.py", file=sys.stderr)
    return 0


def _check(arguments: Namespace) -> int:
    from treadle.ml.checking import LABEL_CONFIG, TASKS, Report, check_backend
    from treadle.ml.trying import backend
    from treadle.ml.visits import basic

    config = _text_of(arguments.label_config) or LABEL_CONFIG
    tasks = _tasks_of(arguments.task) if arguments.task else list(TASKS)
    authorization = basic(arguments.basic_auth) if arguments.basic_auth else ""
    if arguments.token:
        authorization = f"Bearer {arguments.token}"

    def check(address: str) -> Report:
        return check_backend(
            address,
            label_config=config,
            tasks=tasks,
            authorization=authorization,
            is_trained=arguments.train,
        )

    if arguments.subject.startswith(("http://", "https://")):
        report = check(arguments.subject)
    else:
        _check_installed("Serving a model")
        with (
            tempfile.TemporaryDirectory(prefix="treadle-ml-") as folder,
            backend(_model_of(arguments.subject), Path(folder)) as address,
        ):
            report = check(address)
    print(msgspec.json.encode(report).decode() if arguments.json else report.text())
    return 0 if report.is_passed else 1


def _test(arguments: Namespace) -> int:
    if not arguments.task:
        raise Invalid(
            "task-missing", "Say which tasks to predict: --task FILE, with one task or a list as JSON."
        )
    model, tasks = _model_of(arguments.model), _tasks_of(arguments.task)
    # What the model prints is not its answer.
    with redirect_stdout(sys.stderr):
        items = _predict(arguments, model, tasks)
    for item in items:
        print(json.dumps(item, ensure_ascii=False, indent=None if arguments.json else 2, default=str))
    return 1 if any(isinstance(item, dict) and item.get("error") for item in items) else 0


def _predict(arguments: Namespace, model: Path, tasks: list[dict[str, object]]) -> Iterable[object]:
    from treadle.ml.authors import find_author
    from treadle.ml.calling import DATA_DIR, MEDIA_DIR, ProjectCall
    from treadle.ml.versions import Versions

    if arguments.media_dir:
        os.environ[MEDIA_DIR] = str(Path(arguments.media_dir).resolve())
    if arguments.ml_data_dir:
        os.environ[DATA_DIR] = os.pathsep.join(str(Path(one).resolve()) for one in arguments.ml_data_dir)
    author = find_author(model)
    call = ProjectCall(arguments.project, _text_of(arguments.label_config))
    versions = Versions(_model_dir_of(arguments), arguments.project)
    name = versions.current() if arguments.project else ""
    author.load(call, versions.read(name) if name else None)
    return author.predict(call, tasks, None, {})


def _check_installed(what: str) -> None:
    missing = [name for name in _NEEDED if not _is_there(name)]
    if missing:
        raise Unsupported(
            "ml-extra",
            f"{what} needs {', '.join(missing)}, which are not installed: pip install 'treadle[ml]'; in a "
            "checkout: .venv/bin/pip install '.[ml]'.",
        )


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:  # somebody took it away
        return False


def _model_of(name: str) -> Path:
    path = Path(name)
    if path.is_dir() and (path / "model.py").is_file():
        return path / "model.py"
    if not path.is_file():
        text = f"There is no model at {path}. Give a Python file; `treadle ml init NAME` makes one."
        raise Invalid("model-missing", text)
    return path


def _model_dir_of(arguments: Namespace) -> Path:
    return Path(arguments.model_dir or os.environ.get("MODEL_DIR") or "treadle-ml")


def _text_of(name: str) -> str:
    if not name:
        return ""
    try:
        return Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("file", f"{name} cannot be read ({error}).") from error


def _tasks_of(name: str) -> list[dict[str, object]]:
    try:
        found = json.loads(_text_of(name))
    except ValueError as error:
        raise Invalid("task-not-json", f"{name} is no JSON ({error}).") from error
    tasks = found if isinstance(found, list) else [found]
    if not tasks or not all(isinstance(task, dict) for task in tasks):
        raise Invalid("task-not-json", f"{name} holds no tasks: give an object with a data field, or a list.")
    return [task if "data" in task else {"id": number + 1, "data": task} for number, task in enumerate(tasks)]


def _at_least(least: int, number: int, flag: str) -> int:
    if number < least:
        raise Invalid("option", f"{flag} is {number}; give {least} or more.")
    return number


VERBS: Mapping[str, Callable[[Namespace], int]] = {
    "serve": _serve,
    "init": _init,
    "check": _check,
    "test": _test,
}

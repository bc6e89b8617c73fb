"""The commands of model backends with their arguments; what they do is in `treadle.cli.ml_verbs`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from treadle.cli.command import Command
from treadle.settings import Settings

Add = Callable[[ArgumentParser], None]


def _run(name: str) -> Callable[[Settings, Namespace], int]:
    def run(_settings: Settings, arguments: Namespace) -> int:
        from treadle.cli.ml_verbs import run_verb

        return run_verb(name, arguments)

    return run


def _number(parser: ArgumentParser, flag: str, default: float, help: str) -> None:
    kind = int if isinstance(default, int) else float
    parser.add_argument(
        flag, type=kind, default=default, metavar="NUMBER", help=f"{help} (default: {default})"
    )


def _serve(parser: ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the file with the model, such as model.py")
    parser.add_argument(
        "--host", dest="ml_host", default="127.0.0.1", metavar="TEXT", help="address to listen on"
    )
    parser.add_argument(
        "-p", "--port", dest="ml_port", type=int, default=9090, metavar="NUMBER", help="port; 0: any free one"
    )
    _places(parser)
    _access(parser)
    _number(parser, "--batch-size", 16, "tasks that are predicted at once, over requests")
    _number(parser, "--batch-wait-ms", 0.0, "how long to wait for so many while the model has nothing to do")
    _number(parser, "--queue", 256, "requests that may wait; further ones are answered 503")
    _number(parser, "--predict-timeout", 600.0, "seconds that a model may take over a batch; 0: any")
    _number(parser, "--trainings", 1, "trainings at once")
    _number(parser, "--keep-versions", 20, "newest versions of each project that are kept")
    _number(parser, "--max-body-mb", 256, "largest body of a request")
    parser.add_argument(
        "--device",
        default="",
        metavar="NAMES",
        help="devices by commas, such as cuda:0,cuda:1 or cpu: a model process for each",
    )
    parser.add_argument(
        "--log-level", dest="ml_log_level", default="info", metavar="TEXT", help="such as debug"
    )


def _places(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--model-dir",
        default="",
        metavar="FOLDER",
        help="where versions are kept (default: $MODEL_DIR, else treadle-ml); replicas share it",
    )
    parser.add_argument(
        "--media-dir", default="", metavar="FOLDER", help="filled with the files of tasks, by their paths"
    )
    parser.add_argument(
        "--data-dir",
        dest="ml_data_dir",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a shared disk that files are looked for in before they are fetched; may be given again",
    )


def _access(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--basic-auth",
        default="",
        metavar="NAME:PASSWORD",
        help="let in whoever knows them (better: TREADLE_ML_BASIC_AUTH, which no process list shows)",
    )
    parser.add_argument(
        "--token", default="", metavar="TEXT", help="let in whoever sends it (better: TREADLE_ML_TOKEN)"
    )
    parser.add_argument(
        "--webhook-from",
        default="",
        metavar="ADDRESSES",
        help="who may call /webhook without credentials, as Label Studio does: 10.0.0.7,192.168.1.0/24",
    )
    parser.add_argument(
        "--webhook-secret",
        default="",
        metavar="TEXT",
        help="connected as http://HOST:PORT/TEXT, /webhook needs none (or TREADLE_ML_WEBHOOK_SECRET)",
    )
    parser.add_argument(
        "--prefix", default="", metavar="PATH", help="path that a proxy leaves before ours, such as /second"
    )


def _init(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the folder to make")


def _subject(parser: ArgumentParser) -> None:
    parser.add_argument("--label-config", default="", metavar="FILE", help="the label config of a project")
    parser.add_argument("--task", default="", metavar="FILE", help="a task, or a list of them, as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def _check(parser: ArgumentParser) -> None:
    parser.add_argument("subject", metavar="ADDRESS-OR-FILE", help="http://localhost:9090, or model.py")
    _subject(parser)
    parser.add_argument("--basic-auth", default="", metavar="NAME:PASSWORD", help="as the backend wants them")
    parser.add_argument("--token", default="", metavar="TEXT", help="as the backend wants it")
    parser.add_argument("--train", action="store_true", help="start a training, too")


def _test(parser: ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the file with the model, such as model.py")
    _subject(parser)
    _places(parser)
    parser.add_argument(
        "--project", default="", metavar="KEY", help="whose version to use (default: untrained)"
    )


#: What the words before the last are about.
ML_GROUPS = {"ml": "models that pre-label: serve, begin, check and test a backend"}

#: Commands of model backends.
ML_COMMANDS: tuple[Command, ...] = (
    Command("ml serve", "serve a model to Treadle and Label Studio", _run("serve"), (), _serve),
    Command(
        "ml init", "begin a backend: a folder with a model that runs as it stands", _run("init"), (), _init
    ),
    Command(
        "ml check", "ask a backend all that a server asks, and tell what is wrong", _run("check"), (), _check
    ),
    Command("ml test", "print what a model predicts for a task, without a server", _run("test"), (), _test),
)

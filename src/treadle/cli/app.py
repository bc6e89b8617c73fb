"""Every command with its options, in one tuple.

argparse, since it imports in 2 ms: typer builds its parameters with pydantic, 0.35 s for ``version``.
"""

from __future__ import annotations

import getpass
import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from dataclasses import fields

from treadle import __version__
from treadle.cli.admin_commands import ADMIN_COMMANDS, ADMIN_GROUPS
from treadle.cli.backup_commands import BACKUP_COMMANDS
from treadle.cli.command import Command
from treadle.cli.commands_ml import ML_COMMANDS, ML_GROUPS
from treadle.cli.doctor_commands import DOCTOR_COMMANDS
from treadle.cli.moving_commands import MOVING_COMMANDS
from treadle.cli.repo_commands import REPO_COMMANDS
from treadle.errors import TreadleError
from treadle.settings import Secret, Settings, load_settings

_MEANINGS = {setting.name: setting.metadata["meaning"] for setting in fields(Settings)}
_WHERE = ("data_dir", "database_url")


def main() -> int:
    """Run the command line; the exit status."""
    arguments = make_parser().parse_args()
    command: Command = arguments.command
    try:
        settings = load_settings(os.environ, vars(arguments))
        return command.run(settings, arguments)
    except TreadleError as error:
        print(f"treadle: {error.message}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130


def make_parser() -> ArgumentParser:
    """The parser of all commands."""
    parser = ArgumentParser(prog="treadle", description="An open, self-hosted labelling studio.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    groups = {"": commands}
    for group, about in GROUPS.items():
        above, _, word = group.rpartition(" ")
        opened = groups[above].add_parser(word, help=about, description=_as_sentence(about))
        groups[group] = opened.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        group, _, name = command.name.rpartition(" ")
        below = groups[group].add_parser(name, help=command.help, description=_as_sentence(command.help))
        below.set_defaults(command=command)
        for option in command.options:
            _add_option(below, option)
        if command.add_arguments is not None:
            command.add_arguments(below)
    return parser


def _add_option(parser: ArgumentParser, name: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    if name == "with_samples":
        parser.add_argument(flag, action="store_true", default=SUPPRESS, help=_MEANINGS[name])
    else:
        parser.add_argument(flag, default=SUPPRESS, metavar=_METAVARS.get(name, "TEXT"), help=_MEANINGS[name])


_METAVARS = {"port": "NUMBER", "data_dir": "FOLDER", "database_url": "URL"}


def _as_sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _serve(settings: Settings, _arguments: Namespace) -> int:
    from treadle.launch.serve import serve

    return serve(settings)


def _web(settings: Settings, _arguments: Namespace) -> int:
    from treadle.launch.web import serve_web

    serve_web(settings)
    return 0


def _worker(settings: Settings, _arguments: Namespace) -> int:
    from treadle.launch.worker import run_worker

    run_worker(settings)
    return 0


def _settings(settings: Settings, _arguments: Namespace) -> int:
    from treadle.cli.settings_table import print_settings

    print_settings(settings)
    return 0


def _version(_settings: Settings, _arguments: Namespace) -> int:
    print(f"treadle {__version__}")
    return 0


def _reset_password(settings: Settings, arguments: Namespace) -> int:
    from treadle.cli.reset_password import reset

    chosen = Secret(getpass.getpass("New password: ")) if arguments.ask else None
    password = reset(settings, arguments.email, chosen)
    shown = "the one you gave" if chosen else password.reveal()
    print(f"The password of {arguments.email} is now: {shown}")
    return 0


def _add_reset_password(parser: ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="whose")
    parser.add_argument("--ask", action="store_true", help="ask for the new password; else one is made")


#: What the words before the last are about.
GROUPS = {
    "user": "people",
    "repo": "repos of versioned data",
    "branch": "names that move from commit to commit",
    "tag": "names that stay at a commit",
    "commit": "commits that take files until they are finished",
    **ADMIN_GROUPS,
    **ML_GROUPS,
}

#: Every command.
COMMANDS: tuple[Command, ...] = (
    Command(
        "serve",
        "serve the labelling studio: starts and watches all of its parts",
        _serve,
        (
            "host",
            "port",
            "s3_port",
            *_WHERE,
            "admin_email",
            "admin_password",
            "admin_token",
            "with_samples",
        ),
    ),
    Command(
        "web",
        "serve as one of several web processes on one PostgreSQL",
        _web,
        ("host", "port", "s3_port", *_WHERE),
    ),
    Command("worker", "run jobs as one of several workers on one PostgreSQL", _worker, _WHERE),
    Command("settings", "list every setting: variable, value, default and meaning", _settings),
    Command(
        "user reset-password",
        "give somebody a new password and end their sessions",
        _reset_password,
        _WHERE,
        _add_reset_password,
    ),
    *BACKUP_COMMANDS,
    *MOVING_COMMANDS,
    *DOCTOR_COMMANDS,
    *REPO_COMMANDS,
    *ADMIN_COMMANDS,
    *ML_COMMANDS,
    Command("version", "print the version", _version),
)

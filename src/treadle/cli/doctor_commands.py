"""The command that finds what is wrong with an installation, with its arguments."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from treadle.cli.command import Command
from treadle.settings import Settings


def _doctor(settings: Settings, arguments: Namespace) -> int:
    from treadle.cli.doctor_verbs import examine

    return examine(settings, arguments)


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="a server as people reach it, through its proxies; without it, the data folder of this machine",
    )
    parser.add_argument("--token", metavar="TEXT", help="of an organisation admin; else TREADLE_TOKEN")
    parser.add_argument(
        "--wait", type=float, default=30.0, metavar="SECONDS", help="for an answer that comes late; else 30"
    )
    parser.add_argument("--json", action="store_true", help="print each check as JSON, one a line")


DOCTOR_COMMANDS: tuple[Command, ...] = (
    Command(
        "doctor",
        "find what is wrong with an installation, and what to change",
        _doctor,
        ("data_dir", "database_url"),
        _add_arguments,
    ),
)

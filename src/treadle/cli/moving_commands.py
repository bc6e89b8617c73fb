"""The command that brings a Label Studio here, with its arguments."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from treadle.cli.command import Command
from treadle.permissions import Role
from treadle.settings import Settings


def _import(settings: Settings, arguments: Namespace) -> int:
    from treadle.cli.moving_verbs import import_label_studio

    return import_label_studio(settings, arguments)


def _add(parser: ArgumentParser) -> None:
    roles = [role.value for role in Role]
    parser.add_argument("url", metavar="URL", help="address of the running Label Studio")
    parser.add_argument(
        "--token",
        default="",
        metavar="TOKEN",
        help="of somebody there; else in the variable LABEL_STUDIO_API_KEY",
    )
    parser.add_argument("--workspace", default="", metavar="NAME", help="where projects go; else the first")
    parser.add_argument(
        "--role", default=Role.EDITOR.value, choices=roles, help="of people without a role there (editor)"
    )
    parser.add_argument("--table", default="", metavar="FILE.csv", help="write the old and the new ids there")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


MOVING_COMMANDS: tuple[Command, ...] = (
    Command(
        "import-label-studio",
        "bring people, projects and all their work out of a running Label Studio",
        _import,
        ("data_dir", "database_url"),
        _add,
    ),
)

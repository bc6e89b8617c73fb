"""The commands of backups, with their arguments."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from treadle.cli.command import Command
from treadle.settings import Settings

_WHERE = ("data_dir", "database_url")


def _backup(settings: Settings, arguments: Namespace) -> int:
    from treadle.cli.backup_verbs import back_up

    return back_up(settings, arguments)


def _restore(settings: Settings, arguments: Namespace) -> int:
    from treadle.cli.backup_verbs import restore

    return restore(settings, arguments)


def _add_target(parser: ArgumentParser) -> None:
    parser.add_argument("target", metavar="PLACE", help="a folder that is made, or a file named ….tar")
    parser.add_argument(
        "--list-objects",
        action="store_true",
        help="list the objects and copy none: for a bucket that is kept by other means",
    )
    parser.add_argument("--json", action="store_true", help="print what is in it as JSON")


def _add_source(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="BACKUP", help="the folder or .tar file of a backup")
    parser.add_argument("--check", action="store_true", help="read all of it, and restore nothing")
    parser.add_argument("--json", action="store_true", help="print what is in it as JSON")


BACKUP_COMMANDS: tuple[Command, ...] = (
    Command("backup", "copy everything, while the server runs or not", _backup, _WHERE, _add_target),
    Command(
        "restore",
        "bring a backup back to an empty data folder or database, also of an older version",
        _restore,
        _WHERE,
        _add_source,
    ),
)

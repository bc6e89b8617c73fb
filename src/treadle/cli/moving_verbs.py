"""Bringing a Label Studio here, from a terminal on the machine of the data."""

from __future__ import annotations

import csv
import os
from argparse import Namespace
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError

from treadle.backups.unfinished import check_is_whole
from treadle.cli.printing import Printer, ProgressBar
from treadle.db import Database, migrate
from treadle.errors import Conflict, Unavailable, telling_a_full_disk
from treadle.moving.bringing import Place, Report, bring_all, list_pairs
from treadle.moving.peer import Peer
from treadle.objects import open_store
from treadle.permissions import Role
from treadle.settings import Secret, Settings


def import_label_studio(settings: Settings, arguments: Namespace) -> int:
    """Bring all of it, while a server runs here or not; 1 where a project could not be brought."""
    os.umask(0o077)
    printer = Printer(arguments.json)
    peer = Peer(arguments.url, Secret(arguments.token or os.environ.get("LABEL_STUDIO_API_KEY", "")))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    check_is_whole(settings.data_dir)
    database = Database.open(settings.url, journal_mode="WAL" if settings.has_wal else "DELETE")
    bar = ProgressBar("Importing")
    try:
        with telling_a_full_disk("the rest of the import"):
            report = _bring(settings, arguments, database, peer, bar=bar)
        bar.end()
        if arguments.table:
            _write_table(Path(arguments.table), database, report.source)
    except IntegrityError as error:
        text = "Somebody wrote the same at the same moment, such as another import. Run it again: it goes on."
        raise Conflict("overtaken", text) from error
    except DBAPIError as error:
        text = f"The database does not answer ({error.orig}). Run it again: it goes on."
        raise Unavailable("database-unusable", text) from error
    finally:
        database.close()
    printer.tell(_describe(report), report.as_json())
    return 1 if report.failed else 0


def _bring(
    settings: Settings, arguments: Namespace, database: Database, peer: Peer, *, bar: ProgressBar
) -> Report:
    migrate(database)
    role = Role(arguments.role)
    place = Place(database, open_store(settings), settings.data_dir, arguments.workspace, role)
    try:
        return bring_all(place, peer, lambda what, done, total: bar.show(done, total, what))
    except FileNotFoundError as error:
        text = (
            f"{error.filename} was cleared away by a server that started meanwhile. Run it again: it goes on."
        )
        raise Conflict("overtaken", text) from error


def _write_table(path: Path, database: Database, source: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("kind", "label_studio_id", "treadle_id"))
        table.writerows(list_pairs(database, source))


def _describe(report: Report) -> str:
    lines = [
        f"From Label Studio {report.version} at {report.source}:",
        f"  brought        {_list(report.counts.came)}",
        f"  there already  {_list(report.counts.there)}",
        f"  not brought    {_list(report.counts.left)}",
        f"  ids            {_describe_ids(report)}",
    ]
    lines += [f"  FAILED         project {title}: {why}" for title, why in report.failed.items()]
    return "\n".join(lines)


def _describe_ids(report: Report) -> str:
    if not report.keeps_ids:
        return "new ones: --table FILE.csv lists both"
    if not report.renumbered:
        return "as they were"
    counts = {f"{kind}{'' if count == 1 else 's'}": count for kind, count in report.renumbered.items()}
    return f"as they were, but of {_list(counts)}, whose were taken here: --table FILE.csv lists both"


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "nothing"

"""What the parts open, and what to say when they cannot."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from treadle.db import Database, migrate
from treadle.errors import TreadleError, Unavailable, Unsupported
from treadle.late import late
from treadle.launch.lock import unusable
from treadle.launch.refusals import refuse
from treadle.objects import open_store
from treadle.settings import Settings

if TYPE_CHECKING:
    from treadle.jobs import JobParts

logger = logging.getLogger(__name__)

# For workers; the web process opens other parts.
hold_job_parts = late("treadle.jobs:JobParts")
read_outside = late("treadle.connectors.referencing:OutsideReader")


def open_job_parts(settings: Settings) -> JobParts:
    """The database, brought to the newest schema, and the objects, for a worker."""
    database = Database.open(settings.url, journal_mode="WAL" if settings.has_wal else "DELETE")
    migrate(database)
    parts: JobParts = hold_job_parts(database, open_store(settings), settings)
    parts.repos.read_reference = read_outside(database, settings)
    return parts


def keep_temporary_files_in(data_dir: Path) -> None:
    """Let what this process writes for a moment lie beside the data: /tmp is memory on many a host."""
    folder = data_dir / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(folder.resolve())


def check_is_shared(settings: Settings) -> None:
    """Raises Unsupported("not-shared") unless several processes on several machines can share the data."""
    if not settings.database_url.startswith("postgresql"):
        text = (
            "A web or worker process by itself needs PostgreSQL: give --database-url. "
            "With SQLite, treadle serve starts both."
        )
        raise Unsupported("not-shared", text)


def warn_of_builtins(settings: Settings) -> None:
    """Say what does not go together: processes on several machines, and models that each starts."""
    if settings.builtin_backends:
        logger.warning(
            "A web or worker process by itself starts built-in models on its own machine, where others "
            "do not find them. Unless all run on one machine with one data folder, set "
            "TREADLE_BUILTIN_BACKENDS=off for each, and connect model servers by their address."
        )


@contextmanager
def refusing(settings: Settings) -> Iterator[None]:
    """End this process with a sentence and the status of a refusal when its parts cannot be opened."""
    try:
        yield
    except TreadleError as error:
        refuse(error)
    except DBAPIError as error:
        refuse(_no_database(settings, error))
    except OSError as error:
        refuse(unusable(settings.data_dir, error))


def _no_database(settings: Settings, error: DBAPIError) -> Unavailable:
    reason = str(error.orig).strip().splitlines()[0]
    if settings.database_url:
        text = f"The database does not answer ({reason}). Check --database-url, and that it is running."
    else:
        text = (
            f"The database in {settings.data_dir} cannot be used ({reason}). "
            "Make room and check that you may write there, or give --data-dir another folder."
        )
    return Unavailable("database-unusable", text)

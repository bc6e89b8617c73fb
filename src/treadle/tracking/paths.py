"""Where the tracking process keeps what it keeps: its tables, its artifacts, its socket."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from sqlalchemy.engine import make_url

from treadle.local_socket import socket_address
from treadle.settings import Settings

#: MLflow's tables in PostgreSQL, beside Treadle's own.
SCHEMA = "mlflow"
#: MLflow's tables on SQLite, in the data folder.
FILE_NAME = "mlflow.db"
_ARTIFACTS = "tracking"
_SOCKETS = "tmp"
_SOCKET_PATIENCE_S = 0.2


def tracking_database_url(settings: Settings) -> str:
    """The address of MLflow's tables, as SQLAlchemy takes it; on PostgreSQL with the password in it."""
    if not settings.database_url.startswith("postgresql"):
        return f"sqlite:///{tracking_file(settings)}"
    url = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    given = url.query.get("options", ())
    options = " ".join([*([given] if isinstance(given, str) else given), f"-csearch_path={SCHEMA}"])
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def tracking_file(settings: Settings) -> Path:
    """The file of MLflow's tables on SQLite; it is not there before somebody has tracked."""
    return settings.data_dir.resolve() / FILE_NAME


def artifact_key(place: str) -> str:
    """The key in `objects/` of an artifact at MLflow's ``workspaces/ws-17/…``."""
    return f"{_ARTIFACTS}/{place}"


def new_socket_path(data_dir: Path) -> Path:
    """A place for the socket of a child of this process; a folder for passing things, made where missing."""
    folder = data_dir.resolve() / _SOCKETS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"tracking-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.sock"


def clear_sockets(data_dir: Path) -> None:
    """Remove the sockets that killed servers of this machine left behind."""
    for path in (data_dir.resolve() / _SOCKETS).glob(f"tracking-{socket.gethostname()}-*.sock"):
        if not _is_listened_on(path):
            path.unlink(missing_ok=True)


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking, socket_address(path) as place:
        asking.settimeout(_SOCKET_PATIENCE_S)
        try:
            asking.connect(place)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # it has more visitors than it can answer
            return True
    return True

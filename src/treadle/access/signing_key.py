"""The installation's own key, made at the first start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from treadle.settings import Secret

FILE_NAME = "secret.key"


def load_signing_key(data_dir: Path) -> Secret:
    """The key that signs access tokens: 64 hexadecimal characters in a file of mode 0600.

    Made when it is not there; of several processes that start at once, all get the same.
    """
    path = data_dir / FILE_NAME
    if not path.exists():
        _make(path)
    return Secret(path.read_text("ascii").strip())


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)  # whole or not at all, and never over another's
    except FileExistsError:
        pass
    finally:
        made.unlink()

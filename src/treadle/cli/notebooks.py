"""What MLflow's client in a notebook needs: the file where it looks for who one is."""

from __future__ import annotations

import configparser
import os
import stat
from collections.abc import Callable
from pathlib import Path

from treadle.errors import Invalid

_SECTION = "mlflow"
_NAME, _PASSWORD = "mlflow_tracking_username", "mlflow_tracking_password"


def notebook_path() -> Path:
    """The file of credentials that MLflow's client reads, whichever server it speaks to."""
    return Path(os.environ.get("HOME") or Path.home(), ".mlflow", "credentials")


def keep_for_notebooks(email: str, token: str, may_replace: Callable[[str], bool]) -> bool:
    """Keep name and token for notebooks, for their owner alone; whether that was done.

    may_replace: asked with the name that another credential there is of.
    Raises Invalid("credentials-broken").
    """
    path = notebook_path()
    kept = _read(path)
    found = dict(kept.items(_SECTION)) if kept.has_section(_SECTION) else {}
    if found.get(_NAME) == email and found.get(_PASSWORD) == token:
        return True
    if found.get(_PASSWORD) and not may_replace(found.get(_NAME, "nobody")):
        return False
    kept[_SECTION] = {**found, _NAME: email, _PASSWORD: token}
    _write(path, kept)
    return True


def _read(path: Path) -> configparser.RawConfigParser:
    # Raw: a percent sign in somebody else's password is one.
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text("utf-8"))
    except FileNotFoundError:
        return parser
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        text = f"{path} cannot be read ({error}). Repair it, or remove it and sign in again."
        raise Invalid("credentials-broken", text) from error
    return parser


def _write(path: Path, kept: configparser.RawConfigParser) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        kept.write(file)
    partial.replace(path)

"""A first administrator for somebody who only wants to look."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from treadle.launch.lock import unusable
from treadle.settings import Secret, Settings

_EMAIL = "admin@example.com"


@dataclass(frozen=True)
class FirstSignIn:
    """An e-mail and a password that were made up here."""

    email: str
    password: Secret


def make_first_sign_in(settings: Settings) -> FirstSignIn | None:
    """The sign-in made up for this data folder at its first start with samples; None where there is none.

    It is kept in a file of mode 0600 in the folder, so that each start can show it.
    """
    path = settings.first_sign_in_path
    try:
        if path.exists():
            return _read(path)
        is_first_start = not settings.database_url and not (settings.data_dir / "treadle.sqlite3").exists()
        if settings.admin_email or not settings.with_samples or not is_first_start:
            return None
        return _make(path)
    except OSError as error:
        raise unusable(settings.data_dir, error) from error


def with_first_sign_in(settings: Settings, sign_in: FirstSignIn | None) -> Settings:
    """The settings, with the made-up administrator where they name none."""
    if sign_in is None or settings.admin_email:
        return settings
    return replace(settings, admin_email=sign_in.email, admin_password=sign_in.password)


def _make(path: Path) -> FirstSignIn:
    sign_in = FirstSignIn(_EMAIL, Secret(secrets.token_urlsafe(9)))
    content = json.dumps({"email": sign_in.email, "password": sign_in.password.reveal()})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    return sign_in


def _read(path: Path) -> FirstSignIn:
    content = json.loads(path.read_text("utf-8"))
    return FirstSignIn(content["email"], Secret(content["password"]))

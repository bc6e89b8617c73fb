"""A new password for somebody who forgot theirs."""

from __future__ import annotations

import secrets

from sqlalchemy.exc import DBAPIError

from treadle.access.first_administrator import forget_made_up_password
from treadle.access.passwords import check_password_rules, hash_password
from treadle.access.users import find_user, set_password
from treadle.db import Database, migrate
from treadle.errors import NotFound, Unavailable
from treadle.settings import Secret, Settings


def reset(settings: Settings, email: str, chosen: Secret | None) -> Secret:
    """Give ``email`` the ``chosen`` password, or one made here, and end their sessions; the password.

    Raises NotFound("user-not-found", "database-not-found"), Invalid for a password that breaks the
    rules, Unavailable("database-unusable").
    """
    password = chosen or Secret(secrets.token_urlsafe(12))
    check_password_rules(password.reveal())
    database = _open(settings)
    try:
        migrate(database)
        _set(database, email.strip().lower(), hash_password(password.reveal()))
    except DBAPIError as error:
        raise Unavailable("database-unusable", f"The database does not answer: {error.orig}.") from error
    finally:
        database.close()
    forget_made_up_password(settings, email.strip().lower())
    return password


def _open(settings: Settings) -> Database:
    if not settings.database_url and not (settings.data_dir / "treadle.sqlite3").exists():
        text = f"There is no Treadle in {settings.data_dir}. Give --data-dir the folder of your server."
        raise NotFound("database-not-found", text)
    return Database.open(settings.url, journal_mode="WAL" if settings.has_wal else "DELETE")


def _set(database: Database, email: str, password_hash: str) -> None:
    with database.write() as tx:
        user = find_user(tx, email)
        if user is None or user.is_service:
            raise NotFound("user-not-found", f"Nobody here has the e-mail {email}.")
        set_password(tx, user.id, password_hash, by=None)

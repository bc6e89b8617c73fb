"""The first administrator, as the settings name them."""

from __future__ import annotations

import logging

import msgspec

from treadle.access.grants import Actor
from treadle.access.passwords import check_password_rules, hash_password
from treadle.access.tokens import is_known_token, set_legacy_token
from treadle.access.users import NewUser, User, add_user, claim_installation, find_user, make_admin
from treadle.access.workspaces import add_first_workspace
from treadle.db import Database, Tx
from treadle.errors import Invalid
from treadle.settings import Settings

_LOG = logging.getLogger(__name__)


def ensure_first_administrator(database: Database, settings: Settings) -> None:
    """Make the administrator of the settings, once; at later starts nothing that they changed is undone.

    A password is theirs to change after the first start. The token works at once; a token that
    they reset stays reset until the setting names another. Raises Invalid("setting").
    """
    if not settings.admin_email:
        _check_nothing_else(settings)
        return
    with database.read() as tx:
        known = find_user(tx, settings.admin_email)
    password_hash = None if known else _hash(settings)
    with database.write() as tx:
        user = find_user(tx, settings.admin_email) or _add(tx, settings, password_hash)
        if not user.is_admin:
            make_admin(tx, user.id)
        _ensure_token(tx, user, settings.admin_token.reveal())


def forget_made_up_password(settings: Settings, email: str) -> None:
    """Do not show at the next start what is not the password of ``email`` any more."""
    try:
        kept = msgspec.json.decode(settings.first_sign_in_path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return
    if kept.get("email") == email:
        settings.first_sign_in_path.unlink(missing_ok=True)


def _add(tx: Tx, settings: Settings, password_hash: str | None) -> User:
    claim_installation(tx, settings.admin_email)
    user = add_user(tx, NewUser(settings.admin_email, password_hash), is_admin=True)
    add_first_workspace(tx, user.id)
    _LOG.info("The first administrator %s was made.", user.email)
    return user


def _ensure_token(tx: Tx, user: User, text: str) -> None:
    if text and not is_known_token(tx, text):
        set_legacy_token(tx, Actor(user.id, user.email, True), text)


def _hash(settings: Settings) -> str | None:
    password = settings.admin_password.reveal()
    if not password:
        return None
    check_password_rules(password)
    return hash_password(password)


def _check_nothing_else(settings: Settings) -> None:
    if settings.admin_password or settings.admin_token:
        raise Invalid(
            "setting",
            "TREADLE_ADMIN_PASSWORD or TREADLE_ADMIN_TOKEN is set without TREADLE_ADMIN_EMAIL. "
            "Give the e-mail too.",
        )

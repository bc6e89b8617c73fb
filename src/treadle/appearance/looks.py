"""The look as it is set: by an administrator's page, else by the settings, else Treadle's own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from sqlalchemy import bindparam, delete, insert, select

from treadle.access.audit import write_audit
from treadle.access.grants import Grant
from treadle.appearance.colours import shades_of
from treadle.appearance.logos import MOST_UPLOADED_BYTES, Logo
from treadle.db import Tx
from treadle.db.schema import installation
from treadle.errors import Invalid
from treadle.late import late
from treadle.settings import Settings, variable

#: It takes a library of pictures.
read_logo = late("treadle.appearance.logo_reading:read_logo")

#: Of the pages; the front end lists the same.
LANGUAGES = ("en", "ko", "th", "zh", "ja")

_PREFIX = "appearance_"
_LOGO_CONTENT = f"{_PREFIX}logo_content"
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Look:
    """What is set, each "" where it is not: a name, accents "#rrggbb", a logo by its name, a language."""

    name: str = ""
    accent_light: str = ""
    accent_dark: str = ""
    logo: str = ""
    language: str = ""

    def over(self, other: Look) -> Look:
        """This look, and where it says nothing the other."""
        return Look(
            **{each.name: getattr(self, each.name) or getattr(other, each.name) for each in fields(Look)}
        )


_KEYS = {f"{_PREFIX}{each.name}": each.name for each in fields(Look)}
_READ = select(installation.c.key, installation.c.value).where(installation.c.key.in_(sorted(_KEYS)))
_READ_CONTENT = select(installation.c.value).where(installation.c.key == _LOGO_CONTENT)
_DELETE = delete(installation).where(installation.c.key == bindparam("name"))
_INSERT = insert(installation)


def read_look(tx: Tx) -> Look:
    """What an administrator set on the page."""
    return Look(**{_KEYS[row.key]: row.value for row in tx.execute(_READ)})


def settings_look(settings: Settings) -> tuple[Look, Logo | None]:
    """What the settings say, and the logo of the file that they name.

    Raises Invalid("setting") naming the variable: a start refuses what is set wrongly.
    """
    try:
        logo = _logo_in(settings.logo) if settings.logo else None
        wanted = _checked(
            Look(
                settings.product_name,
                settings.accent_light,
                settings.accent_dark,
                logo.name if logo else "",
                settings.language,
            )
        )
    except Invalid as error:
        named = next(iter(error.fields), "logo")
        setting = "product_name" if named == "name" else named
        raise Invalid("setting", f"{variable(setting)}: {error.message}") from error
    return wanted, logo


def set_look(tx: Tx, grant: Grant, changes: Mapping[str, str]) -> Look:
    """Set what ``changes`` names, by the names of `Look`; "" takes it back to the settings. Not the logo.

    Raises Invalid("name-invalid", "colour-malformed", "colour-weak", "language-unknown").
    """
    wanted = _checked(Look(**{name: value for name, value in changes.items() if name != "logo"}))
    for name in changes:
        if name != "logo":
            _put(tx, f"{_PREFIX}{name}", getattr(wanted, name))
    write_audit(tx, "appearance.changed", actor_id=grant.actor.user_id, detail={"set": sorted(changes)})
    return read_look(tx)


def set_logo(tx: Tx, grant: Grant, logo: Logo | None) -> Look:
    """Show this logo; None: that of the settings, or Treadle's mark."""
    _put(tx, f"{_PREFIX}logo", logo.name if logo else "")
    _put(tx, _LOGO_CONTENT, base64.b64encode(logo.content).decode() if logo else "")
    write_audit(tx, "appearance.changed", actor_id=grant.actor.user_id, detail={"set": ["logo"]})
    return read_look(tx)


def read_logo_bytes(tx: Tx) -> bytes:
    """The logo that was set on the page; b"" for none."""
    value = tx.execute(_READ_CONTENT).scalar_one_or_none()
    try:
        return base64.b64decode(value or "")
    except binascii.Error:  # somebody wrote into the database by hand
        return b""


def _put(tx: Tx, key: str, value: str) -> None:
    tx.execute(_DELETE, {"name": key})
    if value:
        tx.execute(_INSERT, {"key": key, "value": value})


def _checked(look: Look) -> Look:
    name = " ".join(look.name.split())
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise _refused("name-invalid", "name", f"Give a name of at most {_LONGEST_NAME} letters.")
    language = look.language.strip().lower()
    if language and language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise _refused(
            "language-unknown", "language", f"{look.language[:20]!r} is none of the languages: {known}."
        )
    light = shades_of(look.accent_light, "light", "accent_light").accent if look.accent_light else ""
    dark = shades_of(look.accent_dark, "dark", "accent_dark").accent if look.accent_dark else ""
    return Look(name, light, dark, look.logo, language)


def _logo_in(path: str) -> Logo:
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(MOST_UPLOADED_BYTES + 1)
    except OSError as error:
        raise _refused("logo-broken", "logo", f"the file {path} cannot be read: {error.strerror}.") from error
    logo: Logo = read_logo(content)
    return logo


def _refused(code: str, field: str, text: str) -> Invalid:
    return Invalid(code, text, fields={field: [text]})
